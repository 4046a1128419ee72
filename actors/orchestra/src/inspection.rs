//! What a job is like at this moment: its journal, what crews hold of it, and why it is where it is.

use std::collections::HashSet;

use crate::{
    coordinator::{ANSWER_DEADLINE, Coordinator},
    id::{JobId, Tenant},
    job::Job,
    journal::JournalError,
    shard::{HeldTask, Look, ShardMessage, read_job},
    why::{Surroundings, Why, explain},
};

/// A job with what crews hold of it at this moment.
#[derive(Debug, Clone)]
pub struct Inspection {
    pub job: Job,
    pub held: Vec<HeldTask>,
}

impl Coordinator {
    /// A job as its journal has it.
    pub async fn replay(&self, tenant: &Tenant, id: JobId) -> Result<Option<Job>, JournalError> {
        let job = read_job(&**self.journal(), id).await?;
        Ok(job.filter(|job| job.tenant == *tenant))
    }

    /// A job as its journal has it, with what crews hold of it now.
    pub async fn inspect(
        &self,
        tenant: &Tenant,
        id: JobId,
    ) -> Result<Option<Inspection>, JournalError> {
        let look = self.look(tenant, id).await?;
        Ok(look.map(|(job, Look { held, .. })| Inspection { job, held }))
    }

    /// Why a job is where it is.
    pub async fn why(&self, tenant: &Tenant, id: JobId) -> Result<Option<Why>, JournalError> {
        let Some((job, look)) = self.look(tenant, id).await? else {
            return Ok(None);
        };
        let open = job.tasks.iter().filter(|task| !task.state.is_final());
        let roles: HashSet<&str> = open.map(|task| &*task.entry.role).collect();
        let vitals = |role: &str| Some((role.to_owned(), self.0.crews.get(role)?.vitals()));
        let around = Surroundings {
            held: &look.held,
            crews: &roles.into_iter().filter_map(vitals).collect(),
            paces: &look.paces,
            owner: look.owner,
        };
        Ok(Some(explain(&job, &around)))
    }

    async fn look(&self, tenant: &Tenant, id: JobId) -> Result<Option<(Job, Look)>, JournalError> {
        let Some(job) = self.replay(tenant, id).await? else {
            return Ok(None);
        };
        if job.state.is_final() {
            return Ok(Some((job, Look::default())));
        }
        let look = self
            .shard(id)
            .ask(ANSWER_DEADLINE, |reply| ShardMessage::Tasks {
                job: id,
                reply,
            })
            .await;
        // While the shard restarts nothing is known to be in hand.
        let mut look = look.unwrap_or_default();
        // A task may be in hand while the event that made it ready is still being committed.
        look.held.retain(|held| {
            job.task(held.task)
                .is_some_and(|task| !task.state.is_final() && task.attempt == held.attempt)
        });
        Ok(Some((job, look)))
    }
}
