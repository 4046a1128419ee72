//! Styles by meaning. Colour only repeats what a word says: without it nothing is lost.

use callboard::health::Status;
use callboard_orchestra::job::JobState;
use callboard_runtime::{BreakerState, NodeState, WorkerState};
use ratatui::style::{Color, Modifier, Style};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    colours: bool,
}

impl Palette {
    pub const fn of(colours: bool) -> Self {
        Self { colours }
    }

    /// Weight and inversion alone.
    pub const fn plain() -> Self {
        Self::of(false)
    }

    fn colour(self, colour: Color) -> Style {
        match self.colours {
            true => Style::new().fg(colour),
            false => Style::new(),
        }
    }

    pub fn good(self) -> Style {
        self.colour(Color::Green)
    }

    pub fn busy(self) -> Style {
        self.colour(Color::Cyan)
    }

    pub fn warning(self) -> Style {
        self.colour(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    pub fn bad(self) -> Style {
        self.colour(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// Dimmed rather than grey: a grey is lost on some backgrounds.
    pub fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The selected row, and what must not be overlooked.
    pub fn inverse(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub fn node(self, state: NodeState) -> Style {
        match state {
            NodeState::Running => self.good(),
            NodeState::Starting | NodeState::Paused | NodeState::Draining => self.warning(),
            NodeState::Backoff | NodeState::Escalated => self.bad(),
        }
    }

    pub fn breaker(self, state: BreakerState) -> Style {
        match state {
            BreakerState::Closed => self.good(),
            BreakerState::HalfOpen => self.warning(),
            BreakerState::Open => self.bad(),
        }
    }

    pub fn worker(self, state: WorkerState) -> Style {
        match state {
            WorkerState::Idle => Style::new(),
            WorkerState::Busy => self.busy(),
            WorkerState::Backoff => self.warning(),
            WorkerState::Dead => self.bad(),
        }
    }

    pub fn job(self, state: JobState) -> Style {
        match state {
            JobState::Queued | JobState::Cancelled => Style::new(),
            JobState::Planning
            | JobState::Running
            | JobState::Aggregating
            | JobState::Validating => self.busy(),
            JobState::Waiting => self.warning(),
            JobState::Succeeded => self.good(),
            JobState::Failed => self.bad(),
        }
    }

    pub fn health(self, status: Status) -> Style {
        match status {
            Status::Healthy => self.good(),
            Status::Degraded | Status::Unknown => self.warning(),
            Status::Unhealthy => self.bad(),
        }
    }
}
