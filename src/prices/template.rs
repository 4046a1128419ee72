//! The URL of a provider, with places for what is asked.

use callboard_market::prices::PriceRequest;
use chrono::NaiveDate;
use reqwest::Url;

const TICKER: &str = "{ticker}";
const FROM: &str = "{from}";
const TO: &str = "{to}";
/// What an open start of a window asks for.
const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a date");

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("must be a URL such as https://prices.example/{{ticker}}.csv?from={{from}}&to={{to}}")]
    NoUrl,
    #[error("must begin with https:// or http://")]
    Scheme,
    #[error("must have {{ticker}} in its path or query")]
    NoTicker,
    #[error("has {{{0}}}, and only {{ticker}}, {{from}} and {{to}} are filled in")]
    Unknown(String),
}

/// A URL with `{ticker}`, and `{from}` and `{to}` if the provider takes a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlTemplate(String);

impl UrlTemplate {
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            if !["ticker", "from", "to"].contains(&name) {
                return Err(TemplateError::Unknown(name.to_owned()));
            }
            rest = after;
        }
        let template = Self(text.to_owned());
        let day = FIRST_DAY.to_string();
        let [one, other] = ["A", "B"].map(|ticker| template.filled(ticker, &day, &day));
        let (one, other) = (
            one.ok_or(TemplateError::NoUrl)?,
            other.ok_or(TemplateError::NoUrl)?,
        );
        if !["http", "https"].contains(&one.scheme()) || one.host_str().is_none() {
            return Err(TemplateError::Scheme);
        }
        let place = |url: &Url| (url.path().to_owned(), url.query().map(str::to_owned));
        if place(&one) == place(&other) || one.host_str() != other.host_str() {
            return Err(TemplateError::NoTicker);
        }
        Ok(template)
    }

    /// The URL that answers a request; a window open at its end goes to `today`.
    pub fn of(&self, request: &PriceRequest, today: NaiveDate) -> Url {
        let from = request.from.unwrap_or(FIRST_DAY).to_string();
        let to = request.to.unwrap_or(today).to_string();
        let filled = self.filled(&encoded(&request.ticker), &from, &to);
        filled.expect(
            "the template is a URL whatever is filled in: nothing in it has a meaning there",
        )
    }

    /// The server alone: no path and no query, in which keys may lie.
    pub fn origin(&self) -> Url {
        let day = FIRST_DAY.to_string();
        let mut url = self
            .filled("A", &day, &day)
            .expect("the template is a URL whatever is filled in");
        url.set_path("/");
        url.set_query(None);
        url.set_fragment(None);
        url
    }

    fn filled(&self, ticker: &str, from: &str, to: &str) -> Option<Url> {
        let text = self.0.replace(TICKER, ticker);
        Url::parse(&text.replace(FROM, from).replace(TO, to)).ok()
    }
}

/// Every byte but letters, digits, `-`, `.` and `_` as `%` and two digits.
fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    text.bytes()
        .map(|b| match plain(b) {
            true => char::from(b).to_string(),
            false => format!("%{b:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(ticker: &str) -> PriceRequest {
        PriceRequest {
            ticker: ticker.to_owned(),
            from: Some("2015-01-02".parse().unwrap()),
            to: None,
        }
    }

    #[test]
    fn the_places_are_filled_and_marks_in_a_ticker_have_no_meaning() {
        let template =
            UrlTemplate::parse("https://p.example/v1/{ticker}.csv?from={from}&to={to}&key=x")
                .unwrap();
        let today = "2026-11-21".parse().unwrap();
        let of = |ticker: &str| template.of(&request(ticker), today).to_string();
        assert_eq!(
            of("BRK.B"),
            "https://p.example/v1/BRK.B.csv?from=2015-01-02&to=2026-11-21&key=x"
        );
        assert!(of("^GSPC").starts_with("https://p.example/v1/%5EGSPC.csv?"));
        assert!(of("../a?b#c").starts_with("https://p.example/v1/..%2Fa%3Fb%23c.csv?"));
        let open = PriceRequest {
            from: None,
            ..request("A")
        };
        assert!(
            template
                .of(&open, today)
                .as_str()
                .contains("from=1970-01-01")
        );
    }

    #[test]
    fn what_is_no_template_is_refused_with_its_fault() {
        for (text, fault) in [
            ("prices/{ticker}.csv", TemplateError::NoUrl),
            ("ftp://h/{ticker}", TemplateError::Scheme),
            ("https://h/all.csv", TemplateError::NoTicker),
            ("https://{ticker}.h/x.csv", TemplateError::NoTicker),
            (
                "https://h/{ticker}#{symbol}",
                TemplateError::Unknown("symbol".to_owned()),
            ),
        ] {
            assert_eq!(UrlTemplate::parse(text), Err(fault), "{text}");
        }
    }
}
