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
