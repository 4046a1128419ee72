//! GET /v1/audit/export
//!
//! Reads a page, sends it, and reads the next when the client has taken it: an export of any length needs the memory of
//! one page.

use actix_web::{
    HttpResponse,
    web::{Bytes, Data},
};
use callboard_orchestra::{Tenant, journal::JournalError};
use futures_util::stream::try_unfold;

use crate::{
    audit::{CheckpointKind, Line, record_line},
    http::{caller::Caller, desk::Desk, error::Problem, responses::StoreFailures},
    store::{AuditLog, AuditQuery},
};

/// Records, or checkpoints, read at one time.
const PAGE_ROWS: usize = 500;

/// Export the audit log of the tenant, to be verified elsewhere
///
/// One JSON object a line: the keys, the checkpoints, then the records, oldest first, up to the last there was when the
/// request came. It breaks off when the caller may no longer have it. `callboard audit verify --from-file` checks it without a server.
#[utoipa::path(
    get, path = "/v1/audit/export", tag = "audit", operation_id = "export_audit",
    responses(
        (status = 200, description = "Lines of JSON", body = String, content_type = "application/x-ndjson"),
        StoreFailures,
    )
)]
pub async fn export(caller: Caller, desk: Data<Desk>) -> Result<HttpResponse, Problem> {
    let log = desk.audit.clone();
    let newest = AuditQuery {
        tenant: caller.tenant.clone(),
        limit: 1,
        ..AuditQuery::default()
    };
    let newest = log.list(&newest).await?;
    let export = Export {
        through: newest.first().map_or(0, |row| row.seq.unsigned_abs()),
        log,
        tenant: caller.tenant,
        next: Part::Keys,
    };
    let standing = desk.authority.standing(&caller.principal);
    let lines = try_unfold((export, standing), async |(mut export, standing)| {
        if !standing.holds().await? {
            return Err(BrokenOff::Barred);
        }
        let text = export.page().await.inspect_err(|error| {
            tracing::error!(error = %error, "an export of the audit log broke off");
        })?;
        Ok(text.map(|text| (Bytes::from(text), (export, standing))))
    });
    Ok(HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .streaming(lines))
}

/// Why an export ends before its last line.
#[derive(Debug, thiserror::Error)]
enum BrokenOff {
    #[error("the caller may no longer have the audit log")]
    Barred,
    #[error(transparent)]
    Store(#[from] JournalError),
}

struct Export {
    log: AuditLog,
    tenant: Tenant,
    /// The last record of the export.
    through: u64,
    next: Part,
}

enum Part {
    Keys,
    Checkpoints(Option<(u64, CheckpointKind)>),
    /// Records after this one.
    Records(u64),
    Nothing,
}

impl Export {
    /// The lines of the next page; None after the last.
    async fn page(&mut self) -> Result<Option<String>, JournalError> {
        loop {
            let lines: Vec<String> = match self.next {
                Part::Keys => {
                    self.next = Part::Checkpoints(None);
                    let keys = self.log.keys().await?.into_iter();
                    keys.map(|key| Line::Key(key).text()).collect()
                }
                Part::Checkpoints(after) => {
                    let found = self.log.checkpoints(&self.tenant, after, PAGE_ROWS).await?;
                    let last = found.last().map(|made| &made.checkpoint);
                    self.next = match last {
                        Some(last) => Part::Checkpoints(Some((last.seq, last.kind))),
                        None => Part::Records(0),
                    };
                    // Later ones are about records that are not exported.
                    let found = found.into_iter().filter(|made| {
                        made.checkpoint.seq <= self.through
                            || made.checkpoint.kind == CheckpointKind::Pruned
                    });
                    found.map(|made| Line::Checkpoint(made).text()).collect()
                }
                Part::Records(after) => {
                    let found = self.log.after(&self.tenant, after, PAGE_ROWS).await?;
                    self.next = match found.last() {
                        Some(last) => Part::Records(last.seq.unsigned_abs()),
                        None => Part::Nothing,
                    };
                    let through = self.through;
                    let found = found
                        .iter()
                        .take_while(|row| row.seq.unsigned_abs() <= through);
                    let lines: Vec<String> =
                        found.map(|row| record_line(&row.body, &row.hash)).collect();
                    if lines.is_empty() {
                        self.next = Part::Nothing;
                    }
                    lines
                }
                Part::Nothing => return Ok(None),
            };
            if !lines.is_empty() {
                return Ok(Some(lines.join("\n") + "\n"));
            }
        }
    }
}
