//! From an empty data directory to a key that is revoked, as a new user goes.

use std::process::Stdio;

use crate::cli::desk::{Desk, Serving};

fn guarded(desk: &Desk) -> Serving {
    let mut serve = desk.command(&["serve", "--listen", "127.0.0.1:0", "--log", "warn"]);
    Serving::spawn(serve.stderr(Stdio::null()))
}

#[test]
fn the_first_key_makes_the_others_and_each_may_do_what_its_role_permits() {
    let desk = Desk::new();
    let first = desk.run(&["keys", "bootstrap"]);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.stderr.contains("shown this once"), "{first:?}");
    desk.write("admin.key", &first.stdout);
    let again = desk.run(&["keys", "bootstrap"]);
    assert!(
        again
            .refused(2)
            .contains("there is a key of an admin already")
    );
    assert_eq!(desk.run(&["keys", "bootstrap", "--another"]).code, Some(0));

    let server = guarded(&desk);
    let with = |key: &str, args: &[&str]| {
        let server = ["--server", &server.url, "--key-file", key];
        desk.run(&[args, &server].concat())
    };
    let made = with(
        "admin.key",
        &["keys", "create", "watching", "--role", "viewer"],
    );
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.stdout.starts_with("cb_") && made.stdout.lines().count() == 1);
    desk.write("viewer.key", &made.stdout);
    let viewer_id = made.stderr.split_whitespace().next().unwrap().to_owned();

    let submit = [
        "submit",
        "drill.fanout",
        "--input",
        r#"{"tasks":1}"#,
        "--wait",
        "--json",
    ];
    let done = with("admin.key", &submit).json();
    assert_eq!(done["state"], "succeeded");
    let refused = with("viewer.key", &submit);
    assert!(refused.refused(2).contains("jobs:create"), "{refused:?}");
    let jobs = with("viewer.key", &["jobs"]);
    assert!(jobs.stdout.contains("drill.fanout"), "{jobs:?}");
    let stranger = desk.run(&["jobs", "--server", &server.url]);
    assert!(
        stranger.refused(2).contains("unauthenticated"),
        "{stranger:?}"
    );

    let listed = desk
        .command(&["keys", "list", "--json", "--server", &server.url])
        .env("CALLBOARD_KEY", first.stdout.trim())
        .output()
        .unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 3);

    let rotated = with(
        "admin.key",
        &["keys", "rotate", &viewer_id, "--overlap", "0"],
    );
    assert!(rotated.stdout.starts_with("cb_"), "{rotated:?}");
    assert!(
        with("viewer.key", &["jobs"])
            .refused(2)
            .contains("unauthenticated")
    );
    desk.write("viewer.key", &rotated.stdout);
    assert_eq!(with("viewer.key", &["jobs"]).code, Some(0));
    assert_eq!(
        with("admin.key", &["keys", "revoke", &viewer_id]).code,
        Some(0)
    );
    assert!(
        with("viewer.key", &["jobs"])
            .refused(2)
            .contains("unauthenticated")
    );
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_server_without_a_key_of_an_admin_says_how_to_make_one() {
    let desk = Desk::new();
    let mut serve = desk.command(&["serve", "--listen", "127.0.0.1:0", "--log", "warn"]);
    let mut server = Serving::spawn(serve.stderr(Stdio::piped()));
    let stderr = server.process.stderr.take().unwrap();
    assert_eq!(server.stop(), Some(0));
    let told = std::io::read_to_string(stderr).unwrap();
    assert!(
        told.contains("callboard keys bootstrap --data-dir"),
        "{told}"
    );
    let while_running = Desk::new();
    let server = guarded(&while_running);
    let refused = while_running.run(&["keys", "bootstrap"]);
    assert!(
        refused.refused(2).contains("in use by process"),
        "{refused:?}"
    );
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn nobody_being_asked_is_for_loopback_alone() {
    let desk = Desk::new();
    let open = ["serve", "--listen", "0.0.0.0:0", "--insecure-loopback"];
    let refused = desk.run(&open);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        refused.stderr.contains("auth.insecure_loopback"),
        "{refused:?}"
    );
}
