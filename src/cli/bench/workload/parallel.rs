//! Jobs of four tasks that wait, against jobs of one: tasks of a job run side by side.

use super::{
    WARM_UP,
    fanout::{self, Fanout},
};
use crate::cli::{
    bench::{
        child::Server,
        drive::one_at_a_time,
        measure::{Measure, Round},
        plan::Plan,
        site::Site,
    },
    failure::Failure,
};

const WAIT_MS: u64 = 200;
const ONE: Fanout = Fanout {
    tasks: 1,
    wait_ms: WAIT_MS,
};
const FOUR: Fanout = Fanout {
    tasks: 4,
    wait_ms: WAIT_MS,
};

static ONE_MS: Measure = Measure {
    key: "one_ms",
    label: "one task of 200 ms, p50 ms",
    digits: 1,
    beside: &[],
};
static FOUR_MS: Measure = Measure {
    key: "four_ms",
    label: "four tasks of 200 ms, p50 ms",
    digits: 1,
    beside: &[],
};
static RATIO: Measure = Measure {
    key: "ratio",
    label: "four over one",
    digits: 3,
    beside: &[],
};

pub async fn round(plan: &Plan) -> Result<Round, Failure> {
    Site::with(&plan.dir, &plan.store, async |site| on(site, plan).await).await
}

async fn on(site: &Site, plan: &Plan) -> Result<Round, Failure> {
    let server = Server::start(site).await?;
    let address = server.address;
    let warm = one_at_a_time(address, &fanout::FOUR, WARM_UP).await?;
    let one = one_at_a_time(address, &ONE, plan.time / 2).await?;
    let four = one_at_a_time(address, &FOUR, plan.time / 2).await?;
    server.stop().await?;

    let (one_ms, four_ms) = (one.latency_ms(50)?, four.latency_ms(50)?);
    Ok(Round {
        readings: vec![
            RATIO.reads(four_ms / one_ms),
            ONE_MS.reads(one_ms),
            FOUR_MS.reads(four_ms),
        ],
        failed: warm.failed + one.failed + four.failed,
    })
}
