//! How far two computations of one figure may lie apart.

/// Relative difference that rounding explains.
const RELATIVE: f64 = 1e-9;
/// Absolute difference that rounding explains in figures near zero.
const ABSOLUTE: f64 = 1e-12;
/// Roundings that a sum over returns is granted, in units of the double's epsilon.
const ROUNDINGS: f64 = 64.0;

/// The difference allowed between a claimed and a recomputed figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    pub relative: f64,
    pub absolute: f64,
}

impl Tolerance {
    pub const PLAIN: Self = Self {
        relative: RELATIVE,
        absolute: ABSOLUTE,
    };

    /// For figures that divide by a spread: `condition` is the mean's size in units of the spread, by which subtracting
    /// the mean magnifies rounding.
    pub fn conditioned(condition: f64) -> Self {
        let noise = ROUNDINGS * f64::EPSILON * condition.max(1.0);
        Self {
            relative: RELATIVE.max(noise),
            absolute: ABSOLUTE.max(noise),
        }
    }

    /// The same with differences near zero measured against `scale` instead of 1.
    pub fn scaled(self, scale: f64) -> Self {
        Self {
            absolute: self.absolute * scale.abs().max(1.0),
            ..self
        }
    }

    pub fn allows(self, claimed: f64, recomputed: f64) -> bool {
        (claimed - recomputed).abs()
            <= self.absolute + self.relative * claimed.abs().max(recomputed.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_allowed_and_an_error_in_the_eighth_digit_is_not() {
        assert!(Tolerance::PLAIN.allows(1.0, 1.0 + 1e-10));
        assert!(!Tolerance::PLAIN.allows(1.0, 1.0 + 1e-8));
        assert!(Tolerance::PLAIN.allows(0.0, 1e-13));
        assert!(!Tolerance::PLAIN.allows(0.0, 1e-11));
        assert!(!Tolerance::PLAIN.allows(f64::NAN, 1.0));
    }
}
