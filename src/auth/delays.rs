//! Guessing a password takes ever longer: after a few wrong ones of an address for a name its next is looked at only after a
//! delay, which doubles with each. Guesses of all addresses together for a name have a wider bound, so that nobody keeps
//! another from logging in without having many addresses. Names that nobody has are delayed alike, so that a delay says
//! nothing of who exists.

#![expect(
    clippy::disallowed_types,
    reason = "attempts of all threads are counted together; held for a few map operations only"
)]

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use callboard_orchestra::{Tenant, Timestamp};

/// Wrong passwords of one address for a name before there is a delay.
const FREE_ATTEMPTS: u32 = 5;
const DELAY_FIRST: Duration = Duration::from_secs(1);
const DELAY_MAX: Duration = Duration::from_secs(5 * 60);
/// Wrong passwords of an address are forgotten when it has tried none for so long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);
/// Wrong passwords for a name, of whatever address, before there is a delay.
const FREE_FOR_NAME: u32 = 100;
/// One of them is forgotten so often.
const NAME_FORGETS_EVERY: Duration = Duration::from_secs(6);
/// Names, and names with an address, remembered. Above it those that are at rest are dropped, then the oldest.
const REMEMBERED_MAX: usize = 10_000;

/// Who tries to log in as whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Guesser {
    pub tenant: Tenant,
    pub name: String,
    /// None where a request has no address.
    pub address: Option<IpAddr>,
}

/// Attempts to log in that did not end well, of this process.
#[derive(Default)]
pub struct Delays(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    by_guesser: HashMap<Guesser, Attempts>,
    by_name: HashMap<(Tenant, String), Level>,
}

trait Memory {
    fn last_at(&self) -> Timestamp;
    /// Whether it makes no difference to an attempt at `now`.
    fn is_at_rest(&self, now: Timestamp) -> bool;
}

struct Attempts {
    count: u32,
    last_at: Timestamp,
}

struct Level {
    count: u32,
    /// Up to when forgetting has been counted.
    since: Timestamp,
}

impl Delays {
    /// Counts an attempt, as a wrong one until `succeeded` or `withdrawn`. Errors with the time to wait while it comes too
    /// early.
    pub fn attempt(&self, guesser: &Guesser, now: Timestamp) -> Result<(), Duration> {
        let mut all = self.lock();
        let Remembered {
            by_guesser,
            by_name,
        } = &mut *all;
        let attempts = by_guesser.get(guesser).filter(|of| !of.is_at_rest(now));
        let count = attempts.map_or(0, |attempts| attempts.count);
        if let Some(left) = attempts.and_then(|attempts| attempts.left(now)) {
            return Err(left);
        }
        let name = guesser.name();
        make_room(by_name, &name, now);
        let level = by_name.entry(name).or_insert(Level {
            count: 0,
            since: now,
        });
        level.raise(now)?;
        make_room(by_guesser, guesser, now);
        let attempts = Attempts {
            count: count.saturating_add(1),
            last_at: now,
        };
        by_guesser.insert(guesser.clone(), attempts);
        Ok(())
    }

    /// The last attempt had the right password.
    pub fn succeeded(&self, guesser: &Guesser) {
        let mut all = self.lock();
        all.by_guesser.remove(guesser);
        all.lower(guesser);
    }

    /// The last attempt was not looked at.
    pub fn withdrawn(&self, guesser: &Guesser) {
        let mut all = self.lock();
        if let Some(attempts) = all.by_guesser.get_mut(guesser) {
            attempts.count = attempts.count.saturating_sub(1);
        }
        all.lower(guesser);
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().expect("no holder of this lock can panic")
    }
}

impl Guesser {
    fn name(&self) -> (Tenant, String) {
        (self.tenant.clone(), self.name.clone())
    }
}

impl Remembered {
    fn lower(&mut self, guesser: &Guesser) {
        if let Some(level) = self.by_name.get_mut(&guesser.name()) {
            level.count = level.count.saturating_sub(1);
        }
    }
}

impl Attempts {
    /// Time until the next attempt is looked at; None when it is at `now`.
    fn left(&self, now: Timestamp) -> Option<Duration> {
        let doublings = self.count.checked_sub(FREE_ATTEMPTS)?;
        let delay = DELAY_FIRST.saturating_mul(2_u32.saturating_pow(doublings));
        let left = self.last_at.plus(delay.min(DELAY_MAX)).since(now);
        (left > Duration::ZERO).then_some(left)
    }
}

impl Memory for Attempts {
    fn last_at(&self) -> Timestamp {
        self.last_at
    }

    fn is_at_rest(&self, now: Timestamp) -> bool {
        now.since(self.last_at) >= FORGOTTEN_AFTER
    }
}

impl Level {
    /// Counts an attempt; errors with the time to wait for one.
    fn raise(&mut self, now: Timestamp) -> Result<(), Duration> {
        let forgotten = now.since(self.since).as_millis() / NAME_FORGETS_EVERY.as_millis();
        let forgotten = u32::try_from(forgotten).unwrap_or(u32::MAX);
        if forgotten >= self.count {
            (self.count, self.since) = (0, now);
        } else {
            self.count -= forgotten;
            self.since = self.since.plus(NAME_FORGETS_EVERY * forgotten);
        }
        if self.count >= FREE_FOR_NAME {
            return Err(self.since.plus(NAME_FORGETS_EVERY).since(now));
        }
        self.count += 1;
        Ok(())
    }
}

impl Memory for Level {
    fn last_at(&self) -> Timestamp {
        self.since
    }

    fn is_at_rest(&self, now: Timestamp) -> bool {
        now.since(self.since) >= NAME_FORGETS_EVERY * self.count
    }
}

fn make_room<K: Clone + Eq + Hash, M: Memory>(all: &mut HashMap<K, M>, key: &K, now: Timestamp) {
    if all.len() < REMEMBERED_MAX || all.contains_key(key) {
        return;
    }
    all.retain(|_, memory| !memory.is_at_rest(now));
    if all.len() >= REMEMBERED_MAX {
        let oldest = all.iter().min_by_key(|(_, memory)| memory.last_at());
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            all.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn guesser(name: &str, address: u32) -> Guesser {
        Guesser {
            tenant: Tenant::default(),
            name: name.to_owned(),
            address: Some(Ipv4Addr::from(address).into()),
        }
    }

    #[test]
    fn each_wrong_password_beyond_the_first_few_doubles_the_delay() {
        let (delays, kim) = (Delays::default(), guesser("kim", 1));
        let attempt = |millis| delays.attempt(&kim, at(millis));
        for _ in 0..FREE_ATTEMPTS {
            assert_eq!(attempt(0), Ok(()));
        }
        assert_eq!(attempt(1), Err(Duration::from_millis(999)));
        assert_eq!(attempt(1_000), Ok(()));
        assert_eq!(attempt(1_500), Err(Duration::from_millis(1_500)));
        assert_eq!(delays.attempt(&guesser("lee", 1), at(1_500)), Ok(()));
        delays.succeeded(&kim);
        assert_eq!(attempt(1_500), Ok(()));
    }

    #[test]
    fn a_delay_is_never_longer_than_its_bound_and_is_forgotten() {
        let (delays, kim) = (Delays::default(), guesser("kim", 1));
        let mut now = 0;
        for _ in 0..60 {
            while let Err(left) = delays.attempt(&kim, at(now)) {
                assert!(left <= DELAY_MAX);
                now += i64::try_from(left.as_millis()).unwrap();
            }
        }
        assert_eq!(
            delays.attempt(&kim, at(now + 1)).unwrap_err().as_millis(),
            299_999
        );
        let later = at(now).plus(FORGOTTEN_AFTER);
        for _ in 0..FREE_ATTEMPTS {
            assert_eq!(delays.attempt(&kim, later), Ok(()));
        }
        assert_eq!(delays.attempt(&kim, later), Err(DELAY_FIRST));
    }

    #[test]
    fn guesses_of_one_address_do_not_delay_another_until_there_are_many() {
        let delays = Delays::default();
        let attempt = |address, millis| delays.attempt(&guesser("kim", address), at(millis));
        for _ in 0..FREE_ATTEMPTS {
            assert_eq!(attempt(1, 0), Ok(()));
        }
        assert_eq!(attempt(1, 0), Err(DELAY_FIRST));
        for address in 2..=FREE_FOR_NAME - FREE_ATTEMPTS + 1 {
            assert_eq!(attempt(address, 0), Ok(()));
        }
        assert_eq!(attempt(1_000, 0), Err(NAME_FORGETS_EVERY));
        assert_eq!(attempt(1_000, 6_000), Ok(()));
        assert_eq!(attempt(1_001, 6_000), Err(NAME_FORGETS_EVERY));
        delays.succeeded(&guesser("kim", 1_000));
        assert_eq!(attempt(1_001, 6_000), Ok(()));
    }

    #[test]
    fn an_attempt_that_was_not_looked_at_does_not_count() {
        let (delays, kim) = (Delays::default(), guesser("kim", 1));
        for _ in 0..3 * FREE_FOR_NAME {
            assert_eq!(delays.attempt(&kim, at(0)), Ok(()));
            delays.withdrawn(&kim);
        }
    }

    #[test]
    fn no_more_names_are_remembered_than_the_bound() {
        let delays = Delays::default();
        for name in 0..REMEMBERED_MAX + 10 {
            let attempt = delays.attempt(&guesser(&name.to_string(), 1), at(0));
            assert_eq!(attempt, Ok(()));
        }
        let all = delays.lock();
        assert!(all.by_guesser.len() <= REMEMBERED_MAX && all.by_name.len() <= REMEMBERED_MAX);
    }
}
