//! Reading: every source that is whole, as one book.

use std::{num::NonZeroU32, sync::Arc};

use callboard_market::{PriceBook, Series, prices::PRICE_ROWS_MAX};
use chrono::NaiveDate;
use futures_util::TryStreamExt;
use sea_orm::{
    ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use sea_orm_migration::SchemaManager;

use crate::store::{
    StoreError, StoreSpec,
    backend::Backend,
    entity::{bar, price_import},
    opening::{backend, open_error},
};

/// Files of a source that facts name, the newest first.
const FILES_NAMED_MAX: usize = 3;

/// What has been imported.
#[derive(Debug, Default)]
pub struct Imported {
    /// Everything that can be compared; `None` when that is nothing.
    pub book: Option<PriceBook>,
    /// Sources that are left out, each with the file whose import did not finish.
    pub cut_short: Vec<(String, String)>,
}

impl Imported {
    /// A sentence for each source that is left out.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.cut_short.iter().map(|(source, file)| {
            format!(
                "prices of source {source} are left out: the import of {file} did not finish; import it again, or another file with --replace"
            )
        })
    }
}

/// Reads from a store that another process may own; nothing where there is no store.
pub async fn imported_prices(spec: &StoreSpec) -> Result<Imported, StoreError> {
    let backend = backend(spec)?;
    if matches!(&backend, Backend::Sqlite(file) if !file.path.exists()) {
        return Ok(Imported::default());
    }
    let read = async {
        let readers = backend.readers(NonZeroU32::MIN).await?;
        let read = match SchemaManager::new(&readers).has_table("ohlcv").await? {
            true => imported(&readers).await,
            false => Ok(Imported::default()),
        };
        readers.close().await?;
        read
    };
    read.await.map_err(|source| open_error(&backend, source))
}

pub async fn imported(readers: &DatabaseConnection) -> Result<Imported, DbErr> {
    let imports = price_import::Entity::find()
        .order_by_desc(price_import::Column::ImportedAt)
        .all(readers)
        .await?;
    let mut sources: Vec<&str> = Vec::new();
    for import in &imports {
        if !sources.contains(&import.source.as_str()) {
            sources.push(&import.source);
        }
    }
    let (mut series, mut rows_dropped, mut cut_short) = (Vec::new(), 0, Vec::new());
    // The newest last: of two series with one ticker a book keeps the last.
    for source in sources.into_iter().rev() {
        let files: Vec<&price_import::Model> = imports
            .iter()
            .filter(|import| import.source == source)
            .collect();
        if let Some(unfinished) = files.iter().find(|file| !file.finished) {
            cut_short.push((source.to_owned(), unfinished.file.clone()));
            continue;
        }
        let named = named(source, &files);
        series.extend(read_source(readers, source, &named).await?);
        let dropped = files.iter().map(|file| file.rows_dropped.unsigned_abs());
        rows_dropped += usize::try_from(dropped.sum::<u64>()).unwrap_or(usize::MAX);
    }
    let book = PriceBook::new("imported prices", series).with_rows_dropped(rows_dropped);
    let is_empty = book.tickers().next().is_none();
    Ok(Imported {
        book: (!is_empty).then_some(book),
        cut_short,
    })
}

/// A source in words: its name, its files and their hashes.
fn named(source: &str, files: &[&price_import::Model]) -> Arc<str> {
    let shown = files.iter().take(FILES_NAMED_MAX);
    let mut shown: Vec<String> = shown
        .map(|file| format!("{}, sha256 {}", file.file, file.sha256))
        .collect();
    if let Some(more) = files.len().checked_sub(FILES_NAMED_MAX + 1) {
        shown.push(format!("{} more", more + 1));
    }
    format!("{source} ({})", shown.join("; ")).into()
}

async fn read_source(
    readers: &DatabaseConnection,
    source: &str,
    named: &Arc<str>,
) -> Result<Vec<Series>, DbErr> {
    type Row = (String, String, f64, Option<f64>);
    let mut rows = bar::Entity::find()
        .select_only()
        .columns([
            bar::Column::Ticker,
            bar::Column::Date,
            bar::Column::Close,
            bar::Column::AdjustedClose,
        ])
        .filter(bar::Column::Source.eq(source))
        .order_by_asc(bar::Column::Ticker)
        .order_by_asc(bar::Column::Date)
        .limit(PRICE_ROWS_MAX as u64)
        .into_tuple::<Row>()
        .stream(readers)
        .await?;
    let mut all = Vec::new();
    let mut reading = Reading::default();
    while let Some((ticker, date, close, adjusted)) = rows.try_next().await? {
        if ticker != reading.ticker {
            let read = std::mem::take(&mut reading);
            all.extend(read.series(named)?);
            reading.ticker = ticker;
        }
        let date = date
            .parse()
            .map_err(|_| DbErr::Type(format!("`{date}` of {} is not a date", reading.ticker)))?;
        reading.points.push((date, close, adjusted));
    }
    all.extend(reading.series(named)?);
    Ok(all)
}

/// The rows of one ticker.
#[derive(Default)]
struct Reading {
    ticker: String,
    points: Vec<(NaiveDate, f64, Option<f64>)>,
}

impl Reading {
    /// Adjusted closes when every date has one, else closes: the two are never mixed.
    fn series(self, named: &Arc<str>) -> Result<Option<Series>, DbErr> {
        if self.points.is_empty() {
            return Ok(None);
        }
        let adjusted: Option<Vec<_>> = self
            .points
            .iter()
            .map(|(date, _, adjusted)| Some((*date, (*adjusted)?)))
            .collect();
        let plain = || self.points.iter().map(|(date, close, _)| (*date, *close));
        let points = adjusted.unwrap_or_else(|| plain().collect());
        let series = Series::new(self.ticker.as_str(), points);
        let series = series
            .map_err(|date| DbErr::Type(format!("{} has {date} twice", self.ticker)))?
            .from_source(named.clone());
        Ok(Some(series))
    }
}

#[cfg(test)]
mod tests {
    use callboard_orchestra::time::Timestamp;

    use super::{super::testing::*, *};

    #[tokio::test]
    async fn a_source_whose_import_was_cut_short_is_left_out_until_one_has_finished() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        let prices = store.prices();
        assert!(prices.read().await.unwrap().book.is_none());
        whole_import(&prices, &import("good", "a"), 1, &[bar("A", 1, 2.0, None)]).await;
        let cut_short = import("bad", "b");
        let at = Timestamp::from_millis(2000);
        prices.begin(&cut_short, at).await.unwrap();
        prices
            .write("bad", &[bar("A", 1, 9.0, None), bar("B", 1, 9.0, None)])
            .await
            .unwrap();
        let tickers = async || {
            let book = prices.read().await.unwrap().book.unwrap();
            book.tickers().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(tickers().await, ["A"]);
        let warnings: Vec<String> = prices.read().await.unwrap().warnings().collect();
        assert_eq!(
            warnings,
            [
                "prices of source bad are left out: the import of b.csv did not finish; import it again, or another file with --replace"
            ]
        );
        prices.finish(&cut_short, at).await.unwrap();
        assert_eq!(tickers().await, ["A", "B"]);
        let book = prices.read().await.unwrap().book.unwrap();
        assert_eq!(book.series("A").unwrap().closes(), [9.0]);
        assert_eq!(book.source_of("A"), "bad (b.csv, sha256 b)");
        assert_eq!(book.rows_dropped(), 2);
    }

    #[tokio::test]
    async fn adjusted_closes_are_used_where_every_date_has_one_and_never_mixed() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        let prices = store.prices();
        let bars = [
            bar("A", 1, 10.0, Some(1.0)),
            bar("A", 2, 20.0, Some(2.0)),
            bar("B", 1, 10.0, Some(1.0)),
            bar("B", 2, 20.0, None),
        ];
        whole_import(&prices, &import("s", "a"), 1, &bars).await;
        let book = prices.read().await.unwrap().book.unwrap();
        assert_eq!(book.series("A").unwrap().closes(), [1.0, 2.0]);
        assert_eq!(book.series("B").unwrap().closes(), [10.0, 20.0]);
    }

    #[tokio::test]
    async fn a_database_is_read_beside_its_owner_and_none_is_no_error() {
        let dir = tempfile::tempdir().unwrap();
        let spec = spec(dir.path());
        assert!(imported_prices(&spec).await.unwrap().book.is_none());
        let store = open(dir.path()).await;
        whole_import(
            &store.prices(),
            &import("s", "a"),
            1,
            &[bar("A", 1, 0.1, None)],
        )
        .await;
        let book = imported_prices(&spec).await.unwrap().book.unwrap();
        assert_eq!(book.series("A").unwrap().closes(), [0.1]);
    }
}
