//! Journals of every release fold to the states they were recorded with, for ever.

use std::{fs, path::Path};

use callboard_orchestra::{
    JobId, Timestamp,
    job::Job,
    journal::{decode, row_of},
};
use serde::Deserialize;

/// A job's journal as it was in the store, and the job as it was then.
#[derive(Deserialize)]
struct Recorded {
    job: JobId,
    records: Vec<RecordedRecord>,
    state: String,
    done: u32,
    total: u32,
    seq: u64,
    result: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct RecordedRecord {
    at: Timestamp,
    payload: String,
}

#[test]
fn journals_of_every_release_fold_to_their_recorded_states() {
    let releases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/journals");
    let mut folded = 0;
    for release in fs::read_dir(releases).unwrap() {
        for file in fs::read_dir(release.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let recorded: Recorded =
                serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            assert_folds(&path, &recorded);
            folded += 1;
        }
    }
    assert!(folded >= 3, "only {folded} recorded journals found");
}

fn assert_folds(path: &Path, recorded: &Recorded) {
    let events: Vec<_> = recorded
        .records
        .iter()
        .flat_map(|record| {
            decode(&record.payload)
                .unwrap()
                .into_iter()
                .map(|event| (event, record.at))
        })
        .collect();
    let job = Job::replay(recorded.job, events.iter().map(|(event, at)| (event, *at))).unwrap();
    let row = row_of(&job);
    let result = row
        .result
        .map(|result| result.read::<serde_json::Value>().unwrap());
    let figures = (row.state.name(), row.done, row.total, row.seq);
    let expected = (
        recorded.state.as_str(),
        recorded.done,
        recorded.total,
        recorded.seq,
    );
    assert_eq!(figures, expected, "{}", path.display());
    assert_eq!(result, recorded.result, "{}", path.display());
}
