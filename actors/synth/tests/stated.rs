//! A stated profile and the bytes that it has always given.

#![cfg(test)]

use callboard_synth::{Format, Imitation, Profile};
use serde_json::json;
use sha2::Digest as _;

fn stated() -> Profile {
    let knots = |low: f64, high: f64| json!({"levels": [0.0, 0.4, 1.0], "values": [low, low + (high - low) / 3.0, high]});
    let profile = json!({
        "version": 1,
        "sample_rows": 1_000,
        "columns": [
            {"name": "guest", "missing_share": 0.0, "shape": {"kind": "entity", "is_number": false}},
            {"name": "at", "missing_share": 0.0, "shape": {"kind": "time",
                "layout": {"separator": "dash", "time": "t", "offset_minutes": 120}}},
            {"name": "price", "missing_share": 0.1, "shape": {"kind": "number", "decimals": 2, "knots": knots(-3.0, 90.5)}},
            {"name": "guests", "missing_share": 0.0, "shape": {"kind": "number", "decimals": 0, "knots": knots(1.0, 9.0)}},
            {"name": "born", "missing_share": 0.0, "shape": {"kind": "moment",
                "layout": {"separator": "dash"}, "knots": knots(-6e8, 9e8)}},
            {"name": "drink", "missing_share": 0.2, "shape": {"kind": "category", "values": [
                {"value": "tea", "share": 0.5}, {"value": "coffee, black", "share": 0.4}, {"value": "wine", "share": 0.1}]}},
            {"name": "bill_no", "missing_share": 0.0, "shape": {"kind": "key"}},
            {"name": "text_8", "missing_share": 0.5, "shape": {"kind": "text", "chars_mean": 9.0}},
        ],
        "correlations": [
            {"a": 2, "b": 3, "spearman": 0.6},
            {"a": 2, "b": 5, "spearman": 0.4},
            {"a": 3, "b": 4, "spearman": -0.3},
        ],
        "entities": {"row_shares": [0.5, 0.2, 0.1], "more_rows": knots(4.0, 30.0), "between_share": 0.3},
        "time": {
            "week": {"weekdays": [0.1, 0.1, 0.1, 0.2, 0.2, 0.3, 0.0]},
            "end": 20_000.0,
            "classes": [
                {"rows_to": 1, "first": knots(18_000.0, 19_000.0)},
                {"rows_to": 99, "first": knots(18_000.0, 18_500.0), "gaps": knots(0.0, 60.0)},
            ],
        },
    });
    serde_json::from_value(profile).unwrap()
}

#[test]
fn the_bytes_of_a_profile_and_seed_never_change() {
    let imitation = Imitation::new(stated(), 9_000, 5).unwrap();
    let mut digests = [Format::Csv, Format::Jsonl].map(|format| {
        let mut made = Vec::new();
        imitation.header(format, &mut made);
        imitation
            .encode(format, 0..9_000, &mut made, || false)
            .unwrap();
        let digest = sha2::Sha256::digest(&made);
        digest
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    });
    digests.sort();
    assert_eq!(
        digests,
        [
            "47f00c6840b5f98d9a06bd744453edc1a918b5b73d96121856446e09f4980dd1",
            "b77945ebbea534709a27eefc360d4af91f631e8124ec75b7f455a0ca31ec1fa4",
        ]
    );
}
