//! The page: a section for every set, with its request, its files and charts of what its rows come to.

use std::{collections::BTreeMap, fmt::Write as _};

use super::bars::{self, Bar};
use crate::{
    dataset::{Manifest, SetReport},
    request::Entity,
    tally::{BINS_PER_DECADE, Part},
};

/// Bars of one chart; the rest are put together.
const BARS_MAX: usize = 20;
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// Hundredths in a unit.
const MINOR: f64 = 100.0;
const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:760px;margin:2em auto;padding:0 1em;color:#1c2733}\
h1{font-size:1.5em}h2{font-size:1.25em;margin-top:2em;border-top:1px solid #d5dbe1;padding-top:1em}h3{font-size:1em;margin-bottom:.3em}\
table{border-collapse:collapse}td,th{padding:.15em .9em .15em 0;text-align:left}svg{width:100%;font-size:11px;fill:#3d5a80}svg text{fill:#1c2733}\
code{font-size:12px;overflow-wrap:anywhere}";

/// The report on a manifest as HTML.
pub fn page(manifest: &Manifest) -> String {
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Synthetic data</title><style>{STYLE}</style></head><body>\n\
         <h1>Synthetic data</h1>\n<p>{} rows in {} bytes. Every value is made up; no person, merchant or account is meant.</p>\n",
        grouped(manifest.rows),
        grouped(manifest.bytes)
    );
    for set in &manifest.sets {
        section(&mut html, set);
    }
    html.push_str("</body></html>\n");
    html
}

fn section(html: &mut String, set: &SetReport) {
    let (request, tally) = (&set.request, &set.tally);
    let mut facts = vec![
        ("rows", grouped(tally.rows)),
        ("files", set.shards.len().to_string()),
        ("bytes", grouped(set.bytes)),
        ("locale", escaped(&request.locale)),
        ("seed", request.seed.to_string()),
    ];
    if set.entity == Entity::Transactions {
        facts.push(("period", format!("{} to {}", request.from, request.to)));
        facts.push((
            "fraud",
            format!(
                "{} rows, {}",
                grouped(tally.fraud_rows),
                percent(set.fraud_rate())
            ),
        ));
    }
    for (name, count, what) in [
        ("missing", tally.missing_cells, "cells emptied on request"),
        ("dirty", tally.dirty_rows, "rows with a corrupted cell"),
    ] {
        if count > 0 {
            facts.push((name, format!("{} {what}", grouped(count))));
        }
    }
    // Writing to a text cannot fail, here and below.
    let _ = write!(html, "<h2>{}</h2>\n<table>", set.entity.as_str());
    for (name, value) in facts {
        let _ = write!(html, "<tr><th>{name}</th><td>{value}</td></tr>");
    }
    html.push_str("</table>\n");
    let again = serde_json::to_string(request).unwrap_or_default();
    let _ = writeln!(
        html,
        "<p>Made again by <code>{}</code></p>",
        escaped(&again)
    );

    shares(html, "Categories", &tally.by_category);
    mean_amounts(html, &tally.by_category);
    shares(html, "States", &tally.by_state);
    shares(html, "Channels", &tally.by_channel);
    shares(html, "Typologies of fraud", &tally.by_fraud_type);
    let hours: Vec<String> = (0..tally.by_hour.len())
        .map(|hour| hour.to_string())
        .collect();
    counts(html, "Hours of the day", &hours, &tally.by_hour);
    counts(
        html,
        "Days of the week",
        &WEEKDAYS.map(str::to_owned),
        &tally.by_weekday,
    );
    let bins: Vec<String> = (0..tally.by_log_amount.len()).map(bin_label).collect();
    counts(
        html,
        "Amounts, on a logarithmic scale",
        &bins,
        &tally.by_log_amount,
    );
}

/// Shares of rows, largest first.
fn shares(html: &mut String, title: &str, parts: &BTreeMap<String, Part>) {
    let whole: u64 = parts.values().map(|part| part.rows).sum();
    if whole == 0 {
        return;
    }
    let mut sorted: Vec<(&String, u64)> =
        parts.iter().map(|(name, part)| (name, part.rows)).collect();
    sorted.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    let bar = |name: &str, rows: u64| {
        let share = rows as f64 / whole as f64;
        Bar {
            label: escaped(name),
            value: share,
            note: percent(share),
        }
    };
    let shown = sorted.iter().take(BARS_MAX);
    let mut drawn: Vec<Bar> = shown.map(|(name, rows)| bar(name, *rows)).collect();
    let rest: u64 = sorted.iter().skip(BARS_MAX).map(|(_, rows)| rows).sum();
    if rest > 0 {
        drawn.push(bar(&format!("{} others", sorted.len() - BARS_MAX), rest));
    }
    chart(html, title, &bars::rows(&drawn));
}

fn mean_amounts(html: &mut String, parts: &BTreeMap<String, Part>) {
    let counted = parts
        .iter()
        .filter(|(_, part)| part.rows > 0 && part.amount_minor > 0);
    let drawn: Vec<Bar> = counted
        .map(|(name, part)| {
            let mean = part.amount_minor as f64 / part.rows as f64 / MINOR;
            Bar {
                label: escaped(name),
                value: mean,
                note: format!("{mean:.2}"),
            }
        })
        .collect();
    if !drawn.is_empty() {
        chart(html, "Mean amounts", &bars::rows(&drawn));
    }
}

/// Counts side by side, without the empty ends.
fn counts(html: &mut String, title: &str, labels: &[String], counts: &[u64]) {
    let Some(first) = counts.iter().position(|count| *count > 0) else {
        return;
    };
    let last = counts.iter().rposition(|count| *count > 0).unwrap_or(first);
    let drawn: Vec<Bar> = labels[first..=last]
        .iter()
        .zip(&counts[first..=last])
        .map(|(label, count)| Bar {
            label: label.clone(),
            value: *count as f64,
            note: grouped(*count),
        })
        .collect();
    chart(html, title, &bars::columns(&drawn));
}

fn chart(html: &mut String, title: &str, svg: &str) {
    let _ = writeln!(html, "<h3>{title}</h3>\n{svg}");
}

/// The least amount of a bin, where a decade begins.
fn bin_label(bin: usize) -> String {
    if !bin.is_multiple_of(BINS_PER_DECADE) {
        return String::new();
    }
    let exponent = (bin / BINS_PER_DECADE) as i32 - 2;
    match exponent {
        ..0 => format!("0.{}1", "0".repeat(usize::from(exponent < -1))),
        _ => grouped(10_u64.pow(exponent.unsigned_abs())),
    }
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dataset::{Order, ShardFile, ShardReport},
        encode::encode,
        request::Request,
    };

    fn manifest(entity: Entity) -> Manifest {
        let request = Request {
            entity,
            rows: 8_000,
            ..Request::default()
        };
        let spec = request.clone().resolve().unwrap();
        let tally = encode(&spec, 0..8_000, &mut Vec::new(), || false).unwrap();
        let file = ShardFile {
            name: "a.csv".to_owned(),
            rows: 0..8_000,
            bytes: 1,
            sha256: String::new(),
        };
        let order = Order {
            sets: vec![request],
        };
        Manifest::of(&order, &[vec![ShardReport { file, tally }]])
    }

    #[test]
    fn a_page_has_its_charts_and_no_script() {
        let page = page(&manifest(Entity::Transactions));
        for title in [
            "Categories",
            "Mean amounts",
            "States",
            "Typologies of fraud",
            "Hours of the day",
            "Days of the week",
            "Amounts, on a logarithmic scale",
        ] {
            assert!(page.contains(&format!("<h3>{title}</h3>\n<svg")), "{title}");
        }
        for banned in [
            "<script",
            "javascript:",
            "onload",
            "http://",
            "https://",
            "NaN",
        ] {
            let page = page.replace("http://www.w3.org/2000/svg", "");
            assert!(!page.contains(banned), "{banned}");
        }
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    }

    #[test]
    fn customers_and_merchants_have_the_charts_they_can_have() {
        for entity in [Entity::Customers, Entity::Merchants] {
            let page = page(&manifest(entity));
            assert!(page.contains("<td>8,000</td>") && !page.contains("Hours of the day"));
        }
    }

    #[test]
    fn numbers_are_grouped_and_bins_named_by_their_least_amount() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [0, 4, 8, 12, 20].map(bin_label),
            ["0.01", "0.1", "1", "10", "1,000"]
        );
        assert_eq!(bin_label(9), "");
    }
}
