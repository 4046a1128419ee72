//! Durations as people write them: `250ms`, `30s`, `5m`, `2h`, `90d`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer, de};

const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// None of what is no duration.
pub fn parse(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = text.split_at(digits);
    let (_, unit_ms) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
    count
        .parse::<u64>()
        .ok()?
        .checked_mul(*unit_ms)
        .map(Duration::from_millis)
}

fn print(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let fits = |&&(_, unit_ms): &&(&str, u64)| millis > 0 && millis.is_multiple_of(unit_ms);
    let (unit, unit_ms) = UNITS.iter().find(fits).copied().unwrap_or(("s", 1_000));
    format!("{}{unit}", millis / unit_ms)
}

pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&print(*value))
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    struct Text;

    impl de::Visitor<'_> for Text {
        type Value = Duration;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a duration such as \"250ms\", \"30s\", \"5m\", \"2h\" or \"90d\"")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
            parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_str(Text)
}

/// The same for a key that may be absent.
pub mod optional {
    use super::*;

    #[derive(Deserialize)]
    struct Present(#[serde(with = "super")] Duration);

    pub fn serialize<S: Serializer>(
        value: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(duration) => super::serialize(duration, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Present>::deserialize(deserializer)?.map(|Present(duration)| duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_reads_as_the_duration_it_says() {
        for (text, millis) in [
            ("250ms", 250),
            ("30s", 30_000),
            ("5m", 300_000),
            ("2h", 7_200_000),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)), "{text}");
            assert_eq!(print(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn text_without_a_known_unit_is_refused() {
        for text in [
            "",
            "30",
            "s",
            "1.5s",
            "-1s",
            "30 parsecs",
            "30S",
            "99999999999999999h",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn any_duration_in_milliseconds_survives_printing() {
        for millis in [
            1, 999, 1_000, 1_001, 60_000, 61_000, 3_600_000, 3_660_000, 86_400_000,
        ] {
            let duration = Duration::from_millis(millis);
            assert_eq!(parse(&print(duration)), Some(duration));
        }
    }
}
