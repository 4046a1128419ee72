//! Divides the screen: header, lists, detail, keys.

use std::time::Instant;

use ratatui::{
    buffer::Buffer,
    layout::{
        Constraint::{Fill, Length, Min},
        Layout, Rect,
    },
    widgets::{Borders, Paragraph, Widget, Wrap},
};

use super::{
    detail, footer, header, jobs,
    list::{HEAD_LINES, List},
    nodes,
    palette::Palette,
};
use crate::cli::top::{
    keys::Mode,
    model::{Focus, Model},
};

/// The least screen that something is drawn on.
const COLUMNS_MIN: u16 = 40;
const LINES_MIN: u16 = 10;
/// From this width on the detail stands beside the lists.
const BESIDE_FROM: u16 = 140;
/// The lists beside a detail are never narrower.
const LISTS_COLUMNS_MIN: u16 = 82;
/// From this height of lists and detail on, the detail stands below the lists.
const BELOW_FROM: u16 = 16;
const DETAIL_LINES: u16 = 6;

/// Draws the whole screen of `model` as it is at `now`.
pub fn draw(model: &Model, now: Instant, palette: Palette, area: Rect, buffer: &mut Buffer) {
    if area.width < COLUMNS_MIN || area.height < LINES_MIN {
        let words = format!(
            "too small: {}x{}, and {COLUMNS_MIN}x{LINES_MIN} is the least",
            area.width, area.height
        );
        return Paragraph::new(words)
            .wrap(Wrap { trim: true })
            .render(area, buffer);
    }
    let [head, body, foot] =
        Layout::vertical([Length(header::HEADER_LINES), Min(0), Length(1)]).areas(area);
    header::draw(model, now, palette, head, buffer);
    footer::draw(model, palette, foot, buffer);
    if model.mode == Mode::Help {
        return footer::help(palette, body, buffer);
    }
    let selected = model.selected();
    if let Some(scrolled) = model.whole_detail {
        return detail::draw(selected, scrolled, Borders::TOP, palette, body, buffer);
    }
    let lists = if area.width >= BESIDE_FROM {
        let [lists, beside] = Layout::horizontal([Fill(3), Fill(2)]).areas(body);
        let (lists, beside) = match lists.width < LISTS_COLUMNS_MIN {
            true => {
                let [lists, beside] =
                    Layout::horizontal([Length(LISTS_COLUMNS_MIN), Min(0)]).areas(body);
                (lists, beside)
            }
            false => (lists, beside),
        };
        let borders = Borders::TOP | Borders::LEFT;
        detail::draw(selected, 0, borders, palette, beside, buffer);
        lists
    } else if body.height >= BELOW_FROM {
        let [lists, below] = Layout::vertical([Min(0), Length(DETAIL_LINES)]).areas(body);
        detail::draw(selected, 0, Borders::TOP, palette, below, buffer);
        lists
    } else {
        body
    };
    let (nodes, jobs) = model.picture().rows();
    let [above, below] = shares(lists.height, [nodes.len(), jobs.len()], model.focus);
    let [above, below] = Layout::vertical([Length(above), Length(below)]).areas(lists);
    draw_nodes(model, model.focus == Focus::Nodes, palette, above, buffer);
    draw_jobs(model, model.focus == Focus::Jobs, palette, below, buffer);
}

/// Lines of the two lists. The one that keys go to has more, but no more than its rows need while the other lacks some.
fn shares(lines: u16, rows: [usize; 2], focus: Focus) -> [u16; 2] {
    let needs = rows.map(|rows| u16::try_from(rows).unwrap_or(u16::MAX / 4).max(1) + HEAD_LINES);
    let more = lines - lines * 2 / 5;
    let above = match focus {
        Focus::Nodes => more,
        Focus::Jobs => lines - more,
    };
    let above = match (needs[0] <= above, needs[1] <= lines - above) {
        (true, _) => needs[0],
        (false, true) => needs[0].min(lines - needs[1]),
        (false, false) => above,
    };
    [above, lines - above]
}

pub fn draw_nodes(
    model: &Model,
    has_focus: bool,
    palette: Palette,
    area: Rect,
    buffer: &mut Buffer,
) {
    let list = List {
        name: "Supervision",
        columns: &nodes::COLUMNS,
        pane: &model.nodes,
        part: &model.picture().nodes,
        has_focus,
        palette,
    };
    list.draw(area, buffer);
}

pub fn draw_jobs(
    model: &Model,
    has_focus: bool,
    palette: Palette,
    area: Rect,
    buffer: &mut Buffer,
) {
    let list = List {
        name: "Jobs",
        columns: &jobs::COLUMNS,
        pane: &model.jobs,
        part: &model.picture().jobs,
        has_focus,
        palette,
    };
    list.draw(area, buffer);
}

#[cfg(test)]
mod tests {
    use ratatui::{Terminal, backend::TestBackend, style::Color};

    use super::*;
    use crate::cli::top::{
        fixture::{answers, crew, job, model, silence, tree, worker},
        keys::Change,
        plain::Plain,
        poll::Answers,
    };

    fn drawn(
        model: &Model,
        now: Instant,
        palette: Palette,
        columns: u16,
        lines: u16,
    ) -> TestBackend {
        let mut terminal = Terminal::new(TestBackend::new(columns, lines)).unwrap();
        terminal
            .draw(|frame| draw(model, now, palette, frame.area(), frame.buffer_mut()))
            .unwrap();
        terminal.backend().clone()
    }

    fn plain(model: &Model, now: Instant, columns: u16, lines: u16) -> TestBackend {
        drawn(model, now, Palette::plain(), columns, lines)
    }

    #[test]
    fn the_lists_share_all_lines_and_none_has_lines_to_spare_that_the_other_lacks() {
        assert_eq!(shares(20, [100, 100], Focus::Nodes), [12, 8]);
        assert_eq!(shares(20, [100, 100], Focus::Jobs), [8, 12]);
        assert_eq!(shares(20, [3, 100], Focus::Nodes), [5, 15]);
        assert_eq!(shares(20, [100, 3], Focus::Jobs), [15, 5]);
        assert_eq!(shares(20, [3, 3], Focus::Jobs), [5, 15]);
        assert_eq!(shares(20, [0, 0], Focus::Nodes), [3, 17]);
        assert_eq!(shares(5, [1, 1], Focus::Nodes), [3, 2]);
    }

    #[test]
    fn a_small_screen_has_both_lists_and_the_detail() {
        let (mut model, now) = model();
        for _ in 0..4 {
            model.change(Change::Down);
        }
        insta::assert_snapshot!(plain(&model, now, 80, 24), @r#"
        " callboard 0.1.0  ready, degraded  up 2 h 5 min  http://127.0.0.1:7070          "
        " live jobs 2 of 250000, tasks 19 of 1000000  12.0 jobs/s finished █             "
        " default, 24 h: 1 running 1 waiting 40 succeeded 1 failed                       "
        " crew market.quoter degraded: breaker open, next try in 4.0 s                   "
        " Supervision 8, by tree ────────────────────────────────────────────────────────"
        "  supervised                state     queue hand  busy restarts breaker   panics"
        "   roles                    running                         0/5                 "
        "    drill.planner           running       0    0   0/1      0/5 closed         0"
        "    drill.runner            running      18    1   1/2      0/5 closed         0"
        ">   market.quoter           running      12    0   0/1      2/5 open           3"
        "   core                     running                         0/5                 "
        "    journal-writer          running                                             "
        " Jobs 3, by newest ─────────────────────────────────────────────────────────────"
        "  job      kind            state       tasks done                age        took"
        "  00000004 drill.fanout    running     #----- 5/22             1 min        58 s"
        "  00000003 market.compare  failed      #----- 2/7              1 min        10 s"
        "  00000002 drill.approval  waiting     ##---- 1/3              1 min        58 s"
        " root/roles/market.quoter ──────────────────────────────────────────────────────"
        " crew running, 12 of 10000 wait, 0 in hand, 0 results held                      "
        " breaker: open, next try in 4.0 s of 5.0 s                                      "
        " restarts: 2 of 5 in 30 s, one for one                                          "
        " last failure: index out of bounds: the len is 3 but the index is 7             "
        " worker 0: backoff, generation 4, 3 panics                                      "
        " q quit  ? help  tab list  enter detail  / filter  s sort  p pause              "
        "#);
    }

    #[test]
    fn a_wide_screen_has_the_detail_beside_the_lists() {
        let (mut model, now) = model();
        model.change(Change::OtherPane);
        model.change(Change::Down);
        insta::assert_snapshot!(plain(&model, now, 150, 20), @r#"
        " callboard 0.1.0  ready, degraded  up 2 h 5 min  http://127.0.0.1:7070                                                                                "
        " live jobs 2 of 250000, tasks 19 of 1000000  12.0 jobs/s finished █                                                                                   "
        " default, 24 h: 1 running 1 waiting 40 succeeded 1 failed                                                                                             "
        " crew market.quoter degraded: breaker open, next try in 4.0 s                                                                                         "
        " Supervision 8, by tree ──────────────────────────────────────────────────────────────────┌ job_019c8f0e5a7c7d0bb1a2c3d400000003 ─────────────────────"
        "  supervised                          state     queue hand  busy restarts breaker   panics│ market.compare of default: failed, tasks #----- 2/7,      "
        "  root                                running                         0/5                 │priority 5                                                 "
        "   roles                              running                         0/5                 │ timeout: the quote did not come                           "
        "    drill.planner                     running       0    0   0/1      0/5 closed         0│ submitted: 2026-01-31T09:29:00.000Z                       "
        "    drill.runner                      running      18    1   1/2      0/5 closed         0│ started: 2026-01-31T09:29:01.500Z                         "
        "    market.quoter                     running      12    0   0/1      2/5 open           3│ ended: 2026-01-31T09:29:11.500Z                           "
        "   core                               running                         0/5                 │ took: 10 s                                                "
        "    journal-writer                    running                                             │ labels: team=core                                         "
        "    shard-0                           running                                             │                                                           "
        " Jobs 3, by newest ───────────────────────────────────────────────────────────────────────│                                                           "
        "  job      kind                      state       tasks done                age        took│                                                           "
        "  00000004 drill.fanout              running     #----- 5/22             1 min        58 s│                                                           "
        "> 00000003 market.compare            failed      #----- 2/7              1 min        10 s│                                                           "
        "  00000002 drill.approval            waiting     ##---- 1/3              1 min        58 s│                                                           "
        " q quit  ? help  tab list  enter detail  / filter  s sort  p pause                                                                                    "
        "#);
    }

    #[test]
    fn a_narrow_screen_leaves_columns_out() {
        let (model, now) = model();
        insta::assert_snapshot!(plain(&model, now, 46, 14), @r#"
        " callboard 0.1.0  ready, degraded  up 2 h 5 mi"
        " live jobs 2 of 250000, tasks 19 of 1000000  1"
        " default, 24 h: 1 running 1 waiting 40 succeed"
        " crew market.quoter degraded: breaker open, ne"
        " Supervision 8, by tree ──────────────────────"
        "  supervised              state     queue hand"
        "> root                    running             "
        "   roles                  running             "
        "    drill.planner         running       0    0"
        "    drill.runner          running      18    1"
        " Jobs 3, by newest ───────────────────────────"
        "  job      kind                    state      "
        "  00000004 drill.fanout            running    "
        " q quit  ? help  tab list  enter detail  / fil"
        "#);
    }

    #[test]
    fn a_server_that_has_gone_leaves_its_picture_and_the_time_since() {
        let (mut model, now) = model();
        let later = now + std::time::Duration::from_secs(7);
        model.hear(silence(later));
        let screen = plain(&model, later, 80, 24).to_string();
        assert!(
            screen.contains("no answer for 7 s: connection refused"),
            "{screen}"
        );
        assert!(screen.contains("drill.runner"), "{screen}");
    }

    #[test]
    fn before_the_first_answer_the_screen_says_so() {
        let now = Instant::now();
        let mut model = Model::new("http://h".to_owned(), now);
        let screen = plain(&model, now, 80, 24).to_string();
        assert!(screen.contains("no answer so far"), "{screen}");
        model.hear(silence(now));
        let screen = plain(&model, now, 80, 24).to_string();
        assert!(
            screen.contains("no answer for 0 s: connection refused"),
            "{screen}"
        );
    }

    #[test]
    fn the_help_names_every_key() {
        let (mut model, now) = model();
        model.change(Change::Help);
        insta::assert_snapshot!(plain(&model, now, 80, 24), @r#"
        " callboard 0.1.0  ready, degraded  up 2 h 5 min  http://127.0.0.1:7070          "
        " live jobs 2 of 250000, tasks 19 of 1000000  12.0 jobs/s finished █             "
        " default, 24 h: 1 running 1 waiting 40 succeeded 1 failed                       "
        " crew market.quoter degraded: breaker open, next try in 4.0 s                   "
        " Keys ──────────────────────────────────────────────────────────────────────────"
        " up, k / down, j       select the row above or below                            "
        " page up / page down   ten rows up or down                                      "
        " home, g / end, G      the first or the last row                                "
        " tab                   go to the other list                                     "
        " enter                 the detail in all the room, and back                     "
        " /                     filter the list: enter keeps it, esc drops it            "
        " s                     sort the list by something else                          "
        " p                     pause the picture, and go on                             "
        " esc                   leave the detail or the help, or drop the filter         "
        " ctrl-l                draw the screen anew                                     "
        " q, ctrl-c             quit                                                     "
        "                                                                                "
        " queue: tasks that wait; hand: tasks that workers have; busy: workers           "
        " with a task; restarts: deaths within the window, of those that are borne       "
        "                                                                                "
        "                                                                                "
        "                                                                                "
        "                                                                                "
        " q quit  ? help  tab list  enter detail  / filter  s sort  p pause              "
        "#);
    }

    #[test]
    fn a_filter_that_is_written_and_a_picture_that_is_paused_are_told_of() {
        let (mut model, now) = model();
        for change in [Change::Pause, Change::EditFilter, Change::Typed('q')] {
            model.change(change);
        }
        let screen = plain(&model, now, 80, 24).to_string();
        for told in [
            "paused: p goes on",
            "filter: q",
            "Supervision 1 of 8, by tree with `q`",
        ] {
            assert!(screen.contains(told), "no {told} in {screen}");
        }
    }

    #[test]
    fn what_may_not_be_seen_is_told_in_place_of_rows() {
        let now = Instant::now();
        let mut model = Model::new("http://h".to_owned(), now);
        let tree = Err(crate::cli::top::trouble::Trouble::Refused {
            why: "this needs metrics:read (forbidden)".to_owned(),
            for_good: true,
        });
        model.hear(Answers {
            tree,
            ..answers(now)
        });
        let screen = plain(&model, now, 80, 24).to_string();
        assert!(
            screen.contains("! this needs metrics:read (forbidden)"),
            "{screen}"
        );
        assert!(screen.contains("drill.fanout"), "{screen}");
    }

    #[test]
    fn a_screen_that_is_too_small_says_so() {
        let (model, now) = model();
        for (columns, lines) in [(39, 24), (80, 9), (12, 3), (1, 1)] {
            let screen = plain(&model, now, columns, lines).to_string();
            assert!(columns < 12 || screen.contains("too small"), "{screen}");
        }
    }

    #[test]
    fn any_size_can_be_drawn() {
        let (mut model, now) = model();
        for change in [
            Change::Last,
            Change::Detail,
            Change::Detail,
            Change::OtherPane,
            Change::Help,
        ] {
            model.change(change);
            for columns in [1, 40, 41, 66, 80, 110, 139, 140, 300] {
                for lines in [1, 10, 11, 15, 21, 60] {
                    plain(&model, now, columns, lines);
                }
            }
        }
    }

    #[test]
    fn colours_only_repeat_what_words_say() {
        let (model, now) = model();
        let coloured = drawn(&model, now, Palette::of(true), 80, 24);
        let bare = plain(&model, now, 80, 24);
        assert_eq!(coloured.to_string(), bare.to_string());
        let cells = |screen: &TestBackend| {
            let cells = screen.buffer().content.iter();
            cells.filter(|cell| cell.fg != Color::Reset).count()
        };
        assert!(cells(&coloured) > 0);
        assert_eq!(cells(&bare), 0);
    }

    #[test]
    fn text_of_a_server_brings_no_control_characters_to_the_terminal() {
        let evil = "a\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}1m\u{202e}b\r\n";
        let now = Instant::now();
        let mut hostile = crew(evil, 1, "closed", vec![worker(0, "busy", 1, 1)]);
        hostile["crew"]["last_failure"] = evil.into();
        let mut failed = job(1, evil, "failed", 0, 1);
        failed["tenant"] = evil.into();
        failed["labels"] = serde_json::json!({evil: evil});
        failed["error"] = serde_json::json!({"code": evil, "message": evil});
        let tree: callboard_runtime::TreeSnapshot =
            serde_json::from_value(tree(vec![hostile])).unwrap();
        let jobs: callboard::http::JobsPage =
            serde_json::from_value(serde_json::json!({"items": [failed]})).unwrap();
        let mut model = Model::new("http://h".to_owned(), now);
        model.hear(Answers {
            tree: Ok(tree.plain()),
            jobs: Ok(jobs.plain()),
            ..answers(now)
        });
        for change in [
            Change::Down,
            Change::Down,
            Change::OtherPane,
            Change::Detail,
            Change::OtherPane,
        ] {
            model.change(change);
            for columns in [80, 160] {
                let screen = plain(&model, now, columns, 40);
                let bad = screen.buffer().content.iter().find(|cell| {
                    let dangerous = |c: char| c.is_control() || c == '\u{202e}';
                    cell.symbol().contains(dangerous)
                });
                assert_eq!(bad, None);
                assert!(screen.to_string().contains('\u{fffd}'), "{screen}");
            }
        }
    }
}
