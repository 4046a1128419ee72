//! Streams as a client sees them: websockets, and SSE by hand.

use std::net::SocketAddr;

use futures_util::StreamExt;
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error, Message, Utf8Bytes, client::IntoClientRequest, http::StatusCode,
        protocol::WebSocketConfig,
    },
};

use crate::eventually::soon;

/// Small, so that a thousand of them leave the server's memory in sight.
const READ_BUFFER_BYTES: usize = 4 * 1024;

pub struct Watcher {
    pub socket: WebSocketStream<TcpStream>,
}

/// How a stream ended for its client.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    Closed(u16),
    Cut,
}

impl Watcher {
    pub async fn open(address: SocketAddr, path: &str) -> Self {
        Self::try_open(address, path, None).await.unwrap()
    }

    /// With headers of the handshake's request.
    pub async fn open_with(
        address: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, StatusCode> {
        let stream = soon("a connection", TcpStream::connect(address)).await;
        let url = format!("ws://{address}{path}");
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let shaken = client_async_with_config(request, stream.unwrap(), None);
        match soon("a handshake", shaken).await {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(Error::Http(response)) => Err(response.status()),
            Err(error) => panic!("{error}"),
        }
    }

    /// `receive_buffer_bytes` bounds what the system takes in for a client that does not read.
    pub async fn try_open(
        address: SocketAddr,
        path: &str,
        receive_buffer_bytes: Option<u32>,
    ) -> Result<Self, StatusCode> {
        let socket = TcpSocket::new_v4().unwrap();
        if let Some(bytes) = receive_buffer_bytes {
            socket.set_recv_buffer_size(bytes).unwrap();
        }
        let stream = soon("a connection", socket.connect(address)).await.unwrap();
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0);
        match soon(
            "a handshake",
            client_async_with_config(format!("ws://{address}{path}"), stream, Some(config)),
        )
        .await
        {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(Error::Http(response)) => Err(response.status()),
            Err(error) => panic!("{error}"),
        }
    }

    /// The next frame, or how the stream ended.
    pub async fn next(&mut self) -> Result<Value, End> {
        Ok(serde_json::from_str(&self.next_text().await?).unwrap())
    }

    async fn next_text(&mut self) -> Result<Utf8Bytes, End> {
        loop {
            match soon("a frame", self.socket.next()).await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(frame))) => {
                    return Err(End::Closed(frame.map_or(0, |frame| frame.code.into())));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(End::Cut),
            }
        }
    }

    /// The next frame that is kept: not a sign of progress.
    pub async fn next_kept(&mut self) -> Result<Value, End> {
        loop {
            let frame = self.next().await?;
            if frame.get("seq").is_some() {
                return Ok(frame);
            }
        }
    }

    /// Every kept frame to the end.
    pub async fn rest(&mut self) -> (Vec<Value>, End) {
        let mut frames = Vec::new();
        loop {
            match self.next_kept().await {
                Ok(frame) => frames.push(frame),
                Err(end) => return (frames, end),
            }
        }
    }
}

/// The `seq` of every kept frame to the end, read off the text: a thousand watchers share one thread.
pub async fn rest_of_seqs(mut watcher: Watcher) -> (Vec<u64>, End) {
    let mut seqs = Vec::new();
    loop {
        match watcher.next_text().await {
            Ok(text) => seqs.extend(
                text.strip_prefix("{\"seq\":")
                    .map(|rest| rest.split_once(',').unwrap().0.parse::<u64>().unwrap()),
            ),
            Err(end) => return (seqs, end),
        }
    }
}

/// One SSE event.
#[derive(Debug, PartialEq)]
pub struct Sent {
    pub id: Option<String>,
    pub data: Value,
}

/// The events of a whole SSE response.
pub fn sse_events(text: &str) -> Vec<Sent> {
    let field = |block: &str, name: &str| {
        block
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .map(str::to_owned)
    };
    text.split("\n\n")
        .filter_map(|block| {
            let data = serde_json::from_str(&field(block, "data")?).unwrap();
            Some(Sent {
                id: field(block, "id"),
                data,
            })
        })
        .collect()
}

pub fn seqs(frames: &[Value]) -> Vec<u64> {
    frames
        .iter()
        .map(|frame| frame["seq"].as_u64().unwrap())
        .collect()
}
