//! One thing that could be done.

/// What to do and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// Stable, for programs: `waits_for_workers`.
    pub code: &'static str,
    /// One or two sentences.
    pub text: String,
    /// The key of the configuration that it is about, as files have it.
    pub setting: Option<String>,
    /// What it rests on.
    pub figures: Vec<Figure>,
}

/// A measured figure; its unit is the end of its name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    pub name: &'static str,
    pub value: f64,
}

/// Figures with their names.
pub(super) fn figures<const N: usize>(of: [(&'static str, f64); N]) -> Vec<Figure> {
    of.map(|(name, value)| Figure { name, value }).into()
}

/// Part of a whole; of nothing, 0.
pub(super) fn part(of: f64, whole: f64) -> f64 {
    if whole > 0.0 { of / whole } else { 0.0 }
}

/// A part as people read it: `12 %`.
pub(super) fn percent(part: f64) -> String {
    format!("{:.0} %", part * 100.0)
}
