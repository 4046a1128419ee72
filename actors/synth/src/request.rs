//! What a caller asks for, as it comes, and its validation into a [`Spec`].

use chrono::{Datelike as _, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    locale::Locale,
    refusal::{Refusal, RefusalCode},
    spec::Spec,
};

/// Rows of one data set.
pub const ROWS_MAX: u64 = 10_000_000_000;
/// Days of one period.
pub const PERIOD_DAYS_MAX: i64 = 36_525;
/// As many as keys of merchants have numbers.
const MERCHANT_ROWS_MAX: u64 = 10_000_000;
/// Merchants that one data set's transactions may refer to.
pub const MERCHANTS_MAX: u32 = 200_000;
/// Above this share, fraud is no longer the exception that its typologies describe.
pub const FRAUD_RATE_MAX: f64 = 0.5;
/// Years that a timestamp can state in four digits.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=9999;

/// A kind of record.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Entity {
    Customers,
    Merchants,
    Transactions,
}

impl Entity {
    pub const ALL: [Self; 3] = [Self::Customers, Self::Merchants, Self::Transactions];

    /// Its name in paths and file names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Merchants => "merchants",
            Self::Transactions => "transactions",
        }
    }
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Csv,
    Jsonl,
    Parquet,
}

impl Format {
    /// The ending of a file's name, without the dot.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }
}

impl Format {
    /// Refuses a compression that files of the format do not take.
    pub(crate) fn check(self, compression: Compression) -> Result<(), Refusal> {
        if self != Self::Parquet || compression != Compression::Gzip {
            return Ok(());
        }
        let message =
            "a Parquet file compresses its own pages: leave compression out, or set it to zstd";
        Err(Refusal::new(
            RefusalCode::InvalidCompression,
            "compression",
            message,
        ))
    }
}

/// How a file is compressed as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

/// A data set as a caller describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    pub entity: Entity,
    /// Number of rows.
    pub rows: u64,
    /// Names one of 2^64 data sets: the same seed gives the same bytes.
    pub seed: u64,
    pub format: Format,
    pub compression: Compression,
    /// The country whose figures are followed: `in` or `us`.
    pub locale: String,
    /// Share of fraudulent transactions, 0 to 0.5.
    pub fraud_rate: f64,
    /// Share of empty cells in columns that may be empty, 0 to 1.
    pub missing_rate: f64,
    /// Share of rows with one corrupted cell, 0 to 1.
    pub dirty_rate: f64,
    /// First day of the transactions.
    pub from: NaiveDate,
    /// Last day of the transactions.
    pub to: NaiveDate,
    /// Number of merchants that transactions refer to.
    pub merchants: u32,
}

impl Default for Request {
    /// A thousand transactions in the quarter that the Indian figures describe.
    fn default() -> Self {
        let day = |month, day| NaiveDate::from_ymd_opt(2024, month, day).expect("a day of 2024");
        Self {
            entity: Entity::Transactions,
            rows: 1_000,
            seed: 0,
            format: Format::Csv,
            compression: Compression::None,
            locale: "in".to_owned(),
            fraud_rate: 0.01,
            missing_rate: 0.0,
            dirty_rate: 0.0,
            from: day(10, 1),
            to: day(12, 31),
            merchants: 5_000,
        }
    }
}

impl Request {
    /// Validates every field and builds nothing; the refusal names the first field at fault.
    pub fn accept(self) -> Result<Accepted, Refusal> {
        if !(1..=ROWS_MAX).contains(&self.rows) {
            let message = format!("rows must be between 1 and {ROWS_MAX}, not {}", self.rows);
            return Err(Refusal::new(RefusalCode::InvalidRows, "rows", message));
        }
        if self.entity == Entity::Merchants && self.rows > MERCHANT_ROWS_MAX {
            let message = format!(
                "rows of merchants must be at most {MERCHANT_ROWS_MAX}, not {}",
                self.rows
            );
            return Err(Refusal::new(RefusalCode::InvalidRows, "rows", message));
        }
        if !Locale::names().contains(&self.locale.as_str()) {
            let known = Locale::names().join(", ");
            let message = format!("unknown locale {:?}; known are: {known}", self.locale);
            return Err(Refusal::new(RefusalCode::UnknownLocale, "locale", message));
        }
        let rates = [
            ("fraud_rate", self.fraud_rate, FRAUD_RATE_MAX),
            ("missing_rate", self.missing_rate, 1.0),
            ("dirty_rate", self.dirty_rate, 1.0),
        ];
        for (field, rate, max) in rates {
            if !(0.0..=max).contains(&rate) {
                let message = format!("{field} must be between 0 and {max}, not {rate}");
                return Err(Refusal::new(RefusalCode::InvalidRate, field, message));
            }
        }
        self.check_period()?;
        if !(1..=MERCHANTS_MAX).contains(&self.merchants) {
            let message = format!(
                "merchants must be between 1 and {MERCHANTS_MAX}, not {}",
                self.merchants
            );
            return Err(Refusal::new(
                RefusalCode::InvalidMerchants,
                "merchants",
                message,
            ));
        }
        self.format.check(self.compression)?;
        Ok(Accepted(self))
    }

    /// Validates every field and builds what rows are drawn from; the refusal names the first field at fault.
    pub fn resolve(self) -> Result<Spec, Refusal> {
        self.accept().map(Accepted::resolve)
    }

    fn check_period(&self) -> Result<(), Refusal> {
        let refuse = |field, message| Err(Refusal::new(RefusalCode::InvalidPeriod, field, message));
        for (field, date) in [("from", self.from), ("to", self.to)] {
            if !YEARS.contains(&date.year()) {
                let (first, last) = (YEARS.start(), YEARS.end());
                return refuse(
                    field,
                    format!("{field} must lie in the years {first} to {last}, not {date}"),
                );
            }
        }
        let days = (self.to - self.from).num_days() + 1;
        if days < 1 {
            return refuse(
                "to",
                format!(
                    "to must not be before from: {} is before {}",
                    self.to, self.from
                ),
            );
        }
        if days > PERIOD_DAYS_MAX {
            return refuse(
                "to",
                format!("the period must not exceed {PERIOD_DAYS_MAX} days, not {days}"),
            );
        }
        Ok(())
    }
}

/// A request whose fields are all within their bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted(Request);

impl Accepted {
    pub fn request(&self) -> &Request {
        &self.0
    }

    /// Builds what rows are drawn from. With the most merchants and days that takes tens of milliseconds of a processor:
    /// not for a thread that others wait for.
    pub fn resolve(self) -> Spec {
        let locale = Locale::of(&self.0.locale).expect("an accepted request names a locale");
        Spec::new(self.0, locale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(change: impl FnOnce(&mut Request)) -> Refusal {
        let mut request = Request::default();
        change(&mut request);
        request.resolve().unwrap_err()
    }

    #[test]
    fn a_request_of_defaults_is_accepted() {
        let spec = Request::default().resolve().unwrap();
        assert_eq!(spec.request(), &Request::default());
        assert_eq!(
            serde_json::from_str::<Request>("{}").unwrap(),
            Request::default()
        );
    }

    #[test]
    fn a_refusal_names_the_field_at_fault() {
        let date = |text: &str| text.parse::<NaiveDate>().unwrap();
        type Case = (RefusalCode, &'static str, fn(&mut Request));
        let cases: [Case; 10] = [
            (RefusalCode::InvalidRows, "rows", |request| request.rows = 0),
            (RefusalCode::InvalidRows, "rows", |request| {
                request.rows = 1_000_000_000_000
            }),
            (RefusalCode::InvalidRate, "fraud_rate", |request| {
                request.fraud_rate = 1.5
            }),
            (RefusalCode::InvalidRate, "fraud_rate", |request| {
                request.fraud_rate = f64::NAN
            }),
            (RefusalCode::InvalidRate, "missing_rate", |request| {
                request.missing_rate = -0.1
            }),
            (RefusalCode::InvalidRate, "dirty_rate", |request| {
                request.dirty_rate = 1.01
            }),
            (RefusalCode::InvalidMerchants, "merchants", |request| {
                request.merchants = 0
            }),
            (RefusalCode::InvalidMerchants, "merchants", |request| {
                request.merchants = MERCHANTS_MAX + 1
            }),
            (RefusalCode::UnknownLocale, "locale", |request| {
                request.locale = "mars".to_owned()
            }),
            (RefusalCode::InvalidCompression, "compression", |request| {
                request.format = Format::Parquet;
                request.compression = Compression::Gzip;
            }),
        ];
        for (code, field, change) in cases {
            let refusal = refusal(change);
            assert_eq!((refusal.code, refusal.field), (code, field), "{refusal}");
            assert!(refusal.message.contains(field), "{refusal}");
        }
        for (field, from, to) in [
            ("to", "2024-10-02", "2024-10-01"),
            ("to", "1950-01-01", "2060-01-01"),
            ("from", "1850-01-01", "1850-01-02"),
        ] {
            let refusal = refusal(|request| (request.from, request.to) = (date(from), date(to)));
            assert_eq!(
                (refusal.code, refusal.field),
                (RefusalCode::InvalidPeriod, field)
            );
        }
    }

    #[test]
    fn an_unknown_locale_is_told_the_known_ones() {
        let refusal = refusal(|request| request.locale = "IN".to_owned());
        assert_eq!(refusal.message, "unknown locale \"IN\"; known are: in, us");
    }

    #[test]
    fn an_unknown_field_is_refused_by_name() {
        let error = serde_json::from_str::<Request>(r#"{"row": 5}"#).unwrap_err();
        assert!(
            error.to_string().starts_with("unknown field `row`"),
            "{error}"
        );
    }
}
