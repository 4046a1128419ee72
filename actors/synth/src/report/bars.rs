//! A chart of bars as SVG.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const LABEL_WIDTH: f64 = 190.0;
const VALUE_WIDTH: f64 = 110.0;
const ROW_HEIGHT: f64 = 20.0;
const COLUMN_HEIGHT: f64 = 140.0;
const GAP: f64 = 3.0;

/// One bar: what it stands for, how long it is, and what is written beside it.
pub struct Bar {
    pub label: String,
    pub value: f64,
    pub note: String,
}

/// Bars from left to right, one below the other. Texts must be free of markup or escaped.
pub fn rows(bars: &[Bar]) -> String {
    let most = largest(bars);
    let height = ROW_HEIGHT * bars.len() as f64;
    let mut svg = open(height);
    for (index, bar) in bars.iter().enumerate() {
        let top = index as f64 * ROW_HEIGHT;
        let base = top + ROW_HEIGHT * 0.7;
        let length = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) * bar.value / most;
        let bar_height = ROW_HEIGHT - GAP;
        // Writing to a text cannot fail, here and below.
        let _ = write!(
            svg,
            r#"<text x="{:.1}" y="{base:.1}" text-anchor="end">{}</text><rect x="{LABEL_WIDTH}" y="{top:.1}" width="{length:.1}" height="{bar_height}"/><text x="{:.1}" y="{base:.1}">{}</text>"#,
            LABEL_WIDTH - 6.0,
            bar.label,
            LABEL_WIDTH + length + 6.0,
            bar.note,
        );
    }
    svg.push_str("</svg>");
    svg
}

/// Bars from the bottom up, side by side; notes show when pointed at.
pub fn columns(bars: &[Bar]) -> String {
    let most = largest(bars);
    let mut svg = open(COLUMN_HEIGHT + ROW_HEIGHT);
    let width = WIDTH / bars.len().max(1) as f64;
    for (index, bar) in bars.iter().enumerate() {
        let left = index as f64 * width;
        let height = COLUMN_HEIGHT * bar.value / most;
        let _ = write!(
            svg,
            r#"<rect x="{left:.1}" y="{:.1}" width="{:.1}" height="{height:.1}"><title>{}: {}</title></rect><text x="{:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            COLUMN_HEIGHT - height,
            width - GAP,
            bar.label,
            bar.note,
            left + width / 2.0,
            COLUMN_HEIGHT + ROW_HEIGHT * 0.7,
            bar.label,
        );
    }
    svg.push_str("</svg>");
    svg
}

fn largest(bars: &[Bar]) -> f64 {
    let most = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    if most > 0.0 { most } else { 1.0 }
}

fn open(height: f64) -> String {
    format!(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(label: &str, value: f64) -> Bar {
        Bar {
            label: label.to_owned(),
            value,
            note: format!("{value}"),
        }
    }

    #[test]
    fn the_largest_bar_fills_the_chart_and_nothing_has_no_length() {
        let svg = rows(&[bar("a", 4.0), bar("b", 1.0), bar("c", 0.0)]);
        for width in ["420.0", "105.0", "0.0"] {
            assert!(
                svg.contains(&format!(r#"width="{width}""#)),
                "{width}: {svg}"
            );
        }
        let svg = columns(&[bar("a", 2.0), bar("b", 1.0)]);
        assert!(svg.contains(r#"height="140.0""#) && svg.contains(r#"height="70.0""#));
        assert!(columns(&[]).ends_with("</svg>") && !rows(&[bar("a", 0.0)]).contains("NaN"));
    }
}
