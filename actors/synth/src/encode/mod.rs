//! Rows as bytes or as typed columns: one description of each entity's row, written into whatever takes cells.

mod batch;
mod blemish;
mod cells;
mod lines;
mod stream;

pub use batch::{Batch, Texts, Values};
pub use stream::{Cancelled, batch, encode, header};

pub(crate) use cells::{Cells, Moment};
