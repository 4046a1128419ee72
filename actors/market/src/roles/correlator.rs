//! Computes the correlation of every two tickers, the benchmark among them, and claims each.
//! Verifies nothing: that is the auditor's. A correlation has no effect outside, so a lost attempt is simply made again.

use std::{rc::Rc, sync::Arc};

use callboard_orchestra::{Claim, Outcome, Payload, Role, RoleContext};
use serde_json::Value;

use super::aligner::kept;
use crate::{
    comparison::Comparison,
    ledger::{Entry, Figure, Ledger},
    measure::{Figure as Measured, correlation, simple_returns},
    prices::PriceBook,
    study::Study,
};

pub struct Correlator {
    book: Arc<PriceBook>,
}

impl Correlator {
    pub fn new(book: Arc<PriceBook>) -> Self {
        Self { book }
    }
}

impl Role for Correlator {
    const NAME: &'static str = "market.correlator";
    type Task = Comparison;
    type Product = Ledger;

    async fn perform(self: Rc<Self>, comparison: Comparison, ctx: RoleContext) -> Outcome<Ledger> {
        let book = self.book.clone();
        let kept = kept(&ctx);
        let computed = ctx.compute(move |_| pairs(kept, &book, comparison)).await;
        match computed {
            Ok(pairs) => Outcome::Done(claim(pairs, &ctx)),
            Err(reason) => Outcome::Reject { reason },
        }
    }
}

struct Pair {
    a: String,
    b: String,
    value: Measured,
    source: String,
}

fn pairs(
    kept: Option<Payload>,
    book: &PriceBook,
    comparison: Comparison,
) -> Result<Vec<Pair>, String> {
    let study = Study::kept_or_open(kept.as_ref(), book, comparison)?;
    let names = study.comparison().aligned();
    let returns = |name: &str| {
        simple_returns(
            study
                .panel()
                .closes(name)
                .expect("the panel holds every aligned ticker"),
        )
    };
    let all: Vec<(&str, Vec<f64>)> = names
        .into_iter()
        .map(|name| (name, returns(name)))
        .collect();
    let pairs = all.iter().enumerate().flat_map(|(at, (a, left))| {
        let study = &study;
        all[at..].iter().map(move |(b, right)| Pair {
            a: (*a).to_owned(),
            b: (*b).to_owned(),
            value: correlation(left, right),
            source: study.source(&[a, b]),
        })
    });
    Ok(pairs.collect())
}

fn claim(pairs: Vec<Pair>, ctx: &RoleContext) -> Ledger {
    let mut ledger = Ledger::default();
    for Pair {
        a,
        b,
        value,
        source,
    } in pairs
    {
        let note = value
            .err()
            .map(|reason| format!("correlation of {a} and {b} has no value: {reason}"));
        let statement = note
            .clone()
            .unwrap_or_else(|| format!("correlation of the returns of {a} and {b}"));
        let value = value.map_or(Value::Null, Value::from);
        let fact = ctx.claim(Claim {
            statement,
            value,
            unit: "ratio".to_owned(),
            source,
            derived_from: vec![],
        });
        if a != b {
            ledger.entries.push(Entry {
                figure: Figure::correlation(&b, &a),
                fact,
                note: note.clone(),
            });
        }
        ledger.entries.push(Entry {
            figure: Figure::correlation(&a, &b),
            fact,
            note,
        });
    }
    ledger
}
