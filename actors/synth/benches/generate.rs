//! Rows a second of each entity and format, on one thread and on two.

use std::{hint::black_box, thread, time::Duration};

use callboard_synth::{BLOCK_ROWS, Entity, Format, Request, Spec, encode};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const BLOCKS: u64 = 24;
/// Rows a thread makes before it begins a buffer anew, as a stream does.
const CHUNK_BLOCKS: u64 = 4;

fn spec(entity: Entity, format: Format) -> Spec {
    let request = Request {
        entity,
        format,
        rows: BLOCKS * BLOCK_ROWS,
        ..Request::default()
    };
    request.resolve().expect("a valid request")
}

/// Makes every `threads`-th chunk from the `first` on.
fn run(spec: &Spec, first: u64, threads: u64) {
    let mut out = Vec::new();
    for chunk in (first..BLOCKS / CHUNK_BLOCKS).step_by(threads as usize) {
        out.clear();
        let start = chunk * CHUNK_BLOCKS * BLOCK_ROWS;
        let tally = encode(
            spec,
            start..start + CHUNK_BLOCKS * BLOCK_ROWS,
            &mut out,
            || false,
        );
        black_box((tally, &out)).0.expect("nobody cancels");
    }
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("generate");
    group.throughput(Throughput::Elements(BLOCKS * BLOCK_ROWS));
    group.measurement_time(Duration::from_secs(4));
    group.sample_size(20);
    let cases = [
        (Entity::Transactions, Format::Csv),
        (Entity::Transactions, Format::Jsonl),
        (Entity::Customers, Format::Csv),
        (Entity::Merchants, Format::Csv),
    ];
    for (entity, format) in cases {
        let spec = spec(entity, format);
        let name = format!("{}.{}", entity.as_str(), format.as_str());
        for threads in [1, 2] {
            group.bench_function(BenchmarkId::new(&name, threads), |bencher| {
                bencher.iter(|| {
                    thread::scope(|scope| {
                        for first in 0..threads {
                            let spec = &spec;
                            scope.spawn(move || run(spec, first, threads));
                        }
                    });
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
