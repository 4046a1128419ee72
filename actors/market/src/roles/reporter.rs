//! Puts the result together from verified facts alone, and draws the chart.
//! Computes no figure; a refuted claim fails the report with the auditor's reason. A lost attempt is simply made again.

use std::{rc::Rc, sync::Arc};

use callboard_orchestra::{Outcome, Role, RoleContext, fact::Standing};

use super::{
    aligner::{PRICES, QUOTE_PREFIX, kept},
    planner::AUDIT_PREFIX,
};
use crate::{
    chart::{CHART_MEDIA_TYPE, CHART_NAME, draw},
    comparison::Comparison,
    ledger::{Entry, Ledger},
    prices::PriceBook,
    report::Report,
    study::Study,
};

pub struct Reporter {
    book: Arc<PriceBook>,
}

impl Reporter {
    pub fn new(book: Arc<PriceBook>) -> Self {
        Self { book }
    }
}

impl Role for Reporter {
    const NAME: &'static str = "market.reporter";
    type Task = Comparison;
    type Product = Report;

    async fn perform(self: Rc<Self>, comparison: Comparison, ctx: RoleContext) -> Outcome<Report> {
        match self.report(comparison, &ctx).await {
            Ok(report) => Outcome::Done(report),
            Err(reason) => Outcome::Reject { reason },
        }
    }
}

impl Reporter {
    async fn report(&self, comparison: Comparison, ctx: &RoleContext) -> Result<Report, String> {
        let entries = entries(ctx)?;
        let (kept, book, facts) = (kept(ctx), self.book.clone(), ctx.facts().to_vec());
        let written = ctx.compute(move |_| {
            let study = Study::kept_or_open(kept.as_ref(), &book, comparison)?;
            let report = Report::of(&study, &entries, &facts).map_err(|error| error.to_string())?;
            let chart = draw(study.panel()).map_err(|error| error.to_string())?;
            Ok::<_, String>((report, chart))
        });
        let (report, chart) = written.await?;
        for quoted in &report.facts {
            ctx.quote(quoted.fact.id());
        }
        ctx.artifact(CHART_NAME, CHART_MEDIA_TYPE, chart.into_bytes());
        Ok(report)
    }
}

/// Whether a task of that name claims figures.
fn is_ledger(name: &str) -> bool {
    name != PRICES
        && ![AUDIT_PREFIX, QUOTE_PREFIX]
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

/// The entries of every executor's ledger. Errors with the reasons of refuted claims.
fn entries(ctx: &RoleContext) -> Result<Vec<Entry>, String> {
    let executors = || ctx.inputs().iter().filter(|input| is_ledger(&input.name));
    let refuted: Vec<&str> = executors()
        .flat_map(|input| &input.claims)
        .filter_map(|fact| match &fact.standing {
            Standing::Refuted { reason, .. } => Some(reason.as_str()),
            Standing::Claimed | Standing::Verified { .. } => None,
        })
        .collect();
    if !refuted.is_empty() {
        return Err(format!(
            "{} claims were refuted: {}",
            refuted.len(),
            refuted.join("; ")
        ));
    }
    let mut entries = Vec::new();
    for input in executors() {
        let ledger: Ledger = input
            .product
            .read()
            .map_err(|error| format!("{}: {error}", input.name))?;
        entries.extend(ledger.entries);
    }
    Ok(entries)
}
