//! Follows every event of the server over one stream, taken up again where it broke. What it was told was committed, so
//! it must hold for ever.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    time::Duration,
};

use futures_util::StreamExt;

use super::{
    api::{Api, Event, Trouble},
    book::Book,
    resume::Resume,
};
use crate::cli::sse::Parser;

const CUT_PAUSE: Duration = Duration::from_millis(1);
/// Findings that are kept word for word; more are only counted.
const FINDINGS_MAX: usize = 20;

/// What was seen of one job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Track {
    pub last_seq: u64,
    pub ends: u32,
}

pub struct Watcher {
    tracks: RefCell<HashMap<String, Track>>,
    findings: RefCell<Vec<String>>,
    findings_total: Cell<u64>,
    /// Where the stream is taken up.
    after: RefCell<String>,
}

impl Watcher {
    pub fn new() -> Self {
        Self {
            tracks: RefCell::default(),
            findings: RefCell::default(),
            findings_total: Cell::new(0),
            after: RefCell::new("0".to_owned()),
        }
    }

    pub fn has_ended(&self, job: &str) -> bool {
        self.tracks.borrow().get(job).is_some_and(|t| t.ends > 0)
    }

    pub fn tracks(&self) -> HashMap<String, Track> {
        self.tracks.borrow().clone()
    }

    /// What was wrong with the stream, and how many such things there were.
    pub fn findings(&self) -> (Vec<String>, u64) {
        (self.findings.borrow().clone(), self.findings_total.get())
    }

    /// Watches for as long as it is polled.
    pub async fn watch(&self, api: &Api, book: &RefCell<Book>, resume: &Resume) {
        loop {
            let after = self.after.borrow().clone();
            match api.stream(&after).await {
                Ok(response) => self.hear(response, book, resume).await,
                Err(Trouble::Cut | Trouble::Busy) => {}
                Err(Trouble::Refused(why)) => {
                    self.find(format!("the stream after {after} is refused: {why}"));
                    // What comes from here on is seen, what came before is lost.
                    *self.after.borrow_mut() = "0".to_owned();
                    self.tracks.borrow_mut().clear();
                }
            }
            tokio::time::sleep(CUT_PAUSE).await;
        }
    }

    async fn hear(&self, response: reqwest::Response, book: &RefCell<Book>, resume: &Resume) {
        let mut parser = Parser::default();
        let mut bytes = response.bytes_stream();
        while let Some(Ok(chunk)) = bytes.next().await {
            let Ok(messages) = parser.push(&chunk) else {
                return self.find("an event is too large".to_owned());
            };
            for message in messages {
                let Some(position) = message.id else { continue };
                match serde_json::from_str::<Event>(&message.data) {
                    Ok(event) => {
                        resume.hear(&event);
                        self.see(&event, &mut book.borrow_mut());
                    }
                    Err(error) => self.find(format!("{error} in {}", message.data)),
                }
                *self.after.borrow_mut() = position;
            }
        }
    }

    fn see(&self, event: &Event, book: &mut Book) {
        let mut tracks = self.tracks.borrow_mut();
        let track = tracks.entry(event.job.clone()).or_default();
        if event.seq != track.last_seq + 1 {
            let Event { job, seq, name, .. } = event;
            let last = track.last_seq;
            self.find(format!("{name} {seq} of {job} came after {last}"));
        }
        track.last_seq = track.last_seq.max(event.seq);
        track.ends += u32::from(event.is_final());
        match track.ends {
            0 => book.live.insert(event.job.clone()),
            _ => book.live.remove(&event.job),
        };
    }

    fn find(&self, finding: String) {
        self.findings_total.set(self.findings_total.get() + 1);
        if self.findings.borrow().len() < FINDINGS_MAX {
            self.findings.borrow_mut().push(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: u64, name: &str) -> Event {
        Event {
            seq,
            name: name.to_owned(),
            at: String::new(),
            job: "job_1".to_owned(),
        }
    }

    #[test]
    fn an_event_that_is_told_twice_or_left_out_is_found() {
        let (watcher, mut book) = (Watcher::new(), Book::default());
        let mut see = |seq, name| watcher.see(&event(seq, name), &mut book);
        see(1, "job.submitted");
        see(2, "job.planning");
        assert_eq!(watcher.findings().1, 0);
        see(2, "job.planning");
        see(4, "job.succeeded");
        assert!(book.live.is_empty());
        let (found, total) = watcher.findings();
        assert_eq!((found.len(), total), (2, 2), "{found:?}");
        assert!(watcher.has_ended("job_1"));
        assert!(!watcher.has_ended("job_2"));
    }
}
