//! `callboard top`: the frame that it prints, and the terminal that it takes and gives back.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Instant,
};

use serde_json::{Value, json};

use super::desk::{Desk, Ended, Serving};
use crate::eventually::DEADLINE;

const OTHER_SCREEN: &str = "\u{1b}[?1049h";
const SCREEN_BEFORE: &str = "\u{1b}[?1049l";
/// Ctrl-L: what was on the screen before is sent again, so that whole words are.
const DRAW_ANEW: &str = "\u{c}";
const CONTROL_C: &str = "\u{3}";
const CURSOR: &str = "\u{1b}[?25h";

fn submit(desk: &Desk, url: &str, input: &str, more: &[&str]) -> Value {
    let args = ["submit", "drill.fanout", "--input", input, "--json"];
    desk.run(&[&args, &["--server", url][..], more].concat())
        .json()
}

/// The line of a printed frame with this text in it, by its words.
fn words<'a>(frame: &'a str, with: &str) -> Vec<&'a str> {
    let mut lines = frame.lines().filter(|line| line.contains(with));
    let line = lines.next().unwrap_or_else(|| panic!("no {with}: {frame}"));
    line.split_whitespace().collect()
}

#[test]
fn a_printed_frame_tells_of_the_server_its_crews_and_its_jobs() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let done = submit(&desk, &server.url, r#"{"tasks":2}"#, &["--wait"]);
    let long = r#"{"tasks":1,"wait_ms":60000}"#;
    let live = submit(&desk, &server.url, long, &[]);
    let top = desk.run(&["top", "--once", "--server", &server.url]);
    assert_eq!(top.code, Some(0), "{top:?}");
    let frame = top.stdout.as_str();
    assert!(
        !frame.contains(|c: char| c.is_control() && c != '\n'),
        "{frame:?}"
    );
    let version = env!("CARGO_PKG_VERSION");
    let first = frame.lines().next().unwrap();
    for told in [version, "ready", server.url.as_str()] {
        assert!(first.contains(told), "no {told} in {first}");
    }
    assert!(frame.contains("live jobs 1 of "), "{frame}");
    assert!(frame.contains(" jobs/s finished"), "{frame}");
    assert!(frame.contains("1 running 1 succeeded"), "{frame}");
    let runner = words(frame, "drill.runner");
    assert_eq!(runner[1..4], ["running", "0", "1"], "{frame}");
    assert!(runner.contains(&"closed") && runner.contains(&"0/5"));
    for resident in ["journal-writer", "shard-0"] {
        assert_eq!(words(frame, resident)[1], "running");
    }
    for (job, state) in [(&done, "succeeded"), (&live, "running")] {
        let id = job["id"].as_str().unwrap();
        let row = words(frame, &id[id.len() - 8..]);
        assert_eq!(row[1..3], ["drill.fanout", state], "{frame}");
    }
    let cancelled = desk.run(&[
        "cancel",
        live["id"].as_str().unwrap(),
        "--server",
        &server.url,
    ]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_key_shows_what_its_role_permits_and_a_wrong_one_nothing() {
    let desk = Desk::new();
    desk.write("admin.key", &desk.run(&["keys", "bootstrap"]).stdout);
    let mut serve = desk.command(&["serve", "--listen", "127.0.0.1:0", "--log", "warn"]);
    let server = Serving::spawn(serve.stderr(Stdio::null()));
    let with = |key: &str, args: &[&str]| {
        let server = ["--server", &server.url, "--key-file", key];
        desk.run(&[args, &server].concat())
    };
    let made = with("admin.key", &["keys", "create", "s", "--role", "service"]);
    desk.write("service.key", &made.stdout);
    desk.write("wrong.key", "cb_nobody.nothing");
    let input = r#"{"tasks":1}"#;
    let job = [
        "submit",
        "drill.fanout",
        "--input",
        input,
        "--wait",
        "--json",
    ];
    assert_eq!(with("admin.key", &job).json()["state"], "succeeded");

    let whole = with("admin.key", &["top", "--once"]);
    assert!(whole.stdout.contains("drill.runner"), "{whole:?}");
    let part = with("service.key", &["top", "--once"]);
    assert_eq!(part.code, Some(0), "{part:?}");
    assert!(part.stdout.contains("drill.fanout"), "{part:?}");
    assert!(part.stdout.contains("metrics:read"), "{part:?}");
    assert!(!part.stdout.contains("drill.runner"), "{part:?}");
    let wrong = with("wrong.key", &["top", "--once"]);
    assert!(wrong.refused(2).contains("unauthenticated"), "{wrong:?}");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn without_a_terminal_there_is_no_screen_and_without_a_server_no_frame() {
    let desk = Desk::new();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let url = format!("http://{}", nobody.unwrap());
    let piped = desk.run(&["top", "--server", &url]);
    assert!(piped.refused(2).contains("--once"), "{piped:?}");
    let away = desk.run(&["top", "--once", "--server", &url]);
    assert!(away.refused(1).contains("connection refused"), "{away:?}");
}

#[test]
fn a_server_that_takes_a_question_and_says_nothing_is_waited_for_within_a_bound() {
    let desk = Desk::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let started = Instant::now();
    let ended = desk.run(&["top", "--once", "--server", &url]);
    assert!(ended.refused(1).contains("it takes too long"), "{ended:?}");
    assert!(started.elapsed() < DEADLINE);
}

/// Answers every request with the status and body for its path.
fn answer(listener: TcpListener, answers: fn(&str) -> (&'static str, String)) {
    let serve = move |mut stream: TcpStream| {
        let mut request = Vec::new();
        let mut chunk = [0; 1_024];
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut chunk) {
                Ok(0) | Err(_) => return,
                Ok(bytes) => request.extend_from_slice(&chunk[..bytes]),
            }
        }
        let request = String::from_utf8_lossy(&request).into_owned();
        let path = request.split([' ', '?']).nth(1).unwrap_or_default();
        let (status, body) = answers(path);
        let length = body.len();
        let _ = write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
    };
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
}

#[test]
fn what_a_server_says_brings_no_commands_to_the_terminal() {
    const EVIL: &str = "a\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}z";
    fn hostile(path: &str) -> (&'static str, String) {
        let node = json!({"name": EVIL, "path": EVIL, "kind": "supervisor", "restarts_in_window": 0, "generation": 0,
            "state": "running", "children": []});
        let job = json!({"id": "job_019c8f0e5a7c7d0bb1a2c3d4e5f60718", "kind": EVIL, "state": "failed",
            "progress": {"done": 0, "total": 1}, "priority": 5, "labels": {EVIL: EVIL}, "tenant": EVIL,
            "error": {"code": EVIL, "message": EVIL}, "created_at": EVIL});
        let health = json!({"status": "unhealthy", "deep": false, "components": [
            {"name": EVIL, "status": "unhealthy", "essential": true, "message": EVIL, "response_ms": 1.0}]});
        match path {
            "/v1/supervision" => ("200 OK", json!({"root": node}).to_string()),
            "/v1/jobs" => ("200 OK", json!({"items": [job]}).to_string()),
            "/v1/health" => ("503 Service Unavailable", health.to_string()),
            "/metrics" => (
                "200 OK",
                format!(
                    "callboard_build_info{{version=\"{EVIL}\"}} 1\ncallboard_ready 1\ncallboard_live_jobs 0\n\
                callboard_live_jobs_max 1\ncallboard_unfinished_tasks 0\ncallboard_unfinished_tasks_max 1\n"
                ),
            ),
            _ => ("404 Not Found", EVIL.to_owned()),
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    answer(listener, hostile);
    let top = Desk::new().run(&["top", "--once", "--columns", "200", "--server", &url]);
    assert_eq!(top.code, Some(0), "{top:?}");
    assert!(top.stdout.contains("unhealthy"), "{top:?}");
    let is_command = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!top.stdout.contains(is_command), "{:?}", top.stdout);
    let shown = "a\u{fffd}[2J\u{fffd}]0;owned\u{fffd}\u{fffd}31m\u{fffd}z";
    assert!(top.stdout.matches(shown).count() >= 4, "{}", top.stdout);
}

/// `top` on a terminal of its own, which script(1) makes.
struct Watched {
    script: Child,
    output: Receiver<Vec<u8>>,
    /// What the terminal was sent so far.
    seen: String,
}

impl Watched {
    fn start(desk: &Desk, url: &str) -> Self {
        let top = format!(
            "stty rows 24 cols 80; echo $$ > top.pid; exec '{}' top --server {url}",
            env!("CARGO_BIN_EXE_callboard")
        );
        let mut script = Command::new("script")
            .args([
                "--quiet",
                "--flush",
                "--return",
                "--command",
                &top,
                "/dev/null",
            ])
            .current_dir(desk.path())
            .env("TERM", "xterm")
            .env("SHELL", "/bin/sh")
            .env_remove("CALLBOARD_KEY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = script.stdout.take().unwrap();
        let (tell, output) = channel();
        thread::spawn(move || {
            let mut chunk = [0; 4_096];
            while let Ok(bytes @ 1..) = stdout.read(&mut chunk) {
                if tell.send(chunk[..bytes].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            script,
            output,
            seen: String::new(),
        }
    }

    /// Waits until the terminal has been sent this text, and forgets all before.
    #[track_caller]
    fn await_text(&mut self, text: &str) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some((_, rest)) = self.seen.split_once(text) {
                self.seen = rest.to_owned();
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("no {text:?} after {:?}", self.seen),
            }
        }
    }

    fn press(&mut self, keys: &str) {
        let stdin = self.script.stdin.as_mut().unwrap();
        stdin.write_all(keys.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// The exit code, and what the terminal was sent at the end.
    fn end(mut self) -> Ended {
        let mut last = std::mem::take(&mut self.seen);
        while let Ok(bytes) = self.output.recv_timeout(DEADLINE) {
            last.push_str(&String::from_utf8_lossy(&bytes));
        }
        Ended {
            code: self.script.wait().unwrap().code(),
            stdout: last,
            stderr: String::new(),
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // Its terminal goes with it, and so does whatever runs on that.
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

#[track_caller]
fn is_given_back(ended: &Ended) {
    let (_, after) = ended
        .stdout
        .split_once(SCREEN_BEFORE)
        .unwrap_or_else(|| panic!("{ended:?}"));
    assert!(after.contains(CURSOR), "{ended:?}");
}

#[test]
fn the_screen_is_taken_walked_and_given_back() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let mut top = Watched::start(&desk, &server.url);
    top.await_text(OTHER_SCREEN);
    top.await_text("drill.asker");
    for (keys, shown) in [("?", "anew"), ("?/", "keeps"), ("market.q\r", "`market.q`")] {
        top.press(keys);
        top.press(DRAW_ANEW);
        top.await_text(shown);
    }
    top.press("q");
    let ended = top.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    is_given_back(&ended);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_signal_ends_the_screen_and_gives_the_terminal_back() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let mut top = Watched::start(&desk, &server.url);
    top.await_text("drill.asker");
    let pid = std::fs::read_to_string(desk.path().join("top.pid")).unwrap();
    let killed = Command::new("kill").args(["-TERM", pid.trim()]).status();
    assert!(killed.unwrap().success());
    let ended = top.end();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    is_given_back(&ended);
    assert!(ended.stdout.contains("ended by SIGTERM"), "{ended:?}");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn the_screen_outlives_its_server_and_heals_by_itself() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let address = server.address().to_string();
    let mut top = Watched::start(&desk, &server.url);
    top.await_text("drill.asker");
    server.kill();
    top.await_text("no answer for ");

    let server = Serving::start_at(&desk, &address);
    submit(&desk, &server.url, r#"{"tasks":1}"#, &["--wait"]);
    // A job that only the new server knows.
    top.await_text("drill.fanout");
    top.press(CONTROL_C);
    let ended = top.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    is_given_back(&ended);
    assert_eq!(server.stop(), Some(0));
}
