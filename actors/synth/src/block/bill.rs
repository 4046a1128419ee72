//! Payments that repeat: the same payee and amount on the same day of every month.

use super::life::Quota;
use crate::{
    random::{Draws, Stream},
    roster::Resident,
    spec::{CUSTOMERS_PER_BLOCK, Spec},
};

/// Days of the month that bills fall due on.
const DUE_DAYS: u32 = 28;
/// One in so many of a customer's rows may be a bill.
const ROWS_PER_BILL_MIN: u16 = 2;
/// Customers asked for each bill before the rest are left to chance.
const ATTEMPTS: u32 = 8;

/// One payment of a bill.
#[derive(Debug, Clone, Copy)]
pub struct Bill {
    pub customer: u16,
    /// Number within the block, from 1.
    pub number: u16,
    pub category: u8,
    /// Since the first day of the period.
    pub day: u32,
    /// The bill's randomness: payee, channel and rank.
    pub key: u64,
}

/// The bills of a block by customer and number, taken out of the quota.
pub fn plan(spec: &Spec, block: u64, residents: &[Resident], quota: &mut Quota) -> Vec<Bill> {
    let days = &spec.calendar().days;
    let mut draws = Draws::at(spec.seed(), Stream::Bills, block);
    let mut free: Vec<u16> = residents
        .iter()
        .map(|resident| resident.rows / ROWS_PER_BILL_MIN)
        .collect();
    let mut bills = Vec::new();
    let mut number = 0;
    for (category, kind) in spec.locale().categories.iter().enumerate() {
        let mut wanted = (f64::from(quota.left(category)) * kind.recurring) as u32;
        let mut attempts = 0;
        while wanted > 0 && attempts < ATTEMPTS * CUSTOMERS_PER_BLOCK as u32 {
            attempts += 1;
            let customer = draws.below(CUSTOMERS_PER_BLOCK as u32) as u16;
            let room = u32::from(free[usize::from(customer)]).min(wanted);
            let due = 1 + draws.below(DUE_DAYS) as u8;
            let key = draws.bits();
            let dates = (0_u32..)
                .zip(days)
                .filter(|(_, day)| day.day_of_month == due);
            let before = bills.len();
            bills.extend(dates.take(room as usize).map(|(day, _)| Bill {
                customer,
                number: number + 1,
                category: category as u8,
                day,
                key,
            }));
            let taken = (bills.len() - before) as u32;
            if taken > 0 {
                number += 1;
                wanted -= taken;
                free[usize::from(customer)] -= taken as u16;
                quota.take(category, taken);
            }
        }
    }
    bills.sort_unstable_by_key(|bill| (bill.customer, bill.number, bill.day));
    bills
}
