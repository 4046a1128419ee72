//! The clients: each submits a job, waits for its end, and goes on with the next. An answer that does not come is asked
//! for again under the same key.

use std::{cell::RefCell, path::Path, time::Duration};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    api::{Api, BUSY_PAUSE, JobSeen, Trouble},
    book::{Book, Work},
    dice::Dice,
    watcher::Watcher,
};

pub const KIND: &str = "drill.effects";
/// Pause after a broken connection: the server is about to be started again.
const CUT_PAUSE: Duration = Duration::from_millis(2);

pub struct Clients<'a> {
    pub api: &'a Api,
    pub ledger: &'a Path,
    pub book: &'a RefCell<Book>,
    pub watcher: &'a Watcher,
    /// Turns true when no new job is wanted.
    pub stop: watch::Receiver<bool>,
}

impl Clients<'_> {
    /// One client, until it is told to stop and its last job has ended.
    pub async fn play(&self, name: usize, mut dice: Dice) {
        for number in 0_u64.. {
            if *self.stop.borrow() {
                return;
            }
            let key = format!("client-{name}-job-{number}");
            let work = Work::draw(&mut dice);
            let body = json!({"kind": KIND, "input": work.input(self.ledger)});
            self.book.borrow_mut().submitting(&key, work);
            // Half of them are told of the job before they wait, half hear of it when it has ended.
            let mut wait = dice.below(2) == 0;
            loop {
                match self.ask(&key, &body, wait).await {
                    Some(job) if job.has_ended() => break,
                    Some(_) => wait = true,
                    None => return,
                }
            }
        }
    }

    /// Submits until there is an answer; None when the server refuses.
    async fn ask(&self, key: &str, body: &Value, wait: bool) -> Option<JobSeen> {
        loop {
            match self.api.submit(key, body, wait).await {
                Ok(job) => {
                    let has_ended = self.watcher.has_ended(&job.id);
                    self.book.borrow_mut().accepted(key, &job.id, has_ended);
                    return Some(job);
                }
                Err(Trouble::Cut) => {
                    self.book.borrow_mut().asked_again(key);
                    tokio::time::sleep(CUT_PAUSE).await;
                }
                Err(Trouble::Busy) => tokio::time::sleep(BUSY_PAUSE).await,
                Err(Trouble::Refused(why)) => {
                    let refused = format!("{key}: {why}");
                    self.book.borrow_mut().refused.push(refused);
                    return None;
                }
            }
        }
    }
}
