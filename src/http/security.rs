//! Who may call what, as the description of the interface has it: written into it from the URL table.

use utoipa::{
    ToSchema,
    openapi::{
        ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder,
        path::{Operation, PathItem},
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};

use super::{
    access::{self, Access},
    error::ProblemBody,
    router::OPERATIONS,
    sessions::ACCESS_COOKIE,
};
use crate::auth::Permission;

const BEARER: &str = "bearer";
const COOKIE: &str = "session";
const TICKET: &str = "ticket";

/// Adds the ways to say who calls, and to every operation its permission and how it is refused without it.
pub fn describe(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    for (name, scheme) in schemes() {
        components.add_security_scheme(name, scheme);
    }
    for known in OPERATIONS {
        let path = document.paths.paths.get_mut(known.path);
        if let Some(operation) = path.and_then(|path| of_method(path, known.method)) {
            complete(operation, known);
        }
    }
}

fn schemes() -> [(&'static str, SecurityScheme); 3] {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An API key, or a JSON Web Token where the server takes them",
        ))
        .build();
    let cookie = ApiKeyValue::with_description(
        ACCESS_COOKIE,
        "The cookie of a login; what changes something needs the header `x-csrf-token` as well",
    );
    let ticket = ApiKeyValue::with_description(
        "ticket",
        "A ticket of `POST /v1/stream-tickets`, good once and for 30 seconds",
    );
    [
        (BEARER, SecurityScheme::Http(bearer)),
        (COOKIE, SecurityScheme::ApiKey(ApiKey::Cookie(cookie))),
        (TICKET, SecurityScheme::ApiKey(ApiKey::Query(ticket))),
    ]
}

fn of_method<'a>(path: &'a mut PathItem, method: &str) -> Option<&'a mut Operation> {
    match method {
        "get" => path.get.as_mut(),
        "post" => path.post.as_mut(),
        "put" => path.put.as_mut(),
        "patch" => path.patch.as_mut(),
        "delete" => path.delete.as_mut(),
        _ => None,
    }
}

/// How the edge refuses requests of every operation.
const EDGE: [(&str, &str); 5] = [
    ("400", "Something of the request cannot be read"),
    ("414", "The URL is too long"),
    (
        "421",
        "The request calls the server by a name of another host",
    ),
    ("429", "The caller asks too often, or has used up a quota"),
    ("431", "Too many headers, or too large ones"),
];

fn complete(operation: &mut Operation, known: &access::Operation) {
    for (status, description) in EDGE {
        refusal(operation, status, description);
    }
    if known.access == Access::Public {
        operation.security = Some(Vec::new());
        say(operation, "public");
        return;
    }
    let none: [&str; 0] = [];
    let mut ways = vec![BEARER, COOKIE];
    if known.is_stream {
        ways.push(TICKET);
    }
    let ways = ways
        .into_iter()
        .map(|way| SecurityRequirement::new(way, none));
    operation.security = Some(ways.collect());
    let permission = known.access.permission();
    say(operation, permission.map_or("known", Permission::name));
    refusal(operation, "401", "It is not known who calls");
    if known.access != Access::Known || known.method != "get" {
        refusal(operation, "403", "The caller may not do this");
    }
}

/// `public`, `known` where it is enough to say who one is, or the permission.
fn say(operation: &mut Operation, permission: &str) {
    let extensions = operation.extensions.get_or_insert_default();
    extensions.insert("x-permission".to_owned(), permission.into());
}

/// Adds a way to be refused; where there is one of that status, what it says stays.
fn refusal(operation: &mut Operation, status: &str, description: &str) {
    let described = operation.responses.responses.get_mut(status);
    if let Some(RefOr::T(response)) = described {
        response.description = format!("{}, or: {description}", response.description);
        return;
    }
    let problem = Ref::from_schema_name(ProblemBody::name());
    let content = ContentBuilder::new().schema(Some(problem)).build();
    let response = ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
        .build();
    let responses = &mut operation.responses.responses;
    responses.insert(status.to_owned(), RefOr::T(response));
}
