//! What the clauses of a sentence add up to.

use chrono::NaiveDate;

use super::refuse::FIELD;
use crate::{
    frequency::Frequency,
    metric::Metric,
    refusal::{Refusal, RefusalCode},
};

/// What a sentence asks for; what it leaves open is `None` or empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query {
    pub tickers: Vec<String>,
    /// `all tickers` were asked for.
    pub all: bool,
    pub metrics: Vec<Metric>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    /// How far apart the prices are said to be.
    pub spacing: Option<Frequency>,
    /// Yearly rate as a fraction.
    pub risk_free: Option<f64>,
    pub benchmark: Option<String>,
}

/// How a clause fared at one place of a sentence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Clause<T> {
    Read(T),
    /// It is not this clause.
    Absent,
    /// It starts as this clause, but what must follow does not.
    Incomplete(&'static str),
}

/// Fills what a sentence may state once, or again alike.
pub fn once<T: PartialEq>(slot: &mut Option<T>, value: T, what: &str) -> Result<(), Refusal> {
    match slot {
        Some(known) if *known != value => Err(Refusal::new(
            RefusalCode::StatedTwice,
            FIELD,
            format!("the {what} is stated twice, differently"),
        )),
        _ => {
            *slot = Some(value);
            Ok(())
        }
    }
}
