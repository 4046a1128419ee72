//! The files of the web console: the folder `console/`, which is in the binary.
//!
//! A build for development reads them from that folder instead, so that a page shows a change when it is loaded again.

use std::{borrow::Cow, collections::BTreeMap, io::Write, sync::LazyLock};

use flate2::{Compression, write::GzEncoder};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "console/"]
struct Folder;

/// What browsers are told of a file, by the ending of its name. Files with another ending are not handed out.
const CONTENT_TYPES: [(&str, &str); 5] = [
    ("css", "text/css; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain; charset=utf-8"),
];

/// A file of the console.
#[derive(Clone)]
pub struct Asset {
    pub content_type: &'static str,
    /// SHA-256 of the bytes, as hex digits.
    pub hash: String,
    pub bytes: Cow<'static, [u8]>,
    /// The same, compressed by gzip.
    pub gzip: Vec<u8>,
}

/// Compressed once; a build for development has none of it.
static ASSETS: LazyLock<BTreeMap<Cow<'static, str>, Asset>> = LazyLock::new(|| {
    let read = |path: Cow<'static, str>| read(&path).map(|asset| (path, asset));
    Folder::iter().filter_map(read).collect()
});

/// The file at `path` below the folder of the console.
pub fn asset(path: &str) -> Option<Cow<'static, Asset>> {
    if cfg!(debug_assertions) {
        read(path).map(Cow::Owned)
    } else {
        ASSETS.get(path).map(Cow::Borrowed)
    }
}

fn read(path: &str) -> Option<Asset> {
    let content_type = content_type(path)?;
    let EmbeddedFile { data, metadata } = Folder::get(path)?;
    Some(Asset {
        content_type,
        hash: hex::encode(metadata.sha256_hash()),
        gzip: compressed(&data),
        bytes: data,
    })
}

fn content_type(path: &str) -> Option<&'static str> {
    let (_, ending) = path.rsplit_once('.')?;
    let known = CONTENT_TYPES.iter().find(|(known, _)| *known == ending);
    known.map(|(_, content_type)| *content_type)
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("memory takes what is written to it")
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, io::Read};

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn a_file_is_had_with_its_type_and_compressed() {
        let page = asset("index.html").unwrap();
        assert_eq!(page.content_type, "text/html; charset=utf-8");
        let mut text = Vec::new();
        GzDecoder::new(&page.gzip[..])
            .read_to_end(&mut text)
            .unwrap();
        assert_eq!(text, page.bytes.to_vec());
        assert_eq!(page.hash.len(), 64);
    }

    #[test]
    fn nothing_is_handed_out_but_files_of_the_console() {
        for path in [
            "",
            "lib",
            "vendor/renew",
            "../Cargo.toml",
            "../README.txt",
            "/etc/hostname.txt",
        ] {
            assert!(asset(path).is_none(), "{path}");
        }
    }

    #[test]
    fn every_file_of_the_console_is_in_the_table() {
        let missing = Folder::iter().filter(|path| content_type(path).is_some());
        assert_eq!(missing.count(), ASSETS.len());
    }

    /// The path in quotes that `text` begins with, behind an opening bracket if there is one.
    fn quoted(text: &str) -> Option<&str> {
        let text = text.trim_start_matches(['(', ' ']);
        let path = text.strip_prefix('"')?.split('"').next()?;
        (!path.contains(char::is_whitespace)).then_some(path)
    }

    /// What a module imports: what is quoted after `from` and `import`.
    fn imports(text: &str) -> impl Iterator<Item = &str> {
        let after = |keyword: &'static str| text.split(keyword).skip(1).filter_map(quoted);
        after("from").chain(after("import"))
    }

    #[test]
    fn every_import_leads_to_a_file_of_the_console() {
        let mut found = 0;
        for path in Folder::iter().filter(|path| path.ends_with(".js")) {
            let file = Folder::get(&path).unwrap();
            for import in imports(std::str::from_utf8(&file.data).unwrap()) {
                assert!(import.starts_with('.'), "{path} imports {import}");
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                let mut place: Vec<&str> =
                    folder.split('/').filter(|part| !part.is_empty()).collect();
                for part in import.split('/') {
                    match part {
                        "." => {}
                        ".." => drop(place.pop()),
                        part => place.push(part),
                    }
                }
                assert!(asset(&place.join("/")).is_some(), "{path} imports {import}");
                found += 1;
            }
        }
        assert!(found > 50, "only {found} imports are seen");
    }

    #[test]
    fn every_library_has_its_licence() {
        let folders: BTreeSet<String> = Folder::iter()
            .filter_map(|path| Some(path.strip_prefix("vendor/")?.rsplit_once('/')?.0.to_owned()))
            .collect();
        assert!(folders.len() > 4);
        for folder in folders {
            assert!(
                asset(&format!("vendor/{folder}/LICENSE.txt")).is_some(),
                "{folder}"
            );
        }
    }
}
