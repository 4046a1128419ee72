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
/// Pages of 4 KiB in the log that are moved while commits go on: 8 MiB.
const MOVE_PAGES: i64 = 2_000;
/// Pages from which on commits wait for the rest: 32 MiB.
const RESTART_PAGES: i64 = 8_000;
/// Pages from which on commits wait for everything: 256 MiB.
const HOLD_PAGES: i64 = 64_000;
/// Looks without a commit after which the log is emptied.
const IDLE_TICKS: u32 = 20;
/// Bytes of a page in the log: the page and its header.
const FRAME_BYTES: i64 = 4_096 + 24;

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
            if let Err(error) = look(&file, &mut connection, &writer, idle).await {
                connection = None;
                tracing::warn!(error = %error, "the write-ahead log could not be moved into the database");
            }
        }
    }
}

/// One look at the log, and what follows from it.
async fn look(
    file: &SqliteFile,
    connection: &mut Option<SqliteConnection>,
    writer: &Writer,
    idle: bool,
) -> Result<(), sqlx::Error> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(file.checkpointing().await?),
    };
    let mut log = checkpoint(connection, "NOOP").await?;
    if log.pages - log.moved >= MOVE_PAGES && log.pages < HOLD_PAGES {
        log = checkpoint(connection, "PASSIVE").await?;
    }
    if log.pages >= RESTART_PAGES || idle && log.pages > 0 {
        // Err means that the store is closed, or that the next commit reports the same.
        if let Ok(lease) = writer.lease().await {
            let moved = checkpoint(connection, if idle { "TRUNCATE" } else { "PASSIVE" }).await;
            lease.put_back();
            log = moved?;
        }
    }
    metrics::gauge!("callboard_wal_bytes").set((log.pages * FRAME_BYTES) as f64);
    Ok(())
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
