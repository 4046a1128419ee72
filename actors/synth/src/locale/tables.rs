//! A locale compiled: shares as tables, degrees as millionths, and who lives where.

use std::sync::LazyLock;

use super::file::{CategoryFile, LocaleFile, Payee, PersonNames, Segment};
use crate::{amount::Amounts, clock::TimeOfDay, pick::Pick, typology::Typology};

/// States with less than this share are drawn together; a block has too few customers to give each its own.
const MINOR_SHARE: f64 = 1.0 / 128.0;
const MICRODEGREES: f64 = 1e6;

const FILES: [&str; 2] = [
    include_str!("../../locales/in.toml"),
    include_str!("../../locales/us.toml"),
];
/// The names in the files, which are read when a row is first made.
const NAMES: [&str; 2] = ["in", "us"];
static LOCALES: LazyLock<Vec<Locale>> = LazyLock::new(|| {
    let read = |text| toml::from_str(text).expect("a test reads every embedded locale");
    FILES.into_iter().map(read).map(Locale::new).collect()
});

/// A country to draw from.
#[derive(Debug)]
pub struct Locale {
    pub name: String,
    pub currency: String,
    pub utc_offset_minutes: i16,
    /// As in RFC 3339: `+05:30`.
    pub utc_offset: String,
    pub phone_prefix: String,
    pub phone_digits: usize,
    pub postal_digits: usize,
    pub email_domains: Vec<String>,
    pub bank_codes: Vec<String>,
    pub card_prefixes: Vec<String>,
    pub iban_share: f64,
    pub identifiers: Vec<String>,
    pub weekdays: [f64; 7],
    pub months: [f64; 12],
    pub salary_days: Vec<u8>,
    pub salary_pick: Pick,
    pub segments: Vec<Segment>,
    pub segment_pick: Pick,
    pub categories: Vec<Category>,
    /// Categories by their share of merchants.
    pub trading_pick: Pick,
    pub states: Vec<State>,
    /// Those with a share of their own in every block, and the others; indices of `states`.
    pub major_states: Vec<u8>,
    pub minor_states: Vec<u8>,
    pub cities: Vec<City>,
    /// Cities by their share of the whole country.
    pub city_pick: Pick,
    pub fraud_pick: Pick,
    pub names: PersonNames,
}

#[derive(Debug)]
pub struct State {
    pub name: String,
    pub code: String,
    /// Of all transactions.
    pub share: f64,
    /// Index of its first city.
    pub first_city: u16,
    pub city_pick: Pick,
}

#[derive(Debug)]
pub struct City {
    pub name: String,
    pub state: u8,
    /// Millionths of a degree.
    pub lat: i32,
    pub lon: i32,
    pub postal: String,
}

#[derive(Debug)]
pub struct Category {
    pub name: String,
    pub payee: Payee,
    /// Of all transactions.
    pub share: f64,
    /// In units of the currency.
    pub mean_ticket: f64,
    pub amounts: Amounts,
    pub whole_share: f64,
    pub round_share: f64,
    pub national: bool,
    pub recurring: f64,
    pub time: TimeOfDay,
    pub channels: Vec<Channel>,
    pub channel_pick: Pick,
    pub trades: Vec<Trade>,
    /// Absent where customers are paid.
    pub trade_pick: Option<Pick>,
}

/// A way to pay.
#[derive(Debug)]
pub struct Channel {
    pub name: String,
    /// Whether the payer stands before the payee.
    pub in_person: bool,
}

/// A kind of merchant.
#[derive(Debug)]
pub struct Trade {
    pub name: String,
    pub mcc: String,
    /// Shift of the rank of amounts, in standard deviations.
    pub shift: f64,
}

impl Locale {
    /// The locale of a name.
    pub fn of(name: &str) -> Option<&'static Self> {
        LOCALES.iter().find(|locale| locale.name == name)
    }

    /// The names of all locales.
    pub const fn names() -> &'static [&'static str] {
        &NAMES
    }

    /// Whether a column of national numbers is filled.
    pub fn has(&self, identifier: &str) -> bool {
        self.identifiers.iter().any(|name| name == identifier)
    }

    fn new(file: LocaleFile) -> Self {
        let whole: f64 = file.states.iter().map(|state| state.share).sum();
        let (mut states, mut cities, mut city_weights) = (Vec::new(), Vec::new(), Vec::new());
        for (index, state) in file.states.into_iter().enumerate() {
            let weights: Vec<f64> = state.cities.iter().map(|city| city.3).collect();
            let sum: f64 = weights.iter().sum();
            city_weights.extend(weights.iter().map(|weight| state.share * weight / sum));
            states.push(State {
                name: state.name,
                code: state.code,
                share: state.share / whole,
                first_city: cities.len() as u16,
                city_pick: Pick::new(weights),
            });
            cities.extend(
                state
                    .cities
                    .into_iter()
                    .map(|(name, lat, lon, _, postal)| City {
                        name,
                        state: index as u8,
                        lat: (lat * MICRODEGREES) as i32,
                        lon: (lon * MICRODEGREES) as i32,
                        postal,
                    }),
            );
        }
        let (major_states, minor_states) = (0..states.len() as u8)
            .partition(|state| states[usize::from(*state)].share >= MINOR_SHARE);
        let share: f64 = file.categories.iter().map(|category| category.share).sum();
        // A category of few payments still has merchants to choose from.
        let trading = |category: &CategoryFile| match category.payee {
            Payee::Merchant => libm::sqrt(category.share / share),
            Payee::Customer => 0.0,
        };
        let trading_pick = Pick::new(file.categories.iter().map(trading));
        let categories = file.categories.into_iter().map(|category| Category {
            amounts: Amounts::new(category.mean_ticket, category.spread, category.ceiling),
            name: category.name,
            payee: category.payee,
            share: category.share / share,
            mean_ticket: category.mean_ticket,
            whole_share: category.whole_share,
            round_share: category.round_share,
            national: category.national,
            recurring: category.recurring,
            time: TimeOfDay::new(&category.hours),
            channel_pick: Pick::new(category.channels.iter().map(|channel| channel.1)),
            channels: category
                .channels
                .into_iter()
                .map(|(name, _, in_person)| Channel { name, in_person })
                .collect(),
            trade_pick: (category.payee == Payee::Merchant)
                .then(|| Pick::new(category.merchants.iter().map(|trade| trade.2))),
            trades: category
                .merchants
                .into_iter()
                .map(|(name, mcc, _, shift)| Trade { name, mcc, shift })
                .collect(),
        });
        let fraud_weight =
            |typology: &Typology| file.frauds.get(typology.as_str()).copied().unwrap_or(0.0);
        let (sign, minutes) = match file.utc_offset_minutes {
            minutes @ ..0 => ('-', -minutes),
            minutes => ('+', minutes),
        };
        Self {
            name: file.name,
            currency: file.currency,
            utc_offset_minutes: file.utc_offset_minutes,
            utc_offset: format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60),
            phone_prefix: file.phone_prefix,
            phone_digits: file.phone_digits,
            postal_digits: file.postal_digits,
            email_domains: file.email_domains,
            bank_codes: file.bank_codes,
            card_prefixes: file.card_prefixes,
            iban_share: file.iban_share,
            identifiers: file.identifiers,
            weekdays: file.weekdays,
            months: file.months,
            salary_pick: Pick::new(file.salary_days.iter().map(|day| day.1)),
            salary_days: file.salary_days.into_iter().map(|day| day.0).collect(),
            segment_pick: Pick::new(file.segments.iter().map(|segment| segment.weight)),
            segments: file.segments,
            categories: categories.collect(),
            trading_pick,
            states,
            major_states,
            minor_states,
            cities,
            city_pick: Pick::new(city_weights),
            fraud_pick: Pick::new(Typology::ALL.iter().map(fraud_weight)),
            names: file.names,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_locale_is_whole() {
        let names: Vec<&str> = LOCALES.iter().map(|locale| locale.name.as_str()).collect();
        assert_eq!(Locale::names(), names);
        for locale in LOCALES.iter() {
            let shares: f64 = locale.states.iter().map(|state| state.share).sum();
            assert!((shares - 1.0).abs() < 1e-9);
            assert_eq!(
                locale.cities.len(),
                locale
                    .cities
                    .iter()
                    .filter(|city| city.state < locale.states.len() as u8)
                    .count()
            );
            for category in &locale.categories {
                assert_eq!(
                    category.trades.is_empty(),
                    category.payee == Payee::Customer,
                    "{}",
                    category.name
                );
                assert!(
                    (0.0..=1.0).contains(&category.whole_share)
                        && category.round_share <= category.whole_share
                );
            }
        }
    }

    #[test]
    fn every_typology_of_a_locale_has_a_weight() {
        for text in FILES {
            let file: LocaleFile = toml::from_str(text).unwrap();
            let known: Vec<&str> = Typology::ALL
                .iter()
                .map(|typology| typology.as_str())
                .collect();
            assert_eq!(file.frauds.len(), known.len());
            assert!(
                file.frauds
                    .iter()
                    .all(|(name, weight)| known.contains(&name.as_str()) && *weight > 0.0)
            );
        }
    }

    #[test]
    fn no_text_of_a_locale_needs_quotes_in_a_file() {
        for text in FILES {
            let table: toml::Table = text.parse().unwrap();
            let mut values: Vec<&toml::Value> = table.values().collect();
            while let Some(value) = values.pop() {
                match value {
                    toml::Value::String(text) => {
                        assert!(!text.contains([',', '"', '\\', '\n']), "{text}")
                    }
                    toml::Value::Array(inner) => values.extend(inner),
                    toml::Value::Table(inner) => values.extend(inner.values()),
                    _ => {}
                }
            }
        }
    }
}
