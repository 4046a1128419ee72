//! Falls from the highest close so far.

use super::undefined::Undefined;

/// The deepest fall from a running peak; positions are indices into the closes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawdown {
    /// `P / running max - 1`: negative, or 0 when the closes never fell.
    pub depth: f64,
    /// Peak and trough; none when the closes never fell. Of equal troughs the first, of equal peaks the first.
    pub span: Option<(usize, usize)>,
}

/// Maximum drawdown `min(P_t / max(P_s, s <= t) - 1)` (M. Magdon-Ismail and A. Atiya, *Risk Magazine* 17(10), 2004).
pub fn max_drawdown(closes: &[f64]) -> Result<Drawdown, Undefined> {
    if closes.len() < 2 {
        return Err(Undefined::TooFewReturns(1));
    }
    let mut deepest = Drawdown {
        depth: 0.0,
        span: None,
    };
    let mut peak = 0;
    for (at, close) in closes.iter().enumerate() {
        if *close > closes[peak] {
            peak = at;
        }
        let depth = close / closes[peak] - 1.0;
        if depth < deepest.depth {
            deepest = Drawdown {
                depth,
                span: Some((peak, at)),
            };
        }
    }
    Ok(deepest)
}

/// The drawdown at every close: 0 at a new peak, negative below it.
pub fn underwater(closes: &[f64]) -> Vec<f64> {
    let mut peak = f64::NEG_INFINITY;
    closes
        .iter()
        .map(|close| {
            peak = peak.max(*close);
            close / peak - 1.0
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_fall_is_found_with_its_peak_and_trough() {
        let drawdown = max_drawdown(&[10.0, 12.0, 9.0, 12.0, 6.0, 13.0, 12.0]).unwrap();
        assert_eq!(
            drawdown,
            Drawdown {
                depth: -0.5,
                span: Some((1, 4))
            }
        );
    }

    #[test]
    fn closes_that_never_fall_have_a_drawdown_of_zero_without_dates() {
        assert_eq!(
            max_drawdown(&[1.0, 1.0, 2.0]),
            Ok(Drawdown {
                depth: 0.0,
                span: None
            })
        );
    }

    #[test]
    fn the_lowest_point_under_water_is_the_max_drawdown() {
        let closes = [10.0, 12.0, 9.0, 12.0, 6.0];
        assert_eq!(underwater(&closes), [0.0, 0.0, -0.25, 0.0, -0.5]);
    }
}
