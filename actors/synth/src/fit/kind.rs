//! What a column of text holds: moments, decimal numbers, or words.

use std::collections::{HashMap, HashSet};

use super::layout::Layout;

/// Decimals that are kept.
const DECIMALS_MAX: u32 = 6;
/// Numbers beyond it are taken for words: account numbers, say.
const NUMBER_MAX: f64 = 9e9;

/// The cells of a column, read as what all of them are.
#[derive(Debug)]
pub enum Reading {
    /// In units of the last decimal.
    Number {
        decimals: u32,
        values: Vec<Option<i64>>,
    },
    Moment {
        layout: Layout,
        values: Vec<Option<i64>>,
    },
    /// Places in `words`.
    Words {
        values: Vec<Option<u32>>,
        words: Vec<String>,
    },
}

impl Reading {
    /// Reads a column that `name` may say something of.
    pub fn of<'a>(name: &str, cells: impl Iterator<Item = Option<&'a str>> + Clone) -> Self {
        // Eight digits are a day only where the name says so.
        let names_time = ["date", "time", "day"]
            .iter()
            .any(|word| name.to_lowercase().contains(word));
        let is_number = |cell: &str| cell.bytes().all(|byte| byte.is_ascii_digit());
        if (names_time || !cells.clone().flatten().all(is_number))
            && let Some(moments) = Self::moments(cells.clone())
        {
            return moments;
        }
        Self::numbers(cells.clone()).unwrap_or_else(|| Self::words(cells))
    }

    fn moments<'a>(cells: impl Iterator<Item = Option<&'a str>>) -> Option<Self> {
        let mut layouts: HashSet<Layout> = HashSet::new();
        let mut first: Option<Layout> = None;
        let mut read = Vec::new();
        for cell in cells {
            let Some(cell) = cell else {
                read.push(None);
                continue;
            };
            let (layout, moment) = Layout::read(cell)?;
            read.push(Some((layout.offset_minutes.unwrap_or(0), moment)));
            first.get_or_insert_with(|| layout.clone());
            layouts.insert(layout);
        }
        let mut layout = first?;
        let is_mixed =
            |part: fn(&Layout) -> bool| layouts.iter().any(part) && !layouts.iter().all(part);
        if is_mixed(Layout::has_hours) || is_mixed(|layout| layout.offset_minutes.is_some()) {
            return None;
        }
        let offsets_differ = layouts
            .iter()
            .any(|other| other.offset_minutes != layout.offset_minutes);
        if offsets_differ {
            layout.offset_minutes = Some(0);
        }
        let values = read.into_iter().map(|cell| {
            let (offset, moment) = cell?;
            let shift = if offsets_differ {
                i64::from(offset) * 60
            } else {
                0
            };
            Some(moment - shift)
        });
        Some(Self::Moment {
            values: values.collect(),
            layout,
        })
    }

    fn numbers<'a>(cells: impl Iterator<Item = Option<&'a str>> + Clone) -> Option<Self> {
        let mut decimals = 0;
        let mut any = false;
        for cell in cells.clone().flatten() {
            decimals = decimals.max(decimals_of(cell)?);
            any = true;
        }
        let scale = 10_f64.powi(decimals as i32);
        let read = |cell: &str| {
            let number: f64 = cell.parse().ok()?;
            (number.abs() <= NUMBER_MAX).then(|| (number * scale).round() as i64)
        };
        let mut values = Vec::new();
        for cell in cells {
            values.push(match cell {
                Some(cell) => Some(read(cell)?),
                None => None,
            });
        }
        any.then_some(Self::Number { decimals, values })
    }

    /// Reads a column as words whatever its cells are.
    pub fn words<'a>(cells: impl Iterator<Item = Option<&'a str>>) -> Self {
        let mut places: HashMap<&str, u32> = HashMap::new();
        let mut words = Vec::new();
        let values = cells.map(|cell| {
            let cell = cell?;
            Some(*places.entry(cell).or_insert_with(|| {
                words.push(cell.to_owned());
                words.len() as u32 - 1
            }))
        });
        Self::Words {
            values: values.collect(),
            words,
        }
    }
}

/// The decimals of a number, at most those that are kept; none for what is no number, or has leading zeros as codes do.
pub fn decimals_of(cell: &str) -> Option<u32> {
    let unsigned = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_code = whole.len() > 1 && whole.starts_with('0');
    if !is_digits(whole) || !is_digits(fraction) || whole.len() + fraction.len() == 0 || is_code {
        return None;
    }
    let decimals = (fraction.len() as i32)
        .saturating_sub(exponent)
        .clamp(0, DECIMALS_MAX as i32);
    Some(decimals as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, cells: &[&str]) -> Reading {
        Reading::of(
            name,
            cells
                .iter()
                .map(|cell| Some(*cell).filter(|cell| !cell.is_empty())),
        )
    }

    #[test]
    fn columns_are_told_apart_by_all_their_cells() {
        let Reading::Number { decimals, values } = read("x", &["9.77", "", "-3", "1.5"]) else {
            panic!("numbers are not read as such")
        };
        assert_eq!(
            (decimals, values),
            (2, vec![Some(977), None, Some(-300), Some(150)])
        );
        assert!(matches!(read("x", &["9.77", "a"]), Reading::Words { .. }));
        assert!(matches!(
            read("code", &["007", "123"]),
            Reading::Words { .. }
        ));
        assert!(matches!(read("x", &["", ""]), Reading::Words { .. }));
        assert!(matches!(read("x", &["20240101"]), Reading::Number { .. }));
        assert!(matches!(
            read("Order date", &["20240101"]),
            Reading::Moment { .. }
        ));
        assert!(matches!(read("x", &["2024-01-01"]), Reading::Moment { .. }));
        assert!(matches!(
            read("x", &["2024-01-01", "2024-01-01T10:00:00"]),
            Reading::Words { .. }
        ));
        assert!(matches!(
            read("account", &["12345678901234"]),
            Reading::Words { .. }
        ));
    }

    #[test]
    fn moments_of_several_zones_are_brought_to_one() {
        let cells = ["2024-01-01T05:30:00+05:30", "2024-01-01T01:00:00Z"];
        let Reading::Moment { layout, values } = read("at", &cells) else {
            panic!("moments are not read as such")
        };
        assert_eq!(layout.offset_minutes, Some(0));
        assert_eq!(values[1].unwrap() - values[0].unwrap(), 3_600);
    }
}
