//! The server under measurement: this program, started again with `serve` on a data directory that is removed after.

use std::{net::SocketAddr, process::Stdio, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use super::vitals::Vitals;
use crate::cli::failure::Failure;

const START_MAX: Duration = Duration::from_secs(30);
/// Longer than the server's own grace.
const STOP_MAX: Duration = Duration::from_secs(60);

pub struct Server {
    pub address: SocketAddr,
    pub vitals: Vitals,
    process: Child,
    /// Removed with its content when the bench ends.
    _data_dir: TempDir,
}

impl Server {
    /// Starts a server with defaults, whatever the environment or the working directory say, and waits until it listens.
    pub async fn start() -> Result<Self, Failure> {
        let failed =
            |what: &str, error: std::io::Error| Failure::Failed(format!("{what}: {error}"));
        let program =
            std::env::current_exe().map_err(|error| failed("find this program", error))?;
        let data_dir =
            tempfile::tempdir().map_err(|error| failed("make a data directory", error))?;
        let mut process = Command::new(program)
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--log",
                "warn",
                "--data-dir",
                "data",
            ])
            .current_dir(data_dir.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed("start a server", error))?;
        let stdout = process.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(START_MAX, lines.next_line()).await;
        let line =
            line.map_err(|_| Failure::Failed("the server does not start in time".to_owned()))?;
        let line = line.map_err(|error| failed("read from the server", error))?;
        let address = line
            .as_deref()
            .and_then(|line| line.rsplit_once("http://")?.1.parse().ok());
        let address =
            address.ok_or_else(|| Failure::Failed("the server ended at its start".to_owned()))?;
        let pid = process
            .id()
            .ok_or_else(|| Failure::Failed("the server ended at its start".to_owned()))?;
        Ok(Self {
            address,
            vitals: Vitals::of(pid),
            process,
            _data_dir: data_dir,
        })
    }

    /// Asks the server to end in order and waits until it has.
    pub async fn stop(mut self) -> Result<(), Failure> {
        let Some(pid) = self.process.id() else {
            return Err(Failure::Failed(
                "the server ended while it was measured".to_owned(),
            ));
        };
        // `kill` is built into every shell, but not every machine has it as a program.
        let asked = Command::new("sh")
            .arg("-c")
            .arg(format!("kill -TERM {pid}"))
            .status()
            .await;
        asked.map_err(|error| Failure::Failed(format!("stop the server: {error}")))?;
        let ended = timeout(STOP_MAX, self.process.wait()).await;
        let ended =
            ended.map_err(|_| Failure::Failed("the server does not stop in time".to_owned()))??;
        if ended.success() {
            Ok(())
        } else {
            Err(Failure::Failed(format!("the server ended with {ended}")))
        }
    }
}
