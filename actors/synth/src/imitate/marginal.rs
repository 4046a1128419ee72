//! A column's values by probability, as whole numbers that rank as its values do.

use crate::profile::{DAY_SECONDS, Knots, Shape};

#[derive(Debug)]
pub enum Marginal {
    /// In units of the last decimal.
    Number { scale: f64, knots: Knots },
    /// In seconds; whole days where there are only days.
    Moment { is_day: bool, knots: Knots },
    /// Places of words, by the probability that ends each.
    Words(Vec<f64>),
}

impl Marginal {
    /// Of a column that is drawn by its ranks; none for keys, texts and what the course of time gives.
    pub fn of(shape: &Shape) -> Option<Self> {
        match shape {
            Shape::Number { decimals, knots } => Some(Self::Number {
                scale: 10_f64.powi(*decimals as i32),
                knots: knots.clone(),
            }),
            Shape::Moment { layout, knots } => Some(Self::Moment {
                is_day: !layout.has_hours(),
                knots: knots.clone(),
            }),
            Shape::Category { values } => {
                let ends = values.iter().scan(0.0, |sum, value| {
                    *sum += value.share;
                    Some(*sum)
                });
                Some(Self::Words(ends.collect()))
            }
            Shape::Entity { .. }
            | Shape::Time { .. }
            | Shape::Key
            | Shape::Text { .. }
            | Shape::Withheld => None,
        }
    }

    pub fn at(&self, probability: f64) -> i64 {
        match self {
            Self::Number { scale, knots } => (knots.at(probability) * scale).round() as i64,
            Self::Moment { is_day, knots } => {
                let moment = knots.at(probability) as i64;
                let within = if *is_day {
                    moment.rem_euclid(DAY_SECONDS)
                } else {
                    0
                };
                moment - within
            }
            Self::Words(ends) => {
                let place = ends.partition_point(|end| *end <= probability);
                place.min(ends.len() - 1) as i64
            }
        }
    }
}
