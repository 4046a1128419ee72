//! Stores and imports for the tests of this folder.

use std::path::Path;

use callboard_market::prices::Bar;
use callboard_orchestra::time::Timestamp;
use chrono::NaiveDate;

use super::{ImportedPrices, PriceImport};
use crate::store::{Store, StoreSpec, Synchronous};

pub fn spec(data_dir: &Path) -> StoreSpec {
    StoreSpec {
        data_dir: data_dir.to_owned(),
        url: None,
        synchronous: Synchronous::Full,
        readers: std::num::NonZeroU32::MIN,
    }
}

pub async fn open(data_dir: &Path) -> Store {
    Store::open(spec(data_dir)).await.unwrap()
}

pub fn import(source: &str, sha256: &str) -> PriceImport {
    PriceImport {
        source: source.to_owned(),
        file: format!("{sha256}.csv"),
        sha256: sha256.to_owned(),
        rows_dropped: 1,
    }
}

pub fn bar(ticker: &str, day: u32, close: f64, adjusted_close: Option<f64>) -> Bar {
    Bar {
        ticker: ticker.into(),
        date: NaiveDate::from_ymd_opt(2020, 1, day).unwrap(),
        open: Some(1.5),
        high: None,
        low: None,
        close,
        adjusted_close,
        volume: Some(1e12),
    }
}

/// A whole import at second `at`.
pub async fn whole_import(prices: &ImportedPrices, import: &PriceImport, at: i64, bars: &[Bar]) {
    let at = Timestamp::from_millis(at * 1000);
    prices.begin(import, at).await.unwrap();
    prices.write(&import.source, bars).await.unwrap();
    prices.finish(import, at).await.unwrap();
}
