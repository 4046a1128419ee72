//! How far a job is, as a person sees it while it runs.

mod bars;
mod display;
mod track;

pub use display::Progress;
pub use track::is_final;
