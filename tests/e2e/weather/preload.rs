//! Libraries in C that change what a process sees of its machine, built by the test that preloads them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Builds a file of `tests/shim` into `dir`; None, with the reason on stderr, where there is no C compiler.
pub fn build(source: &str, dir: &Path) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/shim")
        .join(source);
    let library = dir.join(source).with_extension("so");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
        .arg(&library)
        .arg(&path)
        .args(["-ldl", "-lpthread"])
        .output();
    match built {
        Ok(output) if output.status.success() => Some(library),
        Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            eprintln!("skipped: {source} cannot be built: cc: {error}");
            None
        }
    }
}
