//! A crew as whoever steps in at it is shown it.

use callboard_runtime::{BreakerState, CrewVitals, WorkerState};
use serde::Serialize;
use utoipa::ToSchema;

/// A crew at one moment.
#[derive(Serialize, ToSchema)]
#[schema(as = Crew)]
pub struct CrewView {
    #[schema(example = "market.analyst")]
    role: String,
    state: CrewState,
    /// Tasks that wait.
    queue_depth: usize,
    /// Tasks in the hands of its workers.
    in_hand: usize,
    #[schema(value_type = BreakerName)]
    breaker: BreakerState,
    workers: Vec<WorkerView>,
}

/// Whether a crew hands out tasks.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CrewState {
    Running,
    Paused,
    /// As `paused`, while tasks are in hand still.
    Draining,
}

/// State of a breaker.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes what the runtime writes")]
pub enum BreakerName {
    Closed,
    HalfOpen,
    Open,
}

/// What a worker is doing.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes what the runtime writes")]
pub enum WorkerStateName {
    Idle,
    Busy,
    Backoff,
    Dead,
}

/// One worker of a crew.
#[derive(Serialize, ToSchema)]
#[schema(as = Worker)]
struct WorkerView {
    index: u32,
    /// Which instance of the role it has, from 1.
    generation: u64,
    #[schema(value_type = WorkerStateName)]
    state: WorkerState,
    in_hand: u32,
}

impl CrewView {
    pub fn of(vitals: &CrewVitals) -> Self {
        let workers = vitals.workers.iter().map(|worker| WorkerView {
            index: worker.index,
            generation: worker.generation,
            state: worker.state,
            in_hand: worker.in_hand,
        });
        Self {
            role: vitals.role.clone(),
            state: state(vitals),
            queue_depth: vitals.queue_depth,
            in_hand: vitals.in_hand,
            breaker: vitals.breaker.state,
            workers: workers.collect(),
        }
    }
}

pub const fn state(vitals: &CrewVitals) -> CrewState {
    if vitals.draining {
        CrewState::Draining
    } else if vitals.paused {
        CrewState::Paused
    } else {
        CrewState::Running
    }
}
