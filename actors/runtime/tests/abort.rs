//! No panic, wherever it happens, may abort the process. Seen from outside: a child process does its worst.

use std::env;
use std::process::{Command, Stdio};
use std::time::Duration;

use callboard_runtime::testing::universe;
use callboard_runtime::{
    ChildSpec, CrewSpec, EventKind, Handle, Resident, ResidentContext, SupervisorSpec,
};
use tokio::sync::oneshot;

use crate::drill::{OWNER, Order, crew, key, offer};

const CHILD: &str = "CALLBOARD_RUNTIME_ABORT_CHILD";

/// Panics in its handler, and once more in its destructor.
struct Grenade;

enum Pull {
    Pin,
    Ping(oneshot::Sender<u64>),
    SpawnBomb,
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in the destructor of a message");
    }
}

impl Drop for Grenade {
    fn drop(&mut self) {
        panic!("in the destructor of an instance");
    }
}

impl Resident for Grenade {
    type Message = (Pull, Option<Bomb>);

    fn handle(&mut self, (pull, _bomb): Self::Message, ctx: &mut ResidentContext<Self>) {
        match pull {
            Pull::Pin => panic!("in the handler"),
            Pull::Ping(reply) => {
                let _ = reply.send(ctx.incarnation());
            }
            Pull::SpawnBomb => ctx.spawn(async {
                let _bomb = Bomb;
                std::future::pending().await
            }),
        }
    }
}

async fn ping(grenade: &Handle<(Pull, Option<Bomb>)>) -> u64 {
    let deadline = Duration::from_secs(60);
    grenade
        .ask(deadline, |reply| (Pull::Ping(reply), None))
        .await
        .unwrap()
}

fn worst() {
    universe(|u| async move {
        let group = u.supervisor(SupervisorSpec::new("grenades"));
        let grenade = group.resident(ChildSpec::new("grenade"), || Grenade);
        assert_eq!(ping(&grenade).await, 1);
        grenade.tell((Pull::Pin, None)).unwrap();
        assert_eq!(ping(&grenade).await, 2);
        let (reply, _) = oneshot::channel();
        grenade.tell((Pull::Ping(reply), Some(Bomb))).unwrap();
        assert_eq!(ping(&grenade).await, 3);
        grenade.tell((Pull::SpawnBomb, None)).unwrap();
        // Left in the mailbox when the universe ends.
        let crew = crew(&u, CrewSpec::new("grenades"));
        let mut inbox = u.inbox(&crew, OWNER);
        crew.offer(offer(key(1), Order::PanicInDrop));
        inbox.finished().await;
        crew.offer(offer(key(2), Order::Answer(2)));
        assert_eq!(inbox.finished().await.outcome, Ok(2));
        u.shutdown().await;
        u.expect_panics(u.events_total(EventKind::Panicked));
    });
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "tells the child process what it is"
)]
fn a_panic_in_a_handler_followed_by_panics_in_destructors_does_not_abort_the_process() {
    if env::var_os(CHILD).is_some() {
        worst();
        return;
    }
    let status = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("abort::a_panic_in_a_handler_followed_by_panics_in_destructors_does_not_abort_the_process")
        .env(CHILD, "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "the child ended with {status}");
}
