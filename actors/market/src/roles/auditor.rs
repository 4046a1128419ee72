//! Recomputes every claim by another path and verifies or refutes it; at the end checks that the report says what the
//! verified facts say. Makes no claim of its own. An audit has no effect outside, so a lost attempt is simply made again.

use std::{rc::Rc, sync::Arc};

use callboard_orchestra::{FactId, Outcome, Payload, Role, RoleContext, TaskInput};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{aligner::kept, analyst::Analysis};
use crate::{
    comparison::Comparison,
    ledger::{Figure, Ledger},
    prices::PriceBook,
    recheck::{AssetAudit, Verdict, recheck_correlation},
    report::Printed,
    study::Study,
};

/// What is to be audited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audit {
    Analysis(Analysis),
    Correlation(Comparison),
    Report,
}

/// How many figures held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AuditNote {
    pub verified: usize,
    pub refuted: usize,
}

pub struct Auditor {
    book: Arc<PriceBook>,
}

impl Auditor {
    pub fn new(book: Arc<PriceBook>) -> Self {
        Self { book }
    }
}

impl Role for Auditor {
    const NAME: &'static str = "market.auditor";
    type Task = Audit;
    type Product = AuditNote;

    async fn perform(self: Rc<Self>, audit: Audit, ctx: RoleContext) -> Outcome<AuditNote> {
        if audit == Audit::Report {
            return check(&ctx);
        }
        let claimed = match ctx.inputs().first().map(claimed) {
            Some(Ok(claimed)) => claimed,
            Some(Err(reason)) => return Outcome::Reject { reason },
            None => {
                return Outcome::Reject {
                    reason: "an audit needs the task it audits".to_owned(),
                };
            }
        };
        let book = self.book.clone();
        let kept = kept(&ctx);
        let verdicts = ctx
            .compute(move |_| judge(kept, &book, audit, &claimed))
            .await;
        match verdicts {
            Ok(verdicts) => Outcome::Done(pronounce(&verdicts, &ctx)),
            Err(reason) => Outcome::Reject { reason },
        }
    }
}

struct Claimed {
    figure: Figure,
    fact: FactId,
    value: Value,
}

fn claimed(input: &TaskInput) -> Result<Vec<Claimed>, String> {
    let ledger: Ledger = input
        .product
        .read()
        .map_err(|error| format!("{}: {error}", input.name))?;
    let claimed = ledger.entries.into_iter().map(|entry| {
        let claim = input.claims.iter().find(|claim| claim.id == entry.fact);
        let claim = claim.ok_or_else(|| {
            format!(
                "{} names {}, which it does not claim",
                input.name, entry.fact
            )
        })?;
        Ok(Claimed {
            figure: entry.figure,
            fact: entry.fact,
            value: claim.claim.value.clone(),
        })
    });
    claimed.collect()
}

fn judge(
    kept: Option<Payload>,
    book: &PriceBook,
    audit: Audit,
    claimed: &[Claimed],
) -> Result<Vec<(FactId, Verdict)>, String> {
    let open = |comparison| Study::kept_or_open(kept.as_ref(), book, comparison);
    let verdicts = match audit {
        Audit::Analysis(Analysis { comparison, ticker }) => {
            let study = open(comparison)?;
            let outside = || format!("{ticker} is no ticker of this comparison");
            let audit = study
                .basis(&ticker)
                .and_then(AssetAudit::of)
                .ok_or_else(outside)?;
            let judge = |Claimed {
                             figure,
                             fact,
                             value,
                         }: &Claimed| {
                let Figure(_, row, key) = figure;
                let verdict = match key.parse() {
                    Ok(key) if *row == ticker => audit.judge(key, value),
                    Ok(_) => Err(format!(
                        "the claim is about {row}, the analysis about {ticker}"
                    )),
                    Err(error) => Err(error.to_string()),
                };
                (*fact, verdict)
            };
            claimed.iter().map(judge).collect()
        }
        Audit::Correlation(comparison) => {
            let study = open(comparison)?;
            let closes = |ticker: &str| {
                study
                    .panel()
                    .closes(ticker)
                    .ok_or_else(|| format!("{ticker} is no ticker of this comparison"))
            };
            let judge = |Claimed {
                             figure,
                             fact,
                             value,
                         }: &Claimed| {
                let Figure(_, a, b) = figure;
                let verdict =
                    closes(a).and_then(|first| recheck_correlation(first, closes(b)?, value));
                (*fact, verdict)
            };
            claimed.iter().map(judge).collect()
        }
        Audit::Report => Vec::new(),
    };
    Ok(verdicts)
}

fn pronounce(verdicts: &[(FactId, Verdict)], ctx: &RoleContext) -> AuditNote {
    let mut note = AuditNote {
        verified: 0,
        refuted: 0,
    };
    let mut last = None;
    for (fact, verdict) in verdicts {
        match verdict {
            // A correlation stands at two places of the report and is judged at both; one confirmation is enough.
            Ok(_) if last == Some(*fact) => {}
            Ok(method) => {
                ctx.verify(*fact, method);
                note.verified += 1;
            }
            Err(reason) => {
                ctx.refute(*fact, reason);
                note.refuted += 1;
            }
        }
        last = Some(*fact);
    }
    note
}

fn check(ctx: &RoleContext) -> Outcome<AuditNote> {
    let Some(input) = ctx.inputs().first() else {
        return Outcome::Reject {
            reason: "a check needs the report".to_owned(),
        };
    };
    let printed = input
        .product
        .read::<Printed>()
        .map_err(|error| error.to_string());
    match printed.and_then(|printed| printed.check(ctx.facts())) {
        Ok(verified) => Outcome::Done(AuditNote {
            verified,
            refuted: 0,
        }),
        Err(reason) => Outcome::Reject { reason },
    }
}
