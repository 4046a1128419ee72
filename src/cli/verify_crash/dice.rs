//! Reproducible chance: SplitMix64 (Steele, Lea and Flood, 2014).

use std::time::Duration;

#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice of their own for one player, so that the throws of one do not depend on the pace of another.
    pub fn of(&mut self) -> Self {
        Self(self.throw())
    }

    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `sides` - 1.
    pub fn below(&mut self, sides: u32) -> u32 {
        (self.throw() % u64::from(sides.max(1))) as u32
    }

    /// From `least` to `most`, to the microsecond.
    pub fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let range_us = most.saturating_sub(least).as_micros() as u64 + 1;
        least + Duration::from_micros(self.throw() % range_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        let mut dice = Dice::new(1_234_567);
        let first = [dice.throw(), dice.throw(), dice.throw()];
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn durations_stay_within_their_bounds() {
        let mut dice = Dice::new(1);
        let (least, most) = (Duration::from_millis(2), Duration::from_millis(5));
        for _ in 0..1_000 {
            let drawn = dice.between(least, most);
            assert!(drawn >= least && drawn <= most, "{drawn:?}");
        }
        assert_eq!(dice.between(least, least), least);
    }
}
