//! Makes records as the coordinator makes them: by commands on a job.

use std::{sync::Arc, time::Duration};

use super::echo::{self, EchoPack};
use crate::{
    catalog::Catalog,
    context::Deliverables,
    id::{JobId, TaskId, Tenant},
    job::{self, Command, Job, JobEvent, JobState, Moment, Step, Submit},
    journal::{Record, Remembered, row_of},
    payload::Payload,
    time::Timestamp,
};

pub(super) use super::echo::{ECHO, TELL};

pub(super) const EPOCH_START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// The records of a job from its submission to its success, to be committed in this order.
pub fn whole_job(tenant: &Tenant) -> Vec<Record> {
    let (mut author, first) = Author::submit(tenant, ECHO);
    [first].into_iter().chain(author.work()).collect()
}

/// A job in the hands of the commands that make its records.
#[derive(Clone)]
pub(super) struct Author {
    catalog: Catalog,
    pub(super) tenant: Tenant,
    pub(super) now: Timestamp,
    pub(super) job: Job,
}

impl Author {
    /// Submits a job of `kind` and gives its first record.
    pub(super) fn submit(tenant: &Tenant, kind: &'static str) -> (Self, Record) {
        let catalog = Catalog::of(&[Arc::new(EchoPack)]).expect("the pack is consistent");
        let submission = Submit {
            tenant: tenant.clone(),
            input: Payload::from_text(r#"{"b":1, "a":0.10000000000000001}"#.to_owned())
                .expect("is JSON"),
            priority: 7,
            labels: [("team".to_owned(), "naïve \"quotes\"".to_owned())].into(),
            deadline: Some(EPOCH_START.plus(Duration::from_secs(3600))),
            request_id: None,
            trace: None,
            on_exhausted: Default::default(),
        };
        let moment = Moment {
            now: EPOCH_START,
            seed: u64::MAX,
            catalog: &catalog,
        };
        let applied = job::submit(
            catalog.kind(kind).expect("the pack has it"),
            submission,
            moment,
        );
        let id = JobId::mint();
        let at = |event| (event, EPOCH_START);
        let job =
            Job::replay(id, applied.events.iter().map(at)).expect("a submission begins a job");
        let record = record(&job, 1, EPOCH_START, applied);
        (
            Self {
                catalog,
                tenant: tenant.clone(),
                now: EPOCH_START,
                job,
            },
            record,
        )
    }

    /// Applies a command one second later and gives its record.
    pub(super) fn command(&mut self, command: Command) -> Record {
        self.now = self.now.plus(Duration::from_secs(1));
        let moment = Moment {
            now: self.now,
            seed: self.job.seq,
            catalog: &self.catalog,
        };
        let first_seq = self.job.seq + 1;
        let step = job::step(&mut self.job, command, moment).expect("the command applies");
        assert!(!step.events.is_empty(), "a record has events");
        record(&self.job, first_seq, self.now, step)
    }

    pub(super) fn finish(&mut self, task: TaskId, product: Payload) -> Record {
        self.command(Command::TaskFinished {
            task,
            attempt: 1,
            product,
            deliverables: Deliverables::default(),
        })
    }

    pub(super) fn plan(&mut self) -> Record {
        let plan = echo::plan().expect("the plan is JSON");
        self.finish(TaskId::PLAN, Payload::of(&plan).expect("the plan is JSON"))
    }

    /// A record that changes nothing but the seq.
    pub(super) fn remark(&mut self) -> Record {
        self.now = self.now.plus(Duration::from_millis(1));
        let events = vec![JobEvent::JobRunning {}];
        self.job
            .fold(&events[0], self.now)
            .expect("a running job goes on running");
        record(
            &self.job,
            self.job.seq,
            self.now,
            Step {
                events,
                ..Step::default()
            },
        )
    }

    pub(super) fn cancel(&mut self) -> Record {
        self.command(Command::Cancel {
            reason: "conformance".to_owned(),
        })
    }

    /// Everything up to the end of the job.
    pub(super) fn work(&mut self) -> Vec<Record> {
        let product = Payload::of("done").expect("text is JSON");
        let mut records = vec![self.plan()];
        let tasks = 1..=u32::try_from(echo::ECHOES).expect("few") + 1;
        records.extend(tasks.map(|task| self.finish(TaskId(task), product.clone())));
        assert_eq!(self.job.state, JobState::Succeeded);
        records
    }

    pub(super) fn id(&self) -> JobId {
        self.job.id
    }
}

fn record(job: &Job, first_seq: u64, at: Timestamp, step: Step) -> Record {
    Record {
        job: job.id,
        tenant: job.tenant.clone(),
        first_seq,
        at,
        events: step.events.into(),
        row: Arc::new(row_of(job)),
        remember: None,
        asides: step.asides,
        audit: Vec::new(),
    }
}

/// A tenant that no other check and no earlier run has.
pub(super) fn tenant() -> Tenant {
    Tenant::new(format!("tenant-{}", JobId::mint()))
}

pub(super) fn null() -> Payload {
    Payload::of(&()).expect("null is JSON")
}

pub(super) fn remembered(key: &str, job: JobId, expires_at: Timestamp) -> Remembered {
    Remembered {
        key: key.to_owned(),
        body_sha256: "5e".repeat(32),
        job,
        expires_at,
    }
}
