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

/// Where a JSON body is read and something is written.
pub struct BodyFailures;

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
        let mut all = failures("Too many streams are open, or the server shuts down");
        let own = "Too many streams of this caller or its tenant are open";
        all.extend(described([("429", own)]));
        all
    }
}

impl IntoResponses for BodyFailures {
    fn responses() -> Responses {
        let mut all = failures("The store cannot be reached at the moment");
        all.extend(described([
            ("400", "The body is not JSON"),
            ("408", "The body did not arrive in time"),
            ("413", "The body is too large"),
            ("415", "The body is not declared as JSON"),
            (
                "422",
                "The body has unknown fields, or a value that cannot be",
            ),
        ]));
        all
    }
}

/// A 500, and a 503 that comes of what it says.
fn failures(unavailable: &str) -> Responses {
    described([("500", "Internal error"), ("503", unavailable)])
}

fn described<const N: usize>(failures: [(&str, &str); N]) -> Responses {
    let failure = |(status, description): (&str, &str)| {
        let problem = Ref::from_schema_name(ProblemBody::name());
        let content = ContentBuilder::new().schema(Some(problem)).build();
        let response = ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", content)
            .build();
        (status.to_owned(), RefOr::T(response))
    };
    failures.map(failure).into()
}
