//! The columns of a transaction, and what a run of them comes to.

use std::{collections::BTreeMap, ops::Range};

use crate::{
    block::{Block, NOBODY},
    calendar::DAY_SECONDS,
    encode::{Cells, Moment},
    random::mix,
    spec::{BLOCK_ROWS, CUSTOMERS_PER_BLOCK, Spec},
    tally::{AMOUNT_BINS, BINS_PER_DECADE, Part, Tally},
    typology::Typology,
};

/// The device that a customer's randomness gives to a number.
#[inline]
pub fn device(key: u64, number: u16) -> u64 {
    mix(key.wrapping_add(u64::from(number)))
}

/// Writes the rows `part` of a block.
pub fn write(
    spec: &Spec,
    block: &Block,
    part: Range<usize>,
    cells: &mut impl Cells,
    counts: &mut Counts,
) {
    let (locale, calendar) = (spec.locale(), spec.calendar());
    let first_customer = block.number * CUSTOMERS_PER_BLOCK;
    for position in part {
        let row = &block.rows[usize::from(block.order[position])];
        let resident = &block.residents[usize::from(row.customer)];
        let category = &locale.categories[usize::from(row.category)];
        let city = &locale.cities[usize::from(row.city)];
        let (day, second) = (row.second / DAY_SECONDS, row.second % DAY_SECONDS);
        cells.key(b't', 11, block.number * BLOCK_ROWS + position as u64);
        cells.key(b'c', 10, first_customer + u64::from(row.customer));
        match row.merchant {
            NOBODY => cells.empty(),
            merchant => cells.key(b'm', 7, u64::from(merchant)),
        }
        cells.text(category.name.as_bytes());
        cells.money(i64::from(row.amount));
        cells.text(locale.currency.as_bytes());
        cells.timestamp(&Moment {
            day: calendar.days[day as usize].text,
            second,
            unix_ms: (calendar.unix_start + i64::from(row.second)) * 1000,
        });
        cells.text(category.channels[usize::from(row.channel)].name.as_bytes());
        cells.text(city.name.as_bytes());
        cells.text(locale.states[usize::from(city.state)].name.as_bytes());
        cells.degrees(row.lat);
        cells.degrees(row.lon);
        cells.device(device(resident.key, row.device));
        match row.counterparty {
            NOBODY => cells.empty(),
            other => cells.key(b'c', 10, first_customer + u64::from(other)),
        }
        cells.text(row.status.as_str().as_bytes());
        cells.flag(row.fraud != 0);
        match row.fraud {
            0 => cells.empty(),
            fraud => cells.text(Typology::ALL[usize::from(fraud) - 1].as_str().as_bytes()),
        }
        cells.end_row();

        let amount = u64::from(row.amount);
        counts.rows += 1;
        counts.by_hour[(second / 3600) as usize] += 1;
        counts.by_weekday[usize::from(calendar.days[day as usize].weekday)] += 1;
        counts.by_log_amount[bin(row.amount)] += 1;
        counts.channels[usize::from(row.category)][usize::from(row.channel)].add(amount);
        counts.states[usize::from(city.state)].add(amount);
        counts.frauds[usize::from(row.fraud)].add(amount);
    }
}

/// The bin of the histogram that an amount falls into.
fn bin(minor: u32) -> usize {
    /// Quarter powers of ten, in minor units.
    const BOUNDS: [u32; AMOUNT_BINS] = {
        const STEPS: [u64; BINS_PER_DECADE] = [10_000, 17_783, 31_623, 56_234];
        let mut bounds = [0; AMOUNT_BINS];
        let (mut index, mut scale) = (0, 1);
        while index < AMOUNT_BINS {
            let bound = STEPS[index % BINS_PER_DECADE] * scale / 10_000;
            bounds[index] = if bound > u32::MAX as u64 {
                u32::MAX
            } else {
                bound as u32
            };
            if index % BINS_PER_DECADE == BINS_PER_DECADE - 1 {
                scale *= 10;
            }
            index += 1;
        }
        bounds
    };
    BOUNDS
        .partition_point(|bound| *bound <= minor)
        .saturating_sub(1)
}

/// Rows counted by index; names come with [`Self::add_to`].
pub struct Counts {
    rows: u64,
    by_hour: [u64; 24],
    by_weekday: [u64; 7],
    by_log_amount: [u64; AMOUNT_BINS],
    /// By category and, within it, channel.
    channels: Vec<Vec<Part>>,
    states: Vec<Part>,
    frauds: [Part; Typology::ALL.len() + 1],
}

impl Counts {
    pub fn new(spec: &Spec) -> Self {
        let locale = spec.locale();
        let channels = locale
            .categories
            .iter()
            .map(|category| vec![Part::default(); category.channels.len()]);
        Self {
            rows: 0,
            by_hour: [0; 24],
            by_weekday: [0; 7],
            by_log_amount: [0; AMOUNT_BINS],
            channels: channels.collect(),
            states: vec![Part::default(); locale.states.len()],
            frauds: [Part::default(); Typology::ALL.len() + 1],
        }
    }

    /// Adds what was counted to a tally, if anything was.
    pub fn add_to(self, spec: &Spec, tally: &mut Tally) {
        if self.rows == 0 {
            return;
        }
        let locale = spec.locale();
        let mut counted = Tally {
            rows: self.rows,
            fraud_rows: self.rows - self.frauds[0].rows,
            by_hour: self.by_hour.to_vec(),
            by_weekday: self.by_weekday.to_vec(),
            by_log_amount: self.by_log_amount.to_vec(),
            ..Tally::default()
        };
        let add = |parts: &mut BTreeMap<String, Part>, name: &str, part: &Part| {
            if part.rows > 0 {
                parts.entry(name.to_owned()).or_default().merge(*part);
            }
        };
        for (category, channels) in locale.categories.iter().zip(&self.channels) {
            for (channel, part) in category.channels.iter().zip(channels) {
                add(&mut counted.by_category, &category.name, part);
                add(&mut counted.by_channel, &channel.name, part);
            }
        }
        for (state, part) in locale.states.iter().zip(&self.states) {
            add(&mut counted.by_state, &state.name, part);
        }
        for (typology, part) in Typology::ALL.iter().zip(&self.frauds[1..]) {
            add(&mut counted.by_fraud_type, typology.as_str(), part);
        }
        tally.merge(&counted);
    }
}
