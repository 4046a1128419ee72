//! How a block is made: customers' rows, then amounts by rank, then the order of time.

use super::row::{NOBODY, Row, Status};
use crate::{
    locale::Payee,
    random::{Draws, Stream, below, golden, key, mix},
    roster::{Resident, residents},
    spec::{BLOCK_ROWS, CUSTOMERS_PER_BLOCK, Spec},
};

const DAY_SECONDS: u32 = 86_400;

/// The transactions of a block in order of time.
#[derive(Debug)]
pub struct Block {
    pub number: u64,
    pub residents: Vec<Resident>,
    pub rows: Vec<Row>,
    /// Positions in `rows` by time.
    pub order: Vec<u16>,
}

impl Block {
    pub fn make(spec: &Spec, number: u64) -> Self {
        let residents = residents(spec, number);
        let mut draws = Draws::at(spec.seed(), Stream::Row, number);
        let mut rows = Vec::with_capacity(BLOCK_ROWS as usize);
        let mut categories = category_counts(spec, number);
        for (customer, resident) in residents.iter().enumerate() {
            live(
                spec,
                customer,
                resident,
                &mut categories,
                &mut draws,
                &mut rows,
            );
        }
        price(spec, number, &mut rows);
        let mut order: Vec<u16> = (0..rows.len() as u16).collect();
        order.sort_unstable_by_key(|position| (rows[usize::from(*position)].second, *position));
        Self {
            number,
            residents,
            rows,
            order,
        }
    }
}

/// How many rows of the block each category has.
fn category_counts(spec: &Spec, block: u64) -> Vec<u32> {
    let offset = crate::random::unit(golden(block, key(spec.seed(), Stream::Amount, u64::MAX)));
    let (mut sum, mut before) = (0.0, 0);
    let categories = &spec.locale().categories;
    let last = categories.len() - 1;
    let mut counts = Vec::with_capacity(categories.len());
    for (index, category) in categories.iter().enumerate() {
        sum += category.share * BLOCK_ROWS as f64;
        let end = if index == last {
            BLOCK_ROWS as u32
        } else {
            (sum + offset) as u32
        };
        counts.push(end - before);
        before = end;
    }
    counts
}

fn live(
    spec: &Spec,
    customer: usize,
    resident: &Resident,
    categories: &mut [u32],
    draws: &mut Draws,
    rows: &mut Vec<Row>,
) {
    let (locale, directory) = (spec.locale(), spec.directory());
    let first = rows.len();
    let mut elapsed = 0_u64;
    for _ in 0..resident.rows {
        elapsed += u64::from(spec.habits().gap(draws.bits()));
        let bits = draws.bits();
        let mut left = below(bits, categories.iter().sum());
        let category = categories.iter().position(|count| {
            let is_here = left < *count;
            left = left.saturating_sub(*count);
            is_here
        });
        let category = category.expect("there are as many categories to give as rows");
        categories[category] -= 1;
        let kind = &locale.categories[category];
        let bits = draws.bits();
        let (merchant, counterparty) = match kind.payee {
            Payee::Merchant => {
                let nearby = directory.nearby(category, resident.city);
                let choice = if kind.national || nearby.is_empty() {
                    directory.everywhere(category)
                } else {
                    nearby
                };
                (choice[below(bits, choice.len() as u32) as usize], NOBODY)
            }
            Payee::Customer => {
                let other = 1 + below(bits, CUSTOMERS_PER_BLOCK as u32 - 1);
                (
                    NOBODY,
                    (customer as u32 + other) % CUSTOMERS_PER_BLOCK as u32,
                )
            }
        };
        let bits = draws.bits();
        let noise = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48);
        let bits = draws.bits();
        rows.push(Row {
            second: elapsed as u32,
            amount: 0,
            merchant,
            customer: customer as u16,
            counterparty,
            category: category as u8,
            channel: kind.channel_pick.at(bits as u32) as u8,
            city: resident.city,
            lat: resident.home_lat,
            lon: resident.home_lon,
            device: 0,
            status: if mix(bits) % 100 < 97 {
                Status::Success
            } else {
                Status::Failed
            },
            fraud: 0,
            rank: noise as i32,
        });
    }
    elapsed += u64::from(spec.habits().gap(draws.bits()));
    let calendar = spec.calendar();
    for row in &mut rows[first..] {
        let point = (u64::from(row.second) << 32) / elapsed;
        let day = calendar.day_at(usize::from(resident.salary), point as u32);
        let time = locale.categories[usize::from(row.category)]
            .time
            .at(draws.bits() as u32);
        row.second = day * DAY_SECONDS + time;
    }
}

/// Deals each category's amounts, evenly spread over its distribution, to its rows by rank.
fn price(spec: &Spec, block: u64, rows: &mut [Row]) {
    let mut ranked: Vec<u64> = rows
        .iter()
        .enumerate()
        .map(|(position, row)| {
            let rank = (row.rank ^ i32::MIN) as u32;
            u64::from(row.category) << 56 | u64::from(rank) << 16 | position as u64
        })
        .collect();
    ranked.sort_unstable();
    let mut draws = Draws::at(spec.seed(), Stream::Amount, block);
    for same in ranked.chunk_by(|one, next| one >> 56 == next >> 56) {
        let category = (same[0] >> 56) as usize;
        let amounts = &spec.locale().categories[category].amounts;
        let shift = golden(block, key(spec.seed(), Stream::Amount, category as u64)) >> 32;
        let count = same.len() as u64;
        for (index, ranked) in same.iter().enumerate() {
            let within = if count < 64 {
                shift
            } else {
                draws.bits() >> 32
            };
            let point = ((index as u64) << 32 | within) / count;
            rows[(ranked & 0xFFFF) as usize].amount = amounts.at(point as u32) as u32;
        }
    }
}
