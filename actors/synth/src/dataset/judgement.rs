//! Whether a data set is what was ordered: every row in exactly one file, rates and shares where they were asked to be, and
//! rows that hold together, on a sample made once more.

use super::{
    integrity,
    manifest::{Manifest, SetReport},
    order::Order,
};
use crate::{
    request::Entity,
    spec::{BLOCK_ROWS, CUSTOMERS_PER_BLOCK, Spec},
    tally::Part,
};

/// Standard deviations that a count may lie from what is expected; chance exceeds them once in 60,000 times.
const DEVIATIONS_MAX: f64 = 4.3;
/// Effect size (Cohen's w) of shares against those of the locale that is allowed in any case.
const EFFECT_MAX: f64 = 0.02;
/// Above this, typologies change the mix of categories by themselves.
const MIX_FRAUD_RATE_MAX: f64 = 0.05;
/// Independent rows that are expected of a part at least.
const EXPECTED_MIN: f64 = 5.0;
/// Rows that count as one where shares are compared: those of one customer are alike.
const CLUSTER_ROWS: f64 = (BLOCK_ROWS / CUSTOMERS_PER_BLOCK) as f64;

/// What was checked, or everything that is wrong.
pub fn judge(order: &Order, manifest: &Manifest) -> Result<Vec<String>, Vec<String>> {
    let (mut passed, mut faults) = (Vec::new(), Vec::new());
    if manifest.sets.len() != order.sets.len() {
        let (ordered, made) = (order.sets.len(), manifest.sets.len());
        faults.push(format!("{ordered} sets were ordered and {made} made"));
    }
    for (request, set) in order.sets.iter().zip(&manifest.sets) {
        let name = set.entity.as_str();
        if *request != set.request {
            faults.push(format!("{name}: another set than the one ordered"));
            continue;
        }
        let spec = match request.clone().resolve() {
            Ok(spec) => spec,
            Err(refusal) => {
                faults.push(format!("{name}: {refusal}"));
                continue;
            }
        };
        let mut checks = vec![covered(set), sampled(&spec, set)];
        checks.push(rate(
            "dirty rows",
            set.tally.dirty_rows,
            set,
            request.dirty_rate,
        ));
        if set.entity == Entity::Transactions {
            checks.push(rate(
                "fraud rows",
                set.tally.fraud_rows,
                set,
                request.fraud_rate,
            ));
            checks.extend(mixed(&spec, set));
        }
        for check in checks {
            match check {
                Ok(held) => passed.push(format!("{name}: {held}")),
                Err(fault) => faults.push(format!("{name}: {fault}")),
            }
        }
    }
    if faults.is_empty() {
        Ok(passed)
    } else {
        Err(faults)
    }
}

/// Every row lies in exactly one file.
fn covered(set: &SetReport) -> Result<String, String> {
    let mut next = 0;
    for shard in &set.shards {
        if shard.rows.start != next {
            return Err(format!("rows {next}..{} are in no file", shard.rows.start));
        }
        if shard.rows.is_empty() || shard.bytes == 0 {
            return Err(format!("{} is empty", shard.name));
        }
        next = shard.rows.end;
    }
    if next != set.request.rows || set.tally.rows != next {
        let (ordered, counted) = (set.request.rows, set.tally.rows);
        return Err(format!(
            "{ordered} rows were ordered, files have {next} and {counted} were counted"
        ));
    }
    Ok(format!("{next} rows in {} files", set.shards.len()))
}

fn sampled(spec: &Spec, set: &SetReport) -> Result<String, String> {
    let starts = set.shards.iter().map(|shard| shard.rows.start);
    let rows = integrity::sample(spec, starts)?;
    Ok(format!("{rows} rows of a sample hold together"))
}

/// A count lies within the interval that its rate allows.
fn rate(what: &str, count: u64, set: &SetReport, rate: f64) -> Result<String, String> {
    let rows = set.tally.rows as f64;
    let (expected, spread) = (rows * rate, (rows * rate * (1.0 - rate)).sqrt());
    // Half a row for the rounding of a count.
    let most = DEVIATIONS_MAX * spread + 0.5;
    if (count as f64 - expected).abs() > most {
        return Err(format!(
            "{count} {what}, expected {expected:.1} give or take {most:.1}"
        ));
    }
    Ok(format!("{count} {what} at a rate of {rate}"))
}

/// Categories and states have the locale's shares.
fn mixed(spec: &Spec, set: &SetReport) -> Vec<Result<String, String>> {
    if set.request.fraud_rate > MIX_FRAUD_RATE_MAX {
        return Vec::new();
    }
    let share = |parts: &std::collections::BTreeMap<String, Part>, name: &str| {
        parts.get(name).map_or(0, |part| part.rows)
    };
    let tally = &set.tally;
    let categories = spec
        .category_targets()
        .map(|(name, target, _)| (share(&tally.by_category, name), target));
    let states = spec
        .state_targets()
        .map(|(name, target)| (share(&tally.by_state, name), target));
    vec![
        close("categories", &categories.collect::<Vec<_>>()),
        close("states", &states.collect::<Vec<_>>()),
    ]
}

/// Effect size of counts against shares, and the largest that chance explains. Parts of which fewer than
/// `EXPECTED_MIN` independent rows are expected are put together, as chi-square asks.
fn effect(counts: &[(u64, f64)]) -> (f64, f64) {
    let rows: f64 = counts.iter().map(|(count, _)| *count as f64).sum();
    let whole: f64 = counts.iter().map(|(_, share)| share).sum();
    let expected = |share: f64| rows * share / whole;
    let is_large = |share: f64| expected(share) >= EXPECTED_MIN * CLUSTER_ROWS;
    let (large, small): (Vec<_>, Vec<_>) = counts.iter().partition(|(_, share)| is_large(*share));
    let rest = small.iter().fold((0, 0.0), |sum, (count, share)| {
        (sum.0 + count, sum.1 + share)
    });
    let parts = large
        .into_iter()
        .chain([rest])
        .filter(|(_, share)| *share > 0.0);
    let parts: Vec<(u64, f64)> = parts.collect();
    let chi_square: f64 = parts
        .iter()
        .map(|(count, share)| (*count as f64 - expected(*share)).powi(2) / expected(*share))
        .sum();
    let freedom = parts.len().saturating_sub(1) as f64;
    let by_chance = freedom + DEVIATIONS_MAX * (2.0 * freedom).sqrt();
    let by_chance = (by_chance * CLUSTER_ROWS / rows).sqrt();
    ((chi_square / rows).sqrt(), EFFECT_MAX + by_chance)
}

fn close(what: &str, counts: &[(u64, f64)]) -> Result<String, String> {
    let (effect, most) = effect(counts);
    if effect > most {
        return Err(format!(
            "the shares of {what} are off: effect size {effect:.4}, at most {most:.4}"
        ));
    }
    Ok(format!(
        "shares of {what} within an effect size of {effect:.4}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dataset::{Press, ShardFile, ShardReport, shards, stems},
        request::Request,
    };

    fn order(entity: Entity, rows: u64) -> Order {
        Order {
            sets: vec![Request {
                entity,
                rows,
                fraud_rate: 0.02,
                dirty_rate: 0.1,
                ..Request::default()
            }],
        }
    }

    fn made(order: &Order) -> Manifest {
        let sets = order.sets.iter().zip(stems(order));
        let shards: Vec<Vec<ShardReport>> = sets
            .map(|(request, stem)| {
                shards(request, &stem)
                    .map(|shard| {
                        let spec = request.clone().resolve().unwrap();
                        let mut press = Press::new(spec, shard.rows.clone()).unwrap();
                        press.advance(u64::MAX / 2, || false).unwrap();
                        let (bytes, tally) = press.finish().unwrap();
                        let file = ShardFile {
                            name: shard.file_name(),
                            rows: shard.rows.clone(),
                            bytes: bytes.len() as u64,
                            sha256: String::new(),
                        };
                        ShardReport { file, tally }
                    })
                    .collect()
            })
            .collect();
        Manifest::of(order, &shards)
    }

    #[test]
    fn what_was_ordered_and_made_passes_at_any_size() {
        for rows in [1, 40, 1_000, 4_096, 140_000] {
            for entity in Entity::ALL {
                let order = order(entity, rows);
                let judged = judge(&order, &made(&order));
                assert!(judged.is_ok(), "{entity:?} {rows}: {judged:?}");
            }
        }
        let mut blemished = order(Entity::Transactions, 140_000);
        blemished.sets[0].missing_rate = 0.2;
        blemished.sets[0].dirty_rate = 0.2;
        let judged = judge(&blemished, &made(&blemished));
        assert!(judged.is_ok(), "{judged:?}");
    }

    #[test]
    fn no_seed_is_refused_by_chance() {
        for seed in 0..150 {
            for (rows, fraud_rate, locale) in
                [(700, 0.05, "in"), (9_000, 0.01, "us"), (9_000, 0.03, "in")]
            {
                let order = Order {
                    sets: vec![Request {
                        rows,
                        seed,
                        fraud_rate,
                        locale: locale.to_owned(),
                        ..Request::default()
                    }],
                };
                let judged = judge(&order, &made(&order));
                assert!(
                    judged.is_ok(),
                    "seed {seed}, {rows} rows, {locale}: {judged:?}"
                );
            }
        }
    }

    #[test]
    fn each_fault_is_named() {
        let order = order(Entity::Transactions, 140_000);
        let good = made(&order);
        type Spoil = fn(&mut SetReport);
        let spoilt: [(&str, Spoil); 6] = [
            ("in no file", |set| {
                set.shards.remove(0);
            }),
            ("were ordered, files have", |set| {
                set.shards.pop();
            }),
            ("is empty", |set| set.shards[1].bytes = 0),
            ("fraud rows", |set| set.tally.fraud_rows += 400),
            ("shares of categories", |set| {
                let part = set
                    .tally
                    .by_category
                    .values_mut()
                    .max_by_key(|part| part.rows);
                part.unwrap().rows *= 2;
            }),
            ("shares of states", |set| {
                let part = set.tally.by_state.values_mut().max_by_key(|part| part.rows);
                part.unwrap().rows *= 3;
            }),
        ];
        for (fault, spoil) in spoilt {
            let mut manifest = good.clone();
            spoil(&mut manifest.sets[0]);
            let faults = judge(&order, &manifest).unwrap_err();
            assert!(
                faults.iter().any(|one| one.contains(fault)),
                "{fault}: {faults:?}"
            );
        }
    }
}
