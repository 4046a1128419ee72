//! The log of a store: written, signed, pruned, redacted, verified.

use std::{num::NonZeroU32, path::Path, time::Duration};

use callboard_orchestra::{
    AuditEntry, Author, Tenant, Timestamp,
    journal::{Journal, Record, conformance},
};

use crate::{
    audit::{Anchors, Fault, PRINCIPAL, SigningKey, Verdict},
    store::{
        AuditPolicy, Redaction, Store, StoreSpec, Synchronous, postgres::testing, verify_audit,
    },
};

const HOUR: Duration = Duration::from_secs(3_600);
pub const LATER: Timestamp = Timestamp::from_millis(2_000_000_000_000);

pub fn spec(data_dir: &Path, url: Option<String>) -> StoreSpec {
    StoreSpec {
        data_dir: data_dir.to_owned(),
        url,
        synchronous: Synchronous::Normal,
        readers: NonZeroU32::new(2).unwrap(),
    }
}

pub async fn open(spec: &StoreSpec) -> Store {
    let store = Store::open(spec.clone()).await.unwrap();
    let key = SigningKey::open(&spec.data_dir.join("key.pem")).unwrap();
    let anchors = Anchors::open(&spec.data_dir.join("key.anchors")).unwrap();
    store.audit().hold_to(anchors);
    store.audit().sign_with(key).await.unwrap();
    store
}

pub fn entry(tenant: &str, at: i64) -> AuditEntry {
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

pub async fn verdict(spec: &StoreSpec) -> Verdict {
    verify_audit(spec, None).await.unwrap()
}

#[track_caller]
pub fn assert_whole(verdict: &Verdict, lasts: &[u64]) {
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
    assert!(row.principal.is_none() && !row.body.contains("ada") && !row.body.contains("192.0"));
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

#[tokio::test]
async fn records_that_nobody_has_signed_yet_are_not_pruned() {
    let dir = tempfile::tempdir().unwrap();
    let spec = spec(dir.path(), None);
    let store = open(&spec).await;
    let log = store.audit();
    log.record(&[entry("mine", 1)]).await.unwrap();
    assert_eq!(log.prune(LATER, LATER).await.unwrap(), 0);
    log.sign(LATER).await.unwrap();
    assert_eq!(log.prune(LATER, LATER).await.unwrap(), 1);
}

#[tokio::test]
async fn a_chain_is_signed_whatever_became_of_the_connection_that_wrote_it() {
    let dir = tempfile::tempdir().unwrap();
    let spec = spec(dir.path(), None);
    let store = open(&spec).await;
    let log = store.audit();
    assert_eq!(log.sign(LATER).await.unwrap(), 0);
    log.record(&[entry("mine", 1), entry("mine", 2)])
        .await
        .unwrap();
    drop(store.writer.lease().await.unwrap());
    assert_eq!(log.sign(LATER).await.unwrap(), 1);
    assert_eq!(verdict(&spec).await.chains[0].signed, 2);
}

#[tokio::test]
async fn every_tenant_is_verified_however_the_database_orders_names() {
    let Some(base) = testing::database().await else {
        return;
    };
    let as_words = "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'";
    let url = testing::fresh_with(&base, as_words).await;
    let dir = tempfile::tempdir().unwrap();
    let spec = spec(dir.path(), Some(url));
    let store = open(&spec).await;
    let log = store.audit();
    // By their bytes `a-b` comes first, as words `ab` and `a-c` do.
    let names = ["a-b", "ab", "a-c", "B", "b", "a_c"];
    for name in names {
        log.record(&[entry(name, 1)]).await.unwrap();
    }
    log.sign(LATER).await.unwrap();
    // Some have records alone, some checkpoints alone.
    log.record(&[entry("a.d", 1), entry("c", 1)]).await.unwrap();
    assert_eq!(log.prune(LATER, LATER).await.unwrap(), 6);
    let mut expected: Vec<&str> = [&names[..], &["a.d", "c"]].concat();
    expected.sort_unstable();
    let found = verdict(&spec).await;
    assert!(found.is_whole(), "{found:?}");
    let tenants: Vec<&str> = found.chains.iter().map(|chain| &*chain.tenant).collect();
    assert_eq!(tenants, expected);
}
