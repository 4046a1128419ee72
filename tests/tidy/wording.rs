//! What code and comments may say.

use crate::{
    none,
    source::{FILES, File, RUST, Source, words},
    workspace::packs,
};

const LEFTOVER_MACROS: [&str; 3] = ["dbg!", "todo!", "unimplemented!"];
const PRINTING_MACROS: [&str; 4] = ["eprint!", "eprintln!", "print!", "println!"];
/// Where printing is the purpose.
const TERMINAL: [&str; 2] = ["src/cli/", "src/main.rs"];

/// First words of a comment that retells the line below it.
const NARRATION: [&str; 8] = [
    "Step",
    "Now",
    "First",
    "Then",
    "Create",
    "Initialize",
    "Get",
    "Set",
];
const BANNERS: [&str; 4] = ["====", "----", "####", "****"];
const PRAISE: [&str; 12] = [
    "battle-tested",
    "best-in-class",
    "blazing",
    "comprehensive",
    "cutting-edge",
    "elegant",
    "enterprise-grade",
    "powerful",
    "robust",
    "seamless",
    "state-of-the-art",
    "world-class",
];
const HISTORY: [&str; 9] = [
    "formerly",
    "no longer uses",
    "now uses",
    "renamed from",
    "used to be",
    "was moved",
    "was renamed",
    "was replaced",
    "were moved",
];
const UNBUILT: [&str; 7] = [
    "coming soon",
    "fixme",
    "for now",
    "not yet implemented",
    "placeholder",
    "todo:",
    "xxx",
];
/// Folders of one person's machine.
const MACHINE_PATHS: [&str; 4] = ["/home/", "/root/", "/Users/", "/work/"];
/// Files about the past, by purpose.
const CHRONICLES: [&str; 2] = ["CHANGELOG.md", "docs/decisions/"];

fn calls(code: &str, called: &str) -> bool {
    code.match_indices(called)
        .any(|(start, _)| !code[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

#[test]
fn nothing_is_left_undone_and_only_the_command_line_prints() {
    let mut findings = Vec::new();
    for source in RUST.iter() {
        let prints = TERMINAL
            .iter()
            .any(|place| source.file.path.starts_with(place));
        for (number, line) in source.lines.iter().enumerate() {
            // A test may say on stderr why it skips.
            let is_test = number >= source.tests_from || source.file.path.contains("benches/");
            let is_stray = |name: &&&str| {
                calls(&line.code, name) && !prints && !(is_test && name.starts_with('e'))
            };
            let stray = LEFTOVER_MACROS.iter().find(|name| calls(&line.code, name));
            if let Some(name) = stray.or_else(|| PRINTING_MACROS.iter().find(is_stray)) {
                findings.push(
                    source
                        .file
                        .at(number, format!("{name} {}", line.code.trim())),
                );
            }
        }
    }
    none(findings);
}

/// The text of an attribute that begins on a line, up to its closing bracket.
fn attribute(source: &Source, number: usize) -> String {
    let mut text = String::new();
    for line in &source.lines[number..] {
        text.push_str(line.code.trim());
        if text.matches('[').count() <= text.matches(']').count() {
            break;
        }
    }
    text
}

/// Lints that are switched off, with the line: `allow` and `expect` attributes.
fn exemptions(source: &Source) -> impl Iterator<Item = (usize, String)> {
    let starts = |code: &str| {
        let inner = code.trim().trim_start_matches("#!").trim_start_matches('#');
        inner.starts_with("[allow(")
            || inner.starts_with("[expect(")
            || inner.starts_with("[cfg_attr(")
    };
    let exempting = source
        .lines
        .iter()
        .enumerate()
        .filter(move |(_, line)| starts(&line.code));
    exempting
        .map(|(number, _)| (number, attribute(source, number)))
        .filter(|(_, text)| {
            !text.contains("cfg_attr(") || calls(text, "allow(") || calls(text, "expect(")
        })
}

#[test]
fn a_lint_is_switched_off_only_with_a_reason() {
    let findings = RUST.iter().flat_map(|source| {
        let bare = exemptions(source).filter(|(_, text)| !words(text).any(|word| word == "reason"));
        bare.map(|(number, text)| source.file.at(number, text))
    });
    none(findings.collect());
}

#[test]
fn packs_hold_no_lock_and_read_no_clock() {
    let mut findings = Vec::new();
    for pack in packs() {
        let folder = format!("{}/src/", pack.folder.as_deref().unwrap_or_default());
        for source in RUST
            .iter()
            .filter(|source| source.file.path.starts_with(&folder))
        {
            let banned = exemptions(source).filter(|(number, text)| {
                *number < source.tests_from && text.contains("clippy::disallowed")
            });
            findings.extend(banned.map(|(number, text)| source.file.at(number, text)));
        }
    }
    none(findings);
}

/// Lines that people read: comments of code, and documents. Each with whether it opens a plain comment.
fn prose() -> impl Iterator<Item = (&'static File, usize, &'static str, bool)> {
    let comments = RUST.iter().flat_map(|source| {
        let opens = |number: usize| number == 0 || source.lines[number - 1].comment.is_empty();
        source
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| !line.comment.is_empty())
            .map(move |(number, line)| {
                let is_plain = line.code.trim().is_empty() && line.comment.starts_with("// ");
                (
                    &source.file,
                    number,
                    line.comment.as_str(),
                    is_plain && opens(number),
                )
            })
    });
    let documents = FILES.iter().filter(|file| {
        ["md", "toml", "yaml", "yml"]
            .iter()
            .any(|kind| file.has_extension(kind))
    });
    let documents = documents.filter(|file| !file.path.contains("vendor/"));
    comments.chain(documents.flat_map(|file| {
        file.text
            .lines()
            .enumerate()
            .map(move |(n, line)| (file, n, line, false))
    }))
}

#[test]
fn comments_do_not_retell_the_code_below_them() {
    let retold = prose().filter(|(_, _, text, opens)| {
        let said = text.trim_start_matches(['/', '!', ' ']);
        let narrates = *opens
            && NARRATION.iter().any(|word| {
                said.strip_prefix(word)
                    .is_some_and(|rest| rest.starts_with(' '))
            });
        narrates
            || (text.starts_with("//") && BANNERS.iter().any(|banner| said.starts_with(banner)))
    });
    none(
        retold
            .map(|(file, number, text, _)| file.at(number, text.trim()))
            .collect(),
    );
}

/// Whether a phrase stands in a text as words of its own.
fn says(text: &str, phrase: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(phrase).any(|(start, _)| {
        !text[..start].ends_with(is_word) && !text[start + phrase.len()..].starts_with(is_word)
    })
}

#[test]
fn comments_and_documents_say_what_is_without_praise_history_or_promise() {
    let mut findings = Vec::new();
    for (file, number, text, _) in prose() {
        let is_chronicle = CHRONICLES.iter().any(|place| file.path.starts_with(place));
        let lower = text.to_lowercase();
        let said = PRAISE
            .iter()
            .chain(&UNBUILT)
            .chain(HISTORY.iter().filter(|_| !is_chronicle));
        let mut said = said.filter(|phrase| says(&lower, phrase));
        if let Some(phrase) = said
            .next()
            .or_else(|| MACHINE_PATHS.iter().find(|path| text.contains(**path)))
        {
            findings.push(file.at(number, format!("`{phrase}` in: {}", text.trim())));
        }
    }
    none(findings);
}

#[test]
fn documents_that_comments_name_exist() {
    let is_path = |c: char| c.is_alphanumeric() || "_-./".contains(c);
    let mut findings = Vec::new();
    for (file, number, text, _) in prose() {
        let named = text
            .split(|c: char| !is_path(c))
            .map(|part| part.trim_matches(['.', '/', '-']));
        for name in named.filter(|name| name.len() > 3 && name.ends_with(".md")) {
            if !FILES
                .iter()
                .any(|other| other.path == name || other.path.ends_with(&format!("/{name}")))
            {
                findings.push(file.at(number, format!("{name} is not in the tree")));
            }
        }
    }
    none(findings);
}

#[test]
fn tests_are_named_by_sentences() {
    let mut findings = Vec::new();
    for source in RUST.iter() {
        for (number, line) in source.lines.iter().enumerate() {
            let is_test = [
                "#[test]",
                "#[tokio::test",
                "#[actix_web::test",
                "#[actix::test",
            ];
            if !is_test
                .iter()
                .any(|attribute| line.code.trim().starts_with(attribute))
            {
                continue;
            }
            let declaration = source.lines[number..]
                .iter()
                .position(|line| words(&line.code).any(|word| word == "fn"));
            let Some(at) = declaration.map(|offset| number + offset) else {
                continue;
            };
            let name = words(&source.lines[at].code)
                .skip_while(|word| *word != "fn")
                .nth(1)
                .unwrap_or_default();
            if name.starts_with("test_") || name.matches('_').count() < 2 {
                findings.push(source.file.at(at, name));
            }
        }
    }
    none(findings);
}
