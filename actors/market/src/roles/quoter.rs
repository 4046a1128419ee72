//! Asks the provider for the prices of one ticker, once. Judges no price: what cannot be read is rejected. A fetch changes
//! nothing outside, so a lost attempt is simply made again; what a provider that does not answer costs is an attempt, and
//! the role's breaker lets the others wait.

use std::{rc::Rc, time::Duration};

use callboard_orchestra::{Outcome, RetryPolicy, Role, RoleContext, RoleProfile};

use crate::prices::{PriceRequest, ProviderError, Quote, Supply};

pub struct Quoter {
    supply: Supply,
}

impl Quoter {
    pub fn new(supply: Supply) -> Self {
        Self { supply }
    }
}

impl Role for Quoter {
    const NAME: &'static str = "market.quoter";
    type Task = PriceRequest;
    type Product = Quote;

    fn profile() -> RoleProfile {
        RoleProfile {
            workers: 1,
            concurrency: 8,
            // Above the longest wait for an answer that the configuration allows.
            timeout: Duration::from_secs(150),
            retry: RetryPolicy {
                base: Duration::from_millis(500),
                ..RetryPolicy::default()
            },
            breaks_on_retry: true,
            ..RoleProfile::default()
        }
    }

    async fn perform(self: Rc<Self>, request: PriceRequest, ctx: RoleContext) -> Outcome<Quote> {
        let Some(provider) = self.supply.provider() else {
            let ticker = &request.ticker;
            return Outcome::Reject {
                reason: format!(
                    "prices of {ticker} must be fetched, and no price provider is configured"
                ),
            };
        };
        let text = match provider.fetch(&request).await {
            Ok(text) => text,
            Err(ProviderError::Unavailable { cause, after }) => {
                return Outcome::Retry { after, cause };
            }
            Err(ProviderError::Refused(reason)) => return Outcome::Reject { reason },
        };
        match ctx.compute(move |_| Quote::read(&request, &text)).await {
            Ok(quote) => Outcome::Done(quote),
            Err(reason) => Outcome::Reject { reason },
        }
    }
}
