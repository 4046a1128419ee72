//! `callboard serve`

use std::{
    net::{SocketAddr, TcpListener},
    num::NonZeroUsize,
    path::Path,
    pin::Pin,
    time::Duration,
};

use actix_web::dev::Server;
use anyhow::Context;
use callboard::{
    anomalies,
    boot::{Instance, generation, limits, surroundings, webhooks},
    config::Config,
    http::{self, Departure, Desk, HttpLimits, Turns},
    packs, prices,
    shutdown::{LAST_BYTES_GRACE, LEAVE_MAX, Reason, Signals, hand_over},
    telemetry, tls,
};
use callboard_orchestra::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{sync::watch, time::timeout};

use super::{
    claim::{claim, patience},
    failure::Failure,
    listener::{self, Listen},
    settings::Settings,
    terminal,
};

/// Live jobs are taken up within this before a backlog that another server left is accepted: an answer of 503 would be
/// worse than a wait.
const TAKE_UP_MAX: Duration = Duration::from_secs(30);
/// Time for requests in hand when the server stops and nobody takes its place.
const STOP_GRACE: Duration = Duration::from_secs(5);

#[derive(clap::Args)]
pub struct Args {
    /// Address and port to listen on; port 0 takes a free one (server.listen). With fd:3, a listening socket that was passed
    /// as that descriptor: SIGTERM then hands over to the next server on it
    #[arg(long, value_name = "ADDR:PORT|fd:N")]
    listen: Option<Listen>,
    /// Wait this long for the owner of the store to give it up, for example `30s`; without it a store in use is an error
    #[arg(long, value_name = "TIME", value_parser = patience)]
    wait_for_store: Option<Duration>,
    /// Ask nobody who they are: everyone is an admin; on a loopback address only (auth.insecure_loopback)
    #[arg(long)]
    insecure_loopback: bool,
    #[command(flatten)]
    settings: Settings,
}

pub async fn serve(args: Args) -> Result<(), Failure> {
    let insecure_loopback = args.insecure_loopback.then(|| "true".to_owned());
    let (listen, passed) = match args.listen {
        None => (None, None),
        Some(Listen::Address(address)) => (Some(address), None),
        Some(Listen::Descriptor(descriptor)) => {
            let socket = listener::take(descriptor)?;
            (Some(socket.local_addr()?.to_string()), Some(socket))
        }
    };
    let config = args.settings.load([
        ("server.listen", listen),
        ("auth.insecure_loopback", insecure_loopback),
    ])?;
    telemetry::log(&config.log)?;
    let prometheus = telemetry::metrics()?;
    let mut signals = Signals::listen()?;
    let store = tokio::select! {
        store = claim(&config, args.wait_for_store.unwrap_or_default()) => store?,
        () = signals.recv() => return Ok(()),
    };
    let imported = store.prices().read().await?;
    for warning in imported.warnings() {
        tracing::warn!("{warning}");
    }
    let supply = prices::supply(imported.book, &config).context("set prices up")?;
    let instance = Instance::start(&config, store, &packs::all(&config, supply))?;
    telemetry::keep_up(&instance.universe, prometheus.clone());
    let served = attend(&instance, &config, prometheus, passed, &mut signals).await;
    if let Ok((Reason::Fenced, _)) = served {
        // Nothing more may be written; ending like a crash leaves the store to its owner.
        return Err(Failure::Failed(
            "another process has taken the store".to_owned(),
        ));
    }
    // What was in hand has had its grace.
    let stopped = signals.or_at_once(instance.stop(Duration::ZERO)).await;
    let (reason, leaving) = served?;
    if let Some(Leaving { departure, server }) = leaving {
        tracing::info!("the store is given up");
        // Late is only who does not read.
        let _ = timeout(LAST_BYTES_GRACE, departure.connections_closed()).await;
        drop(server);
    }
    match reason {
        Reason::Asked | Reason::Fenced => Ok(stopped?),
        Reason::Escalated(why) => Err(Failure::Failed(why)),
    }
}

/// A server that accepts nobody any more and has made every answer; dropped, it closes what is open.
struct Leaving {
    departure: Departure,
    server: Pin<Box<Server>>,
}

/// Serves until there is a reason to end, then drains: with the listener still answering, or, of a socket that was
/// passed, with new connections left to the next server.
async fn attend(
    instance: &Instance,
    config: &Config,
    prometheus: PrometheusHandle,
    passed: Option<TcpListener>,
    signals: &mut Signals,
) -> anyhow::Result<(Reason, Option<Leaving>)> {
    let server = &config.server;
    let listen = server.listen;
    let hands_over = passed.is_some();
    let listener = match passed {
        Some(passed) => passed,
        None => listener::bind(listen).with_context(|| format!("listen on {listen}"))?,
    };
    let address = listener
        .local_addr()
        .context("read the listener's address")?;
    let (drain, shutdown) = watch::channel(false);
    let departure = Departure::default();
    let (rates, quotas) = limits(config, instance).await?;
    let generation = generation(config, &rates);
    let (machine, providers) = surroundings(config, config.store.data_dir.clone())?;
    let desk = Desk {
        anomalies: anomalies::watch(&instance.universe, &instance.house, &config.anomalies),
        machine,
        providers,
        generation,
        turns: Turns::new(server.turns_max.get(), server.turn_wait_max),
        rates,
        quotas,
        webhooks: instance.store.webhooks(),
        outbound: callboard::outbound::Outbound::of(&config.outbound),
        wake_webhooks: webhooks(config, instance)?,
        house: instance.house.clone(),
        universe: instance.universe.clone(),
        artifacts: instance.store.artifacts(),
        store: instance.store.health(),
        authority: instance.authority.clone(),
        audit: instance.store.audit(),
        denials: instance.denials.clone(),
        listing: instance.store.listing(),
        limits: HttpLimits {
            body_bytes_max: server.body_bytes_max.get(),
            batch_bytes_max: server.batch_bytes_max.get(),
            request_wait_max: server.request_wait_max,
            any_host: !config.auth.insecure_loopback,
            connections_max: server.connections_max.get(),
            connections_per_address_max: server.connections_per_address_max.get(),
            trusted_proxies: server.trusted_proxies.clone(),
            cors_origins: server.cors_origins.clone(),
            webhook_retry_for: config.webhooks.retry_for,
            ..HttpLimits::default()
        },
        prometheus,
        tracer: instance.tracer.clone(),
        departure: departure.clone(),
        shutdown,
    };
    let workers = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let tls = match config.tls.is_on() {
        true => Some(tls::server(&config.tls, &instance.universe).context("set TLS up")?),
        false => None,
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    if hands_over {
        // Late is answered as everywhere: 503 until they are taken up.
        let _ = timeout(TAKE_UP_MAX, instance.house.coordinator.recovered()).await;
    }
    // One that hands over closes them itself.
    let stop_grace = if hands_over { LEAVE_MAX } else { STOP_GRACE };
    let server = http::serve(listener, desk, workers, tls, stop_grace);
    let server = server.context("start the HTTP server")?;
    let handle = server.handle();
    let mut server = Box::pin(server);

    announce(scheme, address, instance, &config.store.data_dir).await?;
    let reason = tokio::select! {
        reason = signals.reason(instance) => reason,
        ended = &mut server => {
            ended.context("serve HTTP")?;
            anyhow::bail!("the HTTP server ended");
        }
    };
    let in_hand = || {
        instance
            .house
            .crews
            .values()
            .map(|crew| crew.vitals().in_hand)
            .sum::<usize>()
    };
    tracing::info!(reason = ?reason, tasks_in_hand = in_hand(), "draining");
    if reason == Reason::Fenced {
        return Ok((reason, None));
    }
    if hands_over && reason == Reason::Asked {
        let leave = hand_over(
            instance,
            &handle,
            &departure,
            &drain,
            config.server.handover_grace,
        );
        let leave = async {
            tokio::pin!(leave);
            tokio::select! {
                () = &mut leave => {}
                // Every connection is closed.
                _ = &mut server => leave.await,
            }
        };
        signals.or_at_once(leave).await;
        return Ok((reason, Some(Leaving { departure, server })));
    }
    drain.send_replace(true);
    let orderly = async {
        instance
            .house
            .coordinator
            .drain(config.server.drain_grace)
            .await;
        let live_jobs = instance.house.coordinator.admission().live_jobs();
        tracing::info!(tasks_in_hand = in_hand(), live_jobs, "drained");
        handle.stop(true).await;
    };
    let (served, ()) = signals
        .or_at_once(async { tokio::join!(server, orderly) })
        .await;
    served.context("stop the HTTP server")?;
    Ok((reason, None))
}

async fn announce(
    scheme: &str,
    address: SocketAddr,
    instance: &Instance,
    data_dir: &Path,
) -> anyhow::Result<()> {
    if !address.ip().is_loopback() && scheme == "http" {
        terminal::tell(&format!(
            "WARNING: other machines can reach {address}, and requests are not encrypted"
        ));
    }
    let authority = &instance.authority;
    if authority.is_open() {
        terminal::tell(
            "WARNING: nobody is asked who they are: every process of this machine is an admin",
        );
    } else if !authority.store().has_admin_key(Timestamp::now()).await? {
        terminal::tell(&format!(
            "no API key of an admin exists; stop the server and make one: callboard keys bootstrap --data-dir {}",
            data_dir.display()
        ));
    }
    let version = env!("CARGO_PKG_VERSION");
    // A closed stdout is no reason not to serve.
    let _ = terminal::print(&format!(
        "callboard {version} listening on {scheme}://{address}"
    ));
    Ok(())
}
