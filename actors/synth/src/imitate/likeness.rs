//! How far an imitation lies from its profile, measured on one block.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{block::Cells, imitation::Imitation, marginal::Marginal};
use crate::{
    fit::{ranks, spearman},
    profile::{Profile, Shape, Week},
};

/// Probabilities at which distributions are compared.
const PLACES: usize = 200;

/// Distances from the profile; 0 is alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Likeness {
    /// Rows that were measured.
    pub rows: u64,
    /// By column, the largest distance of distribution functions (numbers) or of shares (words).
    pub columns: BTreeMap<String, f64>,
    /// Largest difference of a rank correlation.
    pub correlation: f64,
    /// Difference of the share of entities with one row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_row_share: Option<f64>,
    /// Largest difference of a weekday's share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekday_share: Option<f64>,
}

/// Measures the first block of an imitation, whole, however few rows of it are wanted.
pub fn likeness(imitation: &Imitation) -> Likeness {
    let profile = imitation.profile();
    let cells = imitation.block(0);
    let shapes = profile.columns.iter().zip(&cells);
    let columns = shapes.filter_map(|(column, cells)| {
        let marginal = Marginal::of(&column.shape)?;
        Some((
            column.name.clone(),
            distance(&column.shape, &marginal, cells),
        ))
    });
    let entities = profile.entities.as_ref();
    let times = || {
        let is_time = |shape: &Shape| matches!(shape, Shape::Time { .. });
        let column = profile
            .columns
            .iter()
            .position(|column| is_time(&column.shape))?;
        let moments: Vec<i64> = cells[column].iter().flatten().copied().collect();
        (!moments.is_empty()).then_some(moments)
    };
    Likeness {
        rows: imitation.block_rows(),
        columns: columns.collect(),
        correlation: correlation(profile, &cells),
        one_row_share: entities.map(|entities| {
            let (one, all) = imitation.entities_of_block();
            let stated = entities.row_shares.first().copied().unwrap_or(0.0);
            (one as f64 / all as f64 - stated).abs()
        }),
        weekday_share: profile.time.as_ref().zip(times()).map(|(time, moments)| {
            let found = Week::of(&moments, false).weekdays;
            largest(found.iter().zip(&time.week.weekdays))
        }),
    }
}

fn largest<'a>(pairs: impl Iterator<Item = (&'a f64, &'a f64)>) -> f64 {
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn distance(shape: &Shape, marginal: &Marginal, cells: &Cells) -> f64 {
    let mut present: Vec<i64> = cells.iter().flatten().copied().collect();
    present.sort_unstable();
    if present.is_empty() {
        return 0.0;
    }
    let count = present.len() as f64;
    if let Shape::Category { values } = shape {
        let share = |place: usize| {
            let of = |value: &&i64| **value == place as i64;
            present.iter().filter(of).count() as f64 / count
        };
        let found: Vec<f64> = (0..values.len()).map(share).collect();
        return largest(found.iter().zip(values.iter().map(|value| &value.share)));
    }
    let places = (0..PLACES).map(|place| (place as f64 + 0.5) / PLACES as f64);
    let apart = places.map(|probability| {
        let value = marginal.at(probability);
        let below = present.partition_point(|other| *other < value) as f64 / count;
        let upto = present.partition_point(|other| *other <= value) as f64 / count;
        (below - probability).max(probability - upto).max(0.0)
    });
    apart.fold(0.0, f64::max)
}

fn correlation(profile: &Profile, cells: &[Cells]) -> f64 {
    let pairs = profile.correlations.iter().map(|pair| {
        let both = cells[pair.a].iter().zip(&cells[pair.b]);
        let both = both.filter_map(|(a, b)| Some(((*a)?, (*b)?)));
        let (a, b): (Vec<i64>, Vec<i64>) = both.unzip();
        (spearman(&ranks(&a), &ranks(&b)) - pair.spearman).abs()
    });
    pairs.fold(0.0, f64::max)
}
