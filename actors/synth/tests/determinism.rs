//! What a seed promises: the same bytes, whatever part of them is made, by however many threads.

#![cfg(test)]

use std::{ops::Range, thread};

use callboard_synth::{
    BLOCK_ROWS, Cancelled, Entity, Format, GENERATOR_VERSION, Request, Spec, encode, header,
};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

const ROWS: u64 = 2 * BLOCK_ROWS + 1_000;

fn request(entity: Entity) -> Request {
    Request {
        entity,
        rows: ROWS,
        seed: 7,
        ..Request::default()
    }
}

fn encoded(spec: &Spec, range: Range<u64>) -> Vec<u8> {
    let mut out = Vec::new();
    encode(spec, range, &mut out, || false).unwrap();
    out
}

/// Every row of a data set with all that a request can ask for.
fn spoilt(entity: Entity) -> Spec {
    let request = Request {
        missing_rate: 0.05,
        dirty_rate: 0.05,
        fraud_rate: 0.1,
        ..request(entity)
    };
    request.resolve().unwrap()
}

#[test]
fn the_bytes_of_a_seed_never_change() {
    let mut digests = Vec::new();
    for locale in ["in", "us"] {
        for entity in Entity::ALL {
            for format in [Format::Csv, Format::Jsonl] {
                let request = Request {
                    locale: locale.to_owned(),
                    format,
                    ..spoilt(entity).request().clone()
                };
                let spec = request.resolve().unwrap();
                let mut out = Vec::new();
                header(&spec, &mut out);
                out.extend(encoded(&spec, 0..ROWS));
                let digest: String = Sha256::digest(&out)
                    .iter()
                    .take(8)
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                digests.push(format!(
                    "{locale} {}.{} {digest}",
                    entity.as_str(),
                    format.as_str()
                ));
            }
        }
    }
    digests.insert(0, format!("generator {GENERATOR_VERSION}"));
    assert_eq!(
        digests,
        [
            "generator 2",
            "in customers.csv b5eba1087ce764ce",
            "in customers.jsonl b25ae36ae1a03d86",
            "in merchants.csv e8a6a9decff2cfb8",
            "in merchants.jsonl 1e7efc7662ab88c3",
            "in transactions.csv 1603be2e111ed803",
            "in transactions.jsonl 6203b28e3d630e74",
            "us customers.csv afe3fbfe43a0cf41",
            "us customers.jsonl ed9fb8ae17b71cef",
            "us merchants.csv faa54ba0e0394494",
            "us merchants.jsonl 8d9d6b11c8420ef7",
            "us transactions.csv 5e8a4fce853d8593",
            "us transactions.jsonl 8a6a1fa27483dca7"
        ]
    );
}

#[test]
fn any_range_is_the_slice_of_the_whole() {
    for entity in Entity::ALL {
        let spec = spoilt(entity);
        let whole = encoded(&spec, 0..ROWS);
        let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
        assert_eq!(lines.len() as u64, ROWS);
        for range in [
            0..1,
            100..200,
            BLOCK_ROWS - 3..BLOCK_ROWS + 3,
            ROWS - 5..ROWS + 9,
        ] {
            let slice = &lines[range.start as usize..(range.end as usize).min(lines.len())];
            assert_eq!(encoded(&spec, range), slice.concat());
        }
        assert!(encoded(&spec, ROWS..ROWS + 9).is_empty());
    }
}

#[test]
fn a_shorter_table_is_the_beginning_of_a_longer_one() {
    for entity in Entity::ALL {
        let long = request(entity).resolve().unwrap();
        let short = Request {
            rows: 500,
            ..request(entity)
        }
        .resolve()
        .unwrap();
        assert!(encoded(&long, 0..ROWS).starts_with(&encoded(&short, 0..ROWS)));
    }
}

#[test]
fn threads_that_share_the_rows_make_the_same_bytes() {
    let spec = spoilt(Entity::Transactions);
    let middle = BLOCK_ROWS + 17;
    let halves = thread::scope(|scope| {
        let halves = [0..middle, middle..ROWS].map(|range| scope.spawn(|| encoded(&spec, range)));
        halves.map(|half| half.join().unwrap())
    });
    assert_eq!(halves.concat(), encoded(&spec, 0..ROWS));
}

#[test]
fn another_seed_makes_other_rows() {
    for entity in Entity::ALL {
        let one = request(entity).resolve().unwrap();
        let other = Request {
            seed: 8,
            ..request(entity)
        }
        .resolve()
        .unwrap();
        assert_ne!(encoded(&one, 0..50), encoded(&other, 0..50));
    }
}

#[test]
fn a_caller_who_wants_no_more_gets_no_more_than_the_block_in_hand() {
    let spec = request(Entity::Transactions).resolve().unwrap();
    let asked = std::cell::Cell::new(0);
    let mut out = Vec::new();
    let result = encode(&spec, 0..ROWS, &mut out, || {
        asked.set(asked.get() + 1);
        asked.get() == 2
    });
    assert_eq!(result, Err(Cancelled));
    assert_eq!(out, encoded(&spec, 0..BLOCK_ROWS));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn chunks_of_any_size_join_to_the_whole(entity in prop::sample::select(Entity::ALL.to_vec()), cuts in prop::collection::vec(0..ROWS, 0..5)) {
        let spec = spoilt(entity);
        let mut cuts = cuts;
        cuts.extend([0, ROWS]);
        cuts.sort_unstable();
        let mut joined = Vec::new();
        let mut tally = callboard_synth::Tally::default();
        for pair in cuts.windows(2) {
            tally.merge(&encode(&spec, pair[0]..pair[1], &mut joined, || false).unwrap());
        }
        let mut whole = Vec::new();
        let expected = encode(&spec, 0..ROWS, &mut whole, || false).unwrap();
        prop_assert_eq!(tally, expected);
        prop_assert!(joined == whole);
    }
}
