//! The measurement of a sample: what each column and each pair comes to.

use super::{
    kind::{Reading, decimals_of},
    pool::{self, NOBODY, OWNERS_MIN, Record, is_shared},
    rank::{ranks, spearman},
    sample::Sample,
    timing,
    words::{Keep, words_shape},
};
use crate::{
    normal,
    profile::{ColumnProfile, Correlation, PROFILE_VERSION, Profile, Shape, TimeProfile},
};

/// Columns that correlations are measured between.
const CORRELATED_MAX: usize = 32;
/// Above it, entities would leave nothing to rows.
const BETWEEN_SHARE_MAX: f64 = 0.95;

/// Measures a sample. Each figure rests on several entities, or records where nothing tells whose they are.
pub fn fit(sample: &Sample) -> Profile {
    let table = &sample.table;
    let (owners, owner_count) = sample.owners();
    let rows = timing::rows_by_owner(&owners, owner_count);
    let whose: Vec<u32> = owners.iter().map(|owner| owner.unwrap_or(NOBODY)).collect();
    let leading = leading_scores(sample);
    let time = sample.time.and_then(|time| course(sample, time, &rows));
    let mut columns = Vec::new();
    let mut scales = Vec::new();
    for (index, reading) in sample.readings.iter().enumerate() {
        let is_known = time.is_some() || sample.time != Some(index);
        let found = match is_known && is_shared(whose_cells(sample, index, &whose, true)) {
            _ if Some(index) == sample.entity => {
                let is_number = sample.entity_is_number;
                Some((Shape::Entity { is_number }, None))
            }
            true => shape(sample, index, reading, &whose, &leading),
            false => None,
        };
        let (shape, scale) = found.unwrap_or((Shape::Withheld, None));
        let is_text = matches!(shape, Shape::Text { .. });
        columns.push(ColumnProfile {
            name: match is_text {
                false => table.names[index].clone(),
                true => format!("text_{}", index + 1),
            },
            missing_share: match shape {
                Shape::Withheld => 1.0,
                _ => missing_share(sample, index, &whose),
            },
            shape,
        });
        if let Some(scale) = scale
            && scales.len() < CORRELATED_MAX
        {
            scales.push((index, scale));
        }
    }
    dedupe(&mut columns);
    Profile {
        version: PROFILE_VERSION,
        sample_rows: table.rows as u64,
        columns,
        correlations: correlations(&scales, &whose),
        entities: sample
            .entity
            .map(|_| timing::entities(&rows, between_share(&rows, &scales))),
        time,
    }
}

/// Whose the cells of a column are that are there, or that are missing.
fn whose_cells(
    sample: &Sample,
    column: usize,
    whose: &[u32],
    is_there: bool,
) -> impl Iterator<Item = u32> {
    let cells = sample.table.cells(column).zip(whose);
    cells.filter_map(move |(cell, owner)| (cell.is_some() == is_there).then_some(*owner))
}

/// The share of missing cells; 0 where too few lack one.
fn missing_share(sample: &Sample, column: usize, whose: &[u32]) -> f64 {
    let missing = || whose_cells(sample, column, whose, false);
    // Of rows without an entity it is not known how many entities they are.
    let is_told = sample.entity == Some(column) && missing().count() >= OWNERS_MIN;
    if is_told || is_shared(missing()) {
        missing().count() as f64 / sample.table.rows as f64
    } else {
        0.0
    }
}

/// The course of time by the column of the row's moment.
fn course(sample: &Sample, column: usize, rows: &[Vec<usize>]) -> Option<TimeProfile> {
    let Reading::Moment { layout, values } = &sample.readings[column] else {
        return None;
    };
    let moments = rows.iter().map(|rows| {
        let mut moments: Vec<i64> = rows.iter().filter_map(|row| values[*row]).collect();
        moments.sort_unstable();
        moments
    });
    let moments: Vec<Vec<i64>> = moments.filter(|moments| !moments.is_empty()).collect();
    timing::time(&moments, layout.has_hours())
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
type Found = (Shape, Option<Vec<Option<i64>>>);

/// What a column is whose cells enough entities have.
fn shape(
    sample: &Sample,
    index: usize,
    reading: &Reading,
    whose: &[u32],
    leading: &[Vec<Option<f64>>],
) -> Option<Found> {
    let knots = |values: &[Option<i64>], unit: f64| {
        let cells = values.iter().zip(whose);
        let records = cells.filter_map(|(value, owner)| {
            Some(Record {
                value: (*value)? as f64 / unit,
                owner: *owner,
                weight: 1.0,
            })
        });
        pool::knots(records.collect())
    };
    match reading {
        Reading::Number { decimals, values } => {
            let shape = Shape::Number {
                decimals: decimals_shared(sample, index, *decimals, whose),
                knots: knots(values, 10_f64.powi(*decimals as i32))?,
            };
            Some((shape, Some(values.clone())))
        }
        Reading::Moment { layout, .. } if sample.time == Some(index) => {
            let layout = layout.clone();
            Some((Shape::Time { layout }, None))
        }
        Reading::Moment { layout, values } => {
            let shape = Shape::Moment {
                layout: layout.clone(),
                knots: knots(values, 1.0)?,
            };
            Some((shape, Some(values.clone())))
        }
        Reading::Words { values, words } => {
            let name = &sample.table.names[index];
            let rule = match sample.entity {
                Some(_) => Keep::ByEntities(whose),
                None => Keep::ByRecords,
            };
            Some(words_shape(name, values, words, rule, leading))
        }
    }
}

/// The most decimals that enough entities write.
fn decimals_shared(sample: &Sample, column: usize, most: u32, whose: &[u32]) -> u32 {
    let is_written = |decimals: &u32| {
        let cells = sample.table.cells(column).zip(whose);
        is_shared(cells.filter_map(|(cell, owner)| {
            let written = decimals_of(cell?)?;
            (written >= *decimals).then_some(*owner)
        }))
    };
    (1..=most).rev().find(is_written).unwrap_or(0)
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

/// Of pairs that enough entities have both cells of.
fn correlations(scales: &[(usize, Vec<Option<i64>>)], whose: &[u32]) -> Vec<Correlation> {
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
            let both = || {
                let cells = cells_a.iter().zip(cells_b).zip(whose);
                cells.filter_map(|((a, b), owner)| Some((((*a)?, (*b)?), *owner)))
            };
            if !is_shared(both().map(|(_, owner)| owner)) {
                continue;
            }
            let spearman = match (&whole[first], &whole[second]) {
                (Some(a), Some(b)) => spearman(a, b),
                _ => {
                    let (a, b): (Vec<i64>, Vec<i64>) = both().map(|(cells, _)| cells).unzip();
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
        let (mut products, mut squares, mut entities) = (0.0, 0.0, 0);
        for rows in rows {
            let present: Vec<f64> = rows.iter().filter_map(|row| scores[*row]).collect();
            if present.len() < 2 {
                continue;
            }
            let sum: f64 = present.iter().sum();
            let square: f64 = present.iter().map(|score| score * score).sum();
            products += (sum * sum - square) / (present.len() - 1) as f64;
            squares += square;
            entities += 1;
        }
        if entities >= OWNERS_MIN && squares > 0.0 {
            products / squares
        } else {
            0.0
        }
    };
    let shares: Vec<f64> = scales.iter().map(|(_, cells)| share(cells)).collect();
    let mean = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
    mean.clamp(0.0, BETWEEN_SHARE_MAX)
}
