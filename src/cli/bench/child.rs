//! The server under measurement: this program, started again with `serve` and the defaults, whatever the environment or
//! the working directory say.

use std::{
    io,
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use tokio::{
    process::Command,
    time::{MissedTickBehavior, interval, timeout},
};

use super::{
    connection::{Connection, get},
    site::Site,
    vitals::Vitals,
};
use crate::cli::{
    child::{ServerChild, program, told},
    failure::Failure,
};

/// A server with many jobs to recover is given this long to be ready.
const READY_MAX: Duration = Duration::from_secs(120);
const READY_POLL: Duration = Duration::from_millis(1);
/// What the server says of itself goes there.
const LOG_FILE: &str = "log";

/// What a server does with a request besides its work.
#[derive(Debug, Clone, Copy)]
pub struct Guards {
    /// It asks for an API key.
    keys: bool,
    audit: bool,
}

impl Guards {
    pub const NONE: Self = Self {
        keys: false,
        audit: false,
    };
    pub const AUDIT: Self = Self {
        keys: false,
        audit: true,
    };
    pub const KEYS: Self = Self {
        keys: true,
        audit: false,
    };
    pub const KEYS_AND_AUDIT: Self = Self {
        keys: true,
        audit: true,
    };
}

pub struct Server {
    pub address: SocketAddr,
    pub vitals: Vitals,
    /// From its start until `GET /health/ready` said yes.
    pub ready_after: Duration,
    child: ServerChild,
}

impl Server {
    /// Starts a server on `site` that asks nobody who they are, and waits until it is ready.
    pub async fn start(site: &Site) -> Result<Self, Failure> {
        Self::serve(site, Guards::AUDIT).await
    }

    /// The same with other guards; answers an administrator's key where keys are asked.
    pub async fn start_guarded(
        site: &Site,
        guards: Guards,
    ) -> Result<(Self, Option<String>), Failure> {
        let key = if guards.keys {
            Some(bootstrap(site).await?)
        } else {
            None
        };
        Ok((Self::serve(site, guards).await?, key))
    }

    async fn serve(site: &Site, guards: Guards) -> Result<Self, Failure> {
        let mut command = program()?;
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        if !guards.keys {
            command.arg("--insecure-loopback");
        }
        command.env("CALLBOARD_AUDIT__ENABLED", guards.audit.to_string());
        on(site, &mut command);
        Self::spawn(command, site.dir()).await
    }

    /// Starts the server of `callboard bench hello`, which answers every request with the same few bytes.
    pub async fn hello(dir: &Path) -> Result<Self, Failure> {
        let mut command = program()?;
        command.args(["bench", "hello"]);
        Self::spawn(command, dir).await
    }

    async fn spawn(command: Command, dir: &Path) -> Result<Self, Failure> {
        let log = dir.join(LOG_FILE);
        let started = Instant::now();
        let child = ServerChild::spawn(command, dir, &log).await?;
        let ready = timeout(READY_MAX, until_ready(child.address)).await;
        let ready = ready.map_err(|_| told("the server is not ready in time", &log))?;
        ready.map_err(|error| told(&format!("the server ended at its start: {error}"), &log))?;
        Ok(Self {
            address: child.address,
            vitals: Vitals::of(child.pid),
            ready_after: started.elapsed(),
            child,
        })
    }

    /// Asks the server to end in order and waits until it has.
    pub async fn stop(self) -> Result<(), Failure> {
        self.child.stop().await
    }

    /// Ends the server with SIGKILL.
    pub async fn kill(self) -> Result<(), Failure> {
        self.child.kill().await
    }
}

/// Makes the first key of the store on `site`.
async fn bootstrap(site: &Site) -> Result<String, Failure> {
    let mut command = program()?;
    command.args(["keys", "bootstrap"]);
    on(site, &mut command);
    let made = command.current_dir(site.dir()).output().await?;
    if !made.status.success() {
        let why = String::from_utf8_lossy(&made.stderr).trim().to_owned();
        return Err(Failure::Failed(format!("make a key: {why}")));
    }
    Ok(String::from_utf8_lossy(&made.stdout).trim().to_owned())
}

/// Has `command` use the store of `site`.
fn on(site: &Site, command: &mut Command) {
    command.arg("--data-dir").arg(site.data_dir());
    if let Some(database) = site.database() {
        command.env("CALLBOARD_STORE__URL", database.url().as_str());
    }
}

async fn until_ready(address: SocketAddr) -> io::Result<()> {
    let mut connection = Connection::open(address).await?;
    let request = get(address, "/health/ready");
    let mut ticks = interval(READY_POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while connection.ask(&request).await?.status != 200 {
        ticks.tick().await;
    }
    Ok(())
}
