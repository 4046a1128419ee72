//! One stream of synthetic transactions from a server, beside what this machine's threads make and its disk takes.

use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
    time::Instant,
};

use callboard_synth::{BLOCK_ROWS, Request, Spec, encode};
use futures_util::StreamExt as _;

use crate::cli::{
    bench::{
        child::Server,
        measure::{Measure, Round},
        plan::Plan,
        site::Site,
    },
    failure::Failure,
};

/// Rows that one thread makes before it begins a buffer anew, as a stream does.
const PIECE_ROWS: u64 = 2 * BLOCK_ROWS;
/// Rows that are made without a server, at most.
const LOCAL_ROWS_MAX: u64 = 4_000_000;
/// Bytes written to the disk, at most.
const DISK_BYTES_MAX: u64 = 1 << 30;

static STREAM: Measure = Measure {
    key: "stream_rows_per_s",
    label: "rows/s of one stream of CSV",
    digits: 0,
    beside: &[],
};
static BYTES: Measure = Measure {
    key: "stream_mib_per_s",
    label: "the same, MiB/s",
    digits: 0,
    beside: &[],
};
static GROWTH: Measure = Measure {
    key: "rss_growth_mib",
    label: "growth of the server's RSS meanwhile, MiB",
    digits: 1,
    beside: &[],
};
static DISK: Measure = Measure {
    key: "disk_rows_per_s",
    label: "rows/s of the same bytes from memory to disk",
    digits: 0,
    beside: &[],
};
static ONE: Measure = Measure {
    key: "one_thread_rows_per_s",
    label: "rows/s made by one thread, into memory",
    digits: 0,
    beside: &[],
};
static TWO: Measure = Measure {
    key: "two_threads_rows_per_s",
    label: "rows/s made by two threads, into memory",
    digits: 0,
    beside: &[],
};
static SCALING: Measure = Measure {
    key: "two_threads_over_one",
    label: "two threads over one",
    digits: 2,
    beside: &[],
};

pub async fn round(plan: &Plan) -> Result<Round, Failure> {
    let rows = plan.rows;
    Site::with(&plan.dir, &plan.store, async |site| {
        let server = Server::start(site).await?;
        let before_kib = server.vitals.rss_kib()?;
        let started = Instant::now();
        let (lines, bytes) = read(&server, rows).await?;
        let took = started.elapsed().as_secs_f64();
        let growth_mib = server.vitals.rss_mib_max()? - before_kib as f64 / 1024.0;
        server.stop().await?;

        let path = site.dir().join("raw");
        let local = tokio::task::spawn_blocking(move || local(rows, bytes, &path));
        let local = local
            .await
            .map_err(|error| Failure::Failed(error.to_string()))?;
        let Local { disk, one, two } =
            local.map_err(|error| Failure::Failed(format!("write to the disk: {error}")))?;
        Ok(Round {
            readings: vec![
                STREAM.reads(rows as f64 / took),
                BYTES.reads(bytes as f64 / took / f64::from(1 << 20)),
                GROWTH.reads(growth_mib),
                DISK.reads(disk),
                ONE.reads(one),
                TWO.reads(two),
                SCALING.reads(two / one),
            ],
            failed: u64::from(lines != rows + 1),
        })
    })
    .await
}

/// Lines and bytes of the whole stream.
async fn read(server: &Server, rows: u64) -> Result<(u64, u64), Failure> {
    let lost = |error: reqwest::Error| Failure::Failed(format!("read the stream: {error}"));
    let url = format!(
        "http://{}/v1/generate/transactions?rows={rows}",
        server.address
    );
    callboard::tls::install_provider();
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .map_err(lost)?;
    let response = client.get(url).send().await.map_err(lost)?;
    let mut body = response.error_for_status().map_err(lost)?.bytes_stream();
    let (mut lines, mut bytes) = (0, 0);
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(lost)?;
        bytes += piece.len() as u64;
        lines += piece.iter().filter(|byte| **byte == b'\n').count() as u64;
    }
    Ok((lines, bytes))
}

/// Rows a second without a server.
struct Local {
    disk: f64,
    one: f64,
    two: f64,
}

fn local(rows: u64, bytes: u64, path: &Path) -> io::Result<Local> {
    let request = Request {
        rows,
        ..Request::default()
    };
    let spec = request.resolve().map_err(io::Error::other)?;
    let rows_made = rows.min(LOCAL_ROWS_MAX);
    let made = |threads: u64| {
        let started = Instant::now();
        std::thread::scope(|scope| {
            for first in 0..threads {
                let spec = &spec;
                scope.spawn(move || make(spec, rows_made, first, threads));
            }
        });
        rows_made as f64 / started.elapsed().as_secs_f64()
    };
    Ok(Local {
        disk: to_disk(&spec, bytes, path)?,
        one: made(1),
        two: made(2),
    })
}

/// Makes every `threads`-th piece of the first `rows` from the `first` on.
fn make(spec: &Spec, rows: u64, first: u64, threads: u64) {
    let mut piece = Vec::new();
    for number in (first..rows.div_ceil(PIECE_ROWS)).step_by(threads as usize) {
        piece.clear();
        let start = number * PIECE_ROWS;
        let end = rows.min(start + PIECE_ROWS);
        // Nobody cancels it.
        let _ = std::hint::black_box(encode(spec, start..end, &mut piece, || false));
    }
}

/// Writes as many bytes as the stream had, made beforehand, and syncs them: rows a second.
fn to_disk(spec: &Spec, bytes: u64, path: &Path) -> io::Result<f64> {
    let mut piece = Vec::new();
    let rows = spec.rows().min(8 * PIECE_ROWS);
    // Nobody cancels it.
    let _ = encode(spec, 0..rows, &mut piece, || false);
    let pieces = bytes.min(DISK_BYTES_MAX).div_ceil(piece.len() as u64);
    let started = Instant::now();
    let mut file = File::create(path)?;
    for _ in 0..pieces {
        file.write_all(&piece)?;
    }
    file.sync_data()?;
    Ok((pieces * rows) as f64 / started.elapsed().as_secs_f64())
}
