//! The report as one HTML page with its charts in it: it needs nothing else.

use plotters::prelude::*;

use super::report::{Report, Second};
use crate::cli::failure::Failure;

const WIDTH: u32 = 1_000;
const HEIGHT: u32 = 300;
const FONT: &str = "sans-serif";
/// Colours that remain apart for colour-blind readers (M. Okabe and K. Ito, 2002).
const BLUE: RGBColor = RGBColor(0, 114, 178);
const VERMILION: RGBColor = RGBColor(213, 94, 0);
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:1040px;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
table{border-collapse:collapse}th,td{padding:.25rem .75rem;border-bottom:1px solid #ccc;text-align:right}\
th:first-child,td:first-child{text-align:left}svg{max-width:100%;height:auto}.missed{color:#a40000;font-weight:bold}";

/// One line of a chart.
struct Line {
    name: &'static str,
    colour: RGBColor,
    value: fn(&Second) -> f64,
}

/// `regressions` are None when the run was compared with nothing.
pub fn page(report: &Report, regressions: Option<&[String]>) -> Result<String, Failure> {
    let latency = chart(
        report,
        "Latency by second, ms",
        &[
            Line {
                name: "p50",
                colour: BLUE,
                value: |second| second.p50_ms.unwrap_or_default(),
            },
            Line {
                name: "p99",
                colour: VERMILION,
                value: |second| second.p99_ms.unwrap_or_default(),
            },
        ],
    )?;
    let answers = chart(
        report,
        "Requests by second",
        &[
            Line {
                name: "right",
                colour: BLUE,
                value: |second| second.answered as f64,
            },
            Line {
                name: "failed",
                colour: VERMILION,
                value: |second| second.errors as f64,
            },
        ],
    )?;
    let verdict = if report.passed {
        "passed"
    } else {
        "not passed"
    };
    let parts = [
        format!("<h1>Load test: {verdict}</h1>"),
        format!("<p>{}</p>", escaped(&report.heading())),
        format!(
            "<p>Against {} at {}. Latency runs from the moment a request was due. Longest time without an answer: {:.0} ms. \
             Sent again: {}. Accepted and not waited for: {}, of them lost: {}.</p>",
            escaped(&report.url),
            escaped(&report.at),
            report.gap_ms_max,
            report.resent,
            report.accepted,
            report.lost
        ),
        criteria(report),
        figures(report),
        errors(report),
        latency,
        answers,
        regressions.map(worse).unwrap_or_default(),
    ];
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Load test: {verdict}</title><style>{STYLE}</style></head>\n<body>\n{}\n</body></html>\n",
        parts.join("\n")
    ))
}

fn criteria(report: &Report) -> String {
    let rows = report.criteria.iter().map(|criterion| {
        let (class, verdict) = match criterion.met {
            true => ("met", "met"),
            false => ("missed", "not met"),
        };
        let name = escaped(&criterion.name);
        format!(
            "<tr><td>{name}</td><td>{:.1}</td><td>{:.1}</td><td class=\"{class}\">{verdict}</td></tr>",
            criterion.found, criterion.limit
        )
    });
    table(&["criterion", "found", "at most", ""], rows)
}

fn figures(report: &Report) -> String {
    let header = [
        "requests", "right", "failed", "p50 ms", "p75", "p90", "p95", "p99", "max",
    ];
    let rows = report.classes.iter().map(|(name, figures)| {
        let latency = figures.latency_ms.map(|latency| latency.named());
        let cells = latency.into_iter().flatten();
        let cells: String = cells
            .map(|(_, value)| format!("<td>{value:.1}</td>"))
            .collect();
        format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td>{cells}</tr>",
            escaped(name),
            figures.answered,
            figures.failed()
        )
    });
    table(&header, rows)
}

fn errors(report: &Report) -> String {
    let errors = &report.all().errors;
    if errors.is_empty() {
        return "<p>No request failed.</p>".to_owned();
    }
    let rows = errors
        .iter()
        .map(|(error, count)| format!("<tr><td>{}</td><td>{count}</td></tr>", escaped(error)));
    table(&["error", "requests"], rows)
}

fn worse(regressions: &[String]) -> String {
    if regressions.is_empty() {
        return "<p>Nothing is worse than in the baseline.</p>".to_owned();
    }
    let lines = regressions.iter();
    let lines: String = lines
        .map(|line| format!("<li>{}</li>", escaped(line)))
        .collect();
    format!("<h2>Worse than in the baseline</h2><ul class=\"missed\">{lines}</ul>")
}

fn table(header: &[&str], rows: impl Iterator<Item = String>) -> String {
    let header: String = header
        .iter()
        .map(|cell| format!("<th>{cell}</th>"))
        .collect();
    let rows: String = rows.collect();
    format!("<table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>")
}

fn chart(report: &Report, title: &str, lines: &[Line]) -> Result<String, Failure> {
    let failed =
        |error: &dyn std::fmt::Display| Failure::Failed(format!("draw the chart {title}: {error}"));
    let seconds = &report.timeline;
    let values = lines
        .iter()
        .flat_map(|line| seconds.iter().map(|second| (line.value)(second)));
    let top = values.fold(1.0, f64::max) * 1.05;
    let right = seconds.len().saturating_sub(1).max(1) as u64;
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
        root.fill(&WHITE).map_err(|error| failed(&error))?;
        let mut chart = ChartBuilder::on(&root)
            .caption(title, (FONT, 20))
            .margin(12)
            .x_label_area_size(34)
            .y_label_area_size(64)
            .build_cartesian_2d(0..right, 0.0..top)
            .map_err(|error| failed(&error))?;
        chart
            .configure_mesh()
            .x_desc("second")
            .axis_desc_style((FONT, 15))
            .label_style((FONT, 14))
            .light_line_style(TRANSPARENT)
            .bold_line_style(RGBColor(222, 222, 222))
            .draw()
            .map_err(|error| failed(&error))?;
        for line in lines {
            let colour = line.colour;
            let points = seconds
                .iter()
                .map(|second| (second.second, (line.value)(second)));
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)))
                .map_err(|error| failed(&error))?
                // Without font metrics the box is cut close: two spaces widen it.
                .label(format!("{}  ", line.name))
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 22, y)], colour.stroke_width(3))
                });
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .legend_area_size(28)
            .background_style(WHITE.mix(0.85))
            .border_style(RGBColor(200, 200, 200))
            .label_font((FONT, 15))
            .draw()
            .map_err(|error| failed(&error))?;
        root.present().map_err(|error| failed(&error))?;
    }
    Ok(svg)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_report_can_open_an_element() {
        assert_eq!(
            escaped("<a href=\"x\">&</a>"),
            "&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;"
        );
    }
}
