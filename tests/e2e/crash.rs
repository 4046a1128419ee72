//! `callboard verify-crash`: that it passes a sound server, and that it finds a server that is not.

#[cfg(feature = "failpoints")]
use crate::weather::preload;
use crate::{
    cli::desk::{Desk, Ended},
    postgres,
};

fn verify(desk: &Desk, args: &[&str]) -> Ended {
    // Broken stores are kept for whoever looks into them: here they go with the desk.
    let mut command = desk.command(&[&["verify-crash"], args].concat());
    Ended::of(command.env("TMPDIR", desk.path()).output().unwrap())
}

fn summary(ended: &Ended) -> &str {
    ended.stdout.trim_end().lines().last().unwrap_or_default()
}

#[track_caller]
fn assert_sound(ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    assert!(summary(ended).ends_with(": ok"), "{}", ended.stdout);
}

/// What the table says of one row.
#[cfg(feature = "failpoints")]
#[track_caller]
fn figure(ended: &Ended, label: &str) -> u64 {
    let row = ended
        .stdout
        .lines()
        .find(|line| line.contains(&format!(" {label} ")));
    let figure = row.and_then(|row| {
        row.split('┆')
            .nth(1)?
            .trim()
            .trim_end_matches('│')
            .trim()
            .parse()
            .ok()
    });
    figure.unwrap_or_else(|| panic!("no {label} in {ended:?}"))
}

#[test]
fn servers_killed_under_load_lose_nothing_and_repeat_nothing() {
    let desk = Desk::new();
    let args = ["--seconds", "6", "--kills", "8", "--seed", "1"];
    assert_sound(&verify(&desk, &args));
}

#[tokio::test]
async fn servers_killed_with_their_database_lose_nothing_and_repeat_nothing() {
    if postgres::database().await.is_none() {
        return;
    }
    let desk = Desk::new();
    let args = ["--seconds", "6", "--kills", "6", "--store", "postgres"];
    assert_sound(&verify(&desk, &args));
}

#[test]
fn a_bad_command_line_exits_with_2() {
    let desk = Desk::new();
    for args in [&["--kills", "0"][..], &["--store", "paper"]] {
        assert_eq!(verify(&desk, args).code, Some(2), "{args:?}");
    }
}

#[cfg(feature = "failpoints")]
#[test]
fn a_server_that_acknowledges_before_it_commits_is_found() {
    let desk = Desk::new();
    let early = "journal::ack_before_commit=return(2000)";
    let args = [
        "--seconds",
        "6",
        "--kills",
        "6",
        "--clients",
        "4",
        "--failpoint",
        early,
    ];
    let ended = verify(&desk, &args);
    assert_eq!(ended.code, Some(1), "{}\n{}", ended.stdout, ended.stderr);
    assert!(figure(&ended, "lost") > 0, "{}", ended.stdout);
}

/// On a disk that keeps nothing it was not told to sync.
#[cfg(feature = "failpoints")]
#[test]
fn only_a_store_that_syncs_every_commit_survives_a_loss_of_power() {
    let desk = Desk::new();
    let Some(shim) = preload::build("lostsync.c", desk.path()) else {
        return;
    };
    let shim = format!("LD_PRELOAD={}", shim.display());
    let kills = ["--seconds", "4", "--kills", "4", "--seed", "2"];
    let args = [&kills[..], &["--child-env", &shim]].concat();
    assert_sound(&verify(&desk, &args));

    let normal = ["--child-env", "CALLBOARD_STORE__SYNCHRONOUS=normal"];
    let ended = verify(&desk, &[&args[..], &normal].concat());
    assert_eq!(ended.code, Some(1), "{}\n{}", ended.stdout, ended.stderr);
    assert!(figure(&ended, "lost") > 0, "{}", ended.stdout);
}
