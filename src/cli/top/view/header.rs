//! The lines above the lists: the server, its load, its jobs by state, and what must be known before all else.

use std::time::{Duration, Instant};

use callboard::health::{Component, Status};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    symbols::bar,
    text::{Line, Span},
    widgets::{Paragraph, Widget},
};

use super::palette::Palette;
use crate::cli::top::{model::Model, picture::Picture, span::span};

pub const HEADER_LINES: u16 = 4;
/// Readings of the small chart of jobs a second.
const CHART_CELLS: usize = 30;

pub fn draw(model: &Model, now: Instant, palette: Palette, area: Rect, buffer: &mut Buffer) {
    let picture = model.picture();
    let lines = vec![
        server(model, palette),
        load(picture, palette),
        census(picture, palette),
        notice(model, now, palette),
    ];
    Paragraph::new(lines).render(area, buffer);
}

fn server(model: &Model, palette: Palette) -> Line<'static> {
    let picture = model.picture();
    let mut spans = vec![Span::styled(" callboard", palette.title())];
    if let Some(counters) = &picture.counters.known {
        let (ready, style) = match counters.is_ready {
            true => ("ready", palette.good()),
            false => ("not ready", palette.bad()),
        };
        spans.push(Span::raw(format!(" {}  ", counters.version)));
        spans.push(Span::styled(ready, style));
    }
    if let Some(health) = &picture.health.known {
        let style = palette.health(health.status);
        spans.push(Span::raw(", "));
        spans.push(Span::styled(status(health.status), style));
    }
    if let Some(uptime) = picture.uptime() {
        spans.push(Span::raw(format!("  up {}", span(uptime))));
    }
    spans.push(Span::styled(format!("  {}", model.server), palette.quiet()));
    Line::from(spans)
}

fn load(picture: &Picture, palette: Palette) -> Line<'static> {
    let Some(counters) = &picture.counters.known else {
        return match &picture.counters.trouble {
            Some(trouble) => Line::styled(format!(" no figures: {trouble}"), palette.bad()),
            None => Line::default(),
        };
    };
    let rate = match picture.throughput.rate() {
        Some(rate) => format!("{rate:.1} jobs/s finished"),
        None => "jobs/s not known".to_owned(),
    };
    let chart = chart(&picture.throughput.history(CHART_CELLS));
    Line::from(vec![
        Span::raw(format!(
            " live jobs {} of {}, tasks {} of {}  ",
            counters.live_jobs,
            counters.live_jobs_max,
            counters.unfinished_tasks,
            counters.unfinished_tasks_max
        )),
        Span::styled(rate, palette.title()),
        Span::raw(format!(" {chart}")),
    ])
}

/// A bar for each figure, the greatest full.
fn chart(figures: &[f64]) -> String {
    const LEVELS: [&str; 9] = [
        " ",
        bar::ONE_EIGHTH,
        bar::ONE_QUARTER,
        bar::THREE_EIGHTHS,
        bar::HALF,
        bar::FIVE_EIGHTHS,
        bar::THREE_QUARTERS,
        bar::SEVEN_EIGHTHS,
        bar::FULL,
    ];
    let greatest = figures.iter().copied().fold(0.0, f64::max);
    let level = |figure: &f64| match *figure > 0.0 {
        true => LEVELS[((figure / greatest * 8.0).ceil() as usize).min(8)],
        false => LEVELS[0],
    };
    figures.iter().map(level).collect()
}

fn census(picture: &Picture, palette: Palette) -> Line<'static> {
    let (Some(census), Some(usage)) = (picture.census(), &picture.usage.known) else {
        return match &picture.usage.trouble {
            Some(trouble) => Line::styled(format!(" no counts: {trouble}"), palette.bad()),
            None => Line::default(),
        };
    };
    let mut spans = vec![Span::raw(format!(" {}, 24 h:", usage.tenant))];
    let states = census.into_iter().filter(|(_, jobs)| *jobs > 0);
    for (state, jobs) in states {
        spans.push(Span::raw(format!(" {jobs} ")));
        spans.push(Span::styled(state.name(), palette.job(state)));
    }
    if spans.len() == 1 {
        spans.push(Span::raw(" no jobs"));
    }
    Line::from(spans)
}

/// What the reader must know before all else.
fn notice(model: &Model, now: Instant, palette: Palette) -> Line<'static> {
    let mut line = Line::from(" ");
    if model.is_paused() {
        line.push_span(Span::styled("paused: p goes on", palette.inverse()));
        line.push_span(Span::raw("  "));
    }
    let picture = model.picture();
    let ailments = picture.ailments();
    let more = match ailments.len() {
        0 | 1 => String::new(),
        all => format!(" (and {} more)", all - 1),
    };
    if let Some((trouble, silent)) = model.outage(now) {
        let text = format!("no answer for {}: {trouble}", silence(silent));
        let style = palette.bad().patch(palette.inverse());
        line.push_span(Span::styled(text, style));
    } else if let Some(trouble) = &picture.health.trouble {
        line.push_span(Span::styled(
            format!("health unknown: {trouble}"),
            palette.bad(),
        ));
    } else if let Some(worst) = ailments.first() {
        let text = format!("{}{more}", ailment(worst));
        line.push_span(Span::styled(text, palette.health(worst.status)));
    }
    line
}

fn ailment(component: &Component) -> String {
    let message = component.message.as_deref().map(|text| format!(": {text}"));
    let (name, status) = (&component.name, status(component.status));
    format!("{name} {status}{}", message.unwrap_or_default())
}

/// In whole seconds, so that the line changes once a second.
fn silence(silent: Duration) -> String {
    match silent.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => span(Duration::from_secs(seconds)),
    }
}

const fn status(status: Status) -> &'static str {
    match status {
        Status::Healthy => "healthy",
        Status::Degraded => "degraded",
        Status::Unhealthy => "unhealthy",
        Status::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_of_the_chart_is_full_at_the_greatest_and_empty_at_nothing_alone() {
        assert_eq!(chart(&[0.0, 0.001, 4.0, 8.0]), " ▁▄█");
        assert_eq!(chart(&[0.0, 0.0]), "  ");
        assert_eq!(chart(&[]), "");
    }
}
