//! Whether the caller of an open stream may still have it.

use callboard_orchestra::{Timestamp, journal::JournalError};
use tokio::sync::watch;

use super::{authority::Authority, principal::Principal};

/// The caller of a stream, for as long as it is open.
pub struct Standing {
    authority: Authority,
    principal: Principal,
    changes: watch::Receiver<u64>,
}

impl Standing {
    pub(super) fn new(
        authority: Authority,
        principal: Principal,
        changes: watch::Receiver<u64>,
    ) -> Self {
        Self {
            authority,
            principal,
            changes,
        }
    }

    /// Who has opened the stream.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Whether the caller may have at this moment what it had when the stream was opened.
    pub async fn holds(&self) -> Result<bool, JournalError> {
        let current = self.authority.current(&self.principal).await?;
        Ok(current.is_some_and(|now| now.permissions.covers(self.principal.permissions)))
    }

    /// Resolves when the caller may no longer have what it had when the stream was opened: its key is revoked, its time is
    /// over, its role permits less.
    pub async fn lost(&self) {
        let (mut changes, mut current) = (self.changes.clone(), self.principal.clone());
        loop {
            // What has changed between the request and the stream is not missed.
            match self.authority.current(&current).await {
                Ok(Some(now)) if now.permissions.covers(self.principal.permissions) => {
                    current = now;
                }
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(error = %error, "cannot tell whether a stream may go on");
                    return;
                }
            }
            let over = async {
                match current.until {
                    Some(until) => tokio::time::sleep(until.since(Timestamp::now())).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = changes.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
                () = over => {}
            }
        }
    }
}
