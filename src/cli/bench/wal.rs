//! Checkpoints of the write-ahead log, seen from outside the server.
//!
//! SQLite: the header of the log counts how often it began anew, which takes a whole checkpoint, and the index beside it
//! counts the frames that are in the database. Both files are read every 100 ms, so the count is a lower bound.
//! PostgreSQL checkpoints every few minutes by default: here one is asked for every 10 s, and those that end are counted.

use std::{
    cell::Cell,
    convert::Infallible,
    fs::File,
    future::pending,
    io::{self, Read},
    os::unix::fs::FileExt,
    path::PathBuf,
    time::Duration,
};

use sea_orm::sqlx;
use tokio::time::{MissedTickBehavior, interval};

use super::{database::Database, site::Site};

const POLL: Duration = Duration::from_millis(100);
const POSTGRES_EVERY: Duration = Duration::from_secs(10);
/// Place of the count of beginnings in the header of the log (SQLite's file format, "WAL header"); big-endian.
const SEQUENCE_AT: usize = 12;
/// Place of the count of frames in the database in the index (SQLite, "WAL-index format", checkpoint information); in the
/// byte order of the machine.
const BACKFILL_AT: u64 = 96;
/// The server's database in its data directory.
const LOG: &str = "callboard.db-wal";
const INDEX: &str = "callboard.db-shm";

/// How far checkpoints have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Progress {
    /// Beginnings of the log.
    sequence: u32,
    /// Frames of the present log that are in the database.
    backfill: u32,
}

/// Checkpoints that must have ended between two looks.
fn checkpoints(before: Progress, now: Progress) -> u32 {
    let anew = now.sequence.wrapping_sub(before.sequence);
    if anew == 0 {
        return u32::from(now.backfill > before.backfill);
    }
    // The one that let the log begin anew was counted already if its frames were seen.
    anew - u32::from(before.backfill > 0) + u32::from(now.backfill > 0)
}

/// Counts checkpoints while `watch` is polled.
pub struct Wal<'a> {
    site: &'a Site,
    count: Cell<u32>,
}

impl<'a> Wal<'a> {
    pub fn of(site: &'a Site) -> Self {
        Self {
            site,
            count: Cell::new(0),
        }
    }

    pub fn checkpoints(&self) -> u32 {
        self.count.get()
    }

    pub async fn watch(&self) -> Infallible {
        match self.site.database() {
            None => self.watch_sqlite().await,
            Some(database) => match self.watch_postgres(database).await {
                Ok(never) => never,
                // Whoever may not ask for checkpoints counts none.
                Err(_) => pending().await,
            },
        }
    }

    async fn watch_sqlite(&self) -> Infallible {
        let data_dir = self.site.data_dir();
        let (log, index) = (data_dir.join(LOG), data_dir.join(INDEX));
        let mut before = look(&log, &index).ok();
        let mut ticks = interval(POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // Between a truncation and the next commit the log has no header.
            let Ok(now) = look(&log, &index) else {
                continue;
            };
            if let Some(before) = before {
                self.count.set(self.count.get() + checkpoints(before, now));
            }
            before = Some(now);
        }
    }

    async fn watch_postgres(&self, database: &Database) -> Result<Infallible, sqlx::Error> {
        let mut connection = database
            .connect()
            .await
            .map_err(|_| sqlx::Error::PoolClosed)?;
        let mut ticks = interval(POSTGRES_EVERY);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            sqlx::raw_sql("CHECKPOINT").execute(&mut connection).await?;
            self.count.set(self.count.get() + 1);
        }
    }
}

fn look(log: &PathBuf, index: &PathBuf) -> io::Result<Progress> {
    let mut header = [0; SEQUENCE_AT + 4];
    File::open(log)?.read_exact(&mut header)?;
    let mut backfill = [0; 4];
    File::open(index)?.read_exact_at(&mut backfill, BACKFILL_AT)?;
    let sequence = header[SEQUENCE_AT..].try_into().expect("four bytes");
    Ok(Progress {
        sequence: u32::from_be_bytes(sequence),
        backfill: u32::from_ne_bytes(backfill),
    })
}

#[cfg(test)]
mod tests {
    use sea_orm::sqlx::{Connection, Executor, SqliteConnection};

    use super::*;

    #[test]
    fn a_checkpoint_is_counted_once_whether_seen_before_or_after_the_log_began_anew() {
        let at = |sequence, backfill| Progress { sequence, backfill };
        for (before, now, expected) in [
            (at(1, 0), at(1, 0), 0),
            (at(1, 0), at(1, 5), 1),
            (at(1, 5), at(1, 9), 1),
            (at(1, 5), at(2, 0), 0),
            (at(1, 0), at(2, 0), 1),
            (at(1, 5), at(2, 3), 1),
            (at(1, 0), at(4, 3), 4),
        ] {
            assert_eq!(checkpoints(before, now), expected, "{before:?} {now:?}");
        }
    }

    #[tokio::test]
    async fn the_files_of_sqlite_show_its_checkpoints() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("callboard.db");
        let url = format!("sqlite://{}?mode=rwc", path.display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        let look = || look(&dir.path().join(LOG), &dir.path().join(INDEX)).unwrap();
        let write = "PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1)";
        connection.execute(write).await.unwrap();
        let first = look();
        connection
            .execute("PRAGMA wal_checkpoint(PASSIVE)")
            .await
            .unwrap();
        let second = look();
        assert_eq!(checkpoints(first, second), 1);
        connection
            .execute("INSERT INTO t VALUES (2)")
            .await
            .unwrap();
        let third = look();
        assert_eq!(checkpoints(second, third), 0);
        assert_eq!(third.sequence, first.sequence + 1);
    }
}
