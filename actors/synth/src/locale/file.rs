//! A locale file as it is written. Shares are relative weights unless the field says more.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocaleFile {
    pub name: String,
    /// ISO 4217.
    pub currency: String,
    pub utc_offset_minutes: i16,
    /// What phone numbers start with.
    pub phone_prefix: String,
    /// Digits that follow it.
    pub phone_digits: usize,
    pub postal_digits: usize,
    pub email_domains: Vec<String>,
    /// Four letters that begin branch codes; no bank has them.
    pub bank_codes: Vec<String>,
    /// First six digits of card numbers, from the ranges that processors publish for tests.
    pub card_prefixes: Vec<String>,
    /// Share of customers with an account abroad.
    pub iban_share: f64,
    /// Columns of national numbers that are filled.
    pub identifiers: Vec<String>,
    /// Monday to Sunday.
    pub weekdays: [f64; 7],
    /// January to December.
    pub months: [f64; 12],
    /// Day of the month and weight of the customers paid on it.
    pub salary_days: Vec<(u8, f64)>,
    pub segments: Vec<Segment>,
    pub categories: Vec<CategoryFile>,
    /// Weight of each typology among episodes of fraud, by name.
    pub frauds: BTreeMap<String, f64>,
    pub states: Vec<StateFile>,
    pub names: PersonNames,
}

/// A way of life.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    pub name: String,
    pub weight: f64,
    /// Transactions relative to other segments.
    pub activity: f64,
    /// Shift of the rank of amounts, in standard deviations.
    pub spend: f64,
    /// Youngest and oldest, in years.
    pub age: (u8, u8),
    /// Share of customers who travel.
    pub travel: f64,
    /// Share with a salary.
    pub salaried: f64,
}

/// Who is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payee {
    Merchant,
    Customer,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryFile {
    pub name: String,
    pub payee: Payee,
    pub share: f64,
    /// Mean amount in the currency.
    pub mean_ticket: f64,
    /// Standard deviation of the logarithm of amounts.
    pub spread: f64,
    /// Largest amount as a multiple of the mean.
    pub ceiling: f64,
    /// Probability of an amount without a fraction.
    pub whole_share: f64,
    /// Probability of a round amount: 50, 500, 20,000.
    pub round_share: f64,
    /// Whether merchants serve the whole country rather than their city.
    #[serde(default)]
    pub national: bool,
    /// Share of payments that repeat every month.
    #[serde(default)]
    pub recurring: f64,
    /// Midnight to 23 h.
    pub hours: [f64; 24],
    /// Name, weight, whether the payer stands before the payee.
    pub channels: Vec<(String, f64, bool)>,
    /// Trade, category code, weight, shift of the rank of amounts.
    #[serde(default)]
    pub merchants: Vec<(String, String, f64, f64)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateFile {
    pub name: String,
    /// In tax numbers or addresses.
    pub code: String,
    pub share: f64,
    pub cities: Vec<Place>,
}

/// Name, latitude, longitude, weight and start of the postal code.
pub type Place = (String, f64, f64, f64, String);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonNames {
    pub male: Vec<String>,
    pub female: Vec<String>,
    pub family: Vec<String>,
    /// First words of merchants' names.
    pub shop: Vec<String>,
}
