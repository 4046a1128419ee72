//! One bar for the job and a line for every running task.

use std::{collections::BTreeMap, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::track::{Running, Track};

/// Lines of running tasks shown at one time.
const LINES_MAX: usize = 10;
const TICK: Duration = Duration::from_millis(100);

pub struct Bars {
    all: MultiProgress,
    job: ProgressBar,
    tasks: BTreeMap<u32, ProgressBar>,
}

impl Bars {
    pub fn new() -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let job =
            all.add(ProgressBar::new(0).with_style(style("{bar:32} {pos}/{len} {msg} {elapsed}")));
        job.enable_steady_tick(TICK);
        Self {
            all,
            job,
            tasks: BTreeMap::new(),
        }
    }

    pub fn show(&mut self, track: &Track) {
        self.job.set_length(u64::from(track.total()));
        self.job.set_position(u64::from(track.done()));
        self.job.set_message(track.state().to_owned());
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
}

/// Takes the bars off the terminal.
impl Drop for Bars {
    fn drop(&mut self) {
        for line in self.tasks.values() {
            line.finish_and_clear();
        }
        self.job.finish_and_clear();
        // Err means that the terminal has gone.
        let _ = self.all.clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates of this file are well-formed")
}
