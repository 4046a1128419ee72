//! Draws a model. Pure: the same model at the same moment gives the same cells.

mod detail;
mod footer;
mod frame;
mod header;
mod jobs;
mod list;
mod nodes;
mod page;
mod palette;

pub use frame::draw;
pub use page::page;
pub use palette::Palette;
