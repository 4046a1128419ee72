//! Writing: one transaction a chunk, through the one writer.

use std::sync::Arc;

use callboard_market::prices::Bar;
use callboard_orchestra::{journal::JournalError, time::Timestamp};
use chrono::NaiveDate;
use futures_util::TryStreamExt;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait,
    PaginatorTrait, QueryFilter, QuerySelect, sea_query::OnConflict,
};

use super::book::{Imported, imported};
use crate::store::{
    commit::{begin, end, failed},
    entity::{bar, price_import},
    rows,
    writer::Writer,
};

/// Bars of one transaction.
pub const CHUNK_BARS: usize = 2_000;
/// Bars of one statement, which has 9 of SQLite's 32,766 bind parameters for each.
const STATEMENT_BARS: usize = 500;

const WRITE: &str = "write imported prices";
const READ: &str = "read imported prices";

/// An import into a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceImport {
    pub source: String,
    /// Name of the file, without its folder.
    pub file: String,
    /// Of the file's bytes, in hex.
    pub sha256: String,
    pub rows_dropped: usize,
}

/// The imported prices of an open store.
#[derive(Clone)]
pub struct ImportedPrices {
    writer: Arc<Writer>,
    readers: DatabaseConnection,
    epoch: u64,
}

impl ImportedPrices {
    pub(in crate::store) fn new(
        writer: Arc<Writer>,
        readers: DatabaseConnection,
        epoch: u64,
    ) -> Self {
        Self {
            writer,
            readers,
            epoch,
        }
    }

    /// Notes that an import has begun: until it has finished its source is not used.
    pub async fn begin(&self, import: &PriceImport, at: Timestamp) -> Result<(), JournalError> {
        self.note(import, at, false).await
    }

    pub async fn finish(&self, import: &PriceImport, at: Timestamp) -> Result<(), JournalError> {
        self.note(import, at, true).await
    }

    async fn note(
        &self,
        import: &PriceImport,
        at: Timestamp,
        finished: bool,
    ) -> Result<(), JournalError> {
        use price_import::Column;
        let row = price_import::ActiveModel {
            source: Set(import.source.clone()),
            sha256: Set(import.sha256.clone()),
            file: Set(import.file.clone()),
            imported_at: Set(at.millis()),
            rows_dropped: Set(rows::int(import.rows_dropped as u64)),
            finished: Set(finished),
        };
        let known = OnConflict::columns([Column::Source, Column::Sha256])
            .update_columns([
                Column::File,
                Column::ImportedAt,
                Column::RowsDropped,
                Column::Finished,
            ])
            .to_owned();
        self.transact(async |txn| {
            price_import::Entity::insert(row)
                .on_conflict(known)
                .exec_without_returning(txn)
                .await
                .map(drop)
        })
        .await
    }

    /// Adds bars, or overwrites those of the same source, ticker and date.
    pub async fn write(&self, source: &str, bars: &[Bar]) -> Result<(), JournalError> {
        use bar::Column;
        let known = OnConflict::columns([Column::Source, Column::Ticker, Column::Date])
            .update_columns([
                Column::Open,
                Column::High,
                Column::Low,
                Column::Close,
                Column::AdjustedClose,
                Column::Volume,
            ])
            .to_owned();
        self.transact(async |txn| {
            for piece in bars.chunks(STATEMENT_BARS) {
                let rows = piece.iter().map(|bar| row(source, bar));
                bar::Entity::insert_many(rows)
                    .on_conflict(known.clone())
                    .exec_without_returning(txn)
                    .await?;
            }
            Ok(())
        })
        .await
    }

    /// Removes everything of a source but what is noted of its imports, one ticker a transaction.
    pub async fn clear(&self, source: &str) -> Result<(), JournalError> {
        let tickers: Vec<String> = bar::Entity::find()
            .select_only()
            .column(bar::Column::Ticker)
            .distinct()
            .filter(bar::Column::Source.eq(source))
            .into_tuple()
            .all(&self.readers)
            .await
            .map_err(failed(READ))?;
        for ticker in tickers {
            self.transact(async |txn| {
                bar::Entity::delete_many()
                    .filter(bar::Column::Source.eq(source))
                    .filter(bar::Column::Ticker.eq(ticker))
                    .exec(txn)
                    .await
                    .map(drop)
            })
            .await?;
        }
        Ok(())
    }

    /// Forgets the imports into a source, but for that of a file.
    pub async fn forget(&self, source: &str, but_sha256: &str) -> Result<(), JournalError> {
        self.transact(async |txn| {
            price_import::Entity::delete_many()
                .filter(price_import::Column::Source.eq(source))
                .filter(price_import::Column::Sha256.ne(but_sha256))
                .exec(txn)
                .await
                .map(drop)
        })
        .await
    }

    /// How many bars there are, over all sources.
    pub async fn bars(&self) -> Result<usize, JournalError> {
        let counted = bar::Entity::find().count(&self.readers).await;
        let counted = counted.map_err(failed(READ))?;
        Ok(usize::try_from(counted).unwrap_or(usize::MAX))
    }

    /// How many bars of a source `overlaps` holds for.
    pub async fn count_where(
        &self,
        source: &str,
        overlaps: impl Fn(&str, NaiveDate) -> bool,
    ) -> Result<usize, JournalError> {
        let keys = bar::Entity::find()
            .select_only()
            .columns([bar::Column::Ticker, bar::Column::Date])
            .filter(bar::Column::Source.eq(source))
            .into_tuple::<(String, String)>()
            .stream(&self.readers)
            .await
            .map_err(failed(READ))?;
        let counted = keys.try_fold(0, |count, (ticker, date)| {
            let one = date.parse().is_ok_and(|date| overlaps(&ticker, date));
            std::future::ready(Ok(count + usize::from(one)))
        });
        counted.await.map_err(failed(READ))
    }

    pub async fn read(&self) -> Result<Imported, JournalError> {
        imported(&self.readers).await.map_err(failed(READ))
    }

    async fn transact(
        &self,
        write: impl AsyncFnOnce(&DatabaseTransaction) -> Result<(), DbErr>,
    ) -> Result<(), JournalError> {
        let lease = self.writer.lease().await?;
        let txn = begin(&lease, self.epoch).await?;
        write(&txn).await.map_err(failed(WRITE))?;
        end(txn, lease, WRITE).await
    }
}

fn row(source: &str, bar: &Bar) -> bar::ActiveModel {
    bar::ActiveModel {
        source: Set(source.to_owned()),
        ticker: Set(bar.ticker.to_string()),
        date: Set(bar.date.to_string()),
        open: Set(bar.open),
        high: Set(bar.high),
        low: Set(bar.low),
        close: Set(bar.close),
        adjusted_close: Set(bar.adjusted_close),
        volume: Set(bar.volume),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{imported_prices, testing::*},
        *,
    };
    use crate::store::{Store, StoreSpec, postgres};

    #[tokio::test]
    async fn writing_again_overwrites_and_clearing_leaves_other_sources() {
        let dir = tempfile::tempdir().unwrap();
        overwrites_and_clears(spec(dir.path())).await;
        if let Some(url) = postgres::testing::database().await {
            let dir = tempfile::tempdir().unwrap();
            let url = Some(url);
            overwrites_and_clears(StoreSpec {
                url,
                ..spec(dir.path())
            })
            .await;
        }
    }

    async fn overwrites_and_clears(spec: StoreSpec) {
        let store = Store::open(spec.clone()).await.unwrap();
        let prices = store.prices();
        let many: Vec<Bar> = (1..=31).map(|day| bar("A", day, 1.0, None)).collect();
        whole_import(&prices, &import("s", "a"), 1, &many).await;
        whole_import(&prices, &import("s", "b"), 2, &[bar("A", 31, 7.0, None)]).await;
        whole_import(&prices, &import("t", "c"), 3, &[bar("T", 1, 1.0, None)]).await;
        let book = prices.read().await.unwrap().book.unwrap();
        let closes = book.series("A").unwrap().closes().to_vec();
        assert_eq!((closes.len(), closes[30]), (31, 7.0));
        assert_eq!(book.source_of("A"), "s (b.csv, sha256 b; a.csv, sha256 a)");
        let early = NaiveDate::from_ymd_opt(2020, 1, 3).unwrap();
        let counted = prices.count_where("s", |_, date| date <= early).await;
        assert_eq!((counted.unwrap(), prices.bars().await.unwrap()), (3, 32));

        prices.clear("s").await.unwrap();
        prices.forget("s", "none").await.unwrap();
        let book = prices.read().await.unwrap().book.unwrap();
        assert_eq!(book.tickers().collect::<Vec<_>>(), ["T"]);
        let beside = imported_prices(&spec).await.unwrap().book.unwrap();
        assert_eq!(beside.series("T"), book.series("T"));
        store.close().await.unwrap();
    }

    #[tokio::test]
    async fn an_import_into_a_store_that_has_another_owner_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        let late = ImportedPrices {
            epoch: store.epoch() - 1,
            ..store.prices()
        };
        let refused = late.write("s", &[bar("A", 1, 1.0, None)]).await;
        assert!(
            matches!(refused, Err(JournalError::Fenced { .. })),
            "{refused:?}"
        );
        assert_eq!(store.prices().bars().await.unwrap(), 0);
    }
}
