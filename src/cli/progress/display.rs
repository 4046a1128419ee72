//! Where progress is shown.

use super::{bars::Bars, track::Track};
use crate::cli::terminal;

pub struct Progress {
    track: Track,
    display: Display,
}

enum Display {
    /// Overwritten in place on stderr.
    Bars(Bars),
    /// One line an event on stderr.
    Lines,
    Silent,
}

impl Progress {
    /// Bars when a person watches stderr, else nothing.
    pub fn quiet_unless_watched() -> Self {
        Self::new(if terminal::is_watched() {
            Display::Bars(Bars::new())
        } else {
            Display::Silent
        })
    }

    /// Bars when a person watches stderr, else a line an event.
    pub fn lines_unless_watched() -> Self {
        Self::new(if terminal::is_watched() {
            Display::Bars(Bars::new())
        } else {
            Display::Lines
        })
    }

    fn new(display: Display) -> Self {
        Self {
            track: Track::default(),
            display,
        }
    }

    /// Takes in a frame of the job's stream.
    pub fn hear(&mut self, frame: &str) {
        let told = self.track.hear(frame);
        match &mut self.display {
            Display::Bars(bars) => bars.show(&self.track),
            Display::Lines => {
                if let Some(line) = told {
                    terminal::tell(&line);
                }
            }
            Display::Silent => {}
        }
    }

    /// Tells the user something beside the progress, on stderr.
    pub fn tell(&self, text: &str) {
        match &self.display {
            Display::Bars(bars) => bars.tell(text),
            Display::Lines | Display::Silent => terminal::tell(text),
        }
    }

    /// Takes the bars away, so that the result has the terminal for itself.
    pub fn close(&mut self) {
        self.display = Display::Silent;
    }
}
