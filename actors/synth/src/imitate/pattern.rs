//! What an imitation follows: a profile, and the copula that is solved from it once for all pieces.

use serde::{Deserialize, Serialize};

use super::{copula::Copula, imitation::check_profile, marginal::Marginal};
use crate::{encode::Cancelled, profile::Profile, refusal::Refusal};

/// A profile with its copula. As JSON it gives the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    profile: Profile,
    copula: Copula,
}

/// Why there is no pattern.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Pattern {
    /// Solves the copula, which takes time with the square of columns. Asks `cancelled` before each pair of them.
    pub fn solve(profile: Profile, cancelled: impl Fn() -> bool) -> Result<Self, PatternError> {
        check_profile(&profile)?;
        let copula = Copula::solve(&marginals(&profile), &profile.correlations, cancelled)?;
        Ok(Self { profile, copula })
    }

    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Of what [`Pattern::into_parts`] gave.
    pub fn from_parts(profile: Profile, copula: Copula) -> Self {
        Self { profile, copula }
    }

    pub fn into_parts(self) -> (Profile, Copula) {
        (self.profile, self.copula)
    }

    pub(super) fn copula(&self) -> &Copula {
        &self.copula
    }

    /// By column; none for those that are not drawn by rank.
    pub(super) fn marginals(&self) -> Vec<Option<Marginal>> {
        marginals(&self.profile)
    }

    /// Whether the copula is one of these columns.
    pub(super) fn is_whole(&self) -> bool {
        let width = self.marginals().iter().flatten().count();
        self.copula.fits(width)
    }
}

fn marginals(profile: &Profile) -> Vec<Option<Marginal>> {
    let columns = profile.columns.iter();
    columns.map(|column| Marginal::of(&column.shape)).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::json;

    use super::*;

    fn profile() -> Profile {
        let column = |name: &str| {
            json!({"name": name, "missing_share": 0.0, "shape": {"kind": "number", "decimals": 2,
                "knots": {"levels": [0.0, 0.3, 1.0], "values": [-5.0, 0.1, 5.0]}}})
        };
        let columns: Vec<_> = ["a", "b", "c", "d"].map(column).into();
        let pairs = [(0, 1, 0.7), (0, 2, -0.2), (1, 2, 0.1), (2, 3, 0.33)];
        let pairs = pairs.map(|(a, b, spearman)| json!({"a": a, "b": b, "spearman": spearman}));
        let profile =
            json!({"version": 1, "sample_rows": 100, "columns": columns, "correlations": pairs});
        serde_json::from_value(profile).unwrap()
    }

    #[test]
    fn a_copula_that_nobody_wants_is_given_up_between_two_pairs() {
        let asked = Cell::new(0);
        let solved = Pattern::solve(profile(), || {
            asked.set(asked.get() + 1);
            asked.get() == 3
        });
        assert!(matches!(solved, Err(PatternError::Cancelled(_))));
        assert_eq!(asked.get(), 3);
    }

    #[test]
    fn a_pattern_is_the_same_after_a_journey_as_json() {
        let pattern = Pattern::solve(profile(), || false).unwrap();
        let json = serde_json::to_string(&pattern).unwrap();
        let read: Pattern = serde_json::from_str(&json).unwrap();
        assert_eq!(read, pattern);
        assert!(read.is_whole());
        let other = Pattern::from_parts(profile(), serde_json::from_str("[[1.0]]").unwrap());
        assert!(!other.is_whole());
    }
}
