//! Settles the prices of a job: aligns what the book holds and what was fetched, for every later task to compute on.
//! Computes no figure. Its product keeps the prices in the job, so a lost attempt is simply made again, and what becomes of
//! the book or the provider afterwards is of no matter.

use std::{rc::Rc, sync::Arc};

use callboard_orchestra::{Outcome, Payload, Role, RoleContext, TaskInput};

use crate::{
    comparison::Comparison,
    prices::{PriceBook, Quote, Supply},
    study::Study,
};

/// The name of the task that settles the prices.
pub const PRICES: &str = "prices";
/// The name prefix of tasks that fetch.
pub const QUOTE_PREFIX: &str = "quote:";

/// The prices that the job of a task keeps; `None` in a job whose book never changes.
pub fn kept(ctx: &RoleContext) -> Option<Payload> {
    let settled = ctx.inputs().iter().find(|input| input.name == PRICES);
    settled.map(|input| input.product.clone())
}

pub struct Aligner {
    supply: Supply,
}

impl Aligner {
    pub fn new(supply: Supply) -> Self {
        Self { supply }
    }
}

impl Role for Aligner {
    const NAME: &'static str = "market.aligner";
    type Task = Comparison;
    type Product = Study;

    async fn perform(self: Rc<Self>, comparison: Comparison, ctx: RoleContext) -> Outcome<Study> {
        let (book, fetched) = (self.supply.book().clone(), Arc::from(ctx.inputs()));
        match ctx
            .compute(move |_| settle(&book, &fetched, comparison))
            .await
        {
            Ok(study) => Outcome::Done(study),
            Err(reason) => Outcome::Reject { reason },
        }
    }
}

fn settle(
    book: &PriceBook,
    fetched: &[TaskInput],
    comparison: Comparison,
) -> Result<Study, String> {
    let quotes: Vec<Quote> = fetched
        .iter()
        .map(|input| {
            let quote = input.product.read();
            quote.map_err(|error| format!("{}: {error}", input.name))
        })
        .collect::<Result<_, _>>()?;
    let aligned = comparison.aligned();
    let held = aligned.iter().filter_map(|ticker| {
        let source = book.source_of(ticker);
        Some(book.series(ticker)?.clone().from_source(source))
    });
    let is_held = aligned.iter().any(|ticker| book.series(ticker).is_some());
    let rows_dropped = quotes.iter().map(|quote| quote.rows_dropped).sum::<usize>()
        + if is_held { book.rows_dropped() } else { 0 };
    let slash_order = quotes.iter().find_map(|quote| quote.slash_order);
    let series = held.chain(quotes.into_iter().map(|quote| quote.series));
    let settled = PriceBook::new(book.source(), series)
        .with_rows_dropped(rows_dropped)
        .with_slash_order(slash_order.or(book.slash_order()));
    let study = Study::open(&settled, comparison).map_err(|refusal| refusal.message)?;
    study.refuse_if_large().map_err(|refusal| refusal.message)?;
    Ok(study)
}
