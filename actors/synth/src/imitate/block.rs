//! A block: entities whose numbers of rows are the same in every block, in another order, with their rows.
//!
//! Each column's values are dealt out by rank, so that every block follows the marginals to the grain of its rows.

use super::{marginal::Marginal, pattern::Pattern};
use crate::{
    normal,
    profile::{Profile, RowClass, Shape, TimeProfile},
    random::{Draws, Stream, golden, unit},
};

/// Rows that a block is to have, as far as entities allow.
const BLOCK_ROWS: f64 = 4_096.0;
const ENTITIES_MAX: f64 = 4_096.0;
/// Places at which the mean rows of an entity are measured.
const PLACES: usize = 1_024;

/// A column's cells as whole numbers; the column's shape says of what.
pub type Cells = Vec<Option<i64>>;

/// What blocks are made from.
#[derive(Debug)]
pub struct Mould {
    pattern: Pattern,
    seed: u64,
    marginals: Vec<Option<Marginal>>,
    /// Rows of each entity of a block.
    rows: Vec<u64>,
    block_rows: u64,
}

impl Mould {
    pub fn new(pattern: Pattern, seed: u64) -> Self {
        let rows = rows_of_entities(pattern.profile());
        Self {
            block_rows: rows.iter().sum(),
            marginals: pattern.marginals(),
            rows,
            pattern,
            seed,
        }
    }

    pub fn profile(&self) -> &Profile {
        self.pattern.profile()
    }

    pub fn block_rows(&self) -> u64 {
        self.block_rows
    }

    /// Entities of a block with one row, and all of them.
    pub fn entities(&self) -> (usize, usize) {
        let one = self.rows.iter().filter(|rows| **rows == 1).count();
        (one, self.rows.len())
    }

    /// The cells of a whole block, by column.
    pub fn make(&self, number: u64) -> Vec<Cells> {
        let mut draws = Draws::at(self.seed, Stream::Likeness, number);
        let mut rows = self.rows.clone();
        for index in (1..rows.len()).rev() {
            rows.swap(index, draws.below(index as u32 + 1) as usize);
        }
        let mut latent = self.latents(&rows, &mut draws).into_iter();
        let moments = self.moments(&rows, number);
        let mut columns = Vec::with_capacity(self.marginals.len());
        for (column, marginal) in self.profile().columns.iter().zip(&self.marginals) {
            let mut cells: Cells = match (marginal, &column.shape) {
                (Some(marginal), _) => {
                    let latent = latent.next().unwrap_or_default();
                    dealt(&latent, marginal, &mut draws)
                }
                (None, Shape::Entity { .. }) => {
                    let first = number * rows.len() as u64 + 1;
                    let entities = rows.iter().zip(first..);
                    let repeated = entities
                        .flat_map(|(rows, entity)| std::iter::repeat_n(entity, *rows as usize));
                    repeated.map(|entity| Some(entity as i64)).collect()
                }
                (None, Shape::Time { .. }) => moments.iter().copied().map(Some).collect(),
                (None, Shape::Key) => {
                    let first = number * self.block_rows + 1;
                    let keys = first..first + self.block_rows;
                    keys.map(|key| Some(key as i64)).collect()
                }
                (None, Shape::Withheld) => vec![None; self.block_rows as usize],
                // Letters come from it.
                (None, _) => (0..self.block_rows)
                    .map(|_| Some((draws.bits() >> 1) as i64))
                    .collect(),
            };
            if column.missing_share > 0.0 && !matches!(column.shape, Shape::Withheld) {
                for cell in &mut cells {
                    if draws.chance(column.missing_share) {
                        *cell = None;
                    }
                }
            }
            columns.push(cells);
        }
        columns
    }

    /// Correlated normal numbers by column, a part of which is common to the rows of an entity.
    fn latents(&self, rows: &[u64], draws: &mut Draws) -> Vec<Vec<f64>> {
        let copula = self.pattern.copula();
        let width = copula.width();
        let entities = self.profile().entities.as_ref();
        let between = entities.map_or(0.0, |entities| entities.between_share);
        let (common, own) = (between.sqrt(), (1.0 - between).sqrt());
        let mut columns = vec![Vec::with_capacity(self.block_rows as usize); width];
        let mut normals = vec![0.0; width];
        let mut shared = vec![0.0; width];
        for rows in rows {
            shared.fill_with(|| normal_of(draws));
            for _ in 0..*rows {
                for (normal, shared) in normals.iter_mut().zip(&shared) {
                    *normal = common * shared + own * normal_of(draws);
                }
                copula.apply(&mut normals);
                for (column, normal) in columns.iter_mut().zip(&normals) {
                    column.push(*normal);
                }
            }
        }
        columns
    }

    /// The moments of a block's rows, in order within each entity.
    fn moments(&self, rows: &[u64], number: u64) -> Vec<i64> {
        let Some(time) = &self.profile().time else {
            return Vec::new();
        };
        let mut draws = Draws::at(self.seed, Stream::LikenessTime, number);
        let offsets: Vec<u64> = time.classes.iter().map(|_| draws.bits()).collect();
        let mut begun = vec![0; time.classes.len()];
        let mut moments = Vec::with_capacity(self.block_rows as usize);
        for rows in rows {
            let is_of_class = |class: &RowClass| *rows <= class.rows_to;
            let class = time.classes.iter().position(is_of_class);
            let class = class.unwrap_or(time.classes.len() - 1);
            // Entities of a class begin evenly spread over its first moments.
            let place = unit(golden(begun[class], offsets[class]));
            begun[class] += 1;
            course(
                time,
                &time.classes[class],
                place,
                *rows,
                &mut draws,
                &mut moments,
            );
        }
        moments
    }
}

/// Appends the moments of one entity. Where its gaps would lead beyond the end, they are drawn together, so that the last
/// moment lies where the last of as many even ones would.
fn course(
    time: &TimeProfile,
    class: &RowClass,
    place: f64,
    rows: u64,
    draws: &mut Draws,
    moments: &mut Vec<i64>,
) {
    let first = class.first.at(place);
    let mut gap = || {
        let gaps = class.gaps.as_ref();
        gaps.map_or(0.0, |gaps| gaps.at(draws.unit()).max(0.0))
    };
    let gaps: Vec<f64> = (1..rows).map(|_| gap()).collect();
    let span: f64 = gaps.iter().sum();
    let room = (time.end - first).max(0.0);
    let scale = if span > room {
        room * libm::pow(draws.unit(), 1.0 / gaps.len() as f64) / span
    } else {
        1.0
    };
    let mut at = first;
    moments.push(time.week.moment(at));
    for gap in gaps {
        at += gap * scale;
        moments.push(time.week.moment(at));
    }
}

/// Values by the rank of their latent number.
fn dealt(latent: &[f64], marginal: &Marginal, draws: &mut Draws) -> Cells {
    let mut order: Vec<usize> = (0..latent.len()).collect();
    order.sort_by(|a, b| latent[*a].total_cmp(&latent[*b]));
    let mut cells = vec![None; latent.len()];
    for (rank, row) in order.into_iter().enumerate() {
        let probability = (rank as f64 + draws.unit()) / latent.len() as f64;
        cells[row] = Some(marginal.at(probability));
    }
    cells
}

fn normal_of(draws: &mut Draws) -> f64 {
    /// Keeps a number off both ends of the unit interval.
    const HALF_STEP: f64 = 1.0 / (1_u64 << 54) as f64;
    normal::quantile(draws.unit() + HALF_STEP)
}

fn rows_of_entities(profile: &Profile) -> Vec<u64> {
    let Some(entities) = &profile.entities else {
        return vec![1; BLOCK_ROWS as usize];
    };
    let spread = |count: usize| {
        let places = (0..count).map(move |index| (index as f64 + 0.5) / count as f64);
        places.map(|place| entities.rows_at(place))
    };
    let mean = spread(PLACES).sum::<u64>() as f64 / PLACES as f64;
    let count = (BLOCK_ROWS / mean).clamp(1.0, ENTITIES_MAX);
    spread(count as usize).collect()
}
