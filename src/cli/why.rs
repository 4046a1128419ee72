//! `callboard why`

use callboard::http::{BecauseView, OwnerView, WhyTaskView, WhyView};
use callboard_orchestra::JobId;

use super::{client::ServerArgs, failure::Failure, terminal};

#[derive(clap::Args)]
pub struct Args {
    /// Id of the job
    job: JobId,
    /// Print what the server answers
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub async fn why(args: Args) -> Result<(), Failure> {
    let client = args.server.client()?;
    let request = client.get(&["v1", "jobs", &args.job.to_string(), "why"]);
    let text = client.text(request).await?;
    if args.json {
        return terminal::print(&text);
    }
    terminal::print(&shown(&client.read(&text)?))
}

fn shown(why: &WhyView) -> String {
    let mut lines = vec![format!(
        "{} {}: {}",
        why.job,
        why.state.0.name(),
        why.summary
    )];
    lines.extend(why.deadline.iter().map(|at| format!("deadline {at}")));
    lines.extend(why.owner.iter().map(|owner| {
        let OwnerView {
            process,
            epoch,
            node,
            incarnation,
        } = owner;
        format!("moved by {node} (incarnation {incarnation}) of {process} (epoch {epoch})")
    }));
    if why.recoveries > 0 {
        lines.push(format!(
            "taken up by {} processes since a task last succeeded",
            why.recoveries
        ));
    }
    for task in &why.tasks {
        lines.push(format!(
            "  {} ({}), attempt {} of {}: {}",
            task.task.name,
            task.task.role,
            task.attempt,
            task.attempts_max,
            because(task)
        ));
        let error = task.last_error.iter();
        lines.extend(
            error.map(|error| format!("    last error: {} ({})", error.message, error.code)),
        );
    }
    if why.more_tasks > 0 {
        lines.push(format!("  and {} more tasks", why.more_tasks));
    }
    lines.join("\n")
}

fn because(task: &WhyTaskView) -> String {
    let by = |until: &Option<String>| {
        until
            .as_ref()
            .map_or_else(String::new, |at| format!(" until {at}"))
    };
    match &task.because {
        BecauseView::InHand {
            worker, total: 0, ..
        } => format!("in hand at worker {worker}"),
        BecauseView::InHand {
            worker,
            done,
            total,
        } => format!("in hand at worker {worker}, {done} of {total} done"),
        BecauseView::Queued {
            ahead_at_most,
            eta_ms,
        } => {
            let eta = eta_ms.map(|ms| format!(", about {ms} ms to go"));
            format!(
                "queued behind at most {ahead_at_most}{}",
                eta.unwrap_or_default()
            )
        }
        BecauseView::Breaker { retry_after_ms } => {
            format!("the breaker of the role is open for another {retry_after_ms} ms")
        }
        BecauseView::RolePaused {} => "the role is paused or drains".to_owned(),
        BecauseView::Room {} => "about to be handed to its crew".to_owned(),
        BecauseView::Paused {} => "the job is paused".to_owned(),
        BecauseView::Retry { at } => format!("tried again at {at}"),
        BecauseView::Timer { until } => format!("put off until {until}"),
        BecauseView::Approval {
            approval,
            why,
            until,
        } => format!("needs approval {approval}{}: {why}", by(until)),
        BecauseView::Signal { name, until } => format!("waits for the signal {name}{}", by(until)),
        BecauseView::UnknownOutcome { effect } => {
            format!("whether {effect} took place is for a person to find out")
        }
        BecauseView::Operator { process_deaths: 0 } => {
            "has used up its attempts: retry or cancel the job".to_owned()
        }
        BecauseView::Operator { process_deaths } => {
            format!("was in hand at {process_deaths} process deaths: retry or cancel the job")
        }
        BecauseView::Dependency { on, more: 0 } => format!("after {}", on.join(", ")),
        BecauseView::Dependency { on, more } => {
            format!("after {} and {more} more", on.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_of_reasons_is_a_sentence_and_a_line_for_each_task() {
        let why = json!({
            "job": "job_019c8f0e5a7c7d0bb1a2c3d4e5f60718", "state": "running",
            "summary": "task `a` is in hand, at worker 1 of r", "recoveries": 2, "more_tasks": 7,
            "owner": {"process": "process 7 since noon", "epoch": 3, "node": "root/core/shard-0", "incarnation": 2},
            "tasks": [
                {"task": {"id": 1, "name": "a", "role": "r"}, "attempt": 2, "attempts_max": 5,
                 "because": "in_hand", "worker": 1, "done": 3, "total": 9,
                 "last_error": {"code": "timeout", "message": "too slow"}},
                {"task": {"id": 2, "name": "b", "role": "r"}, "attempt": 1, "attempts_max": 5,
                 "because": "dependency", "on": ["a"], "more": 0},
            ],
        });
        assert_eq!(
            shown(&serde_json::from_value(why).unwrap()),
            "job_019c8f0e5a7c7d0bb1a2c3d4e5f60718 running: task `a` is in hand, at worker 1 of r\n\
             moved by root/core/shard-0 (incarnation 2) of process 7 since noon (epoch 3)\n\
             taken up by 2 processes since a task last succeeded\n  \
             a (r), attempt 2 of 5: in hand at worker 1, 3 of 9 done\n    \
             last error: too slow (timeout)\n  \
             b (r), attempt 1 of 5: after a\n  \
             and 7 more tasks"
        );
    }
}
