//! Computes every figure of one ticker and claims each of them.
//! Verifies nothing: that is the auditor's. An analysis has no effect outside, so a lost attempt is simply made again.

use std::{collections::HashMap, rc::Rc, sync::Arc};

use callboard_orchestra::{Claim, Outcome, Payload, Role, RoleContext, RoleProfile};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::aligner::kept;
use crate::{
    comparison::Comparison,
    ledger::{Entry, Figure, Ledger},
    measure::{Sheet, Undefined},
    prices::PriceBook,
    recheck::Key,
    study::Study,
};

/// One ticker of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    pub comparison: Comparison,
    pub ticker: String,
}

pub struct Analyst {
    book: Arc<PriceBook>,
}

impl Analyst {
    pub fn new(book: Arc<PriceBook>) -> Self {
        Self { book }
    }
}

impl Role for Analyst {
    const NAME: &'static str = "market.analyst";
    type Task = Analysis;
    type Product = Ledger;

    fn profile() -> RoleProfile {
        RoleProfile {
            workers: 4,
            ..RoleProfile::default()
        }
    }

    async fn perform(self: Rc<Self>, analysis: Analysis, ctx: RoleContext) -> Outcome<Ledger> {
        let book = self.book.clone();
        let kept = kept(&ctx);
        let drafted = ctx.compute(move |_| draft(kept, &book, analysis)).await;
        match drafted {
            Ok(drafts) => Outcome::Done(claim(drafts, &ctx)),
            Err(reason) => Outcome::Reject { reason },
        }
    }
}

/// A claim before it has an id.
struct Draft {
    key: Key,
    ticker: String,
    value: Value,
    statement: String,
    source: String,
    note: Option<String>,
}

fn draft(
    kept: Option<Payload>,
    book: &PriceBook,
    Analysis { comparison, ticker }: Analysis,
) -> Result<Vec<Draft>, String> {
    let study = Study::kept_or_open(kept.as_ref(), book, comparison)?;
    let outside = || format!("{ticker} is no ticker of this comparison");
    let sheet = study
        .basis(&ticker)
        .and_then(Sheet::of)
        .ok_or_else(outside)?;
    let (first, last) = study.span();
    let (alone, with_market) = (
        study.source(&[&ticker]),
        study.source(&study.comparison().aligned()),
    );
    let drafts = Key::all().map(|key| {
        let (value, note) = value_of(&sheet, key, &ticker);
        let statement = match &note {
            Some(note) => note.clone(),
            None => format!("{} of {ticker} from {first} to {last}", name_of(key)),
        };
        let on_market = matches!(key, Key::Figure(metric) if metric.needs_benchmark());
        let source = if on_market {
            with_market.clone()
        } else {
            alone.clone()
        };
        Draft {
            key,
            ticker: ticker.clone(),
            value,
            statement,
            source,
            note,
        }
    });
    Ok(drafts.collect())
}

fn claim(drafts: Vec<Draft>, ctx: &RoleContext) -> Ledger {
    let mut ids = HashMap::new();
    let mut ledger = Ledger::default();
    for Draft {
        key,
        ticker,
        value,
        statement,
        source,
        note,
    } in drafts
    {
        let derived_from = key
            .derived_from()
            .iter()
            .filter_map(|earlier| ids.get(earlier).copied())
            .collect();
        let unit = unit_of(key).to_owned();
        let fact = ctx.claim(Claim {
            statement,
            value,
            unit,
            source,
            derived_from,
        });
        ids.insert(key, fact);
        ledger.entries.push(Entry {
            figure: Figure::asset(&ticker, key.as_str()),
            fact,
            note,
        });
    }
    ledger
}

/// The value of a key, or null with the reason.
fn value_of(sheet: &Sheet, key: Key, ticker: &str) -> (Value, Option<String>) {
    let date = |date: NaiveDate| (Value::from(date.to_string()), None);
    let never_fell = || {
        (
            Value::Null,
            Some(format!(
                "{key} of {ticker} has no value: its price never fell below an earlier one"
            )),
        )
    };
    match key {
        Key::Periods => (sheet.periods.into(), None),
        Key::FirstDate => date(sheet.first_date),
        Key::LastDate => date(sheet.last_date),
        Key::Peak => sheet
            .drawdown
            .map_or_else(never_fell, |(peak, _)| date(peak)),
        Key::Trough => sheet
            .drawdown
            .map_or_else(never_fell, |(_, trough)| date(trough)),
        Key::Figure(metric) => match sheet.figure(metric) {
            Ok(value) => (value.into(), None),
            Err(reason @ Undefined::NoBenchmark) => {
                (Value::Null, Some(format!("{key} has no value: {reason}")))
            }
            Err(reason) => (
                Value::Null,
                Some(format!("{key} of {ticker} has no value: {reason}")),
            ),
        },
    }
}

const fn name_of(key: Key) -> &'static str {
    match key {
        Key::Periods => "number of returns",
        Key::FirstDate => "first date",
        Key::LastDate => "last date",
        Key::Figure(metric) => metric.label(),
        Key::Peak => "peak before the max drawdown",
        Key::Trough => "trough of the max drawdown",
    }
}

const fn unit_of(key: Key) -> &'static str {
    match key {
        Key::Periods => "returns",
        Key::FirstDate | Key::LastDate | Key::Peak | Key::Trough => "date",
        Key::Figure(metric) => metric.unit(),
    }
}
