//! Whose name a request calls the server by. A page of another site can have its own name lead to this machine and then
//! read what is answered here; it cannot have a browser call the server by a loopback name.

use std::net::IpAddr;

use actix_web::{
    Error, HttpRequest, ResponseError,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{header::HOST, uri::Authority},
    middleware::Next,
    web::Data,
};

use super::{
    desk::Desk,
    error::{Kind, Problem},
};

/// The middleware. Refuses names of other hosts, unless the server may be reached under any.
pub async fn require_loopback<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let any = request
        .app_data::<Data<Desk>>()
        .is_some_and(|desk| desk.limits.any_host);
    if !any && is_foreign(&request) {
        let detail = "this server is called by a loopback name, such as localhost or 127.0.0.1";
        let problem = Problem::new(Kind::Misdirected, "foreign_host", detail).field("Host");
        let refused = request.into_response(problem.error_response());
        return Ok(refused.map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// Whether a request calls the server by a loopback name, in its target, as HTTP/2 has it, or in its header.
pub fn is_called_by_loopback(request: &HttpRequest) -> bool {
    let in_target = request.uri().authority().cloned().map(Some);
    let in_headers = request.headers().get_all(HOST);
    let in_headers = in_headers.map(|host| host.to_str().ok().and_then(|host| host.parse().ok()));
    let names: Vec<Option<Authority>> = in_target.into_iter().chain(in_headers).collect();
    let loopback = |name: &Option<Authority>| name.as_ref().is_some_and(is_loopback);
    !names.is_empty() && names.iter().all(loopback)
}

/// A request without a name is no browser's.
fn is_foreign(request: &ServiceRequest) -> bool {
    let in_target = request.uri().authority();
    let mut in_headers = request.headers().get_all(HOST);
    in_target.is_some_and(|authority| !is_loopback(authority))
        || in_headers.any(|host| {
            let authority = host.to_str().ok().and_then(|host| host.parse().ok());
            authority.is_none_or(|authority| !is_loopback(&authority))
        })
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_loopback_names_are_this_machine() {
        for host in [
            "localhost",
            "LocalHost:7070",
            "127.0.0.1:7070",
            "127.8.9.1",
            "[::1]:7070",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(is_loopback(&host.parse().unwrap()), "{host}");
        }
        for host in [
            "example.org",
            "localhost.example.org:7070",
            "127.0.0.1.example.org",
            "192.168.0.7:7070",
            "0.0.0.0",
            "[fe80::1]",
        ] {
            assert!(!is_loopback(&host.parse().unwrap()), "{host}");
        }
    }

    #[test]
    fn a_request_is_called_by_loopback_only_when_it_says_so() {
        let called = |request: TestRequest| is_called_by_loopback(&request.to_http_request());
        let named = |host: &str| TestRequest::get().append_header((HOST, host));
        assert!(called(named("localhost:7070")));
        assert!(!called(named("example.org")));
        assert!(!called(TestRequest::get()));
        assert!(called(TestRequest::get().uri("https://127.0.0.1/v1")));
        assert!(!called(TestRequest::get().uri("https://example.org/v1")));
        assert!(!called(named("localhost").uri("https://example.org/v1")));
    }

    #[test]
    fn one_foreign_name_among_others_is_enough() {
        let request = TestRequest::get()
            .append_header((HOST, "localhost"))
            .append_header((HOST, "example.org"));
        assert!(is_foreign(&request.to_srv_request()));
        let in_target = TestRequest::get()
            .uri("http://example.org/v1/jobs")
            .append_header((HOST, "localhost"));
        assert!(is_foreign(&in_target.to_srv_request()));
        let unreadable = TestRequest::get().append_header((HOST, "local host"));
        assert!(is_foreign(&unreadable.to_srv_request()));
        assert!(!is_foreign(&TestRequest::get().to_srv_request()));
    }
}
