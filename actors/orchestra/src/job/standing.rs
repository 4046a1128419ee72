//! Where a job stands between commands: which stage it is in, what it waits for, and what must be under way.

use super::{
    effect::Effect,
    event::JobEvent,
    fold::Job,
    state::{JobState, WaitReason},
    task::{Task, TaskState, Wait},
};

/// Recoveries without progress after which tasks run one at a time, their starts committed.
const RECOVERIES_BEFORE_CARE: u32 = 2;

/// How a process left the tasks it had in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    Released,
    Died,
}

impl Job {
    /// The stage of a job that waits for nothing.
    pub(super) fn phase(&self) -> JobState {
        let is_done = |id| {
            self.task(id)
                .is_some_and(|task| task.state == TaskState::Succeeded)
        };
        match self.aggregate {
            None => JobState::Planning,
            Some(_) if self.open_tasks > 0 => JobState::Running,
            Some(aggregate) if !is_done(aggregate) => JobState::Aggregating,
            Some(_) => JobState::Validating,
        }
    }

    /// True while processes die of the job, or may: its tasks are handed out one at a time, each start committed before.
    pub fn is_careful(&self) -> bool {
        self.recoveries >= RECOVERIES_BEFORE_CARE
    }

    /// The event that brings the job's state in line with its tasks; `None` when it is.
    pub(super) fn standing(&self) -> Option<JobEvent> {
        if self.state.is_final() {
            return None;
        }
        match self.wait_reason() {
            Some(reason) if self.waiting_for.as_ref() != Some(&reason) => {
                Some(JobEvent::JobWaiting {
                    waiting_for: reason,
                })
            }
            None if self.state == JobState::Waiting => Some(JobEvent::JobRunning {}),
            Some(_) | None => None,
        }
    }

    fn wait_reason(&self) -> Option<WaitReason> {
        if self.paused {
            return Some(WaitReason::Paused {});
        }
        if self.due_tasks > 0 {
            return None;
        }
        self.tasks
            .iter()
            .filter_map(reason_of)
            .min_by_key(|reason| (urgency(reason), reason.until()))
    }

    /// What must be under way in this state: the effects a recovery runs.
    pub fn outstanding(&self) -> Vec<Effect> {
        if self.state.is_final() {
            return Vec::new();
        }
        let deadline = self.deadline.map(|at| Effect::Expire { at });
        let tasks = self
            .tasks
            .iter()
            .filter_map(|task| match (task.state, task.wake_at) {
                (TaskState::Ready | TaskState::Running, _) => Some(Effect::Offer(task.id())),
                (TaskState::Retrying | TaskState::Waiting, Some(at)) => Some(Effect::Wake {
                    task: task.id(),
                    at,
                }),
                (TaskState::Retrying | TaskState::Waiting, None)
                | (
                    TaskState::Pending
                    | TaskState::Succeeded
                    | TaskState::Failed
                    | TaskState::Skipped
                    | TaskState::Cancelled,
                    _,
                ) => None,
            });
        tasks.chain(deadline).collect()
    }

    /// Whether tasks may have been in hand when the process before ended: it died with them, or gave them back.
    pub(crate) fn in_hand_before(&self) -> Option<Ending> {
        let in_hand = |task: &&Task| match task.state {
            TaskState::Running => true,
            TaskState::Ready => !self.paused,
            TaskState::Pending
            | TaskState::Retrying
            | TaskState::Waiting
            | TaskState::Succeeded
            | TaskState::Failed
            | TaskState::Skipped
            | TaskState::Cancelled => false,
        };
        let endings = self
            .tasks
            .iter()
            .filter(in_hand)
            .map(|task| match task.released {
                true => Ending::Released,
                false => Ending::Died,
            });
        endings.max()
    }

    /// Fills in what a stored job leaves out because it follows from the rest.
    pub(crate) fn restored(mut self) -> Self {
        let names = self
            .tasks
            .iter()
            .map(|task| (task.entry.name.clone(), task.id()));
        self.names = names.collect();
        self
    }
}

fn reason_of(task: &Task) -> Option<WaitReason> {
    let reason = match (task.wait.as_ref()?, task.wake_at) {
        (Wait::Timer, Some(until)) => WaitReason::Timer { until },
        (Wait::Approval { approval, .. }, Some(until)) => WaitReason::Approval {
            approval: *approval,
            until,
        },
        (Wait::Timer | Wait::Approval { .. }, None) => return None,
        (Wait::Signal { name }, until) => WaitReason::Signal {
            name: name.clone(),
            until,
        },
        (Wait::UnknownOutcome { effect }, _) => WaitReason::UnknownOutcome { effect: *effect },
        (Wait::Operator, _) => WaitReason::Operator { task: task.id() },
    };
    (task.state == TaskState::Waiting).then_some(reason)
}

/// Which of several reasons is named: the lowest.
const fn urgency(reason: &WaitReason) -> u8 {
    match reason {
        WaitReason::Paused {} => 0,
        WaitReason::Operator { .. } => 1,
        WaitReason::UnknownOutcome { .. } => 2,
        WaitReason::Approval { .. } => 3,
        WaitReason::Signal { .. } => 4,
        WaitReason::Timer { .. } => 5,
    }
}
