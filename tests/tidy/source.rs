//! The files of the tree, and Rust text told apart into code, comments and literals.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

pub static ROOT: LazyLock<&Path> = LazyLock::new(|| Path::new(env!("CARGO_MANIFEST_DIR")));
pub static FILES: LazyLock<Vec<File>> = LazyLock::new(files);
pub static RUST: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let rust = FILES.iter().filter(|file| file.has_extension("rs"));
    let mut sources: Vec<Source> = rust.cloned().map(Source::read).collect();
    let of_tests: BTreeSet<String> = sources.iter().flat_map(Source::test_modules).collect();
    for source in &mut sources {
        if of_tests.contains(&source.file.path) {
            source.tests_from = 0;
        }
    }
    sources
});

#[derive(Clone)]
pub struct File {
    /// Relative to the root, with `/` between its parts.
    pub path: String,
    /// Empty for a file that is not text.
    pub text: String,
}

impl File {
    pub fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|found| found == extension)
    }

    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    pub fn stem(&self) -> &str {
        self.name().split('.').next().unwrap_or_default()
    }

    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    pub fn at(&self, line: usize, what: impl std::fmt::Display) -> String {
        format!("{}:{}: {what}", self.path, line + 1)
    }
}

/// Builds and tools leave such folders behind; cargo marks its own with a tag.
fn is_foreign(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    name == "node_modules"
        || (name.starts_with('.') && name != ".ci")
        || folder.join("CACHEDIR.TAG").exists()
}

fn files() -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![ROOT.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true if is_foreign(&path) => {}
                true => folders.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    found.into_iter().map(file).collect()
}

fn file(path: PathBuf) -> File {
    let relative = path
        .strip_prefix(*ROOT)
        .unwrap()
        .to_str()
        .unwrap()
        .replace('\\', "/");
    File {
        path: relative,
        text: String::from_utf8(fs::read(&path).unwrap()).unwrap_or_default(),
    }
}

/// One line of Rust.
#[derive(Default)]
pub struct Line {
    /// Without comments, and with literals emptied.
    pub code: String,
    /// What its comments say, marks included.
    pub comment: String,
    /// The string literals that begin on it.
    pub literals: Vec<String>,
}

pub struct Source {
    pub file: File,
    pub lines: Vec<Line>,
    /// Where the tests at the end begin.
    pub tests_from: usize,
}

impl Source {
    pub fn read(file: File) -> Self {
        let lines = split(&file.text);
        let whole = file.path.starts_with("tests/") || file.path.contains("/tests/");
        let opens = |pair: &[Line]| test_module(pair).is_some_and(|module| !module.ends_with(';'));
        let tests_from = if whole {
            0
        } else {
            lines.windows(2).position(opens).unwrap_or(lines.len())
        };
        Self {
            file,
            lines,
            tests_from,
        }
    }

    /// Paths that the modules it declares for tests alone may have.
    fn test_modules(&self) -> Vec<String> {
        let folder = match self.file.stem() {
            "lib" | "main" | "mod" => self.file.folder().to_owned(),
            stem => format!("{}/{stem}", self.file.folder()),
        };
        let declared = self
            .lines
            .windows(2)
            .filter_map(test_module)
            .filter_map(|module| module.strip_suffix(';'));
        declared.map(|name| format!("{folder}/{name}.rs")).collect()
    }

    /// The lines before the tests, numbered from 0.
    pub fn product(&self) -> impl Iterator<Item = (usize, &Line)> {
        self.lines[..self.tests_from].iter().enumerate()
    }

    /// Its identifiers and keywords.
    pub fn words(&self) -> BTreeSet<&str> {
        self.lines
            .iter()
            .flat_map(|line| words(&line.code))
            .collect()
    }
}

/// The module that two lines declare for tests alone: its name and `;`, or its name and `{`.
fn test_module(pair: &[Line]) -> Option<&str> {
    let is_for_tests = pair[0].code.trim() == "#[cfg(test)]";
    let module = pair[1]
        .code
        .trim()
        .trim_start_matches("pub(crate) ")
        .trim_start_matches("pub(super) ");
    module.strip_prefix("mod ").filter(|_| is_for_tests)
}

/// The parts of a text that could be identifiers.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

enum Within {
    Code,
    Comment { depth: usize },
    Text { hashes: Option<usize> },
}

fn split(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut within = Within::Code;
    // A literal stays on the line where it begins.
    let (mut literal, mut literal_line) = (String::new(), 0);
    for (number, raw) in text.lines().enumerate() {
        lines.push(Line::default());
        let mut rest = raw;
        while let Some(c) = rest.chars().next() {
            let mut taken = c.len_utf8();
            match &mut within {
                Within::Code if rest.starts_with("//") => {
                    taken = rest.len();
                    lines[number].comment.push_str(rest);
                }
                Within::Code if rest.starts_with("/*") => {
                    taken = 2;
                    within = Within::Comment { depth: 1 };
                }
                Within::Code if c == '"' => {
                    let hashes = raw_hashes(&lines[number].code);
                    lines[number].code.push(c);
                    literal_line = number;
                    within = Within::Text { hashes };
                }
                Within::Code => {
                    taken = character(rest).unwrap_or(taken);
                    lines[number].code.push_str(if taken > c.len_utf8() {
                        "' '"
                    } else {
                        &rest[..taken]
                    });
                }
                Within::Comment { depth } => {
                    if rest.starts_with("*/") || rest.starts_with("/*") {
                        taken = 2;
                        *depth = if c == '/' { *depth + 1 } else { *depth - 1 };
                    }
                    lines[number].comment.push_str(&rest[..taken]);
                    if *depth == 0 {
                        within = Within::Code;
                    }
                }
                Within::Text { hashes: None } if c == '\\' => {
                    taken += rest[taken..].chars().next().map_or(0, char::len_utf8);
                    literal.push_str(&rest[..taken]);
                }
                Within::Text { hashes } => {
                    let fence = "#".repeat(hashes.unwrap_or(0));
                    if c == '"' && rest[1..].starts_with(&fence) {
                        lines[number].code.push(c);
                        lines[literal_line]
                            .literals
                            .push(std::mem::take(&mut literal));
                        within = Within::Code;
                    } else {
                        literal.push(c);
                    }
                }
            }
            rest = &rest[taken..];
        }
        if matches!(within, Within::Text { .. }) {
            literal.push('\n');
        }
    }
    lines
}

/// The number of hashes when what stands before a quote makes the literal a raw one.
fn raw_hashes(before: &str) -> Option<usize> {
    let prefix = before.trim_end_matches('#');
    let word = prefix
        .rsplit(|c: char| !c.is_alphanumeric() && c != '_')
        .next()?;
    matches!(word, "r" | "br" | "cr").then(|| before.len() - prefix.len())
}

/// The length of the character literal that a text begins with; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('\'')?;
    let first = inner.chars().next()?;
    let skipped = if first == '\\' { 2 } else { first.len_utf8() };
    let close = inner.get(skipped..)?.find('\'')?;
    (close == 0 || first == '\\').then_some(skipped + close + 2)
}

#[test]
fn code_comments_and_literals_are_told_apart() {
    let text = "let a = \"x // no\"; // yes\nlet b = r#\"one \" two\"#; /* in */ let c: &'static str = ROW;\n\
                let d = ('\"', '\\'', '\\u{1F600}'); \"over\ntwo\"; done();";
    let lines = split(text);
    let code: Vec<&str> = lines.iter().map(|line| line.code.as_str()).collect();
    assert_eq!(code[0], "let a = \"\"; ");
    assert_eq!(code[1], "let b = r#\"\"#;  let c: &'static str = ROW;");
    assert_eq!(code[2], "let d = (' ', ' ', ' '); \"");
    assert_eq!(code[3], "\"; done();");
    assert_eq!(lines[0].comment, "// yes");
    assert_eq!(lines[1].comment.trim(), "in */");
    let literals: Vec<&str> = lines
        .iter()
        .flat_map(|line| &line.literals)
        .map(String::as_str)
        .collect();
    assert_eq!(literals, ["x // no", "one \" two", "over\ntwo"]);
}
