//! Durable commits to SQLite: batches of submissions, each a job of its own, and batches of whole jobs. What a commit
//! costs in CPU is seen where the folder of temporary files (`TMPDIR`) lies in memory.

use std::{num::NonZeroU32, sync::Arc};

use callboard::store::{Store, StoreSpec, Synchronous};
use callboard_drill::FANOUT;
use callboard_orchestra::{
    JobId, Tenant, Timestamp,
    job::{Job, Step},
    journal::{Asides, Journal, Record, conformance, row_of},
};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use tokio::runtime::Builder;

use crate::machine::{catalog, submission};

const BATCHES: [u64; 3] = [1, 100, 1_000];
/// Jobs of five records each.
const JOBS: [u64; 2] = [20, 200];

/// Records of jobs that the journal does not hold yet.
fn fresh(template: &Step, count: u64) -> Vec<Record> {
    let at = Timestamp::now();
    let record = |_| {
        let id = JobId::mint();
        let events = &template.events;
        let mut job = Job::begin(id, &events[0], at).expect("the first event begins a job");
        for event in &events[1..] {
            job.fold(event, at).expect("its own events fold");
        }
        Record {
            job: id,
            tenant: job.tenant.clone(),
            first_seq: 1,
            at,
            events: events.clone().into(),
            row: Arc::new(row_of(&job)),
            remember: None,
            asides: Asides::default(),
            audit: Vec::new(),
        }
    };
    (0..count).map(record).collect()
}

pub fn bench(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be started");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let spec = StoreSpec {
        data_dir: folder.path().to_owned(),
        url: None,
        synchronous: Synchronous::Full,
        readers: NonZeroU32::MIN,
    };
    let store = runtime
        .block_on(Store::open(spec))
        .expect("a fresh store opens");
    let journal = store.journal();
    let catalog = catalog();
    let template = submission(
        catalog.kind(FANOUT).expect("the drill pack brings it"),
        &catalog,
    );

    let mut group = criterion.benchmark_group("journal_commit");
    for records in BATCHES {
        group.throughput(Throughput::Elements(records));
        group.bench_with_input(
            BenchmarkId::from_parameter(records),
            &records,
            |bencher, records| {
                bencher.iter_batched(
                    || fresh(&template, *records),
                    |batch| {
                        runtime
                            .block_on(journal.commit(&batch))
                            .expect("the batch commits")
                    },
                    BatchSize::PerIteration,
                );
            },
        );
    }
    group.finish();

    let mut group = criterion.benchmark_group("journal_whole_jobs");
    for jobs in JOBS {
        let whole = || conformance::whole_job(&Tenant::default());
        let records = whole().len() as u64 * jobs;
        group.throughput(Throughput::Elements(records));
        group.bench_with_input(
            BenchmarkId::from_parameter(records),
            &jobs,
            |bencher, jobs| {
                bencher.iter_batched(
                    || (0..*jobs).flat_map(|_| whole()).collect::<Vec<_>>(),
                    |batch| {
                        runtime
                            .block_on(journal.commit(&batch))
                            .expect("the batch commits")
                    },
                    BatchSize::PerIteration,
                );
            },
        );
    }
    group.finish();
    runtime.block_on(store.close()).expect("the store closes");
}
