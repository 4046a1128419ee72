//! From a profile to rows that follow it: block by block, so that any range of rows can be made alone.

mod block;
mod columns;
mod copula;
mod imitation;
mod likeness;
mod lines;
mod marginal;
mod pattern;
mod piece;

pub use copula::Copula;
pub use imitation::{IMITATION_ROWS_MAX, Imitation, check_profile, check_rows};
pub use likeness::{Likeness, likeness};
pub use pattern::Pattern;
pub use piece::{Piece, STEM, check_pieces, ending, row_bytes, row_bytes_max};
