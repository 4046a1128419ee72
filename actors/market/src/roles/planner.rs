//! Plans a comparison: one analysis a ticker, the correlations, an audit after each of them, the report and its check;
//! before them, where prices may change, the tasks that fetch them and keep them in the job.
//! Decides nothing about figures. Planning has no effect outside, so a lost attempt is simply made again.

use std::rc::Rc;

use callboard_orchestra::{Outcome, Plan, Role, RoleContext, TaskSpec};

use super::{
    aligner::{Aligner, PRICES, QUOTE_PREFIX},
    analyst::{Analysis, Analyst},
    auditor::{Audit, Auditor},
    correlator::Correlator,
    quoter::Quoter,
    reporter::Reporter,
};
use crate::{
    comparison::Comparison,
    prices::{PriceRequest, Supply},
    study::Study,
};

/// The name prefix of audits, whose products are no ledgers.
pub const AUDIT_PREFIX: &str = "audit:";

pub struct Planner {
    supply: Supply,
}

impl Planner {
    pub fn new(supply: Supply) -> Self {
        Self { supply }
    }
}

impl Role for Planner {
    const NAME: &'static str = "market.planner";
    type Task = Comparison;
    type Product = Plan;

    async fn perform(self: Rc<Self>, comparison: Comparison, ctx: RoleContext) -> Outcome<Plan> {
        let supply = self.supply.clone();
        let planned = ctx.compute(move |_| draft(&supply, comparison)).await;
        match planned {
            Ok(Ok(plan)) => Outcome::Done(plan),
            Ok(Err(error)) => Outcome::Reject {
                reason: error.to_string(),
            },
            Err(reason) => Outcome::Reject { reason },
        }
    }
}

/// How the tasks of a job come by their prices.
enum Prices {
    /// From the book, which never changes.
    Book,
    /// From the task that keeps them; the tickers are fetched before.
    Kept { fetched: Vec<String> },
}

fn draft(
    supply: &Supply,
    comparison: Comparison,
) -> Result<Result<Plan, serde_json::Error>, String> {
    let aligned = comparison.aligned();
    let unheld = aligned
        .iter()
        .filter(|ticker| supply.book().series(ticker).is_none());
    let fetched: Vec<String> = unheld.map(|ticker| (*ticker).to_owned()).collect();
    if supply.provider().is_some() && !fetched.is_empty() {
        return Ok(plan(&comparison, Prices::Kept { fetched }));
    }
    let study = Study::open(supply.book(), comparison).map_err(|refusal| refusal.message)?;
    if !supply.changes() {
        return Ok(plan(study.comparison(), Prices::Book));
    }
    study.refuse_if_large().map_err(|refusal| refusal.message)?;
    Ok(plan(study.comparison(), Prices::Kept { fetched }))
}

fn plan(comparison: &Comparison, prices: Prices) -> Result<Plan, serde_json::Error> {
    const CORRELATE: &str = "correlate";
    let mut tasks = Vec::with_capacity(2 * comparison.tickers.len() + 2);
    let after_prices: &[&str] = match prices {
        Prices::Book => &[],
        Prices::Kept { fetched } => {
            tasks.extend(settling(comparison, &fetched)?);
            &[PRICES]
        }
    };
    for ticker in &comparison.tickers {
        let analyse = format!("analyse:{ticker}");
        let analysis = Analysis {
            comparison: comparison.clone(),
            ticker: ticker.clone(),
        };
        let task = TaskSpec::new(analyse.as_str(), Analyst::NAME, &analysis)?;
        tasks.push(task.after(after_prices.iter().copied()));
        let audit = TaskSpec::new(
            format!("{AUDIT_PREFIX}{ticker}"),
            Auditor::NAME,
            &Audit::Analysis(analysis),
        )?;
        tasks.push(audit.after([analyse]).after(after_prices.iter().copied()));
    }
    let correlate = TaskSpec::new(CORRELATE, Correlator::NAME, comparison)?;
    tasks.push(correlate.after(after_prices.iter().copied()));
    let audit = Audit::Correlation(comparison.clone());
    // A space keeps this name apart from that of any ticker's audit: tickers are trimmed.
    tasks.push(
        TaskSpec::new(format!("{AUDIT_PREFIX} {CORRELATE}"), Auditor::NAME, &audit)?
            .after([CORRELATE])
            .after(after_prices.iter().copied()),
    );
    Ok(Plan {
        tasks,
        aggregate: TaskSpec::new("report", Reporter::NAME, comparison)?,
        check: Some(TaskSpec::new("check", Auditor::NAME, &Audit::Report)?),
    })
}

/// The tasks that fetch, and the one that keeps.
fn settling(
    comparison: &Comparison,
    fetched: &[String],
) -> Result<Vec<TaskSpec>, serde_json::Error> {
    let name = |ticker: &String| format!("{QUOTE_PREFIX}{ticker}");
    let mut tasks = Vec::with_capacity(fetched.len() + 1);
    for ticker in fetched {
        let request = PriceRequest {
            ticker: ticker.clone(),
            from: comparison.from,
            to: comparison.to,
        };
        tasks.push(TaskSpec::new(name(ticker), Quoter::NAME, &request)?);
    }
    let keep = TaskSpec::new(PRICES, Aligner::NAME, comparison)?;
    tasks.push(keep.after(fetched.iter().map(name)));
    Ok(tasks)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Shape = Vec<(String, String, Vec<String>)>;

    fn shape(prices: Prices) -> Shape {
        let comparison = Comparison {
            tickers: vec!["AAPL".to_owned(), "correlate".to_owned()],
            metrics: vec![],
            from: Some("2005-01-01".parse().unwrap()),
            to: None,
            frequency: None,
            risk_free: 0.0,
            benchmark: None,
        };
        let plan = plan(&comparison, prices).unwrap();
        assert_eq!(plan.aggregate.role, "market.reporter");
        assert_eq!(plan.check.unwrap().role, "market.auditor");
        let tasks = plan.tasks.into_iter();
        tasks
            .map(|task| (task.name, task.role, task.after))
            .collect()
    }

    fn owned(shape: &[(&str, &str, &[&str])]) -> Shape {
        shape
            .iter()
            .map(|(name, role, after)| {
                let after = after.iter().map(|name| (*name).to_owned()).collect();
                ((*name).to_owned(), format!("market.{role}"), after)
            })
            .collect()
    }

    #[test]
    fn every_analysis_is_audited_and_the_report_is_checked() {
        assert_eq!(
            shape(Prices::Book),
            owned(&[
                ("analyse:AAPL", "analyst", &[]),
                ("audit:AAPL", "auditor", &["analyse:AAPL"]),
                ("analyse:correlate", "analyst", &[]),
                ("audit:correlate", "auditor", &["analyse:correlate"]),
                ("correlate", "correlator", &[]),
                ("audit: correlate", "auditor", &["correlate"]),
            ])
        );
    }

    #[test]
    fn what_must_be_fetched_is_fetched_and_kept_before_anything_is_computed() {
        let fetched = vec!["AAPL".to_owned()];
        assert_eq!(
            shape(Prices::Kept { fetched }),
            owned(&[
                ("quote:AAPL", "quoter", &[]),
                ("prices", "aligner", &["quote:AAPL"]),
                ("analyse:AAPL", "analyst", &["prices"]),
                ("audit:AAPL", "auditor", &["analyse:AAPL", "prices"]),
                ("analyse:correlate", "analyst", &["prices"]),
                (
                    "audit:correlate",
                    "auditor",
                    &["analyse:correlate", "prices"]
                ),
                ("correlate", "correlator", &["prices"]),
                ("audit: correlate", "auditor", &["correlate", "prices"]),
            ])
        );
    }
}
