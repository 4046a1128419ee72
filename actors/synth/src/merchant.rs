//! One merchant, from the seed and its number alone.

use crate::{
    calendar::iso,
    customer::{days_before, pick, unix_days},
    encode::Cells,
    identifier::{self, Holder},
    locale::Locale,
    random::{Draws, RANK_UNIT, Stream},
    spec::Spec,
    tally::Tally,
};

/// Merchants opened within this many days before the period begins.
const BUSINESS_AGE_DAYS_MAX: u32 = 7_300;

/// Shops lie within about 5 km of the city's centre; millionths of a degree.
const PLACE_SPREAD: f64 = 45_000.0;
/// Share of merchants in on a fraud, and of those that only look like it.
const HIGH_RISK: f64 = 0.01;
const MEDIUM_RISK: f64 = 0.09;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Risk {
    Low,
    Medium,
    High,
}

impl Risk {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What transactions need to know of a merchant.
#[derive(Debug, Clone, Copy)]
pub struct Shop {
    pub category: u8,
    pub trade: u8,
    pub city: u16,
    pub lat: i32,
    pub lon: i32,
    pub risk: Risk,
    /// Shift of the rank of amounts, in units of rank.
    pub shift: i32,
}

/// Merchant `number`, and its randomness for what is left to draw.
pub fn shop(locale: &Locale, seed: u64, number: u64) -> (Shop, Draws) {
    let mut draws = Draws::at(seed, Stream::Merchant, number);
    let mut point = || (draws.bits() >> 32) as u32;
    let category = locale.trading_pick.at(point());
    let trades = &locale.categories[category];
    let trade = trades
        .trade_pick
        .as_ref()
        .map_or(0, |pick| pick.at(point()));
    let city = locale.city_pick.at(point());
    let risk = match draws.unit() {
        share if share < HIGH_RISK => Risk::High,
        share if share < HIGH_RISK + MEDIUM_RISK => Risk::Medium,
        _ => Risk::Low,
    };
    let place = &locale.cities[city];
    let mut around = |centre: i32| {
        let offset = draws.unit() + draws.unit() - 1.0;
        centre + (offset * PLACE_SPREAD) as i32
    };
    let (lat, lon) = (around(place.lat), around(place.lon));
    let own = draws.unit() + draws.unit() + draws.unit() - 1.5;
    let shop = Shop {
        category: category as u8,
        trade: trade as u8,
        city: city as u16,
        lat,
        lon,
        risk,
        shift: ((trades.trades[trade].shift + own) * f64::from(RANK_UNIT)) as i32,
    };
    (shop, draws)
}

/// Writes merchant `row`.
pub fn write(spec: &Spec, row: u64, cells: &mut impl Cells, tally: &mut Tally) {
    let locale = spec.locale();
    let (shop, mut draws) = shop(locale, spec.seed(), row);
    let draws = &mut draws;
    let category = &locale.categories[usize::from(shop.category)];
    let trade = &category.trades[usize::from(shop.trade)];
    let city = &locale.cities[usize::from(shop.city)];
    let state = &locale.states[usize::from(city.state)];
    let name = pick(&locale.names.shop, draws);
    let owner = pick(&locale.names.family, draws);
    cells.key(b'm', 7, row);
    cells.text(format!("{name} {owner} {}", trade.name).as_bytes());
    cells.text(trade.name.as_bytes());
    cells.text(trade.mcc.as_bytes());
    cells.text(city.name.as_bytes());
    cells.text(state.name.as_bytes());
    cells.degrees(shop.lat);
    cells.degrees(shop.lon);
    let ticket =
        category.mean_ticket * libm::exp(f64::from(shop.shift) / f64::from(RANK_UNIT) / 2.0);
    cells.money((ticket * 100.0) as i64);
    if locale.has("gstin") {
        let holder = if draws.chance(0.4) {
            Holder::Company
        } else {
            Holder::Firm
        };
        let pan = identifier::pan(holder, name.as_bytes()[0], draws);
        cells.text(&identifier::gstin(&state.code, &pan, draws));
    } else {
        cells.empty();
    }
    cells.text(shop.risk.as_str().as_bytes());
    let opened = days_before(
        spec.request().from,
        u64::from(1 + draws.below(BUSINESS_AGE_DAYS_MAX)),
    );
    cells.date(iso(opened), unix_days(opened));
    cells.end_row();

    tally.rows += 1;
    Tally::count(&mut tally.by_state, &state.name);
    Tally::count(&mut tally.by_category, &trade.name);
}
