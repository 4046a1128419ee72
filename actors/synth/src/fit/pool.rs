//! Records pooled before anything is said of them: a figure rests on [`OWNERS_MIN`] entities, or on as many records where
//! nothing tells whose they are. Neighbours in rank are pooled, and each pool is counted in one knot only, so that the
//! difference of two knots says nothing of one entity either.

use std::{collections::BTreeMap, ops::Range};

use crate::profile::Knots;

/// Entities behind each figure of a profile; records, where no column names entities.
pub const OWNERS_MIN: usize = 5;
/// Stands for whoever owns the records that name nobody.
pub const NOBODY: u32 = u32::MAX;
/// Pools of a distribution, tails and the rests beside common values apart.
const POOLS_MAX: f64 = 256.0;

/// A value, whose it is, and how much it counts.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    pub value: f64,
    pub owner: u32,
    pub weight: f64,
}

/// Whether enough different owners are among these.
pub fn is_shared(owners: impl IntoIterator<Item = u32>) -> bool {
    let mut known = Owners::default();
    owners.into_iter().any(|owner| known.meet(owner))
}

/// The first few different owners met.
#[derive(Debug, Clone, Default)]
pub struct Owners(Vec<u32>);

impl Owners {
    /// Whether enough are known with this one.
    pub fn meet(&mut self, owner: u32) -> bool {
        if !self.is_enough() && !self.0.contains(&owner) {
            self.0.push(owner);
        }
        self.is_enough()
    }

    pub fn is_enough(&self) -> bool {
        self.0.len() >= OWNERS_MIN
    }
}

/// Records that one figure is made of.
struct Pool {
    records: Range<usize>,
    /// The value that enough owners have in common; rarer ones beside it are taken for it.
    common: Option<f64>,
}

/// The quantile function of records in any order; none where too few own them.
///
/// A value that enough owners have, and that counts enough, stands as it is. What lies between such values is cut into
/// pools that are small in the tails; the figure of a pool is the mean of its owners' means.
pub fn knots(mut records: Vec<Record>) -> Option<Knots> {
    if !is_shared(records.iter().map(|record| record.owner)) {
        return None;
    }
    records.sort_by(|a, b| a.value.total_cmp(&b.value).then(a.owner.cmp(&b.owner)));
    let mut passed = Vec::with_capacity(records.len() + 1);
    passed.push(0.0);
    for record in &records {
        passed.push(passed[passed.len() - 1] + record.weight);
    }
    let total = passed[records.len()];
    let mut knots = vec![];
    for pool in pools(&records, &passed) {
        let Range { start, end } = pool.records;
        let level = |low: f64, high: f64| (low + high) / 2.0 / total;
        let is_even = records[start].value == records[end - 1].value;
        let value = match pool.common {
            Some(value) => value,
            // A mean of equal numbers might not be their value.
            None if is_even => records[start].value,
            None => mean(&records[start..end]),
        };
        if is_even || pool.common.is_some() {
            knots.push((level(passed[start], passed[start + 1]), value));
            knots.push((level(passed[end - 1], passed[end]), value));
        } else {
            knots.push((level(passed[start], passed[end]), value));
        }
    }
    Some(Knots::through(&knots))
}

/// Cuts sorted records into pools, in order; `passed` is the weight before each. Every record is in one pool, and every pool
/// has enough owners.
fn pools(records: &[Record], passed: &[f64]) -> Vec<Pool> {
    let least = passed[records.len()] / POOLS_MAX;
    let mut pools = Vec::new();
    let (mut from, mut start) = (0, 0);
    for run in records.chunk_by(|a, b| a.value == b.value) {
        let end = start + run.len();
        let is_common = passed[end] - passed[start] >= least
            && is_shared(run.iter().map(|record| record.owner));
        if is_common {
            cut(records, passed, from..start, &mut pools);
            let first = pools.last().map_or(0, |pool| pool.records.end);
            pools.push(Pool {
                records: first..end,
                common: Some(run[0].value),
            });
            from = end;
        }
        start = end;
    }
    cut(records, passed, from..records.len(), &mut pools);
    pools
}

/// Cuts a stretch between common values. A rest with too few owners goes to the pool before it, or is left to the next one.
fn cut(records: &[Record], passed: &[f64], stretch: Range<usize>, pools: &mut Vec<Pool>) {
    let total = passed[records.len()];
    let mut start = stretch.start;
    let mut owners = Owners::default();
    for index in stretch.clone() {
        let is_enough = owners.meet(records[index].owner);
        let (before, within) = (passed[start], passed[index + 1] - passed[start]);
        let grain = (before.min(total - before) / 2.0).min(total / POOLS_MAX);
        if is_enough && within >= grain {
            pools.push(Pool {
                records: start..index + 1,
                common: None,
            });
            start = index + 1;
            owners = Owners::default();
        }
    }
    let rest = start..stretch.end;
    if is_shared(records[rest.clone()].iter().map(|record| record.owner)) {
        pools.push(Pool {
            records: rest,
            common: None,
        });
    } else if let Some(last) = pools.last_mut() {
        last.records.end = stretch.end;
    }
}

/// The mean of owners' means.
fn mean(records: &[Record]) -> f64 {
    let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for record in records {
        let (sum, count) = sums.entry(record.owner).or_default();
        *sum += record.value;
        *count += 1.0;
    }
    let means = sums.values().map(|(sum, count)| sum / count);
    means.sum::<f64>() / sums.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each by an owner of its own.
    fn own(values: impl IntoIterator<Item = f64>) -> Vec<Record> {
        let records = values.into_iter().zip(0..);
        records
            .map(|(value, owner)| Record {
                value,
                owner,
                weight: 1.0,
            })
            .collect()
    }

    fn of_one(owner: u32, value: f64, count: usize) -> Vec<Record> {
        let record = Record {
            value,
            owner,
            weight: 1.0,
        };
        vec![record; count]
    }

    #[test]
    fn quantiles_lie_on_the_line_that_the_sample_is() {
        let knots = knots(own((0..10_000).map(f64::from))).unwrap();
        for probability in [0.0, 0.001, 0.1, 0.5, 0.777, 0.999, 1.0] {
            let expected = probability * 9_999.0;
            let found = knots.at(probability);
            assert!((found - expected).abs() < 6.0, "{probability}: {found}");
        }
        assert_eq!(knots.fault(), None);
    }

    #[test]
    fn no_knot_is_the_extreme_record() {
        let knots = knots(own((0..50).map(f64::from).chain([1e9]))).unwrap();
        assert!(knots.last() < 0.3e9 && knots.at(0.0) > 0.0);
    }

    #[test]
    fn a_value_that_one_entity_has_in_many_records_is_no_knot() {
        for (planted, count) in [(-500.0, 7), (777.0, 300), (250.5, 40), (1e6, 5)] {
            let mut records = own((0..600).map(f64::from));
            records.extend(of_one(1_000, planted, count));
            let knots = knots(records).unwrap();
            let stated = knots.values();
            assert!(!stated.contains(&planted), "{planted}: {stated:?}");
            assert_eq!(knots.fault(), None);
        }
    }

    #[test]
    fn a_value_that_enough_entities_have_stands_as_it_is_whoever_else_has_it_often() {
        let mut records = own(std::iter::repeat_n(14.96, 100));
        records.extend(of_one(7, 14.96, 300));
        records.extend(own((0..600).map(|record| 15.0 + f64::from(record) / 7.0)));
        let knots = knots(records).unwrap();
        for probability in [0.0, 0.2, 0.39] {
            assert_eq!(knots.at(probability), 14.96);
        }
        assert!(knots.at(0.41) > 15.0);
    }

    #[test]
    fn too_few_owners_are_said_nothing_of() {
        assert!(knots(own([1.0, 2.0, 3.0, 4.0])).is_none());
        assert!(knots(of_one(3, 2.5, 1_000)).is_none());
        assert!(knots(Vec::new()).is_none());
        assert!(knots(own([1.0, 2.0, 3.0, 4.0, 6.0])).is_some());
    }

    #[test]
    fn every_pool_has_enough_owners_and_every_record_is_in_one() {
        // Few owners and many equal values, by a generator that repeats itself.
        for seed in 0..200_u32 {
            let mut state = seed;
            let mut next = |below: u32| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) % below
            };
            let (values, owners) = (1 + next(40), 5 + next(30));
            let mut records: Vec<Record> = (0..20 + next(300))
                .map(|_| Record {
                    value: f64::from(next(values)),
                    owner: next(owners) * next(2),
                    weight: 1.0,
                })
                .collect();
            records.sort_by(|a, b| a.value.total_cmp(&b.value));
            if !is_shared(records.iter().map(|record| record.owner)) {
                continue;
            }
            let passed: Vec<f64> = (0..=records.len()).map(|count| count as f64).collect();
            let mut end = 0;
            for pool in pools(&records, &passed) {
                assert_eq!(pool.records.start, end, "seed {seed}");
                end = pool.records.end;
                let pooled = &records[pool.records];
                let counted = pooled
                    .iter()
                    .filter(|record| pool.common.is_none_or(|common| record.value == common));
                assert!(is_shared(counted.map(|record| record.owner)), "seed {seed}");
            }
            assert_eq!(end, records.len(), "seed {seed}");
            assert_eq!(knots(records).unwrap().fault(), None, "seed {seed}");
        }
    }
}
