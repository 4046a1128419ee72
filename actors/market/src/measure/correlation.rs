//! How two series of returns move together.

use super::{
    returns::{mean, spread},
    undefined::{Figure, finite},
};

/// Pearson's correlation of two equally long series of returns (K. Pearson, *Proceedings of the Royal Society* 58, 1895).
pub fn correlation(a: &[f64], b: &[f64]) -> Figure {
    let spreads = spread(a)? * spread(b)?;
    let (centre_a, centre_b) = (mean(a), mean(b));
    let products: f64 = a
        .iter()
        .zip(b)
        .map(|(x, y)| (x - centre_a) * (y - centre_b))
        .sum();
    finite((products / (a.len() - 1) as f64 / spreads).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::{super::undefined::Undefined, *};

    #[test]
    fn a_series_moves_with_itself_and_against_its_mirror() {
        let series = [0.01, -0.02, 0.03, 0.0];
        assert!((correlation(&series, &series).unwrap() - 1.0).abs() < 1e-15);
        assert!((correlation(&series, &series.map(|r| -r)).unwrap() + 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_flat_series_has_no_correlation() {
        assert_eq!(
            correlation(&[0.01, 0.02], &[0.01, 0.01]),
            Err(Undefined::FlatReturns)
        );
    }
}
