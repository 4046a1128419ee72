//! A frame as text, for scripts: every node of the tree and the newest jobs, in as many lines as they need.

use std::time::Instant;

use ratatui::{
    buffer::Buffer,
    layout::{
        Constraint::{Length, Min},
        Layout, Rect,
    },
    text::Span,
};

use super::{
    frame::{draw_jobs, draw_nodes},
    header::{self, HEADER_LINES},
    list::HEAD_LINES,
    palette::Palette,
};
use crate::cli::top::model::Model;

/// Jobs of a printed frame.
const JOBS_MAX: usize = 20;
/// What stands in place of rows where there are none takes a line as well.
const ROWS_MIN: usize = 1;

/// The frame of `model` as it is at `now`, without escape codes.
pub fn page(model: &Model, now: Instant, columns: u16) -> String {
    let (nodes, jobs) = model.picture().rows();
    let lines = |rows: usize| u16::try_from(rows).unwrap_or(u16::MAX / 4).max(1);
    let tree = HEAD_LINES + lines(nodes.len().max(ROWS_MIN));
    let newest = HEAD_LINES + lines(jobs.len().clamp(ROWS_MIN, JOBS_MAX));
    let area = Rect::new(0, 0, columns, HEADER_LINES + tree + newest);
    let mut buffer = Buffer::empty(area);
    let [head, tree, newest] =
        Layout::vertical([Length(HEADER_LINES), Length(tree), Min(0)]).areas(area);
    let palette = Palette::plain();
    header::draw(model, now, palette, head, &mut buffer);
    draw_nodes(model, false, palette, tree, &mut buffer);
    draw_jobs(model, false, palette, newest, &mut buffer);
    text(&buffer)
}

fn text(buffer: &Buffer) -> String {
    let area = buffer.area;
    let line = |y: u16| {
        let (mut line, mut x) = (String::new(), 0);
        while x < area.width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            // The cells that a wide character covers are no characters of their own.
            x += u16::try_from(Span::raw(symbol).width()).unwrap_or(1).max(1);
        }
        line.trim_end().to_owned()
    };
    (0..area.height).map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::top::fixture::model;

    #[test]
    fn a_printed_frame_has_every_node_and_the_newest_jobs() {
        let (model, now) = model();
        let page = page(&model, now, 120);
        let lines: Vec<String> = page.lines().map(|line| format!("|{line}")).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        | callboard 0.1.0  ready, degraded  up 2 h 5 min  http://127.0.0.1:7070
        | live jobs 2 of 250000, tasks 19 of 1000000  12.0 jobs/s finished █
        | default, 24 h: 1 running 1 waiting 40 succeeded 1 failed
        | crew market.quoter degraded: breaker open, next try in 4.0 s
        | Supervision 8, by tree ────────────────────────────────────────────────────────────────────────────────────────────────
        |  supervised                 state     queue hand  busy restarts breaker   panics last failure
        |  root                       running                         0/5
        |   roles                     running                         0/5
        |    drill.planner            running       0    0   0/1      0/5 closed         0
        |    drill.runner             running      18    1   1/2      0/5 closed         0
        |    market.quoter            running      12    0   0/1      2/5 open           3 index out of bounds: the len is 3 but
        |   core                      running                         0/5
        |    journal-writer           running
        |    shard-0                  running
        | Jobs 3, by newest ─────────────────────────────────────────────────────────────────────────────────────────────────────
        |  job      kind           state       tasks done                age        took tenant       why
        |  00000004 drill.fanout   running     #----- 5/22             1 min        58 s default
        |  00000003 market.compare failed      #----- 2/7              1 min        10 s default      timeout: the quote did not
        |  00000002 drill.approval waiting     ##---- 1/3              1 min        58 s default      waits for the signal go
        "#);
    }
}
