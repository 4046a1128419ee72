//! The ordeal every pack's plans must pass: they succeed twice alike, end when any task is rejected, recover when any
//! task panics, and resume to the same result from every edge of the journal.

use std::{rc::Rc, sync::Arc, time::Duration};

use callboard_runtime::{Universe, WorkContext, testing};
use futures_util::future::{FutureExt, LocalBoxFuture};
use serde_json::Value;

use crate::{
    artifact::MemoryArtifacts,
    catalog::Catalog,
    context::{Assignment, Deliverables},
    crew::{Agent, Delivery},
    house::{House, HouseSpec, Ports},
    id::{JobId, Tenant},
    job::{JobState, enter_asides},
    journal::{Asides, JobRow, Journal, MemoryJournal, Record, StoredRecord, row_of},
    outcome::{FailureKind, Outcome},
    pack::{Kind, Pack, RoleSpec},
    payload::Payload,
    shard::read_job,
    submission::Submission,
};

/// Paused time one run may take.
const RUN_TIME_MAX: Duration = Duration::from_secs(3_600);
const RECORDS_MAX: usize = 100_000;

/// What is done to the first attempt of one task.
#[derive(Debug, Clone)]
enum Sabotage {
    None,
    Reject(String),
    Panic(String),
}

struct Sabotaged {
    pack: Arc<dyn Pack>,
    sabotage: Sabotage,
}

impl Pack for Sabotaged {
    fn name(&self) -> &'static str {
        self.pack.name()
    }

    fn kinds(&self) -> Vec<Kind> {
        self.pack.kinds()
    }

    fn roles(&self) -> Vec<RoleSpec> {
        let wrap = |role: RoleSpec| {
            let sabotage = self.sabotage.clone();
            role.wrapped(move |inner| {
                Rc::new(Saboteur {
                    inner,
                    sabotage: sabotage.clone(),
                })
            })
        };
        self.pack.roles().into_iter().map(wrap).collect()
    }
}

struct Saboteur {
    inner: Rc<dyn Agent>,
    sabotage: Sabotage,
}

impl Agent for Saboteur {
    fn perform(
        self: Rc<Self>,
        assignment: Assignment,
        work: WorkContext,
    ) -> LocalBoxFuture<'static, Delivery> {
        match &self.sabotage {
            Sabotage::Panic(task) if *task == *assignment.name && assignment.attempt == 1 => {
                panic!("sabotaged `{task}`")
            }
            Sabotage::Reject(task) if *task == *assignment.name => {
                let outcome = Outcome::Reject {
                    reason: "sabotaged".to_owned(),
                };
                async {
                    Delivery {
                        outcome: Ok(outcome),
                        deliverables: Deliverables::default(),
                        failed: false,
                    }
                }
                .boxed_local()
            }
            Sabotage::None | Sabotage::Panic(_) | Sabotage::Reject(_) => {
                self.inner.clone().perform(assignment, work)
            }
        }
    }
}

/// A finished run.
struct Run {
    row: JobRow,
    records: Vec<StoredRecord>,
    /// Names of the job's tasks, in order.
    tasks: Vec<String>,
}

/// Puts one submission of `pack` through the whole ordeal. Panics with what went wrong.
pub fn ordeal(pack: &Arc<dyn Pack>, kind: &'static str, input: &Value) {
    let first = run(
        pack,
        Sabotage::None,
        Work::Submit {
            kind,
            input: input.clone(),
        },
        0,
    );
    assert_eq!(
        first.row.state,
        JobState::Succeeded,
        "{kind} {input}: {:?}",
        first.row.failure
    );
    let again = run(
        pack,
        Sabotage::None,
        Work::Submit {
            kind,
            input: input.clone(),
        },
        0,
    );
    assert_eq!(
        first.row.result, again.row.result,
        "{kind} gave two results for one input"
    );
    for task in &first.tasks {
        let sabotage = Sabotage::Reject(task.clone());
        let rejected = run(
            pack,
            sabotage,
            Work::Submit {
                kind,
                input: input.clone(),
            },
            0,
        );
        assert_eq!(
            rejected.row.state,
            JobState::Failed,
            "{kind} survived the rejection of `{task}`"
        );
        let failure = rejected.row.failure.expect("a failed job says why");
        assert_eq!(
            failure.kind,
            FailureKind::Domain,
            "{kind} with `{task}` rejected: {failure:?}"
        );

        let panicked = run(
            pack,
            Sabotage::Panic(task.clone()),
            Work::Submit {
                kind,
                input: input.clone(),
            },
            1,
        );
        assert_eq!(
            panicked.row.state,
            JobState::Succeeded,
            "{kind} did not survive a panic of `{task}`"
        );
        assert_eq!(
            first.row.result, panicked.row.result,
            "a panic of `{task}` changed the result of {kind}"
        );
    }
    for edge in 1..first.records.len() {
        let journal = prefix(&first, edge);
        let resumed = run(
            pack,
            Sabotage::None,
            Work::Resume {
                journal,
                id: first.row.id,
            },
            0,
        );
        assert_eq!(
            resumed.row.state,
            JobState::Succeeded,
            "{kind} did not resume from record {edge}"
        );
        assert_eq!(
            first.row.result, resumed.row.result,
            "{kind} resumed from record {edge} to another result"
        );
    }
}

enum Work {
    Submit { kind: &'static str, input: Value },
    Resume { journal: Vec<Record>, id: JobId },
}

fn run(pack: &Arc<dyn Pack>, sabotage: Sabotage, work: Work, panics: u64) -> Run {
    let pack = Arc::new(Sabotaged {
        pack: pack.clone(),
        sabotage,
    });
    let mut run = None;
    testing::universe(|universe| {
        let run = &mut run;
        async move {
            universe.expect_panics(panics);
            *run = Some(in_universe(&universe, pack, work).await);
        }
    });
    run.expect("the universe ran to its end")
}

async fn in_universe(universe: &Universe, pack: Arc<dyn Pack>, work: Work) -> Run {
    let journal = Arc::new(MemoryJournal::default());
    let catalog = Catalog::of(&[pack]).expect("a pack alone has no duplicates");
    let ports = Ports {
        journal: journal.clone(),
        artifacts: Arc::new(MemoryArtifacts::default()),
        fenced: Arc::new(|| panic!("a memory journal is never fenced")),
        ended: None,
    };
    let tenant = Tenant::default();
    let (house, id) = match work {
        Work::Submit { kind, input } => {
            let house = House::start(universe, catalog, ports, &HouseSpec::default());
            let input = Payload::of(&input).expect("JSON is JSON");
            let submitted = house.coordinator.submit(Submission::new(kind, input)).await;
            (
                house,
                submitted.expect("the ordeal's input is admitted").row.id,
            )
        }
        Work::Resume {
            journal: records,
            id,
        } => {
            journal
                .commit(&records)
                .await
                .expect("a prefix of a journal is a journal");
            (
                House::start(universe, catalog, ports, &HouseSpec::default()),
                id,
            )
        }
    };
    let row = house
        .coordinator
        .finished(&tenant, id, RUN_TIME_MAX, Default::default())
        .await
        .expect("memory can be read");
    let row = row.unwrap_or_else(|| panic!("job {id} did not end"));
    let records = journal
        .records(id, 0, RECORDS_MAX)
        .await
        .expect("memory can be read");
    let job = read_job(&*journal, id)
        .await
        .expect("memory can be read")
        .expect("the job is there");
    assert_eq!(
        row_of(&job),
        *row,
        "the projection is not the fold of the journal"
    );
    Run {
        row: JobRow::clone(&row),
        records,
        tasks: job
            .tasks
            .iter()
            .map(|task| task.entry.name.to_string())
            .collect(),
    }
}

/// The first `edge` records of a run, as they were appended.
fn prefix(run: &Run, edge: usize) -> Vec<Record> {
    let mut job: Option<crate::job::Job> = None;
    let records = run.records[..edge].iter().map(|stored| {
        let mut asides = Asides::default();
        for event in stored.events.iter() {
            match &mut job {
                Some(job) => {
                    enter_asides(&mut asides, job, event, stored.at);
                    job.fold(event, stored.at).expect("a journal folds");
                }
                None => {
                    job = Some(
                        crate::job::Job::begin(stored.job, event, stored.at)
                            .expect("a journal folds"),
                    )
                }
            }
        }
        let job = job.as_ref().expect("a record has events");
        Record {
            job: stored.job,
            tenant: job.tenant.clone(),
            first_seq: stored.first_seq,
            at: stored.at,
            events: stored.events.clone(),
            row: Arc::new(row_of(job)),
            remember: None,
            asides,
            audit: Vec::new(),
        }
    });
    records.collect()
}
