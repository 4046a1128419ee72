//! Who may import whom, and that a manifest says no more than its crate uses.

use std::{collections::BTreeSet, fs};

use crate::{
    none,
    source::{ROOT, RUST},
    workspace::{Layer, Package, cargo, layer, members},
};

/// Crates that reach outside the process, and the members that alone may name them.
const CONFINED: [(&str, &[&str]); 10] = [
    ("actix", &["callboard-runtime"]),
    ("actix-web", &["callboard"]),
    ("actix-ws", &["callboard"]),
    ("bb8-redis", &["callboard"]),
    ("clap", &["callboard"]),
    ("figment", &["callboard"]),
    ("opentelemetry-proto", &["callboard"]),
    ("reqwest", &["callboard"]),
    ("sea-orm", &["callboard"]),
    ("sea-orm-migration", &["callboard", "callboard-migrations"]),
];

fn manifest(member: &Package) -> (String, toml::Table) {
    let path = ROOT
        .join(member.folder.as_deref().unwrap_or_default())
        .join("Cargo.toml");
    let text = fs::read_to_string(&path).unwrap();
    let table = text.parse().unwrap();
    (text, table)
}

fn at(member: &Package, dependency: &str, what: &str) -> String {
    let (text, _) = manifest(member);
    let names = |line: &str| {
        line.strip_prefix(dependency)
            .is_some_and(|rest| rest.starts_with(['.', ' ']))
    };
    let line = text.lines().position(names).map_or(0, |line| line + 1);
    let folder = member.folder.as_deref().filter(|folder| !folder.is_empty());
    format!(
        "{}Cargo.toml:{line}: {what}",
        folder
            .map(|folder| format!("{folder}/"))
            .unwrap_or_default()
    )
}

#[test]
fn imports_go_down_from_root_to_packs_to_orchestra_to_runtime() {
    let mut findings = Vec::new();
    for member in members() {
        let inside = member.dependencies.iter().filter(|dependency| {
            dependency.name != member.name && members().any(|other| other.name == dependency.name)
        });
        for dependency in inside {
            let allowed = match (layer(&member.name), layer(&dependency.name)) {
                (Some(Layer::Root), _) => true,
                // A pack's tests may run in a universe of their own; the pack itself sees roles alone.
                (Some(Layer::Pack), Some(Layer::Runtime)) => dependency.is_dev,
                (Some(from), Some(to)) => to < from,
                (None, _) | (_, None) => false,
            };
            if !allowed {
                findings.push(at(
                    member,
                    &dependency.name,
                    &format!("{} imports {}", member.name, dependency.name),
                ));
            }
        }
    }
    none(findings);
}

#[test]
fn only_the_root_knows_http_sql_redis_and_the_command_line() {
    let mut findings = Vec::new();
    for member in members() {
        for dependency in &member.dependencies {
            let home = CONFINED.iter().find(|(name, _)| *name == dependency.name);
            if home.is_some_and(|(_, homes)| !homes.contains(&member.name.as_str())) {
                findings.push(at(
                    member,
                    &dependency.name,
                    &format!("{} is not for {}", dependency.name, member.name),
                ));
            }
        }
    }
    none(findings);
}

#[test]
fn members_take_versions_and_lints_from_the_workspace() {
    let mut findings = Vec::new();
    for member in members() {
        let (_, table) = manifest(member);
        if table.get("lints").and_then(|lints| lints.get("workspace"))
            != Some(&toml::Value::Boolean(true))
        {
            findings.push(at(member, "[lints]", "lints are not the workspace's"));
        }
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let entries = table
                .get(section)
                .and_then(toml::Value::as_table)
                .into_iter()
                .flatten();
            for (name, entry) in entries.filter(|(name, _)| **name != member.name) {
                if entry.get("workspace").is_none() {
                    findings.push(at(member, name, "the version is not the workspace's"));
                }
            }
        }
    }
    none(findings);
}

#[test]
fn every_dependency_is_named_by_a_line_of_its_crate() {
    let mut findings = Vec::new();
    for member in members() {
        let folder = member.folder.as_deref().unwrap_or_default();
        let is_own = |path: &str| match folder {
            "" => ["src/", "tests/", "benches/", "examples/"]
                .iter()
                .any(|own| path.starts_with(own)),
            folder => path
                .strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/')),
        };
        let named: BTreeSet<&str> = RUST
            .iter()
            .filter(|source| is_own(&source.file.path))
            .flat_map(|source| source.words())
            .collect();
        for dependency in member
            .dependencies
            .iter()
            .filter(|dependency| dependency.name != member.name)
        {
            let name = dependency.rename.as_deref().unwrap_or(&dependency.name);
            if !named.contains(name.replace('-', "_").as_str()) {
                findings.push(at(
                    member,
                    name,
                    &format!("no line of {} names {name}", member.name),
                ));
            }
        }
    }
    none(findings);
}

/// The route that arms failpoints; the test beside it looks for these bytes in the program.
const FAILPOINT_ROUTE: &str = "/test/failpoints";

#[test]
fn failpoints_are_in_a_program_that_was_built_for_tests_and_in_no_other() {
    let program = fs::read(env!("CARGO_BIN_EXE_callboard")).unwrap();
    let found = program
        .windows(FAILPOINT_ROUTE.len())
        .any(|bytes| bytes == FAILPOINT_ROUTE.as_bytes());
    assert_eq!(
        found,
        cfg!(feature = "failpoints"),
        "{FAILPOINT_ROUTE} in {}",
        env!("CARGO_BIN_EXE_callboard")
    );
}

#[test]
fn a_release_does_not_link_failpoints() {
    let linked = |features: &[&str]| {
        let flags = [
            "tree",
            "--locked",
            "--offline",
            "--package",
            "callboard",
            "--edges",
            "normal",
            "--prefix",
            "none",
        ];
        let tree = cargo(&[&flags, features].concat());
        tree.lines().any(|line| line.starts_with("fail v"))
    };
    assert!(
        linked(&["--features", "failpoints"]),
        "the feature no longer brings the crate that this test looks for"
    );
    assert!(!linked(&[]));
}
