//! The time of day of a category's transactions: hourly weights as an inverse distribution of seconds.

const CELL_BITS: u32 = 10;
const CELLS: usize = 1 << CELL_BITS;
const HOUR_SECONDS: f64 = 3600.0;

#[derive(Debug, Clone)]
pub struct TimeOfDay {
    /// Seconds since midnight at equally likely steps.
    knots: Vec<u32>,
}

impl TimeOfDay {
    /// From the weights of the hours 0 to 23, all positive.
    pub fn new(hours: &[f64; 24]) -> Self {
        let sum: f64 = hours.iter().sum();
        let (mut hour, mut before) = (0, 0.0);
        let knots = (0..=CELLS)
            .map(|cell| {
                let share = sum * cell as f64 / CELLS as f64;
                while hour < 23 && before + hours[hour] < share {
                    before += hours[hour];
                    hour += 1;
                }
                let within = ((share - before) / hours[hour]).clamp(0.0, 1.0);
                ((hour as f64 + within) * HOUR_SECONDS) as u32
            })
            .collect();
        Self { knots }
    }

    /// The second of the day at a point of the unit interval scaled to 2^32; below 86,400.
    #[inline]
    pub fn at(&self, point: u32) -> u32 {
        const REST_BITS: u32 = u32::BITS - CELL_BITS;
        let cell = (point >> REST_BITS) as usize;
        let rest = u64::from(point & ((1 << REST_BITS) - 1));
        let width = u64::from(self.knots[cell + 1] - self.knots[cell]);
        self.knots[cell] + ((width * rest) >> REST_BITS) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_come_in_proportion_to_their_weights() {
        let hours: [f64; 24] = std::array::from_fn(|hour| 1.0 + hour as f64);
        let time = TimeOfDay::new(&hours);
        let mut seen = [0_u32; 24];
        for point in (0..=u32::MAX).step_by(4096) {
            seen[(time.at(point) / 3600) as usize] += 1;
        }
        for (hour, count) in seen.iter().enumerate() {
            let share = f64::from(*count) / f64::from(1 << 20);
            assert!(
                (share - (1.0 + hour as f64) / 300.0).abs() < 1e-3,
                "{hour}: {share}"
            );
        }
    }
}
