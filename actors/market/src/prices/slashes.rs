//! The one order in which a price file writes its slash dates.

use chrono::{Datelike, NaiveDate};

use super::date::{SlashOrder, Written};

/// What the slash dates of a file have told so far.
#[derive(Debug, Default)]
pub struct Slashes {
    /// The first date that can be read in one order only.
    decided: Option<Seen<SlashOrder>>,
    /// The first date with two readings: month first, day first.
    ambiguous: Option<Seen<[NaiveDate; 2]>>,
}

/// Something learnt from a cell, with where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen<T> {
    pub line: u64,
    pub text: String,
    pub value: T,
}

impl<T> Seen<T> {
    fn of(text: &str, line: u64, value: T) -> Self {
        Self {
            line,
            text: text.to_owned(),
            value,
        }
    }
}

/// A date whose month and day change places if the file writes the day first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    date: NaiveDate,
    swaps: bool,
}

impl Slashes {
    /// Takes a date in. The error is an earlier date, of the other order.
    pub fn read(
        &mut self,
        written: Written,
        text: &str,
        line: u64,
    ) -> Result<Reading, Seen<SlashOrder>> {
        match written {
            Written::Certain(date) => Ok(Reading { date, swaps: false }),
            Written::Ordered(date, order) => match &self.decided {
                Some(decided) if decided.value != order => Err(decided.clone()),
                Some(_) => Ok(Reading { date, swaps: false }),
                None => {
                    self.decided = Some(Seen::of(text, line, order));
                    Ok(Reading { date, swaps: false })
                }
            },
            Written::Ambiguous {
                month_first,
                day_first,
            } => {
                self.ambiguous
                    .get_or_insert_with(|| Seen::of(text, line, [month_first, day_first]));
                Ok(Reading {
                    date: month_first,
                    swaps: true,
                })
            }
        }
    }

    /// The order of the file; `None` when none of its dates depends on one. The error is the first date with two
    /// readings of a file in which no date tells the order.
    pub fn order(&self) -> Result<Option<SlashOrder>, &Seen<[NaiveDate; 2]>> {
        match (&self.decided, &self.ambiguous) {
            (Some(decided), _) => Ok(Some(decided.value)),
            (None, Some(ambiguous)) => Err(ambiguous),
            (None, None) => Ok(None),
        }
    }
}

impl Reading {
    /// The date in a file of this order.
    pub fn date_in(self, order: Option<SlashOrder>) -> NaiveDate {
        if self.swaps && order == Some(SlashOrder::DayFirst) {
            let (year, month, day) = (self.date.year(), self.date.month(), self.date.day());
            NaiveDate::from_ymd_opt(year, day, month).expect("both parts are at most 12")
        } else {
            self.date
        }
    }
}
