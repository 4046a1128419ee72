//! Where the next page of a list begins: the last id of the page before, marked so that no id is taken for one.

use uuid::Uuid;

use super::error::{Kind, Problem};

const PREFIX: &str = "c";

/// The cursor behind `last`.
pub fn after(last: Uuid) -> String {
    format!("{PREFIX}{}", last.simple())
}

/// Rows to read for a page of `limit`: one more tells whether there is another page.
pub const fn rows_of(limit: usize) -> usize {
    limit + 1
}

/// Cuts rows read for a page down to `limit`, and answers where the next page begins if there is one.
pub fn cut<T>(rows: &mut Vec<T>, limit: usize, id: impl Fn(&T) -> Uuid) -> Option<String> {
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| has_more).map(|last| after(id(last)))
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

    #[test]
    fn only_a_page_with_rows_behind_it_has_a_next_one() {
        let ids = [1, 2, 3].map(Uuid::from_u128);
        let page = |limit: usize| {
            let mut rows = ids[..rows_of(limit).min(ids.len())].to_vec();
            let next = cut(&mut rows, limit, |id| *id);
            (rows, next)
        };
        assert_eq!(page(2), (ids[..2].to_vec(), Some(after(ids[1]))));
        assert_eq!(page(3), (ids.to_vec(), None));
    }
}
