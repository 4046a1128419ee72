//! Refusals that reach the audit log together: however many there are in a second, one record of each sort is written.
//!
//! Whoever notes one does not wait. When the recorder falls behind, refusals beyond the bound are counted, not kept.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use callboard_orchestra::AuditEntry;
use callboard_runtime::{Home, Universe};
use tokio::sync::mpsc;

use crate::store::AuditLog;

const WRITE_EVERY: Duration = Duration::from_secs(1);
/// Refusals that may wait to be recorded.
const WAITING_MAX: usize = 10_000;
/// Sorts of refusals of one second; those of more sorts are counted with the last.
const SORTS_MAX: usize = 200;

/// Takes refusals. Clones share it.
#[derive(Clone)]
pub struct Denials {
    sender: mpsc::Sender<AuditEntry>,
    lost: Arc<AtomicU64>,
}

impl Denials {
    /// Starts the recorder.
    pub fn record(universe: &Universe, log: AuditLog) -> Self {
        let (sender, waiting) = mpsc::channel(WAITING_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        universe.spawn(Home::Core, run(waiting, log, lost.clone()));
        Self { sender, lost }
    }

    /// Has a refusal recorded, with others like it.
    pub fn note(&self, entry: AuditEntry) {
        if self.sender.try_send(entry).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn run(mut waiting: mpsc::Receiver<AuditEntry>, log: AuditLog, lost: Arc<AtomicU64>) {
    while let Some(first) = waiting.recv().await {
        let mut sorts = vec![(first, 1)];
        let until = tokio::time::Instant::now() + WRITE_EVERY;
        while let Ok(Some(entry)) = tokio::time::timeout_at(until, waiting.recv()).await {
            add(&mut sorts, entry);
        }
        let missed = lost.swap(0, Ordering::Relaxed);
        if let Some((_, count)) = sorts.last_mut() {
            *count += missed;
        }
        let entries: Vec<AuditEntry> = sorts.into_iter().map(counted).collect();
        if let Err(error) = log.record(&entries).await {
            tracing::warn!(error = %error, "refusals were not recorded");
        }
    }
}

/// Counts an entry with those of its sort.
fn add(sorts: &mut Vec<(AuditEntry, u64)>, entry: AuditEntry) {
    let full = sorts.len() >= SORTS_MAX;
    let known = match full {
        true => sorts.last_mut(),
        false => sorts.iter_mut().find(|(known, _)| is_alike(known, &entry)),
    };
    match known {
        Some((_, count)) => *count += 1,
        None => sorts.push((entry, 1)),
    }
}

/// Whether they differ in nothing but when they were, and with which request.
fn is_alike(one: &AuditEntry, other: &AuditEntry) -> bool {
    one.tenant == other.tenant
        && one.action == other.action
        && one.author.principal == other.author.principal
        && one.author.address == other.author.address
        && one.subject == other.subject
        && one.details == other.details
}

fn counted((mut entry, count): (AuditEntry, u64)) -> AuditEntry {
    if count > 1 {
        entry.author.request_id = None;
        entry.details.insert("count".to_owned(), count.into());
    }
    entry
}

#[cfg(test)]
mod tests {
    use callboard_orchestra::{Author, Tenant, Timestamp};

    use super::*;

    fn denied(address: u8, at: i64) -> AuditEntry {
        AuditEntry {
            tenant: Tenant::default(),
            at: Timestamp::from_millis(at),
            author: Author {
                request_id: Some(at.to_string().into()),
                address: Some([192, 0, 2, address].into()),
                ..Author::anonymous()
            },
            action: "permission.denied",
            subject: None,
            details: serde_json::Map::new(),
        }
    }

    #[test]
    fn refusals_alike_become_one_record_with_their_number() {
        let mut sorts = vec![(denied(1, 0), 1)];
        for at in 1..9 {
            add(&mut sorts, denied(1, at));
        }
        add(&mut sorts, denied(2, 9));
        let entries: Vec<_> = sorts.into_iter().map(counted).collect();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].details["count"], 9);
        assert_eq!(entries[0].author.request_id, None);
        assert!(entries[1].details.is_empty() && entries[1].author.request_id.is_some());
    }

    #[test]
    fn more_sorts_than_fit_are_counted_with_the_last() {
        let mut sorts = vec![(denied(0, 0), 1)];
        for at in 1..1_000 {
            let mut entry = denied(0, at);
            entry.subject = Some(at.to_string());
            add(&mut sorts, entry);
        }
        assert_eq!(sorts.len(), SORTS_MAX);
        assert_eq!(sorts.iter().map(|(_, count)| count).sum::<u64>(), 1_000);
    }
}
