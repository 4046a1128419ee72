//! Logins of pages: cookies, what must come with them, refreshing, ending.

use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

use super::guarded;
use crate::keyed::made;
use crate::{
    app::{Setup, TestApp},
    client::{Answer, Client, answer},
    over_http2::OverHttp2,
    socket::{End, Watcher},
};

pub const PASSWORD: &str = "correct horse battery";
/// Close code of a stream whose caller may no longer have it.
pub const BARRED: u16 = 4401;

/// A page that is logged in: its cookies, and what it sends with a change.
#[derive(Debug, Clone)]
pub struct Page {
    pub session: String,
    refresh: String,
    pub csrf: String,
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let set = headers.get_all("set-cookie").iter();
    set.map(|cookie| cookie.to_str().unwrap().to_owned())
        .collect()
}

impl Page {
    pub fn of(answer: &Answer) -> Self {
        let all = cookies(&answer.headers);
        let value = |name: &str| {
            let cookie = all.iter().find(|cookie| cookie.starts_with(name)).unwrap();
            cookie.split(';').next().unwrap().to_owned()
        };
        Self {
            session: value("callboard_session="),
            refresh: value("callboard_refresh="),
            csrf: answer.json::<Value>()["csrf_token"]
                .as_str()
                .unwrap()
                .to_owned(),
        }
    }

    pub fn asks(&self, client: &Client, method: Method, path: &str) -> RequestBuilder {
        client.request(method, path).header("cookie", &self.session)
    }

    pub async fn me(&self, client: &Client) -> Answer {
        answer(self.asks(client, Method::GET, "/v1/me")).await
    }

    pub async fn refreshed(&self, client: &Client) -> Answer {
        let request = client.request(Method::POST, "/v1/sessions/refresh");
        answer(request.header("cookie", &self.refresh)).await
    }
}

pub async fn user(app: &TestApp, name: &str, role: &str) {
    let new = json!({"name": name, "role": role, "password": PASSWORD});
    assert_eq!(app.admin().post("/v1/users", &new).await.status, 201);
}

pub async fn attempt(client: &Client, name: &str, password: &str) -> Answer {
    let credentials = json!({"name": name, "password": password});
    client.post("/v1/sessions", &credentials).await
}

pub async fn login(client: &Client, name: &str) -> Page {
    let answer = attempt(client, name, PASSWORD).await;
    assert_eq!(answer.status, 201);
    Page::of(&answer)
}

#[tokio::test]
async fn a_login_is_in_cookies_that_scripts_and_other_sites_do_not_get() {
    let app = guarded().await;
    user(&app, "kim", "user").await;
    let client = app.client();
    let answered = attempt(&client, "kim", PASSWORD).await;
    let all = cookies(&answered.headers);
    assert_eq!(all.len(), 3);
    for cookie in &all {
        assert!(cookie.contains("SameSite=Strict"), "{cookie}");
        let readable = cookie.starts_with("callboard_csrf=");
        assert_eq!(!cookie.contains("HttpOnly"), readable, "{cookie}");
        assert!(!cookie.contains("Secure"), "{cookie}");
    }
    let credentials = json!({"name": "kim", "password": PASSWORD});
    let by_name = client
        .request(Method::POST, "/v1/sessions")
        .json(&credentials);
    let elsewhere = answer(by_name.header("host", "console.example.org")).await;
    assert_eq!(elsewhere.status, 201);
    let all = cookies(&elsewhere.headers);
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|cookie| cookie.contains("; Secure")));
    let me: Value = Page::of(&answered).me(&client).await.json();
    assert_eq!(
        (&me["principal"], &me["role"]),
        (&json!("user:kim"), &json!("user"))
    );
}

#[tokio::test]
async fn a_login_over_http_2_has_secure_cookies() {
    let setup = Setup {
        auth: true,
        ..Setup::default()
    };
    let Some(server) = OverHttp2::start(setup).await else {
        return;
    };
    let new = json!({"name": "kim", "role": "user", "password": PASSWORD});
    let key = format!("authorization: Bearer {}", server.app.admin().key());
    let made = server.ask("/v1/users", &[key], Some(&new));
    assert!(made.starts_with("HTTP/2 201"), "{made}");
    let credentials = json!({"name": "kim", "password": PASSWORD});
    let text = server.ask("/v1/sessions", &[], Some(&credentials));
    assert!(text.starts_with("HTTP/2 201"), "{text}");
    let cookies = text.lines().filter(|line| line.starts_with("set-cookie:"));
    let secure: Vec<bool> = cookies.map(|cookie| cookie.contains("; Secure")).collect();
    assert_eq!(secure, [true; 3], "{text}");
}

#[tokio::test]
async fn a_change_with_a_cookie_needs_the_token_that_only_the_page_can_read() {
    let app = guarded().await;
    user(&app, "kim", "user").await;
    let client = app.client();
    let (page, other) = (login(&client, "kim").await, login(&client, "kim").await);
    let submit = || {
        let body = json!({"kind": "drill.fanout", "input": {"tasks": 1}});
        page.asks(&client, Method::POST, "/v1/jobs").json(&body)
    };
    assert_eq!(answer(submit()).await.problem(), "csrf");
    let wrong = submit().header("x-csrf-token", &other.csrf);
    assert_eq!(answer(wrong).await.problem(), "csrf");
    let right = answer(submit().header("x-csrf-token", &page.csrf)).await;
    assert_eq!(right.status, 202);
    let job = right.json::<Value>()["id"].as_str().unwrap().to_owned();
    app.admin().finished(&job).await;
    let list = page.asks(&client, Method::GET, "/v1/jobs");
    assert_eq!(answer(list).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_works_once_and_a_second_time_ends_the_login() {
    let app = guarded().await;
    user(&app, "kim", "user").await;
    let client = app.client();
    let first = login(&client, "kim").await;
    let answered = first.refreshed(&client).await;
    assert_eq!(answered.status, 200);
    let second = Page::of(&answered);
    assert_eq!(first.me(&client).await.status, 401);
    assert_eq!(second.me(&client).await.status, 200);
    assert_eq!(first.refreshed(&client).await.problem(), "unauthenticated");
    assert_eq!(second.me(&client).await.status, 401);
    assert_eq!(second.refreshed(&client).await.status, 401);
}

#[tokio::test]
async fn a_login_ends_with_its_logout_or_a_new_password_and_so_do_its_streams() {
    let app = guarded().await;
    user(&app, "kim", "user").await;
    let client = app.client();
    let origin = format!("http://{}", app.address);
    let watch = async |page: &Page, origin: Option<&str>| {
        let mut headers = vec![("cookie", page.session.as_str())];
        headers.extend(origin.map(|origin| ("origin", origin)));
        Watcher::open_with(app.address, "/v1/stream", &headers).await
    };
    let page = login(&client, "kim").await;
    assert_eq!(watch(&page, None).await.err().unwrap(), 403);
    let foreign = watch(&page, Some("https://example.org")).await;
    assert_eq!(foreign.err().unwrap(), 403);
    let mut stream = watch(&page, Some(&origin))
        .await
        .unwrap_or_else(|status| panic!("{status}"));
    let logout = page.asks(&client, Method::POST, "/v1/sessions/logout");
    let out = answer(logout.header("x-csrf-token", &page.csrf)).await;
    assert_eq!(out.status, 204);
    assert_eq!(stream.rest().await.1, End::Closed(BARRED));
    assert_eq!(page.me(&client).await.status, 401);

    let page = login(&client, "kim").await;
    let mut stream = watch(&page, Some(&origin))
        .await
        .unwrap_or_else(|status| panic!("{status}"));
    let new = json!({"password": "another good password"});
    let set = app.admin().post("/v1/users/kim/password", &new).await;
    assert_eq!(set.status, 204);
    assert_eq!(stream.rest().await.1, End::Closed(BARRED));
    assert_eq!(page.refreshed(&client).await.status, 401);
    assert_eq!(
        attempt(&client, "kim", PASSWORD).await.problem(),
        "wrong_password"
    );
}

#[tokio::test]
async fn guessing_is_slowed_down_alike_for_names_that_exist_and_names_that_do_not() {
    let app = guarded().await;
    user(&app, "kim", "user").await;
    let client = app.client();
    for name in ["kim", "nobody"] {
        for _ in 0..5 {
            let wrong = attempt(&client, name, "wrong").await;
            assert_eq!(
                (wrong.status.as_u16(), wrong.problem().as_str()),
                (401, "wrong_password")
            );
        }
        let delayed = attempt(&client, name, PASSWORD).await;
        assert_eq!(
            (delayed.status.as_u16(), delayed.problem().as_str()),
            (429, "login_delayed")
        );
    }
}

#[tokio::test]
async fn users_are_made_by_who_may_and_with_no_more_than_they_have() {
    let app = guarded().await;
    let admin = app.admin();
    user(&app, "root", "admin").await;
    let role = json!({"permissions": ["users:manage", "jobs:read", "metrics:read"]});
    let put = admin.request(Method::PUT, "/v1/roles/desk").json(&role);
    assert_eq!(answer(put).await.status, 200);
    let (desk, _) = made(&admin, json!({"name": "desk", "role": "desk"})).await;
    let make = async |name: &str, role: &str, password: &str| {
        let new = json!({"name": name, "role": role, "password": password});
        desk.post("/v1/users", &new).await
    };
    assert_eq!(make("lee", "viewer", PASSWORD).await.status, 201);
    assert_eq!(
        make("lee", "viewer", PASSWORD).await.problem(),
        "user_exists"
    );
    assert_eq!(
        make("eve", "admin", PASSWORD).await.problem(),
        "exceeds_caller"
    );
    assert_eq!(
        make("Eve!", "viewer", PASSWORD).await.problem(),
        "invalid_name"
    );
    assert_eq!(
        make("eve", "viewer", "short").await.problem(),
        "invalid_password"
    );
    let new = json!({"password": "a password of mine"});
    let taken = desk.post("/v1/users/root/password", &new).await;
    assert_eq!(taken.problem(), "exceeds_caller");
    assert_eq!(
        desk.post("/v1/users/nobody/password", &new).await.status,
        404
    );
    let listed = desk.get_json("/v1/users?limit=1").await;
    assert_eq!(listed["items"][0]["name"], "lee");
    let next = listed["next_after"].as_str().unwrap();
    let rest = desk.get_json(&format!("/v1/users?after={next}")).await;
    assert_eq!(rest["items"][0]["name"], "root");
    assert!(!rest.to_string().contains("argon2"));
}
