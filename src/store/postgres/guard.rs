//! Who owns a database: an advisory lock that PostgreSQL holds for as long as a connection lives.
//!
//! The connection may be lost while the process lives, as when PostgreSQL restarts. Then the guard takes the lock again;
//! if another process has it, or had it in between, this one has lost the store. Commits do not wait for the guard: each
//! compares the epoch, so what is committed meanwhile is committed by the owner.

use std::{thread, time::Duration};

use sea_orm::sqlx::{self, Connection, PgConnection};
use tokio::{
    runtime::Builder,
    sync::watch,
    time::{sleep, timeout},
};

use super::PgServer;

/// Advisory locks are known by number: "callboar" in ASCII.
const LOCK: i64 = 0x6361_6c6c_626f_6172;
/// Time between two looks at the connection.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A connection that says nothing for so long is lost.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// The lock on a database, taken.
pub struct Hold {
    connection: PgConnection,
}

impl Hold {
    /// None when another process has it.
    pub async fn take(server: &PgServer) -> Result<Option<Self>, sqlx::Error> {
        let mut connection = server.single().await?;
        let taken: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
            .bind(LOCK)
            .fetch_one(&mut connection)
            .await?;
        Ok(taken.then_some(Self { connection }))
    }

    async fn is_alive(&mut self) -> bool {
        let pinged = timeout(SILENCE_MAX, self.connection.ping()).await;
        matches!(pinged, Ok(Ok(())))
    }
}

/// Looks after the lock on a thread of its own until it is stopped or dropped.
pub struct Guard {
    stop: watch::Sender<bool>,
    thread: thread::JoinHandle<()>,
}

impl Guard {
    /// `lost` turns true when another process has taken the store. Errors when no thread can be started.
    pub fn start(
        hold: Hold,
        server: PgServer,
        epoch: i64,
        lost: watch::Sender<bool>,
    ) -> std::io::Result<Self> {
        let (stop, mut stopped) = watch::channel(false);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let watching = async move {
            let mut hold = Some(hold);
            tokio::select! {
                _ = stopped.changed() => {}
                () = watch_over(&mut hold, &server, epoch) => {
                    tracing::error!(database = %server, "another process has taken the store");
                    lost.send_replace(true);
                }
            }
            if let Some(hold) = hold {
                // The lock goes with the connection either way.
                let _ = hold.connection.close().await;
            }
        };
        let thread = thread::Builder::new()
            .name("store-guard".to_owned())
            .spawn(move || runtime.block_on(watching))?;
        Ok(Self { stop, thread })
    }

    /// Gives the lock up.
    pub fn stop(self) {
        self.stop.send_replace(true);
        // Err means that the thread panicked, which the panic hook has told.
        let _ = self.thread.join();
    }
}

/// Returns when the store is lost.
async fn watch_over(hold: &mut Option<Hold>, server: &PgServer, epoch: i64) {
    loop {
        sleep(LOOK_EVERY).await;
        if let Some(held) = hold {
            if held.is_alive().await {
                continue;
            }
            *hold = None;
            tracing::warn!(database = %server, "the connection that holds the store is lost; taking it again");
        }
        match regain(server, epoch).await {
            Ok(Some(regained)) => *hold = Some(regained),
            Ok(None) => return,
            Err(error) => {
                tracing::debug!(database = %server, error = %error, "the store cannot be taken again yet");
            }
        }
    }
}

/// None when another process has the lock, or has had it since `epoch` began.
async fn regain(server: &PgServer, epoch: i64) -> Result<Option<Hold>, sqlx::Error> {
    let Some(mut hold) = Hold::take(server).await? else {
        // It may be this process's own lost connection, which the server has not noticed yet.
        let owned = epoch_now(&mut server.single().await?).await? == epoch;
        return if owned {
            Err(sqlx::Error::WorkerCrashed)
        } else {
            Ok(None)
        };
    };
    let owned = epoch_now(&mut hold.connection).await? == epoch;
    Ok(owned.then_some(hold))
}

async fn epoch_now(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    let read = "SELECT epoch FROM store_epoch WHERE id = 1";
    sqlx::query_scalar(read).fetch_one(connection).await
}
