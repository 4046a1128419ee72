//! Where the next page of a list begins: the last id of the page before, marked so that no id is taken for one.

use uuid::Uuid;

use super::error::{Kind, Problem};

const PREFIX: &str = "c";

/// The cursor behind `last`.
pub fn after(last: Uuid) -> String {
    format!("{PREFIX}{}", last.simple())
}

pub fn read(text: &str) -> Result<Uuid, Problem> {
    let hex = text.strip_prefix(PREFIX);
    hex.and_then(|hex| Uuid::try_parse(hex).ok())
        .ok_or_else(|| {
            let detail = format!("`{text}` is not a cursor that this server gave");
            Problem::new(Kind::Malformed, "invalid_cursor", detail).field("cursor")
        })
}

#[cfg(test)]
mod tests {
    use callboard_orchestra::JobId;

    use super::*;

    #[test]
    fn a_cursor_reads_back_and_an_id_is_none() {
        let id = JobId::mint();
        assert_eq!(read(&after(id.uuid())), Ok(id.uuid()));
        assert!(read(&id.to_string()).is_err());
        assert!(read("").is_err());
    }
}
