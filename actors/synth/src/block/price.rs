//! Amounts, dealt out by rank.
//!
//! A block holds its categories' distributions whole: the amounts are evenly spread quantiles, and rows of higher rank get
//! larger ones. So means do not depend on who buys what, nor on fraud.

use super::row::Row;
use crate::{
    locale::Category,
    random::{Draws, Stream, fold, golden, key},
    spec::Spec,
};

/// Categories with fewer rows in a block take the same point of every cell, one that moves evenly from block to block, so
/// that the few amounts of many blocks are evenly spread as well.
const FEW_ROWS: u64 = 64;
/// What round amounts are multiples of, by least amount; minor units.
const ROUND: [(u32, u32); 6] = [
    (2_000_000, 100_000),
    (200_000, 10_000),
    (50_000, 5_000),
    (10_000, 1_000),
    (2_500, 500),
    (0, UNIT),
];
/// Minor units of a unit.
const UNIT: u32 = 100;

pub fn price(spec: &Spec, block: u64, rows: &mut [Row]) {
    let mut ranked: Vec<u64> = rows
        .iter()
        .zip(0_u64..)
        .map(|(row, position)| {
            let rank = u64::from((row.rank ^ i32::MIN) as u32);
            u64::from(row.category) << 48 | rank << 16 | position
        })
        .collect();
    ranked.sort_unstable();
    let mut draws = Draws::at(spec.seed(), Stream::Amount, block);
    for same in ranked.chunk_by(|one, next| one >> 48 == next >> 48) {
        let index = same[0] >> 48;
        let category = &spec.locale().categories[index as usize];
        let count = same.len() as u64;
        let cell = (1 << 32) / count;
        let lane = key(spec.seed(), Stream::Amount, u64::MAX - index);
        let shift = fold(golden(block, lane)) >> 32;
        for (ranked, place) in same.iter().zip(0_u64..) {
            let bits = draws.bits();
            let within = if count < FEW_ROWS {
                shift
            } else {
                bits & 0xFFFF_FFFF
            };
            let point = place * cell + ((within * cell) >> 32);
            let amount = category.amounts.at(point as u32);
            rows[(ranked & 0xFFFF) as usize].amount = finish(category, amount, bits >> 32);
        }
    }
    level_bills(rows, &mut draws);
}

/// Rounds an amount as people do, up as often as down.
#[inline]
fn finish(category: &Category, amount: f64, bits: u64) -> u32 {
    let chance = bits as f64 * (1.0 / (1_u64 << 32) as f64);
    let exact = (amount + 0.5) as u32;
    let step = if chance < category.round_share {
        ROUND
            .iter()
            .find(|(least, _)| exact >= *least)
            .map_or(1, |(_, step)| *step)
    } else if chance < category.whole_share {
        UNIT
    } else {
        return exact;
    };
    ((exact + step / 2) / step * step).max(UNIT)
}

/// Gives the rows of a bill, which stand together, the amount of one of them.
fn level_bills(rows: &mut [Row], draws: &mut Draws) {
    for bill in rows.chunk_by_mut(|one, next| one.bill != 0 && one.bill == next.bill) {
        if bill.len() > 1 {
            let amount = bill[draws.below(bill.len() as u32) as usize].amount;
            for row in bill {
                row.amount = amount;
            }
        }
    }
}
