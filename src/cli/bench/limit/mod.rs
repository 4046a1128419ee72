//! What the machine does at most, measured with the driver and the database client that the workloads use.

mod disk;
mod hello;
mod postgres;
mod sqlite;

pub use hello::serve as serve_hello;

use super::{
    measure::{Measure, Reading},
    plan::{Plan, Store},
    site::Site,
};
use crate::cli::failure::Failure;

/// Rows of a batch, and bytes of each.
const BATCH_ROWS: usize = 1_000;
const ROW_BYTES: usize = 200;

pub static SINGLE_COMMITS: Measure = Measure {
    key: "single_commits_per_s",
    label: "commits/s of one 200-byte row",
    digits: 0,
    beside: &[],
};
pub static BATCHED_ROWS: Measure = Measure {
    key: "batched_rows_per_s",
    label: "200-byte rows/s, 1000 a commit",
    digits: 0,
    beside: &[],
};

/// Every limit once. Nothing else may run meanwhile.
pub async fn measure(plan: &Plan) -> Result<Vec<Reading>, Failure> {
    Site::with(&plan.dir, &plan.store, async |site| on(site, plan).await).await
}

async fn on(site: &Site, plan: &Plan) -> Result<Vec<Reading>, Failure> {
    let time = plan.limit_time();
    let mut readings = disk::measure(site.dir(), time)?;
    let rows = match (&plan.store, site.database()) {
        (Store::Postgres(_), Some(database)) => postgres::measure(database, time).await?,
        (Store::Sqlite | Store::Postgres(_), _) => sqlite::measure(site.dir(), time).await?,
    };
    readings.extend([
        SINGLE_COMMITS.reads(rows.single_per_s),
        BATCHED_ROWS.reads(rows.batched_per_s),
    ]);
    readings.extend(hello::measure(site, plan.connections, time).await?);
    Ok(readings)
}

/// Rows that a database commits in a second.
struct Rows {
    single_per_s: f64,
    batched_per_s: f64,
}
