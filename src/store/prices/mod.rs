//! Imported prices in SQL: written in chunks by an import, read whole into a book.
//!
//! A source is used only while every import into it has finished, so what an import that was cut short has left is never
//! compared. Of two sources with one ticker the one imported last is used.

mod book;
mod import;
#[cfg(test)]
mod testing;

pub use book::{Imported, imported_prices};
pub use import::{CHUNK_BARS, ImportedPrices, PriceImport};
