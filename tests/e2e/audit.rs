//! The audit log: what is recorded of what callers do, and that any change of it is found and located, by the program and
//! by a script that knows nothing of it.

use std::{
    fs,
    num::NonZeroU64,
    path::Path,
    process::{Command, Output},
};

use callboard::config::Config;
use callboard_orchestra::Tenant;
use serde_json::{Value, json};

use crate::{
    app::{Setup, TestApp},
    cli::desk::{Desk, Ended, Serving},
    client::Client,
    eventually::eventually,
};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audit_chain.py");

/// Signs after every record.
pub fn signing() -> Setup {
    let mut config = Config::default();
    config.audit.checkpoint_records = NonZeroU64::MIN;
    Setup {
        config,
        ..Setup::default()
    }
}

pub async fn records(client: &Client, query: &str) -> Vec<Value> {
    let page = client.get_json(&format!("/v1/audit{query}")).await;
    page["items"].as_array().unwrap().clone()
}

pub async fn until_signed(client: &Client, seq: u64) -> Value {
    eventually("the chain is signed", || async {
        let made = client.get_json("/v1/audit/checkpoints?limit=500").await;
        let last = made["items"].as_array()?.last()?.clone();
        (last["seq"].as_u64()? >= seq).then_some(last)
    })
    .await
}

async fn export(client: &Client) -> String {
    let exported = client.get("/v1/audit/export").await;
    assert_eq!(
        exported.header("content-type"),
        Some("application/x-ndjson")
    );
    String::from_utf8(exported.body).unwrap()
}

#[tokio::test]
async fn every_command_of_a_caller_is_recorded_with_what_it_was() {
    let app = TestApp::start_with(signing()).await;
    let client = app.client();
    let job = client.endless().await.id;
    let steer = async |verb: &str, body: Value| {
        let done = client.post(&format!("/v1/jobs/{job}/{verb}"), &body).await;
        assert!(done.status.is_success(), "{done:?}");
    };
    steer("pause", json!({"reason": "lunch"})).await;
    steer("resume", json!({})).await;
    steer("signals/go", json!({"n": 1})).await;
    assert_eq!(
        client
            .post(&format!("/v1/jobs/{job}/pause"), &json!({"no": 1}))
            .await
            .status,
        422
    );
    steer("cancel", json!({"reason": "enough"})).await;
    let asked = client
        .submit("drill.approval", json!({"why": "Send it?"}))
        .await
        .id;
    client.settled(&asked).await;
    let approval = client.get_json("/v1/approvals?state=pending").await["items"][0]["id"].clone();
    let approval = approval.as_str().unwrap().to_owned();
    let path = format!("/v1/approvals/{approval}/reject");
    assert_eq!(
        client.post(&path, &json!({"reason": "no"})).await.status,
        200
    );
    client.finished(&asked).await;
    let other = client
        .submit("drill.approval", json!({"why": "And this?"}))
        .await
        .id;
    client.settled(&other).await;
    client.cancel(&other).await;

    let mut found = records(&client, "?limit=500").await;
    found.reverse();
    let told: Vec<(&str, &str)> = found
        .iter()
        .map(|record| {
            (
                record["action"].as_str().unwrap(),
                record["principal"].as_str().unwrap(),
            )
        })
        .collect();
    let by_caller = |action| (action, "anonymous");
    assert_eq!(
        told,
        [
            by_caller("job.submitted"),
            by_caller("job.paused"),
            by_caller("job.resumed"),
            by_caller("job.signalled"),
            by_caller("job.cancelled"),
            by_caller("job.submitted"),
            by_caller("approval.decided"),
            by_caller("job.submitted"),
            by_caller("job.cancelled"),
            ("approval.decided", "system"),
        ]
    );
    let first = &found[0];
    assert_eq!((&first["seq"], &first["subject"]), (&json!(1), &json!(job)));
    assert_eq!(first["details"]["kind"], "drill.fanout");
    assert_eq!(first["details"]["input_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(first["address"], "127.0.0.1");
    assert!(first["request_id"].is_string());
    assert_eq!(found[4]["details"]["reason"], "enough");
    assert_eq!(found[6]["subject"], approval);
    assert_eq!(
        found[6]["details"],
        json!({"job": asked, "decision": "rejected", "reason": "no"})
    );
    assert_eq!(found[9]["details"]["decision"], "withdrawn");

    assert_eq!(records(&client, &format!("?subject={job}")).await.len(), 5);
    assert_eq!(
        records(&client, "?action=job.submitted&principal=anonymous")
            .await
            .len(),
        3
    );
    let page = client.get_json("/v1/audit?limit=4").await;
    let next = page["next_cursor"].as_str().unwrap();
    let rest = records(&client, &format!("?limit=500&cursor={next}")).await;
    assert_eq!((rest.len(), &rest[0]["seq"]), (6, &json!(6)));
}

#[tokio::test]
async fn without_the_log_nothing_is_recorded() {
    let mut setup = signing();
    setup.config.audit.enabled = false;
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let job = client.fanout(1).await;
    client.finished(&job.id).await;
    assert_eq!(records(&client, "").await, Vec::<Value>::new());
    assert_eq!(export(&client).await, "");
}

#[tokio::test]
async fn a_redacted_record_has_lost_its_value_and_says_so() {
    let app = TestApp::start_with(signing()).await;
    let client = app.client();
    let job = client.fanout(1).await;
    client.finished(&job.id).await;
    let record = records(&client, "").await.remove(0);
    let path = format!("/v1/audit/{}/redact", record["id"].as_str().unwrap());
    let asked = json!({"fields": ["author.address"], "reason": "asked for"});
    let redacted: Value = client.post(&path, &asked).await.json();
    assert_eq!(redacted["redacted"], json!(["author.address"]));
    assert!(redacted.get("address").is_none());
    assert_eq!(redacted["hash"], record["hash"]);
    let told = records(&client, "?action=audit.redacted").await.remove(0);
    assert_eq!(told["subject"], record["id"]);
    assert_eq!(told["details"]["fields"], json!(["author.address"]));

    let other_id = format!("aud_{}", "0".repeat(32));
    for (path, body, status, code) in [
        (path.clone(), asked.clone(), 422, "no_such_field"),
        (
            path.clone(),
            json!({"fields": ["hash"]}),
            422,
            "no_such_field",
        ),
        (path.clone(), json!({"fields": []}), 422, "invalid_body"),
        (
            "/v1/audit/aud_1/redact".to_owned(),
            asked.clone(),
            400,
            "invalid_audit_id",
        ),
        (
            format!("/v1/audit/{other_id}/redact"),
            asked,
            404,
            "audit_record_not_found",
        ),
    ] {
        let refused = client.post(&path, &body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem().as_str()),
            (status, code)
        );
    }
    until_signed(&client, 2).await;
    assert_found_whole(&Desk::new(), &export(&client).await, 2);
}

fn verified(desk: &Desk, text: &str) -> (Ended, Option<Output>) {
    desk.write("export.ndjson", text);
    let own = desk.run(&["audit", "verify", "--from-file", "export.ndjson"]);
    let script = Command::new("python3")
        .arg(SCRIPT)
        .arg(desk.path().join("export.ndjson"))
        .output();
    if script.is_err() {
        eprintln!("the script was not run: there is no python3");
    }
    (own, script.ok())
}

#[track_caller]
fn assert_found_whole(desk: &Desk, text: &str, count: usize) {
    let (own, script) = verified(desk, text);
    assert_eq!(own.code, Some(0), "{own:?}");
    assert!(own.stdout.ends_with("whole\n"), "{own:?}");
    if let Some(script) = script {
        let said = String::from_utf8_lossy(&script.stdout);
        assert!(script.status.success(), "{script:?}");
        assert!(said.contains(&format!("whole: {count} records")), "{said}");
    }
}

/// The program names the record; the script names it, or the line.
#[track_caller]
fn assert_found(desk: &Desk, text: &str, seq: usize, line: usize) {
    let (own, script) = verified(desk, text);
    assert_eq!(own.code, Some(1), "{own:?}");
    assert!(
        own.stdout.contains(&format!("record {seq}")),
        "{seq}: {own:?}"
    );
    if let Some(script) = script {
        assert_eq!(script.status.code(), Some(1), "{script:?}");
        let said = String::from_utf8_lossy(&script.stderr);
        assert!(said.contains(&format!("line {line}, ")), "{line}: {said}");
    }
}

#[tokio::test]
async fn a_flipped_a_removed_and_a_reordered_record_are_each_found_by_program_and_script() {
    let app = TestApp::start_with(signing()).await;
    let client = app.client();
    for _ in 0..6 {
        let job = client.fanout(1).await;
        client.finished(&job.id).await;
    }
    until_signed(&client, 6).await;
    let text = export(&client).await;
    let desk = Desk::new();
    assert_found_whole(&desk, &text, 6);

    let lines: Vec<&str> = text.lines().collect();
    let first = lines.len() - 6;
    let join = |lines: &[&str]| format!("{}\n", lines.join("\n"));
    let flipped = lines[first + 2].replacen("127.0.0.1", "127.0.0.3", 1);
    let mut changed = lines.clone();
    changed[first + 2] = &flipped;
    assert_found(&desk, &join(&changed), 3, first + 3);
    let mut removed = lines.clone();
    removed.remove(first + 2);
    assert_found(&desk, &join(&removed), 3, first + 3);
    let mut swapped = lines.clone();
    swapped.swap(first + 2, first + 3);
    assert_found(&desk, &join(&swapped), 3, first + 3);
    let unsigned = lines[0].replacen("signature\":\"", "signature\":\"A", 1);
    let mut forged = lines;
    forged[0] = &unsigned;
    let (own, _) = verified(&desk, &join(&forged));
    assert_eq!(own.code, Some(1), "{own:?}");
}

async fn by_openssl(folder: &Path, client: &Client) -> Option<bool> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let made = until_signed(client, 1).await;
    let key = client.get_json("/v1/audit/keys").await["items"][0].clone();
    let decode = |text: &Value| STANDARD.decode(text.as_str().unwrap()).unwrap();
    let prefix = [
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ];
    fs::write(
        folder.join("key"),
        [&prefix[..], &decode(&key["public_key"])].concat(),
    )
    .unwrap();
    fs::write(folder.join("sig"), decode(&made["signature"])).unwrap();
    let mut body = made;
    body.as_object_mut().unwrap().remove("signature");
    // Its keys and values are such that the canonical form is the compact one.
    fs::write(
        folder.join("msg"),
        format!("callboard.audit.checkpoint.v1\n{body}"),
    )
    .unwrap();
    let verify = [
        "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key", "-rawin", "-in", "msg",
        "-sigfile", "sig",
    ];
    let verified = Command::new("openssl")
        .args(verify)
        .current_dir(folder)
        .output();
    verified.ok().map(|output| output.status.success())
}

#[tokio::test]
async fn openssl_verifies_a_checkpoint() {
    let app = TestApp::start_with(signing()).await;
    let client = app.client();
    let job = client.fanout(1).await;
    client.finished(&job.id).await;
    let folder = tempfile::tempdir().unwrap();
    match by_openssl(folder.path(), &client).await {
        Some(verified) => assert!(verified),
        None => eprintln!("skipped: there is no openssl"),
    }
}

#[tokio::test]
async fn a_key_is_rotated_and_a_data_directory_verified_beside_its_server() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let job = server.client().fanout(1).await;
    server.client().finished(&job.id).await;
    let beside = desk.run(&["audit", "verify"]);
    assert_eq!(beside.code, Some(0), "{beside:?}");
    let tenant = Tenant::default();
    assert!(
        beside
            .stdout
            .contains(&format!("tenant {tenant}: 1 records, 1 to 1, not signed")),
        "{beside:?}"
    );
    let busy = desk.run(&["audit", "rotate-key"]);
    assert!(busy.refused(2).contains("in use by process"), "{busy:?}");
    assert_eq!(server.stop(), Some(0));

    let signed = desk.run(&["audit", "verify"]);
    assert!(
        signed.stdout.contains("signed up to 1\nwhole\n"),
        "{signed:?}"
    );
    let rotated = desk.run(&["audit", "rotate-key"]);
    let (new, old) = rotated.stdout.trim().split_once(" follows ").unwrap();
    let server = Serving::start(&desk);
    let job = server.client().fanout(1).await;
    server.client().finished(&job.id).await;
    let keys = server.client().get_json("/v1/audit/keys").await;
    assert_eq!(
        (&keys["items"][1]["id"], &keys["items"][1]["introduced_by"]),
        (&json!(new), &json!(old))
    );
    assert_eq!(server.stop(), Some(0));
    let trusted = desk.run(&["audit", "verify", "--key", old]);
    assert!(
        trusted.stdout.contains("signed up to 2\nwhole\n"),
        "{trusted:?}"
    );
    let untrusted = desk.run(&["audit", "verify", "--key", new]);
    assert_eq!(untrusted.code, Some(1), "{untrusted:?}");
}

#[tokio::test]
async fn a_log_that_the_known_key_has_not_signed_is_not_whole_and_an_empty_one_is_nothing() {
    let app = TestApp::start_with(signing()).await;
    let client = app.client();
    let job = client.fanout(1).await;
    client.finished(&job.id).await;
    until_signed(&client, 1).await;
    let key = client.get_json("/v1/audit/keys").await["items"][0]["id"].clone();
    let key = key.as_str().unwrap();
    let desk = Desk::new();
    let with_key = |text: &str| {
        desk.write("export.ndjson", text);
        desk.run(&[
            "audit",
            "verify",
            "--from-file",
            "export.ndjson",
            "--key",
            key,
        ])
    };
    let text = export(&client).await;
    assert_eq!(with_key(&text).code, Some(0));
    let unsigned = text
        .lines()
        .filter(|line| !line.starts_with("{\"checkpoint"));
    let unsigned: Vec<&str> = unsigned.collect();
    assert_ne!(unsigned.len(), text.lines().count());
    let forged = with_key(&unsigned.join("\n"));
    assert_eq!(forged.code, Some(1), "{forged:?}");
    assert!(forged.stdout.contains("no checkpoint of the trusted key"));
    let empty = with_key("");
    assert!(empty.refused(2).contains("to verify"), "{empty:?}");
}

#[tokio::test]
async fn a_refusal_just_before_the_server_stops_is_recorded() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let wrong = json!({"name": "nobody", "password": "not the password"});
    let refused = server.client().post("/v1/sessions", &wrong).await;
    assert_eq!(refused.status, 401);
    assert_eq!(server.stop(), Some(0));
    let verified = desk.run(&["audit", "verify"]);
    let tenant = Tenant::default();
    let expected = format!("tenant {tenant}: 1 records, 1 to 1, signed up to 1\nwhole\n");
    assert_eq!(verified.stdout, expected, "{verified:?}");
}

#[tokio::test]
async fn the_evidence_of_a_job_is_verified_offline_and_a_changed_bundle_is_found() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let client = server.client();
    let asked = client
        .submit("drill.approval", json!({"why": "Send it?"}))
        .await
        .id;
    client.settled(&asked).await;
    let pending = client.get_json("/v1/approvals?state=pending").await["items"][0].clone();
    let path = format!("/v1/approvals/{}/approve", pending["id"].as_str().unwrap());
    assert_eq!(
        client.post(&path, &json!({"reason": "fine"})).await.status,
        200
    );
    client.finished(&asked).await;
    let printed = desk.run(&["evidence", &asked, "--server", &server.url]);
    assert_eq!(server.stop(), Some(0));
    desk.write("bundle.json", &printed.stdout);
    let bundle = printed.json();
    let parts = &bundle["parts"];
    assert_eq!(parts["approvals"][0]["decided_by"], "anonymous");
    assert_eq!(parts["job"]["state"], "succeeded");
    assert_eq!(parts["audit"].as_array().unwrap().len(), 2);
    assert!(
        !printed.stdout.contains("\"input\":"),
        "the input is there as its hash alone"
    );
    assert_eq!(parts["job"]["input_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(parts["events"][0]["type"], "job.submitted");
    let whole = desk.run(&["verify", "bundle.json"]);
    assert_eq!(whole.code, Some(0), "{whole:?}");
    assert!(whole.stdout.starts_with(&asked), "{whole:?}");

    for (from, to, named) in [
        (
            "\"anonymous\",\"expires_at",
            "\"kim\",\"expires_at",
            "part approvals",
        ),
        (
            "\"state\":\"succeeded\"",
            "\"state\":\"failed\"",
            "part job",
        ),
        ("\"release\":", "\"at\":\"\",\"release\":", "is no bundle"),
    ] {
        let changed = printed.stdout.replacen(from, to, 1);
        assert_ne!(changed, printed.stdout, "{from}");
        desk.write("bundle.json", &changed);
        let found = desk.run(&["verify", "bundle.json"]);
        assert!(found.code != Some(0), "{found:?}");
        let said = format!("{}{}", found.stdout, found.stderr);
        assert!(said.contains(named), "{named}: {said}");
    }
}
