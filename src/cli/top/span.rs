//! Lengths of time as people read them.

use std::time::Duration;

const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 60 * MINUTE_S;
const DAY_S: u64 = 24 * HOUR_S;
/// Below this the tenths of a second are shown.
const TENTHS_BELOW: Duration = Duration::from_secs(10);

/// The two largest units of `length`, without one there is nothing of.
pub fn span(length: Duration) -> String {
    let s = length.as_secs();
    let two = |large: u64, unit: &str, small: u64, smaller: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {smaller}"),
    };
    match s {
        _ if length < TENTHS_BELOW => format!("{}.{} s", s, length.subsec_millis() / 100),
        s if s < MINUTE_S => format!("{s} s"),
        s if s < HOUR_S => two(s / MINUTE_S, "min", s % MINUTE_S, "s"),
        s if s < DAY_S => two(s / HOUR_S, "h", s % HOUR_S / MINUTE_S, "min"),
        s => two(s / DAY_S, "d", s % DAY_S / HOUR_S, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_its_two_largest_units() {
        for (ms, text) in [
            (0, "0.0 s"),
            (9_990, "9.9 s"),
            (10_000, "10 s"),
            (60_000, "1 min"),
            (61_000, "1 min 1 s"),
            (7_500_000, "2 h 5 min"),
            (90_000_000, "1 d 1 h"),
        ] {
            assert_eq!(span(Duration::from_millis(ms)), text, "{ms}");
        }
    }
}
