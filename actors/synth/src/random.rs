//! Randomness by address: a value is a function of the seed, a stream and an index, and of nothing else.
//!
//! The generator is part of what a seed promises: another one would change every byte of every data set.

/// What a stream of numbers is for; two purposes never share one.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub enum Stream {
    Roster = 1,
    Life = 2,
    Papers = 3,
    Merchant = 4,
    Row = 5,
    Fraud = 6,
    Amount = 7,
    Blemish = 8,
    Device = 9,
    Habit = 10,
    Bills = 11,
    Likeness = 32,
    LikenessTime = 33,
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): every bit of the result depends on every bit of `value`.
pub const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// The 64 bits that belong to an index of a stream.
pub const fn key(seed: u64, stream: Stream, index: u64) -> u64 {
    let tagged = mix(seed ^ mix((stream as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93)));
    mix(tagged ^ mix(index.wrapping_add(0x9E37_79B9_7F4A_7C15)))
}

/// The point `index` of the golden-ratio sequence, shifted by `offset`: each prefix covers the unit interval, scaled to
/// 2^64, evenly.
pub const fn golden(index: u64, offset: u64) -> u64 {
    index
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(offset)
}

/// Folds a point of the unit interval, scaled to 2^64, so that neighbours across its ends become neighbours: sums over a
/// sequence of folded points converge faster.
pub const fn fold(point: u64) -> u64 {
    if point >> 63 == 0 {
        point << 1
    } else {
        !point << 1
    }
}

/// The point `index` of a sequence like [`golden`] but with the square of the inverse plastic number (M. Roberts 2018):
/// together they cover the unit square evenly.
pub const fn plastic(index: u64, offset: u64) -> u64 {
    index
        .wrapping_mul(0x91E1_0DA5_C79E_7B1D)
        .wrapping_add(offset)
}

/// A number in 0..1 from 64 bits.
pub const fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// A generator of one address: xoshiro256++ (Blackman and Vigna 2019), seeded by SplitMix64.
#[derive(Debug, Clone)]
pub struct Draws {
    state: [u64; 4],
}

impl Draws {
    pub const fn at(seed: u64, stream: Stream, index: u64) -> Self {
        let mut next = key(seed, stream, index);
        let mut state = [0; 4];
        let mut word = 0;
        while word < state.len() {
            next = next.wrapping_add(0x9E37_79B9_7F4A_7C15);
            state[word] = mix(next);
            word += 1;
        }
        Self { state }
    }

    #[inline]
    pub const fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// A number in 0..1.
    #[inline]
    pub const fn unit(&mut self) -> f64 {
        unit(self.bits())
    }

    /// A whole number below `bound`, which is less than 2^32; the bias is below 2^-32.
    #[inline]
    pub const fn below(&mut self, bound: u32) -> u32 {
        below(self.bits(), bound)
    }

    /// True with a probability in 0..=1.
    #[inline]
    pub const fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }
}

/// A whole number below `bound` from the upper half of 64 bits.
#[inline]
pub const fn below(bits: u64, bound: u32) -> u32 {
    (((bits >> 32) * bound as u64) >> 32) as u32
}

/// One standard deviation of ranks, by which amounts are dealt out.
pub const RANK_UNIT: i32 = 4_096;

/// About normal, with a standard deviation of [`RANK_UNIT`]: the sum of four even numbers, whole ones, so that it is the
/// same everywhere.
#[inline]
pub const fn rank_noise(bits: u64) -> i32 {
    /// Sum of the means of four 16-bit numbers; their standard deviation is 37,837.
    const MEAN: i64 = 131_070;
    const SCALE: i64 = ((RANK_UNIT as i64) << 16) / 37_837;
    let sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48);
    (((sum as i64 - MEAN) * SCALE) >> 16) as i32
}

/// A whole number below `bound`, low ones more often: the product of two even numbers.
#[inline]
pub const fn skewed_below(bits: u64, bound: u32) -> u32 {
    below((bits >> 32) * (bits & 0xFFFF_FFFF), bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_follows_its_published_recurrence() {
        // The first outputs of the reference implementation from the state 1, 2, 3, 4.
        let mut draws = Draws {
            state: [1, 2, 3, 4],
        };
        let drawn: Vec<u64> = (0..4).map(|_| draws.bits()).collect();
        assert_eq!(
            drawn,
            [
                41_943_041,
                58_720_359,
                3_588_806_011_781_223,
                3_591_011_842_654_386
            ]
        );
    }

    #[test]
    fn neighbouring_addresses_give_unrelated_numbers() {
        let ones: u32 = (0..1000)
            .map(|index| {
                let pair = [index, index + 1].map(|index| key(7, Stream::Row, index));
                (pair[0] ^ pair[1]).count_ones()
            })
            .sum();
        assert!(
            (31_000..33_000).contains(&ones),
            "{ones} of 64000 bits differ"
        );
        assert_ne!(key(7, Stream::Row, 0), key(7, Stream::Fraud, 0));
        assert_ne!(key(7, Stream::Row, 0), key(8, Stream::Row, 0));
    }

    #[test]
    fn ranks_have_mean_zero_and_the_stated_deviation() {
        let mut draws = Draws::at(3, Stream::Row, 0);
        let drawn: Vec<f64> = (0..100_000)
            .map(|_| f64::from(rank_noise(draws.bits())) / f64::from(RANK_UNIT))
            .collect();
        let mean = drawn.iter().sum::<f64>() / 1e5;
        let variance = drawn.iter().map(|rank| rank * rank).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.015, "{mean}");
        assert!((variance - 1.0).abs() < 0.02, "{variance}");
    }

    #[test]
    fn bounded_numbers_cover_their_range_evenly() {
        let mut draws = Draws::at(1, Stream::Row, 0);
        let mut seen = [0_u32; 7];
        for _ in 0..70_000 {
            seen[draws.below(7) as usize] += 1;
        }
        assert!(
            seen.iter().all(|count| (9_600..10_400).contains(count)),
            "{seen:?}"
        );
    }
}
