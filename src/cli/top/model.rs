//! What the screen shows: the last picture of the server, how old it is, and what the reader has chosen to see of it. Pure:
//! answers and changes in, rows out.

use std::time::{Duration, Instant};

use super::{
    job_row::{JobOrder, JobRow},
    keys::{Change, Mode},
    node_row::{NodeOrder, NodeRow},
    pane::{Order, Pane},
    picture::Picture,
    poll::Answers,
    trouble::Trouble,
};

/// Characters of a filter.
const FILTER_CHARS_MAX: usize = 64;
/// Rows that a page of a list is.
const PAGE_ROWS: isize = 10;
/// More rows than any list has.
const ALL_ROWS: isize = isize::MAX / 2;

/// The list that keys go to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Focus {
    #[default]
    Nodes,
    Jobs,
}

/// What is selected, in whole.
#[derive(Debug, Clone, Copy)]
pub enum Selected<'a> {
    Node(&'a NodeRow),
    Job(&'a JobRow),
}

impl Selected<'_> {
    /// Lines of its detail, before any is wrapped, at the most.
    pub fn lines_max(self) -> u16 {
        /// Lines of a node beside those of its workers.
        const NODE_LINES_MAX: usize = 4;
        const JOB_LINES_MAX: usize = 9;
        let lines = match self {
            Self::Node(row) => {
                let workers = row.node.crew.as_ref().map(|crew| crew.workers.len());
                NODE_LINES_MAX + workers.unwrap_or_default()
            }
            Self::Job(_) => JOB_LINES_MAX,
        };
        u16::try_from(lines).unwrap_or(u16::MAX)
    }
}

#[derive(Debug, Clone)]
pub struct Model {
    /// What the server is called.
    pub server: String,
    pub focus: Focus,
    pub nodes: Pane<NodeOrder>,
    pub jobs: Pane<JobOrder>,
    pub mode: Mode,
    /// The detail has all the room, and keys that walk scroll it by so many lines.
    pub whole_detail: Option<u16>,
    latest: Picture,
    /// Shown in place of the latest while the picture is paused.
    paused: Option<Picture>,
    /// When something was last asked and answered, since the first look.
    answered_at: Option<Instant>,
    outage: Option<Trouble>,
    began_at: Instant,
}

impl Model {
    pub fn new(server: String, began_at: Instant) -> Self {
        Self {
            server,
            focus: Focus::default(),
            nodes: Pane::default(),
            jobs: Pane::default(),
            mode: Mode::default(),
            whole_detail: None,
            latest: Picture::default(),
            paused: None,
            answered_at: None,
            outage: None,
            began_at,
        }
    }

    pub fn hear(&mut self, answers: Answers) {
        self.outage = answers.outage().cloned();
        if self.outage.is_none() {
            self.answered_at = Some(answers.at);
        }
        self.latest.hear(answers);
        if self.paused.is_none() {
            self.hold();
        }
    }

    /// The picture that is shown.
    pub fn picture(&self) -> &Picture {
        self.paused.as_ref().unwrap_or(&self.latest)
    }

    pub const fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// Why the server answers nothing at all, and for how long it has been so.
    pub fn outage(&self, now: Instant) -> Option<(&Trouble, Duration)> {
        let since = self.answered_at.unwrap_or(self.began_at);
        let trouble = self.outage.as_ref()?;
        Some((trouble, now.saturating_duration_since(since)))
    }

    pub const fn has_answered(&self) -> bool {
        self.answered_at.is_some()
    }

    pub fn selected(&self) -> Option<Selected<'_>> {
        let (nodes, jobs) = self.picture().rows();
        match self.focus {
            Focus::Nodes => self.nodes.selected(nodes).map(Selected::Node),
            Focus::Jobs => self.jobs.selected(jobs).map(Selected::Job),
        }
    }

    /// The filter of the list that keys go to.
    pub fn filter(&self) -> &str {
        match self.focus {
            Focus::Nodes => &self.nodes.filter,
            Focus::Jobs => &self.jobs.filter,
        }
    }

    /// Does what a key means, but for what is not the model's: to leave, and to draw anew.
    pub fn change(&mut self, change: Change) {
        match change {
            Change::Quit | Change::Redraw => {}
            Change::Up => self.walk(-1),
            Change::Down => self.walk(1),
            Change::PageUp => self.walk(-PAGE_ROWS),
            Change::PageDown => self.walk(PAGE_ROWS),
            Change::First => self.walk(-ALL_ROWS),
            Change::Last => self.walk(ALL_ROWS),
            Change::OtherPane => {
                self.focus = match self.focus {
                    Focus::Nodes => Focus::Jobs,
                    Focus::Jobs => Focus::Nodes,
                };
                self.whole_detail = self.whole_detail.map(|_| 0);
            }
            Change::Sort => match self.focus {
                Focus::Nodes => self.nodes.order = self.nodes.order.next(),
                Focus::Jobs => self.jobs.order = self.jobs.order.next(),
            },
            Change::Pause => {
                self.paused = match self.paused {
                    Some(_) => None,
                    None => Some(self.latest.clone()),
                };
                self.hold();
            }
            Change::Help => self.mode = Mode::Help,
            Change::Detail => {
                self.whole_detail = match self.whole_detail {
                    Some(_) => None,
                    None => Some(0),
                };
            }
            Change::Back => match self.mode {
                Mode::Help => self.mode = Mode::Browsing,
                Mode::Browsing | Mode::Filtering => {
                    if self.whole_detail.take().is_none() {
                        self.set_filter(String::new());
                    }
                }
            },
            Change::EditFilter => {
                self.whole_detail = None;
                self.mode = Mode::Filtering;
            }
            Change::Typed(c) => {
                if self.filter().chars().count() < FILTER_CHARS_MAX {
                    self.set_filter(format!("{}{c}", self.filter()));
                }
            }
            Change::Erase => {
                let mut filter = self.filter().to_owned();
                filter.pop();
                self.set_filter(filter);
            }
            Change::KeepFilter => self.mode = Mode::Browsing,
            Change::DropFilter => {
                self.set_filter(String::new());
                self.mode = Mode::Browsing;
            }
        }
    }

    fn set_filter(&mut self, filter: String) {
        match self.focus {
            Focus::Nodes => self.nodes.filter = filter,
            Focus::Jobs => self.jobs.filter = filter,
        }
    }

    fn walk(&mut self, by: isize) {
        if let Some(scrolled) = self.whole_detail {
            let by = by.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
            let last = self
                .selected()
                .map_or(0, |selected| selected.lines_max() - 1);
            self.whole_detail = Some(scrolled.saturating_add_signed(by).min(last));
            return;
        }
        let picture = self.paused.as_ref().unwrap_or(&self.latest);
        let (nodes, jobs) = picture.rows();
        match self.focus {
            Focus::Nodes => self.nodes.walk(nodes, by),
            Focus::Jobs => self.jobs.walk(jobs, by),
        }
    }

    fn hold(&mut self) {
        let picture = self.paused.as_ref().unwrap_or(&self.latest);
        let (nodes, jobs) = picture.rows();
        self.nodes.hold(nodes);
        self.jobs.hold(jobs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::top::fixture::{answers, model, silence};

    fn selected(model: &Model) -> String {
        match model.selected() {
            Some(Selected::Node(row)) => row.node.name.clone(),
            Some(Selected::Job(row)) => row.short_id(),
            None => String::new(),
        }
    }

    fn after(changes: &[Change]) -> Model {
        let (mut model, _) = model();
        for change in changes {
            model.change(*change);
        }
        model
    }

    #[test]
    fn keys_walk_the_list_that_has_the_focus() {
        assert_eq!(selected(&after(&[])), "root");
        assert_eq!(
            selected(&after(&[Change::Down, Change::Down])),
            "drill.planner"
        );
        assert_eq!(
            selected(&after(&[Change::Last, Change::Up])),
            "journal-writer"
        );
        assert_eq!(
            selected(&after(&[Change::OtherPane, Change::Down])),
            "00000003"
        );
        let there_and_back = [Change::Down, Change::OtherPane, Change::OtherPane];
        assert_eq!(selected(&after(&there_and_back)), "roles");
    }

    #[test]
    fn another_order_keeps_the_selection_and_moves_the_rows() {
        let model = after(&[Change::Last, Change::Sort]);
        assert_eq!(selected(&model), "shard-0");
        let (nodes, _) = model.picture().rows();
        let first = model.nodes.shown(nodes)[0];
        assert_eq!(first.node.name, "drill.runner", "the longest queue");
        let model = after(&[Change::Sort, Change::Sort, Change::Sort]);
        assert_eq!(selected(&model), "market.quoter", "the open breaker");
    }

    #[test]
    fn a_filter_is_written_kept_and_dropped() {
        let typed = [
            Change::OtherPane,
            Change::EditFilter,
            Change::Typed('x'),
            Change::Erase,
            Change::Typed('f'),
            Change::Typed('a'),
            Change::Typed('i'),
        ];
        let mut model = after(&typed);
        assert_eq!((model.mode, model.filter()), (Mode::Filtering, "fai"));
        assert_eq!(selected(&model), "00000003", "the failed job");
        model.change(Change::KeepFilter);
        assert_eq!((model.mode, model.filter()), (Mode::Browsing, "fai"));
        model.change(Change::Back);
        assert_eq!(
            (model.filter(), selected(&model).as_str()),
            ("", "00000004")
        );
        model.change(Change::EditFilter);
        model.change(Change::Typed('z'));
        assert_eq!(selected(&model), "");
        model.change(Change::DropFilter);
        assert_eq!((model.mode, model.filter()), (Mode::Browsing, ""));
    }

    #[test]
    fn a_filter_has_a_bound() {
        let mut model = after(&[Change::EditFilter]);
        for _ in 0..FILTER_CHARS_MAX * 2 {
            model.change(Change::Typed('x'));
        }
        assert_eq!(model.filter().len(), FILTER_CHARS_MAX);
    }

    #[test]
    fn a_paused_picture_stays_while_answers_come_and_then_has_the_last_of_them() {
        let (mut model, now) = model();
        model.change(Change::Pause);
        let mut next = answers(now + Duration::from_secs(1));
        next.jobs = next.jobs.map(|mut page| {
            page.items.truncate(1);
            page
        });
        model.hear(next);
        assert_eq!(model.picture().rows().1.len(), 3);
        model.change(Change::Pause);
        assert_eq!(model.picture().rows().1.len(), 1);
    }

    #[test]
    fn a_server_that_has_gone_leaves_its_last_picture_and_its_return_ends_the_outage() {
        let (mut model, now) = model();
        let later = now + Duration::from_secs(7);
        model.hear(silence(later));
        let (trouble, silent) = model.outage(later).unwrap();
        assert_eq!(
            (trouble.to_string().as_str(), silent.as_secs()),
            ("connection refused", 7)
        );
        assert_eq!(model.picture().rows().1.len(), 3);
        assert_eq!(model.picture().health.trouble, None);
        model.hear(answers(later + Duration::from_secs(1)));
        assert!(model.outage(later).is_none());
    }

    #[test]
    fn one_question_without_an_answer_is_no_outage() {
        let (mut model, now) = model();
        let jobs = Err(Trouble::NoAnswer("it takes too long".to_owned()));
        model.hear(Answers {
            jobs,
            ..answers(now)
        });
        assert!(model.outage(now).is_none());
        let jobs = &model.picture().jobs;
        assert!(jobs.trouble.is_some() && jobs.known.is_some());
    }

    #[test]
    fn a_whole_detail_is_scrolled_and_left() {
        let mut model = after(&[Change::Detail, Change::Down, Change::Down, Change::Up]);
        assert_eq!(
            (model.whole_detail, selected(&model).as_str()),
            (Some(1), "root")
        );
        model.change(Change::Last);
        model.change(Change::Up);
        assert_eq!(model.whole_detail, Some(2), "it ends with its last line");
        model.change(Change::Back);
        assert_eq!(model.whole_detail, None);
    }
}
