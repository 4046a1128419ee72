//! From the start of the process to ready: on nothing, where the schema is made too, and on a store without jobs.

use std::time::Duration;

use crate::cli::{
    bench::{
        child::Server,
        measure::{Measure, Round, percentile},
        plan::Plan,
        site::Site,
    },
    failure::Failure,
};

static FIRST: Measure = Measure {
    key: "first_ready_ms_p50",
    label: "start to ready, nothing there, p50 ms",
    digits: 1,
    beside: &["fdatasync_ms_p50"],
};
static FIRST_MAX: Measure = Measure {
    key: "first_ready_ms_max",
    label: "start to ready, nothing there, most ms",
    digits: 1,
    beside: &[],
};
static AGAIN: Measure = Measure {
    key: "ready_ms_p50",
    label: "start to ready, empty store, p50 ms",
    digits: 1,
    beside: &["fdatasync_ms_p50"],
};
static AGAIN_MAX: Measure = Measure {
    key: "ready_ms_max",
    label: "start to ready, empty store, most ms",
    digits: 1,
    beside: &[],
};
static RSS_IDLE: Measure = Measure {
    key: "rss_mib_idle",
    label: "server RSS when ready, MiB",
    digits: 1,
    beside: &[],
};

pub async fn round(plan: &Plan) -> Result<Round, Failure> {
    let (mut first, mut again, mut rss_kib) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..plan.starts {
        Site::with(&plan.dir, &plan.store, async |site| {
            for times in [&mut first, &mut again] {
                let server = Server::start(site).await?;
                times.push(server.ready_after);
                rss_kib.push(server.vitals.rss_kib()? as f64);
                server.stop().await?;
            }
            Ok(())
        })
        .await?;
    }
    let ms = |times: &[Duration], percent| {
        let times = times.iter().map(|time| time.as_secs_f64() * 1_000.0);
        percentile(times, percent)
            .ok_or_else(|| Failure::BadInput("at least one start is needed".to_owned()))
    };
    Ok(Round {
        readings: vec![
            FIRST.reads(ms(&first, 50)?),
            FIRST_MAX.reads(ms(&first, 100)?),
            AGAIN.reads(ms(&again, 50)?),
            AGAIN_MAX.reads(ms(&again, 100)?),
            RSS_IDLE.reads(percentile(rss_kib, 50).unwrap_or_default() / 1024.0),
        ],
        failed: 0,
    })
}
