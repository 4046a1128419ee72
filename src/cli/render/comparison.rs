//! The result of `market.compare` as tables: figures, rankings, correlation, and what the figures mean.

use std::collections::BTreeMap;

use callboard_market::Metric;
use callboard_orchestra::Payload;
use serde::Deserialize;
use serde_json::Value;

use super::plain;

const NO_VALUE: &str = "-";

type Figures = BTreeMap<String, BTreeMap<String, Value>>;

#[derive(Deserialize)]
struct Comparison {
    assets: Figures,
    ranking: BTreeMap<String, Vec<String>>,
    correlation: Figures,
    conventions: BTreeMap<String, Value>,
    #[serde(default)]
    notes: Vec<String>,
    summary: String,
}

#[derive(Deserialize)]
struct Asked {
    tickers: Vec<String>,
}

/// `None` when `result` is not a comparison after all. Tickers stand in the order in which `input` asks for them.
pub fn render(input: Option<&Payload>, result: &Payload) -> Option<String> {
    let comparison: Comparison = result.read().ok()?;
    let asked = input
        .and_then(|input| input.read::<Asked>().ok())
        .map(|asked| asked.tickers);
    let mut tickers: Vec<&String> = comparison.assets.keys().collect();
    if let Some(asked) = &asked {
        tickers.sort_by_key(|ticker| asked.iter().position(|other| other == *ticker));
    }
    let mut parts = vec![
        comparison.summary.clone(),
        figures(&comparison, &tickers),
        ranking(&comparison),
    ];
    if tickers.len() > 1 {
        parts.push(correlation(&comparison, &tickers));
    }
    if !comparison.notes.is_empty() {
        let notes = comparison.notes.iter().map(|note| format!("  {note}"));
        parts.push(
            std::iter::once("Notes".to_owned())
                .chain(notes)
                .collect::<Vec<_>>()
                .join("\n"),
        );
    }
    parts.push(conventions(&comparison));
    Some(parts.join("\n\n") + "\n")
}

/// Rows that are no metrics, by key and label, and the metric they stand below.
const SPAN: [(&str, &str); 3] = [
    ("periods", "returns"),
    ("first_date", "from"),
    ("last_date", "to"),
];
const DRAWDOWN: [(&str, &str); 2] = [
    ("max_drawdown_peak", "  peak"),
    ("max_drawdown_trough", "  trough"),
];

fn figures(comparison: &Comparison, tickers: &[&String]) -> String {
    let row = |key: &str, label: &str, show: &dyn Fn(&Value) -> String| {
        let values: Vec<&Value> = tickers
            .iter()
            .map(|ticker| comparison.assets[*ticker].get(key).unwrap_or(&Value::Null))
            .collect();
        let shown = values.iter().any(|value| !value.is_null());
        shown.then(|| {
            let cells = values.into_iter().map(|value| {
                if value.is_null() {
                    NO_VALUE.to_owned()
                } else {
                    show(value)
                }
            });
            std::iter::once(label.to_owned())
                .chain(cells)
                .collect::<Vec<_>>()
        })
    };
    let mut rows: Vec<Option<Vec<String>>> = SPAN
        .iter()
        .map(|(key, label)| row(key, label, &text))
        .collect();
    for metric in Metric::ALL {
        rows.push(row(metric.key(), metric.label(), &|value| {
            figure(metric, value)
        }));
        if metric == Metric::MaxDrawdown {
            rows.extend(DRAWDOWN.iter().map(|(key, label)| row(key, label, &text)));
        }
    }
    let header = std::iter::once(String::new())
        .chain(tickers.iter().map(|ticker| (*ticker).clone()))
        .collect();
    plain(header, rows.into_iter().flatten().collect(), true)
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn figure(metric: Metric, value: &Value) -> String {
    match (value.as_f64(), metric.unit()) {
        (None, _) => text(value),
        (Some(number), "ratio") => format!("{number:.4}"),
        (Some(number), _) => format!("{:.2}%", number * 100.0),
    }
}

fn ranking(comparison: &Comparison) -> String {
    let ranked = Metric::ALL.into_iter().filter_map(|metric| {
        let tickers = comparison
            .ranking
            .get(metric.key())
            .filter(|tickers| !tickers.is_empty())?;
        Some(vec![metric.label().to_owned(), tickers.join(" > ")])
    });
    plain(
        vec!["ranking".to_owned(), "best first".to_owned()],
        ranked.collect(),
        false,
    )
}

fn correlation(comparison: &Comparison, tickers: &[&String]) -> String {
    let cell = |row: &String, column: &String| {
        let value = comparison
            .correlation
            .get(row)
            .and_then(|columns| columns.get(column))
            .and_then(Value::as_f64);
        value.map_or(NO_VALUE.to_owned(), |value| format!("{value:.4}"))
    };
    let rows = tickers.iter().map(|row| {
        let cells = tickers.iter().map(|column| cell(row, column));
        std::iter::once((*row).clone()).chain(cells).collect()
    });
    let header = std::iter::once("correlation".to_owned())
        .chain(tickers.iter().map(|ticker| (*ticker).clone()));
    plain(header.collect(), rows.collect(), true)
}

fn conventions(comparison: &Comparison) -> String {
    let told = comparison
        .conventions
        .iter()
        .filter(|(_, value)| !value.is_null());
    let lines = told.map(|(key, value)| format!("  {key}: {}", text(value)));
    std::iter::once("Conventions".to_owned())
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn comparison() -> Payload {
        let asset = |sharpe: f64| {
            json!({"periods": 3, "first_date": "2015-01-02", "sharpe": sharpe, "max_drawdown": -0.123_456,
                   "max_drawdown_peak": "2015-01-05", "beta": null})
        };
        Payload::of(&json!({
            "assets": {"AAPL": asset(0.5), "MSFT": asset(1.25)},
            "ranking": {"sharpe": ["MSFT", "AAPL"]},
            "correlation": {"AAPL": {"AAPL": 1.0, "MSFT": 0.25}, "MSFT": {"AAPL": 0.25, "MSFT": 1.0}},
            "conventions": {"frequency": "daily", "benchmark": null},
            "summary": "MSFT had the highest Sharpe ratio.",
        }))
        .unwrap()
    }

    fn cells(text: &str, label: &str) -> Vec<String> {
        let row = text
            .lines()
            .find(|line| line.contains(label))
            .unwrap_or_else(|| panic!("no {label} in {text}"));
        row.split(['│', '┆'])
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn figures_stand_under_their_tickers_in_the_order_asked() {
        let input = Payload::of(&json!({"tickers": ["MSFT", "AAPL"]})).unwrap();
        let text = render(Some(&input), &comparison()).unwrap();
        assert!(text.starts_with("MSFT had the highest Sharpe ratio.\n"));
        assert_eq!(cells(&text, "returns"), ["returns", "3", "3"]);
        assert_eq!(cells(&text, "1.2500"), ["Sharpe ratio", "1.2500", "0.5000"]);
        assert_eq!(
            cells(&text, "-12.35%"),
            ["max drawdown", "-12.35%", "-12.35%"]
        );
        assert_eq!(cells(&text, "MSFT > AAPL"), ["Sharpe ratio", "MSFT > AAPL"]);
        assert_eq!(cells(&text, "correlation"), ["correlation", "MSFT", "AAPL"]);
    }

    #[test]
    fn a_row_without_any_value_is_left_out() {
        let text = render(None, &comparison()).unwrap();
        assert!(
            !text.contains("beta") && !text.contains("benchmark"),
            "{text}"
        );
        assert!(text.contains("  frequency: daily"));
    }

    #[test]
    fn what_is_no_comparison_is_not_rendered_as_one() {
        assert_eq!(
            render(None, &Payload::of(&json!({"sum": 10})).unwrap()),
            None
        );
    }
}
