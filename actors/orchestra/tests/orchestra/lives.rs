//! Processes that die, one after the other, on the journal that each leaves to the next.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use callboard_orchestra::journal::{Fault, FaultyJournal, MemoryJournal};
use callboard_runtime::testing::universe;

use crate::stage::{Stage, spec};

/// Runs `scene` in a house of its own. Of what happens after the scene the journal takes nothing, as if the process had
/// been killed at its end.
pub fn live_and_die(journal: &Arc<MemoryJournal>, scene: impl AsyncFnOnce(&Stage)) {
    let (journal, dead) = (journal.clone(), Arc::new(AtomicBool::new(false)));
    universe(|universe| async move {
        let is_dead = dead.clone();
        let mortal = FaultyJournal::new(journal, move |_, _| {
            is_dead.load(Ordering::SeqCst).then_some(Fault::Refused)
        });
        let stage = Stage::open_on(&universe, Arc::new(mortal), &spec());
        scene(&stage).await;
        dead.store(true, Ordering::SeqCst);
    });
}
