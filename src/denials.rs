//! Refusals that reach the audit log together: however many there are in a second, one record of each sort is written.
//!
//! Whoever notes one does not wait. Sorts beyond the bound of a tenant are counted together, in a record of that tenant.
//! When the recorder falls behind, refusals beyond the bound are counted, not kept, in a record of tenant `default`.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use callboard_orchestra::{AuditEntry, Author, Tenant, Timestamp};
use callboard_runtime::{Home, Universe};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use crate::store::AuditLog;

const WRITE_EVERY: Duration = Duration::from_secs(1);
/// Refusals that may wait to be recorded.
const WAITING_MAX: usize = 10_000;
/// Sorts of refusals of one tenant in one second.
const SORTS_MAX: usize = 200;
/// Tenants with refusals of their own in one second: anyone may name a tenant when logging in.
const TENANTS_MAX: usize = 100;
/// Action of the record that counts what has none of its own.
const COUNTED: &str = "refusals.counted";

/// Takes refusals. Clones share it.
#[derive(Clone)]
pub struct Denials {
    sender: mpsc::Sender<Note>,
    lost: Arc<AtomicU64>,
}

enum Note {
    Refused(AuditEntry),
    /// Asks to write what there is, and to be told.
    Flush(oneshot::Sender<()>),
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
        if self.sender.try_send(Note::Refused(entry)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Has everything recorded that was noted so far.
    pub async fn flush(&self) {
        let (done, told) = oneshot::channel();
        if self.sender.send(Note::Flush(done)).await.is_ok() {
            // A recorder that is gone has nothing more to write.
            let _ = told.await;
        }
    }
}

async fn run(mut waiting: mpsc::Receiver<Note>, log: AuditLog, lost: Arc<AtomicU64>) {
    let mut sorts = Sorts::default();
    let mut until: Option<Instant> = None;
    loop {
        let next = waiting.recv();
        let note = match until {
            None => next.await,
            Some(until) => match tokio::time::timeout_at(until, next).await {
                Ok(note) => note,
                Err(_) => Some(Note::Flush(oneshot::channel().0)),
            },
        };
        match note {
            Some(Note::Refused(entry)) => {
                sorts.add(entry);
                until.get_or_insert_with(|| Instant::now() + WRITE_EVERY);
            }
            Some(Note::Flush(done)) => {
                sorts.miss(lost.swap(0, Ordering::Relaxed));
                let entries = std::mem::take(&mut sorts).entries(Timestamp::now());
                if let Err(error) = log.record(&entries).await {
                    tracing::warn!(error = %error, "refusals were not recorded");
                }
                until = None;
                // Nobody waits for what the clock asked for.
                let _ = done.send(());
            }
            None => return,
        }
    }
}

/// What was refused in one second.
#[derive(Default)]
struct Sorts {
    of: BTreeMap<Tenant, OfTenant>,
    /// Refusals that nothing more is known of.
    missed: u64,
}

#[derive(Default)]
struct OfTenant {
    sorts: Vec<(AuditEntry, u64)>,
    /// Refusals of further sorts.
    more: u64,
}

impl Sorts {
    /// Counts an entry with those of its sort.
    fn add(&mut self, entry: AuditEntry) {
        if self.of.len() >= TENANTS_MAX && !self.of.contains_key(&entry.tenant) {
            return self.miss(1);
        }
        let OfTenant { sorts, more } = self.of.entry(entry.tenant.clone()).or_default();
        let fits = sorts.len() < SORTS_MAX;
        match sorts.iter_mut().find(|(known, _)| is_alike(known, &entry)) {
            Some((_, count)) => *count += 1,
            None if fits => sorts.push((entry, 1)),
            None => *more += 1,
        }
    }

    fn miss(&mut self, count: u64) {
        self.missed += count;
    }

    fn entries(self, now: Timestamp) -> Vec<AuditEntry> {
        let mut entries = Vec::new();
        let mut rest = BTreeMap::from([(Tenant::default(), self.missed)]);
        for (tenant, OfTenant { sorts, more }) in self.of {
            entries.extend(sorts.into_iter().map(counted));
            *rest.entry(tenant).or_default() += more;
        }
        let rest = rest.into_iter().filter(|(_, count)| *count > 0);
        entries.extend(rest.map(|(tenant, count)| AuditEntry {
            tenant,
            at: now,
            author: Author::system(),
            action: COUNTED,
            subject: None,
            details: serde_json::Map::from_iter([("count".to_owned(), count.into())]),
        }));
        entries
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

    const NOW: Timestamp = Timestamp::from_millis(9);

    #[test]
    fn refusals_alike_become_one_record_with_their_number() {
        let mut sorts = Sorts::default();
        for at in 0..9 {
            sorts.add(denied(1, at));
        }
        sorts.add(denied(2, 9));
        let entries = sorts.entries(NOW);
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].details["count"], 9);
        assert_eq!(entries[0].author.request_id, None);
        assert!(entries[1].details.is_empty() && entries[1].author.request_id.is_some());
    }

    fn of(tenant: &str, subject: usize) -> AuditEntry {
        AuditEntry {
            tenant: Tenant::new(tenant),
            subject: Some(subject.to_string()),
            ..denied(0, 0)
        }
    }

    #[test]
    fn more_sorts_than_fit_are_counted_with_their_tenant_alone() {
        let mut sorts = Sorts::default();
        for subject in 0..1_000 {
            sorts.add(of("noisy", subject));
        }
        for _ in 0..7 {
            sorts.add(of("acme", 0));
            // A sort that is known is counted with its own, however many others there are.
            sorts.add(of("noisy", 0));
        }
        let entries = sorts.entries(NOW);
        let told = |tenant: &str| -> Vec<&AuditEntry> {
            let all = entries.iter();
            all.filter(|entry| entry.tenant.as_str() == tenant)
                .collect()
        };
        assert_eq!(told("default"), Vec::<&AuditEntry>::new());
        let acme = told("acme");
        assert_eq!((acme.len(), &acme[0].details["count"]), (1, &7.into()));
        let noisy = told("noisy");
        assert_eq!(noisy.len(), SORTS_MAX + 1);
        assert_eq!(noisy[0].details["count"], 8);
        let rest = noisy[SORTS_MAX];
        assert_eq!(
            (rest.action, &rest.details["count"]),
            (COUNTED, &800.into())
        );
    }

    #[test]
    fn refusals_of_more_tenants_than_fit_are_counted_by_the_server() {
        let mut sorts = Sorts::default();
        for tenant in 0..TENANTS_MAX + 5 {
            sorts.add(of(&format!("t{tenant}"), 0));
        }
        let entries = sorts.entries(NOW);
        assert_eq!(entries.len(), TENANTS_MAX + 1);
        let rest = &entries[TENANTS_MAX];
        assert_eq!(
            (&rest.tenant, &rest.details["count"]),
            (&Tenant::default(), &5.into())
        );
    }
}
