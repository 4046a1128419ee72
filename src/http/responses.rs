//! Failures that many routes share, as the description of the interface has them.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

use super::error::ProblemBody;

/// Where the store is read.
pub struct StoreFailures;

/// Where the coordinator is asked.
pub struct CoordinatorFailures;

/// Where a stream is opened.
pub struct StreamFailures;

type Responses = BTreeMap<String, RefOr<Response>>;

impl IntoResponses for StoreFailures {
    fn responses() -> Responses {
        failures("The store cannot be reached at the moment")
    }
}

impl IntoResponses for CoordinatorFailures {
    fn responses() -> Responses {
        failures("The coordinator cannot answer at the moment")
    }
}

impl IntoResponses for StreamFailures {
    fn responses() -> Responses {
        failures("Too many streams are open, or the server shuts down")
    }
}

/// A 500, and a 503 that comes of what it says.
fn failures(unavailable: &str) -> Responses {
    let failure = |(status, description): (&str, &str)| {
        let problem = Ref::from_schema_name(ProblemBody::name());
        let content = ContentBuilder::new().schema(Some(problem)).build();
        let response = ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", content)
            .build();
        (status.to_owned(), RefOr::T(response))
    };
    [("500", "Internal error"), ("503", unavailable)]
        .map(failure)
        .into()
}
