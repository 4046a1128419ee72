//! Rechecks every claim about one ticker.

use chrono::NaiveDate;
use serde_json::Value;

use super::{
    Verdict,
    key::Key,
    moments::{Moments, compensated_sum, covariance},
    tail,
    tolerance::Tolerance,
    wealth,
};
use crate::{
    measure::{Basis, FLAT_DEVIATION_MAX, simple_returns},
    metric::Metric,
};

/// A figure recomputed: its value, or `None` when there is none, with the method and the tolerance it deserves.
struct Second {
    value: Option<f64>,
    method: &'static str,
    tolerance: Tolerance,
}

/// Recomputes the figures of one ticker from its closes, once, and judges claims against them.
pub struct AssetAudit<'a> {
    basis: Basis<'a>,
    returns: Vec<f64>,
    moments: Moments,
    market: Option<(Vec<f64>, Moments)>,
}

impl<'a> AssetAudit<'a> {
    /// `None` for fewer than two closes.
    pub fn of(basis: Basis<'a>) -> Option<Self> {
        let returns = simple_returns(basis.closes);
        let market = basis.benchmark.map(|closes| {
            let returns = simple_returns(closes);
            let moments = Moments::of(&returns);
            (returns, moments)
        });
        let moments = Moments::of(&returns);
        (!returns.is_empty()).then_some(Self {
            basis,
            returns,
            moments,
            market,
        })
    }

    /// Judges one claim. A value of `null` claims that there is no value.
    pub fn judge(&self, key: Key, claimed: &Value) -> Verdict {
        let dates = self.basis.dates;
        match key {
            Key::Periods => whole(
                key,
                claimed,
                self.basis.closes.len() as u64 - 1,
                "closes counted, less one",
            ),
            Key::FirstDate => dated(
                key,
                claimed,
                dates.iter().min().copied(),
                "earliest of the common dates",
            ),
            Key::LastDate => dated(
                key,
                claimed,
                dates.iter().max().copied(),
                "latest of the common dates",
            ),
            Key::Peak => dated(
                key,
                claimed,
                self.fall().1.map(|(peak, _)| dates[peak]),
                "scan from the last close to the first",
            ),
            Key::Trough => dated(
                key,
                claimed,
                self.fall().1.map(|(_, trough)| dates[trough]),
                "scan from the last close to the first",
            ),
            Key::Figure(metric) => figured(metric, claimed, &self.second(metric)),
        }
    }

    fn fall(&self) -> (f64, Option<(usize, usize)>) {
        wealth::deepest_fall(self.basis.closes)
    }

    fn second(&self, metric: Metric) -> Second {
        let (returns, moments) = (&self.returns, &self.moments);
        let Basis {
            periods_per_year,
            risk_free,
            ..
        } = self.basis;
        let conditioned = Tolerance::conditioned(moments.condition());
        let varies = moments.count() > 1.0 && !moments.is_flat();
        let (value, method, tolerance) = match metric {
            Metric::TotalReturn => {
                let total = wealth::total_return(returns);
                (
                    Some(total),
                    "product of 1 + r over all returns, less 1",
                    Tolerance::PLAIN.scaled(1.0 + total),
                )
            }
            Metric::Cagr => {
                let cagr = wealth::cagr(returns, periods_per_year);
                (
                    Some(cagr),
                    "exponential of the annualised mean log return, less 1",
                    Tolerance::PLAIN.scaled(1.0 + cagr),
                )
            }
            Metric::Volatility => {
                let value =
                    (moments.count() > 1.0).then(|| moments.deviation() * periods_per_year.sqrt());
                (value, "one-pass variance", conditioned)
            }
            Metric::Sharpe => {
                let excess = moments.mean() * periods_per_year - risk_free;
                let value =
                    varies.then(|| excess / (moments.deviation() * periods_per_year.sqrt()));
                (
                    value,
                    "yearly excess return over yearly volatility, one-pass moments",
                    conditioned.scaled(periods_per_year.sqrt()),
                )
            }
            Metric::Sortino => (
                self.sortino(),
                "compensated sums over excess returns and shortfalls",
                Tolerance::PLAIN,
            ),
            Metric::MaxDrawdown => (
                Some(self.fall().0),
                "scan from the last close to the first",
                Tolerance::PLAIN,
            ),
            Metric::Var95 => (
                Some(tail::value_at_risk(returns)),
                "order statistics by selection",
                Tolerance::PLAIN,
            ),
            Metric::Cvar95 => {
                let limit = tail::value_at_risk(returns);
                (
                    Some(tail::conditional_value_at_risk(returns, limit)),
                    "VaR less the mean shortfall below it",
                    Tolerance::PLAIN,
                )
            }
            Metric::Var95Normal => {
                let value = (moments.count() > 1.0)
                    .then(|| tail::value_at_risk_normal(moments.mean(), moments.deviation()));
                (
                    value,
                    "inverse normal distribution on one-pass moments",
                    Tolerance::PLAIN,
                )
            }
            Metric::Skew => (
                (moments.count() > 2.0 && varies).then(|| moments.skew()),
                "k-statistics of one-pass moments",
                conditioned,
            ),
            Metric::ExcessKurtosis => (
                (moments.count() > 3.0 && varies).then(|| moments.excess_kurtosis()),
                "k-statistics of one-pass moments",
                conditioned.scaled(moments.count()),
            ),
            Metric::Beta => (
                self.beta(),
                "correlation times the ratio of deviations, one-pass",
                self.market_tolerance(),
            ),
            Metric::Alpha => (
                self.alpha(),
                "yearly excess return less beta times the benchmark's, one-pass",
                self.market_tolerance(),
            ),
        };
        Second {
            value: value.filter(|value| value.is_finite()),
            method,
            tolerance,
        }
    }

    fn sortino(&self) -> Option<f64> {
        let Basis {
            periods_per_year,
            risk_free,
            ..
        } = self.basis;
        let target = risk_free / periods_per_year;
        let count = self.returns.len() as f64;
        let short: Vec<f64> = self
            .returns
            .iter()
            .map(|r| target - r)
            .filter(|short| *short > 0.0)
            .collect();
        let downside = (compensated_sum(short.iter().map(|short| short * short)) / count).sqrt();
        let excess = compensated_sum(self.returns.iter().copied()) / count - target;
        (downside > FLAT_DEVIATION_MAX).then(|| excess / downside * periods_per_year.sqrt())
    }

    fn beta(&self) -> Option<f64> {
        let (market, moments) = self
            .market
            .as_ref()
            .filter(|(_, moments)| moments.count() > 1.0 && !moments.is_flat())?;
        if self.moments.is_flat() {
            return Some(covariance(&self.returns, market) / moments.deviation().powi(2));
        }
        let correlation =
            covariance(&self.returns, market) / (self.moments.deviation() * moments.deviation());
        Some(correlation * (self.moments.deviation() / moments.deviation()))
    }

    fn alpha(&self) -> Option<f64> {
        let Basis {
            periods_per_year,
            risk_free,
            ..
        } = self.basis;
        let (_, market) = self.market.as_ref()?;
        let excess = |moments: &Moments| moments.mean() * periods_per_year - risk_free;
        Some(excess(&self.moments) - self.beta()? * excess(market))
    }

    fn market_tolerance(&self) -> Tolerance {
        let Some((_, market)) = &self.market else {
            return Tolerance::PLAIN;
        };
        let scale = self.moments.deviation() / market.deviation();
        Tolerance::conditioned(
            self.moments
                .condition()
                .min(1.0 / f64::EPSILON)
                .max(market.condition()),
        )
        .scaled(1.0 + scale)
    }
}

fn figured(metric: Metric, claimed: &Value, second: &Second) -> Verdict {
    let Second {
        value,
        method,
        tolerance,
    } = second;
    let agrees = match (claimed.as_f64(), value) {
        (Some(claimed), Some(value)) => tolerance.allows(claimed, *value),
        (None, None) => claimed.is_null(),
        (Some(_), None) | (None, Some(_)) => false,
    };
    if agrees {
        return Ok(method);
    }
    let found = value.map_or("no value".to_owned(), |value| value.to_string());
    Err(format!(
        "{metric} is claimed to be {claimed} (formula of its definition), but {method} gives {found}"
    ))
}

fn whole(key: Key, claimed: &Value, counted: u64, method: &'static str) -> Verdict {
    if claimed.as_u64() == Some(counted) {
        Ok(method)
    } else {
        Err(format!(
            "{key} is claimed to be {claimed}, but {method} gives {counted}"
        ))
    }
}

fn dated(key: Key, claimed: &Value, found: Option<NaiveDate>, method: &'static str) -> Verdict {
    let found = found.map_or(Value::Null, |date| Value::from(date.to_string()));
    if *claimed == found {
        Ok(method)
    } else {
        Err(format!(
            "{key} is claimed to be {claimed}, but {method} gives {found}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::measure::Sheet;

    fn dates(count: usize) -> Vec<NaiveDate> {
        NaiveDate::from_ymd_opt(2015, 1, 2)
            .unwrap()
            .iter_days()
            .take(count)
            .collect()
    }

    fn walk(steps: &[f64]) -> Vec<f64> {
        steps
            .iter()
            .scan(100.0, |close, step| {
                *close *= 1.0 + step;
                Some(*close)
            })
            .collect()
    }

    fn claims(sheet: &Sheet) -> Vec<(Key, Value)> {
        let date = |date: NaiveDate| Value::from(date.to_string());
        Key::all()
            .map(|key| {
                let value = match key {
                    Key::Periods => sheet.periods.into(),
                    Key::FirstDate => date(sheet.first_date),
                    Key::LastDate => date(sheet.last_date),
                    Key::Figure(metric) => sheet.figure(metric).map_or(Value::Null, Value::from),
                    Key::Peak => sheet.drawdown.map_or(Value::Null, |(peak, _)| date(peak)),
                    Key::Trough => sheet
                        .drawdown
                        .map_or(Value::Null, |(_, trough)| date(trough)),
                };
                (key, value)
            })
            .collect()
    }

    #[test]
    fn a_wrong_claim_is_refuted_with_both_values_and_the_method() {
        let closes = walk(&[0.0, 0.02, -0.01, 0.03, -0.02, 0.01]);
        let dates = dates(closes.len());
        let basis = Basis {
            dates: &dates,
            closes: &closes,
            benchmark: None,
            risk_free: 0.0,
            periods_per_year: 252.0,
        };
        let audit = AssetAudit::of(basis).unwrap();
        for (key, value) in claims(&Sheet::of(basis).unwrap()) {
            let wrong = match &value {
                Value::Number(number) if number.is_u64() => {
                    Value::from(number.as_u64().unwrap() + 1)
                }
                Value::Number(number) => Value::from(number.as_f64().unwrap() * (1.0 + 1e-7)),
                Value::String(_) => Value::from("2014-12-31"),
                _ => Value::from(0.5),
            };
            assert!(audit.judge(key, &value).is_ok(), "{key}");
            let reason = audit.judge(key, &wrong).unwrap_err();
            assert!(
                reason.contains(key.as_str())
                    && reason.contains(&wrong.to_string())
                    && reason.contains("gives"),
                "{reason}"
            );
        }
    }

    #[test]
    fn prices_that_do_not_move_have_claims_without_value_that_hold() {
        let closes = [5.0; 6];
        let dates = dates(6);
        let basis = Basis {
            dates: &dates,
            closes: &closes,
            benchmark: Some(&closes),
            risk_free: 0.0,
            periods_per_year: 252.0,
        };
        let audit = AssetAudit::of(basis).unwrap();
        let claims = claims(&Sheet::of(basis).unwrap());
        assert!(
            claims
                .iter()
                .any(|(key, value)| *key == Key::Figure(Metric::Sharpe) && value.is_null())
        );
        for (key, value) in claims {
            assert_eq!(audit.judge(key, &value).err(), None, "{key}");
        }
    }

    proptest! {
        #[test]
        fn what_measure_finds_the_recheck_confirms(
            steps in proptest::collection::vec((-0.2f64..0.25, -0.1f64..0.12), 2..300),
            risk_free in -0.05f64..0.1,
            periods in prop::sample::select(vec![252.0, 52.0, 12.0]),
            with_benchmark in any::<bool>(),
        ) {
            let closes = walk(&steps.iter().map(|step| step.0).collect::<Vec<_>>());
            let benchmark = walk(&steps.iter().map(|step| step.1 + 0.3 * step.0).collect::<Vec<_>>());
            let dates = dates(closes.len());
            let basis = Basis { dates: &dates, closes: &closes, benchmark: with_benchmark.then_some(&benchmark), risk_free, periods_per_year: periods };
            let audit = AssetAudit::of(basis).unwrap();
            for (key, value) in claims(&Sheet::of(basis).unwrap()) {
                prop_assert_eq!(audit.judge(key, &value).err(), None);
            }
        }

        #[test]
        fn prices_in_whole_cents_with_long_flat_stretches_are_confirmed(cents in proptest::collection::vec(9_990u32..10_010, 2..200)) {
            let closes: Vec<f64> = cents.iter().map(|cents| f64::from(*cents) / 100.0).collect();
            let benchmark: Vec<f64> = closes.iter().rev().copied().collect();
            let dates = dates(closes.len());
            let basis = Basis { dates: &dates, closes: &closes, benchmark: Some(&benchmark), risk_free: 0.0, periods_per_year: 252.0 };
            let audit = AssetAudit::of(basis).unwrap();
            for (key, value) in claims(&Sheet::of(basis).unwrap()) {
                prop_assert_eq!(audit.judge(key, &value).err(), None);
            }
        }
    }
}
