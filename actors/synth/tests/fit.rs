//! A sample, its profile and the imitation of it: what must be alike, and what must not be in it.

use std::{collections::HashMap, ops::Range, path::Path};

use callboard_synth::{Format, Imitation, Profile, Sample, fit};

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
    println!("log-amount ks {distance:.4}");
    assert!(distance <= 0.03, "{distance}");
    let (once, made_once) = (real.one_time_share(), made.one_time_share());
    println!("one-time buyers {once:.4} {made_once:.4}");
    assert!((once - made_once).abs() <= 0.03, "{once} {made_once}");
    for (real, made) in real.weekday_shares().iter().zip(made.weekday_shares()) {
        println!("weekday {real:.4} {made:.4}");
        assert!((real - made).abs() <= 0.02, "{real} {made}");
    }
    let (real_rho, made_rho) = (real.correlation(), made.correlation());
    println!("spearman {real_rho:.4} {made_rho:.4}");
    assert!((real_rho - made_rho).abs() <= 0.05, "{real_rho} {made_rho}");
    let (real_gaps, made_gaps) = (real.gaps(), made.gaps());
    let distance = ks(&real_gaps, &made_gaps);
    println!("gap ks {distance:.4}");
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
