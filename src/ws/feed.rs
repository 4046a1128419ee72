//! A reader's place in the events of a job or of a tenant. It subscribes first and reads the journal after, so nothing
//! falls between; what it hears twice it drops by number; when it may have missed something it reads the journal again.

use std::{collections::VecDeque, sync::Arc};

use bytestring::ByteString;
use callboard_orchestra::{
    JobId, Tenant,
    hub::{EventHub, Frame, Signal, frames_of},
    journal::{JobRow, Journal, JournalError, StoredRecord},
};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{
    bare::without_data,
    cursor::Cursor,
    protocol::{Gap, GapReason, GapTag, Message, Position},
};

/// Records read from the journal at a time. Bounds what a slow client holds in memory.
const PAGE_RECORDS: usize = 16;

/// What is followed, and how far the reader has come.
enum Topic {
    Job {
        job: JobId,
        after: u64,
    },
    /// Without a cursor the stream begins with whatever comes next.
    Tenant {
        tenant: Tenant,
        after: Option<Cursor>,
        /// Up to where the reader has been told of pruned records.
        gap_to: u64,
    },
}

/// How an event relates to the last one delivered.
enum Standing {
    Seen,
    Next,
    /// Events between them are missing.
    Ahead,
}

pub struct Feed {
    topic: Topic,
    journal: Arc<dyn Journal>,
    hub: EventHub,
    /// None when the job had ended at the start: its journal is complete.
    signals: Option<Receiver<Signal>>,
    backlog: VecDeque<Frame>,
    catching_up: bool,
    ended: bool,
    /// Messages leave out what events carry.
    bare: bool,
}

impl Feed {
    /// Events of a job above `after`, to the last one. `row` is the job as it was just read; `after` is at most its seq.
    pub fn of_job(journal: &Arc<dyn Journal>, hub: &EventHub, row: &JobRow, after: u64) -> Self {
        let ended = row.state.is_final();
        Self {
            topic: Topic::Job { job: row.id, after },
            journal: journal.clone(),
            hub: hub.clone(),
            signals: (!ended).then(|| hub.follow_job(row.id)),
            backlog: VecDeque::new(),
            catching_up: true,
            ended: ended && after >= row.seq,
            bare: false,
        }
    }

    /// Events of all jobs of a tenant, without end.
    pub fn of_tenant(
        journal: &Arc<dyn Journal>,
        hub: &EventHub,
        tenant: Tenant,
        after: Option<Cursor>,
    ) -> Self {
        Self {
            signals: Some(hub.follow_tenant(&tenant)),
            topic: Topic::Tenant {
                tenant,
                after,
                gap_to: 0,
            },
            journal: journal.clone(),
            hub: hub.clone(),
            backlog: VecDeque::new(),
            catching_up: after.is_some(),
            ended: false,
            bare: false,
        }
    }

    /// The same without what events carry.
    pub fn bare(self) -> Self {
        Self { bare: true, ..self }
    }

    /// The next message; `None` after the last one. May be dropped at any await without losing anything.
    pub async fn next(&mut self) -> Result<Option<Message>, JournalError> {
        while !self.ended {
            if let Some(frame) = self.backlog.pop_front() {
                if let Standing::Next | Standing::Ahead = self.topic.standing(&frame) {
                    return Ok(Some(self.deliver(&frame)));
                }
            } else if self.catching_up {
                let records = self.topic.read(&*self.journal).await?;
                // In this order: retention notes what it is about to remove.
                let gap = self.topic.gap(&*self.journal, records.first()).await?;
                self.catching_up = records.len() == PAGE_RECORDS;
                self.backlog = records.iter().flat_map(frames_of).collect();
                self.ended = self.signals.is_none() && !self.catching_up && self.backlog.is_empty();
                if let Some(gap) = gap {
                    let text = serde_json::to_string(&gap).expect("a gap is plain data");
                    return Ok(Some(Message {
                        position: None,
                        text: text.into(),
                    }));
                }
            } else if let Some(signals) = &mut self.signals {
                match signals.recv().await {
                    Ok(Signal::Committed(frame)) => match self.topic.standing(&frame) {
                        Standing::Seen => {}
                        Standing::Next => return Ok(Some(self.deliver(&frame))),
                        Standing::Ahead => self.catching_up = true,
                    },
                    Ok(Signal::Tick(text)) => {
                        return Ok(Some(Message {
                            position: None,
                            text: self.shown(&text),
                        }));
                    }
                    Ok(Signal::Resync) | Err(RecvError::Lagged(_)) => {
                        self.catching_up = self.topic.has_begun()
                    }
                    Err(RecvError::Closed) => {
                        *signals = self.topic.follow(&self.hub);
                        self.catching_up = self.topic.has_begun();
                    }
                }
            } else {
                self.ended = true;
            }
        }
        Ok(None)
    }

    fn shown(&self, text: &ByteString) -> ByteString {
        if self.bare {
            without_data(text).into()
        } else {
            text.clone()
        }
    }

    fn deliver(&mut self, frame: &Frame) -> Message {
        let text = self.shown(&frame.text);
        match &mut self.topic {
            Topic::Job { after, .. } => {
                *after = frame.seq;
                self.ended = frame.is_final;
                Message {
                    position: Some(Position::Seq(frame.seq)),
                    text,
                }
            }
            Topic::Tenant { after, .. } => {
                let (pos, seq) = (frame.pos, frame.seq);
                *after = Some(Cursor { pos, seq });
                let fields = text.strip_prefix('{').expect("a frame is a JSON object");
                let text = format!("{{\"pos\":{pos},{fields}").into();
                Message {
                    position: Some(Position::Cursor { pos, seq }),
                    text,
                }
            }
        }
    }
}

impl Topic {
    fn standing(&self, frame: &Frame) -> Standing {
        match self {
            Self::Job { after, .. } if frame.seq <= *after => Standing::Seen,
            Self::Job { after, .. } if frame.seq == *after + 1 => Standing::Next,
            Self::Job { .. } => Standing::Ahead,
            Self::Tenant { after, .. } => {
                let cursor = Cursor {
                    pos: frame.pos,
                    seq: frame.seq,
                };
                if after.is_some_and(|after| cursor <= after) {
                    Standing::Seen
                } else {
                    Standing::Next
                }
            }
        }
    }

    /// A page of records, the first of which may have been delivered in part.
    async fn read(&self, journal: &dyn Journal) -> Result<Vec<StoredRecord>, JournalError> {
        match self {
            Self::Job { job, after } => journal.records(*job, *after, PAGE_RECORDS).await,
            Self::Tenant { tenant, after, .. } => {
                let before = after.map_or(0, |after| after.pos.saturating_sub(1));
                journal.tenant_records(tenant, before, PAGE_RECORDS).await
            }
        }
    }

    /// What retention may have removed of the records that were to come before `first`, if the reader does not know.
    async fn gap(
        &mut self,
        journal: &dyn Journal,
        first: Option<&StoredRecord>,
    ) -> Result<Option<Gap>, JournalError> {
        let Self::Tenant {
            tenant,
            after: Some(after),
            gap_to,
        } = self
        else {
            return Ok(None);
        };
        let to = journal.pruned_to(tenant).await?;
        let is_there = first.is_some_and(|record| record.pos == after.pos);
        let from = after.next(is_there).max(*gap_to + 1);
        if from > to {
            return Ok(None);
        }
        *gap_to = to;
        Ok(Some(Gap {
            tag: GapTag::Gap,
            from,
            to,
            missed: None,
            reason: GapReason::Pruned,
        }))
    }

    fn follow(&self, hub: &EventHub) -> Receiver<Signal> {
        match self {
            Self::Job { job, .. } => hub.follow_job(*job),
            Self::Tenant { tenant, .. } => hub.follow_tenant(tenant),
        }
    }

    /// Whether there is a place in the journal to go back to.
    const fn has_begun(&self) -> bool {
        match self {
            Self::Job { .. } => true,
            Self::Tenant { after, .. } => after.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use callboard_orchestra::{
        Payload, Timestamp,
        job::{Job, JobEvent},
        journal::{Asides, MemoryJournal, Record, row_of},
    };

    use super::*;

    /// More than a ring of the hub holds.
    const MORE_THAN_A_RING: u64 = 3_000;

    /// A job whose events are committed and told one by one.
    struct Story {
        journal: Arc<dyn Journal>,
        hub: EventHub,
        job: Job,
    }

    impl Story {
        async fn begin() -> Self {
            let event = JobEvent::JobSubmitted {
                tenant: Tenant::default(),
                kind: "test".into(),
                input: Payload::of(&()).unwrap(),
                priority: 5,
                labels: Default::default(),
                deadline: None,
                seed: 0,
                request_id: None,
                trace: None,
                on_exhausted: Default::default(),
            };
            let job = Job::begin(JobId::mint(), &event, Timestamp::from_millis(0)).unwrap();
            let story = Self {
                journal: Arc::new(MemoryJournal::default()),
                hub: EventHub::new(10),
                job,
            };
            story.write(event, true).await;
            story
        }

        async fn goes_on(&mut self, events: u64) {
            for _ in 0..events {
                self.tell(JobEvent::JobRunning {}, true).await;
            }
        }

        async fn tell(&mut self, event: JobEvent, told: bool) {
            self.job.fold(&event, Timestamp::from_millis(0)).unwrap();
            self.write(event, told).await;
        }

        async fn write(&self, event: JobEvent, told: bool) {
            let record = Record {
                job: self.job.id,
                tenant: self.job.tenant.clone(),
                first_seq: self.job.seq,
                at: Timestamp::from_millis(0),
                events: Arc::new([event]),
                row: Arc::new(row_of(&self.job)),
                remember: None,
                asides: Asides::default(),
                audit: Vec::new(),
            };
            let pos = self
                .journal
                .commit(std::slice::from_ref(&record))
                .await
                .unwrap();
            if told {
                self.hub.publish(&record, pos[0]);
            }
        }

        fn follow(&self, after: u64) -> Feed {
            Feed::of_job(&self.journal, &self.hub, &row_of(&self.job), after)
        }
    }

    async fn rest(mut feed: Feed) -> Vec<Option<Position>> {
        let mut positions = Vec::new();
        while let Some(message) = feed.next().await.unwrap() {
            positions.push(message.position);
        }
        positions
    }

    fn seqs(range: std::ops::RangeInclusive<u64>) -> Vec<Option<Position>> {
        range.map(|seq| Some(Position::Seq(seq))).collect()
    }

    #[tokio::test]
    async fn a_reader_that_falls_behind_misses_nothing() {
        let mut story = Story::begin().await;
        let mut feed = story.follow(0);
        assert!(feed.next().await.unwrap().is_some());
        story.goes_on(MORE_THAN_A_RING).await;
        story.tell(JobEvent::JobSucceeded {}, true).await;
        assert_eq!(rest(feed).await, seqs(2..=MORE_THAN_A_RING + 2));
    }

    #[tokio::test]
    async fn an_event_that_was_not_told_is_read_once_a_later_one_is() {
        let mut story = Story::begin().await;
        let feed = story.follow(1);
        story.tell(JobEvent::JobRunning {}, false).await;
        story.tell(JobEvent::JobSucceeded {}, true).await;
        assert_eq!(rest(feed).await, seqs(2..=3));
    }

    #[tokio::test]
    async fn a_call_to_read_again_is_obeyed_and_repeats_nothing() {
        let mut story = Story::begin().await;
        let feed = story.follow(0);
        story.goes_on(3).await;
        story.tell(JobEvent::JobSucceeded {}, false).await;
        story.hub.resync();
        assert_eq!(rest(feed).await, seqs(1..=5));
    }

    #[tokio::test]
    async fn a_finished_job_ends_where_the_reader_asks_for_nothing_more() {
        let mut story = Story::begin().await;
        story.tell(JobEvent::JobSucceeded {}, true).await;
        assert_eq!(rest(story.follow(1)).await, seqs(2..=2));
        assert_eq!(rest(story.follow(2)).await, []);
    }

    #[tokio::test]
    async fn a_progress_tick_passes_without_a_position() {
        let story = Story::begin().await;
        let mut feed = story.follow(1);
        story
            .hub
            .tick(story.job.id, "task.progress", Timestamp::from_millis(0), &1);
        let tick = feed.next().await.unwrap().unwrap();
        assert_eq!(tick.position, None);
        assert!(tick.text.contains("task.progress"));
    }

    #[tokio::test]
    async fn a_tenant_reader_that_falls_behind_misses_nothing_it_had_begun_with() {
        let mut story = Story::begin().await;
        let mut feed = Feed::of_tenant(&story.journal, &story.hub, Tenant::default(), None);
        story.goes_on(1).await;
        assert_eq!(
            feed.next().await.unwrap().unwrap().position,
            Some(Position::Cursor { pos: 2, seq: 2 })
        );
        story.goes_on(MORE_THAN_A_RING).await;
        for place in 3..=MORE_THAN_A_RING + 2 {
            let position = feed.next().await.unwrap().unwrap().position;
            assert_eq!(
                position,
                Some(Position::Cursor {
                    pos: place,
                    seq: place
                })
            );
        }
    }
}
