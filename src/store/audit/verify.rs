//! Verifies the log as a database holds it, beside its owner or without one.

use callboard_orchestra::{Tenant, Timestamp, journal::JournalError};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder, TransactionTrait};

use super::{AuditRow, read};
use crate::{
    audit::{Body, CheckpointKind, Fault, PRINCIPAL, PublishedKey, Verdict, Verifier, shown},
    store::{
        StoreError, StoreSpec,
        commit::failed,
        entity::audit_key,
        opening::{backend, open_error},
    },
};

/// Rows read at one time.
const PAGE_ROWS: usize = 1_000;
const VERIFY: &str = "verify the audit log";

/// Why a log was not verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Open(#[from] StoreError),
    #[error(transparent)]
    Read(#[from] JournalError),
}

/// Verifies every chain of the store, as it is at one moment. With a trusted key, only checkpoints count that it or keys
/// that descend from it have signed.
pub async fn verify_audit(
    spec: &StoreSpec,
    trusted: Option<String>,
) -> Result<Verdict, VerifyError> {
    let backend = backend(spec)?;
    let opened = backend.readers(std::num::NonZeroU32::MIN).await;
    let connection = opened.map_err(|source| open_error(&backend, source))?;
    let snapshot = connection.begin().await.map_err(failed(VERIFY))?;
    let mut verifier = Verifier::new(trusted);
    keys(&snapshot, &mut verifier).await?;
    for tenant in read::tenants(&snapshot).await? {
        chain(&snapshot, &tenant, &mut verifier).await?;
    }
    Ok(verifier.verdict())
}

async fn keys<C: ConnectionTrait>(
    connection: &C,
    verifier: &mut Verifier,
) -> Result<(), JournalError> {
    let rows = audit_key::Entity::find()
        .order_by_asc(audit_key::Column::Place)
        .all(connection)
        .await
        .map_err(failed(VERIFY))?;
    for row in rows {
        match serde_json::from_str(&row.body) {
            Ok(key) => verifier.key(&PublishedKey {
                key,
                signature: row.signature,
            }),
            Err(_) => verifier.find(None, None, Fault::Key { key: row.id }),
        }
    }
    Ok(())
}

async fn chain<C: ConnectionTrait>(
    connection: &C,
    tenant: &Tenant,
    verifier: &mut Verifier,
) -> Result<(), JournalError> {
    let mut after = None;
    loop {
        let page = read::checkpoint_rows(connection, tenant, after, PAGE_ROWS).await?;
        for row in &page {
            match read::checkpoint(row) {
                Ok(made) => verifier.checkpoint(&made),
                Err(error) => verifier.find(
                    Some(tenant.as_str().to_owned()),
                    Some(row.seq.unsigned_abs()),
                    Fault::Unreadable(format!("its checkpoint: {error}")),
                ),
            }
        }
        let Some(last) = page.last() else { break };
        let kind = match last.kind == CheckpointKind::Pruned.name() {
            true => CheckpointKind::Pruned,
            false => CheckpointKind::Regular,
        };
        after = Some((last.seq.unsigned_abs(), kind));
    }
    let mut seq = 0;
    loop {
        let page = read::after(connection, tenant, seq, PAGE_ROWS).await?;
        for row in &page {
            record(row, verifier);
        }
        match page.last() {
            Some(last) => seq = last.seq.unsigned_abs(),
            None => return Ok(()),
        }
    }
}

fn record(row: &AuditRow, verifier: &mut Verifier) {
    let seq = row.seq.unsigned_abs();
    let body: Body = match serde_json::from_str(&row.body) {
        Ok(body) => body,
        Err(error) => return verifier.unreadable(&row.tenant, seq, error.to_string()),
    };
    verifier.check_form(&body, &row.body);
    let said = [
        ("tenant", body.tenant == row.tenant),
        ("seq", body.seq == seq),
        ("id", body.id == shown(row.id)),
        ("action", body.action == row.action),
        ("subject", body.subject == row.subject),
        (
            "principal",
            body.text(PRINCIPAL) == row.principal.as_deref(),
        ),
        ("at", body.at == Timestamp::from_millis(row.at).rfc3339()),
    ];
    for (column, is_same) in said {
        if !is_same {
            verifier.find(Some(row.tenant.clone()), Some(seq), Fault::Column(column));
        }
    }
    if body.tenant == row.tenant {
        verifier.record(&body, &row.hash);
    } else {
        let cause = format!("it is a record of tenant {}", body.tenant);
        verifier.unreadable(&row.tenant, seq, cause);
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, path::Path, time::Duration};

    use callboard_orchestra::journal::{Journal, Record, conformance};
    use callboard_orchestra::{AuditEntry, Author};

    use super::*;
    use crate::{
        audit::SigningKey,
        store::{AuditPolicy, Redaction, Store, Synchronous, postgres::testing},
    };

    const HOUR: Duration = Duration::from_secs(3_600);
    const LATER: Timestamp = Timestamp::from_millis(2_000_000_000_000);

    fn spec(data_dir: &Path, url: Option<String>) -> StoreSpec {
        StoreSpec {
            data_dir: data_dir.to_owned(),
            url,
            synchronous: Synchronous::Normal,
            readers: NonZeroU32::new(2).unwrap(),
        }
    }

    async fn open(spec: &StoreSpec) -> Store {
        let store = Store::open(spec.clone()).await.unwrap();
        let key = SigningKey::open(&spec.data_dir.join("key.pem")).unwrap();
        store.audit().sign_with(key).await.unwrap();
        store
    }

    fn entry(tenant: &str, at: i64) -> AuditEntry {
        AuditEntry {
            tenant: Tenant::new(tenant),
            at: Timestamp::from_millis(at),
            author: Author {
                address: Some([192, 0, 2, 1].into()),
                ..Author::of("user:ada")
            },
            action: "key.created",
            subject: Some(format!("key_{at}")),
            details: serde_json::Map::new(),
        }
    }

    /// The records of a job, each told to the audit log.
    fn told(tenant: &str) -> Vec<Record> {
        let mut batch = conformance::whole_job(&Tenant::new(tenant));
        for record in &mut batch {
            let at = record.at.millis();
            record.audit = vec![AuditEntry {
                subject: Some(record.job.to_string()),
                ..entry(tenant, at)
            }];
        }
        batch
    }

    async fn verdict(spec: &StoreSpec) -> Verdict {
        verify_audit(spec, None).await.unwrap()
    }

    #[track_caller]
    fn assert_whole(verdict: &Verdict, lasts: &[u64]) {
        assert!(verdict.is_whole(), "{verdict:?}");
        let found: Vec<_> = verdict.chains.iter().map(|chain| chain.last).collect();
        assert_eq!(found, lasts);
    }

    async fn one_chain_whoever_writes(spec: StoreSpec) {
        let store = open(&spec).await;
        let (journal, log) = (store.journal(), store.audit());
        let (mine, yours) = (told("mine"), told("yours"));
        let count = mine.len() as u64;
        let both: Vec<Record> = mine
            .iter()
            .zip(&yours)
            .flat_map(|(a, b)| [a.clone(), b.clone()])
            .collect();
        journal.commit(&both[..3]).await.unwrap();
        log.record(&[entry("mine", 1), entry("yours", 2), entry("mine", 3)])
            .await
            .unwrap();
        // Refused, and leaves no gap.
        journal.commit(&both[..1]).await.unwrap_err();
        journal.commit(&both[3..]).await.unwrap();
        assert_whole(&verdict(&spec).await, &[count + 2, count + 1]);
        assert_eq!(log.sign(LATER).await.unwrap(), 2);
        assert_eq!(log.sign(LATER).await.unwrap(), 0);
        let job = mine[0].job.to_string();
        let about = log.about(&Tenant::new("mine"), &[job], 100).await.unwrap();
        assert_eq!(about.len() as u64, count);

        log.set(&AuditPolicy {
            enabled: false,
            sign_every: 1,
        });
        journal.commit(&told("mine")).await.unwrap();
        log.record(&[entry("mine", 4)]).await.unwrap();
        drop((journal, log));
        store.close().await.unwrap();
        assert_whole(&verdict(&spec).await, &[count + 2, count + 1]);

        let store = open(&spec).await;
        store.journal().commit(&told("mine")).await.unwrap();
        let log = store.audit();
        log.take_up().await.unwrap();
        assert_eq!(log.sign(LATER).await.unwrap(), 1);
        let verdict = verdict(&spec).await;
        assert_whole(&verdict, &[2 * count + 2, count + 1]);
        assert_eq!(verdict.chains[0].signed, 2 * count + 2);
    }

    #[tokio::test]
    async fn commits_and_other_transactions_make_one_chain_for_each_tenant() {
        let dir = tempfile::tempdir().unwrap();
        one_chain_whoever_writes(spec(dir.path(), None)).await;
    }

    #[tokio::test]
    async fn they_do_so_in_postgresql_too() {
        let Some(url) = testing::database().await else {
            return;
        };
        let dir = tempfile::tempdir().unwrap();
        one_chain_whoever_writes(spec(dir.path(), Some(url))).await;
    }

    #[tokio::test]
    async fn many_unsigned_records_ring_the_bell() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&spec(dir.path(), None)).await;
        let log = store.audit();
        log.set(&AuditPolicy {
            enabled: true,
            sign_every: 3,
        });
        let due = log.due();
        log.record(&[entry("mine", 1), entry("mine", 2)])
            .await
            .unwrap();
        log.record(&[entry("mine", 3)]).await.unwrap();
        due.notified().await;
        assert_eq!(log.sign(LATER).await.unwrap(), 1);
    }

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

    #[tokio::test]
    async fn a_redacted_record_has_lost_its_values_and_verifies() {
        let dir = tempfile::tempdir().unwrap();
        let spec = spec(dir.path(), None);
        let store = open(&spec).await;
        let log = store.audit();
        let tenant = Tenant::new("mine");
        log.record(&[entry("mine", 1), entry("mine", 2)])
            .await
            .unwrap();
        let redact = async |seq: u64, fields: &[&str]| {
            let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
            log.redact(&tenant, seq, &fields, entry("mine", 3))
                .await
                .unwrap()
        };
        assert!(matches!(
            redact(7, &[PRINCIPAL]).await,
            Redaction::NoSuchRecord
        ));
        let refused = redact(1, &[PRINCIPAL, "details.x"]).await;
        assert!(matches!(refused, Redaction::NoSuchField(field) if field == "details.x"));
        let Redaction::Done(row) = redact(1, &[PRINCIPAL, "author.address"]).await else {
            panic!("both fields are there");
        };
        assert!(
            row.principal.is_none() && !row.body.contains("ada") && !row.body.contains("192.0")
        );
        assert_whole(&verdict(&spec).await, &[3]);
        let kept = store.journal().audit(&tenant, 0, 9).await.unwrap();
        assert_eq!(
            (kept[0].principal.as_deref(), kept[1].principal.as_deref()),
            (None, Some("user:ada"))
        );
    }

    #[tokio::test]
    async fn pruned_records_leave_a_checkpoint_from_which_the_rest_verifies() {
        let dir = tempfile::tempdir().unwrap();
        let spec = spec(dir.path(), None);
        let store = open(&spec).await;
        let log = store.audit();
        for at in 1..=600 {
            log.record(&[entry("mine", at * 1_000)]).await.unwrap();
        }
        log.sign(LATER).await.unwrap();
        let cutoff = Timestamp::from_millis(400_001);
        assert_eq!(log.prune(cutoff, LATER).await.unwrap(), 400);
        assert_eq!(log.prune(cutoff, LATER).await.unwrap(), 0);
        let now = verdict(&spec).await;
        assert_whole(&now, &[600]);
        assert_eq!((now.chains[0].first, now.chains[0].records), (401, 200));

        assert_eq!(log.prune(LATER.plus(HOUR), LATER).await.unwrap(), 200);
        drop(log);
        store.close().await.unwrap();
        assert_whole(&verdict(&spec).await, &[0]);
        let store = open(&spec).await;
        store.audit().record(&[entry("mine", 1)]).await.unwrap();
        let now = verdict(&spec).await;
        assert_whole(&now, &[601]);
    }

    #[tokio::test]
    async fn a_rotated_key_is_introduced_by_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let spec = spec(dir.path(), None);
        let store = open(&spec).await;
        let log = store.audit();
        log.record(&[entry("mine", 1)]).await.unwrap();
        log.sign(LATER).await.unwrap();
        let old = log.key().unwrap();
        let new = SigningKey::generate().unwrap();
        log.rotate(&old, &new).await.unwrap();
        let rotated = new.id().to_owned();
        log.sign_with(new).await.unwrap();
        log.record(&[entry("mine", 2)]).await.unwrap();
        log.sign(LATER).await.unwrap();
        assert_eq!(log.keys().await.unwrap().len(), 2);
        let trusted = Some(old.id().to_owned());
        assert_whole(&verify_audit(&spec, trusted).await.unwrap(), &[2]);
        let later = verify_audit(&spec, Some(rotated)).await.unwrap();
        assert!(
            matches!(later.findings[0].what, Fault::Untrusted { .. }),
            "{later:?}"
        );
    }
}
