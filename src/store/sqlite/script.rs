//! Statements on their way to SQLite, with what is bound to them.
//!
//! A connection runs what it is sent on a thread of its own, so each text that is sent costs two changes of thread,
//! which is most of the time of a small commit. A short transaction therefore goes as one text. A long one goes statement
//! by statement, because texts of every combination of lengths would never be prepared twice.

use sea_orm::sqlx::{
    self, Arguments, AssertSqlSafe, Encode, Sqlite, SqliteConnection, Type, sqlite::SqliteArguments,
};

/// Rows of one statement. 256 rows of the widest table have 4,608 of SQLite's 32,766 bound values.
pub const PIECE_ROWS_MAX: usize = 256;

pub struct Script<'c> {
    connection: &'c mut SqliteConnection,
    /// Everything goes as one text.
    whole: bool,
    sql: String,
    values: SqliteArguments,
}

impl<'c> Script<'c> {
    pub fn new(connection: &'c mut SqliteConnection, whole: bool) -> Self {
        Self {
            connection,
            whole,
            sql: String::new(),
            values: SqliteArguments::default(),
        }
    }

    pub fn sql(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    /// `(?,?),(?,?)`: `rows` rows, rounded up to a power of two, so that few lengths are ever prepared. The caller fills
    /// up with `fill`, and leaves out rows whose first column is null.
    pub fn rows(&mut self, rows: usize, columns: usize) {
        let row = &"(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"[..2 * columns];
        for index in 0..rows.next_power_of_two() {
            if index > 0 {
                self.sql.push(',');
            }
            self.sql.push_str(row);
            self.sql.push(')');
        }
    }

    /// Nulls in place of the rows that a power of two has more.
    pub fn fill(&mut self, rows: usize, columns: usize) {
        for _ in 0..(rows.next_power_of_two() - rows) * columns {
            self.bind(None::<i64>);
        }
    }

    pub fn bind<'v>(&mut self, value: impl Encode<'v, Sqlite> + Type<Sqlite>) -> &mut Self {
        self.values
            .add(value)
            .expect("numbers, text and bytes have a form in SQLite");
        self
    }

    /// Ends a statement. Sends it, unless everything goes as one text, and answers how many rows it changed.
    pub async fn end(&mut self) -> Result<Option<u64>, sqlx::Error> {
        self.sql.push(';');
        if self.whole {
            return Ok(None);
        }
        self.send().await.map(Some)
    }

    /// Sends what has not been sent.
    pub async fn send(&mut self) -> Result<u64, sqlx::Error> {
        let sql = std::mem::take(&mut self.sql);
        let values = std::mem::take(&mut self.values);
        let sent = sqlx::query_with(AssertSqlSafe(sql), values);
        let done = sent.execute(&mut *self.connection).await?;
        Ok(done.rows_affected())
    }
}
