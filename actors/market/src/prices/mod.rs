//! Price series and where they come from.

mod book;
mod date;
mod embedded;
mod error;
mod layout;
mod reader;
mod series;
mod slashes;

pub use book::PriceBook;
pub use date::{SlashOrder, Written, read_date};
pub use embedded::embedded;
pub use error::PriceError;
pub use reader::{FILE_BYTES_MAX, PRICE_ROWS_MAX, read_csv};
pub use series::Series;
