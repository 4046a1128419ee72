//! One keep-alive HTTP/1.1 connection, spare enough that the driver leaves the machine to the server. Patience is the
//! caller's: a timer for each request would cost more than reading the answer.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const RESPONSE_BYTES_MAX: usize = 16 * 1024 * 1024;
const READ_BYTES: usize = 16 * 1024;

pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// Status and body of a response.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Connection {
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(READ_BYTES),
        })
    }

    /// Whether the other side has left it open, as far as has been heard.
    pub fn is_open(&self) -> bool {
        let heard = self.stream.try_read(&mut [0; 1]);
        matches!(heard, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Whether anything of the last response has come.
    pub fn has_received(&self) -> bool {
        !self.received.is_empty()
    }

    /// A header of the last response.
    pub fn header(&self, name: &str) -> Option<&str> {
        let end = self
            .received
            .windows(4)
            .position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&self.received[..end]).ok()?;
        head.split("\r\n").find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Whether the last response ends the connection.
    pub fn closes(&self) -> bool {
        let connection = self.header("connection");
        connection.is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// Sends a request as it is and waits for its whole response.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.received.clear();
        self.stream.write_all(request).await?;
        loop {
            self.received.reserve(READ_BYTES);
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            if self.received.len() > RESPONSE_BYTES_MAX {
                return Err(io::Error::from(io::ErrorKind::FileTooLarge));
            }
            if let Some((status, start)) = locate(&self.received)? {
                return Ok(Answer {
                    status,
                    body: &self.received[start..],
                });
            }
        }
    }
}

/// A request for a page.
pub fn get(address: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes()
}

/// A request that posts JSON. `wait_s` asks to wait for the end of the job.
pub fn post(address: SocketAddr, path: &str, wait_s: Option<u32>, body: &str) -> Vec<u8> {
    let prefer = wait_s.map_or_else(String::new, |wait| format!("prefer: wait={wait}\r\n"));
    format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n{prefer}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A request with an API key among its headers.
pub fn with_key(request: &[u8], key: &str) -> Vec<u8> {
    with_header(request, "authorization", &format!("Bearer {key}"))
}

/// A request with one header more, before the others.
pub fn with_header(request: &[u8], name: &str, value: &str) -> Vec<u8> {
    let line = request.windows(2).position(|two| two == b"\r\n");
    let (line, rest) = request.split_at(line.map_or(request.len(), |end| end + 2));
    let header = format!("{name}: {value}\r\n");
    [line, header.as_bytes(), rest].concat()
}

/// Status and start of the body of a response; `None` until it is whole. Responses have a content-length.
fn locate(received: &[u8]) -> io::Result<Option<(u16, usize)>> {
    let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let malformed = || io::Error::from(io::ErrorKind::InvalidData);
    let head = std::str::from_utf8(&received[..end]).map_err(|_| malformed())?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok())
        .ok_or_else(malformed)?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    let start = end + 4;
    Ok((received.len() - start >= length.ok_or_else(malformed)?).then_some((status, start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_whole_when_its_length_has_come() {
        let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx: y\r\n\r\nhi";
        for cut in 0..response.len() {
            assert_eq!(locate(&response[..cut]).unwrap(), None, "cut at {cut}");
        }
        assert_eq!(locate(response).unwrap(), Some((200, response.len() - 2)));
    }

    #[test]
    fn a_response_without_length_or_status_is_an_error() {
        assert!(locate(b"HTTP/1.1 200 OK\r\nx: y\r\n\r\nhi").is_err());
        assert!(locate(b"nonsense\r\ncontent-length: 0\r\n\r\n").is_err());
    }

    #[test]
    fn a_key_is_the_first_header_and_the_rest_stays() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let request = with_key(&get(address, "/p"), "cb_x");
        let expected = "GET /p HTTP/1.1\r\nauthorization: Bearer cb_x\r\nhost: 127.0.0.1:1\r\n\r\n";
        assert_eq!(String::from_utf8(request).unwrap(), expected);
    }

    #[test]
    fn a_request_asks_for_a_wait_only_when_there_is_one() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let text = |wait_s| String::from_utf8(post(address, "/p", wait_s, "{}")).unwrap();
        assert!(text(Some(7)).contains("\r\nprefer: wait=7\r\ncontent-length: 2\r\n\r\n{}"));
        assert!(!text(None).contains("prefer"));
    }
}
