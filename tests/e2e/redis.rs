//! A Redis for a test.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::eventually::eventually;

/// A Redis of its own, ended with the test.
pub struct Redis {
    process: Child,
    port: u16,
    dir: TempDir,
}

impl Redis {
    /// None where it is not installed.
    pub fn start() -> Option<Self> {
        let port = {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().port()
        };
        let dir = tempfile::tempdir().unwrap();
        let process = Self::spawn(port, &dir)?;
        Some(Self { process, port, dir })
    }

    fn spawn(port: u16, dir: &TempDir) -> Option<Child> {
        let spawned = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(dir.path())
            .stdout(Stdio::null())
            .spawn();
        match spawned {
            Ok(process) => Some(process),
            Err(error) => {
                eprintln!("redis-server does not start ({error}): shared limits are not tested");
                None
            }
        }
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    pub async fn up(&self) {
        eventually("redis listens", || async {
            tokio::net::TcpStream::connect(("127.0.0.1", self.port))
                .await
                .ok()
        })
        .await;
    }

    pub fn end(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub fn again(&mut self) {
        self.process = Self::spawn(self.port, &self.dir).unwrap();
    }

    /// Stops it where it stands, or lets it go on.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .arg(name)
            .arg(self.process.id().to_string())
            .status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // Err means that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
