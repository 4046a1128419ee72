//! A sample, its profile and the imitation of it: what must be alike, and what must not be in it.

#![cfg(test)]

use std::{collections::HashMap, ops::Range, path::Path};

use callboard_synth::{Format, Imitation, Profile, Sample, fit};
use proptest::prelude::*;

const SEED: u64 = 5;

/// The real purchases, or why they are not there.
fn cdnow() -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/synthetic/cdnow_sample_transactions.csv");
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) => {
            eprintln!("skipped: {}: {error}", path.display());
            None
        }
    }
}

fn profile_of(csv: &str) -> Profile {
    fit(&Sample::read(csv, None, None).unwrap())
}

fn rows_of(imitation: &Imitation, format: Format, range: Range<u64>) -> String {
    let mut out = Vec::new();
    imitation.header(format, &mut out);
    imitation.encode(format, range, &mut out, || false).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn an_imitation_of_real_purchases_is_like_them() {
    let Some(real) = cdnow() else { return };
    let profile = profile_of(&real);
    let imitation = Imitation::new(profile, 8_977, SEED).unwrap();
    let made = rows_of(&imitation, Format::Csv, 0..8_977);
    let (real, made) = (Purchases::read(&real), Purchases::read(&made));

    let distance = ks(&real.log_amounts, &made.log_amounts);
    assert!(distance <= 0.03, "{distance}");
    let (once, made_once) = (real.one_time_share(), made.one_time_share());
    assert!((once - made_once).abs() <= 0.03, "{once} {made_once}");
    for (real, made) in real.weekday_shares().iter().zip(made.weekday_shares()) {
        assert!((real - made).abs() <= 0.02, "{real} {made}");
    }
    let (real_rho, made_rho) = (real.correlation(), made.correlation());
    assert!((real_rho - made_rho).abs() <= 0.05, "{real_rho} {made_rho}");
    let (real_gaps, made_gaps) = (real.gaps(), made.gaps());
    let distance = ks(&real_gaps, &made_gaps);
    assert!(distance <= 0.1, "{distance}");
}

struct Purchases {
    log_amounts: Vec<f64>,
    quantities: Vec<f64>,
    days: HashMap<String, Vec<i64>>,
}

impl Purchases {
    fn read(csv: &str) -> Self {
        let mut purchases = Self {
            log_amounts: Vec::new(),
            quantities: Vec::new(),
            days: HashMap::new(),
        };
        for line in csv.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let day: chrono::NaiveDate = cells[1].parse().unwrap();
            let amount: f64 = cells[3].parse().unwrap();
            purchases.log_amounts.push(amount.max(0.01).ln());
            purchases.quantities.push(cells[2].parse().unwrap());
            let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 5).unwrap();
            let days = purchases.days.entry(cells[0].to_owned()).or_default();
            days.push((day - epoch).num_days());
        }
        for days in purchases.days.values_mut() {
            days.sort_unstable();
        }
        purchases
    }

    fn one_time_share(&self) -> f64 {
        let once = self.days.values().filter(|days| days.len() == 1).count();
        once as f64 / self.days.len() as f64
    }

    fn weekday_shares(&self) -> [f64; 7] {
        let mut shares = [0.0; 7];
        for day in self.days.values().flatten() {
            shares[day.rem_euclid(7) as usize] += 1.0 / self.quantities.len() as f64;
        }
        shares
    }

    fn gaps(&self) -> Vec<f64> {
        let gaps = |days: &Vec<i64>| -> Vec<f64> {
            days.windows(2)
                .map(|pair| (pair[1] - pair[0]) as f64)
                .collect()
        };
        self.days.values().flat_map(gaps).collect()
    }

    /// Of quantity and amount.
    fn correlation(&self) -> f64 {
        let (a, b) = (ranks(&self.quantities), ranks(&self.log_amounts));
        let mean = (a.len() as f64 + 1.0) / 2.0;
        let sum = |a: &[f64], b: &[f64]| -> f64 {
            a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum()
        };
        sum(&a, &b) / (sum(&a, &a) * sum(&b, &b)).sqrt()
    }
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = |value: &f64| {
        let below = sorted.partition_point(|other| other < value);
        let upto = sorted.partition_point(|other| other <= value);
        (below + upto + 1) as f64 / 2.0
    };
    values.iter().map(rank).collect()
}

/// The largest distance of two empirical distribution functions.
fn ks(a: &[f64], b: &[f64]) -> f64 {
    let sorted = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted
    };
    let (a, b) = (sorted(a), sorted(b));
    let share = |values: &[f64], at: f64| {
        values.partition_point(|value| *value <= at) as f64 / values.len() as f64
    };
    let places = a.iter().chain(&b);
    places
        .map(|at| (share(&a, *at) - share(&b, *at)).abs())
        .fold(0.0, f64::max)
}

/// A shop whose guests order drinks: `loyal` ones often, at hours of their own, and drinks cost what they cost.
fn cafe() -> String {
    let mut text = "guest,at,drink,price,note,born\n".to_owned();
    for row in 0..3_000_u32 {
        let hash = row.wrapping_mul(2_654_435_761) >> 8;
        let guest = if hash % 3 == 0 { hash % 40 } else { hash % 900 };
        let (drink, price) = match hash % 10 {
            0..5 => ("tea", 2.0),
            5..9 => ("coffee, black", 3.5),
            _ => ("\"house\" wine", 9.0),
        };
        let drink = if row == 17 {
            "tears of G. Kowalczyk"
        } else {
            drink
        };
        let price = price + f64::from(hash / 10 % 50) / 100.0;
        let day = 1 + hash % 28;
        let (hour, minute) = (8 + hash / 7 % 9, hash / 11 % 60);
        let drink = if row % 11 == 0 { "" } else { drink };
        let drink = format!("\"{}\"", drink.replace('"', "\"\""));
        text += &format!(
            "g{guest},2023-{:02}-{day:02}T{hour:02}:{minute:02}:00+02:00,{drink},{price:.2},told me {row},19{:02}-05-04\n",
            1 + hash / 13 % 12,
            40 + hash / 17 % 60,
        );
    }
    text
}

#[test]
fn any_range_of_an_imitation_is_the_slice_of_the_whole() {
    let imitation = Imitation::new(profile_of(&cafe()), 10_000, SEED).unwrap();
    let longer = Imitation::new(profile_of(&cafe()), 20_000, SEED).unwrap();
    let other = Imitation::new(profile_of(&cafe()), 10_000, SEED + 1).unwrap();
    for format in [Format::Csv, Format::Jsonl] {
        let bytes = |made: &Imitation, range| {
            let mut out = Vec::new();
            made.encode(format, range, &mut out, || false).unwrap();
            out
        };
        let whole = bytes(&imitation, 0..10_000);
        for step in [1_000, 4_096, 3_333] {
            let mut joined = Vec::new();
            for start in (0..10_000).step_by(step) {
                joined.extend(bytes(&imitation, start..(start + step as u64).min(10_000)));
            }
            assert!(joined == whole, "{step}");
        }
        assert!(bytes(&longer, 0..10_000) == whole);
        assert!(bytes(&other, 0..10_000) != whole);
        assert_eq!(whole.iter().filter(|byte| **byte == b'\n').count(), 10_000);
    }
}

#[test]
fn a_profile_holds_no_word_of_few() {
    let profile = profile_of(&cafe());
    let json = serde_json::to_string(&profile).unwrap();
    assert!(
        json.contains("coffee, black"),
        "words that many share are kept"
    );
    for secret in ["Kowalczyk", "told me", "note", "g17"] {
        assert!(cafe().contains(secret), "{secret}");
        assert!(!json.contains(secret), "{secret}");
    }
}

/// What one entity has in every row, and nobody else has.
const BORN: &str = "1911-11-11";
const BORN_SECONDS: f64 = -1_834_704_000.0;
const LIMIT: &str = "77777.77";
const MOTTO: &str = "per aspera ad astra";
/// Rows of that entity, all at the same hour.
const PLANTED_ROWS: usize = 250;

/// Sixty members with ten rows each, and one with many more. `whose` heads the column that tells them apart.
fn club(whose: &str) -> String {
    let mut text = format!("{whose},at,born,limit,motto,visits\n");
    for row in 0..600 {
        let member = row % 60;
        let (month, hour) = (1 + row * 7 % 12, 9 + row * 5 % 9);
        text += &format!(
            "m{member},2023-{month:02}-{:02}T{hour:02}:30:00,19{}-0{}-1{},{}.50,{},{}\n",
            1 + row * 11 % 28,
            50 + member % 40,
            1 + member % 9,
            member % 10,
            100 + member * member % 911,
            ["onward", "upward"][row % 2],
            row % 4,
        );
    }
    for row in 0..PLANTED_ROWS {
        let (day, month) = (1 + row % 28, 1 + row % 12);
        text += &format!("m7777,2023-{month:02}-{day:02}T03:33:33,{BORN},{LIMIT},{MOTTO},99\n");
    }
    text
}

/// Every number of a JSON document.
fn numbers(json: &serde_json::Value, into: &mut Vec<f64>) {
    match json {
        serde_json::Value::Number(number) => into.extend(number.as_f64()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| numbers(item, into)),
        serde_json::Value::Object(fields) => fields.values().for_each(|item| numbers(item, into)),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::String(_) => {}
    }
}

#[test]
fn what_one_entity_has_in_many_rows_is_neither_in_the_profile_nor_in_the_imitation() {
    for whose in ["member_id", "email", "payer_vpa", "Phone Number", "name"] {
        let profile = profile_of(&club(whose));
        let json = serde_json::to_value(&profile).unwrap();
        assert_eq!(json["columns"][0]["shape"]["kind"], "entity", "{whose}");
        assert!(json.to_string().contains("upward"));
        assert!(!json.to_string().contains(MOTTO));
        let mut stated = Vec::new();
        numbers(&json, &mut stated);
        assert!(stated.len() > 100);
        let sixth = PLANTED_ROWS as f64 / 850.0;
        for secret in [BORN_SECONDS, 77_777.77, 99.0, PLANTED_ROWS as f64, sixth] {
            let nearest = stated.iter().map(|number| (number - secret).abs());
            let nearest = nearest.fold(f64::INFINITY, f64::min);
            assert!(nearest > 1e-6 * secret.abs(), "{whose}: {secret}");
        }
        assert_eq!(json["time"]["week"]["hours"][3], 0.0);

        let imitation = Imitation::new(profile, 20_000, SEED).unwrap();
        let made = rows_of(&imitation, Format::Csv, 0..20_000);
        for secret in [BORN, LIMIT, MOTTO, ",99\n", "T03:"] {
            assert!(club(whose).contains(secret), "{secret}");
            assert!(!made.contains(secret), "{whose}: {secret}");
        }
    }
}

#[test]
fn without_entities_only_frequent_words_of_short_lists_are_kept() {
    let row = |row: usize| {
        format!(
            "{},{},{},street {},{}\n",
            row,
            ["web", "shop", "phone"][row % 3],
            ["Ann Lee", "Bo Berg", "Cy Cole"][row % 3],
            row % 3,
            ["fine", "good", "it was cold and my name is Ann"]
                [if row.is_multiple_of(40) { 2 } else { row % 2 }],
        )
    };
    let rows: String = (0..360).map(row).collect();
    let csv = format!("visit_id,channel,client name,Home address,remark\n{rows}");
    let json = serde_json::to_string(&profile_of(&csv)).unwrap();
    for kept in ["web", "shop", "fine"] {
        assert!(json.contains(kept), "{kept} in {json}");
    }
    for dropped in ["Ann", "Bo Berg", "street", "cold"] {
        assert!(!json.contains(dropped), "{dropped} in {json}");
    }
}

#[test]
fn a_column_that_few_have_is_withheld() {
    let row = |row: usize| {
        let rare = if row.is_multiple_of(50) { "31.5" } else { "" };
        let one = if row % 40 == 7 { "9.25" } else { "" };
        format!("u{},{},{rare},{one}\n", row % 40, row % 13)
    };
    let rows: String = (0..200).map(row).collect();
    let profile = profile_of(&format!("user,count,rare,one\n{rows}"));
    let json = serde_json::to_value(&profile).unwrap();
    for (column, name) in [(2, "rare"), (3, "one")] {
        let stated = &json["columns"][column];
        assert_eq!(stated["name"], name);
        assert_eq!(stated["shape"], serde_json::json!({"kind": "withheld"}));
        assert_eq!(stated["missing_share"], 1.0);
    }
    let imitation = Imitation::new(profile, 500, SEED).unwrap();
    let made = rows_of(&imitation, Format::Csv, 0..500);
    assert!(made.lines().skip(1).all(|row| row.ends_with(",,")));
    let objects = rows_of(&imitation, Format::Jsonl, 0..500);
    assert!(
        objects
            .lines()
            .all(|row| row.ends_with(r#""rare":null,"one":null}"#))
    );
}

/// A cell of any kind that a table may hold.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (0..12_i32).prop_map(|number| number.to_string()),
        2 => (-9_000_000_000_i64..9_000_000_000, 0..8_usize)
            .prop_map(|(number, decimals)| format!("{:.decimals$}", number as f64 / 997.0)),
        2 => (1900..2199_i32, 1..13_u32, 1..29_u32).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}")),
        2 => (1990..2030_i32, 0..24_u32, -14..14_i32)
            .prop_map(|(y, hour, offset)| format!("{y}-06-01T{hour:02}:00:00{offset:+03}:00")),
        2 => "[a-c]",
        1 => Just(String::new()),
        1 => "[ -~é＝]{0,12}",
    ]
}

fn table() -> impl Strategy<Value = String> {
    let names = ["customer_id", "date", "amount", "x", "email", "zip", "born"];
    // Most columns are of one kind.
    let column = prop_oneof![
        proptest::collection::vec((0..9_i32).prop_map(|number| number.to_string()), 60),
        proptest::collection::vec(
            (1900..2199_i32).prop_map(|year| format!("{year}-01-31")),
            60
        ),
        proptest::collection::vec("[a-c]{1,2}", 60),
        proptest::collection::vec(
            prop_oneof![Just(String::new()), "[0-9]{1,9}[.][0-9]{0,7}"],
            60
        ),
        proptest::collection::vec(cell(), 60),
    ];
    (
        proptest::collection::vec(column, 1..=names.len()),
        18..60_usize,
    )
        .prop_map(move |(columns, rows)| {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(&names[..columns.len()]).unwrap();
            for row in 0..rows {
                writer
                    .write_record(columns.iter().map(|cells| &cells[row]))
                    .unwrap();
            }
            String::from_utf8(writer.into_inner().unwrap()).unwrap()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_is_read_gives_a_profile_that_can_be_imitated(csv in table()) {
        if let Ok(sample) = Sample::read(&csv, None, None) {
            let profile = fit(&sample);
            let imitation = Imitation::new(profile, 50, SEED);
            prop_assert!(imitation.is_ok(), "{:?}", imitation.err());
            let made = rows_of(&imitation.unwrap(), Format::Csv, 0..50);
            let rows = csv::Reader::from_reader(made.as_bytes()).into_records().count();
            prop_assert_eq!(rows, 50);
        }
    }
}

#[test]
fn an_entity_with_more_rows_than_a_profile_states_is_cut_to_them() {
    let few: String = (0..10).map(|user| format!("{user}\n")).collect();
    let csv = format!("user\n{few}{}", "7\n8\n9\n10\n11\n".repeat(100_200));
    let profile = profile_of(&csv);
    assert!(Imitation::new(profile, 50, SEED).is_ok());
}

#[test]
fn the_profile_of_an_imitation_is_that_of_the_sample() {
    let profile = profile_of(&cafe());
    let imitation = Imitation::new(profile.clone(), 12_000, SEED).unwrap();
    let again = profile_of(&rows_of(&imitation, Format::Csv, 0..12_000));
    let json = |profile: &Profile| serde_json::to_value(profile).unwrap();
    let (one, two) = (json(&profile), json(&again));
    let near = |pointer: &str, tolerance: f64| {
        let figure =
            |json: &serde_json::Value| json.pointer(pointer).and_then(|value| value.as_f64());
        let (one, two) = (figure(&one).unwrap(), figure(&two).unwrap());
        assert!((one - two).abs() <= tolerance, "{pointer}: {one} {two}");
    };
    near("/columns/2/missing_share", 0.02);
    for word in 0..3 {
        near(&format!("/columns/2/shape/values/{word}/share"), 0.02);
    }
    for pair in 0..3 {
        near(&format!("/correlations/{pair}/spearman"), 0.05);
    }
    near("/entities/row_shares/0", 0.03);
    for hour in 7..18 {
        near(&format!("/time/week/hours/{hour}"), 0.02);
    }
    assert_eq!(
        one.pointer("/time/week/hours/3"),
        two.pointer("/time/week/hours/3")
    );
    assert_eq!(
        one.pointer("/columns/1/shape"),
        two.pointer("/columns/1/shape")
    );
}
