//! A vendor of prices on loopback, which answers as a test tells it to.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

/// How one request is answered.
#[derive(Clone)]
pub enum Reply {
    Prices(String),
    Status(u16, &'static str),
    /// So many bytes, without announcing how many.
    Endless(usize),
    /// None before the client has gone.
    Silence,
}

#[expect(
    clippy::disallowed_types,
    reason = "the threads of a vendor share what it was asked"
)]
type Ledger = std::sync::Mutex<HashMap<String, Vec<String>>>;

/// Answers `/<ticker>.csv` by the ticker's script, its last reply again and again, until it is dropped.
pub struct Vendor {
    pub address: SocketAddr,
    asked: Arc<Ledger>,
    closed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Vendor {
    pub fn open(scripts: impl IntoIterator<Item = (&'static str, Vec<Reply>)>) -> Self {
        Self::open_at("127.0.0.1:0".parse().unwrap(), scripts)
    }

    pub fn open_at(
        address: SocketAddr,
        scripts: impl IntoIterator<Item = (&'static str, Vec<Reply>)>,
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let scripts: HashMap<String, Vec<Reply>> = scripts
            .into_iter()
            .map(|(ticker, replies)| (ticker.to_owned(), replies))
            .collect();
        let (asked, closed) = (Arc::<Ledger>::default(), Arc::<AtomicBool>::default());
        let thread = std::thread::spawn({
            let (asked, closed, scripts) = (asked.clone(), closed.clone(), Arc::new(scripts));
            move || {
                for stream in listener.incoming() {
                    if closed.load(Ordering::SeqCst) {
                        return;
                    }
                    let (asked, scripts) = (asked.clone(), scripts.clone());
                    // A client that hangs up is the client's business.
                    std::thread::spawn(move || attend(stream.unwrap(), &asked, &scripts));
                }
            }
        });
        Self {
            address,
            asked,
            closed,
            thread: Some(thread),
        }
    }

    /// A configuration that names this vendor, and more lines of its section.
    pub fn config(&self, more: &str) -> String {
        config(self.address, more)
    }

    /// The targets of the requests for a ticker.
    pub fn asked(&self, ticker: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.get(ticker).cloned().unwrap_or_default()
    }
}

pub fn config(address: SocketAddr, more: &str) -> String {
    format!(
        "[outbound]\nallowed_networks = [\"127.0.0.0/8\"]\n[market]\nprice_url = \"http://{address}/{{ticker}}.csv?from={{from}}&to={{to}}&key=secret\"\n{more}\n"
    )
}

impl Drop for Vendor {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // Wakes the listener; an error means that it is gone.
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn attend(stream: TcpStream, asked: &Ledger, scripts: &HashMap<String, Vec<Reply>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let target = line.split(' ').nth(1)?.to_owned();
    while line.trim() != "" {
        line.clear();
        reader.read_line(&mut line).ok()?;
    }
    let ticker = target.strip_prefix('/')?.split_once(".csv")?.0.to_owned();
    let times = {
        let mut asked = asked.lock().unwrap();
        let targets = asked.entry(ticker.clone()).or_default();
        targets.push(target);
        targets.len()
    };
    let script = scripts.get(&ticker);
    let reply = script.and_then(|script| script.get(times - 1).or(script.last()));
    match reply.unwrap_or(&Reply::Status(404, "")) {
        Reply::Prices(csv) => respond(stream, 200, "", csv),
        Reply::Status(status, header) => respond(stream, *status, header, "no"),
        Reply::Endless(bytes) => endless(stream, *bytes),
        Reply::Silence => reader.read_to_end(&mut Vec::new()).ok().map(drop),
    }
}

fn respond(mut stream: TcpStream, status: u16, header: &str, body: &str) -> Option<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} S\r\ncontent-length: {length}\r\nconnection: close\r\n{header}\r\n{body}"
    )
    .ok()
}

fn endless(mut stream: TcpStream, bytes: usize) -> Option<()> {
    write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").ok()?;
    let chunk = [b'1'; 4096];
    for _ in 0..bytes.div_ceil(chunk.len()) {
        stream.write_all(&chunk).ok()?;
    }
    Some(())
}

/// Prices of a ticker on 120 weekdays from 2020-01-01 on, in a shape that `seed` sets.
pub fn closes(seed: u32) -> Vec<(String, f64)> {
    let start: chrono::NaiveDate = "2020-01-01".parse().unwrap();
    let weekdays = start.iter_days().filter(|day| {
        use chrono::Datelike;
        day.weekday().number_from_monday() < 6
    });
    let price = |n: u32| {
        let n = f64::from(n);
        let wave = (n * f64::from(seed) * 0.7).sin();
        100.0 + f64::from(seed) * 10.0 + n * 0.1 + wave * 3.0
    };
    let days = weekdays.take(120).zip(0..);
    days.map(|(day, n)| (day.to_string(), price(n))).collect()
}

/// The same as a file of one ticker.
pub fn csv(seed: u32) -> String {
    let rows = closes(seed).into_iter();
    let rows = rows.map(|(day, close)| format!("{day},{close}\n"));
    format!("date,close\n{}", rows.collect::<String>())
}
