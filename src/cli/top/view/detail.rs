//! The selected crew or job, in whole.

use callboard_runtime::{BreakerState, CrewSnapshot, NodeKind, Strategy, WorkerVitals};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, Borders, Paragraph, Widget, Wrap},
};

use super::{jobs::progress, palette::Palette};
use crate::cli::top::{
    job_row::JobRow,
    model::Selected,
    node_row::{self, NodeRow},
    span::span,
};

/// Draws what is selected from its line `scrolled` on.
pub fn draw(
    selected: Option<Selected<'_>>,
    scrolled: u16,
    borders: Borders,
    palette: Palette,
    area: Rect,
    buffer: &mut Buffer,
) {
    let title = match selected {
        Some(Selected::Node(row)) => format!(" {} ", row.node.path),
        Some(Selected::Job(row)) => format!(" {} ", row.job.id),
        None => " nothing is selected ".to_owned(),
    };
    let lines = selected.map_or_else(Vec::new, |selected| lines(selected, palette));
    // Fewer than before, if the selected row has changed since it was scrolled.
    let last = u16::try_from(lines.len().saturating_sub(1)).unwrap_or(u16::MAX);
    let block = Block::new()
        .borders(borders)
        .title(Span::styled(title, palette.title()));
    Paragraph::new(lines)
        .wrap(Wrap { trim: false })
        .scroll((scrolled.min(last), 0))
        .block(block)
        .render(area, buffer);
}

fn lines(selected: Selected<'_>, palette: Palette) -> Vec<Line<'static>> {
    match selected {
        Selected::Node(row) => node(row, palette),
        Selected::Job(row) => job(row, palette),
    }
}

fn field(name: &str, value: impl Into<String>) -> Line<'static> {
    Line::from(format!(" {name}: {}", value.into()))
}

fn node(row: &NodeRow, palette: Palette) -> Vec<Line<'static>> {
    let node = &row.node;
    let kind = match node.kind {
        NodeKind::Supervisor => "supervisor",
        NodeKind::Crew => "crew",
        NodeKind::Resident => "resident",
    };
    let mut first = vec![
        Span::raw(format!(" {kind} ")),
        Span::styled(node_row::state(node.state), palette.node(node.state)),
    ];
    if node.kind == NodeKind::Resident {
        first.push(Span::raw(format!(", generation {}", node.generation)));
    }
    if let Some(crew) = &node.crew {
        first.push(Span::raw(format!(
            ", {} of {} wait, {} in hand, {} results held",
            crew.queue_depth, crew.queue_max, crew.in_hand, crew.held
        )));
    }
    let mut lines = vec![Line::from(first)];
    if let Some(crew) = &node.crew {
        lines.push(breaker(crew, palette));
    }
    if let (Some(strategy), Some(intensity)) = (node.strategy, node.intensity) {
        let strategy = match strategy {
            Strategy::OneForOne => "one for one",
            Strategy::OneForAll => "one for all",
            Strategy::RestForOne => "rest for one",
        };
        let window = std::time::Duration::from_millis(intensity.window_ms);
        lines.push(Line::from(format!(
            " restarts: {} of {} in {}, {strategy}",
            node.restarts_in_window,
            intensity.restarts_max,
            span(window)
        )));
    }
    if let Some(crew) = &node.crew {
        if let Some(failure) = &crew.last_failure {
            lines.push(field("last failure", failure.as_str()));
        }
        lines.extend(crew.workers.iter().map(|each| worker(each, palette)));
    }
    lines
}

fn breaker(crew: &CrewSnapshot, palette: Palette) -> Line<'static> {
    let state = crew.breaker.state;
    let ms = std::time::Duration::from_millis;
    let more = match state {
        BreakerState::Closed => String::new(),
        BreakerState::HalfOpen => ", one task is let through".to_owned(),
        BreakerState::Open => format!(
            ", next try in {} of {}",
            span(ms(crew.breaker.retry_after_ms)),
            span(ms(crew.breaker.cooldown_ms))
        ),
    };
    Line::from(vec![
        Span::raw(" breaker: "),
        Span::styled(node_row::breaker(state), palette.breaker(state)),
        Span::raw(more),
    ])
}

fn worker(worker: &WorkerVitals, palette: Palette) -> Line<'static> {
    let mut more = format!(", generation {}", worker.generation);
    if worker.in_hand > 0 {
        more.push_str(&format!(", {} in hand", worker.in_hand));
    }
    if let Some(silent) = worker.since_progress_ms {
        let silent = span(std::time::Duration::from_millis(silent));
        more.push_str(&format!(", last sign of life {silent} ago"));
    }
    if worker.panics > 0 {
        more.push_str(&format!(", {} panics", worker.panics));
    }
    Line::from(vec![
        Span::raw(format!(" worker {}: ", worker.index)),
        Span::styled(node_row::worker(worker.state), palette.worker(worker.state)),
        Span::raw(more),
    ])
}

fn job(row: &JobRow, palette: Palette) -> Vec<Line<'static>> {
    let job = &row.job;
    let state = job.state.0;
    let mut lines = vec![Line::from(vec![
        Span::raw(format!(" {} of {}: ", job.kind, job.tenant)),
        Span::styled(state.name(), palette.job(state)),
        Span::raw(format!(
            ", tasks {}, priority {}",
            progress(job.progress.done, job.progress.total),
            job.priority
        )),
    ])];
    if let Some(note) = row.note() {
        lines.push(Line::styled(format!(" {note}"), palette.warning()));
    }
    lines.push(field("submitted", job.created_at.as_str()));
    for (name, at) in [
        ("started", &job.started_at),
        ("ended", &job.finished_at),
        ("deadline", &job.deadline),
    ] {
        lines.extend(at.as_ref().map(|at| field(name, at.as_str())));
    }
    lines.extend(row.took.map(|took| field("took", span(took))));
    let labels = job.labels.iter();
    let labels: Vec<String> = labels
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    if !labels.is_empty() {
        lines.push(field("labels", labels.join(" ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::top::fixture::model;

    #[test]
    fn a_detail_has_no_more_lines_than_it_can_be_scrolled_by() {
        let (model, _) = model();
        let (nodes, jobs) = model.picture().rows();
        let nodes = nodes.iter().map(Selected::Node);
        let jobs = jobs.iter().map(|row| {
            let mut row = row.clone();
            row.job.deadline = Some("2026-01-31T09:30:00.000Z".to_owned());
            row
        });
        let jobs: Vec<JobRow> = jobs.collect();
        for selected in nodes.chain(jobs.iter().map(Selected::Job)) {
            let lines = lines(selected, Palette::plain()).len();
            assert!(lines <= usize::from(selected.lines_max()), "{selected:?}");
        }
    }
}
