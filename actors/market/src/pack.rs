//! What this crate brings to the server.

use std::sync::Arc;

use callboard_orchestra::{InvalidInput, Kind, Pack, Payload, RoleSpec, admit::read_input};
use serde_json::json;

use crate::{
    comparison::ComparisonInput,
    prices::{PriceBook, Supply},
    refusal::{Refusal, RefusalCode},
    resolve::resolve,
    roles::{
        aligner::Aligner, analyst::Analyst, auditor::Auditor, correlator::Correlator,
        planner::Planner, quoter::Quoter, reporter::Reporter,
    },
};

/// The kind of job that compares tickers.
pub const COMPARE: &str = "market.compare";

/// Compares tickers on the prices of one supply, shared by every role.
pub struct MarketPack {
    supply: Supply,
}

impl MarketPack {
    pub fn new(supply: impl Into<Supply>) -> Self {
        Self {
            supply: supply.into(),
        }
    }
}

impl Pack for MarketPack {
    fn name(&self) -> &'static str {
        "market"
    }

    fn kinds(&self) -> Vec<Kind> {
        let book = self.supply.book().clone();
        vec![Kind {
            name: COMPARE,
            summary: "Compares tickers on return and risk, with every figure verified by a second path",
            planner: "market.planner",
            schema: schemars::schema_for!(ComparisonInput).into(),
            examples: vec![
                json!({"query": crate::query::example(&book)}),
                json!({"tickers": crate::query::example_tickers(&book), "metrics": ["sharpe", "max_drawdown"], "risk_free": 0.02}),
            ],
            admit: Arc::new(move |input| admit(input, &book)),
        }]
    }

    fn roles(&self) -> Vec<RoleSpec> {
        let [planner, quoter, aligner] = std::array::from_fn(|_| self.supply.clone());
        let [analyst, correlator, auditor, reporter] =
            std::array::from_fn(|_| self.supply.book().clone());
        vec![
            RoleSpec::new(move || Planner::new(planner.clone())),
            RoleSpec::new(move || Quoter::new(quoter.clone())),
            RoleSpec::new(move || Aligner::new(aligner.clone())),
            RoleSpec::new(move || Analyst::new(analyst.clone())),
            RoleSpec::new(move || Correlator::new(correlator.clone())),
            RoleSpec::new(move || Auditor::new(auditor.clone())),
            RoleSpec::new(move || Reporter::new(reporter.clone())),
        ]
    }
}

fn admit(input: &Payload, book: &PriceBook) -> Result<Payload, InvalidInput> {
    let input: ComparisonInput = read_input(input)?;
    let comparison = resolve(input, book).map_err(invalid)?;
    Payload::of(&comparison).map_err(|error| {
        invalid(Refusal {
            code: RefusalCode::InvalidInput,
            field: None,
            message: error.to_string(),
        })
    })
}

fn invalid(
    Refusal {
        code,
        field,
        message,
    }: Refusal,
) -> InvalidInput {
    InvalidInput {
        code: code.as_str(),
        field,
        message,
    }
}
