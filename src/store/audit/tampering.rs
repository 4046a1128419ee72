//! A log that was changed behind the server's back: what is found, and what is not signed and not pruned.

use callboard_orchestra::Tenant;
use sea_orm::ConnectionTrait;

use super::tests::{LATER, assert_whole, entry, open, spec, verdict};
use crate::{
    audit::{Body, Fault, Verdict},
    store::{Store, StoreSpec, verify_audit},
};

/// Changes the database behind the server's back.
async fn tampered(sql: &[&str]) -> (StoreSpec, tempfile::TempDir, Verdict) {
    let dir = tempfile::tempdir().unwrap();
    let spec = spec(dir.path(), None);
    let store = open(&spec).await;
    let log = store.audit();
    for at in 1..=9 {
        log.record(&[entry("mine", at)]).await.unwrap();
        if at == 6 {
            log.sign(LATER).await.unwrap();
        }
    }
    let connection = store.backend.aside(false).await.unwrap();
    drop(log);
    store.close().await.unwrap();
    for sql in sql {
        let changed = connection.execute_unprepared(sql).await.unwrap();
        assert!(changed.rows_affected() > 0, "{sql}");
    }
    let verdict = verify_audit(&spec, None).await.unwrap();
    (spec, dir, verdict)
}

#[tokio::test]
async fn what_was_changed_in_the_database_is_found_where_it_is() {
    let aside = "UPDATE audit_records SET seq = 100 WHERE seq = 4";
    let swap = [
        "UPDATE audit_records SET seq = 100 WHERE seq = 4",
        "UPDATE audit_records SET seq = 4 WHERE seq = 5",
        "UPDATE audit_records SET seq = 5 WHERE seq = 100",
    ];
    let cases: [(&[&str], Option<u64>, Fault); 8] = [
        (
            &[
                "UPDATE audit_records SET body = replace(body, 'user:ada', 'user:bob'), principal = 'user:bob' WHERE seq = 4",
            ],
            Some(4),
            Fault::Hash,
        ),
        (
            &["UPDATE audit_records SET principal = 'user:bob' WHERE seq = 4"],
            Some(4),
            Fault::Column("principal"),
        ),
        (
            &["UPDATE audit_records SET hash = replace(hash, '1', '2') WHERE seq = 4"],
            Some(4),
            Fault::Hash,
        ),
        (
            &["DELETE FROM audit_records WHERE seq = 4"],
            Some(4),
            Fault::Missing(4..=4),
        ),
        (
            &["DELETE FROM audit_records WHERE seq > 4"],
            Some(5),
            Fault::Truncated { through: 6 },
        ),
        (
            &["DELETE FROM audit_records WHERE seq < 4"],
            Some(1),
            Fault::Missing(1..=3),
        ),
        (&swap, Some(4), Fault::Displaced { behind: 5 }),
        (&[aside], Some(4), Fault::Displaced { behind: 9 }),
    ];
    for (sql, seq, fault) in cases {
        let (_, _dir, verdict) = tampered(sql).await;
        let found = verdict
            .findings
            .iter()
            .any(|found| found.seq == seq && found.what == fault);
        assert!(found, "{sql:?}: {verdict:?}");
    }
}

#[tokio::test]
async fn a_chain_that_was_changed_while_no_server_ran_is_not_signed() {
    let change =
        "UPDATE audit_records SET body = replace(body, 'user:ada', 'user:bob') WHERE seq = 8";
    let (spec, _dir, _) = tampered(&[change]).await;
    let store = open(&spec).await;
    let log = store.audit();
    log.take_up().await.unwrap();
    log.record(&[entry("mine", 10), entry("yours", 1)])
        .await
        .unwrap();
    assert_eq!(log.sign(LATER).await.unwrap(), 1);
    assert_eq!(verdict(&spec).await.chains[0].signed, 6);
}

/// Verifies `spec` with the key of its folder, by a server that starts on it, signs, and says what it found.
async fn served_again(spec: &StoreSpec) -> Verdict {
    let store = open(spec).await;
    let log = store.audit();
    // A record that is sound, so that something is signed where the rest is not.
    log.record(&[entry("yours", 1)]).await.unwrap();
    assert_eq!(log.sign(LATER).await.unwrap(), 1);
    let key = log.key().unwrap().id().to_owned();
    drop(log);
    store.close().await.unwrap();
    verify_audit(spec, Some(key)).await.unwrap()
}

/// Changes record `from` and hashes it and all behind it anew, as whoever has the database can.
async fn rewrite(spec: &StoreSpec, from: u64) {
    let store = Store::open(spec.clone()).await.unwrap();
    let tenant = Tenant::new("mine");
    let connection = store.backend.aside(false).await.unwrap();
    let mut hash = String::new();
    for row in store.audit().after(&tenant, 0, 1_000).await.unwrap() {
        let seq = row.seq.unsigned_abs();
        if seq < from {
            hash = row.hash;
            continue;
        }
        let text = row.body.replace("user:ada", "user:bob");
        let body: Body = serde_json::from_str(&text).unwrap();
        hash = body.hash(&hash);
        let sql = format!(
            "UPDATE audit_records SET body = '{text}', principal = 'user:bob', hash = '{hash}' WHERE seq = {seq}"
        );
        connection.execute_unprepared(&sql).await.unwrap();
    }
    let unsign = "DELETE FROM audit_checkpoints";
    connection.execute_unprepared(unsign).await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_chain_that_was_made_anew_without_its_checkpoints_is_not_signed() {
    let (spec, _dir, _) = tampered(&["DELETE FROM audit_checkpoints"]).await;
    rewrite(&spec, 3).await;
    // All by itself it is sound.
    assert_whole(&verdict(&spec).await, &[9]);
    let verdict = served_again(&spec).await;
    let findings: Vec<_> = verdict.findings.iter().collect();
    assert!(
        matches!(&findings[..], [found] if found.what == Fault::Unsigned && found.tenant.as_deref() == Some("mine")),
        "{verdict:?}"
    );
    assert_eq!(verdict.chains[0].signed, 0);
}

#[tokio::test]
async fn a_chain_that_is_gone_with_its_checkpoints_is_not_begun_anew() {
    let gone = [
        "DELETE FROM audit_checkpoints",
        "DELETE FROM audit_records WHERE tenant = 'mine'",
    ];
    let (spec, _dir, _) = tampered(&gone).await;
    let store = open(&spec).await;
    let log = store.audit();
    log.record(&[entry("mine", 1), entry("yours", 1)])
        .await
        .unwrap();
    assert_eq!(log.sign(LATER).await.unwrap(), 1);
    let found = verdict(&spec).await;
    let signed: Vec<u64> = found.chains.iter().map(|chain| chain.signed).collect();
    assert_eq!(signed, [0, 1]);
}

#[tokio::test]
async fn a_checkpoint_without_a_signature_is_no_beginning() {
    let forged = [
        "UPDATE audit_records SET body = replace(body, 'user:ada', 'user:bob'), principal = 'user:bob' WHERE seq = 5",
        "UPDATE audit_checkpoints SET signature = '', seq = 8, hash = (SELECT hash FROM audit_records WHERE seq = 8)",
    ];
    let (spec, dir, _) = tampered(&forged).await;
    // Without the file, the database alone says where the chain was signed.
    std::fs::remove_file(dir.path().join("key.anchors")).unwrap();
    let verdict = served_again(&spec).await;
    assert_eq!(verdict.chains[0].signed, 0, "{verdict:?}");
}

#[tokio::test]
async fn a_changed_record_is_not_pruned() {
    let change = "UPDATE audit_records SET body = replace(body, 'user:ada', 'user:bob'), principal = 'user:bob' WHERE seq = 3";
    for sql in [&[change][..], &[change, "DELETE FROM audit_checkpoints"]] {
        let (spec, _dir, _) = tampered(sql).await;
        let store = open(&spec).await;
        let log = store.audit();
        for at in 1..=3 {
            log.record(&[entry("yours", at)]).await.unwrap();
        }
        log.sign(LATER).await.unwrap();
        // Those of the other tenant go.
        assert_eq!(log.prune(LATER, LATER).await.unwrap(), 3, "{sql:?}");
        let verdict = verdict(&spec).await;
        let fault = (Some(3), &Fault::Hash);
        let mut found = verdict.findings.iter();
        assert!(
            found.any(|found| (found.seq, &found.what) == fault),
            "{verdict:?}"
        );
        assert_eq!(verdict.chains[0].records, 9);
    }
}

#[tokio::test]
async fn a_chain_that_was_changed_while_its_connection_was_lost_is_not_signed() {
    let dir = tempfile::tempdir().unwrap();
    let spec = spec(dir.path(), None);
    let store = open(&spec).await;
    let log = store.audit();
    assert_eq!(log.sign(LATER).await.unwrap(), 0);
    log.record(&[entry("mine", 1), entry("yours", 1)])
        .await
        .unwrap();
    let change = "UPDATE audit_records SET body = replace(body, 'user:ada', 'user:bob'), principal = 'user:bob' WHERE tenant = 'mine'";
    let lease = store.writer.lease().await.unwrap();
    lease.pens.aside.execute_unprepared(change).await.unwrap();
    drop(lease);
    assert_eq!(log.sign(LATER).await.unwrap(), 1);
    let found = verdict(&spec).await;
    let signed: Vec<u64> = found.chains.iter().map(|chain| chain.signed).collect();
    assert_eq!(signed, [0, 1]);
}

#[tokio::test]
async fn a_record_below_the_first_is_found() {
    let below = "INSERT INTO audit_records SELECT tenant, -1, id, at, principal, action, subject, body, hash FROM audit_records WHERE seq = 1";
    let (_, _dir, verdict) = tampered(&[below]).await;
    let mut found = verdict.findings.iter();
    assert!(
        found.any(|found| found.what == Fault::Number),
        "{verdict:?}"
    );
}
