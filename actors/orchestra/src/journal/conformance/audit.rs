//! What the audit log keeps of the records that tell it something.

use serde_json::{Value, json};

use super::{
    author::{Author as Maker, ECHO, tenant},
    subject::{EVERYTHING, Subject},
};
use crate::{
    audit::{AuditEntry, KeptEntry},
    author::Author,
    journal::Record,
};

/// Names and texts that a store must give back as they are.
const REASON: &str = "naïve \"quotes\" \\ \u{1}\u{10ffff}";

fn told(record: &Record, action: &'static str, details: Value) -> AuditEntry {
    AuditEntry {
        tenant: record.tenant.clone(),
        at: record.at,
        author: Author {
            request_id: Some("r-1".into()),
            address: Some([192, 0, 2, 7].into()),
            ..Author::of("user:ada")
        },
        action,
        subject: Some(record.job.to_string()),
        details: details.as_object().cloned().unwrap_or_default(),
    }
}

fn kept(seq: u64, entry: &AuditEntry) -> KeptEntry {
    KeptEntry {
        seq,
        at: entry.at,
        principal: Some(entry.author.principal.to_string()),
        action: entry.action.to_owned(),
        subject: entry.subject.clone(),
        details: entry.details.clone(),
    }
}

pub(super) async fn entries_are_kept_by_tenant_in_the_order_of_commits(journal: Subject<'_>) {
    let (mine, yours) = (tenant(), tenant());
    let (mut one, mut first) = Maker::submit(&mine, ECHO);
    let (_, mut other) = Maker::submit(&yours, ECHO);
    let details = json!({"reason": REASON, "count": 3, "list": [true, null, {"b": 1, "a": -2}]});
    first.audit = vec![
        told(&first, "job.submitted", details),
        told(&first, "job.remarked", Value::Null),
    ];
    other.audit = vec![told(&other, "job.submitted", json!({"kind": "echo"}))];
    journal.commit(&[first.clone(), other.clone()]).await;
    let mut cancelled = one.cancel();
    cancelled.audit = vec![told(&cancelled, "job.cancelled", json!({}))];
    journal.commit(&[cancelled.clone()]).await;

    let entries = [&first.audit[0], &first.audit[1], &cancelled.audit[0]];
    let expected: Vec<_> = (1..)
        .zip(entries)
        .map(|(seq, entry)| kept(seq, entry))
        .collect();
    assert_eq!(journal.audit(&mine, 0, EVERYTHING).await, expected);
    assert_eq!(journal.audit(&mine, 1, 1).await, expected[1..2]);
    assert_eq!(
        journal.audit(&yours, 0, EVERYTHING).await,
        [kept(1, &other.audit[0])]
    );
    assert_eq!(journal.audit(&tenant(), 0, EVERYTHING).await, []);
}

pub(super) async fn a_refused_batch_tells_the_audit_log_nothing(journal: Subject<'_>) {
    let (mut author, mut first) = Maker::submit(&tenant(), ECHO);
    first.audit = vec![told(&first, "job.submitted", json!({}))];
    let mut planned = author.plan();
    planned.audit = vec![told(&planned, "job.remarked", json!({}))];
    let gap = author.cancel();
    let batch = [first.clone(), gap];
    journal
        .try_commit(&batch)
        .await
        .expect_err("a record is missing");
    assert_eq!(journal.audit(&author.tenant, 0, EVERYTHING).await, []);

    journal.commit(&[first.clone(), planned.clone()]).await;
    let expected = [kept(1, &first.audit[0]), kept(2, &planned.audit[0])];
    assert_eq!(journal.audit(&author.tenant, 0, EVERYTHING).await, expected);
}
