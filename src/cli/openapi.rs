//! `callboard openapi`

use super::{failure::Failure, terminal};

pub fn openapi() -> Result<(), Failure> {
    let document = callboard::http::openapi();
    let text = serde_json::to_string_pretty(&document).expect("the document is plain data");
    terminal::print(&text)
}
