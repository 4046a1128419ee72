//! Fraud can be learnt, and not all of it: a table of log-odds from one seed, judged on another.

#![cfg(test)]

use std::collections::BTreeMap;

use callboard_synth::{BLOCK_ROWS, Entity, Request, Values, batch};

const ROWS: u64 = 12 * BLOCK_ROWS;
const ENTITY: Entity = Entity::Transactions;
/// Rows that every class is assumed to have beyond those seen.
const PRIOR: f64 = 1.0;

/// What is seen of a row at once, without looking at others.
type Features = [String; 4];

fn rows(seed: u64) -> Vec<(Features, bool)> {
    let spec = Request {
        rows: ROWS,
        seed,
        fraud_rate: 0.02,
        ..Request::default()
    }
    .resolve()
    .unwrap();
    let batch = batch(&spec, 0..ROWS);
    let text = |name, row| match batch.column(ENTITY, name) {
        Some(Values::Text(texts)) => String::from_utf8(texts.get(row).unwrap().to_vec()).unwrap(),
        other => panic!("{name} is {other:?}"),
    };
    let (Some(Values::Money(amounts)), Some(Values::Timestamp(moments)), Some(Values::Flag(flags))) = (
        batch.column(ENTITY, "amount"),
        batch.column(ENTITY, "timestamp"),
        batch.column(ENTITY, "is_fraud"),
    ) else {
        panic!("a transaction has an amount, a moment and a flag");
    };
    let features = |row: usize| {
        let category = text("category", row);
        let size = (amounts[row].unwrap() as f64).ln().round();
        let hour = (moments[row].unwrap() / 3_600_000 + 5) % 24;
        [
            format!("{category} {size}"),
            format!("{category} {}", text("channel", row)),
            text("status", row),
            format!("{}", hour / 3),
        ]
    };
    (0..batch.rows)
        .map(|row| (features(row), flags[row].unwrap()))
        .collect()
}

/// The probability that a fraudulent row scores above an honest one; ties count half.
fn area_under_curve(mut scored: Vec<(f64, bool)>) -> f64 {
    scored.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut honest, mut fraud, mut won) = (0.0, 0.0, 0.0);
    for tied in scored.chunk_by(|one, other| one.0 == other.0) {
        let frauds = tied.iter().filter(|row| row.1).count() as f64;
        let others = tied.len() as f64 - frauds;
        won += frauds * (honest + others / 2.0);
        honest += others;
        fraud += frauds;
    }
    won / (honest * fraud)
}

#[test]
fn a_simple_classifier_of_one_seed_finds_much_of_the_fraud_of_another() {
    let mut seen: BTreeMap<(usize, String), [f64; 2]> = BTreeMap::new();
    for (features, is_fraud) in rows(1) {
        for feature in features.into_iter().enumerate() {
            seen.entry(feature).or_insert([PRIOR; 2])[usize::from(is_fraud)] += 1.0;
        }
    }
    let score = |features: Features| -> f64 {
        let known = features
            .into_iter()
            .enumerate()
            .filter_map(|feature| seen.get(&feature));
        known.map(|[honest, fraud]| (fraud / honest).ln()).sum()
    };
    let scored = rows(2)
        .into_iter()
        .map(|(features, is_fraud)| (score(features), is_fraud));
    let area = area_under_curve(scored.collect());
    eprintln!("area under the curve: {area:.3}");
    assert!((0.65..0.97).contains(&area), "{area}");
}

#[test]
fn payments_in_two_places_at_once_stand_beside_honest_ones_elsewhere() {
    let spec = Request {
        rows: ROWS,
        fraud_rate: 0.02,
        ..Request::default()
    }
    .resolve()
    .unwrap();
    let batch = batch(&spec, 0..ROWS);
    let column = |name: &str| batch.column(ENTITY, name).unwrap();
    let (
        Values::Text(customers),
        Values::Text(cities),
        Values::Text(labels),
        Values::Timestamp(moments),
    ) = (
        column("customer_id"),
        column("city"),
        column("fraud_type"),
        column("timestamp"),
    )
    else {
        panic!("customers, cities and labels are texts, moments are moments");
    };
    let moment = |row: usize| moments[row].unwrap();
    let impossible: Vec<usize> = (0..batch.rows)
        .filter(|row| labels.get(*row) == Some(b"geo_impossible"))
        .collect();
    assert!(impossible.len() > 20);
    let is_witnessed = |row: &usize| {
        (0..batch.rows).any(|other| {
            customers.get(other) == customers.get(*row)
                && labels.get(other).is_none()
                && cities.get(other) != cities.get(*row)
                && (moment(other) - moment(*row)).abs() < 3_600_000
        })
    };
    let witnessed = impossible.iter().filter(|row| is_witnessed(row)).count();
    assert!(
        witnessed * 2 > impossible.len(),
        "{witnessed} of {}",
        impossible.len()
    );
}
