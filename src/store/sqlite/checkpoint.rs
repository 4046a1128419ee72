//! Moves the write-ahead log into the database file, on a thread and a connection of its own, so that commits go on.
//!
//! A log that is being appended to is never wholly moved, and only a log that is wholly moved is begun anew. So above a
//! size the rest is moved while commits wait, which is short because most has been moved before.

use std::{
    sync::{Arc, Weak},
    thread,
    time::Duration,
};

use futures_util::FutureExt;
use sea_orm::sqlx::{self, Row, SqliteConnection};
use tokio::{runtime::Builder, sync::watch, time::sleep};

use super::SqliteFile;
use crate::store::writer::Writer;

/// Time between two looks at the log while there are commits.
const TICK: Duration = Duration::from_millis(50);
/// Pages of 4 KiB in the log.
const BOUNDS: Bounds = Bounds {
    moved: 2_000,
    restarted: 8_000,
    held: 64_000,
};
/// Looks without a commit after which the log is emptied.
const IDLE_TICKS: u32 = 20;
/// Bytes of a page in the log: the page and its header.
const FRAME_BYTES: i64 = 4_096 + 24;

struct Bounds {
    /// From here on pages are moved while commits go on.
    moved: i64,
    /// From here on commits wait for the rest.
    restarted: i64,
    /// From here on commits wait for everything.
    held: i64,
}

/// The thread; it ends with `stop`, or when the writer is gone.
pub struct Checkpointer {
    stop: watch::Sender<bool>,
    thread: thread::JoinHandle<()>,
}

impl Checkpointer {
    /// Errors when no thread can be started.
    pub fn start(file: SqliteFile, writer: &Arc<Writer>) -> std::io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let runtime = Builder::new_current_thread().enable_time().build()?;
        let writer = Arc::downgrade(writer);
        let thread = thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || runtime.block_on(run(file, writer, stopped)))?;
        Ok(Self { stop, thread })
    }

    /// Waits for a checkpoint that is under way.
    pub fn stop(self) {
        self.stop.send_replace(true);
        // Err means that the thread panicked, which the panic hook has told.
        let _ = self.thread.join();
    }
}

async fn run(file: SqliteFile, writer: Weak<Writer>, mut stopped: watch::Receiver<bool>) {
    tokio::select! {
        _ = stopped.changed() => {}
        () = watch_over(file, writer) => {}
    }
}

async fn watch_over(file: SqliteFile, writer: Weak<Writer>) {
    let Some(written) = writer.upgrade().map(|writer| writer.written()) else {
        return;
    };
    let mut connection = None;
    let mut failing = false;
    loop {
        written.notified().await;
        let mut idle_ticks = 0;
        while idle_ticks < IDLE_TICKS {
            sleep(TICK).await;
            let more = written.notified().now_or_never().is_some();
            idle_ticks = if more { 0 } else { idle_ticks + 1 };
            let Some(writer) = writer.upgrade() else {
                return;
            };
            let idle = idle_ticks == IDLE_TICKS;
            let looked = look(&file, &mut connection, &writer, idle, &BOUNDS).await;
            if let Err(error) = &looked {
                connection = None;
                if !failing {
                    tracing::warn!(error = %error, "the write-ahead log cannot be moved into the database");
                }
            }
            failing = looked.is_err();
        }
    }
}

/// One look at the log, and what follows from it.
async fn look(
    file: &SqliteFile,
    connection: &mut Option<SqliteConnection>,
    writer: &Writer,
    idle: bool,
    bounds: &Bounds,
) -> Result<Log, sqlx::Error> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(file.checkpointing().await?),
    };
    let mut log = checkpoint(connection, "NOOP").await?;
    if log.pages - log.moved >= bounds.moved && log.pages < bounds.held {
        log = checkpoint(connection, "PASSIVE").await?;
    }
    if log.pages >= bounds.restarted || idle && log.pages > 0 {
        // Err means that the store is closed, or that the next commit reports the same.
        if let Ok(lease) = writer.lease().await {
            let moved = checkpoint(connection, if idle { "TRUNCATE" } else { "PASSIVE" }).await;
            lease.put_back();
            log = moved?;
        }
    }
    metrics::gauge!("callboard_wal_bytes").set((log.pages * FRAME_BYTES) as f64);
    Ok(log)
}

struct Log {
    pages: i64,
    /// Pages that are in the database file too.
    moved: i64,
}

async fn checkpoint(connection: &mut SqliteConnection, mode: &str) -> Result<Log, sqlx::Error> {
    let pragma = format!("PRAGMA wal_checkpoint({mode})");
    let row = sqlx::query(sqlx::AssertSqlSafe(pragma))
        .fetch_one(connection)
        .await?;
    Ok(Log {
        pages: row.try_get::<i64, _>(1)?.max(0),
        moved: row.try_get::<i64, _>(2)?.max(0),
    })
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, path::Path};

    use callboard_migrations::{Migrator, MigratorTrait};
    use callboard_orchestra::{Tenant, journal::conformance};

    use super::*;
    use crate::store::{Synchronous, backend::Backend, commit};

    const FEW: Bounds = Bounds {
        moved: 20,
        restarted: 60,
        held: 1_000,
    };
    const NONE: Bounds = Bounds {
        moved: i64::MAX,
        restarted: i64::MAX,
        held: i64::MAX,
    };

    async fn fresh(dir: &Path) -> (SqliteFile, Arc<Writer>) {
        let file = SqliteFile {
            path: dir.join("fresh.db"),
            synchronous: Synchronous::Normal,
        };
        let aside = file.aside(true).await.unwrap();
        Migrator::up(&aside, None).await.unwrap();
        let writer = Writer::open(Backend::Sqlite(file.clone()), aside)
            .await
            .unwrap();
        (file, Arc::new(writer))
    }

    #[tokio::test]
    async fn a_log_is_moved_then_begun_anew_then_emptied() {
        let dir = tempfile::tempdir().unwrap();
        let (file, writer) = fresh(dir.path()).await;
        let readers = file.readers(NonZeroU32::MIN).await.unwrap();
        let mut connection = None;
        let mut look = async |idle, bounds| {
            let log = look(&file, &mut connection, &writer, idle, bounds).await;
            log.unwrap()
        };
        let commit = async || {
            let batch = conformance::whole_job(&Tenant::default());
            let committed = commit::records(&writer, &readers, 0, &batch).await;
            committed.unwrap();
        };
        while look(false, &NONE).await.pages < FEW.moved {
            commit().await;
        }
        let moved = look(false, &FEW).await;
        assert!(moved.pages >= FEW.moved && moved.pages == moved.moved);

        while look(false, &NONE).await.pages < FEW.restarted {
            commit().await;
        }
        let full = look(false, &FEW).await.pages;
        assert!(full >= FEW.restarted);
        commit().await;
        let begun = look(false, &NONE).await.pages;
        assert!(begun < full, "{begun} pages after {full}");

        assert_eq!(look(true, &FEW).await.pages, 0);
    }

    #[tokio::test]
    async fn the_thread_ends_with_its_writer() {
        let dir = tempfile::tempdir().unwrap();
        let (file, writer) = fresh(dir.path()).await;
        let checkpointer = Checkpointer::start(file, &writer).unwrap();
        drop(writer);
        checkpointer.thread.join().unwrap();
    }
}
