//! What a job view means for a command: text for stdout, and whether the command succeeded.

use callboard::http::JobView;
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
