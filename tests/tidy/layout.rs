//! Sizes, names and places of files.

use crate::{
    none,
    source::{FILES, File, Line, RUST, Source, words},
    workspace::packs,
};

const FILE_LINES_MAX: usize = 500;
const PRODUCT_LINES_MAX: usize = 400;
/// Generated or table-shaped: one file a table, however long.
const ENTITIES: &str = "src/store/entity/";

const BANNED_MODULES: [&str; 15] = [
    "common", "helper", "helpers", "impl", "impls", "manager", "managers", "misc", "models",
    "service", "services", "shared", "types", "util", "utils",
];
const BANNED_ENDINGS: [&str; 7] = [
    "Handler", "Helper", "Impl", "Manager", "Service", "Util", "Utils",
];

#[test]
fn no_rust_file_is_too_long_to_read_in_one_go() {
    let sources: Vec<&Source> = RUST
        .iter()
        .filter(|source| !source.file.path.starts_with(ENTITIES))
        .collect();
    let mut sizes: Vec<usize> = sources.iter().map(|source| source.lines.len()).collect();
    sizes.sort_unstable();
    eprintln!(
        "{} files of Rust, median {} lines",
        sizes.len(),
        sizes[sizes.len() / 2]
    );
    let findings = sources.iter().filter_map(|source| {
        let (all, product) = (source.lines.len(), source.tests_from);
        let too_long = all > FILE_LINES_MAX || product > PRODUCT_LINES_MAX;
        too_long.then(|| {
            source
                .file
                .at(all, format!("{all} lines, {product} without tests"))
        })
    });
    none(findings.collect());
}

#[test]
fn no_file_of_the_console_is_too_long_to_read_in_one_go() {
    let written = FILES.iter().filter(|file| {
        file.path.starts_with("console/")
            && file.has_extension("js")
            && !file.path.contains("/vendor/")
    });
    let findings = written.filter_map(|file| {
        let lines = file.text.lines().count();
        (lines > PRODUCT_LINES_MAX).then(|| file.at(lines, format!("{lines} lines")))
    });
    none(findings.collect());
}

/// The parts of a path that name modules: what follows the folder of the sources.
fn modules(file: &File) -> impl Iterator<Item = &str> {
    let inside = ["src/", "tests/", "benches/", "examples/"]
        .iter()
        .filter_map(|folder| file.path.find(folder).map(|start| start + folder.len()))
        .min();
    file.path[inside.unwrap_or(0)..]
        .split('/')
        .map(|part| part.split('.').next().unwrap_or(part))
}

#[test]
fn names_say_what_a_module_or_type_is_for() {
    let mut findings = Vec::new();
    for source in RUST.iter() {
        if let Some(name) = modules(&source.file).find(|name| BANNED_MODULES.contains(name)) {
            findings.push(source.file.at(0, format!("`{name}` says nothing")));
        }
        for (number, line) in source.lines.iter().enumerate() {
            for name in declared(&line.code, &["struct", "enum", "trait", "type", "mod"]) {
                let is_empty = BANNED_MODULES.contains(&name)
                    || BANNED_ENDINGS.iter().any(|ending| name.ends_with(ending));
                if is_empty {
                    findings.push(source.file.at(number, format!("`{name}` says nothing")));
                }
            }
        }
    }
    none(findings);
}

/// Names that a line declares with one of the keywords.
pub fn declared<'a>(code: &'a str, keywords: &[&str]) -> Vec<&'a str> {
    let words: Vec<&str> = words(code).collect();
    words
        .windows(2)
        .filter(|pair| keywords.contains(&pair[0]))
        .map(|pair| pair[1])
        .collect()
}

#[test]
fn a_pack_opens_with_modules_and_its_pack_implementation_alone() {
    let mut findings = Vec::new();
    for pack in packs() {
        let sources = format!("{}/src/", pack.folder.as_deref().unwrap_or_default());
        let tables = RUST.iter().filter(|source| {
            source.file.path.starts_with(&sources) && ["lib", "mod"].contains(&source.file.stem())
        });
        for source in tables {
            let outside = outside_of_pack_impls(source);
            findings.extend(
                outside
                    .filter(|(_, line)| words(&line.code).any(|word| word == "fn"))
                    .map(|(number, line)| {
                        source.file.at(
                            number,
                            format!("belongs in a file of its own: {}", line.code.trim()),
                        )
                    }),
            );
        }
    }
    none(findings);
}

fn outside_of_pack_impls(source: &Source) -> impl Iterator<Item = (usize, &Line)> {
    // The brace depth within `impl Pack for _`, from its first brace to its last.
    let mut depth: Option<i64> = None;
    source.product().filter(move |(_, line)| {
        let code = line.code.as_str();
        if depth.is_none() && code.starts_with("impl") && code.contains("Pack for ") {
            depth = Some(0);
        }
        let Some(open) = &mut depth else { return true };
        let (before, braces) = (*open, |brace| code.matches(brace).count() as i64);
        *open += braces('{') - braces('}');
        if *open == 0 && (before > 0 || code.contains('}')) {
            depth = None;
        }
        false
    })
}

#[test]
fn every_pack_is_in_the_list_of_packs() {
    let list = RUST
        .iter()
        .find(|source| source.file.path == "src/packs.rs")
        .expect("src/packs.rs lists the packs");
    let listed = list.words();
    let missing = packs().filter(|pack| !listed.contains(pack.name.replace('-', "_").as_str()));
    none(
        missing
            .map(|pack| list.file.at(0, format!("{} is not listed", pack.name)))
            .collect(),
    );
}

#[test]
fn every_migration_is_listed_and_has_a_way_back() {
    let is_migration = |source: &&Source| {
        source.file.folder() == "migrations/src" && source.file.stem().starts_with("m2")
    };
    let list: Vec<&str> = RUST
        .iter()
        .filter(|source| {
            ["lib", "migrator"].contains(&source.file.stem())
                && source.file.folder() == "migrations/src"
        })
        .flat_map(|source| source.lines.iter().flat_map(|line| words(&line.code)))
        .collect();
    let migrations: Vec<&Source> = RUST.iter().filter(is_migration).collect();
    assert!(!migrations.is_empty());
    let mut findings = Vec::new();
    for source in migrations {
        // Declared, imported or listed: a module that is only declared never runs.
        if list
            .iter()
            .filter(|word| **word == source.file.stem())
            .count()
            < 2
        {
            findings.push(source.file.at(0, "not in the list of migrations"));
        }
        let Some(down) = source
            .lines
            .iter()
            .position(|line| line.code.contains("fn down("))
        else {
            findings.push(source.file.at(0, "no `down`"));
            continue;
        };
        let body: String = source.lines[down + 1..]
            .iter()
            .map(|line| line.code.trim())
            .collect();
        if body.starts_with("Ok(())") {
            findings.push(source.file.at(down, "`down` does nothing"));
        }
    }
    none(findings);
}

#[test]
fn every_file_in_tests_is_used() {
    let tests = |file: &&File| {
        file.path.starts_with("tests/") && !file.path.contains("/proptest-regressions/")
    };
    let is_test = |file: &File| file.path.starts_with("tests/") || file.path.contains("/tests/");
    let mut findings = Vec::new();
    for file in FILES.iter().filter(tests) {
        // Cargo finds tests/<name>.rs, tests/<name>/main.rs and its own files, node <name>.test.mjs; the script is what people
        // and machines call.
        let is_entry = file.folder() == "tests"
            || ["main.rs", "Cargo.lock"].contains(&file.name())
            || file.name().ends_with(".test.mjs");
        let others = || {
            FILES
                .iter()
                .filter(|other| is_test(other) && other.path != file.path)
        };
        let is_used = match file.name().rsplit_once('.') {
            Some((_, "rs")) if file.name() == "mod.rs" => true,
            Some((stem, "rs")) => {
                others().any(|other| declared(&other.text, &["mod"]).contains(&stem))
            }
            // `<module>__<name>.snap`, the name given in the assertion or taken from its function.
            Some((stem, "snap")) => {
                let name = stem
                    .rsplit("__")
                    .next()
                    .unwrap_or(stem)
                    .trim_end_matches(|c: char| c.is_numeric() || c == '-');
                others().any(|other| other.has_extension("rs") && other.text.contains(name))
            }
            _ => {
                // Named itself, or by a folder that a test walks through.
                let folders = file
                    .path
                    .match_indices('/')
                    .map(|(end, _)| file.path[..end].trim_start_matches("tests/"));
                let folders: Vec<&str> = folders.filter(|folder| folder.contains('/')).collect();
                let mentions = |text: &str| {
                    text.contains(file.name()) || folders.iter().any(|folder| text.contains(folder))
                };
                others().any(|other| mentions(&other.text))
            }
        };
        if !is_entry && !is_used {
            findings.push(file.at(0, "no test uses it"));
        }
    }
    none(findings);
}
