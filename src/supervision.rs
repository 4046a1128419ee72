//! Keeps supervision events in the store, so that they can be read after the fact. Events of one second are written
//! together; when the recorder falls behind the bounded bus, it records how many it missed.

use std::{sync::Arc, time::Duration};

use callboard_orchestra::{
    Payload, Timestamp,
    journal::{Journal, SupervisionNote},
};
use callboard_runtime::{Home, SupervisionEvent, Universe};
use serde_json::json;
use tokio::sync::broadcast::{Receiver, error::RecvError};

const WRITE_EVERY: Duration = Duration::from_secs(1);
/// Events written together at the most.
const NOTES_MAX: usize = 1_000;

/// Starts the recorder.
pub fn record(universe: &Universe, journal: Arc<dyn Journal>) {
    let events = universe.events();
    universe.spawn(Home::Core, run(events, journal));
}

async fn run(mut events: Receiver<SupervisionEvent>, journal: Arc<dyn Journal>) {
    let mut open = true;
    while open {
        let mut notes = Vec::new();
        open = gather(&mut events, &mut notes).await;
        if !notes.is_empty()
            && let Err(error) = journal.note_supervision(notes).await
        {
            tracing::warn!(error = %error, "supervision events were not kept");
        }
    }
}

/// Waits for an event, then takes what else comes within a second. Answers false when the bus has closed.
async fn gather(events: &mut Receiver<SupervisionEvent>, notes: &mut Vec<SupervisionNote>) -> bool {
    let mut until = None;
    while notes.len() < NOTES_MAX {
        let received = match until {
            None => events.recv().await,
            Some(until) => match tokio::time::timeout_at(until, events.recv()).await {
                Ok(received) => received,
                Err(_) => return true,
            },
        };
        let event = match received {
            Ok(event) => Payload::of(&event),
            Err(RecvError::Lagged(missed)) => {
                Payload::of(&json!({"kind": "missed", "events": missed}))
            }
            Err(RecvError::Closed) => return false,
        };
        until.get_or_insert_with(|| tokio::time::Instant::now() + WRITE_EVERY);
        let event = event.expect("events are plain data");
        notes.push(SupervisionNote {
            id: 0,
            at: Timestamp::now(),
            event,
        });
    }
    true
}
