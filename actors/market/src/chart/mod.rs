//! The picture of a comparison: growth of 1 above, drawdown below, as SVG.

mod draw;
mod time_axis;

pub use draw::{CHART_MEDIA_TYPE, CHART_NAME, draw};
