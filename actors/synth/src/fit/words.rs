//! Columns of words: those that many share are kept, the others are folded, and what is mostly others is free text.

use super::{
    names::{names_key, names_person},
    pool::{Owners, is_shared},
};
use crate::profile::{Shape, Share, VALUE_CHARS_MAX};

/// Records that a word must have where nothing tells whose they are, and that words of its column must have on average.
const WORD_RECORDS_MIN: usize = 10;
/// Words of one column.
const WORDS_MAX: usize = 200;
/// Share of cells that kept words must cover; a column with less is free text.
const WORDS_SHARE_MIN: f64 = 0.5;
/// Stands for words that are not kept.
pub const OTHER: &str = "(other)";

/// What makes a word frequent enough to be kept.
#[derive(Clone, Copy)]
pub enum Keep<'a> {
    /// Enough entities have it; whose each row is.
    ByEntities(&'a [u32]),
    /// It has [`WORD_RECORDS_MIN`] records in a column of few words, and the column's name is none of a person's.
    ByRecords,
}

/// What a column of words is, and its cells on a scale that can be ranked. `scores` are those of columns of numbers.
pub fn words_shape(
    name: &str,
    values: &[Option<u32>],
    words: &[String],
    keep: Keep<'_>,
    leading: &[Vec<Option<f64>>],
) -> (Shape, Option<Vec<Option<i64>>>) {
    let present = values.iter().flatten().count();
    if words.len() == values.len() && names_key(name) {
        return (Shape::Key, None);
    }
    let counts = counts(
        words.len(),
        values.iter().flatten().map(|word| *word as usize),
    );
    let is_frequent = frequent(name, values, &counts, keep);
    let mut kept: Vec<usize> = (0..words.len())
        .filter(|word| is_frequent[*word] && words[*word].chars().count() <= VALUE_CHARS_MAX)
        .collect();
    kept.sort_by_key(|word| (std::cmp::Reverse(counts[*word]), *word));
    kept.truncate(WORDS_MAX);
    let covered: usize = kept.iter().map(|word| counts[*word]).sum();
    if kept.is_empty() || (covered as f64) < WORDS_SHARE_MIN * present as f64 {
        let cells = words.iter().zip(&counts);
        let chars: usize = cells
            .map(|(word, count)| word.chars().count() * count)
            .sum();
        let chars_mean = (chars as f64 / present.max(1) as f64).min(1_000.0);
        return (Shape::Text { chars_mean }, None);
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
    // Others that are few are as good as missing.
    let others = || rows_of(&places, kept.len());
    let has_other = match keep {
        Keep::ByEntities(whose) => is_shared(others().map(|row| whose[row])),
        Keep::ByRecords => is_shared(others().map(|row| row as u32)),
    };
    let groups = kept.len() + usize::from(has_other);
    let places: Vec<Option<usize>> = places
        .iter()
        .map(|place| place.filter(|place| *place < groups))
        .collect();
    let order = order(&places, groups, leading);
    let group_counts = self::counts(groups, places.iter().flatten().copied());
    let told: usize = group_counts.iter().sum();
    let mut position = vec![0; groups];
    let mut shares = Vec::new();
    for (index, group) in order.iter().enumerate() {
        position[*group] = index as i64;
        let word = kept.get(*group).map_or(OTHER, |word| &words[*word]);
        shares.push(Share {
            value: word.to_owned(),
            share: group_counts[*group] as f64 / told as f64,
        });
    }
    let scale = places
        .iter()
        .map(|place| place.map(|place| position[place]))
        .collect();
    (Shape::Category { values: shares }, Some(scale))
}

fn counts(groups: usize, places: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut counts = vec![0; groups];
    for place in places {
        counts[place] += 1;
    }
    counts
}

fn rows_of(places: &[Option<usize>], wanted: usize) -> impl Iterator<Item = usize> {
    let rows = places.iter().enumerate();
    rows.filter_map(move |(row, place)| (*place == Some(wanted)).then_some(row))
}

/// Which words may be kept.
fn frequent(name: &str, values: &[Option<u32>], counts: &[usize], keep: Keep<'_>) -> Vec<bool> {
    match keep {
        Keep::ByEntities(whose) => {
            let mut owners = vec![Owners::default(); counts.len()];
            for (value, owner) in values.iter().zip(whose) {
                if let Some(word) = value {
                    owners[*word as usize].meet(*owner);
                }
            }
            let owners = owners.into_iter();
            owners.map(|owners| owners.is_enough()).collect()
        }
        Keep::ByRecords => {
            let present: usize = counts.iter().sum();
            let is_told = counts.len() * WORD_RECORDS_MIN <= present && !names_person(name);
            let is_kept = |count: &usize| is_told && *count >= WORD_RECORDS_MIN;
            counts.iter().map(is_kept).collect()
        }
    }
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
