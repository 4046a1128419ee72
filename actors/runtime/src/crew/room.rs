//! Who was refused for want of room, and when to call them again.

use super::notice::OwnerId;

/// A bound must be this part empty again before those it refused are called, so that they do not come one by one.
const HEADROOM_PART: usize = 4;

/// Why there was no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shortage {
    Queue,
    Share(u64),
    Draining,
}

#[derive(Default)]
pub(super) struct WaitingList {
    owners: Vec<(OwnerId, Shortage)>,
}

impl WaitingList {
    pub(super) fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    pub(super) fn add(&mut self, owner: OwnerId, shortage: Shortage) {
        if !self.owners.contains(&(owner, shortage)) {
            self.owners.push((owner, shortage));
        }
    }

    /// Takes out the owners for whom `is_over` their shortage, each once.
    pub(super) fn call(&mut self, is_over: impl Fn(Shortage) -> bool) -> Vec<OwnerId> {
        let mut called = Vec::new();
        self.owners.retain(|(owner, shortage)| {
            let over = is_over(*shortage);
            if over && !called.contains(owner) {
                called.push(*owner);
            }
            !over
        });
        called
    }
}

/// Whether something bounded by `max` has room enough to call for more.
pub(super) fn has_headroom(len: usize, max: usize) -> bool {
    len <= max.saturating_sub((max / HEADROOM_PART).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_refused_often_is_called_once_and_only_for_a_shortage_that_is_over() {
        let mut list = WaitingList::default();
        for _ in 0..3 {
            list.add(OwnerId(1), Shortage::Queue);
            list.add(OwnerId(1), Shortage::Share(7));
            list.add(OwnerId(2), Shortage::Share(8));
        }
        let share_7 = |shortage| matches!(shortage, Shortage::Queue | Shortage::Share(7));
        assert_eq!(list.call(share_7), [OwnerId(1)]);
        assert_eq!(list.call(|_| true), [OwnerId(2)]);
        assert!(list.is_empty());
    }

    #[test]
    fn a_quarter_must_be_free_and_at_least_one_place() {
        assert!(has_headroom(75, 100));
        assert!(!has_headroom(76, 100));
        assert!(has_headroom(0, 1));
        assert!(!has_headroom(1, 1));
    }
}
