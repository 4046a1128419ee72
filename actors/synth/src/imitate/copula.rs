//! Columns that rise and fall together: a Gaussian copula whose latent correlations give the stated rank correlations,
//! ties included.

use serde::{Deserialize, Serialize};

use super::marginal::Marginal;
use crate::{
    encode::Cancelled,
    fit::{ranks, spearman},
    normal,
    profile::Correlation,
    random::{plastic, unit},
};

/// Points on which a latent correlation is found.
const POINTS: usize = 1_024;
/// Halvings of the interval in which it lies.
const HALVINGS: u32 = 11;
/// Latent correlations stay below 1, so that columns keep a part of their own.
const LATENT_MAX: f64 = 0.999;
/// Stated correlations below it are taken for none.
const SPEARMAN_MIN: f64 = 0.005;
/// How fast correlations that contradict each other are drawn towards none.
const SHRINKAGE: f64 = 0.95;

/// Turns independent normal numbers into correlated ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Copula {
    /// The lower triangle of the Cholesky factor, row by row.
    factor: Vec<Vec<f64>>,
}

impl Copula {
    /// Of marginals by column; the others take no part. Asks `cancelled` before each pair.
    pub fn solve(
        marginals: &[Option<Marginal>],
        correlations: &[Correlation],
        cancelled: impl Fn() -> bool,
    ) -> Result<Self, Cancelled> {
        let points = Points::new();
        let columns: Vec<usize> = (0..marginals.len())
            .filter(|column| marginals[*column].is_some())
            .collect();
        let ranked: Vec<Vec<f64>> = columns
            .iter()
            .map(|column| points.ranked(marginals[*column].as_ref(), &points.first))
            .collect();
        let mut matrix = vec![vec![0.0; columns.len()]; columns.len()];
        for (index, row) in matrix.iter_mut().enumerate() {
            row[index] = 1.0;
        }
        for pair in correlations {
            if cancelled() {
                return Err(Cancelled);
            }
            let place = |column: usize| columns.iter().position(|known| *known == column);
            let (Some(a), Some(b)) = (place(pair.a), place(pair.b)) else {
                continue;
            };
            let latent = points.latent(&ranked[a], marginals[pair.b].as_ref(), pair.spearman);
            matrix[a][b] = latent;
            matrix[b][a] = latent;
        }
        let factor = loop {
            match cholesky(&matrix) {
                Some(factor) => break factor,
                None => shrink(&mut matrix),
            }
        };
        Ok(Self { factor })
    }

    /// Whether it is a factor for so many columns.
    pub fn fits(&self, width: usize) -> bool {
        let mut rows = self.factor.iter().enumerate();
        self.factor.len() == width && rows.all(|(index, row)| row.len() == index + 1)
    }

    /// Columns that take part.
    pub fn width(&self) -> usize {
        self.factor.len()
    }

    /// Correlates `normals` in place.
    pub fn apply(&self, normals: &mut [f64]) {
        for index in (0..self.factor.len()).rev() {
            let row = self.factor[index].iter().zip(normals.iter());
            normals[index] = row.map(|(weight, normal)| weight * normal).sum();
        }
    }
}

/// Pairs of independent normal numbers, spread evenly.
struct Points {
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Points {
    fn new() -> Self {
        let normals = |sequence: fn(u64, u64) -> u64| {
            let middle = |index| unit(sequence(index, 1 << 62)).max(f64::EPSILON);
            let points = (0..POINTS as u64).map(|index| normal::quantile(middle(index)));
            points.collect()
        };
        Self {
            first: normals(golden_of_plane),
            second: normals(plastic_of_plane),
        }
    }

    fn ranked(&self, marginal: Option<&Marginal>, normals: &[f64]) -> Vec<f64> {
        let values: Vec<i64> = normals
            .iter()
            .map(|normal| marginal.map_or(0, |marginal| marginal.at(normal::cdf(*normal))))
            .collect();
        ranks(&values)
    }

    /// The latent correlation under which the ranks of both columns' values correlate as stated.
    fn latent(&self, first: &[f64], second: Option<&Marginal>, stated: f64) -> f64 {
        if stated.abs() < SPEARMAN_MIN {
            return 0.0;
        }
        let given = |latent: f64| {
            let rest = (1.0 - latent * latent).sqrt();
            let pairs = self.first.iter().zip(&self.second);
            let normals: Vec<f64> = pairs.map(|(a, b)| latent * a + rest * b).collect();
            spearman(first, &self.ranked(second, &normals))
        };
        let (mut low, mut high) = (-LATENT_MAX, LATENT_MAX);
        for _ in 0..HALVINGS {
            let middle = (low + high) / 2.0;
            match given(middle) < stated {
                true => low = middle,
                false => high = middle,
            }
        }
        (low + high) / 2.0
    }
}

/// The first coordinate of the sequence that covers the plane evenly.
fn golden_of_plane(index: u64, offset: u64) -> u64 {
    // The inverse of the plastic number, scaled to 2^64.
    index
        .wrapping_mul(0xC13F_A9A9_02A6_328F)
        .wrapping_add(offset)
}

fn plastic_of_plane(index: u64, offset: u64) -> u64 {
    plastic(index, offset)
}

/// The lower factor of a matrix; none where it is not positive definite.
fn cholesky(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    /// Of a column that is not a mere sum of others.
    const REST_MIN: f64 = 1e-6;
    let mut factor: Vec<Vec<f64>> = Vec::with_capacity(matrix.len());
    for (index, row) in matrix.iter().enumerate() {
        let mut made = Vec::with_capacity(index + 1);
        for (before, earlier) in factor.iter().enumerate() {
            let known: f64 = earlier
                .iter()
                .zip(&made)
                .map(|(a, b): (&f64, &f64)| a * b)
                .sum();
            made.push((row[before] - known) / earlier[before]);
        }
        let rest = row[index] - made.iter().map(|weight| weight * weight).sum::<f64>();
        if rest < REST_MIN {
            return None;
        }
        made.push(rest.sqrt());
        factor.push(made);
    }
    Some(factor)
}

fn shrink(matrix: &mut [Vec<f64>]) {
    for (index, row) in matrix.iter_mut().enumerate() {
        for (column, value) in row.iter_mut().enumerate() {
            if column != index {
                *value *= SHRINKAGE;
            }
        }
    }
}
