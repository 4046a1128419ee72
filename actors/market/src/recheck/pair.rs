//! Rechecks the correlation of two tickers.

use serde_json::Value;

use super::{
    Verdict,
    moments::{Moments, covariance},
    tolerance::Tolerance,
};
use crate::measure::simple_returns;

const METHOD: &str = "one-pass covariance over one-pass deviations";

/// Judges a claimed correlation of two series of closes on the same dates; `null` claims that there is none.
pub fn recheck_correlation(a: &[f64], b: &[f64], claimed: &Value) -> Verdict {
    let (a, b) = (simple_returns(a), simple_returns(b));
    let (first, second) = (Moments::of(&a), Moments::of(&b));
    let varies = first.count() > 1.0 && !first.is_flat() && !second.is_flat();
    let found = varies.then(|| covariance(&a, &b) / (first.deviation() * second.deviation()));
    let agrees = match (claimed.as_f64(), found) {
        (Some(claimed), Some(found)) => {
            Tolerance::conditioned(first.condition().max(second.condition())).allows(claimed, found)
        }
        (None, None) => claimed.is_null(),
        (Some(_), None) | (None, Some(_)) => false,
    };
    if agrees {
        return Ok(METHOD);
    }
    let found = found.map_or("no value".to_owned(), |found| found.to_string());
    Err(format!(
        "the correlation is claimed to be {claimed} (two-pass Pearson), but {METHOD} gives {found}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_correlation_is_refuted_with_both_values() {
        let closes = [10.0, 11.0, 10.5, 12.0];
        assert!(recheck_correlation(&closes, &closes, &1.0.into()).is_ok());
        let reason = recheck_correlation(&closes, &closes, &0.5.into()).unwrap_err();
        assert!(
            reason.contains("claimed to be 0.5") && reason.contains("deviations gives"),
            "{reason}"
        );
        assert!(recheck_correlation(&closes, &[5.0; 4], &Value::Null).is_ok());
        assert!(recheck_correlation(&closes, &closes, &Value::Null).is_err());
    }
}
