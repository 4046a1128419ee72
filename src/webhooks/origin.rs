//! The spans of the jobs that events are of. A record does not say; the first one of its job does.

use std::{collections::HashMap, sync::Arc};

use callboard_orchestra::{
    JobId, TraceContext,
    job::JobEvent,
    journal::{Journal, JournalError, StoredRecord},
};

/// Looks into the journal, where there is one to look into: where jobs are traced.
pub struct Origins(Option<Arc<dyn Journal>>);

impl Origins {
    pub const fn new(journal: Option<Arc<dyn Journal>>) -> Self {
        Self(journal)
    }

    /// The spans of jobs that have some.
    pub async fn of(
        &self,
        records: &[StoredRecord],
    ) -> Result<HashMap<JobId, TraceContext>, JournalError> {
        let mut spans = HashMap::new();
        let Some(journal) = &self.0 else {
            return Ok(spans);
        };
        let mut jobs: Vec<JobId> = records.iter().map(|record| record.job).collect();
        jobs.sort_unstable();
        jobs.dedup();
        for job in jobs {
            let first = journal.records(job, 0, 1).await?;
            let submitted = first.first().and_then(|record| record.events.first());
            if let Some(JobEvent::JobSubmitted {
                trace: Some(parent),
                ..
            }) = submitted
            {
                spans.insert(job, parent.of_job(job));
            }
        }
        Ok(spans)
    }
}
