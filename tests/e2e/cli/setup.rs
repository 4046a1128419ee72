//! Configuration, schema and API description.

use super::desk::{Desk, Ended};

#[test]
fn check_config_lists_everything_that_is_wrong_at_once() {
    let desk = Desk::new();
    desk.write(
        "callboard.toml",
        "[server]\nlisten = \"nowhere\"\n[store]\nreaders = 0\n[roles.\"drill.runer\"]\nworkers = 2\n",
    );
    let mut command = desk.command(&["check-config", "--log", "callboard=loud"]);
    let ended = Ended::of(
        command
            .env("CALLBOARD_SERVER__LISTE", "x")
            .output()
            .unwrap(),
    );
    assert_eq!(ended.code, Some(2));
    for part in [
        "server.listen",
        "store.readers",
        "log.filter",
        "did you mean `server.listen`?",
        "roles.drill.runer: unknown key, did you mean `roles.drill.runner`? (file callboard.toml)",
    ] {
        assert!(ended.stderr.contains(part), "no {part} in {}", ended.stderr);
    }
}

#[test]
fn what_serving_refuses_is_refused_by_the_check_in_the_same_words() {
    let desk = Desk::new();
    desk.write("callboard.toml", "[roles.\"drill.runer\"]\nworkers = 2\n");
    let checked = desk.run(&["check-config"]);
    assert_eq!(checked.code, Some(2), "{checked:?}");
    let served = desk.run(&["serve", "--insecure-loopback", "--listen", "127.0.0.1:0"]);
    assert_eq!((served.code, served.stderr), (Some(2), checked.stderr));
    assert!(!desk.path().join("callboard-data").exists());
}

#[test]
fn the_effective_configuration_is_itself_a_configuration() {
    let desk = Desk::new();
    let printed = desk.run(&["check-config", "--data-dir", "elsewhere"]);
    assert!(
        printed.stdout.contains("data_dir = \"elsewhere\""),
        "{printed:?}"
    );
    desk.write("printed.toml", &printed.stdout);
    assert_eq!(
        desk.run(&["check-config", "--config", "printed.toml"])
            .stdout,
        printed.stdout
    );
}

#[test]
fn migrating_says_from_where_to_where() {
    let desk = Desk::new();
    let first = desk.run(&["migrate"]);
    assert!(
        first
            .stdout
            .starts_with("callboard-data/callboard.db created at m2"),
        "{first:?}"
    );
    let again = desk.run(&["migrate"]);
    assert_eq!(again.stdout, first.stdout.replace("created at", "is at"));
}

#[test]
fn the_openapi_document_is_printed_whole() {
    let document = Desk::new().run(&["openapi"]).json();
    assert!(document["paths"]["/v1/jobs"]["post"].is_object());
}

#[test]
fn a_secret_is_in_no_printed_configuration_and_no_message() {
    let desk = Desk::new();
    let token = "[vault]\ntoken = \"hunter2\"\n";
    for url in [
        "postgres://u:hunter2@127.0.0.1:1/db",
        "postgres://u:hunter2@[:::/db",
    ] {
        let redis = "[redis]\nurl = \"redis://:hunter2@127.0.0.1:1/0\"\n";
        desk.write(
            "callboard.toml",
            &format!("[store]\nurl = \"{url}\"\n{redis}{token}"),
        );
        let printed = desk.run(&["check-config"]);
        assert_eq!(printed.code, Some(0), "{printed:?}");
        assert_eq!(printed.stdout.matches("[hidden]").count(), 3, "{printed:?}");
        let served = desk.run(&["serve", "--listen", "127.0.0.1:0", "--log", "debug"]);
        assert_ne!(served.code, Some(0), "{served:?}");
        for shown in [
            &printed.stdout,
            &printed.stderr,
            &served.stdout,
            &served.stderr,
        ] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
    desk.write("callboard.toml", "[store]\nurl = \"file:store-url\"\n");
    desk.write("store-url", "postgres://u:hunter2@127.0.0.1:1/db\n");
    let printed = desk.run(&["check-config"]);
    assert!(
        printed.stdout.contains("url = \"file:store-url\""),
        "{printed:?}"
    );
    let served = desk.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(
        served.stderr.contains("127.0.0.1:1") && !served.stderr.contains("hunter2"),
        "{served:?}"
    );
}
