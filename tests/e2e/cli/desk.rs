//! A place to run the program in, and what it came to.

use std::{
    fmt::Display,
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::client::Client;

/// Of a server on a free port that asks nobody who they are.
pub const SERVE: [&str; 6] = [
    "serve",
    "--insecure-loopback",
    "--listen",
    "127.0.0.1:0",
    "--log",
    "warn",
];

/// A working directory of its own and the program in it, with nothing of this process's environment but the path.
pub struct Desk(TempDir);

impl Desk {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
        command
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ended {
        Ended::of(self.command(args).output().unwrap())
    }

    /// Folders of runs.
    pub fn runs(&self) -> Vec<PathBuf> {
        let runs = fs::read_dir(self.path().join("callboard-data/runs"));
        runs.map(|runs| runs.map(|run| run.unwrap().path()).collect())
            .unwrap_or_default()
    }
}

#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    pub fn of(output: Output) -> Self {
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        Self {
            code: output.status.code(),
            stdout,
            stderr,
        }
    }

    /// Ended with `code`, nothing on stdout, and this one line on stderr.
    #[track_caller]
    pub fn refused(&self, code: i32) -> &str {
        assert_eq!(
            (self.code, self.stdout.as_str()),
            (Some(code), ""),
            "{self:?}"
        );
        let line = self.stderr.trim_end().strip_prefix("error: ");
        line.filter(|line| !line.contains('\n'))
            .unwrap_or_else(|| panic!("not one line: {self:?}"))
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Sends a signal, such as TERM, to a process of this number.
pub fn signal(pid: impl Display, name: &str) {
    let kill = format!("kill -{name} {pid}");
    let killed = Command::new("sh").arg("-c").arg(kill).status().unwrap();
    assert!(killed.success());
}

/// A server process, stopped at the end of a test.
pub struct Serving {
    pub process: Child,
    pub url: String,
}

impl Serving {
    pub fn start(desk: &Desk) -> Self {
        Self::start_at(desk, "127.0.0.1:0")
    }

    pub fn start_at(desk: &Desk, listen: &str) -> Self {
        Self::spawn(&mut desk.command(&[
            "serve",
            "--insecure-loopback",
            "--listen",
            listen,
            "--log",
            "warn",
        ]))
    }

    pub fn spawn(serve: &mut Command) -> Self {
        let mut process = serve.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .trim()
            .split_once(" listening on ")
            .unwrap_or_else(|| panic!("{line:?}"))
            .1
            .to_owned();
        Self { process, url }
    }

    pub fn address(&self) -> SocketAddr {
        self.url.strip_prefix("http://").unwrap().parse().unwrap()
    }

    pub fn client(&self) -> Client {
        Client::new(self.address())
    }

    /// Ends it with SIGKILL.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub fn stop(mut self) -> Option<i32> {
        signal(self.process.id(), "TERM");
        self.process.wait().unwrap().code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
