//! The preference `wait` of RFC 7240.

use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName};

const PREFER: HeaderName = HeaderName::from_static("prefer");
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// How long the client would wait for the job to end, at most `wait_max`. As the RFC asks, the first `wait` counts and
/// one that cannot be read is no preference.
pub fn wait(headers: &HeaderMap, wait_max: Duration) -> Option<Duration> {
    let values = headers
        .get_all(PREFER)
        .filter_map(|value| value.to_str().ok());
    let seconds = values
        .flat_map(|value| value.split(','))
        .find_map(|preference| {
            let (name, value) = preference.split(';').next()?.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("wait")
                .then(|| value.trim().trim_matches('"').parse::<u64>().ok())
        })?;
    seconds.map(|seconds| Duration::from_secs(seconds).min(wait_max))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn waits(prefer: &'static str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(PREFER, HeaderValue::from_static(prefer));
        wait(&headers, Duration::from_secs(60)).map(|wait| wait.as_secs())
    }

    #[test]
    fn the_wait_is_found_among_other_preferences_and_capped() {
        assert_eq!(waits("wait=5"), Some(5));
        assert_eq!(waits("respond-async, Wait=\"7\"; x=1"), Some(7));
        assert_eq!(waits("wait=3, wait=9"), Some(3));
        assert_eq!(waits("wait=4000"), Some(60));
    }

    #[test]
    fn what_cannot_be_read_is_no_preference() {
        for prefer in [
            "",
            "wait",
            "wait=",
            "wait=-1",
            "wait=soon",
            "waiting=5",
            "return=minimal",
        ] {
            assert_eq!(waits(prefer), None, "{prefer:?}");
        }
    }
}
