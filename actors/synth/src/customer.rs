//! The columns of a customer: what the roster knows, and papers.

use chrono::{Days, NaiveDate};

use crate::{
    calendar::{DAY_SECONDS, iso, unix_midnight},
    encode::{Cells, Moment},
    identifier::{self, Holder},
    random::{Draws, Stream},
    roster::{Resident, residents},
    spec::{CUSTOMERS_PER_BLOCK, Spec},
    tally::Tally,
    transaction::device,
};

const YEAR_DAYS: f64 = 365.25;
/// Accounts were opened within this many days before the period begins.
const ACCOUNT_AGE_DAYS_MAX: u32 = 3_650;

/// The customers of one block.
pub struct Roll {
    first: u64,
    residents: Vec<Resident>,
}

impl Roll {
    pub fn new(spec: &Spec, block: u64) -> Self {
        Self {
            first: block * CUSTOMERS_PER_BLOCK,
            residents: residents(spec, block),
        }
    }
}

/// Writes customer `row`, who is on the roll.
pub fn write(spec: &Spec, roll: &Roll, row: u64, cells: &mut impl Cells, tally: &mut Tally) {
    let locale = spec.locale();
    let resident = &roll.residents[(row - roll.first) as usize];
    let city = &locale.cities[usize::from(resident.city)];
    let state = &locale.states[usize::from(resident.state)];
    let segment = &locale.segments[usize::from(resident.segment)];
    let mut draws = Draws::at(spec.seed(), Stream::Papers, row);
    let draws = &mut draws;

    let is_female = draws.chance(0.5);
    let given = pick(
        if is_female {
            &locale.names.female
        } else {
            &locale.names.male
        },
        draws,
    );
    let family = pick(&locale.names.family, draws);
    cells.key(b'c', 10, row);
    cells.text(format!("{given} {family}").as_bytes());
    cells.text(if is_female { b"F" } else { b"M" });
    let (youngest, oldest) = segment.age;
    let age = f64::from(youngest) + draws.unit() * f64::from(oldest - youngest);
    let birth = days_before(spec.request().from, (age * YEAR_DAYS) as u64);
    cells.date(iso(birth), unix_days(birth));
    cells.text(city.name.as_bytes());
    cells.text(state.name.as_bytes());
    let mut postal = city.postal.clone().into_bytes();
    let missing = locale.postal_digits - postal.len();
    identifier::push_digits(&mut postal, missing, draws);
    cells.text(&postal);
    cells.text(segment.name.as_bytes());
    cells.text(match draws.unit() {
        share if share < 0.72 => b"low",
        share if share < 0.95 => b"medium",
        _ => b"high",
    });
    match resident.salary {
        0 => cells.empty(),
        salary => cells.integer(i64::from(locale.salary_days[usize::from(salary) - 1])),
    }
    cells.degrees(resident.home_lat);
    cells.degrees(resident.home_lon);
    let mut phone = locale.phone_prefix.clone().into_bytes();
    identifier::push_digits(&mut phone, locale.phone_digits, draws);
    cells.text(&phone);
    let domain = pick(&locale.email_domains, draws);
    let email = format!(
        "{}.{}{row}@{domain}",
        given.to_lowercase(),
        family.to_lowercase()
    );
    cells.text(email.as_bytes());
    let initial = family.as_bytes()[0];
    filled(cells, locale.has("pan"), || {
        identifier::pan(Holder::Person, initial, draws)
    });
    filled(cells, locale.has("aadhaar"), || identifier::aadhaar(draws));
    filled(cells, locale.has("ifsc"), || {
        identifier::ifsc(pick(&locale.bank_codes, draws), draws)
    });
    let mut account = vec![b'1' + draws.below(9) as u8];
    identifier::push_digits(&mut account, 11, draws);
    cells.text(&account);
    let prefix = pick(&locale.card_prefixes, draws);
    cells.text(&identifier::card(prefix, draws));
    filled(cells, locale.has("ssn"), || identifier::ssn(draws));
    filled(cells, locale.has("routing_number"), || {
        identifier::routing_number(draws)
    });
    let has_iban = draws.chance(locale.iban_share);
    filled(cells, has_iban, || identifier::iban(draws));
    let opened = days_before(
        spec.request().from,
        u64::from(1 + draws.below(ACCOUNT_AGE_DAYS_MAX)),
    );
    let second = draws.below(DAY_SECONDS);
    cells.timestamp(&Moment {
        day: iso(opened),
        second,
        unix_ms: (unix_midnight(locale, opened) + i64::from(second)) * 1000,
    });
    cells.device(device(resident.key, 0));
    cells.end_row();

    tally.rows += 1;
    Tally::count(&mut tally.by_state, &state.name);
    Tally::count(&mut tally.by_category, &segment.name);
}

fn filled(cells: &mut impl Cells, is_filled: bool, number: impl FnOnce() -> Vec<u8>) {
    if is_filled {
        cells.text(&number());
    } else {
        cells.empty();
    }
}

pub fn pick<'a>(names: &'a [String], draws: &mut Draws) -> &'a str {
    &names[draws.below(names.len() as u32) as usize]
}

/// The day so many days before another; years begin at 1900 less a lifetime.
pub fn days_before(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_sub_days(Days::new(days)).unwrap_or(date)
}

/// Days since 1970-01-01.
pub fn unix_days(date: NaiveDate) -> i32 {
    (date - NaiveDate::default()).num_days() as i32
}
