//! The clause that states the risk-free rate.

use super::{clause::Clause, cursor::Cursor};

const NAMES: &[&[&str]] = &[
    &["risk", "free", "interest", "rate"],
    &["risk", "free", "rate"],
    &["risk", "free", "return"],
    &["risk", "free"],
    &["riskfree", "rate"],
    &["riskfree"],
    &["rf"],
];

/// Steps over `risk free 2%`, `risk-free rate of 0.02`, `rf=2%` or `2% risk free`; the rate is a yearly fraction.
pub fn take_risk_free(cursor: &mut Cursor<'_>) -> Clause<f64> {
    let mut ahead = *cursor;
    if let Some(rate) = take_rate(&mut ahead) {
        if !take_name(&mut ahead) {
            return Clause::Absent;
        }
        *cursor = ahead;
        return Clause::Read(rate);
    }
    if !take_name(&mut ahead) {
        return Clause::Absent;
    }
    ahead.take_all(&["of", "at", "is", "as", "equal", "to", "a", "-"]);
    match take_rate(&mut ahead) {
        Some(rate) => {
            *cursor = ahead;
            Clause::Read(rate)
        }
        None => Clause::Incomplete(
            "a yearly rate with a percent sign, such as 2%, or as a fraction, such as 0.02",
        ),
    }
}

fn take_name(cursor: &mut Cursor<'_>) -> bool {
    NAMES.iter().any(|name| cursor.take_phrase(name))
}

/// `2%`, `2 percent` or a fraction below 1; a bare `2` could be either and is no rate.
fn take_rate(cursor: &mut Cursor<'_>) -> Option<f64> {
    let word = cursor.lower()?;
    let mut ahead = *cursor;
    ahead.skip(1);
    let (digits, percent) = match word.strip_suffix('%') {
        Some(digits) => (digits, true),
        None => (
            word,
            ahead.take(&["%", "percent", "pct"]) || ahead.take_phrase(&["per", "cent"]),
        ),
    };
    if word == "zero" {
        *cursor = ahead;
        return Some(0.0);
    }
    if !digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-')
    {
        return None;
    }
    let number: f64 = digits.parse().ok()?;
    let rate = if percent { number / 100.0 } else { number };
    if !percent && rate.abs() >= 1.0 {
        return None;
    }
    take_yearly(&mut ahead);
    *cursor = ahead;
    Some(rate)
}

fn take_yearly(cursor: &mut Cursor<'_>) {
    let _ = cursor.take_phrase(&["a", "year"])
        || cursor.take_phrase(&["per", "year"])
        || cursor.take_phrase(&["per", "annum"])
        || cursor.take(&["yearly", "annually", "p.a", "p.a.", "annual"]);
}

#[cfg(test)]
mod tests {
    use super::{super::word::words, *};

    fn rate(sentence: &str) -> Clause<f64> {
        let words = words(sentence, &|_| false);
        let mut cursor = Cursor::new(&words);
        let clause = take_risk_free(&mut cursor);
        assert!(
            !matches!(clause, Clause::Read(_)) || cursor.peek().is_none(),
            "{sentence}: {:?}",
            cursor.rest()
        );
        clause
    }

    #[test]
    fn rates_are_read_as_percent_or_fraction() {
        for sentence in [
            "risk free 2%",
            "risk-free rate of 2%",
            "riskfree at 0.02",
            "rf=2%",
            "2% risk-free rate",
            "risk free rate of 2 percent a year",
        ] {
            assert_eq!(rate(sentence), Clause::Read(0.02), "{sentence}");
        }
        assert_eq!(rate("zero risk free"), Clause::Read(0.0));
        assert_eq!(rate("rf -0.5%"), Clause::Read(-0.005));
    }

    #[test]
    fn a_rate_that_could_be_percent_or_fraction_is_asked_about() {
        assert!(matches!(rate("risk free 2"), Clause::Incomplete(_)));
        assert!(matches!(rate("risk free rate"), Clause::Incomplete(_)));
        assert_eq!(rate("2%"), Clause::Absent);
        assert_eq!(rate("risk of"), Clause::Absent);
    }
}
