//! JSON bodies of requests: bounded, typed, and refused with the key at fault.

use actix_web::{
    HttpMessage, HttpRequest,
    web::{Bytes, Payload},
};
use serde::de::DeserializeOwned;

use super::error::{Kind, Problem};

/// The whole body, if it is within the bound.
pub async fn read_body(body: Payload, body_bytes_max: usize) -> Result<Bytes, Problem> {
    match body.to_bytes_limited(body_bytes_max).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(Problem::new(
            Kind::Malformed,
            "incomplete_body",
            format!("cannot read the body: {error}"),
        )),
        Err(_) => {
            let detail = format!("the body has more than {body_bytes_max} bytes");
            Err(Problem::new(Kind::TooLarge, "body_too_large", detail))
        }
    }
}

/// Refuses a body that is not declared to be JSON. Browsers send no such declaration to a foreign site unasked.
pub fn require_json(request: &HttpRequest) -> Result<(), Problem> {
    let media_type = request.content_type();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = format!("the content type must be application/json, not `{media_type}`");
    Err(Problem::new(
        Kind::UnsupportedMediaType,
        "unsupported_media_type",
        detail,
    ))
}

pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let parsed: Result<T, _> = serde_path_to_error::deserialize(&mut deserializer);
    let parsed = parsed.map_err(|error| {
        let path = error.path().to_string();
        let problem = refusal(error.inner());
        if error.inner().is_data() && path != "." {
            problem.field(path)
        } else {
            problem
        }
    })?;
    deserializer.end().map_err(|error| refusal(&error))?;
    Ok(parsed)
}

fn refusal(error: &serde_json::Error) -> Problem {
    let detail = format!("the body cannot be read: {error}");
    if error.is_data() {
        Problem::new(Kind::Invalid, "invalid_body", detail)
    } else {
        Problem::new(Kind::Malformed, "malformed_json", detail)
    }
}
