//! The many ways to name value at risk.

use super::cursor::Cursor;
use crate::metric::Metric;

/// Steps over `VaR`, `95% value at risk`, `historical VaR at 95%`, `normal VaR`, `CVaR 95`: the level may only be 95%.
pub fn take_value_at_risk(cursor: &mut Cursor<'_>) -> Option<Metric> {
    const LEVEL: &[&str] = &["95", "95%"];
    let mut ahead = *cursor;
    ahead.take(LEVEL);
    let mut metric = match ahead.lower()? {
        "historical" | "historic" => {
            ahead.skip(1);
            Metric::Var95
        }
        "normal" | "parametric" | "gaussian" => {
            ahead.skip(1);
            Metric::Var95Normal
        }
        "conditional" => {
            ahead.skip(1);
            Metric::Cvar95
        }
        _ => Metric::Var95,
    };
    ahead.take(LEVEL);
    if ahead.take(&["cvar", "cvars"]) {
        metric = Metric::Cvar95;
    } else if !(ahead.take(&["var", "vars", "var95"])
        || ahead.take_phrase(&["value", "at", "risk"])
        || ahead.take_phrase(&["values", "at", "risk"]))
    {
        return None;
    }
    let mut level = ahead;
    level.take(&["at"]);
    level.take(&["the", "a"]);
    if level.take(LEVEL) {
        level.take(&["confidence"]);
        level.take(&["level"]);
        ahead = level;
    }
    if metric == Metric::Var95 && ahead.take(&["normal"]) {
        metric = Metric::Var95Normal;
    }
    *cursor = ahead;
    Some(metric)
}
