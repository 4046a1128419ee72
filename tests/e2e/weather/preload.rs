//! Libraries in C that change what a process sees of its machine, built by the test that preloads them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Builds `tests/shim/<name>.c` into `dir`; None, with the reason on stderr, where there is no C compiler.
pub fn build(name: &str, dir: &Path) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/shim/{name}.c"));
    let library = dir.join(format!("{name}.so"));
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
        .arg(&library)
        .arg(&source)
        .args(["-ldl", "-lpthread"])
        .output();
    match built {
        Ok(output) if output.status.success() => Some(library),
        Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            eprintln!("skipped: {name}.c cannot be built: cc: {error}");
            None
        }
    }
}
