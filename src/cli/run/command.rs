//! The whole of a run: check, boot, submit, follow, print, stop.

use std::{path::PathBuf, sync::Arc};

use callboard::{
    boot::Instance,
    config::{LogConfig, Secret},
    http::JobView,
    packs,
    shutdown::{Reason, Signals},
    telemetry,
};
use callboard_orchestra::{
    Author, ControlError, JobId, Pack, Payload, Submission, SubmitError, Tenant, catalog::Catalog,
    journal::JobRow, shard::CommandError,
};

use super::{
    artifacts,
    folder::{self, RUNS_KEPT_MAX},
    follow::follow,
    prices,
};
use crate::cli::{
    failure::Failure, input::InputArgs, job, progress::Progress, settings::Settings, terminal,
};

/// What a run logs unless the configuration says otherwise: the command itself tells how the job ended.
const LOG_FILTER: &str = "error";
const CANCEL_REASON: &str = "interrupted";

#[derive(clap::Args)]
pub struct Args {
    /// Kind of the job, for example market.compare
    kind: String,
    #[command(flatten)]
    input: InputArgs,
    /// Prices in CSV in place of the embedded ones, for market kinds
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Print the job as one JSON object
    #[arg(long)]
    json: bool,
    #[arg(long, value_name = "DIR", help = format!(
        "Where artifacts are written; without it the folder of the run, and only the latest {RUNS_KEPT_MAX} of these are kept"
    ))]
    out: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

pub async fn run(args: Args) -> Result<(), Failure> {
    let mut config = args.settings.load([])?;
    let input = args.input.read()?;
    let supply = prices::of(&args.kind, args.prices.as_deref(), &config).await?;
    // A run has a store of its own, whatever a server would use.
    config.store.url = Secret::default();
    let packs = packs::all(&config, supply);
    admit(&packs, &args.kind, &input)?;
    log(&config.log)?;

    // A run has no callers to tell apart.
    config.audit.enabled = false;
    // And no request that a trace would come with.
    config.telemetry.otlp_url.clear();
    let mut signals = Signals::listen()?;
    let folder = folder::fresh(&config.store.data_dir);
    let instance = Instance::boot(&config, folder.clone(), &packs).await?;
    let ended = conduct(&instance, Submission::new(&args.kind, input), &mut signals).await;
    let written = match &ended {
        Ok(Conducted { job, .. }) => {
            let out = args.out.unwrap_or_else(|| folder.join("out"));
            artifacts::write(&instance, *job, &out).await
        }
        Err(_) => Ok(Vec::new()),
    };
    let stopped = signals
        .or_at_once(instance.stop(config.server.drain_grace))
        .await;

    let Conducted {
        row, interrupted, ..
    } = ended?;
    let finished = JobView::of(&row);
    job::print(&finished, args.json)?;
    for path in written?.iter().filter(|_| !args.json) {
        terminal::print(&format!("wrote {}", path.display()))?;
    }
    if interrupted {
        return Err(Failure::Interrupted(format!(
            "{} {}",
            finished.id,
            finished.state.0.name()
        )));
    }
    job::ending(&finished)?;
    Ok(stopped?)
}

/// Refuses what the coordinator would refuse, before anything is written to disk.
fn admit(packs: &[Arc<dyn Pack>], kind: &str, input: &Payload) -> Result<(), Failure> {
    let catalog = Catalog::of(packs).map_err(|error| Failure::Failed(error.to_string()))?;
    let known = catalog.kind(kind).ok_or_else(|| SubmitError::UnknownKind {
        kind: kind.to_owned(),
        near: catalog.near_kind(kind),
    })?;
    (known.admit)(input).map_err(SubmitError::Invalid)?;
    Ok(())
}

fn log(config: &LogConfig) -> anyhow::Result<()> {
    let filter = match config.filter.as_str() {
        filter if filter != LogConfig::default().filter => filter,
        _ => LOG_FILTER,
    };
    telemetry::log(&LogConfig {
        filter: filter.to_owned(),
        ..config.clone()
    })
}

struct Conducted {
    job: JobId,
    row: JobRow,
    interrupted: bool,
}

/// Submits and follows to the end. A signal cancels the job; its end is waited for all the same.
async fn conduct(
    instance: &Instance,
    submission: Submission,
    signals: &mut Signals,
) -> Result<Conducted, Failure> {
    let coordinator = &instance.house.coordinator;
    coordinator.recovered().await;
    let job = coordinator.submit(submission).await?.row.id;
    let mut progress = Progress::quiet_unless_watched();
    let end = follow(coordinator, job, &mut progress);
    tokio::pin!(end);
    let mut interrupted = false;
    let row = loop {
        tokio::select! {
            row = &mut end => break row?,
            reason = signals.reason(instance) => match reason {
                Reason::Asked if interrupted => std::process::exit(130),
                Reason::Asked => {
                    interrupted = true;
                    match coordinator.cancel(&Tenant::default(), job, CANCEL_REASON, &Author::anonymous()).await {
                        Ok(_) | Err(ControlError::Command(CommandError::Ended)) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Reason::Escalated(why) => return Err(Failure::Failed(why)),
                Reason::Fenced => return Err(Failure::Failed("another process has taken the store".to_owned())),
            },
        }
    };
    Ok(Conducted {
        job,
        row,
        interrupted,
    })
}
