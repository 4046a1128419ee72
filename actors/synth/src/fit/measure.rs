//! The measurement of a sample: what each column and each pair comes to.

use super::{
    kind::Reading,
    rank::{ranks, spearman},
    sample::Sample,
    timing,
    words::words_shape,
};
use crate::{
    normal,
    profile::{ColumnProfile, Correlation, Knots, PROFILE_VERSION, Profile, Shape},
};

/// Columns that correlations are measured between.
const CORRELATED_MAX: usize = 32;
/// Above it, entities would leave nothing to rows.
const BETWEEN_SHARE_MAX: f64 = 0.95;

/// Measures a sample.
pub fn fit(sample: &Sample) -> Profile {
    let table = &sample.table;
    let (owners, owner_count) = sample.owners();
    let mut columns = Vec::new();
    let mut scales = Vec::new();
    let leading = leading_scores(sample);
    for (index, reading) in sample.readings.iter().enumerate() {
        let (shape, scale) = if Some(index) == sample.entity {
            let is_number = sample.entity_is_number;
            (Shape::Entity { is_number }, None)
        } else {
            shape(sample, index, reading, &owners, &leading)
        };
        let is_kept = !matches!(shape, Shape::Text { .. });
        let missing = table.cells(index).filter(Option::is_none).count();
        columns.push(ColumnProfile {
            name: match is_kept {
                true => table.names[index].clone(),
                false => format!("text_{}", index + 1),
            },
            missing_share: missing as f64 / table.rows as f64,
            shape,
        });
        if let Some(scale) = scale
            && scales.len() < CORRELATED_MAX
        {
            scales.push((index, scale));
        }
    }
    dedupe(&mut columns);
    let rows = timing::rows_by_owner(&owners, owner_count);
    let entities = sample
        .entity
        .map(|_| timing::entities(&rows, between_share(&rows, &scales)));
    let time = sample.time.and_then(|time| match &sample.readings[time] {
        Reading::Moment { layout, values } => {
            let moments = rows.iter().map(|rows| {
                let mut moments: Vec<i64> = rows.iter().filter_map(|row| values[*row]).collect();
                moments.sort_unstable();
                moments
            });
            let mut moments: Vec<Vec<i64>> =
                moments.filter(|moments| !moments.is_empty()).collect();
            if moments.is_empty() {
                moments = values
                    .iter()
                    .flatten()
                    .map(|moment| vec![*moment])
                    .collect();
            }
            Some(timing::time(&moments, layout.has_hours()))
        }
        Reading::Number { .. } | Reading::Words { .. } => None,
    });
    Profile {
        version: PROFILE_VERSION,
        sample_rows: table.rows as u64,
        columns,
        correlations: correlations(&scales),
        entities,
        time,
    }
}

/// A column of the sample may be called as a free text is.
fn dedupe(columns: &mut [ColumnProfile]) {
    for index in 0..columns.len() {
        while columns[..index]
            .iter()
            .any(|column| column.name == columns[index].name)
        {
            columns[index].name.push('_');
        }
    }
}

/// What a column is, and its cells on a scale that can be ranked.
fn shape(
    sample: &Sample,
    index: usize,
    reading: &Reading,
    owners: &[Option<u32>],
    leading: &[Vec<Option<f64>>],
) -> (Shape, Option<Vec<Option<i64>>>) {
    let sorted = |values: &[Option<i64>], unit: f64| {
        let mut present: Vec<i64> = values.iter().flatten().copied().collect();
        present.sort_unstable();
        present
            .iter()
            .map(|value| *value as f64 / unit)
            .collect::<Vec<f64>>()
    };
    match reading {
        Reading::Number { decimals, values } => {
            let knots = Knots::of(&sorted(values, 10_f64.powi(*decimals as i32)));
            let shape = Shape::Number {
                decimals: *decimals,
                knots,
            };
            (shape, Some(values.clone()))
        }
        Reading::Moment { layout, .. } if sample.time == Some(index) => {
            let layout = layout.clone();
            (Shape::Time { layout }, None)
        }
        Reading::Moment { layout, values } => {
            let shape = Shape::Moment {
                layout: layout.clone(),
                knots: Knots::of(&sorted(values, 1.0)),
            };
            (shape, Some(values.clone()))
        }
        Reading::Words { values, words } => {
            words_shape(&sample.table.names[index], values, words, owners, leading)
        }
    }
}

/// Normal scores of the columns of numbers.
fn leading_scores(sample: &Sample) -> Vec<Vec<Option<f64>>> {
    let numbers = sample.readings.iter().filter_map(|reading| match reading {
        Reading::Number { values, .. } => Some(scores(values)),
        Reading::Moment { .. } | Reading::Words { .. } => None,
    });
    numbers.take(CORRELATED_MAX).collect()
}

/// The normal quantiles of a column's ranks.
fn scores(values: &[Option<i64>]) -> Vec<Option<f64>> {
    let present: Vec<i64> = values.iter().flatten().copied().collect();
    let mut ranked = ranks(&present).into_iter();
    let count = present.len() as f64;
    let mut score = |_| {
        ranked
            .next()
            .map(|rank| normal::quantile((rank - 0.5) / count))
    };
    values
        .iter()
        .map(|value| value.and_then(&mut score))
        .collect()
}

fn correlations(scales: &[(usize, Vec<Option<i64>>)]) -> Vec<Correlation> {
    let whole: Vec<Option<Vec<f64>>> = scales
        .iter()
        .map(|(_, cells)| {
            let present: Option<Vec<i64>> = cells.iter().copied().collect();
            present.map(|values| ranks(&values))
        })
        .collect();
    let mut correlations = Vec::new();
    for (second, (b, cells_b)) in scales.iter().enumerate() {
        for (first, (a, cells_a)) in scales[..second].iter().enumerate() {
            let spearman = match (&whole[first], &whole[second]) {
                (Some(a), Some(b)) => spearman(a, b),
                _ => {
                    let both = cells_a
                        .iter()
                        .zip(cells_b)
                        .filter_map(|(a, b)| Some(((*a)?, (*b)?)));
                    let (a, b): (Vec<i64>, Vec<i64>) = both.unzip();
                    spearman(&ranks(&a), &ranks(&b))
                }
            };
            correlations.push(Correlation {
                a: *a,
                b: *b,
                spearman,
            });
        }
    }
    correlations
}

/// The share of variance between entities: the mean product of two scores of one entity over the mean square, each
/// row counting alike, averaged over columns.
fn between_share(rows: &[Vec<usize>], scales: &[(usize, Vec<Option<i64>>)]) -> f64 {
    let share = |cells: &Vec<Option<i64>>| {
        let scores = scores(cells);
        let (mut products, mut squares, mut count) = (0.0, 0.0, 0.0);
        for rows in rows {
            let present: Vec<f64> = rows.iter().filter_map(|row| scores[*row]).collect();
            if present.len() < 2 {
                continue;
            }
            let sum: f64 = present.iter().sum();
            let square: f64 = present.iter().map(|score| score * score).sum();
            products += (sum * sum - square) / (present.len() - 1) as f64;
            squares += square;
            count += present.len() as f64;
        }
        if count > 0.0 && squares > 0.0 {
            products / squares
        } else {
            0.0
        }
    };
    let shares: Vec<f64> = scales.iter().map(|(_, cells)| share(cells)).collect();
    let mean = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
    mean.clamp(0.0, BETWEEN_SHARE_MAX)
}
