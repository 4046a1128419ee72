//! The result of a comparison, put together from verified facts alone.

use std::collections::BTreeMap;

use callboard_orchestra::VerifiedFact;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    conventions::Conventions,
    ledger::{ASSETS, Entry, Figure},
    metric::Metric,
    study::Study,
    summary::summary,
};

/// Figures by two keys: ticker and key of a figure, or two tickers.
pub type Table = BTreeMap<String, BTreeMap<String, Value>>;

/// The result of `market.compare`.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Figures by ticker; one without a value is null, and `notes` says why.
    pub assets: Table,
    /// Tickers by metric, best first; a ticker without a value is left out.
    pub ranking: BTreeMap<String, Vec<String>>,
    pub correlation: Table,
    pub conventions: Conventions,
    pub notes: Vec<String>,
    pub summary: String,
    pub facts: Vec<QuotedFact>,
}

/// A verified fact and the figures it stands behind.
#[derive(Debug, Clone, Serialize)]
pub struct QuotedFact {
    pub figures: Vec<Figure>,
    #[serde(flatten)]
    pub fact: VerifiedFact,
}

/// A figure whose fact nobody verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} of {1} in {2} rests on a claim that is not verified")]
pub struct Unverified(String, String, String);

impl Report {
    /// Places the value of each entry's fact. Errors with the first entry whose fact is not among `facts`.
    pub fn of(
        study: &Study,
        entries: &[Entry],
        facts: &[VerifiedFact],
    ) -> Result<Self, Unverified> {
        let (mut assets, mut correlation) = (Table::new(), Table::new());
        let mut figures: BTreeMap<_, Vec<Figure>> = BTreeMap::new();
        let mut notes: Vec<String> = Vec::new();
        for Entry {
            figure,
            fact: id,
            note,
        } in entries
        {
            let Figure(table, row, column) = figure;
            let fact = facts.iter().find(|fact| fact.id() == *id);
            let fact =
                fact.ok_or_else(|| Unverified(column.clone(), row.clone(), table.clone()))?;
            let place = if table == ASSETS {
                &mut assets
            } else {
                &mut correlation
            };
            place
                .entry(row.clone())
                .or_default()
                .insert(column.clone(), fact.value().clone());
            figures.entry(*id).or_default().push(figure.clone());
            notes.extend(
                note.iter()
                    .filter(|note| !notes.contains(note))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
        }
        let ranked = |metric: Metric| ranked(study, &assets, metric);
        let ranking = study.comparison().ranked().iter().map(|metric| {
            let tickers = ranked(*metric)
                .into_iter()
                .map(|(ticker, _)| ticker)
                .collect();
            (metric.key().to_owned(), tickers)
        });
        Ok(Self {
            ranking: ranking.collect(),
            summary: summary(study, ranked, |a, b| correlation.get(a)?.get(b)?.as_f64()),
            conventions: Conventions::of(study),
            notes,
            facts: facts
                .iter()
                .filter_map(|fact| {
                    Some(QuotedFact {
                        figures: figures.remove(&fact.id())?,
                        fact: fact.clone(),
                    })
                })
                .collect(),
            assets,
            correlation,
        })
    }
}

/// The tickers that have a value of `metric`, best first; equal ones in the order asked.
fn ranked(study: &Study, assets: &Table, metric: Metric) -> Vec<(String, f64)> {
    let tickers = study.comparison().tickers.iter();
    let mut valued: Vec<(String, f64)> = tickers
        .filter_map(|ticker| {
            Some((
                ticker.clone(),
                assets.get(ticker)?.get(metric.key())?.as_f64()?,
            ))
        })
        .collect();
    valued.sort_by(|(_, a), (_, b)| metric.better_first(*a, *b));
    valued
}

/// The parts of a finished report that a check reads back.
#[derive(Debug, Clone, Deserialize)]
pub struct Printed {
    assets: Table,
    ranking: BTreeMap<String, Vec<String>>,
    correlation: Table,
    facts: Vec<PrintedFact>,
}

#[derive(Debug, Clone, Deserialize)]
struct PrintedFact {
    figures: Vec<Figure>,
    id: callboard_orchestra::FactId,
}

impl Printed {
    /// Checks that every figure is the value of the fact it names, that no figure is without a fact, and that every ranking
    /// is in order. Answers how many figures there are.
    pub fn check(&self, facts: &[VerifiedFact]) -> Result<usize, String> {
        let mut backed = 0;
        for PrintedFact { figures, id } in &self.facts {
            let fact = facts
                .iter()
                .find(|fact| fact.id() == *id)
                .ok_or_else(|| format!("{id} is quoted, but not verified"))?;
            for figure in figures {
                let printed = self
                    .figure(figure)
                    .ok_or_else(|| format!("{id} stands behind no figure of the report"))?;
                if printed != fact.value() {
                    let Figure(table, row, column) = figure;
                    return Err(format!(
                        "{table}.{row}.{column} is {printed}, but {id} says {}",
                        fact.value()
                    ));
                }
                backed += 1;
            }
        }
        let figures = self
            .assets
            .values()
            .chain(self.correlation.values())
            .map(BTreeMap::len)
            .sum::<usize>();
        if figures != backed {
            return Err(format!(
                "{figures} figures are printed, but {backed} rest on facts"
            ));
        }
        self.ranking
            .iter()
            .try_for_each(|(metric, tickers)| self.in_order(metric, tickers))?;
        Ok(figures)
    }

    fn figure(&self, Figure(table, row, column): &Figure) -> Option<&Value> {
        let table = if table == ASSETS {
            &self.assets
        } else {
            &self.correlation
        };
        table.get(row)?.get(column)
    }

    fn in_order(&self, metric: &str, tickers: &[String]) -> Result<(), String> {
        let known = Metric::try_from(metric.to_owned()).map_err(|error| error.to_string())?;
        let value = |ticker: &String| self.assets.get(ticker)?.get(metric)?.as_f64();
        let values: Option<Vec<f64>> = tickers.iter().map(value).collect();
        let values = values
            .ok_or_else(|| format!("the ranking by {metric} names a ticker without a value"))?;
        let valued = self
            .assets
            .keys()
            .filter(|ticker| value(ticker).is_some())
            .count();
        if valued != tickers.len()
            || !values.is_sorted_by(|a, b| known.better_first(*a, *b).is_le())
        {
            return Err(format!(
                "the ranking by {metric} is not in order: {}",
                tickers.join(", ")
            ));
        }
        Ok(())
    }
}
