//! What became of one unit of money.

use super::undefined::{Figure, Undefined, finite};

/// Total return `P_last / P_first - 1`.
pub fn total_return(closes: &[f64]) -> Figure {
    match (closes.first(), closes.last()) {
        (Some(first), Some(last)) if closes.len() > 1 => finite(last / first - 1.0),
        _ => Err(Undefined::TooFewReturns(1)),
    }
}

/// Compound annual growth rate `(1 + total)^(periods_per_year / n) - 1` over `n` returns (CFA Institute, *GIPS
/// Standards*, annualisation of linked returns; the exponent counts periods, not calendar days).
pub fn cagr(closes: &[f64], periods_per_year: f64) -> Figure {
    let total = total_return(closes)?;
    let periods = (closes.len() - 1) as f64;
    finite((1.0 + total).powf(periods_per_year / periods) - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubling_in_half_a_year_quadruples_in_a_year() {
        let closes = [1.0, 1.1, 1.2, 1.4, 1.5, 1.7, 2.0];
        assert_eq!(total_return(&closes), Ok(1.0));
        assert!((cagr(&closes, 12.0).unwrap() - 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_growth_beyond_doubles_has_no_value() {
        assert_eq!(cagr(&[1.0, 1e9], 252.0), Err(Undefined::OutOfRange));
        assert_eq!(total_return(&[1.0]), Err(Undefined::TooFewReturns(1)));
    }
}
