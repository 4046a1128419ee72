//! GET /v1/jobs/{id}/evidence

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use callboard_orchestra::{
    Payload, Timestamp,
    hub::frames_of,
    job::Job,
    journal::{ApprovalsQuery, EffectsQuery, JobRow, JournalError},
};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::show::{job_row, replayed_job};
use crate::{
    audit::{Body, Bundle, GENESIS, canonical, sha256_hex},
    auth::Permission,
    http::{
        approvals::view::ApprovalView,
        caller::Caller,
        desk::Desk,
        effects::view::EffectView,
        error::{Kind, Problem, ProblemBody},
        responses::StoreFailures,
    },
};

/// Events of a job that a bundle lists.
const EVENTS_MAX: usize = 100_000;
/// Rows of each other part.
const ROWS_MAX: usize = 10_000;
/// Records of the journal read at one time.
const PAGE_RECORDS: usize = 1_000;

/// A signed bundle of what is known of a job.
#[derive(ToSchema)]
#[schema(as = Evidence)]
#[expect(dead_code, reason = "describes `Bundle` for the API description")]
pub struct EvidenceView {
    /// What is signed: `{at, digests, job, key, release, tenant}`, with a digest of each part.
    #[schema(value_type = Object)]
    statement: Value,
    /// Ed25519 over the statement, in base64.
    signature: String,
    /// `job`, `plan`, `roles`, `events`, `approvals`, `effects`, `facts` and `audit`.
    #[schema(value_type = Object)]
    parts: Value,
    /// The history of keys.
    #[schema(value_type = Vec<Object>)]
    keys: Vec<Value>,
}

/// Get a signed bundle of what is known of a job
///
/// With hashes of input, result and events in their place, without `results:read` of facts and without `logs:read` of the
/// message of an error as well. `callboard verify` checks it without a server.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/evidence", tag = "jobs", operation_id = "get_evidence",
    params(("id" = String, Path, description = "Id of the job")),
    responses(
        (status = 200, description = "The bundle", body = EvidenceView),
        (status = 400, description = "The id is not a job id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The audit log is off, so that nothing is signed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The job has more events than a bundle lists", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn evidence(
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let row = job_row(&desk, &caller.tenant, &id).await?;
    let Some(key) = desk.audit.key() else {
        let detail = "the audit log is off, and without it nothing is signed";
        return Err(Problem::new(Kind::Conflict, "audit_off", detail));
    };
    let job = replayed_job(&desk, &caller.tenant, &id).await?;
    let mut parts = BTreeMap::from([
        ("job".to_owned(), job_part(&row, &caller)),
        ("plan".to_owned(), plan_part(&job)),
        ("roles".to_owned(), roles_part(&desk, &job)),
        ("facts".to_owned(), facts_part(&job, &caller)),
        ("events".to_owned(), events_part(&desk, &row).await?),
    ]);
    let journal = desk.house.coordinator.journal();
    let approvals = ApprovalsQuery {
        tenant: caller.tenant.clone(),
        job: Some(row.id),
        limit: ROWS_MAX,
        ..ApprovalsQuery::default()
    };
    let effects = EffectsQuery {
        tenant: caller.tenant.clone(),
        job: Some(row.id),
        limit: ROWS_MAX,
        ..EffectsQuery::default()
    };
    let approvals = journal.approvals(&approvals).await?;
    let effects = journal.effects(&effects).await?;
    let mut subjects = vec![row.id.to_string()];
    subjects.extend(approvals.iter().map(|row| row.id.to_string()));
    subjects.extend(effects.iter().map(|row| row.id.to_string()));
    parts.insert(
        "audit".to_owned(),
        audit_part(&desk, &caller, &subjects).await?,
    );
    let approvals: Vec<_> = approvals.iter().map(ApprovalView::of).collect();
    let effects: Vec<_> = effects.iter().map(EffectView::of).collect();
    parts.insert("approvals".to_owned(), json!(approvals));
    parts.insert("effects".to_owned(), json!(effects));
    let keys = desk.audit.keys().await?;
    let about = (caller.tenant.as_str(), &*row.id.to_string());
    let bundle = Bundle::sign(&key, keys, about, parts, Timestamp::now());
    Ok(HttpResponse::Ok().json(bundle))
}

fn sha256(payload: &Payload) -> String {
    sha256_hex(payload.text().as_bytes())
}

/// The message of an error is for whoever may read logs; others get its hash.
fn job_part(row: &JobRow, caller: &Caller) -> Value {
    let error = row.failure.as_ref().map(|failure| {
        let code = failure.kind.code();
        match caller.may(Permission::LogsRead) {
            true => json!({"code": code, "message": failure.message}),
            false => {
                json!({"code": code, "message_sha256": sha256_hex(failure.message.as_bytes())})
            }
        }
    });
    json!({
        "id": row.id, "kind": row.kind, "state": row.state.name(), "labels": row.labels, "priority": row.priority,
        "input_sha256": sha256(&row.input), "result_sha256": row.result.as_ref().map(sha256),
        "created_at": row.created_at.rfc3339(), "started_at": row.started_at.map(Timestamp::rfc3339),
        "finished_at": row.finished_at.map(Timestamp::rfc3339),
        "error": error,
    })
}

/// Facts are for whoever may read results; others get the hash of each, of its canonical JSON.
fn facts_part(job: &Job, caller: &Caller) -> Value {
    let facts = job.facts.values();
    match caller.may(Permission::ResultsRead) {
        true => facts.map(|fact| json!(fact)).collect(),
        false => facts
            .map(|fact| json!({"id": fact.id, "sha256": sha256_hex(canonical(fact).as_bytes())}))
            .collect(),
    }
}

/// Every task as it was planned, and what became of it.
fn plan_part(job: &Job) -> Value {
    let tasks = job.tasks.iter().map(|task| {
        let entry = &task.entry;
        json!({
            "id": entry.id.0, "name": entry.name, "role": entry.role,
            "after": entry.after.iter().map(|task| task.0).collect::<Vec<_>>(),
            "effect": entry.effect.name(), "state": task.state.name(), "attempts": task.attempt,
            "input_sha256": sha256(&entry.input), "product_sha256": task.product.as_ref().map(sha256),
        })
    });
    tasks.collect()
}

/// The roles of the job as this release has them.
fn roles_part(desk: &Desk, job: &Job) -> Value {
    let names: BTreeSet<&str> = job.tasks.iter().map(|task| &*task.entry.role).collect();
    let catalog = desk.house.coordinator.catalog();
    let roles = names.into_iter().map(|name| {
        let profile = catalog.profile(name);
        json!({
            "name": name, "release": env!("CARGO_PKG_VERSION"), "known": profile.is_some(),
            "effect": profile.map(|profile| profile.effect.name()), "pure": profile.map(|profile| profile.pure),
        })
    });
    roles.collect()
}

/// Seq and hash of every event, as `GET /v1/jobs/{id}/events` shows it.
async fn events_part(desk: &Desk, row: &JobRow) -> Result<Value, Problem> {
    let journal = desk.house.coordinator.journal();
    let (mut events, mut after) = (Vec::new(), 0);
    loop {
        let records = journal.records(row.id, after, PAGE_RECORDS).await?;
        let Some(last) = records.last() else {
            return Ok(Value::Array(events));
        };
        after = last.last_seq();
        for frame in records.iter().flat_map(frames_of) {
            let event: Value = serde_json::from_str(&frame.text).map_err(unreadable)?;
            let hash = sha256_hex(canonical(&event).as_bytes());
            events.push(json!({"seq": frame.seq, "type": event["type"], "sha256": hash}));
        }
        if events.len() > EVENTS_MAX {
            let detail = format!("the job has more than {EVENTS_MAX} events");
            return Err(Problem::new(Kind::TooLarge, "evidence_too_large", detail));
        }
    }
}

/// Records about the job, its approvals and its effects, each with the hash of the one before it.
async fn audit_part(desk: &Desk, caller: &Caller, subjects: &[String]) -> Result<Value, Problem> {
    let mut records = Vec::new();
    for row in desk.audit.about(&caller.tenant, subjects, ROWS_MAX).await? {
        let seq = row.seq.unsigned_abs();
        let before = match seq {
            1 => Some(GENESIS.to_owned()),
            seq => {
                let before = desk.audit.hash_at(&caller.tenant, seq - 1).await?;
                // Removed by retention meanwhile: its hash is in no row.
                let Some(before) = before else { continue };
                Some(before)
            }
        };
        let record: Body = serde_json::from_str(&row.body).map_err(unreadable)?;
        records.push(json!({"hash": row.hash, "previous": before, "record": record}));
    }
    Ok(Value::Array(records))
}

fn unreadable(source: serde_json::Error) -> JournalError {
    JournalError::Store {
        operation: "read what is known of a job",
        source: source.into(),
    }
}
