//! Messages that a resident sends itself later; they end with the instance that asked for them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::time::Instant;

type Due = (Instant, u64);

pub(super) struct Timers<M> {
    waiting: RefCell<BTreeMap<Due, M>>,
    last: Cell<u64>,
}

/// One message to come. Dropping it changes nothing.
pub struct Timer {
    due: Due,
    timers: Rc<dyn Cancel>,
}

trait Cancel {
    fn cancel(&self, due: Due) -> bool;
}

impl Timer {
    /// True when the message had not been delivered yet; it then never is.
    pub fn cancel(self) -> bool {
        self.timers.cancel(self.due)
    }
}

impl<M: 'static> Timers<M> {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self {
            waiting: RefCell::new(BTreeMap::new()),
            last: Cell::new(0),
        })
    }

    pub(super) fn add(self: &Rc<Self>, at: Instant, message: M) -> Timer {
        // The number keeps messages of one instant in the order in which they were asked for.
        let due = (at, self.last.get() + 1);
        self.last.set(due.1);
        self.waiting.borrow_mut().insert(due, message);
        Timer {
            due,
            timers: self.clone(),
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting
            .borrow()
            .first_key_value()
            .map(|((at, _), _)| *at)
    }

    pub(super) fn pop(&self, now: Instant) -> Option<M> {
        let mut waiting = self.waiting.borrow_mut();
        let first = waiting.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    pub(super) fn clear(&self) {
        let dropped = self.waiting.take();
        drop(dropped);
    }
}

impl<M> Cancel for Timers<M> {
    fn cancel(&self, due: Due) -> bool {
        let removed = self.waiting.borrow_mut().remove(&due);
        removed.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn messages_of_one_instant_keep_their_order() {
        let timers = Timers::new();
        let at = Instant::now();
        let _first = timers.add(at, 1);
        let _second = timers.add(at, 2);
        assert_eq!(timers.pop(at), Some(1));
        assert_eq!(timers.pop(at), Some(2));
        assert_eq!(timers.pop(at), None);
    }

    #[test]
    fn a_message_is_not_delivered_before_its_time_nor_after_its_cancellation() {
        let timers = Timers::new();
        let at = Instant::now() + Duration::from_secs(1);
        let timer = timers.add(at, ());
        assert_eq!(timers.pop(at - Duration::from_millis(1)), None);
        assert!(timer.cancel());
        assert_eq!(timers.next(), None);
        let delivered = timers.add(at, ());
        timers.pop(at);
        assert!(!delivered.cancel());
    }
}
