//! A PostgreSQL of its own: made in a temporary directory, killed with everything it has started, and started again.

use std::{
    cell::RefCell,
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::{Duration, Instant},
};

use tokio::process::{Child, Command};

use crate::cli::{child::signal, failure::Failure};

const UP_MAX: Duration = Duration::from_secs(60);
const GONE_MAX: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);
const SUPERUSER: &str = "callboard";
/// Where packages put the programs beside the search path.
const PROGRAM_DIRS: [&str; 2] = ["/usr/lib/postgresql", "/usr/pgsql"];
/// PostgreSQL refuses to run as root; one of these runs it then.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

pub struct Database {
    dir: PathBuf,
    port: u16,
    user: Option<(u32, u32)>,
    postmaster: RefCell<Option<Child>>,
}

impl Database {
    /// Makes a cluster in `dir` and starts it.
    pub async fn create(dir: &Path) -> Result<Self, Failure> {
        let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
        let user = if is_root { Some(unprivileged()?) } else { None };
        fs::create_dir_all(dir)?;
        if let Some((uid, gid)) = user {
            chown(dir, Some(uid), Some(gid))?;
            let above = dir.parent().unwrap_or(dir);
            fs::set_permissions(above, fs::Permissions::from_mode(0o755))?;
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let database = Self {
            dir: dir.to_owned(),
            port,
            user,
            postmaster: RefCell::new(None),
        };
        let mut initdb = database.command("initdb")?;
        let made = initdb
            .args(["--auth=trust", "--encoding=UTF8", "--locale=C"])
            .args(["--username", SUPERUSER, "--no-instructions", "-D"])
            .arg(dir.join("cluster"))
            .output()
            .await
            .map_err(|error| {
                let dir = dir.display();
                Failure::Failed(format!("run initdb in {dir}, as its owner: {error}"))
            })?;
        succeeded("initdb", &made)?;
        database.ensure_up().await?;
        Ok(database)
    }

    pub fn url(&self) -> String {
        format!("postgres://{SUPERUSER}@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it unless it runs, and waits until it takes connections.
    pub async fn ensure_up(&self) -> Result<(), Failure> {
        if self.postmaster.borrow().is_some() {
            return Ok(());
        }
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.dir.join("postgres.log"))?;
        let postmaster = self
            .command("postgres")?
            .args(["-c", "listen_addresses=127.0.0.1", "-c"])
            .arg(format!("unix_socket_directories={}", self.dir.display()))
            .args(["-p", &self.port.to_string(), "-D"])
            .arg(self.dir.join("cluster"))
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        *self.postmaster.borrow_mut() = Some(postmaster);
        let began = Instant::now();
        while !self.takes_connections().await? {
            if began.elapsed() > UP_MAX {
                let log = self.dir.join("postgres.log");
                let why = format!("PostgreSQL does not start; see {}", log.display());
                return Err(Failure::Failed(why));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    async fn takes_connections(&self) -> Result<bool, Failure> {
        let mut ready = self.command("pg_isready")?;
        let port = self.port.to_string();
        let asked = ready.args(["-q", "-h", "127.0.0.1", "-p", &port]);
        Ok(asked.status().await?.success())
    }

    /// Ends the postmaster and every process it has started with SIGKILL.
    pub async fn kill(&self) -> Result<(), Failure> {
        let Some(mut postmaster) = self.postmaster.borrow_mut().take() else {
            return Ok(());
        };
        let Some(pid) = postmaster.id() else {
            return Ok(());
        };
        // Stopped first, so that it starts nothing after its children have been counted.
        signal("STOP", &[pid]).await?;
        let mut doomed = children(pid);
        doomed.push(pid);
        signal("KILL", &doomed).await?;
        postmaster.wait().await?;
        // A survivor would keep the shared memory, and the next start would be refused.
        let began = Instant::now();
        while doomed.iter().any(|pid| is_alive(*pid)) {
            if began.elapsed() > GONE_MAX {
                return Err(Failure::Failed("PostgreSQL survives SIGKILL".to_owned()));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    fn command(&self, program: &str) -> Result<Command, Failure> {
        let mut command = Command::new(find(program)?);
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
            .current_dir(&self.dir)
            .env_clear()
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        Ok(command)
    }
}

/// Ids of user and group of an account that may run PostgreSQL.
fn unprivileged() -> Result<(u32, u32), Failure> {
    let accounts = fs::read_to_string("/etc/passwd")?;
    let account = UNPRIVILEGED
        .iter()
        .find_map(|name| ids(&accounts, name))
        .ok_or_else(|| {
            Failure::Failed("PostgreSQL does not run as root, and there is no other user".into())
        })?;
    Ok(account)
}

fn ids(accounts: &str, name: &str) -> Option<(u32, u32)> {
    let mut fields = accounts
        .lines()
        .map(|line| line.split(':'))
        .find_map(|mut fields| (fields.next()? == name).then_some(fields))?;
    let uid = fields.nth(1)?.parse().ok()?;
    Some((uid, fields.next()?.parse().ok()?))
}

/// The newest program of that name where packages put them, or the one on the search path of the system.
fn find(program: &str) -> Result<PathBuf, Failure> {
    let mut versions: Vec<PathBuf> = PROGRAM_DIRS
        .iter()
        .filter_map(|dir| fs::read_dir(dir).ok())
        .flatten()
        .filter_map(|version| Some(version.ok()?.path().join("bin").join(program)))
        .collect();
    versions.sort();
    let usual = ["/usr/local/bin", "/usr/bin"].map(|dir| Path::new(dir).join(program));
    let mut places = versions.into_iter().rev().chain(usual);
    places.find(|place| place.is_file()).ok_or_else(|| {
        Failure::Failed(format!(
            "{program} is missing; install the server of PostgreSQL"
        ))
    })
}

/// Processes whose parent is `pid`.
fn children(pid: u32) -> Vec<u32> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(|child| parent(*child) == Some(pid))
        .collect()
}

fn parent(pid: u32) -> Option<u32> {
    stat(pid)?.1
}

fn is_alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z')
}

/// State and parent of a process.
fn stat(pid: u32) -> Option<(char, Option<u32>)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before may hold anything, a parenthesis too.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.next().and_then(|parent| parent.parse().ok())))
}

fn succeeded(what: &str, output: &Output) -> Result<(), Failure> {
    if output.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr);
    let why = why.lines().last().unwrap_or_default();
    Err(Failure::Failed(format!("{what}: {why}")))
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait, DbBackend, Statement};

    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts = "root:x:0:0::/:/bin/sh\npostgres2:x:7:8::/:\npostgres:x:101:104:a,,:/:\n";
        assert_eq!(ids(accounts, "postgres"), Some((101, 104)));
        assert_eq!(ids(accounts, "nobody"), None);
    }

    #[test]
    fn this_process_lives_and_is_a_child_of_its_parent() {
        let own = std::process::id();
        assert!(is_alive(own));
        let parent = parent(own).unwrap();
        assert!(children(parent).contains(&own));
    }

    #[tokio::test]
    async fn a_killed_database_comes_back_with_what_was_committed() {
        if find("postgres").is_err() {
            eprintln!("skipped: the server of PostgreSQL is not installed");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let database = Database::create(&dir.path().join("postgres")).await;
        let database = database.unwrap_or_else(|failure| panic!("{failure:?}"));
        let query = async |sql: &str| {
            let connection = sea_orm::Database::connect(database.url()).await.unwrap();
            let statement = Statement::from_string(DbBackend::Postgres, sql);
            let rows = connection.query_all_raw(statement).await.unwrap();
            connection.close().await.unwrap();
            rows.len()
        };
        query("CREATE TABLE kept (n int)").await;
        query("INSERT INTO kept VALUES (1), (2)").await;
        for _ in 0..2 {
            database.kill().await.unwrap();
            assert!(!database.takes_connections().await.unwrap());
            database.ensure_up().await.unwrap();
            assert_eq!(query("SELECT n FROM kept").await, 2);
        }
        database.kill().await.unwrap();
    }
}
