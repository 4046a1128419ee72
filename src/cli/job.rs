//! What a job view means for a command: text for stdout, and whether the command succeeded.

use callboard::http::{JobView, WaitingFor};
use callboard_orchestra::job::JobState;

use super::{failure::Failure, render, terminal};

pub fn to_json(job: &JobView) -> String {
    serde_json::to_string(job).expect("a job is plain data")
}

/// Prints the whole job as JSON, or its result, if it has one, for people.
pub fn print(job: &JobView, json: bool) -> Result<(), Failure> {
    if json {
        return terminal::print(&to_json(job));
    }
    render::result(job).map_or(Ok(()), |result| terminal::print(&result))
}

/// The state of a job in a line, with what it waits for.
pub fn standing(job: &JobView) -> String {
    let waiting = job.waiting_for.as_ref();
    let waiting = waiting.map(|waiting| format!(" for {}", awaited(waiting)));
    format!(
        "{} {}{}",
        job.id,
        job.state.0.name(),
        waiting.unwrap_or_default()
    )
}

/// What a job waits for.
pub fn awaited(waiting: &WaitingFor) -> String {
    match waiting {
        WaitingFor::Timer { until } => format!("a timer until {until}"),
        WaitingFor::Approval { approval, until } => {
            format!("approval {approval} until {until}")
        }
        WaitingFor::Signal { name, until: None } => format!("the signal {name}"),
        WaitingFor::Signal {
            name,
            until: Some(until),
        } => format!("the signal {name} until {until}"),
        WaitingFor::UnknownOutcome { effect } => format!("the outcome of {effect}"),
        WaitingFor::Operator { task } => format!("an operator: task {task} has given up"),
        WaitingFor::Paused {} => "a resume".to_owned(),
    }
}

/// Success for a job that succeeded, else why it did not.
pub fn ending(job: &JobView) -> Result<(), Failure> {
    if job.state.0 == JobState::Succeeded {
        return Ok(());
    }
    let why = job
        .error
        .as_ref()
        .map(|error| format!(": {} ({})", error.message, error.code));
    Err(Failure::Failed(format!(
        "{} {}{}",
        job.id,
        job.state.0.name(),
        why.unwrap_or_default()
    )))
}
