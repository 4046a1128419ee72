//! Supervision events as they happen. They come from a bounded ring: a client that lags is told which it missed.

use callboard_orchestra::Timestamp;
use callboard_runtime::SupervisionEvent;
use serde::Serialize;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use utoipa::ToSchema;

use super::protocol::{Gap, GapReason, GapTag, Message, Position};

/// What happened to a supervised actor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupervisionEvent)]
pub struct SupervisionView {
    /// Counts from the start of the process.
    seq: u64,
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "restarting")]
    kind: callboard_runtime::EventKind,
    at: String,
    /// Path in the tree.
    #[schema(example = "root/roles/market.analyst")]
    node: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<u32>,
    generation: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    task: Option<callboard_runtime::TaskKey>,
}

/// A frame of the supervision stream.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum SupervisionFrame {
    Event(SupervisionView),
    /// In place of events that this client was too slow for.
    Gap(Gap),
}

impl SupervisionView {
    /// With its cause and task only where it is `whole`.
    fn of(event: SupervisionEvent, whole: bool) -> Self {
        Self {
            seq: event.seq,
            kind: event.kind,
            at: Timestamp::from_millis(i64::try_from(event.at).unwrap_or(i64::MAX)).rfc3339(),
            node: event.node,
            role: event.role,
            worker: event.worker,
            generation: event.generation,
            cause: event.cause.filter(|_| whole),
            delay_ms: event.delay_ms,
            task: event.task.filter(|_| whole),
        }
    }
}

pub struct SupervisionFeed {
    events: Receiver<SupervisionEvent>,
    /// Events are told with their cause and task, which name jobs of any tenant.
    whole: bool,
    /// Set when a reader lagged: the next event tells where the gap ends.
    missed: u64,
    /// The event after a gap, once the gap has been told.
    held_back: Option<SupervisionEvent>,
}

impl SupervisionFeed {
    pub fn new(events: Receiver<SupervisionEvent>, whole: bool) -> Self {
        Self {
            events,
            whole,
            missed: 0,
            held_back: None,
        }
    }

    /// The next message; `None` when the tree has ended. May be dropped at any await without losing anything.
    pub async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some(event) = self.held_back.take() {
                return Some(self.message(event));
            }
            match self.events.recv().await {
                Ok(event) if self.missed == 0 => return Some(self.message(event)),
                Ok(event) => {
                    let missed = std::mem::take(&mut self.missed);
                    let gap = SupervisionFrame::Gap(gap_before(event.seq, missed));
                    self.held_back = Some(event);
                    return Some(Message {
                        position: None,
                        text: text_of(&gap),
                    });
                }
                Err(RecvError::Lagged(missed)) => self.missed += missed,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn message(&self, event: SupervisionEvent) -> Message {
        let position = Some(Position::Seq(event.seq));
        let view = SupervisionView::of(event, self.whole);
        Message {
            position,
            text: text_of(&SupervisionFrame::Event(view)),
        }
    }
}

fn gap_before(seq: u64, missed: u64) -> Gap {
    Gap {
        tag: GapTag::Gap,
        from: seq.saturating_sub(missed),
        to: seq.saturating_sub(1),
        missed: Some(missed),
        reason: GapReason::Lagged,
    }
}

fn text_of(frame: &SupervisionFrame) -> bytestring::ByteString {
    serde_json::to_string(frame)
        .expect("supervision events are plain data")
        .into()
}

#[cfg(test)]
mod tests {
    use callboard_runtime::EventKind;
    use serde_json::{Value, json};
    use tokio::sync::broadcast;

    use super::*;

    fn event(seq: u64) -> SupervisionEvent {
        SupervisionEvent {
            seq,
            at: 1_000,
            node: "root/a".to_owned(),
            role: None,
            worker: None,
            generation: 1,
            kind: EventKind::Started,
            cause: None,
            delay_ms: None,
            task: None,
        }
    }

    async fn next(feed: &mut SupervisionFeed) -> Value {
        serde_json::from_str(&feed.next().await.unwrap().text).unwrap()
    }

    #[tokio::test]
    async fn a_client_that_lags_is_told_which_events_it_missed() {
        let (bus, events) = broadcast::channel(2);
        let mut feed = SupervisionFeed::new(events, true);
        for seq in 11..=15 {
            bus.send(event(seq)).unwrap();
        }
        let gap = json!({"type": "gap", "from": 11, "to": 13, "missed": 3, "reason": "lagged"});
        assert_eq!(next(&mut feed).await, gap);
        let at = "1970-01-01T00:00:01.000Z";
        let started =
            json!({"seq": 14, "type": "started", "at": at, "node": "root/a", "generation": 1});
        assert_eq!(next(&mut feed).await, started);
        assert_eq!(next(&mut feed).await["seq"], 15);
    }

    #[tokio::test]
    async fn whoever_does_not_run_the_server_hears_neither_cause_nor_task() {
        let (bus, events) = broadcast::channel(2);
        let mut feeds = [
            SupervisionFeed::new(events, true),
            SupervisionFeed::new(bus.subscribe(), false),
        ];
        bus.send(SupervisionEvent {
            cause: Some("index out of bounds".to_owned()),
            ..event(1)
        })
        .unwrap();
        let [whole, bare] = &mut feeds;
        assert_eq!(next(whole).await["cause"], "index out of bounds");
        let bare = next(bare).await;
        assert_eq!(
            (&bare["seq"], bare.get("cause"), bare.get("task")),
            (&json!(1), None, None)
        );
    }
}
