//! How much work the house takes in at once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bounds of admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionLimits {
    /// Jobs that have not ended.
    pub live_jobs_max: usize,
    /// Their tasks that have not ended.
    pub tasks_max: usize,
}

/// Admits jobs while both bounds hold. A permit lives as long as its job.
#[derive(Clone)]
pub struct Admission {
    jobs: Arc<Semaphore>,
    tasks: Arc<AtomicUsize>,
    limits: AdmissionLimits,
}

impl Admission {
    pub fn new(limits: AdmissionLimits) -> Self {
        let live_jobs_max = limits.live_jobs_max.min(Semaphore::MAX_PERMITS);
        Self {
            jobs: Arc::new(Semaphore::new(live_jobs_max)),
            tasks: Arc::default(),
            limits,
        }
    }

    /// `None` when a bound is reached.
    pub fn admit(&self) -> Option<OwnedSemaphorePermit> {
        if self.tasks.load(Ordering::Relaxed) >= self.limits.tasks_max {
            return None;
        }
        self.jobs.clone().try_acquire_owned().ok()
    }

    /// A permit for a job that is already in the journal; `None` when recovered jobs alone exceed the bound.
    pub(crate) fn readmit(&self) -> Option<OwnedSemaphorePermit> {
        self.jobs.clone().try_acquire_owned().ok()
    }

    /// Counts unfinished tasks of one job for as long as the gauge lives.
    pub(crate) fn gauge(&self) -> TaskGauge {
        TaskGauge {
            total: self.tasks.clone(),
            counted: 0,
        }
    }

    pub const fn limits(&self) -> AdmissionLimits {
        self.limits
    }

    pub fn live_jobs(&self) -> usize {
        self.limits
            .live_jobs_max
            .saturating_sub(self.jobs.available_permits())
    }

    pub fn unfinished_tasks(&self) -> usize {
        self.tasks.load(Ordering::Relaxed)
    }
}

pub(crate) struct TaskGauge {
    total: Arc<AtomicUsize>,
    counted: usize,
}

impl TaskGauge {
    pub(crate) fn set(&mut self, unfinished: usize) {
        self.total.fetch_add(unfinished, Ordering::Relaxed);
        self.total.fetch_sub(self.counted, Ordering::Relaxed);
        self.counted = unfinished;
    }
}

impl Drop for TaskGauge {
    fn drop(&mut self) {
        self.total.fetch_sub(self.counted, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_beyond_the_bound_is_not_admitted_until_one_ends() {
        let admission = Admission::new(AdmissionLimits {
            live_jobs_max: 2,
            tasks_max: 100,
        });
        let (first, _second) = (admission.admit().unwrap(), admission.admit().unwrap());
        assert!(admission.admit().is_none());
        drop(first);
        assert!(admission.admit().is_some());
    }

    #[test]
    fn unfinished_tasks_close_the_door_and_open_it_again() {
        let admission = Admission::new(AdmissionLimits {
            live_jobs_max: 2,
            tasks_max: 3,
        });
        let mut gauge = admission.gauge();
        gauge.set(3);
        assert!(admission.admit().is_none());
        drop(gauge);
        assert!(admission.admit().is_some());
    }
}
