//! Guessing a password takes ever longer: after a few wrong ones for a name the next is looked at only after a delay, which
//! doubles with each. Names that nobody has are delayed alike, so that a delay says nothing of who exists.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use callboard_orchestra::{Tenant, Timestamp};

/// Wrong passwords before there is a delay.
const FREE_ATTEMPTS: u32 = 5;
const DELAY_FIRST: Duration = Duration::from_secs(1);
const DELAY_MAX: Duration = Duration::from_secs(5 * 60);
/// Names remembered. Above it those whose delay is over are dropped, then the oldest.
const NAMES_MAX: usize = 10_000;

type Who = (Tenant, String);

struct Attempts {
    count: u32,
    last_at: Timestamp,
}

/// Attempts to log in that did not end well, of this process. A lock, for any HTTP thread may see one.
#[derive(Default)]
pub struct Delays(RwLock<HashMap<Who, Attempts>>);

impl Delays {
    /// Counts an attempt, as a wrong one until `succeeded`. Errors with the time to wait while it comes too early.
    pub fn attempt(&self, tenant: &Tenant, name: &str, now: Timestamp) -> Result<(), Duration> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let who = (tenant.clone(), name.to_owned());
        if all.len() >= NAMES_MAX && !all.contains_key(&who) {
            make_room(&mut all, now);
        }
        let attempts = all.entry(who).or_insert(Attempts {
            count: 0,
            last_at: now,
        });
        let left = attempts.due().since(now);
        if attempts.count > 0 && left > Duration::ZERO {
            return Err(left);
        }
        attempts.count += 1;
        attempts.last_at = now;
        Ok(())
    }

    pub fn succeeded(&self, tenant: &Tenant, name: &str) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.remove(&(tenant.clone(), name.to_owned()));
    }
}

impl Attempts {
    /// When the next attempt is looked at.
    fn due(&self) -> Timestamp {
        let Some(doublings) = self.count.checked_sub(FREE_ATTEMPTS) else {
            return self.last_at;
        };
        let factor = 2_u32.saturating_pow(doublings);
        self.last_at
            .plus(DELAY_FIRST.saturating_mul(factor).min(DELAY_MAX))
    }
}

fn make_room(all: &mut HashMap<Who, Attempts>, now: Timestamp) {
    all.retain(|_, attempts| attempts.due() > now);
    if all.len() >= NAMES_MAX {
        let oldest = all.iter().min_by_key(|(_, attempts)| attempts.last_at);
        if let Some(who) = oldest.map(|(who, _)| who.clone()) {
            all.remove(&who);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn each_wrong_password_beyond_the_first_few_doubles_the_delay() {
        let (delays, tenant) = (Delays::default(), Tenant::default());
        let attempt = |millis| delays.attempt(&tenant, "kim", at(millis));
        for _ in 0..FREE_ATTEMPTS {
            assert_eq!(attempt(0), Ok(()));
        }
        assert_eq!(attempt(1), Err(Duration::from_millis(999)));
        assert_eq!(attempt(1_000), Ok(()));
        assert_eq!(attempt(1_500), Err(Duration::from_millis(1_500)));
        assert_eq!(delays.attempt(&tenant, "lee", at(1_500)), Ok(()));
        delays.succeeded(&tenant, "kim");
        assert_eq!(attempt(1_500), Ok(()));
    }

    #[test]
    fn a_delay_is_never_longer_than_its_bound() {
        let (delays, tenant) = (Delays::default(), Tenant::default());
        let mut now = 0;
        for _ in 0..60 {
            while let Err(left) = delays.attempt(&tenant, "kim", at(now)) {
                assert!(left <= DELAY_MAX);
                now += i64::try_from(left.as_millis()).unwrap();
            }
        }
    }

    #[test]
    fn no_more_names_are_remembered_than_the_bound() {
        let (delays, tenant) = (Delays::default(), Tenant::default());
        for name in 0..NAMES_MAX + 10 {
            let attempt = delays.attempt(&tenant, &name.to_string(), at(0));
            assert_eq!(attempt, Ok(()));
        }
        assert!(delays.0.read().unwrap().len() <= NAMES_MAX);
    }
}
