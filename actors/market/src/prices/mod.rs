//! Price series and where they come from.

mod bar;
mod bars;
mod book;
mod cell;
mod date;
mod embedded;
mod error;
mod layout;
mod provider;
mod quote;
mod reader;
mod series;
mod sheet;
mod slashes;
mod supply;

pub use bar::Bar;
pub use bars::BarFile;
pub use book::PriceBook;
pub use date::{SlashOrder, Written, read_date};
pub use embedded::embedded;
pub use error::PriceError;
pub use provider::{PriceProvider, PriceRequest, PriceText, Provided, ProviderError};
pub use quote::Quote;
pub use reader::{FILE_BYTES_MAX, PRICE_ROWS_MAX, read_csv, read_csv_of};
pub use series::Series;
pub use supply::Supply;
