//! The play: who takes part, in which order it ends, and what the judge is handed.

use std::{
    cell::RefCell,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::ValueEnum;
use futures_util::future::join_all;
use tempfile::TempDir;
use tokio::{sync::watch, time::timeout};
use uuid::Uuid;

use super::{
    api::Api,
    book::Book,
    chains,
    database::Database,
    dice::Dice,
    gather::gather,
    human::Human,
    judge::{Evidence, judge},
    kills::{Killer, Kills},
    ledger::Ledger,
    load::Clients,
    report::Report,
    resume::Resume,
    watcher::Watcher,
};
use crate::cli::{
    child::{ServerChild, ServerSpec},
    failure::Failure,
    terminal,
};

/// Time in which every job must have ended after the last kill.
const SETTLE_MAX: Duration = Duration::from_secs(120);
/// Time in which the watcher must have heard of the last end.
const CATCH_UP_MAX: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(10);
const LEDGER_DIR: &str = "ledger";

#[derive(clap::Args)]
pub struct Args {
    /// Time over which the kills are spread; restarts come on top
    #[arg(long, value_name = "N", default_value = "60", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// Servers to kill
    #[arg(long, value_name = "M", default_value = "60", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    kills: u32,
    /// What the servers keep their journal in
    #[arg(long, value_name = "STORE", default_value = "sqlite")]
    store: StoreKind,
    /// Clients that submit side by side
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u32).range(1..=256))]
    clients: u32,
    /// Repeats the moments and the jobs of an earlier run
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// A variable in the environment of every server, as NAME=VALUE
    #[cfg(feature = "failpoints")]
    #[arg(long, value_name = "NAME=VALUE", hide = true, value_parser = pair)]
    child_env: Vec<(String, String)>,
    /// A failpoint to set in every server, as NAME=ACTION
    #[cfg(feature = "failpoints")]
    #[arg(long, value_name = "NAME=ACTION", hide = true, value_parser = pair)]
    failpoint: Vec<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StoreKind {
    Sqlite,
    Postgres,
}

#[cfg(feature = "failpoints")]
fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("there is no `=`")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub async fn verify_crash(args: Args) -> Result<(), Failure> {
    let seed = args.seed.unwrap_or_else(fresh_seed);
    let dir = tempfile::tempdir()
        .map_err(|error| Failure::Failed(format!("make a directory: {error}")))?;
    let kills = args.kills;
    terminal::tell(&format!(
        "{kills} kills in {}, seed {seed}",
        dir.path().display()
    ));
    let stage = Stage::set(dir.path(), &args).await?;
    let played = stage.play(&args, seed).await;
    if let Some(database) = &stage.database {
        database.kill().await?;
    }
    let report = match played {
        Ok(report) => report,
        Err(failure) => return Err(kept(dir, failure)),
    };
    terminal::print(&report.to_table())?;
    match report.violations.len() {
        0 => Ok(()),
        many => {
            let failure = Failure::Failed(format!("{many} violations"));
            Err(kept(dir, failure))
        }
    }
}

/// Stores and logs of a run that failed are left for whoever looks into it.
fn kept(dir: TempDir, failure: Failure) -> Failure {
    let dir = dir.keep();
    match failure {
        Failure::Failed(why) => Failure::Failed(format!("{why}; see {}", dir.display())),
        other => other,
    }
}

fn fresh_seed() -> u64 {
    // The random half of a UUIDv7.
    Uuid::now_v7().as_u64_pair().1
}

/// What is there before the curtain rises.
struct Stage {
    spec: ServerSpec,
    database: Option<Database>,
    ledger: PathBuf,
    failpoints: Vec<(String, String)>,
}

impl Stage {
    async fn set(dir: &Path, args: &Args) -> Result<Self, Failure> {
        let ledger_dir = dir.join(LEDGER_DIR);
        fs::create_dir(&ledger_dir)?;
        let database = match args.store {
            StoreKind::Sqlite => None,
            StoreKind::Postgres => Some(Database::create(&dir.join("postgres")).await?),
        };
        let mut env = vec![(
            "CALLBOARD_DRILL__LEDGER_DIR".to_owned(),
            ledger_dir.display().to_string(),
        )];
        env.extend(database.as_ref().map(|database| {
            let url = database.url();
            ("CALLBOARD_STORE__URL".to_owned(), url)
        }));
        #[cfg(feature = "failpoints")]
        env.extend(args.child_env.iter().cloned());
        #[cfg(feature = "failpoints")]
        let failpoints = args.failpoint.clone();
        #[cfg(not(feature = "failpoints"))]
        let failpoints = Vec::new();
        Ok(Self {
            spec: ServerSpec {
                dir: dir.to_owned(),
                env,
                log: dir.join("server.log"),
            },
            database,
            ledger: ledger_dir.join("effects"),
            failpoints,
        })
    }

    async fn play(&self, args: &Args, seed: u64) -> Result<Report, Failure> {
        let began = Instant::now();
        let (address, at) = watch::channel(None);
        let api = Api::new(at)?;
        let (book, ledger) = (RefCell::default(), RefCell::new(Ledger::at(&self.ledger)));
        let (watcher, resume) = (Watcher::new(), Resume::default());
        let human = Human::new(&api, &ledger);
        let cast = Cast {
            api: &api,
            book: &book,
            watcher: &watcher,
            resume: &resume,
        };
        let acts = self.acts(args, seed, &cast, &address);
        let (server, kills) = tokio::select! {
            acted = acts => acted?,
            () = watcher.watch(&api, &book, &resume) => unreachable!("the watcher watches until it is dropped"),
            () = human.play() => unreachable!("the human plays until it is dropped"),
        };
        let evidence = self.evidence(&cast, &human, &ledger, server).await?;
        let restarts = resume.restarts();
        Ok(Report {
            store: if self.database.is_some() {
                "postgres"
            } else {
                "sqlite"
            },
            seed,
            elapsed: began.elapsed(),
            kills,
            jobs: book.borrow().accepted_jobs(),
            executions: evidence.executions.values().map(Vec::len).sum(),
            asked_again: evidence
                .entries
                .values()
                .map(|e| u64::from(e.asked_again))
                .sum(),
            events_watched: evidence.tracks.values().map(|track| track.last_seq).sum(),
            took_place: human.took_place.get(),
            run_again: human.run_again.get(),
            renewed: human.renewed.get(),
            restarts,
            violations: judge(&evidence),
        })
    }

    /// Load and kills; then every client ends its last job.
    async fn acts(
        &self,
        args: &Args,
        seed: u64,
        cast: &Cast<'_>,
        address: &watch::Sender<Option<SocketAddr>>,
    ) -> Result<(ServerChild, Kills), Failure> {
        let mut dice = Dice::new(seed);
        let killer = Killer {
            spec: &self.spec,
            database: self.database.as_ref(),
            api: cast.api,
            address,
            book: cast.book,
            resume: cast.resume,
            failpoints: &self.failpoints,
        };
        let first = killer.start().await?;
        let (stop, stopped) = watch::channel(false);
        let clients = Clients {
            api: cast.api,
            ledger: &self.ledger,
            book: cast.book,
            watcher: cast.watcher,
            stop: stopped,
        };
        let pace = Duration::from_secs(u64::from(args.seconds)) / args.kills;
        let moments = dice.of();
        let playing = (0..args.clients as usize).map(|name| clients.play(name, dice.of()));
        let playing = join_all(playing.collect::<Vec<_>>());
        tokio::pin!(playing);
        let killing = killer.play(first, args.kills, pace, moments);
        let killed = tokio::select! {
            killed = killing => killed?,
            _ = &mut playing => {
                let refused = cast.book.borrow().refused.join("; ");
                return Err(Failure::Failed(format!("every client was refused: {refused}")));
            }
        };
        stop.send_replace(true);
        // Whoever is not done by then is found by the judge.
        let _ = timeout(SETTLE_MAX, &mut playing).await;
        let _ = timeout(CATCH_UP_MAX, async {
            while !cast.book.borrow().live.is_empty() {
                tokio::time::sleep(POLL).await;
            }
        })
        .await;
        Ok(killed)
    }

    async fn evidence(
        &self,
        cast: &Cast<'_>,
        human: &Human<'_>,
        ledger: &RefCell<Ledger>,
        server: ServerChild,
    ) -> Result<Evidence, Failure> {
        let found = gather(cast.api).await.map_err(Failure::Failed)?;
        let mut unresolved = human.stubborn();
        if let Ok(effects) = cast.api.unknown_effects().await {
            unresolved.extend(effects.iter().map(ToString::to_string));
        }
        let process = server
            .stop()
            .await
            .err()
            .map(|failure| failure.message().to_owned());
        let url = self.database.as_ref().map(Database::url);
        let accepted = cast.book.borrow().accepted_jobs();
        let audit = chains::check(&self.spec.dir, url, accepted).await;
        let mut ledger = ledger.borrow_mut();
        ledger.refresh()?;
        let (mut stream_findings, total) = cast.watcher.findings();
        let untold = total - stream_findings.len() as u64;
        if untold > 0 {
            stream_findings.push(format!("and {untold} more on the stream"));
        }
        let book = cast.book.borrow();
        Ok(Evidence {
            entries: book.entries.clone(),
            refused: book.refused.clone(),
            tracks: cast.watcher.tracks(),
            stream_findings,
            executions: ledger.executions().clone(),
            malformed_lines: ledger.malformed(),
            found,
            unresolved,
            audit,
            process: process.into_iter().collect(),
        })
    }
}

/// Who plays together.
struct Cast<'a> {
    api: &'a Api,
    book: &'a RefCell<Book>,
    watcher: &'a Watcher,
    resume: &'a Resume,
}
