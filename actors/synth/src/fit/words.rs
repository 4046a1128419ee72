//! Columns of words: those that many share are kept, the others are folded, and what is mostly others is free text.

use std::collections::HashSet;

use super::sample::names_key;
use crate::profile::{Shape, Share, VALUE_CHARS_MAX};

/// Entities (rows, where there are none) that a word must have before it is kept.
const WORD_OWNERS_MIN: usize = 5;
/// Words of one column.
const WORDS_MAX: usize = 200;
/// Share of cells that kept words must cover; a column with less is free text.
const WORDS_SHARE_MIN: f64 = 0.5;
/// Stands for words that are not kept.
pub const OTHER: &str = "(other)";

/// What a column of words is, and its cells on a scale that can be ranked. `scores` are those of columns of numbers.
pub fn words_shape(
    name: &str,
    values: &[Option<u32>],
    words: &[String],
    owners: &[Option<u32>],
    leading: &[Vec<Option<f64>>],
) -> (Shape, Option<Vec<Option<i64>>>) {
    let present = values.iter().flatten().count();
    if words.len() == values.len() && names_key(name) {
        return (Shape::Key, None);
    }
    let mut counts = vec![0_usize; words.len()];
    let mut owned: HashSet<(u32, u32)> = HashSet::new();
    let mut owner_counts = vec![0_usize; words.len()];
    for (value, owner) in values.iter().zip(owners) {
        let (Some(value), Some(owner)) = (value, owner) else {
            continue;
        };
        counts[*value as usize] += 1;
        if owned.insert((*value, *owner)) {
            owner_counts[*value as usize] += 1;
        }
    }
    let mut kept: Vec<usize> = (0..words.len())
        .filter(|word| owner_counts[*word] >= WORD_OWNERS_MIN)
        .filter(|word| words[*word].chars().count() <= VALUE_CHARS_MAX)
        .collect();
    kept.sort_by_key(|word| (std::cmp::Reverse(counts[*word]), *word));
    kept.truncate(WORDS_MAX);
    let covered: usize = kept.iter().map(|word| counts[*word]).sum();
    if kept.is_empty() || (covered as f64) < WORDS_SHARE_MIN * present as f64 {
        let chars: usize = values
            .iter()
            .flatten()
            .map(|word| words[*word as usize].chars().count())
            .sum();
        let chars_mean = chars as f64 / present.max(1) as f64;
        return (
            Shape::Text {
                chars_mean: chars_mean.min(1_000.0),
            },
            None,
        );
    }
    // Places among the kept words; the last stands for all others.
    let mut place = vec![kept.len(); words.len()];
    for (index, word) in kept.iter().enumerate() {
        place[*word] = index;
    }
    let places: Vec<Option<usize>> = values
        .iter()
        .map(|value| value.map(|word| place[word as usize]))
        .collect();
    let has_other = places.iter().flatten().any(|place| *place == kept.len());
    let groups = kept.len() + usize::from(has_other);
    let order = order(&places, groups, leading);
    let mut position = vec![0; groups];
    let mut shares = Vec::new();
    for (index, group) in order.iter().enumerate() {
        position[*group] = index as i64;
        let count = places
            .iter()
            .flatten()
            .filter(|place| **place == *group)
            .count();
        shares.push(Share {
            value: kept
                .get(*group)
                .map_or(OTHER, |word| &words[*word])
                .to_owned(),
            share: count as f64 / present as f64,
        });
    }
    let scale = places
        .iter()
        .map(|place| place.map(|place| position[place]))
        .collect();
    (Shape::Category { values: shares }, Some(scale))
}

/// Groups by the mean score of the column of numbers that tells them apart best.
fn order(places: &[Option<usize>], groups: usize, leading: &[Vec<Option<f64>>]) -> Vec<usize> {
    let mut best = (0.0, vec![0.0; groups]);
    for scores in leading {
        let (mut sums, mut counts) = (vec![0.0; groups], vec![0.0; groups]);
        for (place, score) in places.iter().zip(scores) {
            if let (Some(place), Some(score)) = (place, score) {
                sums[*place] += score;
                counts[*place] += 1.0;
            }
        }
        let between = sums.iter().zip(&counts).filter(|(_, count)| **count > 0.0);
        let between: f64 = between.map(|(sum, count)| sum * sum / count).sum();
        if between > best.0 {
            let means = sums
                .iter()
                .zip(&counts)
                .map(|(sum, count): (&f64, &f64)| sum / count.max(1.0));
            best = (between, means.collect());
        }
    }
    let mut order: Vec<usize> = (0..groups).collect();
    order.sort_by(|a, b| best.1[*a].total_cmp(&best.1[*b]));
    order
}
