//! What HTTP costs on this machine: a server on actix-web that does nothing else, driven as a workload is.

use std::{
    net::{SocketAddr, TcpListener},
    num::NonZeroUsize,
    time::Duration,
};

use actix_web::{App, HttpResponse, HttpServer, web};

use crate::cli::{
    bench::{
        child::Server,
        connection::{Answer, get},
        cost::{counted, per_1000},
        drive::{Question, one_at_a_time, sustained},
        measure::{Measure, Reading},
        site::Site,
    },
    failure::Failure,
    terminal,
};

const HELLO: &str = "hello";

static REQUESTS: Measure = Measure {
    key: "hello_requests_per_s",
    label: "hello-world requests/s",
    digits: 0,
    beside: &[],
};
static CPU: Measure = Measure {
    key: "hello_cpu_s_per_1000",
    label: "hello-world server CPU s per 1000",
    digits: 4,
    beside: &[],
};
static P50: Measure = Measure {
    key: "hello_ms_p50",
    label: "hello-world one at a time, p50 ms",
    digits: 3,
    beside: &[],
};
static DRIVER_CPU: Measure = Measure {
    key: "hello_driver_cpu_s_per_1000",
    label: "driver CPU s per 1000 hello-worlds",
    digits: 4,
    beside: &[],
};

struct Hello;

impl Question for Hello {
    fn request(&self, address: SocketAddr) -> Vec<u8> {
        get(address, "/")
    }

    fn is_right(&self, answer: &Answer<'_>) -> bool {
        answer.status == 200 && answer.body == HELLO.as_bytes()
    }
}

/// Serves until the process is ended. The address is on stdout.
pub async fn serve() -> Result<(), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let workers = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let app = || App::new().default_service(web::to(|| async { HttpResponse::Ok().body(HELLO) }));
    let server = HttpServer::new(app)
        .workers(workers.get())
        .listen(listener)?;
    let server = server.run();
    terminal::print(&format!("hello listening on http://{address}"))?;
    Ok(server.await?)
}

pub async fn measure(
    site: &Site,
    connections: u32,
    time: Duration,
) -> Result<Vec<Reading>, Failure> {
    let server = Server::hello(site.dir()).await?;
    let address = server.address;
    let load = sustained(address, &Hello, connections, time);
    let (load, cost) = counted(&server, site, load).await?;
    let alone = one_at_a_time(address, &Hello, time).await?;
    server.kill().await?;
    if load.failed + alone.failed > 0 {
        return Err(Failure::Failed("an answer to hello was wrong".to_owned()));
    }
    Ok(vec![
        REQUESTS.reads(load.per_s()?),
        P50.reads(alone.latency_ms(50)?),
        CPU.reads(per_1000(cost.server_cpu_s, load.latencies.len())),
        DRIVER_CPU.reads(per_1000(cost.driver_cpu_s, load.latencies.len())),
    ])
}
