//! What the fuzzer has found, sent anew by everybody.

use std::{fs, path::Path};

use crate::{
    app::{Setup, TestApp},
    neighbours::neighbours,
    raw::{answer_to, judge},
};

#[tokio::test]
async fn requests_that_a_fuzzer_kept_leave_no_failure_and_no_panic() {
    let app = TestApp::start_with(Setup {
        auth: true,
        live_jobs_expected: true,
        ..Setup::default()
    })
    .await;
    let senders = neighbours(&app).await;
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/requests");
    let (mut sent, mut own_told) = (0, 0);
    for entry in fs::read_dir(corpus).unwrap() {
        let text = fs::read(entry.unwrap().path()).unwrap();
        for sender in &senders {
            let Some(answered) = answer_to(sender, &text).await else {
                continue;
            };
            judge(sender, &text, &answered);
            sent += 1;
            let shown = String::from_utf8_lossy(&answered);
            own_told += usize::from(sender.own.is_some_and(|own| shown.contains(own)));
        }
    }
    assert!(
        sent > 0 && own_told > 0,
        "{sent} sent, {own_told} with a text of one's own"
    );
}
