//! Whether a tenant has room for what is submitted.

use callboard_orchestra::Timestamp;

use crate::http::{caller::Caller, desk::Desk, error::Problem};

/// Errors when a quota of the tenant is used up, unless the submission was accepted before under `key`: its repetition adds
/// nothing, but for what is left of a batch that was cut short.
pub async fn require_room(
    desk: &Desk,
    caller: &Caller,
    more: u64,
    key: Option<&str>,
) -> Result<(), Problem> {
    let (quotas, tenant) = (&desk.quotas, &caller.tenant);
    let within = match quotas.live_jobs(tenant, more).await? {
        Ok(()) => quotas.storage(tenant).await?,
        exceeded => exceeded,
    };
    let Err(exceeded) = within else {
        return Ok(());
    };
    if let Some(key) = key {
        let journal = desk.house.coordinator.journal();
        let held = journal.remembered(tenant, key, Timestamp::now()).await?;
        if held.is_some() {
            return Ok(());
        }
    }
    Err(exceeded.into())
}
