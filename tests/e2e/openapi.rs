//! The description of the interface against the interface.

use std::{collections::BTreeSet, iter::successors};

use callboard::http::{OPERATIONS, openapi};
use callboard_orchestra::{
    job::{JobState, Stage, TaskState},
    journal::{ApprovalState, EffectState},
};
use serde_json::{Value, json};

use crate::app::TestApp;

pub fn document() -> Value {
    serde_json::to_value(openapi()).unwrap()
}

pub fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let described = paths.iter().flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (method.clone(), path.clone(), operation.clone()))
    });
    described.collect()
}

#[test]
fn every_route_is_described_and_nothing_else_is() {
    let routed: BTreeSet<(String, String)> = OPERATIONS
        .iter()
        .map(|known| (known.method.to_owned(), known.path.to_owned()))
        .collect();
    let described: BTreeSet<(String, String)> = operations(&document())
        .into_iter()
        .map(|(method, path, _)| (method, path))
        .collect();
    assert_eq!(routed, described);
}

#[test]
fn every_operation_has_a_name_a_summary_and_its_parameters() {
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(&document()) {
        let of = format!("{method} {path}");
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|summary| !summary.is_empty()),
            "{of}"
        );
        assert!(
            names.insert(operation["operationId"].as_str().unwrap().to_owned()),
            "{of} shares its name"
        );
        let in_path: BTreeSet<&str> = path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        let none = Vec::new();
        let parameters = operation["parameters"].as_array().unwrap_or(&none);
        let described: BTreeSet<&str> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        assert_eq!(in_path, described, "{of}");
    }
}

#[test]
fn every_error_is_described_as_a_problem() {
    for (method, path, operation) in operations(&document()) {
        let responses = operation["responses"].as_object().unwrap();
        assert!(!responses.is_empty());
        for (status, response) in responses {
            let is_report = path == "/v1/health";
            if status.starts_with(['4', '5']) && !is_report {
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(
                    schema, "#/components/schemas/Problem",
                    "{method} {path} {status}"
                );
            }
        }
        if path.contains("{id}") {
            assert!(
                responses.contains_key("404") && responses.contains_key("400"),
                "{method} {path}"
            );
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|field| references(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_state_and_stage_is_named() {
    let document = document();
    let job_states = JobState::ALL.map(JobState::name);
    let (task_states, stages) = (task_states(), stages());
    let approval_states = ApprovalState::ALL.map(ApprovalState::name);
    let effect_states = EffectState::ALL.map(EffectState::name);
    for (path, all) in [
        ("JobStateName/enum", json!(job_states)),
        ("ApprovalStateName/enum", json!(approval_states)),
        ("EffectStateName/enum", json!(effect_states)),
        ("Task/properties/state/enum", json!(task_states)),
        ("Task/properties/stage/enum", json!(stages)),
    ] {
        let named = document.pointer(&format!("/components/schemas/{path}"));
        assert_eq!(named, Some(&all), "{path}");
    }
}

/// In the order of their declaration, which the match makes whoever adds one look up.
fn task_states() -> Vec<TaskState> {
    let next = |state| match state {
        TaskState::Pending => Some(TaskState::Ready),
        TaskState::Ready => Some(TaskState::Running),
        TaskState::Running => Some(TaskState::Retrying),
        TaskState::Retrying => Some(TaskState::Waiting),
        TaskState::Waiting => Some(TaskState::Succeeded),
        TaskState::Succeeded => Some(TaskState::Failed),
        TaskState::Failed => Some(TaskState::Skipped),
        TaskState::Skipped => Some(TaskState::Cancelled),
        TaskState::Cancelled => None,
    };
    successors(Some(TaskState::Pending), |state| next(*state)).collect()
}

fn stages() -> Vec<Stage> {
    let next = |stage| match stage {
        Stage::Plan => Some(Stage::Execute),
        Stage::Execute => Some(Stage::Aggregate),
        Stage::Aggregate => Some(Stage::Check),
        Stage::Check => None,
    };
    successors(Some(Stage::Plan), |stage| next(*stage)).collect()
}

#[tokio::test]
async fn the_server_serves_the_document_it_was_built_with() {
    let app = TestApp::start().await;
    let served = app.client().get_json("/openapi.json").await;
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(served, document());
}
