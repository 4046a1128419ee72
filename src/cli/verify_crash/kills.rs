//! Kills the server, and the database under it, at random moments, and starts them again.

use std::{net::SocketAddr, time::Duration, time::Instant};

use std::cell::RefCell;

use tokio::sync::watch;

use super::{api::Api, book::Book, database::Database, dice::Dice, resume::Resume};
use crate::cli::{
    child::{ServerChild, ServerSpec},
    failure::Failure,
};

/// Every such kill takes the database with it.
const DATABASE_EVERY: u32 = 3;
/// Time by which the database dies before the server at most.
const DATABASE_AHEAD_MAX: Duration = Duration::from_millis(50);

/// What was killed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kills {
    pub servers: u32,
    pub databases: u32,
    pub at_failpoints: u32,
}

pub struct Killer<'a> {
    pub spec: &'a ServerSpec,
    pub database: Option<&'a Database>,
    #[cfg_attr(
        not(feature = "failpoints"),
        expect(dead_code, reason = "a server without failpoints is not held at one")
    )]
    pub api: &'a Api,
    pub address: &'a watch::Sender<Option<SocketAddr>>,
    pub book: &'a RefCell<Book>,
    pub resume: &'a Resume,
    /// Set in every server: name and action.
    pub failpoints: &'a [(String, String)],
}

impl Killer<'_> {
    /// The first server.
    pub async fn start(&self) -> Result<ServerChild, Failure> {
        let server = ServerChild::start(self.spec).await?;
        self.address.send_replace(Some(server.address));
        self.arm().await?;
        Ok(server)
    }

    /// Kills `kills` servers, a mean time of `pace` apart; answers the one that is left.
    pub async fn play(
        &self,
        mut server: ServerChild,
        kills: u32,
        pace: Duration,
        mut dice: Dice,
    ) -> Result<(ServerChild, Kills), Failure> {
        let mut done = Kills::default();
        for number in 1..=kills {
            tokio::time::sleep(dice.between(pace / 5, pace * 9 / 5)).await;
            if let Some(status) = server.ended() {
                let died = format!("the server ended by itself with {status}");
                return Err(Failure::Failed(died));
            }
            done.at_failpoints += u32::from(self.hold(&mut dice).await);
            if let Some(database) = self.database.filter(|_| number % DATABASE_EVERY == 0) {
                database.kill().await?;
                done.databases += 1;
                tokio::time::sleep(dice.between(Duration::ZERO, DATABASE_AHEAD_MAX)).await;
            }
            server.kill().await?;
            done.servers += 1;
            self.address.send_replace(None);
            self.resume.killed(self.book.borrow().live.clone());
            if let Some(database) = self.database {
                database.ensure_up().await?;
            }
            server = ServerChild::start(self.spec).await?;
            self.resume.up(Instant::now(), server.started_in);
            self.address.send_replace(Some(server.address));
            self.arm().await?;
        }
        Ok((server, done))
    }

    #[cfg(not(feature = "failpoints"))]
    async fn arm(&self) -> Result<(), Failure> {
        debug_assert!(self.failpoints.is_empty(), "such a build offers none");
        Ok(())
    }

    #[cfg(feature = "failpoints")]
    async fn arm(&self) -> Result<(), Failure> {
        for (name, action) in self.failpoints {
            let set = self.api.failpoint(name, action).await;
            set.map_err(|trouble| Failure::Failed(format!("set failpoint {name}: {trouble:?}")))?;
        }
        Ok(())
    }

    /// In one of four kills the server is first held at an edge of a commit. True when it is.
    #[cfg(not(feature = "failpoints"))]
    async fn hold(&self, _dice: &mut Dice) -> bool {
        false
    }

    #[cfg(feature = "failpoints")]
    async fn hold(&self, dice: &mut Dice) -> bool {
        /// Before and after the journal's transaction.
        const EDGES: [&str; 2] = ["journal::before_commit", "journal::after_commit"];
        /// Under load a commit comes within this.
        const HELD: Duration = Duration::from_millis(20);
        let edge = dice.below(4 * EDGES.len() as u32) as usize;
        let Some(edge) = EDGES.get(edge).filter(|_| self.failpoints.is_empty()) else {
            return false;
        };
        let held = self.api.failpoint(edge, "pause").await.is_ok();
        tokio::time::sleep(HELD).await;
        held
    }
}
