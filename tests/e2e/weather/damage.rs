//! The database file is not what the server wrote.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
    path::PathBuf,
};

use serde_json::json;

use crate::cli::desk::{Desk, Serving};

const PAGE_BYTES: u64 = 4096;

fn database(desk: &Desk) -> PathBuf {
    desk.path().join("callboard-data/callboard.db")
}

/// A directory with jobs in it, and no server.
async fn with_jobs() -> Desk {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let client = server.client();
    for _ in 0..20 {
        let input = json!({"tasks": 4, "payload_bytes": 2_000});
        let job = client.submit("drill.fanout", input).await;
        client.finished(&job.id).await;
    }
    assert_eq!(server.stop(), Some(0));
    desk
}

/// Neither the file nor anything else is written by a start that is refused.
fn assert_refused_untouched(desk: &Desk) {
    let before = fs::read(database(desk)).unwrap();
    for _ in 0..2 {
        let served = desk.run(&[
            "serve",
            "--insecure-loopback",
            "--listen",
            "127.0.0.1:0",
            "--log",
            "error",
        ]);
        let line = served.refused(1);
        assert!(line.contains("callboard.db is damaged"), "{line}");
    }
    assert_eq!(fs::read(database(desk)).unwrap(), before);
}

#[tokio::test]
async fn a_database_with_overwritten_pages_is_called_damaged_and_left_as_it_is() {
    let desk = with_jobs().await;
    let file = OpenOptions::new()
        .write(true)
        .open(database(&desk))
        .unwrap();
    let pages = file.metadata().unwrap().len() / PAGE_BYTES;
    for page in 1..pages {
        file.write_all_at(&[0xa5; PAGE_BYTES as usize], page * PAGE_BYTES)
            .unwrap();
    }
    assert_refused_untouched(&desk);
}

#[tokio::test]
async fn a_database_that_was_cut_short_is_called_damaged_and_left_as_it_is() {
    let desk = with_jobs().await;
    let file = OpenOptions::new()
        .write(true)
        .open(database(&desk))
        .unwrap();
    file.set_len(2 * PAGE_BYTES).unwrap();
    assert_refused_untouched(&desk);
}
