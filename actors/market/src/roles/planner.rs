//! Plans a comparison: one analysis a ticker, the correlations, an audit after each of them, the report and its check.
//! Decides nothing about figures. Planning has no effect outside, so a lost attempt is simply made again.

use std::{rc::Rc, sync::Arc};

use callboard_orchestra::{Outcome, Plan, Role, RoleContext, TaskSpec};

use super::{
    analyst::{Analysis, Analyst},
    auditor::{Audit, Auditor},
    correlator::Correlator,
    reporter::Reporter,
};
use crate::{comparison::Comparison, prices::PriceBook, study::Study};

/// The name prefix of audits, whose products are no ledgers.
pub const AUDIT_PREFIX: &str = "audit:";

pub struct Planner {
    book: Arc<PriceBook>,
}

impl Planner {
    pub fn new(book: Arc<PriceBook>) -> Self {
        Self { book }
    }
}

impl Role for Planner {
    const NAME: &'static str = "market.planner";
    type Task = Comparison;
    type Product = Plan;

    async fn perform(self: Rc<Self>, comparison: Comparison, ctx: RoleContext) -> Outcome<Plan> {
        let book = self.book.clone();
        let opened = ctx.compute(move |_| Study::open(&book, comparison)).await;
        match opened.map(|study| plan(study.comparison())) {
            Ok(Ok(plan)) => Outcome::Done(plan),
            Ok(Err(error)) => Outcome::Reject {
                reason: error.to_string(),
            },
            Err(refusal) => Outcome::Reject {
                reason: refusal.message,
            },
        }
    }
}

fn plan(comparison: &Comparison) -> Result<Plan, serde_json::Error> {
    const CORRELATE: &str = "correlate";
    let mut tasks = Vec::with_capacity(2 * comparison.tickers.len() + 2);
    for ticker in &comparison.tickers {
        let analyse = format!("analyse:{ticker}");
        let analysis = Analysis {
            comparison: comparison.clone(),
            ticker: ticker.clone(),
        };
        tasks.push(TaskSpec::new(analyse.as_str(), Analyst::NAME, &analysis)?);
        let audit = TaskSpec::new(
            format!("{AUDIT_PREFIX}{ticker}"),
            Auditor::NAME,
            &Audit::Analysis(analysis),
        )?;
        tasks.push(audit.after([analyse]));
    }
    tasks.push(TaskSpec::new(CORRELATE, Correlator::NAME, comparison)?);
    let audit = Audit::Correlation(comparison.clone());
    // A space keeps this name apart from that of any ticker's audit: tickers are trimmed.
    tasks.push(
        TaskSpec::new(format!("{AUDIT_PREFIX} {CORRELATE}"), Auditor::NAME, &audit)?
            .after([CORRELATE]),
    );
    Ok(Plan {
        tasks,
        aggregate: TaskSpec::new("report", Reporter::NAME, comparison)?,
        check: Some(TaskSpec::new("check", Auditor::NAME, &Audit::Report)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_analysis_is_audited_and_the_report_is_checked() {
        let comparison = Comparison {
            tickers: vec!["AAPL".to_owned(), "correlate".to_owned()],
            metrics: vec![],
            from: "2005-01-01".parse().unwrap(),
            to: "2009-12-31".parse().unwrap(),
            risk_free: 0.0,
            benchmark: None,
        };
        let plan = plan(&comparison).unwrap();
        let shape: Vec<(&str, &str, Vec<&str>)> = plan
            .tasks
            .iter()
            .map(|task| {
                (
                    task.name.as_str(),
                    task.role.as_str(),
                    task.after.iter().map(String::as_str).collect(),
                )
            })
            .collect();
        assert_eq!(
            shape,
            [
                ("analyse:AAPL", "market.analyst", vec![]),
                ("audit:AAPL", "market.auditor", vec!["analyse:AAPL"]),
                ("analyse:correlate", "market.analyst", vec![]),
                (
                    "audit:correlate",
                    "market.auditor",
                    vec!["analyse:correlate"]
                ),
                ("correlate", "market.correlator", vec![]),
                ("audit: correlate", "market.auditor", vec!["correlate"]),
            ]
        );
        assert_eq!(plan.aggregate.role, "market.reporter");
        assert_eq!(plan.check.unwrap().role, "market.auditor");
    }
}
