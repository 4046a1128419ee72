//! JSON bodies of requests: bounded, typed, and refused with the key at fault.

use actix_web::{
    HttpMessage, HttpRequest,
    web::{Bytes, Payload},
};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::{
    desk::HttpLimits,
    error::{Kind, Problem},
    turns,
};

/// The whole body, if it is within the bounds of size and time.
pub async fn read_body(body: Payload, limits: &HttpLimits) -> Result<Bytes, Problem> {
    read_body_of(limits.body_bytes_max, body, limits).await
}

/// The same for a body with a bound of its own.
pub async fn read_body_of(
    body_bytes_max: usize,
    body: Payload,
    limits: &HttpLimits,
) -> Result<Bytes, Problem> {
    let reading = timeout(limits.body_wait_max, body.to_bytes_limited(body_bytes_max));
    let Ok(read) = turns::aside(reading).await? else {
        let detail = format!("the body did not arrive within {:?}", limits.body_wait_max);
        return Err(Problem::new(Kind::TimedOut, "body_too_slow", detail));
    };
    match read {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(Problem::new(
            Kind::Malformed,
            "incomplete_body",
            format!("cannot read the body: {error}"),
        )),
        Err(_) => Err(too_large(body_bytes_max)),
    }
}

pub fn too_large(body_bytes_max: usize) -> Problem {
    let detail = format!("the body has more than {body_bytes_max} bytes");
    Problem::new(Kind::TooLarge, "body_too_large", detail)
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

/// Arrays and objects within each other.
const DEPTH_MAX: usize = 64;

/// Refuses JSON that is nested too deep, whoever would read it later.
fn require_shallow(body: &[u8]) -> Result<(), Problem> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in body {
        match (in_text, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'[' | b'{') => depth += 1,
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            let detail = format!("the body is nested more than {DEPTH_MAX} deep");
            return Err(Problem::new(Kind::Malformed, "malformed_json", detail));
        }
    }
    Ok(())
}

/// A JSON object as `T`. An array is refused: it would fill the fields by position.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    require_shallow(body)?;
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let parsed: Result<T, _> = serde_path_to_error::deserialize(&mut deserializer);
    let parsed = parsed.map_err(|error| {
        if error.inner().is_data() && !is_object(body) {
            return not_an_object();
        }
        let path = error.path().to_string();
        let problem = refusal(error.inner());
        if error.inner().is_data() && path != "." {
            problem.field(path)
        } else {
            problem
        }
    })?;
    deserializer.end().map_err(|error| refusal(&error))?;
    if is_object(body) {
        Ok(parsed)
    } else {
        Err(not_an_object())
    }
}

/// Any one JSON value, as it came.
pub fn payload(body: &[u8]) -> Result<callboard_orchestra::Payload, Problem> {
    require_shallow(body)?;
    serde_json::from_slice(body).map_err(|error| refusal(&error))
}

/// Whether JSON text is an object, told by its first character.
pub fn is_object(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"{")
}

fn not_an_object() -> Problem {
    let detail = "the body must be a JSON object";
    Problem::new(Kind::Invalid, "invalid_body", detail)
}

fn refusal(error: &serde_json::Error) -> Problem {
    let detail = format!("the body cannot be read: {error}");
    if error.is_data() {
        Problem::new(Kind::Invalid, "invalid_body", detail)
    } else {
        Problem::new(Kind::Malformed, "malformed_json", detail)
    }
}
