//! The two ways out: results to stdout, everything else to stderr.

use std::io::{self, ErrorKind, IsTerminal, Write};

use super::failure::Failure;

/// Prints lines of a result. A reader that has gone (`callboard jobs | head`) is no error.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Failed(format!("write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Tells the user something that is no result.
pub fn tell(text: &str) {
    // Without a stderr there is nobody to tell.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whether a person watches stderr.
pub fn is_watched() -> bool {
    io::stderr().is_terminal()
}
