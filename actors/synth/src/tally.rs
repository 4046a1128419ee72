//! What a run of rows comes to: counts and sums that add up, whatever the order and size of the parts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Bounds of amounts per decade in the histogram.
pub const BINS_PER_DECADE: usize = 4;
/// From one minor unit to 10^10 of them.
pub const AMOUNT_BINS: usize = 10 * BINS_PER_DECADE;

/// Rows and their amounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub rows: u64,
    /// Sum of amounts in minor units.
    pub amount_minor: u64,
}

impl Part {
    #[inline]
    pub(crate) fn add(&mut self, amount_minor: u64) {
        self.rows += 1;
        self.amount_minor += amount_minor;
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.amount_minor += other.amount_minor;
    }
}

/// Rows counted by what they say. Corrupted cells are counted as they were before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    pub rows: u64,
    pub fraud_rows: u64,
    /// Cells emptied on request.
    pub missing_cells: u64,
    /// Rows with a corrupted cell.
    pub dirty_rows: u64,
    /// Of customers their segment, of merchants their trade.
    pub by_category: BTreeMap<String, Part>,
    pub by_state: BTreeMap<String, Part>,
    pub by_fraud_type: BTreeMap<String, Part>,
    pub by_channel: BTreeMap<String, Part>,
    /// Midnight to 23 h; empty where rows have no moment.
    pub by_hour: Vec<u64>,
    /// Monday to Sunday; empty where rows have no moment.
    pub by_weekday: Vec<u64>,
    /// Bin `i` counts amounts from 10^(i / 4) minor units on, `BINS_PER_DECADE` of them a decade; empty without amounts.
    pub by_log_amount: Vec<u64>,
}

impl Tally {
    /// Counts a row without an amount among those of a name.
    pub(crate) fn count(parts: &mut BTreeMap<String, Part>, name: &str) {
        match parts.get_mut(name) {
            Some(part) => part.add(0),
            None => parts.entry(name.to_owned()).or_default().add(0),
        }
    }

    /// Adds what other rows come to.
    pub fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.fraud_rows += other.fraud_rows;
        self.missing_cells += other.missing_cells;
        self.dirty_rows += other.dirty_rows;
        for (ours, theirs) in [
            (&mut self.by_category, &other.by_category),
            (&mut self.by_state, &other.by_state),
            (&mut self.by_fraud_type, &other.by_fraud_type),
            (&mut self.by_channel, &other.by_channel),
        ] {
            for (name, part) in theirs {
                ours.entry(name.clone()).or_default().merge(*part);
            }
        }
        for (ours, theirs) in [
            (&mut self.by_hour, &other.by_hour),
            (&mut self.by_weekday, &other.by_weekday),
            (&mut self.by_log_amount, &other.by_log_amount),
        ] {
            if ours.len() < theirs.len() {
                ours.resize(theirs.len(), 0);
            }
            for (ours, theirs) in ours.iter_mut().zip(theirs) {
                *ours += theirs;
            }
        }
    }
}
