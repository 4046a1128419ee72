//! Sends what the fuzzer makes up to a server in this process, by each of two tenants and by a stranger. A panic of the
//! server, an answer that blames the server and a text of another tenant each end the run and are kept.

#![no_main]
#![allow(dead_code, reason = "other tests use the rest")]

#[path = "../../e2e/app.rs"]
mod app;
#[path = "../../e2e/client.rs"]
mod client;
#[path = "../../e2e/eventually.rs"]
mod eventually;
#[path = "../../e2e/keyed.rs"]
mod keyed;
#[path = "../../e2e/neighbours.rs"]
mod neighbours;
#[path = "../../e2e/raw.rs"]
mod raw;

use std::sync::OnceLock;

use app::{Setup, TestApp};
use libfuzzer_sys::fuzz_target;
use neighbours::{Sender, neighbours};
use tokio::runtime::{Builder, Runtime};

struct House {
    runtime: Runtime,
    senders: [Sender; 3],
    _app: TestApp,
}

static HOUSE: OnceLock<House> = OnceLock::new();

fn house() -> House {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (senders, app) = runtime.block_on(async {
        let mut setup = Setup {
            auth: true,
            ..Setup::default()
        };
        // Otherwise most of what is sent would be answered with 429.
        setup.config.rate_limits.elevated_per_minute = 0;
        setup.config.rate_limits.standard_per_minute = 0;
        setup.config.rate_limits.logins_per_minute = 0;
        let app = TestApp::start_with(setup).await;
        (neighbours(&app).await, app)
    });
    House {
        runtime,
        senders,
        _app: app,
    }
}

fuzz_target!(|text: &[u8]| {
    let house = HOUSE.get_or_init(house);
    house.runtime.block_on(async {
        for sender in &house.senders {
            if let Some(answered) = raw::answer_to(sender, text).await {
                raw::judge(sender, text, &answered);
            }
        }
    });
});
