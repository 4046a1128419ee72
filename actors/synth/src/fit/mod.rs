//! From a sample to its profile: the table is read, its columns are told apart, and each is measured.

mod kind;
mod layout;
mod measure;
mod names;
mod order;
mod pool;
mod rank;
mod sample;
mod table;
mod timing;
mod week;
mod words;

pub use layout::Layout;
pub use measure::fit;
pub use order::{FitOrder, admit, example};
pub use rank::{ranks, spearman};
pub use sample::Sample;
pub use table::{CSV_BYTES_MAX, SAMPLE_ROWS_MIN};
