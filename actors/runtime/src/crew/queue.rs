//! The order of waiting tasks: shares take turns, each for as many tasks as its weight; within a share the higher priority goes first, then the older task;
//! waiting raises a task's priority, so nothing waits for ever.
//! A deficit round robin (Shreedhar, Varghese, 1996) in which every task costs one and a share's quantum is its weight.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::notice::{Share, TaskKey};

const PRIORITIES: usize = 10;
/// Withdrawn tasks may leave this many more entries behind than there are live ones before the queue is swept.
const TOMBSTONES_SLACK: usize = 64;

/// One waiting task; `seq` tells it from an earlier stay of the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) key: TaskKey,
    pub(super) seq: u64,
    pub(super) since: Instant,
}

pub(super) struct FairQueue {
    lanes: HashMap<u64, Lane>,
    /// Shares in the order of their turns; every lane is in it exactly once.
    turns: VecDeque<u64>,
    live: usize,
    tombstones: usize,
    ageing: Duration,
}

#[derive(Default)]
struct Lane {
    levels: [VecDeque<Waiting>; PRIORITIES],
    live: usize,
    /// As the latest of its tasks has it.
    weight: u32,
    /// Tasks that it has given in its present turn.
    given: u32,
}

impl FairQueue {
    pub(super) fn new(ageing: Duration) -> Self {
        Self {
            lanes: HashMap::new(),
            turns: VecDeque::new(),
            live: 0,
            tombstones: 0,
            ageing,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.live
    }

    pub(super) fn share_len(&self, share: u64) -> usize {
        self.lanes.get(&share).map_or(0, |lane| lane.live)
    }

    pub(super) fn push(&mut self, share: Share, priority: u8, waiting: Waiting) {
        let lane = self.lanes.entry(share.class).or_insert_with(|| {
            self.turns.push_back(share.class);
            Lane::default()
        });
        lane.weight = share.weight.get();
        lane.levels[level(priority)].push_back(waiting);
        lane.live += 1;
        self.live += 1;
    }

    /// The next task in order; `is_live` tells whether an entry still stands for a waiting task.
    pub(super) fn pop(
        &mut self,
        now: Instant,
        is_live: impl Fn(&Waiting) -> bool,
    ) -> Option<Waiting> {
        while let Some(share) = self.turns.pop_front() {
            let Some(lane) = self.lanes.get_mut(&share) else {
                continue;
            };
            if self.tombstones > 0 {
                self.tombstones -= lane.drop_dead_heads(&is_live);
            }
            let Some(waiting) = lane.pop(now, self.ageing) else {
                self.lanes.remove(&share);
                continue;
            };
            self.live -= 1;
            lane.given += 1;
            if lane.live == 0 {
                self.tombstones -= lane.entries();
                self.lanes.remove(&share);
            } else if lane.given < lane.weight {
                self.turns.push_front(share);
            } else {
                lane.given = 0;
                self.turns.push_back(share);
            }
            return Some(waiting);
        }
        None
    }

    /// Forgets one task of a share; its entry stays behind until it is met or swept.
    pub(super) fn withdraw(&mut self, share: u64, is_live: impl Fn(&Waiting) -> bool) {
        if let Some(lane) = self.lanes.get_mut(&share) {
            lane.live -= 1;
            self.live -= 1;
            self.tombstones += 1;
        }
        if self.tombstones > self.live + TOMBSTONES_SLACK {
            for lane in self.lanes.values_mut() {
                for level in &mut lane.levels {
                    level.retain(&is_live);
                }
            }
            self.tombstones = 0;
        }
    }
}

impl Lane {
    /// Entries at the head of a level that stand for nothing any more; returns how many.
    fn drop_dead_heads(&mut self, is_live: impl Fn(&Waiting) -> bool) -> usize {
        let mut dropped = 0;
        for level in &mut self.levels {
            while level.front().is_some_and(|head| !is_live(head)) {
                level.pop_front();
                dropped += 1;
            }
        }
        dropped
    }

    fn pop(&mut self, now: Instant, ageing: Duration) -> Option<Waiting> {
        // The head of a level is its oldest task, so the best task of the lane is one of the heads.
        let best = self
            .levels
            .iter()
            .enumerate()
            .filter_map(|(priority, level)| {
                let head = level.front()?;
                Some((priority, effective(priority, head, now, ageing), head.seq))
            })
            .max_by_key(|(_, effective, seq)| (*effective, std::cmp::Reverse(*seq)));
        let (priority, _, _) = best?;
        let popped = self.levels[priority].pop_front()?;
        self.live -= 1;
        Some(popped)
    }

    fn entries(&self) -> usize {
        self.levels.iter().map(VecDeque::len).sum()
    }
}

fn level(priority: u8) -> usize {
    usize::from(priority).min(PRIORITIES - 1)
}

fn effective(priority: usize, waiting: &Waiting, now: Instant, ageing: Duration) -> u128 {
    let waited = now.saturating_duration_since(waiting.since).as_nanos();
    priority as u128 + waited.checked_div(ageing.as_nanos()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AGEING: Duration = Duration::from_secs(10);

    fn waiting(number: u64, since: Instant) -> Waiting {
        Waiting {
            key: TaskKey {
                source: 0,
                number,
                dispatch: 0,
            },
            seq: number,
            since,
        }
    }

    fn numbers(queue: &mut FairQueue, now: Instant) -> Vec<u64> {
        std::iter::from_fn(|| queue.pop(now, |_| true))
            .map(|waiting| waiting.key.number)
            .collect()
    }

    #[test]
    fn shares_take_turns_however_much_one_of_them_offers() {
        let now = Instant::now();
        let mut queue = FairQueue::new(AGEING);
        for number in 0..4 {
            queue.push(1.into(), 5, waiting(number, now));
        }
        queue.push(2.into(), 5, waiting(10, now));
        queue.push(3.into(), 0, waiting(20, now));
        assert_eq!(numbers(&mut queue, now), [0, 10, 20, 1, 2, 3]);
    }

    #[test]
    fn a_turn_of_a_share_is_as_long_as_its_weight() {
        let now = Instant::now();
        let mut queue = FairQueue::new(AGEING);
        let heavy = Share {
            class: 1,
            weight: 3.try_into().unwrap(),
        };
        for number in 0..7 {
            queue.push(heavy, 5, waiting(number, now));
        }
        for number in 10..13 {
            queue.push(2.into(), 5, waiting(number, now));
        }
        assert_eq!(numbers(&mut queue, now), [0, 1, 2, 10, 3, 4, 5, 11, 6, 12]);
    }

    #[test]
    fn within_a_share_priority_goes_before_age_and_age_before_nothing() {
        let now = Instant::now();
        let mut queue = FairQueue::new(AGEING);
        queue.push(1.into(), 0, waiting(0, now));
        queue.push(1.into(), 9, waiting(1, now));
        queue.push(1.into(), 9, waiting(2, now));
        queue.push(1.into(), 200, waiting(3, now));
        assert_eq!(numbers(&mut queue, now), [1, 2, 3, 0]);
    }

    #[test]
    fn waiting_long_enough_beats_a_higher_priority() {
        let now = Instant::now();
        let mut queue = FairQueue::new(AGEING);
        queue.push(1.into(), 0, waiting(0, now));
        let later = now + AGEING * 10;
        queue.push(1.into(), 9, waiting(1, later));
        assert_eq!(numbers(&mut queue, later), [0, 1]);
    }

    #[test]
    fn withdrawn_tasks_are_skipped_and_swept() {
        let now = Instant::now();
        let mut queue = FairQueue::new(AGEING);
        let total = 10 * TOMBSTONES_SLACK as u64;
        for number in 0..total {
            queue.push((number % 2).into(), 0, waiting(number, now));
        }
        let is_live = |waiting: &Waiting| waiting.key.number == total - 1;
        for number in 0..total - 1 {
            queue.withdraw(number % 2, is_live);
        }
        assert_eq!(queue.len(), 1);
        let entries: usize = queue.lanes.values().map(Lane::entries).sum();
        assert!(
            entries <= 2 * TOMBSTONES_SLACK,
            "{entries} entries for one task"
        );
        assert_eq!(
            queue.pop(now, is_live).map(|next| next.key.number),
            Some(total - 1)
        );
        assert_eq!(queue.pop(now, is_live), None);
    }

    proptest! {
        #[test]
        fn every_task_comes_out_once_unless_it_was_withdrawn(
            tasks in prop::collection::vec((0_u64..5, 0_u8..12, any::<bool>()), 0..200),
        ) {
            let now = Instant::now();
            let mut queue = FairQueue::new(AGEING);
            for (number, (share, priority, _)) in tasks.iter().enumerate() {
                queue.push((*share).into(), *priority, waiting(number as u64, now));
            }
            let withdrawn = |number: u64| tasks[number as usize].2;
            let mut gone = std::collections::HashSet::new();
            for (number, (share, _, withdraw)) in tasks.iter().enumerate() {
                if *withdraw {
                    gone.insert(number as u64);
                    queue.withdraw(*share, |waiting| !gone.contains(&waiting.key.number));
                }
            }
            let mut out: Vec<u64> = std::iter::from_fn(|| {
                queue.pop(now, |waiting| !gone.contains(&waiting.key.number))
            })
            .map(|waiting| waiting.key.number)
            .collect();
            out.sort_unstable();
            let expected: Vec<u64> = (0..tasks.len() as u64).filter(|n| !withdrawn(*n)).collect();
            prop_assert_eq!(out, expected);
            prop_assert_eq!(queue.len(), 0);
            prop_assert_eq!(queue.tombstones, 0);
        }
    }
}
