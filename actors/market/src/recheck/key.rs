//! Names of the claims made about one ticker.

use std::{fmt, str::FromStr};

use crate::metric::Metric;

/// What a claim about a ticker is of; its text is the key in results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    Periods,
    FirstDate,
    LastDate,
    Figure(Metric),
    Peak,
    Trough,
}

impl Key {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Periods => "periods",
            Self::FirstDate => "first_date",
            Self::LastDate => "last_date",
            Self::Figure(metric) => metric.key(),
            Self::Peak => "max_drawdown_peak",
            Self::Trough => "max_drawdown_trough",
        }
    }

    /// Every key, in the order in which claims are made: a claim comes after those it derives from.
    pub fn all() -> impl Iterator<Item = Self> {
        let span = [Self::Periods, Self::FirstDate, Self::LastDate];
        span.into_iter()
            .chain(Metric::ALL.map(Self::Figure))
            .chain([Self::Peak, Self::Trough])
    }

    /// The claims of the same ticker that this one builds on.
    pub const fn derived_from(self) -> &'static [Self] {
        use Metric::{
            Alpha, Beta, Cagr, Cvar95, MaxDrawdown, Sharpe, TotalReturn, Var95, Volatility,
        };
        match self {
            Self::Figure(Cagr) => &[Self::Periods, Self::Figure(TotalReturn)],
            Self::Figure(Sharpe) => &[Self::Figure(Volatility)],
            Self::Figure(Cvar95) => &[Self::Figure(Var95)],
            Self::Figure(Alpha) => &[Self::Figure(Beta)],
            Self::Periods | Self::FirstDate | Self::LastDate | Self::Figure(_) => &[],
            Self::Peak | Self::Trough => &[Self::Figure(MaxDrawdown)],
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is the key of no claim.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the key of a claim about a ticker")]
pub struct NoSuchKey(String);

impl FromStr for Key {
    type Err = NoSuchKey;

    fn from_str(text: &str) -> Result<Self, NoSuchKey> {
        Self::all()
            .find(|key| key.as_str() == text)
            .ok_or_else(|| NoSuchKey(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_reads_back_and_follows_those_it_derives_from() {
        let all: Vec<Key> = Key::all().collect();
        for (at, key) in all.iter().enumerate() {
            assert_eq!(key.as_str().parse(), Ok(*key));
            assert!(
                key.derived_from()
                    .iter()
                    .all(|earlier| all[..at].contains(earlier)),
                "{key}"
            );
        }
        assert!("sharp".parse::<Key>().is_err());
    }
}
