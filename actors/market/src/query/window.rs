//! Clauses that bound the window.

use chrono::{Days, NaiveDate};

use super::{
    clause::Clause,
    cursor::Cursor,
    period::{Period, take_period, year_range},
};

/// Bounds that one clause states, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds {
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

impl Bounds {
    fn of(period: Period) -> Self {
        Self {
            from: Some(period.first),
            to: Some(period.last),
        }
    }
}

const UP_TO: &[&str] = &["to", "until", "till", "through", "thru", "-"];

/// Steps over a window clause. A word such as `from` without a date after it is at fault.
pub fn take_window(cursor: &mut Cursor<'_>) -> Clause<Bounds> {
    let start = *cursor;
    let word = cursor.lower().unwrap_or_default();
    let bounds = match word {
        "from" | "since" | "starting" | "beginning" => lower_bound(cursor),
        "after" => after_word(cursor).and_then(|period| {
            Some(Bounds {
                from: period.last.checked_add_days(Days::new(1)),
                to: None,
            })
            .filter(|b| b.from.is_some())
        }),
        "until" | "till" | "through" | "thru" | "to" | "ending" | "up" => upper_bound(cursor),
        "before" => after_word(cursor).and_then(|period| {
            Some(Bounds {
                from: None,
                to: period.first.checked_sub_days(Days::new(1)),
            })
            .filter(|b| b.to.is_some())
        }),
        "between" => between(cursor),
        "in" | "during" | "over" | "within" | "throughout" | "for" => {
            cursor.skip(1);
            span(cursor)
        }
        _ => span(cursor),
    };
    match bounds {
        Some(bounds) => Clause::Read(bounds),
        None => {
            *cursor = start;
            // These words have no other use; `to`, `for`, `between` and the rest may stand before a ticker.
            let only_dates = [
                "from",
                "since",
                "starting",
                "beginning",
                "after",
                "until",
                "till",
                "through",
                "thru",
                "before",
                "ending",
                "during",
                "over",
                "within",
                "throughout",
            ];
            if only_dates.contains(&word) {
                Clause::Incomplete("a date, such as 2005 or Jan 2005")
            } else {
                Clause::Absent
            }
        }
    }
}

fn after_word(cursor: &mut Cursor<'_>) -> Option<Period> {
    cursor.skip(1);
    take_period(cursor)
}

/// `from D`, `from D to D`.
fn lower_bound(cursor: &mut Cursor<'_>) -> Option<Bounds> {
    cursor.skip(1);
    cursor.take(&["in", "from", "on", "at", "with"]);
    span_after(cursor, |first| Bounds {
        from: Some(first.first),
        to: None,
    })
}

/// `to D`, `up to D`; `to date` and the like bound nothing.
fn upper_bound(cursor: &mut Cursor<'_>) -> Option<Bounds> {
    if cursor.take(&["up"]) {
        cursor.take(&["until"]);
    } else {
        cursor.skip(1);
    }
    cursor.take(&["to", "in", "on", "at", "with"]);
    let start = *cursor;
    cursor.take(&["the"]);
    if cursor.take(&["now", "today", "date", "present"]) {
        return Some(Bounds::default());
    }
    *cursor = start;
    take_period(cursor).map(|period| Bounds {
        from: None,
        to: Some(period.last),
    })
}

/// `between D and D`.
fn between(cursor: &mut Cursor<'_>) -> Option<Bounds> {
    cursor.skip(1);
    cursor.take(&["the"]);
    cursor.take(&["years"]);
    let first = take_period(cursor)?;
    (cursor.take(&["and"]) || cursor.take(UP_TO)).then_some(())?;
    take_period(cursor).map(|last| Bounds::of(first.to(last)))
}

/// `D`, `D to D`, `2005-2009`, with words such as `the period` before it.
fn span(cursor: &mut Cursor<'_>) -> Option<Bounds> {
    span_after(cursor, Bounds::of)
}

fn span_after(cursor: &mut Cursor<'_>, alone: impl Fn(Period) -> Bounds) -> Option<Bounds> {
    let start = *cursor;
    let mut between = false;
    cursor.take(&["the"]);
    if cursor.take(&["period", "window", "years", "months", "timeframe"]) {
        between = cursor.take(&["between"]);
        cursor.take(&["of", "from"]);
    } else {
        *cursor = start;
    }
    if let Some(range) = cursor.lower().and_then(year_range) {
        cursor.skip(1);
        return Some(Bounds::of(range));
    }
    let first = take_period(cursor)?;
    let mut ahead = *cursor;
    let closing =
        ahead.take(UP_TO) || ahead.take_phrase(&["up", "to"]) || (between && ahead.take(&["and"]));
    if let Some(last) = closing.then(|| take_period(&mut ahead)).flatten() {
        *cursor = ahead;
        return Some(Bounds::of(first.to(last)));
    }
    cursor.take(&["onwards", "onward", "on", "forward"]);
    Some(alone(first))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{period::is_period_word, word::words},
        *,
    };

    fn bounds(sentence: &str) -> Option<(String, String)> {
        let words = words(sentence, &is_period_word);
        let mut cursor = Cursor::new(&words);
        let Clause::Read(bounds) = take_window(&mut cursor) else {
            return None;
        };
        assert!(
            cursor.peek().is_none(),
            "{sentence}: {:?} is left over",
            cursor.rest()
        );
        let shown = |date: Option<NaiveDate>| date.map_or(String::new(), |date| date.to_string());
        Some((shown(bounds.from), shown(bounds.to)))
    }

    #[test]
    fn windows_are_read_in_their_many_forms() {
        for (sentence, from, to) in [
            ("from 2005 to 2009", "2005-01-01", "2009-12-31"),
            ("from Jan 2005 until 2009-06-30", "2005-01-01", "2009-06-30"),
            (
                "between Jan 2005 and 2009-12-31",
                "2005-01-01",
                "2009-12-31",
            ),
            ("between 2005 and March 2009", "2005-01-01", "2009-03-31"),
            ("over the period 2005 to 2009", "2005-01-01", "2009-12-31"),
            (
                "over the years between 2005 and 2009",
                "2005-01-01",
                "2009-12-31",
            ),
            ("over 2005-2009", "2005-01-01", "2009-12-31"),
            ("since 2003", "2003-01-01", ""),
            ("from 2003 onwards", "2003-01-01", ""),
            ("starting in March 2003", "2003-03-01", ""),
            ("after 2003", "2004-01-01", ""),
            ("until 2007", "", "2007-12-31"),
            ("up to Q2 2007", "", "2007-06-30"),
            ("before 2007", "", "2006-12-31"),
            ("in 2008", "2008-01-01", "2008-12-31"),
            ("in the year 2008", "2008-01-01", "2008-12-31"),
            ("during Q3 2008", "2008-07-01", "2008-09-30"),
            ("2008", "2008-01-01", "2008-12-31"),
            ("to the present", "", ""),
        ] {
            assert_eq!(
                bounds(sentence),
                Some((from.to_owned(), to.to_owned())),
                "{sentence}"
            );
        }
    }

    #[test]
    fn a_word_of_time_without_a_date_is_incomplete() {
        let words = words("since forever", &is_period_word);
        let mut cursor = Cursor::new(&words);
        assert!(matches!(take_window(&mut cursor), Clause::Incomplete(_)));
        assert_eq!(cursor.lower(), Some("since"));
    }
}
