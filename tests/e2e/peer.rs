//! A server on loopback that keeps what comes to it.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::eventually::soon;

/// What came in one request; names of headers are in lower case.
#[derive(Debug, Clone)]
pub struct Arrival {
    pub target: String,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
    /// How it was answered.
    pub status: u16,
}

impl Arrival {
    /// Empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Answers everything with `status` and an empty body, or not at all where that is 0.
pub struct Peer {
    pub address: SocketAddr,
    arrived: watch::Receiver<Vec<Arrival>>,
    status: watch::Sender<u16>,
    serving: JoinHandle<()>,
}

impl Peer {
    pub async fn start(status: u16) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), status).await
    }

    pub async fn start_at(address: SocketAddr, status: u16) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, arrived) = watch::channel(Vec::new());
        let (status, answers) = watch::channel(status);
        let tell = Arc::new(tell);
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(attend(stream, tell.clone(), answers.clone()));
            }
        });
        Self {
            address,
            arrived,
            status,
            serving,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn answer(&self, status: u16) {
        self.status.send_replace(status);
    }

    /// Everything that has come, once that is enough.
    pub async fn until(&self, what: &str, enough: impl Fn(&[Arrival]) -> bool) -> Vec<Arrival> {
        let mut arrived = self.arrived.clone();
        soon(what, arrived.wait_for(|all| enough(all)))
            .await
            .unwrap()
            .clone()
    }

    pub fn arrived(&self) -> Vec<Arrival> {
        self.arrived.borrow().clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn attend(
    stream: TcpStream,
    tell: Arc<watch::Sender<Vec<Arrival>>>,
    mut answers: watch::Receiver<u16>,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let target = lines.first()?.split(' ').nth(1)?.to_owned();
        let headers: HashMap<String, String> = lines
            .iter()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let length = headers
            .get("content-length")
            .map_or(Some(0), |text| text.parse().ok())?;
        let mut body = vec![0; length];
        reader.read_exact(&mut body).await.ok()?;
        let status = *answers.borrow();
        tell.send_modify(|all| {
            all.push(Arrival {
                target,
                headers,
                body,
                status,
            });
        });
        let status = *answers.wait_for(|status| *status > 0).await.ok()?;
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
        reader.get_mut().write_all(answer.as_bytes()).await.ok()?;
    }
}
