//! `callboard approvals`, `callboard approve` and `callboard reject`

use callboard_orchestra::{ApprovalId, JobId, journal::ApprovalState};
use serde::Deserialize;
use serde_json::json;

use super::{client::ServerArgs, failure::Failure, listing, terminal};

#[derive(clap::Args)]
pub struct ListArgs {
    /// Approvals in this state only
    #[arg(long, value_name = "STATE", default_value = "pending", value_parser = ApprovalState::ALL.map(ApprovalState::name))]
    state: String,
    #[command(flatten)]
    listing: listing::Args,
}

#[derive(clap::Args)]
pub struct DecideArgs {
    /// Id of the approval
    approval: ApprovalId,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Print what the server answers
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Deserialize)]
struct Approval {
    id: ApprovalId,
    job: JobId,
    task: listing::TaskName,
    why: String,
    state: ApprovalState,
    expires_at: String,
    decided_by: Option<String>,
}

pub async fn approvals(args: ListArgs) -> Result<(), Failure> {
    let header = ["approval", "state", "job", "task", "until", "why"];
    listing::show("approvals", args.state, args.listing, &header, row).await
}

fn row(approval: Approval) -> Vec<String> {
    vec![
        approval.id.to_string(),
        approval.state.name().to_owned(),
        approval.job.to_string(),
        approval.task.name,
        approval.expires_at,
        approval.why,
    ]
}

pub async fn approve(args: DecideArgs) -> Result<(), Failure> {
    decide(args, "approve").await
}

pub async fn reject(args: DecideArgs) -> Result<(), Failure> {
    decide(args, "reject").await
}

async fn decide(args: DecideArgs, verb: &str) -> Result<(), Failure> {
    let client = args.server.client()?;
    let request = client.post(&["v1", "approvals", &args.approval.to_string(), verb]);
    let remark = json!({"reason": args.reason});
    let text = client.text(request.json(&remark)).await?;
    if args.json {
        return terminal::print(&text);
    }
    let decided: Approval = client.read(&text)?;
    terminal::print(&format!(
        "{} {} by {}: {} of {} asked {:?}",
        decided.id,
        decided.state.name(),
        decided.decided_by.unwrap_or_default(),
        decided.task.name,
        decided.job,
        decided.why,
    ))
}
