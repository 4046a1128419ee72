//! Requests as a text of which every byte is free: a line with method and target, lines of headers, an empty line, a body.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::neighbours::{Sender, TEXTS, THEIRS};

/// Headers that are written here, or that make the server wait for more than there is.
const OWN_HEADERS: [&str; 7] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "prefer",
    "transfer-encoding",
    "upgrade",
];

/// By then an answer has begun, and one that goes on is a stream in some other spelling.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// What the server answers to `text`, sent by `sender`. None where the request is of a stream, which does not end, or has a
/// text that answers are searched for.
pub async fn answer_to(sender: &Sender, text: &[u8]) -> Option<Vec<u8>> {
    let request = request(sender, text)?;
    let mut connection = TcpStream::connect(sender.client.address).await.unwrap();
    let mut answered = Vec::new();
    // Err means that the server has had enough.
    let _ = connection.write_all(&request).await;
    let whole = connection.read_to_end(&mut answered);
    let ended = tokio::time::timeout(ANSWER_WITHIN, whole).await.is_ok();
    assert!(
        ended || !answered.is_empty(),
        "no answer to {}",
        text.escape_ascii()
    );
    Some(answered)
}

/// Panics where the server has failed, or has told of another tenant.
pub fn judge(sender: &Sender, text: &[u8], answered: &[u8]) {
    let shown = String::from_utf8_lossy(answered);
    let status = shown.strip_prefix("HTTP/1.1 ").unwrap_or_default();
    let is_full = status.starts_with("503") && shown.contains("retry-after:");
    assert!(
        !status.starts_with('5') || is_full,
        "{} was answered {shown}",
        text.escape_ascii()
    );
    for secret in TEXTS.iter().filter(|secret| sender.own != Some(**secret)) {
        assert!(
            !shown.contains(secret),
            "{} told {secret}",
            text.escape_ascii()
        );
    }
}

fn request(sender: &Sender, text: &[u8]) -> Option<Vec<u8>> {
    // A fuzzer sees what answers are searched for; what it sends itself is told to nobody.
    if TEXTS
        .iter()
        .any(|secret| find(text, secret.as_bytes()).is_some())
    {
        return None;
    }
    let text = replaced(text, THEIRS.as_bytes(), sender.theirs.as_bytes());
    let (head, body) = match find(&text, b"\n\n") {
        Some(end) => (&text[..end], &text[end + 2..]),
        None => (&text[..], &b""[..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    if find(first, b"stream").is_some() {
        return None;
    }
    let mut request = first.to_vec();
    request.extend(b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    request.extend(format!("content-length: {}\r\n", body.len()).bytes());
    if sender.own.is_some() {
        request.extend(format!("authorization: Bearer {}\r\n", sender.client.key()).bytes());
    }
    for line in lines {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let name = name.trim_ascii().to_ascii_lowercase();
        if !OWN_HEADERS.iter().any(|own| own.as_bytes() == name) {
            request.extend(line);
            request.extend(b"\r\n");
        }
    }
    request.extend(b"\r\n");
    request.extend(body);
    Some(request)
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let (mut rest, mut whole) = (text, Vec::new());
    while let Some(at) = find(rest, from) {
        whole.extend(&rest[..at]);
        whole.extend(to);
        rest = &rest[at + from.len()..];
    }
    whole.extend(rest);
    whole
}
