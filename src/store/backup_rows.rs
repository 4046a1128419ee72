//! Every row of one database into another that has the same schema and is empty, whichever two kinds they are.
//!
//! Tables and columns are read from the catalogs, so that a table that a migration adds is carried as well.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, StreamTrait, TryGetable, Value,
    sea_query::{Alias, Expr, Query},
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Rows of one statement. The widest table has 18 columns, and PostgreSQL takes 65,535 values.
const PIECE_ROWS: usize = 500;
/// Other tables refer to it.
const FIRST_TABLE: &str = "jobs";
/// Belongs to the database itself, not to what it holds.
const OWNER_TABLE: &str = "store_epoch";
const SQLITE_CATALOG: &str = "SELECT m.name AS of_table, c.name AS of_column, lower(c.type) AS kind \
     FROM sqlite_master m JOIN pragma_table_info(m.name) c \
     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.name <> 'seaql_migrations' \
     ORDER BY m.name, c.cid";
const POSTGRES_CATALOG: &str = "SELECT table_name::text AS of_table, column_name::text AS of_column, data_type::text AS kind \
     FROM information_schema.columns \
     WHERE table_schema = current_schema() AND table_name <> 'seaql_migrations' \
     ORDER BY table_name, ordinal_position";
/// Numbers that PostgreSQL draws itself go on after those that were copied.
const POSTGRES_SEQUENCES: &str = "SELECT setval(pg_get_serial_sequence('supervision_events', 'id'), \
     (SELECT coalesce(max(id), 0) + 1 FROM supervision_events), false)";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ColumnKind {
    Uuid,
    Text,
    Integer { bits: u8 },
    Double,
    Boolean,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    name: String,
    kind: ColumnKind,
}

/// Rows of a table, as their number and the sum of their hashes: alike for the same rows in any order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub rows: u64,
    sum: u128,
}

impl Tally {
    fn add(&mut self, row: &[Value]) {
        let hash = Sha256::digest(format!("{row:?}"));
        let (head, _) = hash.split_at(16);
        let head: [u8; 16] = head.try_into().expect("a SHA-256 has 32 bytes");
        self.rows += 1;
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(head));
    }
}

type Tables = Vec<(String, Vec<Column>)>;

/// Tallies by table, the owner's apart.
pub type Tallies = BTreeMap<String, Tally>;

/// Copies everything and answers what was read. Both sides should be transactions.
pub async fn copy_rows<F, I>(from: &F, into: &I) -> Result<Tallies, DbErr>
where
    F: ConnectionTrait + StreamTrait,
    I: ConnectionTrait,
{
    let mut tallies = Tallies::new();
    for (table, columns) in tables(from).await? {
        let mut rows = Box::pin(stream(from, &table, &columns).await?);
        let (mut tally, mut piece) = (Tally::default(), Vec::with_capacity(PIECE_ROWS));
        while let Some(row) = rows.try_next().await? {
            let row = values(&row, &columns)?;
            tally.add(&row);
            piece.push(row);
            if piece.len() == PIECE_ROWS {
                insert(into, &table, &columns, std::mem::take(&mut piece)).await?;
            }
        }
        insert(into, &table, &columns, piece).await?;
        tallies.insert(table, tally);
    }
    if ConnectionTrait::get_database_backend(into) == DbBackend::Postgres {
        into.execute_unprepared(POSTGRES_SEQUENCES).await?;
    }
    Ok(tallies)
}

/// What a database holds.
pub async fn tally<C: ConnectionTrait + StreamTrait>(connection: &C) -> Result<Tallies, DbErr> {
    let mut tallies = Tallies::new();
    for (table, columns) in tables(connection).await? {
        let mut rows = Box::pin(stream(connection, &table, &columns).await?);
        let mut tally = Tally::default();
        while let Some(row) = rows.try_next().await? {
            tally.add(&values(&row, &columns)?);
        }
        tallies.insert(table, tally);
    }
    Ok(tallies)
}

async fn tables<C: ConnectionTrait>(connection: &C) -> Result<Tables, DbErr> {
    let backend = connection.get_database_backend();
    let catalog = match backend {
        DbBackend::Sqlite => SQLITE_CATALOG,
        _ => POSTGRES_CATALOG,
    };
    let rows = connection
        .query_all_raw(Statement::from_string(backend, catalog))
        .await?;
    let mut tables: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for row in rows {
        let [table, name, kind] = ["of_table", "of_column", "kind"].map(|c| row.try_get("", c));
        let (table, name, kind): (String, String, String) = (table?, name?, kind?);
        if table == OWNER_TABLE {
            continue;
        }
        let kind = column_kind(backend, &kind)
            .ok_or_else(|| DbErr::Type(format!("{table}.{name} is of type {kind}")))?;
        tables.entry(table).or_default().push(Column { name, kind });
    }
    let mut tables: Tables = tables.into_iter().collect();
    tables.sort_by_key(|(table, _)| table != FIRST_TABLE);
    Ok(tables)
}

fn column_kind(backend: DbBackend, name: &str) -> Option<ColumnKind> {
    let bits = match (backend, name) {
        (DbBackend::Sqlite, name) if name.contains("int") => 64,
        (_, "bigint") => 64,
        (_, "integer") => 32,
        (_, "smallint") => 16,
        (_, "text") => return Some(ColumnKind::Text),
        (_, "uuid" | "uuid_text") => return Some(ColumnKind::Uuid),
        (_, "boolean") => return Some(ColumnKind::Boolean),
        (_, "double" | "double precision" | "real") => return Some(ColumnKind::Double),
        _ => return None,
    };
    Some(ColumnKind::Integer { bits })
}

async fn stream<'a, C: ConnectionTrait + StreamTrait>(
    connection: &'a C,
    table: &str,
    columns: &[Column],
) -> Result<C::Stream<'a>, DbErr> {
    let select = Query::select()
        .columns(columns.iter().map(|column| Alias::new(&column.name)))
        .from(Alias::new(table))
        .to_owned();
    let backend = ConnectionTrait::get_database_backend(connection);
    connection.stream_raw(backend.build(&select)).await
}

fn values(row: &QueryResult, columns: &[Column]) -> Result<Vec<Value>, DbErr> {
    let value = |column: &Column| {
        Ok(match column.kind {
            ColumnKind::Uuid => Value::from(get::<Uuid>(row, column)?),
            ColumnKind::Text => Value::from(get::<String>(row, column)?),
            ColumnKind::Integer { bits: 16 } => {
                Value::from(get::<i16>(row, column)?.map(i64::from))
            }
            ColumnKind::Integer { bits: 32 } => {
                Value::from(get::<i32>(row, column)?.map(i64::from))
            }
            ColumnKind::Integer { .. } => Value::from(get::<i64>(row, column)?),
            ColumnKind::Boolean => Value::from(get::<bool>(row, column)?),
            ColumnKind::Double => Value::from(get::<f64>(row, column)?),
        })
    };
    columns.iter().map(value).collect()
}

fn get<T: TryGetable>(row: &QueryResult, column: &Column) -> Result<Option<T>, DbErr> {
    row.try_get("", &column.name)
}

async fn insert<I: ConnectionTrait>(
    into: &I,
    table: &str,
    columns: &[Column],
    rows: Vec<Vec<Value>>,
) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut insert = Query::insert();
    insert
        .into_table(Alias::new(table))
        .columns(columns.iter().map(|column| Alias::new(&column.name)));
    for row in rows {
        insert.values_panic(row.into_iter().map(Expr::value));
    }
    into.execute(&insert).await.map(drop)
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, path::Path};

    use callboard_orchestra::{
        Tenant,
        journal::{Journal, conformance},
    };
    use sea_orm::{DatabaseConnection, TransactionTrait};

    use super::*;
    use crate::store::{Store, StoreSpec, Synchronous, postgres::testing};

    /// A row with every type of column, and with columns that are null.
    const PRICES: &str = "INSERT INTO ohlcv (source, ticker, date, high, close) \
         VALUES ('s', 'T', '2020-01-31', 0.1, 1.7976931348623157e308), ('s', 'T', '2020-02-28', NULL, 5e-324)";
    const IMPORT: &str = "INSERT INTO price_imports (source, sha256, file, imported_at, rows_dropped, finished) \
         VALUES ('s', 'ab', 'f', 1, 0, true)";

    async fn open(data_dir: &Path, url: Option<String>) -> Store {
        Store::open(StoreSpec {
            url,
            data_dir: data_dir.to_owned(),
            synchronous: Synchronous::Full,
            readers: NonZeroU32::MIN,
        })
        .await
        .unwrap()
    }

    async fn filled(data_dir: &Path) -> DatabaseConnection {
        let store = open(data_dir, None).await;
        conformance::check(&*store.journal()).await;
        for _ in 0..PIECE_ROWS {
            let batch = conformance::whole_job(&Tenant::default());
            store.journal().commit(&batch).await.unwrap();
        }
        let connection = store.backend.aside(false).await.unwrap();
        for row in [PRICES, IMPORT] {
            connection.execute_unprepared(row).await.unwrap();
        }
        connection
    }

    async fn copied(source: &DatabaseConnection, target: &DatabaseConnection) -> Tallies {
        let txn = target.begin().await.unwrap();
        let read = copy_rows(source, &txn).await.unwrap();
        txn.commit().await.unwrap();
        read
    }

    #[tokio::test]
    async fn a_copy_tallies_like_its_original_and_a_changed_row_does_not() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let source = filled(here.path()).await;
        let target = open(there.path(), None).await.backend.aside(false).await;
        let target = target.unwrap();
        let read = copied(&source, &target).await;
        assert!(read["jobs"].rows > PIECE_ROWS as u64, "{read:?}");
        assert!(!read.contains_key(OWNER_TABLE));
        assert_eq!(tally(&target).await.unwrap(), read);
        assert_eq!(tally(&source).await.unwrap(), read);

        let change = "UPDATE jobs SET kind = 'other' WHERE id = (SELECT min(id) FROM jobs)";
        target.execute_unprepared(change).await.unwrap();
        let changed = tally(&target).await.unwrap();
        assert_ne!(changed["jobs"], read["jobs"]);
        assert_eq!(changed["job_events"], read["job_events"]);
    }

    #[tokio::test]
    async fn a_copy_to_postgresql_and_back_tallies_like_its_original() {
        let Some(url) = testing::database().await else {
            return;
        };
        let dirs = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let source = filled(dirs[0].path()).await;
        let between = open(dirs[1].path(), Some(url)).await.backend;
        let between = between.aside(false).await.unwrap();
        let read = copied(&source, &between).await;
        assert_eq!(tally(&between).await.unwrap(), read);
        let back = open(dirs[2].path(), None).await.backend;
        let back = back.aside(false).await.unwrap();
        assert_eq!(copied(&between, &back).await, read);
        assert_eq!(tally(&back).await.unwrap(), read);
    }
}
