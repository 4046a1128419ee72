//! How long the disk takes to make a page durable.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::Path,
    time::{Duration, Instant},
};

use crate::cli::{
    bench::measure::{Measure, Reading, percentile},
    failure::Failure,
};

const PAGE_BYTES: usize = 4_096;
/// Pages of the file that is written over again and again, as a write-ahead log is.
const PAGES: u64 = 4_096;

static P50: Measure = Measure {
    key: "fdatasync_ms_p50",
    label: "write and fdatasync of 4 KiB, p50 ms",
    digits: 3,
    beside: &[],
};
static P99: Measure = Measure {
    key: "fdatasync_ms_p99",
    label: "write and fdatasync of 4 KiB, p99 ms",
    digits: 3,
    beside: &[],
};

pub fn measure(dir: &Path, time: Duration) -> Result<Vec<Reading>, Failure> {
    let latencies = sync_pages(&dir.join("pages"), time)
        .map_err(|error| Failure::Failed(format!("measure the disk: {error}")))?;
    let reading = |measure: &'static Measure, percent| {
        percentile(latencies.iter().copied(), percent).map(|ms| measure.reads(ms))
    };
    Ok([reading(&P50, 50), reading(&P99, 99)]
        .into_iter()
        .flatten()
        .collect())
}

/// Milliseconds of each page.
fn sync_pages(path: &Path, time: Duration) -> io::Result<Vec<f64>> {
    let file = File::create(path)?;
    let page = [7; PAGE_BYTES];
    for number in 0..PAGES {
        file.write_all_at(&page, number * PAGE_BYTES as u64)?;
    }
    file.sync_all()?;
    let mut latencies = Vec::new();
    let end = Instant::now() + time;
    for number in (0..PAGES).cycle() {
        let started = Instant::now();
        file.write_all_at(&page, number * PAGE_BYTES as u64)?;
        file.sync_data()?;
        latencies.push(started.elapsed().as_secs_f64() * 1_000.0);
        if Instant::now() >= end {
            break;
        }
    }
    Ok(latencies)
}
