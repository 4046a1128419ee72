//! One bar for the job and a line for every running task.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::track::{Running, Track};

/// Lines of running tasks shown at one time.
const LINES_MAX: usize = 10;
const TICK: Duration = Duration::from_millis(100);

pub struct Bars {
    all: MultiProgress,
    /// Drawn from the first known total on: a bar without one is drawn full.
    job: Option<ProgressBar>,
    tasks: BTreeMap<u32, ProgressBar>,
    /// When the plan was first seen: rows are made from then on.
    rows_since: Option<Instant>,
}

impl Bars {
    pub fn new() -> Self {
        Self {
            all: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()),
            job: None,
            tasks: BTreeMap::new(),
            rows_since: None,
        }
    }

    pub fn show(&mut self, track: &Track) {
        if track.total() > 0 {
            let total = u64::from(track.total());
            let job = self.job.get_or_insert_with(|| {
                let bar = ProgressBar::new(total)
                    .with_style(style("{bar:32} {pos}/{len} {msg} {elapsed}"));
                let bar = self.all.insert(0, bar);
                bar.enable_steady_tick(TICK);
                bar
            });
            job.set_length(total);
            job.set_position(u64::from(track.done()));
            let running = track.running().next().is_some();
            let since = match self.rows_since {
                None if running => Some(Instant::now()),
                since => since,
            };
            self.rows_since = since;
            job.set_message(message(track, since.map(|since| since.elapsed())));
        }
        let shown: BTreeMap<u32, &Running> = track.running().take(LINES_MAX).collect();
        self.tasks.retain(|task, line| {
            let stays = shown.contains_key(task);
            if !stays {
                line.finish_and_clear();
                self.all.remove(line);
            }
            stays
        });
        for (task, running) in shown {
            let line = self.tasks.entry(task).or_insert_with(|| {
                let line = self
                    .all
                    .add(ProgressBar::new_spinner().with_style(style("  {spinner} {msg}")));
                line.enable_steady_tick(TICK);
                line
            });
            line.set_message(running.to_string());
        }
    }

    /// Writes a line above the bars.
    pub fn tell(&self, text: &str) {
        // Err means that the terminal has gone.
        let _ = self.all.println(text);
    }
}

/// Takes the bars off the terminal.
impl Drop for Bars {
    fn drop(&mut self) {
        for line in self.tasks.values() {
            line.finish_and_clear();
        }
        if let Some(job) = &self.job {
            job.finish_and_clear();
        }
        // Err means that the terminal has gone.
        let _ = self.all.clear();
    }
}

/// The state of the job, and how fast it makes rows where it does.
fn message(track: &Track, elapsed: Option<Duration>) -> String {
    let state = track.state();
    match (track.rows(), elapsed) {
        (0, _) | (_, None) => state.to_owned(),
        (rows, Some(elapsed)) => {
            let per_second = rows as f64 / elapsed.as_secs_f64().max(1e-3);
            let (rows, per_second) = (HumanCount(rows), HumanCount(per_second as u64));
            format!("{state}, {rows} rows, {per_second} rows/s")
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates of this file are well-formed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_makes_rows_says_how_fast() {
        let mut track = Track::default();
        for frame in [
            r#"{"type":"job.planned","data":{"tasks":[]}}"#,
            r#"{"type":"task.running","data":{"task":1,"name":"a","role":"synth.generator","attempt":1,"worker":1}}"#,
            r#"{"type":"task.progress","data":{"task":1,"done":32768,"total":65536}}"#,
        ] {
            track.hear(frame);
        }
        let told = message(&track, Some(Duration::from_millis(16)));
        assert_eq!(told, "running, 32,768 rows, 2,048,000 rows/s");
        assert_eq!(message(&track, None), "running");
    }

    #[test]
    fn nothing_is_drawn_of_the_job_before_its_first_total() {
        let (mut bars, mut track) = (Bars::new(), Track::default());
        track.hear(r#"{"type":"job.submitted","data":{}}"#);
        bars.show(&track);
        assert!(bars.job.is_none());

        track.hear(r#"{"type":"job.planning","data":{"task":{"id":0,"name":"plan"}}}"#);
        bars.show(&track);
        let job = bars.job.as_ref().unwrap();
        assert_eq!((job.position(), job.length()), (0, Some(1)));
    }
}
