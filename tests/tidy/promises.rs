//! What documents and configuration say, held against the code.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use crate::{
    none,
    source::{FILES, File, ROOT, RUST, Source, words},
    workspace::members,
};

const DEFAULTS: &str = "config/default.toml";
const FAILURE_PAGES: [&str; 3] = [
    "docs/failure-semantics.md",
    "docs/owasp.md",
    "actors/runtime/SEMANTICS.md",
];
/// Names there are those of cookies.
const COOKIES: &str = "src/http/sessions/cookies.rs";
const DESCRIPTIONS: &str = "src/telemetry.rs";
/// What Prometheus adds to the name of a histogram.
const HISTOGRAM_SUFFIXES: [&str; 3] = ["_bucket", "_count", "_sum"];
/// A name in code quotes with this many underscores is the name of a test.
const SENTENCE_UNDERSCORES_MIN: usize = 3;

fn file(path: &str) -> &'static File {
    FILES
        .iter()
        .find(|file| file.path == path)
        .unwrap_or_else(|| panic!("{path} is not in the tree"))
}

fn product() -> impl Iterator<Item = &'static Source> {
    RUST.iter()
        .filter(|source| source.file.path.starts_with("src/") || source.file.path.contains("/src/"))
}

/// The keys of the file of defaults by line, those that are shown in comments included.
fn keys() -> Vec<(usize, &'static str)> {
    let key = |line: &'static str| {
        let (name, _) = line.trim_start_matches("# ").split_once(" = ")?;
        words(name).eq([name]).then_some(name)
    };
    let lines = file(DEFAULTS).text.lines().enumerate();
    lines
        .filter_map(|(number, line)| Some((number, key(line)?)))
        .collect()
}

#[test]
fn every_configuration_key_is_read_by_code_outside_the_configuration() {
    let keys = keys();
    assert!(!keys.is_empty());
    let is_reader = |source: &&Source| {
        let path = &source.file.path;
        path.starts_with("src/")
            && !path.starts_with("src/config/")
            && words(&source.file.text).any(|word| word == "config" || word.ends_with("Config"))
    };
    let readers: Vec<&Source> = RUST.iter().filter(is_reader).collect();
    let reads = |code: &str, key: &str| {
        code.match_indices(key).any(|(start, _)| {
            let next = code[start + key.len()..].chars().next();
            code[..start].ends_with('.')
                && next.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '(')
        })
    };
    let unread = keys.into_iter().filter(|(_, key)| {
        !readers
            .iter()
            .any(|source| source.product().any(|(_, line)| reads(&line.code, key)))
    });
    none(
        unread
            .map(|(number, key)| file(DEFAULTS).at(number, format!("no code reads `{key}`")))
            .collect(),
    );
}

#[test]
fn every_field_of_the_configuration_has_its_key_among_the_defaults() {
    let sections = file(DEFAULTS)
        .text
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").strip_prefix('['));
    let sections = sections.flat_map(words);
    let keys: BTreeSet<&str> = keys()
        .into_iter()
        .map(|(_, key)| key)
        .chain(sections)
        .collect();
    let mut findings = Vec::new();
    for source in RUST
        .iter()
        .filter(|source| source.file.path.starts_with("src/config/"))
    {
        let mut within = false;
        for (number, line) in source.product() {
            let code = line.code.trim();
            let section = code
                .strip_prefix("pub struct ")
                .and_then(|rest| words(rest).next());
            within = (within && code != "}")
                || section.is_some_and(|name| name.ends_with("Config") && code.ends_with('{'));
            let field = code
                .strip_prefix("pub ")
                .and_then(|rest| rest.split_once(": "))
                .map(|(name, _)| name);
            if let Some(name) = field.filter(|name| within && !keys.contains(name)) {
                findings.push(
                    source
                        .file
                        .at(number, format!("`{name}` is not in {DEFAULTS}")),
                );
            }
        }
    }
    none(findings);
}

/// Words that begin with the project's name and are not those of its crates, with where they stand.
fn callboard_names(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_crate = |word: &str| members().any(|member| member.name.replace('-', "_") == word);
    text.lines()
        .enumerate()
        .flat_map(|(number, line)| words(line).map(move |word| (number, word)))
        .filter(move |(_, word)| {
            let name = word.strip_prefix("callboard_").unwrap_or_default();
            !name.is_empty() && word.chars().all(|c| !c.is_uppercase()) && !is_crate(word)
        })
}

/// Metrics that code records: literals that are such a name and nothing else.
fn recorded() -> BTreeMap<&'static str, String> {
    let mut recorded = BTreeMap::new();
    for source in product() {
        for (number, line) in source.product() {
            for literal in &line.literals {
                if let Some((_, name)) = callboard_names(literal).find(|(_, name)| name == literal)
                {
                    recorded
                        .entry(name)
                        .or_insert_with(|| source.file.at(number, name));
                }
            }
        }
    }
    recorded
}

/// Names of metrics in documents, dashboards and alert rules.
fn documented() -> Vec<(&'static File, usize, &'static str)> {
    let is_page = |file: &&File| {
        let place = file.path.starts_with("docs/")
            || file.path.starts_with("deploy/")
            || file.name() == "README.md";
        place
            && ["md", "json", "yml", "yaml"]
                .iter()
                .any(|kind| file.has_extension(kind))
    };
    let pages = FILES.iter().filter(is_page);
    pages
        .flat_map(|file| {
            callboard_names(&file.text).map(move |(number, name)| (file, number, name))
        })
        .collect()
}

#[test]
fn every_metric_that_a_document_names_is_recorded() {
    let recorded = recorded();
    assert!(!recorded.is_empty());
    let is_recorded = |name: &str| {
        let bare = HISTOGRAM_SUFFIXES
            .iter()
            .filter_map(|suffix| name.strip_suffix(suffix));
        recorded.contains_key(name) || bare.into_iter().any(|bare| recorded.contains_key(bare))
    };
    let unknown = documented()
        .into_iter()
        .filter(|(_, _, name)| !is_recorded(name));
    none(
        unknown
            .map(|(file, number, name)| file.at(number, format!("no code records {name}")))
            .collect(),
    );
}

#[test]
fn every_metric_has_help_text() {
    let described = RUST
        .iter()
        .find(|source| source.file.path == DESCRIPTIONS)
        .expect("one file describes the metrics");
    let described: BTreeSet<&str> = described
        .product()
        .flat_map(|(_, line)| line.literals.iter().map(String::as_str))
        .collect();
    let bare = recorded()
        .into_iter()
        .filter(|(name, place)| !place.starts_with(COOKIES) && !described.contains(name));
    none(
        bare.map(|(_, place)| format!("{place} has no help text in {DESCRIPTIONS}"))
            .collect(),
    );
}

#[test]
fn the_list_of_metrics_is_complete_where_there_is_one() {
    let documented: BTreeSet<&str> = documented().into_iter().map(|(_, _, name)| name).collect();
    let missing = recorded()
        .into_iter()
        .filter(|(name, _)| !documented.is_empty() && !documented.contains(name));
    none(
        missing
            .map(|(_, place)| format!("{place} is in no document"))
            .collect(),
    );
}

/// Lines of a document outside its code blocks.
fn lines(page: &File) -> impl Iterator<Item = (usize, &str)> {
    let mut in_block = false;
    page.text.lines().enumerate().filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        !in_block && !is_fence
    })
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let kept = heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .replace(' ', "-");
    kept.chars()
        .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
        .collect()
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut findings = Vec::new();
    for page in FILES.iter().filter(|file| file.has_extension("md")) {
        for (number, line) in lines(page) {
            let targets = line
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split([')', ' ']).next());
            for target in
                targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
            {
                let (path, heading) = target.split_once('#').unwrap_or((target, ""));
                let there = if path.is_empty() {
                    ROOT.join(&page.path)
                } else {
                    ROOT.join(page.folder()).join(path)
                };
                if !there.exists() || !has_heading(&there, heading) {
                    findings.push(page.at(number, format!("{target} leads nowhere")));
                }
            }
        }
    }
    none(findings);
}

fn has_heading(page: &Path, heading: &str) -> bool {
    let is_page = page.extension().is_some_and(|kind| kind == "md");
    heading.is_empty() || !is_page || {
        let text = std::fs::read_to_string(page).unwrap();
        text.lines()
            .any(|line| line.starts_with('#') && anchor(line) == heading)
    }
}

/// Names in code quotes that are long enough for the name of a test.
fn named_tests(line: &str) -> impl Iterator<Item = &str> {
    let quoted = line
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|code| code.rsplit("::").next());
    quoted.filter(|name| {
        name.matches('_').count() >= SENTENCE_UNDERSCORES_MIN && words(name).eq([*name])
    })
}

#[test]
fn the_pages_on_failures_name_tests_that_exist() {
    let tests: BTreeSet<&str> = RUST
        .iter()
        .flat_map(|source| {
            source
                .lines
                .iter()
                .flat_map(|line| crate::layout::declared(&line.code, &["fn"]))
        })
        .collect();
    let mut findings = Vec::new();
    for path in FAILURE_PAGES {
        for (number, line) in lines(file(path)) {
            let unknown = named_tests(line)
                .filter(|name| !name.starts_with("callboard_") && !tests.contains(name));
            findings.extend(
                unknown.map(|name| file(path).at(number, format!("no test is called {name}"))),
            );
        }
    }
    none(findings);
}

#[test]
fn every_failure_that_is_described_names_its_test() {
    let mut findings = Vec::new();
    for path in FAILURE_PAGES {
        let page = file(path);
        let mut section: Option<(usize, &str)> = None;
        let mut proved = true;
        for (number, line) in lines(page).chain([(usize::MAX, "## the end")]) {
            if line.starts_with("##") {
                findings.extend(
                    section
                        .filter(|_| !proved)
                        .map(|(at, title)| page.at(at, format!("{title}: no test"))),
                );
                section = Some((number, line));
                proved = false;
            }
            proved |= named_tests(line).next().is_some();
        }
        if !lines(page).any(|(_, line)| named_tests(line).next().is_some()) {
            findings.push(page.at(0, "names no test"));
        }
    }
    none(findings);
}
