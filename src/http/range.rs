//! `Range` and `If-Range` (RFC 9110, section 14): which of the bytes a request asks for.
//!
//! One range is answered; of several the whole, as the RFC allows. A range that cannot be read asks for nothing special.

use std::ops::Range;

use actix_web::{
    HttpRequest,
    http::{
        Method,
        header::{EntityTag, IF_RANGE, RANGE},
    },
};

/// Which of a number of bytes are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    Whole,
    /// At least one byte.
    Part(Range<u64>),
    /// None of the bytes there are.
    Beyond,
}

/// What `request` asks of `length` bytes that bear `etag`.
pub fn asked(request: &HttpRequest, etag: &EntityTag, length: u64) -> Asked {
    let header = |name| {
        let mut values = request.headers().get_all(name);
        let value = values
            .next()
            .map(|value| value.to_str().unwrap_or_default());
        (value, values.next().is_some())
    };
    // GET is the only method for which the RFC defines ranges.
    let ((Some(range), false), &Method::GET) = (header(RANGE), request.method()) else {
        return Asked::Whole;
    };
    match header(IF_RANGE) {
        (None, _) => {}
        (Some(known), false) if is(etag, known) => {}
        (Some(_), _) => return Asked::Whole,
    }
    of_text(range, length)
}

/// A weak tag or a date says nothing of single bytes.
fn is(etag: &EntityTag, known: &str) -> bool {
    known
        .parse::<EntityTag>()
        .is_ok_and(|known| known.strong_eq(etag))
}

fn of_text(text: &str, length: u64) -> Asked {
    let bytes = text
        .split_once('=')
        .filter(|(unit, _)| unit.trim().eq_ignore_ascii_case("bytes"))
        .and_then(|(_, ranges)| ranges.trim().split_once('-'));
    match bytes {
        Some(("", suffix)) => match number(suffix) {
            None => Asked::Whole,
            Some(0) => Asked::Beyond,
            // The whole of nothing.
            Some(_) if length == 0 => Asked::Whole,
            Some(last) => Asked::Part(length.saturating_sub(last)..length),
        },
        Some((first, last)) => {
            let end = match last {
                "" => Some(u64::MAX),
                last => number(last),
            };
            match (number(first), end) {
                (Some(first), Some(last)) if first > last => Asked::Whole,
                (Some(first), Some(_)) if first >= length => Asked::Beyond,
                (Some(first), Some(last)) => Asked::Part(first..last.saturating_add(1).min(length)),
                (None, _) | (_, None) => Asked::Whole,
            }
        }
        None => Asked::Whole,
    }
}

/// Digits alone; a number beyond all lengths is the greatest there is.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn one_range_is_cut_to_what_there_is() {
        for (text, span) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-99", 0..100),
            ("Bytes = 10-19", 10..20),
            ("bytes=90-", 90..100),
            ("bytes=90-500", 90..100),
            ("bytes=90-99999999999999999999999", 90..100),
            ("bytes=-1", 99..100),
            ("bytes=-100", 0..100),
            ("bytes=-500", 0..100),
        ] {
            assert_eq!(of_text(text, 100), Asked::Part(span), "{text}");
        }
    }

    #[test]
    fn a_range_beyond_the_end_asks_for_nothing_there_is() {
        for text in [
            "bytes=100-",
            "bytes=100-200",
            "bytes=-0",
            "bytes=99999999999999999999999-",
        ] {
            assert_eq!(of_text(text, 100), Asked::Beyond, "{text}");
        }
        assert_eq!(of_text("bytes=0-", 0), Asked::Beyond);
        assert_eq!(of_text("bytes=-5", 0), Asked::Whole);
    }

    #[test]
    fn what_is_no_single_range_of_bytes_asks_for_the_whole() {
        for text in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5",
            "bytes=9-3",
            "bytes=a-b",
            "bytes=+1-3",
            "bytes=1-3x",
            "bytes=--5",
            "bytes=0-1,3-4",
            "bytes=-1,-2",
            "bytes=0-1,",
            "lines=0-1",
        ] {
            assert_eq!(of_text(text, 100), Asked::Whole, "{text:?}");
        }
    }

    #[test]
    fn a_range_holds_only_for_the_bytes_the_client_means() {
        let etag = EntityTag::new_strong("new".to_owned());
        let ask = |known: &str| {
            let request = TestRequest::get()
                .append_header((RANGE, "bytes=0-9"))
                .append_header((IF_RANGE, known));
            asked(&request.to_http_request(), &etag, 100)
        };
        assert_eq!(ask("\"new\""), Asked::Part(0..10));
        for other in [
            "\"old\"",
            "W/\"new\"",
            "new",
            "Sat, 29 Oct 1994 19:43:31 GMT",
        ] {
            assert_eq!(ask(other), Asked::Whole, "{other}");
        }
    }

    #[test]
    fn only_one_range_of_a_get_counts() {
        let etag = EntityTag::new_strong("tag".to_owned());
        let ask = |request: TestRequest| asked(&request.to_http_request(), &etag, 100);
        let range = (RANGE, "bytes=0-9");
        let get = || TestRequest::get().append_header(range.clone());
        assert_eq!(ask(get()), Asked::Part(0..10));
        assert_eq!(ask(get().append_header(range.clone())), Asked::Whole);
        assert_eq!(ask(get().method(Method::HEAD)), Asked::Whole);
        assert_eq!(ask(TestRequest::get()), Asked::Whole);
    }
}
