//! Path segments and query strings: how they are read and how they are refused.

use std::{
    fmt::Display,
    future::{Ready, ready},
    str::FromStr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Query};
use callboard_orchestra::{ApprovalId, EffectId, JobId, id::BadId};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};

use super::error::{Kind, Problem};
use crate::auth::KeyId;

/// The query string as `T`; refused with the key at fault.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Asked<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = Query::<Traced<T>>::from_query(request.query_string());
        ready(match read.map(|Query(Traced(read))| read) {
            Ok(Ok(asked)) => Ok(Self(asked)),
            Ok(Err((field, cause))) => Err(refusal(&format!("{field}: {cause}")).field(field)),
            Err(error) => Err(refusal(&error)),
        })
    }
}

/// `T`, or the key at fault and what is wrong with it.
struct Traced<T>(Result<T, (String, String)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Traced<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_path_to_error::deserialize(deserializer) {
            Ok(asked) => Ok(Self(Ok(asked))),
            Err(error) => {
                let path = error.path().to_string();
                let cause = error.into_inner();
                if path == "." {
                    return Err(cause);
                }
                Ok(Self(Err((path, cause.to_string()))))
            }
        }
    }
}

fn refusal(cause: &dyn Display) -> Problem {
    let detail = format!("the query cannot be read: {cause}");
    Problem::new(Kind::Malformed, "invalid_query", detail)
}

/// A number of a query, for `deserialize_with`.
pub fn whole_number<'de, D: Deserializer<'de>, N: FromStr>(
    deserializer: D,
) -> Result<Option<N>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(|_| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let fault = if is_number {
            "is too large"
        } else {
            "is not a whole number"
        };
        D::Error::custom(format!("`{text}` {fault}"))
    })
}

/// An id of a path; `code` is that of the refusal.
pub fn id<T: FromStr<Err = BadId>>(text: &str, code: &'static str) -> Result<T, Problem> {
    text.parse()
        .map_err(|bad: BadId| Problem::new(Kind::Malformed, code, bad.to_string()).field("id"))
}

pub fn job_id(text: &str) -> Result<JobId, Problem> {
    id(text, "invalid_job_id")
}

pub fn approval_id(text: &str) -> Result<ApprovalId, Problem> {
    id(text, "invalid_approval_id")
}

pub fn effect_id(text: &str) -> Result<EffectId, Problem> {
    id(text, "invalid_effect_id")
}

pub fn key_id(text: &str) -> Result<KeyId, Problem> {
    id(text, "invalid_key_id")
}

/// One of `all` by its name, for `deserialize_with`.
pub fn named<'de, D: Deserializer<'de>, T: Copy, const N: usize>(
    deserializer: D,
    all: [T; N],
    name: impl Fn(T) -> &'static str,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let named = all.into_iter().find(|one| name(*one) == text);
    named.map(Some).ok_or_else(|| {
        let names = all.map(name).join(", ");
        D::Error::custom(format!("`{text}` is not one of {names}"))
    })
}

/// Items of a page: `asked` within `1..=max`.
pub fn page_limit(asked: Option<usize>, default: usize, max: usize) -> Result<usize, Problem> {
    match asked {
        None => Ok(default),
        Some(limit) if (1..=max).contains(&limit) => Ok(limit),
        Some(limit) => {
            let detail = format!("limit is {limit}, but runs from 1 to {max}");
            Err(Problem::new(Kind::Malformed, "invalid_query", detail).field("limit"))
        }
    }
}
