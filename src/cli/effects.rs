//! `callboard effects` and `callboard resolve`

use callboard_orchestra::{EffectClass, EffectId, JobId, journal::EffectState};
use clap::ValueEnum;
use serde::Deserialize;
use serde_json::json;

use super::{client::ServerArgs, failure::Failure, input::read_json, listing, terminal};

#[derive(clap::Args)]
pub struct ListArgs {
    /// Effects in this state only
    #[arg(long, value_name = "STATE", default_value = "unknown", value_parser = EffectState::ALL.map(EffectState::name))]
    state: String,
    #[command(flatten)]
    listing: listing::Args,
}

#[derive(clap::Args)]
pub struct ResolveArgs {
    /// Id of the effect
    effect: EffectId,
    /// What you found out
    #[arg(value_enum)]
    outcome: FoundOut,
    /// Product of the task when the effect succeeded: JSON, a file, or `-` for stdin
    #[arg(long, value_name = "JSON|FILE|-")]
    product: Option<String>,
    /// How you know, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Print what the server answers
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FoundOut {
    /// It took place: the task succeeds
    Succeeded,
    /// It took place wrongly, or must not be tried again: the task fails
    Failed,
    /// It did not take place: the task runs again
    Again,
}

impl FoundOut {
    const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Again => "again",
        }
    }
}

#[derive(Deserialize)]
struct Effect {
    id: EffectId,
    job: JobId,
    task: listing::TaskName,
    attempt: u32,
    class: EffectClass,
    state: EffectState,
    intended_at: String,
    reason: Option<String>,
}

pub async fn effects(args: ListArgs) -> Result<(), Failure> {
    let header = [
        "effect", "state", "class", "job", "task", "attempt", "since", "why",
    ];
    listing::show("effects", args.state, args.listing, &header, row).await
}

fn row(effect: Effect) -> Vec<String> {
    vec![
        effect.id.to_string(),
        effect.state.name().to_owned(),
        effect.class.name().to_owned(),
        effect.job.to_string(),
        effect.task.name,
        effect.attempt.to_string(),
        effect.intended_at,
        effect.reason.unwrap_or_default(),
    ]
}

pub async fn resolve(args: ResolveArgs) -> Result<(), Failure> {
    let client = args.server.client()?;
    let product = args.product.as_deref().map(read_json).transpose()?;
    if product.is_some() && args.outcome != FoundOut::Succeeded {
        let message = "--product belongs to an effect that succeeded".to_owned();
        return Err(Failure::BadInput(message));
    }
    let request = client.post(&["v1", "effects", &args.effect.to_string(), "resolve"]);
    let mut body = json!({
        "outcome": args.outcome.name(), "reason": args.reason,
    })
    .to_string();
    if let Some(product) = product {
        // The product goes out as it came, with every digit of its numbers.
        body.truncate(body.len() - 1);
        body = format!("{body},\"product\":{}}}", product.text());
    }
    let request = request.header("content-type", "application/json");
    let text = client.text(request.body(body)).await?;
    if args.json {
        return terminal::print(&text);
    }
    let resolved: Effect = client.read(&text)?;
    terminal::print(&format!(
        "{} resolved as {}: {} of {}",
        resolved.id,
        args.outcome.name(),
        resolved.task.name,
        resolved.job
    ))
}
