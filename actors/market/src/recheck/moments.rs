//! Moments of returns in one pass.

use crate::measure::FLAT_DEVIATION_MAX;

/// Central moments up to the fourth, updated value by value (P. Pebay, *Sandia Report* SAND2008-6212, 2008).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moments {
    count: f64,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
}

impl Moments {
    pub fn of(values: &[f64]) -> Self {
        values
            .iter()
            .fold(Self::default(), |moments, value| moments.with(*value))
    }

    fn with(self, value: f64) -> Self {
        let before = self.count;
        let count = before + 1.0;
        let delta = value - self.mean;
        let step = delta / count;
        let step_squared = step * step;
        let term = delta * step * before;
        Self {
            count,
            mean: self.mean + step,
            second: self.second + term,
            third: self.third + term * step * (count - 2.0) - 3.0 * step * self.second,
            fourth: self.fourth
                + term * step_squared * (count * count - 3.0 * count + 3.0)
                + 6.0 * step_squared * self.second
                - 4.0 * step * self.third,
        }
    }

    pub fn count(&self) -> f64 {
        self.count
    }

    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Sample standard deviation.
    pub fn deviation(&self) -> f64 {
        (self.second / (self.count - 1.0)).sqrt()
    }

    pub fn is_flat(&self) -> bool {
        self.deviation() <= FLAT_DEVIATION_MAX
    }

    /// Size of the mean in units of the deviation.
    pub fn condition(&self) -> f64 {
        self.mean.abs() / self.deviation()
    }

    /// Skewness from k-statistics: `k3 / k2^1.5`.
    pub fn skew(&self) -> f64 {
        let n = self.count;
        let k2 = self.second / (n - 1.0);
        let k3 = n * self.third / ((n - 1.0) * (n - 2.0));
        k3 / (k2 * k2.sqrt())
    }

    /// Excess kurtosis from k-statistics: `k4 / k2^2`.
    pub fn excess_kurtosis(&self) -> f64 {
        let n = self.count;
        let k2 = self.second / (n - 1.0);
        let squares = self.second * self.second / n;
        let k4 = n * ((n + 1.0) * self.fourth - 3.0 * (n - 1.0) * squares)
            / ((n - 1.0) * (n - 2.0) * (n - 3.0));
        k4 / (k2 * k2)
    }
}

/// Sample covariance of two series in one pass (B. P. Welford, *Technometrics* 4(3), 1962, for products).
pub fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let start = (0.0, 0.0, 0.0, 0.0);
    let (count, _, _, sum) = a
        .iter()
        .zip(b)
        .fold(start, |(count, mean_a, mean_b, sum), (x, y)| {
            let count = count + 1.0;
            let from_a = x - mean_a;
            let mean_a = mean_a + from_a / count;
            let mean_b: f64 = mean_b + (y - mean_b) / count;
            (count, mean_a, mean_b, sum + from_a * (y - mean_b))
        });
    sum / (count - 1.0)
}

/// A sum that carries its rounding error along (A. Neumaier, *ZAMM* 54, 1974).
pub fn compensated_sum(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, lost) = values.fold((0.0f64, 0.0f64), |(sum, lost), value| {
        let next = sum + value;
        let error = if sum.abs() >= value.abs() {
            (sum - next) + value
        } else {
            (value - next) + sum
        };
        (next, lost + error)
    });
    sum + lost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pass_gives_the_moments_worked_by_hand() {
        // 1, 2, 3, 10: mean 4, squared deviations 50.
        let moments = Moments::of(&[1.0, 2.0, 3.0, 10.0]);
        assert_eq!((moments.count(), moments.mean()), (4.0, 4.0));
        assert!((moments.deviation() - (50f64 / 3.0).sqrt()).abs() < 1e-14);
        assert!(
            (moments.third - 180.0).abs() < 1e-12 && (moments.fourth - 1394.0).abs() < 1e-11,
            "{moments:?}"
        );
    }

    #[test]
    fn covariance_of_a_series_with_itself_is_its_variance() {
        let values = [0.01, -0.02, 0.03, 0.0];
        let deviation = Moments::of(&values).deviation();
        assert!((covariance(&values, &values) - deviation * deviation).abs() < 1e-18);
    }

    #[test]
    fn the_compensated_sum_keeps_what_doubles_lose() {
        assert_eq!(compensated_sum([1e16, 1.0, -1e16].into_iter()), 1.0);
    }
}
