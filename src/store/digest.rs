//! A batch of records as the rows it becomes, whatever the database.

use std::collections::{BTreeMap, HashMap};

use callboard_orchestra::{
    id::{ApprovalId, EffectId, JobId, Tenant},
    journal::{
        ApprovalRow, ArtifactRef, EffectRow, JobRow, JournalError, Record, Remembered, encode,
    },
};

use crate::audit::Draft;

/// Records of one job that are kept in one row at the most; more of them begin another row.
const ROW_RECORDS_MAX: usize = 64;

/// A row of `job_events`: one record, or several of one job that follow each other.
pub struct EventRow<'a> {
    pub first: &'a Record,
    pub last: &'a Record,
    /// Of the last record, counted from 1 in the batch.
    pub place: u64,
    pub payload: String,
}

/// What a batch makes of a job.
pub struct JobChange<'a> {
    pub row: &'a JobRow,
    /// Seq of the job before the batch; 0 for a job that begins with it.
    pub before: u64,
}

pub struct Digest<'a> {
    pub records: u64,
    pub events: Vec<EventRow<'a>>,
    /// Jobs that begin, in the order of their ids, so that neighbours share pages.
    pub begun: Vec<JobChange<'a>>,
    /// Jobs that go on and have not ended.
    pub live: Vec<JobChange<'a>>,
    /// Jobs that go on and have ended.
    pub ended: Vec<JobChange<'a>>,
    /// Idempotency keys; of two records that bring the same the later counts.
    pub keys: BTreeMap<(&'a Tenant, &'a str), &'a Remembered>,
    /// Records that bring a key, in the order of the batch.
    pub keyed: Vec<(&'a Record, &'a Remembered)>,
    pub approvals: BTreeMap<ApprovalId, &'a ApprovalRow>,
    pub effects: BTreeMap<EffectId, &'a EffectRow>,
    /// Artifacts with the record of whose job each is.
    pub artifacts: Vec<(&'a Record, &'a ArtifactRef)>,
    /// What the audit log is told, in the order of the batch.
    pub audit: Vec<Draft>,
    /// The latest time of a record that brings a key, in milliseconds; 0 when none does.
    pub now: i64,
}

impl<'a> Digest<'a> {
    /// Errors when a record does not continue the one before it of the same job, or has no JSON form.
    pub fn of(batch: &'a [Record]) -> Result<Self, JournalError> {
        let mut digest = Self {
            records: batch.len() as u64,
            events: Vec::new(),
            begun: Vec::new(),
            live: Vec::new(),
            ended: Vec::new(),
            keys: BTreeMap::new(),
            keyed: Vec::new(),
            approvals: BTreeMap::new(),
            effects: BTreeMap::new(),
            artifacts: Vec::new(),
            audit: Vec::new(),
            now: 0,
        };
        let mut jobs: HashMap<JobId, (u64, &Record)> = HashMap::with_capacity(batch.len());
        let mut place = 0;
        for run in batch.chunk_by(|a, b| a.job == b.job) {
            digest.follow(&mut jobs, run)?;
            for records in run.chunks(ROW_RECORDS_MAX) {
                place += records.len() as u64;
                digest.events.push(EventRow {
                    first: &records[0],
                    last: &records[records.len() - 1],
                    place,
                    payload: encode(records)?,
                });
            }
        }
        digest.sort(jobs);
        for record in batch {
            digest.put_aside(record);
        }
        Ok(digest)
    }

    fn follow(
        &self,
        jobs: &mut HashMap<JobId, (u64, &'a Record)>,
        run: &'a [Record],
    ) -> Result<(), JournalError> {
        let first = &run[0];
        let known = jobs.get(&first.job);
        let mut last_seq = known.map(|(_, last)| last.last_seq());
        for record in run {
            let expected = last_seq.map_or(record.first_seq.max(1), |seq| seq + 1);
            if record.first_seq != expected || record.events.is_empty() {
                return Err(JournalError::Conflict {
                    job: record.job,
                    seq: record.first_seq,
                });
            }
            last_seq = Some(record.last_seq());
        }
        let before = known.map_or(first.first_seq - 1, |(before, _)| *before);
        jobs.insert(first.job, (before, &run[run.len() - 1]));
        Ok(())
    }

    fn sort(&mut self, jobs: HashMap<JobId, (u64, &'a Record)>) {
        let mut changes: Vec<JobChange<'a>> = jobs
            .into_values()
            .map(|(before, last)| JobChange {
                row: &last.row,
                before,
            })
            .collect();
        changes.sort_unstable_by_key(|change| change.row.id);
        for change in changes {
            let list = if change.before == 0 {
                &mut self.begun
            } else if change.row.finished_at.is_none() {
                &mut self.live
            } else {
                &mut self.ended
            };
            list.push(change);
        }
    }

    fn put_aside(&mut self, record: &'a Record) {
        if let Some(remembered) = &record.remember {
            let key = (&record.tenant, remembered.key.as_str());
            self.keys.insert(key, remembered);
            self.keyed.push((record, remembered));
            self.now = self.now.max(record.at.millis());
        }
        if record.asides.is_empty() {
            return;
        }
        let asides = &record.asides;
        self.approvals
            .extend(asides.approvals.iter().map(|row| (row.id, row)));
        self.effects
            .extend(asides.effects.iter().map(|row| (row.id, row)));
        let artifacts = asides.artifacts.iter();
        self.artifacts
            .extend(artifacts.map(|artifact| (record, artifact)));
    }

    /// Adds what the records tell the audit log.
    pub fn tell_audit(&mut self, batch: &[Record]) {
        let entries = batch.iter().flat_map(|record| &record.audit);
        self.audit = entries.map(Draft::of).collect();
    }

    /// Treats every job that goes on as one that may have ended before and goes on again.
    pub fn reopen(&mut self) {
        self.ended.append(&mut self.live);
    }

    pub fn changes(&self) -> impl Iterator<Item = &JobChange<'a>> {
        self.begun.iter().chain(&self.live).chain(&self.ended)
    }

    /// Rows of the longest table: a measure of how much there is to write.
    pub fn rows_max(&self) -> usize {
        let jobs = [&self.begun, &self.live, &self.ended].map(Vec::len);
        let asides = [
            self.keys.len(),
            self.approvals.len(),
            self.effects.len(),
            self.artifacts.len(),
            self.audit.len(),
        ];
        let rows = jobs.into_iter().chain(asides);
        rows.max().unwrap_or(0).max(self.events.len())
    }
}
