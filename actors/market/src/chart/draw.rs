//! Draws both panels.

use chrono::NaiveDate;
use plotters::prelude::*;

use super::time_axis::{TimeAxis, day_number};
use crate::{measure::underwater, panel::Panel};

/// Name of the artifact.
pub const CHART_NAME: &str = "comparison.svg";
pub const CHART_MEDIA_TYPE: &str = "image/svg+xml";

const WIDTH: u32 = 1_000;
const HEIGHT: u32 = 720;
const GROWTH_HEIGHT: u32 = 440;
/// Points drawn of one line; more cannot be told apart at this width.
const POINTS_MAX: usize = 900;
/// Colours that remain apart for colour-blind readers (M. Okabe and K. Ito, 2002), repeated when tickers outnumber them.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(80, 80, 80),
];
const BENCHMARK_COLOUR: RGBColor = RGBColor(140, 140, 140);
/// Tickers named in the title.
const TITLE_TICKERS_MAX: usize = 8;
const FONT: &str = "sans-serif";

/// The chart could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw the chart: {0}")]
pub struct ChartError(String);

/// Draws `panel`, which has at least two dates, as an SVG document.
pub fn draw(panel: &Panel) -> Result<String, ChartError> {
    let lines = lines(panel);
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
        root.fill(&WHITE).map_err(failed)?;
        let (growth, drawdown) = root.split_vertically(GROWTH_HEIGHT);
        let title = heading(panel);
        draw_panel(
            &growth,
            &lines,
            &Frame {
                title: &title,
                measure: "growth of 1",
                legend: true,
                shown: |v| format!("{v:.2}"),
            },
            |line| &line.growth,
        )?;
        draw_panel(
            &drawdown,
            &lines,
            &Frame {
                title: "Drawdown",
                measure: "below peak",
                legend: false,
                shown: |v| format!("{:.0}%", v * 100.0).replace("-0%", "0%"),
            },
            |line| &line.drawdown,
        )?;
        root.present().map_err(failed)?;
    }
    Ok(titled(&svg, &heading(panel)))
}

struct Line {
    name: String,
    colour: RGBColor,
    growth: Vec<(f64, f64)>,
    drawdown: Vec<(f64, f64)>,
}

struct Frame<'a> {
    title: &'a str,
    measure: &'a str,
    legend: bool,
    shown: fn(f64) -> String,
}

fn heading(panel: &Panel) -> String {
    let dates = panel.dates();
    let tickers = panel.tickers();
    let more = tickers.len().saturating_sub(TITLE_TICKERS_MAX);
    let named = tickers[..tickers.len() - more].join(", ");
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!(
        "Growth of 1: {named}{more} ({} to {})",
        dates[0],
        dates[dates.len() - 1]
    )
}

fn lines(panel: &Panel) -> Vec<Line> {
    let tickers = panel
        .tickers()
        .iter()
        .map(String::as_str)
        .zip(COLOURS.into_iter().cycle());
    let benchmark = panel.benchmark().map(|(name, _)| (name, BENCHMARK_COLOUR));
    let benchmark =
        benchmark.filter(|(name, _)| !panel.tickers().iter().any(|ticker| ticker == name));
    tickers
        .chain(benchmark)
        .map(|(ticker, colour)| {
            let closes = panel
                .closes(ticker)
                .expect("the panel holds its own tickers");
            let growth: Vec<f64> = closes.iter().map(|close| close / closes[0]).collect();
            Line {
                name: ticker.to_owned(),
                colour,
                growth: thinned(panel.dates(), &growth, |bucket| bucket[bucket.len() - 1]),
                drawdown: thinned(panel.dates(), &underwater(closes), |bucket| {
                    bucket.iter().copied().fold(0.0, f64::min)
                }),
            }
        })
        .collect()
}

/// At most `POINTS_MAX` points: each stands for a bucket of neighbours, at the bucket's last date.
fn thinned(
    dates: &[NaiveDate],
    values: &[f64],
    of_bucket: impl Fn(&[f64]) -> f64,
) -> Vec<(f64, f64)> {
    let size = values.len().div_ceil(POINTS_MAX).max(1);
    let rest = dates[1..].chunks(size).zip(values[1..].chunks(size));
    let first = (day_number(dates[0]), values[0]);
    std::iter::once(first)
        .chain(rest.map(|(dates, values)| (day_number(dates[dates.len() - 1]), of_bucket(values))))
        .collect()
}

fn draw_panel<'a>(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    lines: &'a [Line],
    frame: &Frame<'_>,
    points: impl Fn(&'a Line) -> &'a Vec<(f64, f64)>,
) -> Result<(), ChartError> {
    let all = || lines.iter().flat_map(|line| points(line).iter());
    let (left, right) = extent(all().map(|point| point.0));
    let (low, high) = extent(all().map(|point| point.1));
    let margin = ((high - low) * 0.05).max(1e-3);
    let top = if frame.legend { high + margin } else { 0.0 };
    let axis = TimeAxis::over(left, right);
    let label = axis.label();
    let mut chart = ChartBuilder::on(area)
        .caption(frame.title, (FONT, 20))
        .margin(12)
        .x_label_area_size(34)
        .y_label_area_size(64)
        .build_cartesian_2d(axis, (low - margin)..top)
        .map_err(failed)?;
    chart
        .configure_mesh()
        .y_labels(7)
        .x_label_formatter(&label)
        .y_label_formatter(&|value| (frame.shown)(*value))
        .x_desc(if frame.legend { "" } else { "date" })
        .y_desc(frame.measure)
        .axis_desc_style((FONT, 15))
        .label_style((FONT, 14))
        .light_line_style(TRANSPARENT)
        .bold_line_style(RGBColor(222, 222, 222))
        .draw()
        .map_err(failed)?;
    for line in lines {
        let colour = line.colour;
        chart
            .draw_series(LineSeries::new(
                points(line).iter().copied(),
                colour.stroke_width(2),
            ))
            .map_err(failed)?
            // Without font metrics the box is cut close: two spaces widen it.
            .label(format!("{}  ", line.name))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], colour.stroke_width(3)));
    }
    if frame.legend {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .legend_area_size(28)
            .background_style(WHITE.mix(0.85))
            .border_style(RGBColor(200, 200, 200))
            .label_font((FONT, 15))
            .draw()
            .map_err(failed)?;
    }
    Ok(())
}

fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    })
}

/// The document with a title for readers that do not see it.
fn titled(svg: &str, title: &str) -> String {
    let title = title
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    match svg.split_once('>') {
        Some((open, rest)) => format!("{open} role=\"img\"><title>{title}</title>{rest}"),
        None => svg.to_owned(),
    }
}

fn failed(error: impl std::fmt::Display) -> ChartError {
    ChartError(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::{PriceBook, Series, embedded};

    fn panel(book: &PriceBook, tickers: &[&str]) -> Panel {
        let tickers: Vec<String> = tickers.iter().map(|ticker| (*ticker).to_owned()).collect();
        Panel::align(book, &tickers, None, (NaiveDate::MIN, NaiveDate::MAX)).unwrap()
    }

    /// Reads the tags of a document and checks that each one is closed; the names of all elements.
    fn elements(svg: &str) -> Vec<String> {
        let (mut open, mut names) = (Vec::new(), Vec::new());
        let mut rest = svg;
        while let Some((_, tail)) = rest.split_once('<') {
            let (tag, after) = tail.split_once('>').expect("a tag ends");
            assert!(!tag.contains('<'), "a bare < in {tag}");
            rest = after;
            if tag.starts_with(['?', '!']) {
                continue;
            }
            let name = tag
                .trim_matches('/')
                .split_whitespace()
                .next()
                .unwrap()
                .to_owned();
            if tag.starts_with('/') {
                assert_eq!(open.pop().as_ref(), Some(&name));
                continue;
            }
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            if !tag.ends_with('/') {
                open.push(name.clone());
            }
            names.push(name);
        }
        assert!(open.is_empty(), "{open:?} stay open");
        names
    }

    #[test]
    fn the_chart_has_a_line_a_ticker_in_each_panel_and_names_them() {
        let svg = draw(&panel(&embedded(), &["AAPL", "MSFT", "GOOG", "AMZN"])).unwrap();
        let names = elements(&svg);
        assert!(svg.contains(
            "<title>Growth of 1: AAPL, MSFT, GOOG, AMZN (2004-08-01 to 2010-03-01)</title>"
        ));
        let drawn = COLOURS[..4]
            .iter()
            .map(|RGBColor(r, g, b)| format!("stroke=\"#{r:02X}{g:02X}{b:02X}\""));
        for colour in drawn {
            assert_eq!(
                svg.matches(&format!(
                    "<polyline fill=\"none\" opacity=\"1\" {colour} stroke-width=\"2\""
                ))
                .count(),
                2,
                "{colour}"
            );
        }
        for text in ["AAPL", "growth of 1", "below peak", "date", "Drawdown"] {
            assert!(
                svg.contains(&format!("\n{text}\n")) || svg.contains(text),
                "{text}"
            );
        }
        assert!(names.iter().filter(|name| *name == "text").count() > 20);
    }

    #[test]
    fn names_with_marks_keep_the_document_well_formed() {
        let day = |d| NaiveDate::from_ymd_opt(2015, 1, d).unwrap();
        let book = PriceBook::new(
            "test",
            [Series::new("S&P <500>", vec![(day(1), 1.0), (day(2), 1.0)]).unwrap()],
        );
        let svg = draw(&panel(&book, &["S&P <500>"])).unwrap();
        elements(&svg);
        assert!(!svg.contains("S&P <"));
    }

    #[test]
    fn a_long_series_is_thinned_and_keeps_its_deepest_point() {
        let dates: Vec<NaiveDate> = NaiveDate::from_ymd_opt(2015, 1, 1)
            .unwrap()
            .iter_days()
            .take(5_000)
            .collect();
        let mut values = vec![0.0; 5_000];
        values[2_345] = -0.5;
        let points = thinned(&dates, &values, |bucket| {
            bucket.iter().copied().fold(0.0, f64::min)
        });
        assert!(points.len() <= POINTS_MAX + 1);
        assert_eq!(points.iter().map(|point| point.1).fold(0.0, f64::min), -0.5);
        assert_eq!(points.last().unwrap().0, day_number(dates[4_999]));
    }
}
