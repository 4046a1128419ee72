//! Rows by whom they belong to: how many, from when on, and how far apart.

use super::{
    pool::{self, OWNERS_MIN, Record},
    week::week,
};
use crate::profile::{ENTITY_ROWS_MAX, EntityProfile, Knots, RowClass, TimeProfile};

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

/// How many rows entities have; each has at least one. Numbers of rows that too few entities have are told together, with
/// the largest of the others where these are too few too.
pub fn entities(rows: &[Vec<usize>], between_share: f64) -> EntityProfile {
    let counts = || rows.iter().map(Vec::len);
    let mut of_rows = [0; ROW_SHARES + 1];
    for count in counts().filter(|count| *count <= ROW_SHARES) {
        of_rows[count] += 1;
    }
    let mut is_told = of_rows.map(|entities| entities >= OWNERS_MIN);
    let more = loop {
        let is_more = |count: &usize| !is_told.get(*count).is_some_and(|is_told| *is_told);
        let more: Vec<usize> = counts().filter(is_more).collect();
        match is_told.iter().rposition(|is_told| *is_told) {
            Some(last) if (1..OWNERS_MIN).contains(&more.len()) => is_told[last] = false,
            _ => break more,
        }
    };
    let share = |count: usize| match is_told[count] {
        true => of_rows[count] as f64 / rows.len() as f64,
        false => 0.0,
    };
    let last = is_told.iter().rposition(|is_told| *is_told).unwrap_or(0);
    let records = own(more
        .iter()
        .map(|count| (*count as f64).min(ENTITY_ROWS_MAX)));
    EntityProfile {
        row_shares: (1..=last).map(share).collect(),
        more_rows: pool::knots(records),
        between_share,
    }
}

/// When rows come; none where too few entities tell. `entities` are the moments of each entity, in order; each has at least
/// one.
pub fn time(entities: &[Vec<i64>], has_hours: bool) -> Option<TimeProfile> {
    let week = week(entities, has_hours);
    let busy: Vec<Vec<f64>> = entities
        .iter()
        .map(|moments| {
            moments
                .iter()
                .map(|moment| week.busy_days(*moment))
                .collect()
        })
        .collect();
    let last = busy.iter().filter_map(|days| days.last().copied());
    let end = pool::knots(own(last))?.last();
    let all: Vec<&[f64]> = busy.iter().map(Vec::as_slice).collect();
    let of_all = gaps(&all);
    let classes = classes(&busy).into_iter().filter_map(|(rows_to, members)| {
        let has_gaps = members.iter().any(|days| days.len() > 1);
        Some(RowClass {
            rows_to,
            first: pool::knots(own(members.iter().map(|days| days[0])))?,
            gaps: gaps(&members).or_else(|| of_all.clone().filter(|_| has_gaps)),
        })
    });
    Some(TimeProfile {
        end,
        classes: classes.collect(),
        week,
    })
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

/// Gaps between rows, every entity counting alike; none where too few have any.
fn gaps(entities: &[&[f64]]) -> Option<Knots> {
    let of_entity = |(days, owner): (&&[f64], u32)| {
        let gaps: Vec<f64> = days.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let weight = 1.0 / gaps.len() as f64;
        gaps.into_iter().map(move |value| Record {
            value,
            owner,
            weight,
        })
    };
    pool::knots(entities.iter().zip(0..).flat_map(of_entity).collect())
}

/// Records of as many owners.
fn own(values: impl Iterator<Item = f64>) -> Vec<Record> {
    let records = values.zip(0..).map(|(value, owner)| Record {
        value,
        owner,
        weight: 1.0,
    });
    records.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_rows(counts: impl IntoIterator<Item = usize>) -> Vec<Vec<usize>> {
        counts.into_iter().map(|count| vec![0; count]).collect()
    }

    #[test]
    fn shares_of_rows_and_the_tail_behind_them_are_kept_apart() {
        let tail = std::iter::repeat_n(2, 6).chain([7, 20, 21, 22, 30]);
        let profile = entities(&with_rows(std::iter::repeat_n(1, 9).chain(tail)), 0.0);
        assert_eq!(profile.row_shares, [0.45, 0.3]);
        assert_eq!(profile.rows_at(0.4), 1);
        assert_eq!(profile.rows_at(0.7), 2);
        assert_eq!(profile.rows_at(0.95), 20);
    }

    #[test]
    fn the_rows_of_one_entity_show_nowhere() {
        for one in [3, 40, 1_000_000] {
            let counts = std::iter::repeat_n(1, 8).chain(std::iter::repeat_n(2, 7));
            let profile = entities(&with_rows(counts.chain([one])), 0.0);
            assert_eq!(profile.row_shares, [0.5]);
            let most = profile.more_rows.unwrap().last();
            assert_eq!(most, 2.0, "{one}");
        }
        let heavy = entities(&with_rows(std::iter::repeat_n(300_000, 5)), 0.0);
        assert_eq!(heavy.more_rows.unwrap().last(), ENTITY_ROWS_MAX);
    }

    #[test]
    fn gaps_of_one_entity_weigh_no_more_than_those_of_another() {
        let often: Vec<f64> = (0..1_000).map(f64::from).collect();
        let seldom: Vec<Vec<f64>> = (0..19)
            .map(|entity| vec![0.0, 50.0 + f64::from(entity)])
            .collect();
        let members = seldom.iter().chain([&often]).map(Vec::as_slice);
        let gaps = gaps(&members.collect::<Vec<_>>()).unwrap();
        assert!(gaps.at(0.0) > 10.0 && gaps.at(0.3) > 50.0, "{gaps:?}");
        assert!(super::gaps(&[&often]).is_none());
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
