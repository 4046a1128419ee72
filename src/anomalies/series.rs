//! Which series are watched.

use super::detector::LeastScale;

/// What a series measures. It is one series for each of its subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Series {
    /// Median time from submission to end, in milliseconds, of the jobs of a kind.
    JobLatency,
    /// Part of the jobs of a kind that fail, of those that succeed or fail.
    JobFailures,
    /// Instances of a role rebuilt in an interval.
    Restarts,
    /// Median time of a commit of the journal, in milliseconds.
    CommitLatency,
}

impl Series {
    pub const ALL: [Self; 4] = [
        Self::JobLatency,
        Self::JobFailures,
        Self::Restarts,
        Self::CommitLatency,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::JobLatency => "job_latency_ms",
            Self::JobFailures => "job_failure_rate",
            Self::Restarts => "restarts",
            Self::CommitLatency => "commit_latency_ms",
        }
    }

    /// Chosen so that with a threshold of 3.5 the least rise that is told of matters to somebody: 35 % and 35 ms of the time
    /// of a job, 7 jobs in a hundred, four restarts, 70 % and 7 ms of a commit.
    pub(super) const fn least_scale(self) -> LeastScale {
        let (relative, absolute) = match self {
            Self::JobLatency => (0.1, 10.0),
            Self::JobFailures => (0.1, 0.02),
            Self::Restarts => (0.1, 1.0),
            Self::CommitLatency => (0.2, 2.0),
        };
        LeastScale { relative, absolute }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_has_a_scale_that_can_be_divided_by() {
        for series in Series::ALL {
            let LeastScale { relative, absolute } = series.least_scale();
            assert!(relative > 0.0 && absolute > 0.0, "{}", series.name());
        }
    }
}
