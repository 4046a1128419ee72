//! Takes samples of a running server at intervals, and tells of what is unusual: in the log, in metrics and in the list.

use std::sync::Arc;

use callboard_orchestra::{House, Timestamp};
use callboard_runtime::{Home, Universe};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use super::{
    samples::Sampler,
    series::Series,
    watch::{Anomaly, Seen, Watch},
};
use crate::config::AnomaliesConfig;

/// What was found so far. Clones share it.
#[derive(Clone)]
pub struct Anomalies {
    seen: watch::Receiver<Arc<Seen>>,
    /// Whether anything is watched.
    pub is_watching: bool,
}

impl Anomalies {
    pub fn seen(&self) -> Arc<Seen> {
        self.seen.borrow().clone()
    }
}

/// Starts watching `house`, unless the configuration says not to.
pub fn watch(universe: &Universe, house: &House, config: &AnomaliesConfig) -> Anomalies {
    let (tell, seen) = watch::channel(Arc::default());
    if !config.enabled {
        return Anomalies {
            seen,
            is_watching: false,
        };
    }
    let (house, every) = (house.clone(), config.every);
    let mut watch = Watch::new(config.window, config.threshold, every);
    universe.spawn(Home::Core, async move {
        let mut sampler = Sampler::default();
        let mut rounds = interval(every);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            let began = watch.take(Timestamp::now(), sampler.samples(&house));
            began.iter().for_each(report);
            let seen = Arc::new(watch.seen());
            for series in Series::ALL {
                let current = seen.current().filter(|one| one.series == series).count();
                metrics::gauge!("callboard_anomalies", "series" => series.name())
                    .set(current as f64);
            }
            tell.send_replace(seen);
        }
    });
    Anomalies {
        seen,
        is_watching: true,
    }
}

fn report(anomaly: &Anomaly) {
    let series = anomaly.series.name();
    metrics::counter!("callboard_anomalies_total", "series" => series).increment(1);
    tracing::warn!(
        series,
        subject = &*anomaly.subject,
        value = anomaly.value,
        median = anomaly.median,
        z = anomaly.z,
        "higher than usual"
    );
}
