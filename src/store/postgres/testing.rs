//! PostgreSQL for tests: the server that `CALLBOARD_TEST_POSTGRES` names, else one of the tests' own where its programs
//! are installed, else none, and then tests say so and pass.

use std::{
    fs,
    io::Write,
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait, Database};
use tempfile::TempDir;

const UP_MAX: Duration = Duration::from_secs(20);
/// Where packages put the programs that are not on the search path.
const PROGRAMS: &str = "/usr/lib/postgresql";
/// PostgreSQL refuses to run as root; one of these runs it then.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// A server of its own in a temporary directory. It ends with this process, however that ends.
pub struct Server {
    dir: TempDir,
    port: u16,
    user: Option<(u32, u32)>,
    shell: Option<Child>,
}

impl Server {
    /// None where its programs are not installed.
    pub fn start() -> Option<Self> {
        program("initdb")?;
        let dir = tempfile::tempdir().unwrap();
        let user = unprivileged();
        if let Some((uid, gid)) = user {
            chown(dir.path(), Some(uid), Some(gid)).unwrap();
        }
        let port = {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().port()
        };
        let mut server = Self {
            dir,
            port,
            user,
            shell: None,
        };
        let made = server
            .command("initdb")
            .args([
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "-U",
                "callboard",
            ])
            .args(["--no-instructions", "--no-sync", "-D"])
            .arg(server.cluster())
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        server.resume();
        Some(server)
    }

    fn cluster(&self) -> PathBuf {
        self.dir.path().join("cluster")
    }

    fn command(&self, name: &str) -> Command {
        self.as_user(program(name).expect("initdb is installed, so this is"))
    }

    fn as_user(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.dir.path());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Starts the server again.
    pub fn resume(&mut self) {
        let postgres = program("postgres").expect("initdb is installed, so this is");
        // The shell kills the server when its input closes, which it does when this process ends, and leaves nothing behind
        // unless it is told to.
        let script = "\"$0\" \"$@\" </dev/null >log 2>&1 & read -r word; kill -QUIT $!; wait; \
            [ \"$word\" = keep ] || rm -rf -- \"$PWD\"";
        let shell = self
            .as_user("sh")
            .args(["-c", script])
            .arg(postgres)
            .args([
                "-c",
                "listen_addresses=127.0.0.1",
                "-p",
                &self.port.to_string(),
            ])
            .arg("-c")
            .arg(format!(
                "unix_socket_directories={}",
                self.dir.path().display()
            ))
            .arg("-D")
            .arg(self.cluster())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        self.shell = Some(shell);
        let began = Instant::now();
        let port = self.port.to_string();
        loop {
            let mut ready = self.command("pg_isready");
            let asked = ready.args(["-q", "-h", "127.0.0.1", "-p", &port]).status();
            if asked.unwrap().success() {
                return;
            }
            let log = || fs::read_to_string(self.dir.path().join("log"));
            assert!(
                began.elapsed() < UP_MAX,
                "PostgreSQL does not start: {:?}",
                log()
            );
            std::thread::yield_now();
        }
    }

    /// Ends the server at once, as a crash does.
    pub fn kill(&mut self) {
        let mut shell = self.shell.take().expect("the server runs");
        let mut input = shell.stdin.take().expect("it is piped");
        writeln!(input, "keep").unwrap();
        drop(input);
        shell.wait().unwrap();
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://callboard@127.0.0.1:{}/{database}", self.port)
    }
}

fn program(name: &str) -> Option<PathBuf> {
    let versions = fs::read_dir(PROGRAMS).ok()?.filter_map(Result::ok);
    let packaged = versions.map(|version| version.path().join("bin").join(name));
    packaged.filter(|path| path.is_file()).max()
}

/// User and group that run the server when this process may not.
fn unprivileged() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let users = is_root.then(|| fs::read_to_string("/etc/passwd").ok())??;
    UNPRIVILEGED.into_iter().find_map(|name| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    })
}

static SHARED: LazyLock<Option<Server>> = LazyLock::new(Server::start);
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// Address of an empty database; None where there is no PostgreSQL.
#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the tests names the server in the environment"
)]
pub async fn database() -> Option<String> {
    let base = match std::env::var("CALLBOARD_TEST_POSTGRES") {
        Ok(url) => url,
        Err(_) => match &*SHARED {
            Some(server) => server.url("postgres"),
            None => {
                // Past the capture of the test harness, so that a green run shows what it left out.
                let why = "skipped: CALLBOARD_TEST_POSTGRES is not set and initdb is not installed";
                writeln!(std::io::stderr(), "{why}").unwrap();
                return None;
            }
        },
    };
    Some(fresh(&base).await)
}

/// Address of an empty database of the server at `base`.
pub async fn fresh(base: &str) -> String {
    fresh_with(base, "").await
}

/// The same with options of `CREATE DATABASE`.
pub async fn fresh_with(base: &str, options: &str) -> String {
    let number = DATABASES.fetch_add(1, Ordering::Relaxed);
    let name = format!("test_{}_{number}", std::process::id());
    let admin = Database::connect(base).await.unwrap();
    let create = format!("CREATE DATABASE {name} {options}");
    admin.execute_unprepared(&create).await.unwrap();
    admin.close().await.unwrap();
    let (server, _) = base.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}
