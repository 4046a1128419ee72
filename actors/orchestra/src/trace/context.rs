//! A span's place in a trace, as W3C Trace Context (level 1) writes it in `traceparent`.

use std::{
    fmt,
    num::{NonZeroU64, NonZeroU128},
    str::FromStr,
};

use callboard_runtime::TaskKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::id::JobId;

/// Length of version 00: `00-<32 hex digits>-<16>-<2>`.
const LEN: usize = 55;
const SAMPLED: u8 = 1;

/// A span, the trace it belongs to, and whether that trace is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace: NonZeroU128,
    span: NonZeroU64,
    sampled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent of W3C Trace Context")]
pub struct BadTraceparent;

impl TraceContext {
    pub const fn new(trace: NonZeroU128, span: NonZeroU64, sampled: bool) -> Self {
        Self {
            trace,
            span,
            sampled,
        }
    }

    /// Another span of the same trace.
    pub const fn with_span(self, span: NonZeroU64) -> Self {
        Self { span, ..self }
    }

    pub const fn trace_id(self) -> [u8; 16] {
        self.trace.get().to_be_bytes()
    }

    pub const fn span_id(self) -> [u8; 8] {
        self.span.get().to_be_bytes()
    }

    pub const fn is_sampled(self) -> bool {
        self.sampled
    }

    /// The span of a job that this trace leads to.
    pub fn of_job(self, job: JobId) -> Self {
        self.derived(halves(job.uuid().as_u128()))
    }

    /// The span of one handing out of an attempt.
    pub(crate) fn of_attempt(self, key: TaskKey) -> Self {
        let [high, low] = halves(key.source);
        self.derived([high, low, key.number, key.dispatch])
    }

    fn derived<const N: usize>(self, parts: [u64; N]) -> Self {
        let span = parts.into_iter().fold(0, |hash, part| mixed(hash ^ part));
        self.with_span(NonZeroU64::new(span).unwrap_or(NonZeroU64::MIN))
    }
}

fn halves(whole: u128) -> [u64; 2] {
    let narrow = |half: u128| u64::try_from(half).expect("half of a u128 fits a u64");
    [narrow(whole >> 64), narrow(whole & u128::from(u64::MAX))]
}

/// SplitMix64 (Steele, Lea, Flood, 2014): each bit of the input changes half of the output.
const fn mixed(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = if self.sampled { SAMPLED } else { 0 };
        write!(f, "00-{:032x}-{:016x}-{flags:02x}", self.trace, self.span)
    }
}

impl FromStr for TraceContext {
    type Err = BadTraceparent;

    /// Takes later versions for what this one knows of them.
    fn from_str(text: &str) -> Result<Self, BadTraceparent> {
        let (known, rest) = text.split_at_checked(LEN).ok_or(BadTraceparent)?;
        let mut parts = known.split('-');
        let mut part = |digits: usize| {
            parts
                .next()
                .filter(|part| part.len() == digits && part.bytes().all(is_digit))
                .ok_or(BadTraceparent)
        };
        let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        let is_whole = rest.is_empty() || (version != "00" && rest.starts_with('-'));
        if version == "ff" || !is_whole {
            return Err(BadTraceparent);
        }
        let trace = u128::from_str_radix(trace, 16).ok();
        let span = u64::from_str_radix(span, 16).ok();
        let flags = u8::from_str_radix(flags, 16).map_err(|_| BadTraceparent)?;
        Ok(Self {
            trace: trace.and_then(NonZeroU128::new).ok_or(BadTraceparent)?,
            span: span.and_then(NonZeroU64::new).ok_or(BadTraceparent)?,
            sampled: flags & SAMPLED == SAMPLED,
        })
    }
}

const fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

impl Serialize for TraceContext {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TraceContext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// The example of the recommendation.
    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn parsed(text: &str) -> Result<TraceContext, BadTraceparent> {
        text.parse()
    }

    #[test]
    fn a_traceparent_reads_as_it_is_written() {
        let context = parsed(EXAMPLE).unwrap();
        assert_eq!(context.to_string(), EXAMPLE);
        assert_eq!(hex::encode(context.trace_id()), EXAMPLE[3..35]);
        assert_eq!(hex::encode(context.span_id()), EXAMPLE[36..52]);
        assert!(context.is_sampled());
        let unsampled = EXAMPLE.replace("-01", "-00");
        assert!(!parsed(&unsampled).unwrap().is_sampled());
        assert_eq!(parsed(&unsampled).unwrap().to_string(), unsampled);
        let json = serde_json::to_string(&context).unwrap();
        assert_eq!(
            serde_json::from_str::<TraceContext>(&json).unwrap(),
            context
        );
    }

    #[test]
    fn of_a_later_version_what_is_known_counts() {
        let context = parsed(EXAMPLE).unwrap();
        for later in [
            EXAMPLE.replacen("00", "cc", 1),
            EXAMPLE.replacen("00", "cc", 1) + "-what-the-future-holds",
            EXAMPLE.replace("-01", "-03"),
        ] {
            assert_eq!(parsed(&later), Ok(context), "{later}");
        }
    }

    #[test]
    fn what_is_no_traceparent_is_refused() {
        let bad = [
            String::new(),
            "00".to_owned(),
            EXAMPLE[..54].to_owned(),
            EXAMPLE.to_uppercase(),
            EXAMPLE.to_owned() + "-",
            EXAMPLE.to_owned() + "0",
            EXAMPLE.replacen("00", "ff", 1),
            EXAMPLE.replacen("00", "cc", 1) + ".x",
            EXAMPLE.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            EXAMPLE.replace("00f067aa0ba902b7", &"0".repeat(16)),
            EXAMPLE.replace("4bf", "+bf"),
            EXAMPLE.replace("-01", "-g1"),
            EXAMPLE.replace('-', "_"),
            "é".repeat(28),
        ];
        for text in bad {
            assert_eq!(parsed(&text), Err(BadTraceparent), "{text}");
        }
    }

    #[test]
    fn spans_of_a_job_and_its_attempts_differ_and_are_the_same_each_time() {
        let parent = parsed(EXAMPLE).unwrap();
        let job = JobId::mint();
        let keys = (0..50).flat_map(|number| {
            (0..20).map(move |dispatch| TaskKey {
                source: job.uuid().as_u128(),
                number,
                dispatch,
            })
        });
        let spans: Vec<TraceContext> = keys.map(|key| parent.of_attempt(key)).collect();
        let of_job = parent.of_job(job);
        let distinct: HashSet<[u8; 8]> = spans
            .iter()
            .chain([&of_job, &parent])
            .map(|context| context.span_id())
            .collect();
        assert_eq!(distinct.len(), 1_002);
        assert_eq!(parent.of_job(job), of_job);
        assert_ne!(parent.of_job(JobId::mint()), of_job);
        assert!(
            spans
                .iter()
                .all(|span| span.trace_id() == parent.trace_id())
        );
    }
}
