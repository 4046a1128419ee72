//! Series of the server that leave what is usual for them: times and failures of jobs, restarts of crews, commits. A
//! sampler reads what the process counts anyway, a detector for each series judges, and the list of what was found is for
//! operators. It is memory of the process: a server that starts learns anew what is usual.

mod detector;
mod samples;
mod series;
mod watch;
mod watcher;

pub use detector::{
    Detector, Judgement, LeastScale, NORMAL_AFTER, NotASample, Reading, SAMPLES_MIN, Settings,
};
pub use series::Series;
pub use watch::{Anomaly, Ending, Seen};
pub use watcher::{Anomalies, watch};
