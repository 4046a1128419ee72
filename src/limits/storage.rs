//! What tenants keep: figures of the store, read once in a while and not with every submission.

#![expect(
    clippy::disallowed_types,
    reason = "any HTTP thread may look a figure up; held for an operation of the map"
)]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use callboard_orchestra::{id::Tenant, journal::JournalError};

use crate::store::Listing;

/// How long a figure is good at least.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// A figure that took long to read is good for so many times as long, so that reading it takes a small part of all time.
const REST_FACTOR: u32 = 20;
/// Tenants whose figures are kept. Above it those go that are not good any more, then all.
const TENANTS_MAX: usize = 10_000;

/// Bytes of artifacts by tenant. Clones share the figures.
#[derive(Clone)]
pub struct Storage {
    listing: Listing,
    figures: Arc<Figures>,
}

#[derive(Default)]
struct Figures(Mutex<HashMap<Tenant, Figure>>);

struct Figure {
    bytes: u64,
    /// From when on somebody should read it again.
    due: Instant,
}

impl Storage {
    pub fn new(listing: Listing) -> Self {
        Self {
            listing,
            figures: Arc::default(),
        }
    }

    /// Bytes of the artifacts that the tenant keeps, as they were a moment ago.
    pub async fn bytes(&self, tenant: &Tenant) -> Result<u64, JournalError> {
        let began = Instant::now();
        if let Some(bytes) = self.figures.known(tenant, began) {
            return Ok(bytes);
        }
        let bytes = self.listing.artifact_bytes(tenant).await?;
        self.figures.keep(tenant, bytes, began, Instant::now());
        Ok(bytes)
    }

    /// Forgets tenants that have not been asked about for a while.
    pub fn forget(&self) {
        self.figures.forget(Instant::now());
    }
}

impl Figures {
    /// The figure, if it is good. Of several who find one that is not, the first is to read it and the others go by it still.
    fn known(&self, tenant: &Tenant, now: Instant) -> Option<u64> {
        let mut all = self.lock();
        let figure = all.get_mut(tenant)?;
        if figure.due > now {
            return Some(figure.bytes);
        }
        figure.due = now + GOOD_FOR;
        None
    }

    fn keep(&self, tenant: &Tenant, bytes: u64, began: Instant, now: Instant) {
        let good_for = now.duration_since(began).saturating_mul(REST_FACTOR);
        let due = now + good_for.max(GOOD_FOR);
        let mut all = self.lock();
        if all.len() >= TENANTS_MAX && !all.contains_key(tenant) {
            all.retain(|_, figure| figure.due > now);
            if all.len() >= TENANTS_MAX {
                all.clear();
            }
        }
        all.insert(tenant.clone(), Figure { bytes, due });
    }

    fn forget(&self, now: Instant) {
        let mut all = self.lock();
        all.retain(|_, figure| figure.due > now);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Tenant, Figure>> {
        self.0.lock().expect("no holder of this lock can panic")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_read_again_by_one_when_it_is_due() {
        let (figures, tenant, start) = (Figures::default(), Tenant::default(), Instant::now());
        assert_eq!(figures.known(&tenant, start), None);
        figures.keep(&tenant, 7, start, start);
        let before = start + GOOD_FOR - Duration::from_millis(1);
        assert_eq!(figures.known(&tenant, before), Some(7));
        let due = start + GOOD_FOR;
        assert_eq!(figures.known(&tenant, due), None);
        assert_eq!(figures.known(&tenant, due), Some(7));
        figures.keep(&tenant, 8, due, due);
        assert_eq!(figures.known(&tenant, due), Some(8));
        figures.forget(due + GOOD_FOR);
        assert_eq!(figures.known(&tenant, due), None);
    }

    #[test]
    fn a_figure_that_took_long_to_read_is_read_seldom() {
        let (figures, tenant, start) = (Figures::default(), Tenant::default(), Instant::now());
        let read = start + Duration::from_millis(500);
        figures.keep(&tenant, 7, start, read);
        let late = read + Duration::from_millis(9_999);
        assert_eq!(figures.known(&tenant, late), Some(7));
        assert_eq!(
            figures.known(&tenant, late + Duration::from_millis(1)),
            None
        );
    }

    #[test]
    fn no_more_tenants_are_remembered_than_the_bound() {
        let (figures, start) = (Figures::default(), Instant::now());
        for tenant in 0..TENANTS_MAX + 10 {
            figures.keep(&Tenant::new(tenant.to_string()), 1, start, start);
        }
        assert!(figures.lock().len() <= TENANTS_MAX);
    }
}
