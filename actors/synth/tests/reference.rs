//! A million transactions against the published figures that the Indian locale is calibrated to.

#![cfg(test)]

use std::{collections::BTreeMap, fs, thread};

use callboard_synth::{BLOCK_ROWS, Part, Request, Tally, encode};
use serde_json::Value;

const ROWS: u64 = 1_000_000;
/// Greatest effect of the difference between the mixes (Cramer's V), and of means.
const EFFECT_MAX: f64 = 0.02;
const MEAN_OFF_MAX: f64 = 0.02;

/// The reference, or `None` with a word on stderr where it is absent.
fn reference() -> Option<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/synthetic/india_upi_reference_2024q4.json"
    );
    match fs::read(path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(error) => {
            eprintln!("skipped: {path}: {error}");
            None
        }
    }
}

fn tally(seed: u64) -> Tally {
    let spec = Request {
        rows: ROWS,
        seed,
        ..Request::default()
    }
    .resolve()
    .unwrap();
    let blocks = ROWS.div_ceil(BLOCK_ROWS);
    let middle = blocks / 2 * BLOCK_ROWS;
    let count = |rows: std::ops::Range<u64>| {
        let (mut tally, mut out) = (Tally::default(), Vec::new());
        for start in rows.clone().step_by(BLOCK_ROWS as usize) {
            out.clear();
            let block = start..(start + BLOCK_ROWS).min(rows.end);
            tally.merge(&encode(&spec, block, &mut out, || false).unwrap());
        }
        tally
    };
    thread::scope(|scope| {
        let half = scope.spawn(|| count(0..middle));
        let mut tally = count(middle..ROWS);
        tally.merge(&half.join().unwrap());
        tally
    })
}

/// Cramer's V of counts against expected shares: the root of chi-square over rows and degrees of freedom.
fn effect(found: &BTreeMap<String, Part>, shares: &BTreeMap<String, f64>) -> f64 {
    let rows: u64 = found.values().map(|part| part.rows).sum();
    let sum: f64 = shares.values().sum();
    let terms = shares.iter().map(|(name, share)| {
        let expected = share / sum * rows as f64;
        let found = found.get(name).map_or(0, |part| part.rows) as f64;
        (found - expected).powi(2) / expected
    });
    (terms.sum::<f64>() / rows as f64 / (shares.len() - 1) as f64).sqrt()
}

#[test]
fn the_mix_and_the_means_are_those_of_the_reference() {
    let Some(reference) = reference() else { return };
    let tally = tally(11);
    assert_eq!(tally.rows, ROWS);
    let shares = |values: &Value, share: fn(&Value) -> f64| -> BTreeMap<String, f64> {
        let values = values.as_object().unwrap().iter();
        values
            .map(|(name, value)| (name.clone(), share(value)))
            .collect()
    };
    let categories = shares(&reference["category"], |value| {
        value["share_of_count"].as_f64().unwrap()
    });
    let states = shares(&reference["state_share_of_count"], |value| {
        value.as_f64().unwrap()
    });
    for (found, expected) in [
        (&tally.by_category, &categories),
        (&tally.by_state, &states),
    ] {
        assert!(
            found.keys().all(|name| expected.contains_key(name)),
            "{:?}",
            found.keys()
        );
        let effect = effect(found, expected);
        eprintln!("Cramer's V over {} classes: {effect:.5}", expected.len());
        assert!(effect <= EFFECT_MAX);
    }
    for (name, part) in &tally.by_category {
        let mean = part.amount_minor as f64 / part.rows as f64 / 100.0;
        let off = mean
            / reference["category"][name]["mean_ticket_inr"]
                .as_f64()
                .unwrap()
            - 1.0;
        eprintln!(
            "{name}: {} rows, mean {mean:.2}, off by {:.3} %",
            part.rows,
            100.0 * off
        );
        assert!(off.abs() <= MEAN_OFF_MAX);
    }
}
