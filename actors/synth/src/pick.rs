//! Weighted choice in constant time, the same on every machine.

/// Guide cells are at least this many and at least as many as choices: a lookup moves on by one entry on average.
const CELLS_MIN: usize = 256;

/// Choices 0..n with weights.
#[derive(Debug, Clone)]
pub struct Pick {
    /// The share of 0..=i, scaled to 2^32; the last is `u32::MAX`.
    bounds: Vec<u32>,
    guide: Vec<u16>,
    /// From a point to its guide cell.
    shift: u32,
}

impl Pick {
    /// From weights that are not negative and not all zero; at most 65,536 of them.
    pub fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let mut sum = 0.0;
        let sums: Vec<f64> = weights
            .into_iter()
            .map(|weight| {
                sum += weight;
                sum
            })
            .collect();
        // A choice of weight 0 ends where the one before it ends, and is never reached.
        let mut bounds: Vec<u32> = sums
            .iter()
            .map(|part| (part / sum * f64::from(u32::MAX)) as u32)
            .collect();
        let last = bounds.len() - 1;
        bounds[last] = u32::MAX;
        let cells = bounds.len().next_power_of_two().max(CELLS_MIN);
        let shift = u32::BITS - cells.trailing_zeros();
        let guide = (0..cells)
            .map(|cell| {
                let floor = (cell << shift) as u32;
                bounds.partition_point(|bound| *bound < floor) as u16
            })
            .collect();
        Self {
            bounds,
            guide,
            shift,
        }
    }

    /// The choice at a point of the unit interval scaled to 2^32.
    #[inline]
    pub fn at(&self, point: u32) -> usize {
        let mut choice = usize::from(self.guide[(point >> self.shift) as usize]);
        while self.bounds[choice] < point {
            choice += 1;
        }
        choice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_come_in_proportion_to_their_weights() {
        let weights = [1.0, 0.0, 3.0, 0.001, 5.999];
        let pick = Pick::new(weights);
        let steps = 1_000_000_u64;
        let mut seen = [0_u32; 5];
        for step in 0..steps {
            seen[pick.at(((step << 32) / steps) as u32)] += 1;
        }
        for (choice, weight) in weights.iter().enumerate() {
            let share = f64::from(seen[choice]) / steps as f64;
            assert!((share - weight / 10.0).abs() < 2e-6, "{choice}: {share}");
        }
    }

    #[test]
    fn a_single_choice_is_always_taken() {
        let pick = Pick::new([2.0]);
        assert_eq!([pick.at(0), pick.at(u32::MAX)], [0, 0]);
    }
}
