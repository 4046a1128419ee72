//! Rows by whom they belong to: how many, from when on, and how far apart.

use crate::profile::{EntityProfile, Knots, RowClass, TimeProfile, Week};

/// Numbers of rows whose share is stated; more than that are knots.
const ROW_SHARES: usize = 16;
/// The most rows of each class, as far as classes have enough entities.
const CLASS_ROWS: [u64; 7] = [1, 2, 4, 8, 16, 32, u64::MAX];
/// Entities of a class of their own.
const CLASS_ENTITIES_MIN: usize = 20;

/// Rows of each entity, by position in the sample.
pub fn rows_by_owner(owners: &[Option<u32>], count: usize) -> Vec<Vec<usize>> {
    let mut rows = vec![Vec::new(); count];
    for (row, owner) in owners.iter().enumerate() {
        if let Some(owner) = owner {
            rows[*owner as usize].push(row);
        }
    }
    rows
}

/// How many rows entities have; each has at least one.
pub fn entities(rows: &[Vec<usize>], between_share: f64) -> EntityProfile {
    let mut row_shares = vec![0.0; ROW_SHARES];
    let mut more = Vec::new();
    let one = 1.0 / rows.len() as f64;
    for count in rows.iter().map(Vec::len) {
        match row_shares.get_mut(count.wrapping_sub(1)) {
            Some(share) => *share += one,
            None => more.push(count as f64),
        }
    }
    more.sort_by(f64::total_cmp);
    let used = row_shares.iter().rposition(|share| *share > 0.0);
    row_shares.truncate(used.map_or(0, |last| last + 1));
    EntityProfile {
        row_shares,
        more_rows: (!more.is_empty()).then(|| Knots::of(&more)),
        between_share,
    }
}

/// When rows come. `entities` are the moments of each entity, in order; each has at least one.
pub fn time(entities: &[Vec<i64>], has_hours: bool) -> TimeProfile {
    let all: Vec<i64> = entities.iter().flatten().copied().collect();
    let week = Week::of(&all, has_hours);
    let busy: Vec<Vec<f64>> = entities
        .iter()
        .map(|moments| {
            moments
                .iter()
                .map(|moment| week.busy_days(*moment))
                .collect()
        })
        .collect();
    let end = Knots::of(&sorted(busy.iter().flatten().copied())).last();
    let classes = classes(&busy)
        .into_iter()
        .map(|(rows_to, members)| RowClass {
            rows_to,
            first: Knots::of(&sorted(members.iter().map(|days| days[0]))),
            gaps: gaps(&members),
        })
        .collect();
    TimeProfile { week, end, classes }
}

/// Entities by their number of rows, in classes that are large enough.
fn classes(entities: &[Vec<f64>]) -> Vec<(u64, Vec<&[f64]>)> {
    let mut classes: Vec<(u64, Vec<&[f64]>)> = Vec::new();
    let mut from = 1;
    let mut small: Vec<&[f64]> = Vec::new();
    for rows_to in CLASS_ROWS {
        let is_of_class = |days: &&Vec<f64>| (from..=rows_to).contains(&(days.len() as u64));
        small.extend(entities.iter().filter(is_of_class).map(Vec::as_slice));
        if small.len() >= CLASS_ENTITIES_MIN {
            classes.push((rows_to, std::mem::take(&mut small)));
        }
        from = rows_to.saturating_add(1);
    }
    match classes.last_mut() {
        Some((rows_to, last)) => {
            *rows_to = u64::MAX;
            last.append(&mut small);
        }
        None => classes.push((u64::MAX, small)),
    }
    classes
}

fn gaps(entities: &[&[f64]]) -> Option<Knots> {
    let gaps = entities
        .iter()
        .flat_map(|days| days.windows(2).map(|pair| pair[1] - pair[0]));
    let gaps = sorted(gaps);
    (!gaps.is_empty()).then(|| Knots::of(&gaps))
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_rows_and_the_tail_behind_them_are_kept_apart() {
        let owners: Vec<Option<u32>> = (0..10)
            .map(Some)
            .chain([Some(0), None])
            .chain(std::iter::repeat_n(Some(9), 29))
            .collect();
        let profile = entities(&rows_by_owner(&owners, 10), 0.0);
        assert!((profile.row_shares[0] - 0.8).abs() < 1e-12);
        assert!((profile.row_shares[1] - 0.1).abs() < 1e-12);
        assert_eq!(profile.rows_at(0.5), 1);
        assert_eq!(profile.rows_at(0.85), 2);
        assert_eq!(profile.rows_at(0.95), 30);
    }

    #[test]
    fn small_classes_go_with_their_neighbours() {
        let entities: Vec<Vec<f64>> = (0..60)
            .map(|index| vec![0.0; if index < 30 { 1 } else { 3 + index % 2 }])
            .chain([vec![0.0; 20]])
            .collect();
        let classes = classes(&entities);
        let shape: Vec<(u64, usize)> = classes
            .iter()
            .map(|(rows_to, members)| (*rows_to, members.len()))
            .collect();
        assert_eq!(shape, [(1, 30), (u64::MAX, 31)]);
    }
}
