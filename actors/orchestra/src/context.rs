//! What a role sees of its task, and where it leaves what it made beside its product.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use callboard_runtime::{CancelFlag, WorkContext};

use crate::{
    artifact::NewArtifact,
    fact::{Claim, Fact, Verdict, VerifiedFact},
    id::{FactId, JobId, TaskId, Tenant},
    job::Consent,
    payload::Payload,
    plan::TaskSpec,
    trace::TraceContext,
};

/// The product of a task this one depends on, with the claims made in it.
#[derive(Debug, Clone)]
pub struct TaskInput {
    pub name: String,
    pub product: Payload,
    pub claims: Vec<Arc<Fact>>,
}

/// One attempt, as the shard hands it to a crew.
#[derive(Debug, Clone)]
pub struct Assignment {
    pub job: JobId,
    pub tenant: Tenant,
    pub task: TaskId,
    pub name: Arc<str>,
    pub attempt: u32,
    pub seed: u64,
    /// Of the request that brought the job.
    pub request_id: Option<Arc<str>>,
    /// The span of this attempt, if the job is traced.
    pub trace: Option<TraceContext>,
    pub input: Payload,
    pub inputs: Arc<[TaskInput]>,
    pub facts: Arc<[VerifiedFact]>,
    /// Times the task was put off.
    pub snoozes: u32,
    pub consent: Option<Consent>,
    pub signal: Option<Payload>,
}

/// The same for every attempt of a task.
pub(crate) fn idempotency_key(job: JobId, task: TaskId) -> String {
    format!("{job}/{task}")
}

/// What an attempt leaves beside its product.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Deliverables {
    pub claims: Vec<Claim>,
    pub verdicts: Vec<Verdict>,
    pub quotes: Vec<FactId>,
    pub artifacts: Vec<NewArtifact>,
    pub growth: Vec<TaskSpec>,
}

impl Deliverables {
    /// Size of all texts in it, artifacts apart, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let claim = |claim: &Claim| {
            let value = claim.value.as_str().map_or(NUMBER_BYTES, str::len);
            claim.statement.len() + claim.unit.len() + claim.source.len() + value
        };
        let verdict = |verdict: &Verdict| match verdict {
            Verdict::Verified { method, .. } => method.len(),
            Verdict::Refuted { reason, .. } => reason.len(),
        };
        let growth = |task: &TaskSpec| task.name.len() + task.input.text().len();
        self.claims.iter().map(claim).sum::<usize>()
            + self.verdicts.iter().map(verdict).sum::<usize>()
            + self.growth.iter().map(growth).sum::<usize>()
    }
}

/// About what a value that is not text takes.
const NUMBER_BYTES: usize = 24;

struct Desk {
    assignment: Assignment,
    work: WorkContext,
    deliverables: RefCell<Deliverables>,
    fault: Cell<Option<String>>,
}

/// A role's view of the attempt in hand. Cheap to clone.
#[derive(Clone)]
pub struct RoleContext(Rc<Desk>);

impl RoleContext {
    pub(crate) fn new(assignment: Assignment, work: WorkContext) -> Self {
        Self(Rc::new(Desk {
            assignment,
            work,
            deliverables: RefCell::default(),
            fault: Cell::new(None),
        }))
    }

    pub fn job(&self) -> JobId {
        self.0.assignment.job
    }

    pub fn tenant(&self) -> &Tenant {
        &self.0.assignment.tenant
    }

    pub fn task(&self) -> TaskId {
        self.0.assignment.task
    }

    pub fn task_name(&self) -> &str {
        &self.0.assignment.name
    }

    /// 1 for the first attempt.
    pub fn attempt(&self) -> u32 {
        self.0.assignment.attempt
    }

    /// The same for every attempt of this task: give it to whatever outside can refuse a repetition.
    pub fn idempotency_key(&self) -> String {
        idempotency_key(self.job(), self.task())
    }

    /// How often the task has asked to be run later.
    pub fn snoozes(&self) -> u32 {
        self.0.assignment.snoozes
    }

    /// The approval given to this task, once there is one.
    pub fn consent(&self) -> Option<&Consent> {
        self.0.assignment.consent.as_ref()
    }

    /// The signal that ended the task's last wait.
    pub fn signal(&self) -> Option<&Payload> {
        self.0.assignment.signal.as_ref()
    }

    /// The same for every attempt of this task; a role that draws random numbers starts from it.
    pub fn seed(&self) -> u64 {
        self.0.assignment.seed
    }

    /// Products of the tasks named in `after`, in that order. The aggregator gets every task of the plan, the check
    /// gets one input named `aggregate`.
    pub fn inputs(&self) -> &[TaskInput] {
        &self.0.assignment.inputs
    }

    /// Every verified fact of the job; empty but for the aggregator and the check.
    pub fn facts(&self) -> &[VerifiedFact] {
        &self.0.assignment.facts
    }

    /// States something to be verified; the id holds once this attempt is the one that succeeds.
    pub fn claim(&self, claim: Claim) -> FactId {
        let claims = &mut self.0.deliverables.borrow_mut().claims;
        claims.push(claim);
        let index =
            u32::try_from(claims.len() - 1).expect("claims of a task are bounded far below 2^32");
        FactId {
            task: self.task(),
            index,
        }
    }

    /// Confirms a claim of a task this one depends on; `method` says how it was checked.
    pub fn verify(&self, fact: FactId, method: &str) {
        let method = method.to_owned();
        self.0
            .deliverables
            .borrow_mut()
            .verdicts
            .push(Verdict::Verified { fact, method });
    }

    pub fn refute(&self, fact: FactId, reason: &str) {
        let reason = reason.to_owned();
        self.0
            .deliverables
            .borrow_mut()
            .verdicts
            .push(Verdict::Refuted { fact, reason });
    }

    /// Says that the product rests on `fact`. Quoting a fact that is not verified fails the task.
    pub fn quote(&self, fact: FactId) {
        self.0.deliverables.borrow_mut().quotes.push(fact);
    }

    /// Leaves named bytes with the job. A bad name or size fails the task.
    pub fn artifact(&self, name: &str, media_type: &str, content: Vec<u8>) {
        match NewArtifact::new(name, media_type, content) {
            Ok(new) => self.0.deliverables.borrow_mut().artifacts.push(new),
            Err(error) => self.0.fault.set(Some(error.to_string())),
        }
    }

    /// The same with an artifact that is hashed already: where it is large, that takes longer than other tasks should wait.
    pub fn leave(&self, artifact: NewArtifact) {
        self.0.deliverables.borrow_mut().artifacts.push(artifact);
    }

    /// Adds a task to the plan when this attempt succeeds.
    pub fn grow(&self, task: TaskSpec) {
        self.0.deliverables.borrow_mut().growth.push(task);
    }

    /// Reports progress: shown to watchers, and proof against the heartbeat.
    pub fn progress(&self, done: u64, total: u64) {
        self.0.work.progress(done, total);
    }

    /// Runs CPU work off the arbiter. Poll the flag: it is set when the attempt is no longer wanted.
    pub async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&CancelFlag) -> T + Send + 'static,
    ) -> T {
        self.0.work.compute(work).await
    }

    pub fn cancelled(&self) -> CancelFlag {
        self.0.work.cancelled()
    }

    pub(crate) fn close(self) -> Result<Deliverables, String> {
        match self.0.fault.take() {
            Some(fault) => Err(fault),
            None => Ok(self.0.deliverables.take()),
        }
    }
}
