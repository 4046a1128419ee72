//! A provider of prices that answers CSV over HTTP.
//!
//! Never retries: what may pass is answered as unavailable, and the task's policy decides. Neither errors nor facts show
//! the query of the URL, where keys lie.

use std::time::Duration;

use callboard_market::prices::{PriceProvider, PriceRequest, PriceText, Provided, ProviderError};
use callboard_orchestra::time::Timestamp;
use chrono::{DateTime, NaiveDate};
use reqwest::{Client, Response, StatusCode, Url, header::RETRY_AFTER};
use sha2::{Digest, Sha256};

use super::{cache::Cache, template::UrlTemplate};
use crate::{
    answer_body::body_within,
    config::MarketConfig,
    outbound::{ForbiddenAddress, Outbound},
    spans::with_traceparent,
};

const CONNECT_MAX: Duration = Duration::from_secs(5);
const REDIRECTS_MAX: usize = 3;
/// Longest `Retry-After` that is honoured.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(600);

/// The HTTP client cannot be built.
#[derive(Debug, thiserror::Error)]
#[error("cannot make an HTTP client for market.price_url")]
pub struct ClientError(#[from] reqwest::Error);

pub struct HttpPrices {
    template: UrlTemplate,
    client: Client,
    outbound: Outbound,
    timeout: Duration,
    bytes_max: usize,
    cache: Cache,
}

impl HttpPrices {
    /// `None` when no provider is configured.
    pub fn of(config: &MarketConfig, outbound: &Outbound) -> Result<Option<Self>, ClientError> {
        // A template that is none was refused with the configuration.
        let Ok(template) = UrlTemplate::parse(&config.price_url) else {
            return Ok(None);
        };
        let client = outbound
            .client()
            .connect_timeout(CONNECT_MAX.min(config.price_timeout))
            .timeout(config.price_timeout)
            .redirect(outbound.redirects(REDIRECTS_MAX))
            .build()?;
        Ok(Some(Self {
            template,
            client,
            outbound: outbound.clone(),
            timeout: config.price_timeout,
            bytes_max: config.price_bytes_max.get(),
            cache: Cache::new(config.price_cache_ttl, config.price_cache_bytes_max),
        }))
    }

    async fn ask(&self, request: &PriceRequest, url: Url) -> Result<PriceText, ProviderError> {
        let ticker = request.ticker.as_str();
        let shown = without_query(&url);
        let failed = |error| self.unanswered(ticker, &shown, error);
        if let Err(error) = self.outbound.check(&url) {
            let why = format!("the prices of {ticker} from {shown}: {error}");
            return Err(ProviderError::Refused(why));
        }
        let request = with_traceparent(self.client.get(url));
        let response = request.send().await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(refusal(ticker, &shown, &response));
        }
        let csv = self.body(ticker, &shown, response).await?;
        let hash = hex::encode(Sha256::digest(&csv));
        Ok(PriceText {
            csv: csv.into(),
            source: format!("{shown}, sha256 {hash}"),
        })
    }

    async fn body(
        &self,
        ticker: &str,
        shown: &str,
        response: Response,
    ) -> Result<Vec<u8>, ProviderError> {
        let bytes_max = self.bytes_max;
        let too_large = || {
            ProviderError::Refused(format!(
                "the prices of {ticker} from {shown} have more than {bytes_max} bytes"
            ))
        };
        let failed = |error| self.unanswered(ticker, shown, error);
        let body = body_within(response, bytes_max).await.map_err(failed)?;
        body.ok_or_else(too_large)
    }

    fn unanswered(&self, ticker: &str, shown: &str, error: reqwest::Error) -> ProviderError {
        if error.is_redirect() || ForbiddenAddress::caused(&error) {
            let why = causes(&error.without_url());
            return ProviderError::Refused(format!("the prices of {ticker} from {shown}: {why}"));
        }
        let why = if error.is_timeout() {
            format!("no answer within {} ms", self.timeout.as_millis())
        } else {
            causes(&error.without_url())
        };
        ProviderError::Unavailable {
            cause: format!("the prices of {ticker} cannot be fetched from {shown}: {why}"),
            after: None,
        }
    }
}

impl PriceProvider for HttpPrices {
    fn fetch<'a>(&'a self, request: &'a PriceRequest) -> Provided<'a> {
        let today = today();
        let url = self.template.of(request, today);
        let key = url.to_string();
        Box::pin(async move {
            let mut outcome = "cached";
            let answered = self
                .cache
                .get_or(&key, async {
                    outcome = "fetched";
                    self.ask(request, url).await
                })
                .await;
            let outcome = match &answered {
                Ok(_) => outcome,
                Err(ProviderError::Unavailable { .. }) => "unavailable",
                Err(ProviderError::Refused(_)) => "refused",
            };
            metrics::counter!("callboard_price_requests_total", "outcome" => outcome).increment(1);
            answered
        })
    }
}

/// In UTC.
fn today() -> NaiveDate {
    let now = DateTime::from_timestamp_millis(Timestamp::now().millis());
    now.map_or(NaiveDate::MAX, |now| now.date_naive())
}

/// What an answer that is not OK means.
fn refusal(ticker: &str, shown: &str, response: &Response) -> ProviderError {
    let status = response.status();
    let after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(|seconds| Duration::from_secs(seconds).min(RETRY_AFTER_MAX));
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            ProviderError::Refused(format!("unknown ticker {ticker}: {shown} answers {status}"))
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            unavailable(ticker, shown, status, after)
        }
        status if status.is_server_error() => unavailable(ticker, shown, status, after),
        status => ProviderError::Refused(format!(
            "the price provider refuses {ticker}: {shown} answers {status}"
        )),
    }
}

fn unavailable(
    ticker: &str,
    shown: &str,
    status: StatusCode,
    after: Option<Duration>,
) -> ProviderError {
    ProviderError::Unavailable {
        cause: format!("the prices of {ticker} cannot be fetched: {shown} answers {status}"),
        after,
    }
}

/// Scheme, host and path.
fn without_query(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    // Both fail only for URLs without a host.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.to_string()
}

/// An error with its causes.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
