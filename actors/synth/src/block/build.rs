//! How a block is made: customers' rows, then fraud among them, then amounts by rank, then the order of time.

use super::{
    bill, fraud,
    journey::Journey,
    life::{Life, Quota},
    price,
    row::Row,
};
use crate::{
    random::{Draws, Stream},
    roster::{Resident, residents},
    spec::{BLOCK_ROWS, Spec},
};

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
        let journeys: Vec<Journey> = residents
            .iter()
            .map(|resident| Journey::of(spec, resident))
            .collect();
        let mut quota = Quota::of_block(spec, number);
        let bills = bill::plan(spec, number, &residents, &mut quota);
        let mut life = Life {
            spec,
            residents: &residents,
            journeys: &journeys,
            draws: Draws::at(spec.seed(), Stream::Row, number),
            rows: Vec::with_capacity(BLOCK_ROWS as usize),
            moments: Vec::new(),
        };
        let mut starts = Vec::with_capacity(residents.len());
        let mut bills = bills.as_slice();
        for customer in 0..residents.len() {
            starts.push(life.rows.len() as u16);
            let (own, others) = bills
                .split_at(bills.partition_point(|bill| usize::from(bill.customer) <= customer));
            bills = others;
            life.spend(customer, own.len(), &mut quota);
            life.pay(own);
        }
        let mut rows = life.rows;
        fraud::commit(spec, number, &residents, &starts, &mut rows);
        price::price(spec, number, &mut rows);
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
