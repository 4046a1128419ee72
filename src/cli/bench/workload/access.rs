//! What access control and the audit log cost: servers with and without each, loaded in turns of a second, so that a machine
//! that is slower for a while is slower for all of them.

use std::time::Duration;

use super::{WARM_UP, fanout::FOUR};
use crate::cli::{
    bench::{
        child::{Guards, Server},
        cost::per_1000,
        drive::{Keyed, sustained},
        measure::{Measure, Reading, Round, Spread},
        plan::Plan,
        site::Site,
    },
    failure::Failure,
};

const TURN: Duration = Duration::from_secs(1);

static KEYS_JOBS: Measure = Measure {
    key: "keys_jobs_ratio",
    label: "jobs/s with keys over without, no audit",
    digits: 3,
    beside: &[],
};
static KEYS_CPU: Measure = Measure {
    key: "keys_cpu_ratio",
    label: "server CPU with keys over without, no audit",
    digits: 3,
    beside: &[],
};
static AUDIT_JOBS: Measure = Measure {
    key: "audit_jobs_ratio",
    label: "jobs/s with audit over without, keys",
    digits: 3,
    beside: &[],
};
static AUDIT_CPU: Measure = Measure {
    key: "audit_cpu_ratio",
    label: "server CPU with audit over without, keys",
    digits: 3,
    beside: &[],
};
static OPEN: Measure = Measure {
    key: "open_jobs_per_s",
    label: "jobs/s, nobody asked and nothing audited",
    digits: 0,
    beside: &[],
};
static KEYED: Measure = Measure {
    key: "keys_jobs_per_s",
    label: "jobs/s, keys asked",
    digits: 0,
    beside: &[],
};
static AUDITED: Measure = Measure {
    key: "audited_jobs_per_s",
    label: "jobs/s, keys asked and audit on",
    digits: 0,
    beside: &[],
};

/// A server and what its turns yielded.
struct Guarded {
    server: Server,
    key: Option<String>,
    turns: Vec<Turn>,
    failed: u64,
}

#[derive(Debug, Clone, Copy)]
struct Turn {
    jobs_per_s: f64,
    cpu_s_per_1000: f64,
}

pub async fn round(plan: &Plan) -> Result<Round, Failure> {
    let (dir, store) = (&plan.dir, &plan.store);
    Site::with(dir, store, async |open| {
        Site::with(dir, store, async |keyed| {
            Site::with(dir, store, async |audited| {
                let all = [
                    Guarded::start(open, Guards::NONE).await?,
                    Guarded::start(keyed, Guards::KEYS).await?,
                    Guarded::start(audited, Guards::KEYS_AND_AUDIT).await?,
                ];
                compare(all, plan).await
            })
            .await
        })
        .await
    })
    .await
}

async fn compare(mut all: [Guarded; 3], plan: &Plan) -> Result<Round, Failure> {
    for guarded in &mut all {
        guarded.load(plan.connections, WARM_UP).await?;
        guarded.turns.clear();
    }
    let rounds = plan.time.as_secs() / TURN.as_secs();
    for round in 0..rounds {
        // There and back: who is first gains nothing.
        for place in 0..all.len() {
            let place = if round % 2 == 0 {
                place
            } else {
                all.len() - 1 - place
            };
            all[place].load(plan.connections, TURN).await?;
        }
    }
    let failed = all.iter().map(|guarded| guarded.failed).sum();
    let turns = all.each_ref().map(|guarded| guarded.turns.clone());
    for guarded in all {
        guarded.server.stop().await?;
    }
    let [open, keyed, audited] = &turns;
    let jobs = |turn: &Turn| turn.jobs_per_s;
    let cpu = |turn: &Turn| turn.cpu_s_per_1000;
    Ok(Round {
        readings: vec![
            ratio(&KEYS_JOBS, keyed, open, jobs)?,
            ratio(&KEYS_CPU, keyed, open, cpu)?,
            ratio(&AUDIT_JOBS, audited, keyed, jobs)?,
            ratio(&AUDIT_CPU, audited, keyed, cpu)?,
            OPEN.reads(median(open.iter().map(jobs))?),
            KEYED.reads(median(keyed.iter().map(jobs))?),
            AUDITED.reads(median(audited.iter().map(jobs))?),
        ],
        failed,
    })
}

impl Guarded {
    async fn start(site: &Site, guards: Guards) -> Result<Self, Failure> {
        let (server, key) = Server::start_guarded(site, guards).await?;
        Ok(Self {
            server,
            key,
            turns: Vec::new(),
            failed: 0,
        })
    }

    async fn load(&mut self, connections: u32, time: Duration) -> Result<(), Failure> {
        let question = Keyed {
            question: FOUR,
            key: self.key.clone(),
        };
        let before = self.server.vitals.cpu_s()?;
        let run = sustained(self.server.address, &question, connections, time).await?;
        let cpu_s = self.server.vitals.cpu_s()? - before;
        self.failed += run.failed;
        self.turns.push(Turn {
            jobs_per_s: run.per_s()?,
            cpu_s_per_1000: per_1000(cpu_s, run.latencies.len()),
        });
        Ok(())
    }
}

/// Median over the turns of what `with` took over what `without` took beside it.
fn ratio(
    measure: &'static Measure,
    with: &[Turn],
    without: &[Turn],
    of: impl Fn(&Turn) -> f64,
) -> Result<Reading, Failure> {
    let pairs = with.iter().zip(without);
    let ratio = median(pairs.map(|(with, without)| of(with) / of(without)))?;
    Ok(measure.reads(ratio))
}

fn median(values: impl Iterator<Item = f64>) -> Result<f64, Failure> {
    Spread::of(values.collect())
        .map(|spread| spread.median)
        .ok_or_else(|| Failure::Failed("no turn was measured".to_owned()))
}
