//! Whether audit records are written, and the bell that rings when many of them are not signed yet.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::sync::Notify;

pub struct AuditSwitch {
    on: AtomicBool,
    /// Unsigned records of one tenant at which the bell rings.
    sign_every: AtomicU64,
    due: Arc<Notify>,
}

impl Default for AuditSwitch {
    fn default() -> Self {
        Self {
            on: AtomicBool::new(true),
            sign_every: AtomicU64::new(u64::MAX),
            due: Arc::default(),
        }
    }
}

impl AuditSwitch {
    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    pub fn set(&self, on: bool, sign_every: u64) {
        self.on.store(on, Ordering::Relaxed);
        self.sign_every.store(sign_every, Ordering::Relaxed);
    }

    /// So many records of one tenant are not signed.
    pub fn note(&self, unsigned: u64) {
        if unsigned >= self.sign_every.load(Ordering::Relaxed) {
            self.due.notify_one();
        }
    }

    /// Rings when a chain is to be signed.
    pub fn due(&self) -> Arc<Notify> {
        self.due.clone()
    }
}
