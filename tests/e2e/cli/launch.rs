//! One server after another on a socket that a launcher owns.

use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::{fd::OwnedFd, unix::fs::PermissionsExt},
    path::{Path, PathBuf},
    process::{ChildStderr, Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::json;

use super::desk::{Desk, Ended, SERVE, Serving, signal};
use crate::postgres;

/// A link that names the program, as a release switches it.
const PROGRAM: &str = "current";
/// A start of the program in a test build takes less, on a machine that does other things.
const READY_WITHIN: &str = "15s";

/// Where the state is, unless it is in PostgreSQL.
const STORE_FILE: &str = "callboard-data/callboard.db";
/// Where a program that is never ready notes its process.
const HANGS: &str = "hangs";

/// What the launcher says of an order to replace, in the end.
const OUTCOMES: [&str; 3] = ["has replaced", "goes on", "serves again"];

struct Launched {
    launcher: Serving,
    told: BufReader<ChildStderr>,
    data_dir: PathBuf,
}

impl Launched {
    fn start(desk: &Desk) -> Self {
        link(desk, env!("CARGO_BIN_EXE_callboard"));
        let mut launcher = Serving::spawn(&mut launch(desk));
        let told = BufReader::new(launcher.process.stderr.take().unwrap());
        let mut launched = Self {
            launcher,
            told,
            data_dir: desk.path().join("callboard-data"),
        };
        launched.told(&["is ready"]);
        launched
    }

    fn stop(mut self) -> Option<i32> {
        signal(self.launcher.process.id(), "TERM");
        self.launcher.process.wait().unwrap().code()
    }

    /// Orders a replacement and reads on to the line that has `says`.
    fn replaced(&mut self, says: &str) -> String {
        signal(self.launcher.process.id(), "HUP");
        let line = self.told(&OUTCOMES);
        assert!(line.contains(says), "{line}");
        line
    }

    /// The next line with one of these phrases.
    fn told(&mut self, phrases: &[&str]) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.told.read_line(&mut line).unwrap();
            assert!(read > 0, "the launcher never says {phrases:?}");
            if phrases.iter().any(|phrase| line.contains(phrase)) {
                return line;
            }
        }
    }
}

impl Drop for Launched {
    /// A launcher that is killed leaves its server.
    fn drop(&mut self) {
        if thread::panicking() {
            let kill = format!("kill -KILL {}", owner_pid(&self.data_dir));
            let _ = Command::new("sh").arg("-c").arg(kill).status();
        }
    }
}

fn launch(desk: &Desk) -> Command {
    let mut command = desk.command(&["launch", "--listen", "127.0.0.1:0", "--program"]);
    command
        .arg(desk.path().join(PROGRAM))
        .args(["--ready-within", READY_WITHIN, "--"])
        .args(["--insecure-loopback", "--log", "warn"])
        .stderr(Stdio::piped());
    command
}

/// A server that refuses nothing for being slow, as it may be here.
const PATIENT: &str = "[server]\nturn_wait_max = \"60s\"\n";

/// Points the link at another program.
fn link(desk: &Desk, program: &str) {
    let (link, next) = (desk.path().join(PROGRAM), desk.path().join("next"));
    std::os::unix::fs::symlink(program, &next).unwrap();
    fs::rename(next, link).unwrap();
}

fn script(desk: &Desk, name: &str, text: &str) -> String {
    desk.write(name, text);
    let path = desk.path().join(name);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Points the link at a program that notes its process and is never ready; `first` is what it does before.
fn link_hanging(desk: &Desk, first: &str) {
    let text = format!("#!/bin/sh\n{first}\necho $$ >new && mv new {HANGS}\nexec sleep 600\n");
    link(desk, &script(desk, "hanging", &text));
}

/// The process of that program, once there is one.
fn hanging(desk: &Desk) -> String {
    loop {
        if let Ok(pid) = fs::read_to_string(desk.path().join(HANGS)) {
            return pid.trim().to_owned();
        }
        thread::yield_now();
    }
}

#[track_caller]
fn is_gone(pid: &str) {
    assert!(!Path::new("/proc").join(pid).exists(), "{pid} runs on");
}

/// The process that the data directory says owns it.
fn owner(data_dir: &Path) -> String {
    let lock = fs::read_to_string(data_dir.join("lock")).unwrap();
    let (process, _) = lock.split_once(" since ").unwrap();
    process.to_owned()
}

/// Its number.
fn owner_pid(data_dir: &Path) -> String {
    owner(data_dir).split_off("process ".len())
}

#[test]
fn a_server_is_replaced_under_load_without_a_failed_request_or_a_lost_job() {
    let desk = Desk::new();
    desk.write("callboard.toml", PATIENT);
    replaced_under_load(&desk);
    assert!(desk.path().join(STORE_FILE).exists());
}

#[tokio::test]
async fn a_server_on_postgresql_is_replaced_without_a_failed_request_or_a_lost_job() {
    let Some(url) = postgres::database().await else {
        return;
    };
    let desk = Desk::new();
    let config = format!("{PATIENT}[store]\nurl = \"{url}\"\n");
    desk.write("callboard.toml", &config);
    let replaced = tokio::task::spawn_blocking(move || {
        replaced_under_load(&desk);
        assert!(!desk.path().join(STORE_FILE).exists());
    });
    replaced.await.unwrap();
}

fn replaced_under_load(desk: &Desk) {
    let mut launched = Launched::start(desk);
    let url = launched.launcher.url.clone();
    let before = owner(&launched.data_dir);
    let input = "{\"tasks\":2,\"wait_ms\":4000}";
    let submit = ["submit", "drill.fanout", "--input", input, "--json"];
    let long = desk
        .run(&[&submit[..], &["--server", &url]].concat())
        .json();
    let long = long["id"].as_str().unwrap();
    let watch = desk
        .command(&["watch", long, "--server", &url])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut load = desk.command(&["loadtest", "--profile", "light", "--url", &url, "--json"]);
    load.args(["--warm-up", "0s", "--duration", "6s"])
        .args(["--p50-max", "60s", "--p99-max", "60s"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let load = load.spawn().unwrap();
    // More jobs than are stocked before the load: it is under way.
    let listed = ["jobs", "--json", "--limit", "200", "--server", &url];
    while desk.run(&listed).json().as_array().unwrap().len() < 120 {}

    launched.replaced("has replaced");
    assert_ne!(owner(&launched.data_dir), before);
    let loaded = Ended::of(load.wait_with_output().unwrap());
    assert_eq!(loaded.code, Some(0), "{loaded:?}");
    let report = loaded.json();
    let all = &report["classes"]["all"];
    assert_eq!(
        (&all["answered"], &all["errors"], &report["lost"]),
        (&json!(600), &json!({}), &json!(0))
    );
    let watched = Ended::of(watch.wait_with_output().unwrap());
    assert_eq!(watched.code, Some(0), "{watched:?}");
    assert_eq!(watched.json(), json!({"tasks": 2, "sum": 3}));
    for line in ["job submitted", "planned: 4 tasks", "job succeeded"] {
        assert_eq!(watched.stderr.matches(line).count(), 1, "{watched:?}");
    }
    let jobs = desk.run(&[
        "jobs", "--json", "--limit", "200", "--state", "failed", "--server", &url,
    ]);
    assert_eq!(jobs.json(), json!([]));
    assert_eq!(launched.stop(), Some(0));
}

#[test]
fn at_no_moment_of_a_departure_is_a_submission_on_an_idle_connection_refused() {
    /// One client asks after the other, until after the moment from which nothing is taken.
    const STEP: Duration = Duration::from_millis(1);
    const CLIENTS: usize = 400;
    let desk = Desk::new();
    desk.write("callboard.toml", PATIENT);
    let mut launched = Launched::start(&desk);
    let address = launched.launcher.address();
    let submit = format!("{}\r\n{JOB}", head(address));
    let ask = |mut connection: &TcpStream| {
        // Err means that it is closed.
        let _ = connection.write_all(submit.as_bytes());
    };
    let idle: Vec<TcpStream> = (0..CLIENTS).map(|_| idle_connection(address)).collect();
    let (before, after) = (idle_connection(address), idle_connection(address));
    ask(&before);
    let accepted = answer(&before);
    signal(owner_pid(&launched.data_dir), "TERM");
    for connection in &idle {
        ask(connection);
        thread::sleep(STEP);
    }
    for answer in idle.iter().map(answer).chain([accepted]) {
        let is_accepted = answer.starts_with("HTTP/1.1 202 ");
        assert!(is_accepted || answer.is_empty(), "{answer}");
    }
    launched.told(&["is ready"]);
    ask(&after);
    assert_eq!(answer(&after), "", "the server that knew it is gone");
    assert_eq!(launched.stop(), Some(0));
}

#[test]
fn a_server_that_leaves_waits_for_its_answers_as_long_as_they_come() {
    /// From one to the next; a server waits longer.
    const STEP: Duration = Duration::from_millis(500);
    /// Together longer than the time in which connections are closed when a server just stops.
    const CLIENTS: usize = 14;
    let desk = Desk::new();
    let mut launched = Launched::start(&desk);
    let address = launched.launcher.address();
    let slow: Vec<TcpStream> = (0..CLIENTS)
        .map(|_| {
            let mut connection = TcpStream::connect(address).unwrap();
            let asked = format!("{}expect: 100-continue\r\n\r\n", head(address));
            connection.write_all(asked.as_bytes()).unwrap();
            // The server answers so when it has taken the request.
            assert!(answer(&connection).starts_with("HTTP/1.1 100 "));
            connection
        })
        .collect();
    signal(owner_pid(&launched.data_dir), "TERM");
    for mut connection in &slow {
        thread::sleep(STEP);
        connection.write_all(JOB.as_bytes()).unwrap();
        let answer = answer(connection);
        assert!(answer.starts_with("HTTP/1.1 202 "), "{answer:?}");
    }
    launched.told(&["is ready"]);
    let jobs = desk.run(&["jobs", "--json", "--server", &launched.launcher.url]);
    assert_eq!(jobs.json().as_array().unwrap().len(), CLIENTS);
    assert_eq!(launched.stop(), Some(0));
}

const JOB: &str = r#"{"kind":"drill.fanout","input":{"tasks":1}}"#;

/// What comes before `JOB` and an empty line.
fn head(address: SocketAddr) -> String {
    let length = JOB.len();
    let kind = "content-type: application/json";
    format!("POST /v1/jobs HTTP/1.1\r\nhost: {address}\r\n{kind}\r\ncontent-length: {length}\r\n")
}

/// What comes at once, be it nothing more.
fn answer(mut connection: &TcpStream) -> String {
    const PATIENCE: Duration = Duration::from_secs(30);
    let mut answer = [0; 4096];
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = match connection.read(&mut answer) {
        Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
        read => read.unwrap(),
    };
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// A connection that has had one answer.
fn idle_connection(address: SocketAddr) -> TcpStream {
    let mut connection = TcpStream::connect(address).unwrap();
    let live = format!("GET /v1/health/live HTTP/1.1\r\nhost: {address}\r\n\r\n");
    connection.write_all(live.as_bytes()).unwrap();
    assert!(connection.read(&mut [0; 4096]).unwrap() > 0);
    connection
}

#[test]
fn a_release_that_does_not_start_leaves_the_server_where_it_is() {
    let desk = Desk::new();
    let mut launched = Launched::start(&desk);
    let before = owner(&launched.data_dir);
    link(&desk, &script(&desk, "broken", "#!/bin/sh\nexit 3\n"));
    let told = launched.replaced("goes on");
    assert!(told.contains("exit status: 3"), "{told}");
    assert_eq!(owner(&launched.data_dir), before);
    let kinds = desk.run(&["kinds", "--server", &launched.launcher.url]);
    assert_eq!(kinds.code, Some(0), "{kinds:?}");
    assert_eq!(launched.stop(), Some(0));
}

#[test]
fn a_release_that_is_never_ready_gives_way_to_the_one_before() {
    let desk = Desk::new();
    let mut launched = Launched::start(&desk);
    let before = owner(&launched.data_dir);
    let silent = "#!/bin/sh\necho it waits for the store\nexec sleep 600\n";
    link(&desk, &script(&desk, "silent", silent));
    let url = launched.launcher.url.clone();
    launched.replaced("serves again");
    assert_ne!(owner(&launched.data_dir), before);
    let kinds = desk.run(&["kinds", "--server", &url]);
    assert_eq!(kinds.code, Some(0), "{kinds:?}");
    assert_eq!(launched.stop(), Some(0));
}

#[test]
fn a_server_that_dies_is_started_again_on_its_socket() {
    let desk = Desk::new();
    let mut launched = Launched::start(&desk);
    let (url, before) = (launched.launcher.url.clone(), owner(&launched.data_dir));
    signal(owner_pid(&launched.data_dir), "KILL");
    let told = launched.told(&["starting it again"]);
    assert!(told.contains("signal: 9"), "{told}");
    // The connection waits in the kernel until there is a server.
    let kinds = desk.run(&["kinds", "--server", &url]);
    assert_eq!(kinds.code, Some(0), "{kinds:?}");
    assert_ne!(owner(&launched.data_dir), before);
    assert_eq!(launched.stop(), Some(0));
}

#[test]
fn a_launcher_that_is_stopped_leaves_no_server_that_was_starting() {
    let desk = Desk::new();
    link_hanging(&desk, ":");
    let mut launcher = launch(&desk).spawn().unwrap();
    let starting = hanging(&desk);
    signal(launcher.id(), "TERM");
    assert_eq!(launcher.wait().unwrap().code(), Some(0));
    is_gone(&starting);
}

#[test]
fn a_launcher_that_is_stopped_while_it_starts_again_or_replaces_leaves_nothing() {
    for dies in [true, false] {
        let desk = Desk::new();
        let launched = Launched::start(&desk);
        let before = owner_pid(&launched.data_dir);
        link_hanging(&desk, ":");
        match dies {
            true => signal(&before, "KILL"),
            false => signal(launched.launcher.process.id(), "HUP"),
        }
        let starting = hanging(&desk);
        assert_eq!(launched.stop(), Some(0), "dies: {dies}");
        is_gone(&starting);
        is_gone(&before);
    }
}

#[test]
fn a_release_that_dies_for_good_gives_way_to_a_link_that_is_switched_and_to_an_order() {
    // By the next attempt, which looks the link up anew, and by an order in the middle of an attempt.
    for hangs in [false, true] {
        let desk = Desk::new();
        let mut launched = Launched::start(&desk);
        let program = env!("CARGO_BIN_EXE_callboard");
        let once = format!("[ -e lived ] || {{ touch lived; exec {program} \"$@\"; }}");
        match hangs {
            true => link_hanging(&desk, &once),
            false => {
                let text = format!("#!/bin/sh\n{once}\nexit 1\n");
                link(&desk, &script(&desk, "once", &text));
            }
        }
        launched.replaced("has replaced");
        signal(owner_pid(&launched.data_dir), "KILL");
        match hangs {
            true => {
                let attempt = hanging(&desk);
                link(&desk, program);
                let told = launched.replaced("which had ended");
                assert!(told.contains("callboard)"), "{told}");
                is_gone(&attempt);
            }
            false => {
                let told = launched.told(&["the next attempt"]);
                assert!(told.contains("exit status: 1"), "{told}");
                link(&desk, program);
                launched.told(&["is ready"]);
            }
        }
        let kinds = desk.run(&["kinds", "--server", &launched.launcher.url]);
        assert_eq!(kinds.code, Some(0), "{kinds:?}");
        assert_eq!(launched.stop(), Some(0));
    }
}

#[test]
fn a_socket_passed_by_its_number_alone_is_served_and_outlives_the_server() {
    let desk = Desk::new();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let pass = "exec \"$@\" 3<&0 4<&0 </dev/null";
    let serve = "serve --insecure-loopback --listen fd:4 --log warn";
    for _ in 0..2 {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", pass, "sh", env!("CARGO_BIN_EXE_callboard")])
            .args(serve.split(' '))
            .current_dir(desk.path())
            .env_clear()
            .stdin(OwnedFd::from(socket.try_clone().unwrap()));
        let server = Serving::spawn(&mut command);
        assert_eq!(server.address(), address);
        let kinds = desk.run(&["kinds", "--server", &server.url]);
        assert_eq!(kinds.code, Some(0), "{kinds:?}");
        assert_eq!(server.stop(), Some(0));
    }
    TcpStream::connect(address).unwrap();
    let nothing = desk.run(&["serve", "--insecure-loopback", "--listen", "fd:3"]);
    assert!(nothing.refused(2).contains("fd:3"), "{nothing:?}");
}

#[test]
fn a_store_in_use_is_waited_for_as_long_as_was_said() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let owner = format!("in use by process {} since", server.process.id());
    let wait = |time| [&SERVE[..], &["--wait-for-store", time]].concat();
    let refused = desk.run(&wait("50ms"));
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains(&owner), "{refused:?}");
    let mut next = desk.command(&wait("60s"));
    let mut next = next.stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(next.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.ends_with("waits for the store\n"), "{line}");
    assert_eq!(server.stop(), Some(0));
    line.clear();
    said.read_line(&mut line).unwrap();
    assert!(line.contains(" listening on http://"), "{line}");
    signal(next.id(), "TERM");
    assert_eq!(next.wait().unwrap().code(), Some(0));
}
