//! Shares of weekdays and hours, none of which tells of fewer than a few entities.

use super::pool::is_shared;
use crate::profile::Week;

/// Of the local moments of each entity, in seconds since 1970-01-01.
pub fn week(entities: &[Vec<i64>], has_hours: bool) -> Week {
    let moments = || {
        let owned = entities.iter().zip(0..);
        owned.flat_map(|(moments, owner)| moments.iter().map(move |moment| (*moment, owner)))
    };
    Week {
        weekdays: shares(moments().map(|(moment, owner)| (Week::weekday_of(moment), owner))),
        hours: has_hours
            .then(|| shares(moments().map(|(moment, owner)| (Week::hour_of(moment), owner)))),
    }
}

/// Shares of cells. What lies in cells with too few owners is spread evenly over these and the empty ones, or left out where
/// all of it has too few owners.
fn shares<const CELLS: usize>(owned: impl Iterator<Item = (usize, u32)>) -> [f64; CELLS] {
    let mut cells = vec![Vec::new(); CELLS];
    for (cell, owner) in owned {
        cells[cell].push(owner);
    }
    let (told, rare): (Vec<usize>, Vec<usize>) =
        (0..CELLS).partition(|cell| is_shared(cells[*cell].iter().copied()));
    let rare_owners = || rare.iter().flat_map(|cell| cells[*cell].iter().copied());
    let spread = match is_shared(rare_owners()) {
        true => rare_owners().count() as f64 / rare.len() as f64,
        false => 0.0,
    };
    let mut counts = [spread; CELLS];
    for cell in told {
        counts[cell] = cells[cell].len() as f64;
    }
    let total: f64 = counts.iter().sum();
    match total > 0.0 {
        true => counts.map(|count| count / total),
        false => [1.0 / CELLS as f64; CELLS],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_few_owners_are_spread_or_left_out() {
        let of = |cell: usize, owners: std::ops::Range<u32>| owners.map(move |owner| (cell, owner));
        let one = (0..500).map(|_| (3, 1));
        let kept: [f64; 4] = shares(of(0, 0..6).chain(of(1, 0..6)).chain(one));
        assert_eq!(kept, [0.5, 0.5, 0.0, 0.0]);
        let rare = of(1, 0..3).chain(of(2, 3..6));
        let spread: [f64; 4] = shares(of(0, 0..6).chain(rare));
        assert_eq!(spread, [0.5, 1.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0]);
        assert_eq!(shares::<2>(of(0, 0..2)), [0.5; 2]);
    }
}
