//! A server of its own for each test: in this process, on a thread of its own, on a free port, over a fresh store.
//! When it is dropped it checks that the test left nothing behind.

use std::{
    cell::RefCell,
    net::{SocketAddr, TcpListener},
    num::NonZeroUsize,
    path::PathBuf,
    pin::pin,
    sync::{Arc, LazyLock, Weak},
    thread::JoinHandle,
    time::Duration,
};

use callboard::{
    auth::{KeyId, Secret, SecretKind, role},
    boot::Instance,
    config::Config,
    http::{Departure, Desk, HttpLimits, Turns, serve},
    packs,
    store::KeyRow,
    telemetry,
};
use callboard_orchestra::{AuditEntry, Author, Tenant, Timestamp};
use callboard_runtime::EventKind;
use futures_util::FutureExt;
use metrics_exporter_prometheus::PrometheusHandle;
use tempfile::TempDir;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, mpsc, oneshot, watch};

use crate::{
    client::Client,
    eventually::{DEADLINE, eventually},
};

const WORKERS: NonZeroUsize = NonZeroUsize::new(2).unwrap();
/// Time for tasks and for requests in hand when a test ends.
const GRACE: Duration = Duration::from_secs(5);
/// A job that has ended is let go of within this.
const SETTLED_WITHIN: Duration = Duration::from_secs(5);

static PROMETHEUS: LazyLock<PrometheusHandle> = LazyLock::new(|| telemetry::metrics().unwrap());
/// Failpoints and memory belong to the process: tests that touch them run alone.
static ALONE: LazyLock<Arc<RwLock<()>>> = LazyLock::new(Arc::default);

thread_local! {
    /// The turn of the servers of this thread's test. They share it: a second turn would be behind a test that asked to be
    /// alone meanwhile, and which waits for the first turn to end. Servers of one test are started one after the other.
    static TAKEN: RefCell<Weak<OwnedRwLockReadGuard<()>>> = RefCell::default();
}

/// What a test wants otherwise.
#[derive(Default)]
pub struct Setup {
    pub limits: HttpLimits,
    pub config: Config,
    /// The server asks who calls.
    pub auth: bool,
    /// Actors are meant to die.
    pub restarts_expected: bool,
    /// Jobs are meant to be live at the end.
    pub live_jobs_expected: bool,
    /// Send buffer of the server's sockets, in bytes; None leaves it to the system.
    pub send_buffer_bytes: Option<u32>,
    /// Shared with the test, which has the server leave by it.
    pub departure: Departure,
}

pub struct TestApp {
    pub address: SocketAddr,
    pub data_dir: PathBuf,
    /// The key of an admin, where the server asks who calls.
    admin_key: Option<String>,
    orders: mpsc::UnboundedSender<Order>,
    server: Option<JoinHandle<Result<(), String>>>,
    _turn: Turn,
}

#[expect(dead_code, reason = "held for its drop")]
enum Turn {
    Among(Arc<OwnedRwLockReadGuard<()>>),
    Alone(OwnedRwLockWriteGuard<()>),
}

impl Turn {
    async fn among(lock: &Arc<RwLock<()>>) -> Self {
        if let Some(taken) = TAKEN.with_borrow(Weak::upgrade) {
            return Self::Among(taken);
        }
        let turn = Arc::new(lock.clone().read_owned().await);
        TAKEN.set(Arc::downgrade(&turn));
        Self::Among(turn)
    }

    async fn alone(lock: &Arc<RwLock<()>>) -> Self {
        Self::Alone(lock.clone().write_owned().await)
    }
}

enum Order {
    /// Streams close and waiting requests are answered; the listener stays.
    Drain,
    Stop,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(Setup::default()).await
    }

    pub async fn start_with(setup: Setup) -> Self {
        Self::launch(setup, Turn::among(&ALONE).await).await
    }

    /// Runs while no other server of this process does.
    pub async fn start_alone(setup: Setup) -> Self {
        Self::launch(setup, Turn::alone(&ALONE).await).await
    }

    async fn launch(setup: Setup, turn: Turn) -> Self {
        let (orders, inbox) = mpsc::unbounded_channel();
        let (tell, told) = oneshot::channel();
        let server = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(run(setup, tell, inbox))
        });
        let (address, data_dir, admin_key) =
            tokio::time::timeout(DEADLINE, told).await.unwrap().unwrap();
        Self {
            address,
            data_dir,
            admin_key,
            orders,
            server: Some(server),
            _turn: turn,
        }
    }

    /// Without a key.
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// With the key of an admin.
    pub fn admin(&self) -> Client {
        let key = self.admin_key.as_deref();
        self.client()
            .with_key(key.expect("the server asks who calls"))
    }

    pub fn drain(&self) {
        self.orders.send(Order::Drain).unwrap();
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::Stop);
        let ended = self.server.take().unwrap().join();
        if !std::thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}

async fn run(
    mut setup: Setup,
    tell: oneshot::Sender<(SocketAddr, PathBuf, Option<String>)>,
    mut orders: mpsc::UnboundedReceiver<Order>,
) -> Result<(), String> {
    // As `serve` does, before there is anything to count.
    let prometheus = PROMETHEUS.clone();
    let data_dir = TempDir::new().unwrap();
    setup.config.auth.insecure_loopback = !setup.auth;
    // As `serve` has it.
    setup.limits.any_host |= setup.auth;
    let packs = packs::all(&setup.config, callboard_market::embedded());
    let instance = Instance::boot(&setup.config, data_dir.path().to_owned(), &packs)
        .await
        .unwrap();
    instance.house.coordinator.recovered().await;
    let (drain, draining) = watch::channel(false);
    let (rates, quotas) = callboard::boot::limits(&setup.config, &instance)
        .await
        .unwrap();
    let generation = callboard::boot::generation(&setup.config, &rates);
    let (machine, providers) =
        callboard::boot::surroundings(&setup.config, data_dir.path().to_owned()).unwrap();
    let desk = Desk {
        anomalies: callboard::anomalies::watch(
            &instance.universe,
            &instance.house,
            &setup.config.anomalies,
        ),
        machine,
        providers,
        generation,
        turns: Turns::new(
            setup.config.server.turns_max.get(),
            setup.config.server.turn_wait_max,
        ),
        rates,
        quotas,
        webhooks: instance.store.webhooks(),
        outbound: callboard::outbound::Outbound::of(&setup.config.outbound),
        wake_webhooks: callboard::boot::webhooks(&setup.config, &instance).unwrap(),
        house: instance.house.clone(),
        universe: instance.universe.clone(),
        artifacts: instance.store.artifacts(),
        store: instance.store.health(),
        authority: instance.authority.clone(),
        audit: instance.store.audit(),
        denials: instance.denials.clone(),
        listing: instance.store.listing(),
        limits: setup.limits.clone(),
        prometheus,
        tracer: instance.tracer.clone(),
        departure: setup.departure.clone(),
        shutdown: draining,
    };
    let tls = setup
        .config
        .tls
        .is_on()
        .then(|| callboard::tls::server(&setup.config.tls, &instance.universe).unwrap());
    let listener = listen(setup.send_buffer_bytes);
    let address = listener.local_addr().unwrap();
    let server = serve(listener, desk, WORKERS, tls, GRACE).unwrap();
    let handle = server.handle();
    let serving = actix_web::rt::spawn(server);
    let admin_key = match setup.auth {
        true => Some(admin_key(&instance).await),
        false => None,
    };
    tell.send((address, data_dir.path().to_owned(), admin_key))
        .unwrap();

    while let Some(Order::Drain) = orders.recv().await {
        drain.send_replace(true);
    }
    let left_behind = left_behind(&setup, &instance).await;
    drain.send_replace(true);
    handle.stop(true).await;
    serving.await.unwrap().unwrap();
    instance.stop(GRACE).await.unwrap();
    left_behind
}

/// As `callboard keys bootstrap` makes one.
async fn admin_key(instance: &Instance) -> String {
    let (secret, now) = (Secret::mint(SecretKind::ApiKey), Timestamp::now());
    let key = KeyRow {
        id: KeyId::mint(),
        tenant: Tenant::default(),
        name: "bootstrap".to_owned(),
        role: role::ADMIN.to_owned(),
        created_at: now,
        created_by: "system".to_owned(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        previous_expires_at: None,
    };
    let entry = AuditEntry {
        tenant: key.tenant.clone(),
        at: now,
        author: Author::system(),
        action: "key.created",
        subject: Some(key.id.to_string()),
        details: Default::default(),
    };
    let store = instance.store.auth();
    let added = store.add_key(&key, secret.hash(), entry).await;
    added.unwrap();
    secret.reveal().to_owned()
}

fn listen(send_buffer_bytes: Option<u32>) -> TcpListener {
    let Some(bytes) = send_buffer_bytes else {
        return TcpListener::bind("127.0.0.1:0").unwrap();
    };
    // Accepted sockets inherit the buffer of their listener.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(bytes).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket.listen(1024).unwrap().into_std().unwrap()
}

/// What the test should have waited for or should not have caused.
async fn left_behind(setup: &Setup, instance: &Instance) -> Result<(), String> {
    let restarts: u64 = [
        EventKind::Panicked,
        EventKind::Restarting,
        EventKind::Escalated,
        EventKind::Stalled,
        EventKind::InvariantBroken,
    ]
    .map(|kind| instance.universe.events_total(kind))
    .iter()
    .sum();
    if restarts > 0 && !setup.restarts_expected {
        return Err(format!(
            "{restarts} unexpected deaths or alarms: {:?}",
            instance.universe.tree()
        ));
    }
    if setup.live_jobs_expected {
        return Ok(());
    }
    let admission = instance.house.coordinator.admission();
    let settled = eventually("every job has ended and crews hold nothing", || async {
        let vitals = instance.house.crews.values().map(|crew| crew.vitals());
        let held: usize = vitals
            .map(|crew| crew.queue_depth + crew.in_hand + crew.held)
            .sum();
        (held + admission.live_jobs() + admission.unfinished_tasks() == 0).then_some(())
    });
    // Clients hear of an end a moment before the house has let go of the job.
    tokio::time::timeout(SETTLED_WITHIN, settled)
        .await
        .map_err(|_| {
            let (jobs, tasks) = (admission.live_jobs(), admission.unfinished_tasks());
            format!(
                "{jobs} jobs with {tasks} tasks are live at the end of the test: {:?}",
                instance.universe.tree()
            )
        })
}

#[tokio::test]
async fn another_server_of_a_test_waits_for_nobody_who_would_be_alone() {
    let lock = Arc::default();
    let first = Turn::among(&lock).await;
    let mut alone = pin!(Turn::alone(&lock));
    assert!(alone.as_mut().now_or_never().is_none());
    let second = Turn::among(&lock).now_or_never();
    assert!(second.is_some(), "it waits for one who waits for the first");
    drop(first);
    assert!(alone.as_mut().now_or_never().is_none());
    drop(second);
    assert!(alone.now_or_never().is_some());
}
