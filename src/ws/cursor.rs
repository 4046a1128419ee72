//! A place in the events of a tenant, as clients name it.

use std::str::FromStr;

use callboard_orchestra::{
    Tenant,
    journal::{Journal, JournalError},
};

/// A place in the events of a tenant: an event of the record at `pos`. `17` means after all of record 17, `17.3` after
/// event 3 of its job in that record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    pub(super) pos: u64,
    pub(super) seq: u64,
}

/// Positions are integers of the store, which are signed.
const POSITION_MAX: u64 = i64::MAX as u64;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a position such as 17 or 17.3")]
pub struct BadCursor(String);

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let (pos, seq) = match text.split_once('.') {
            Some((pos, seq)) => (pos.parse(), seq.parse()),
            None => (text.parse(), Ok(POSITION_MAX)),
        };
        match (pos, seq) {
            (Ok(pos), Ok(seq)) if pos <= POSITION_MAX => Ok(Self { pos, seq }),
            _ => Err(BadCursor(text.to_owned())),
        }
    }
}

impl Cursor {
    /// Whether no record of the tenant has ever had this place. A stream from there would leave out what comes until then.
    pub async fn is_beyond(
        self,
        journal: &dyn Journal,
        tenant: &Tenant,
    ) -> Result<bool, JournalError> {
        let Some(before) = self.pos.checked_sub(1) else {
            return Ok(false);
        };
        let found = journal.tenant_records(tenant, before, 1).await?;
        Ok(found.is_empty() && journal.pruned_to(tenant).await? < self.pos)
    }

    /// The first position of which something may come after this place; `is_there` says that its own record does.
    pub(super) const fn next(self, is_there: bool) -> u64 {
        if self.seq == POSITION_MAX || is_there {
            self.pos + 1
        } else {
            self.pos
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_a_position_with_or_without_an_event() {
        assert_eq!("17.3".parse(), Ok(Cursor { pos: 17, seq: 3 }));
        assert_eq!(
            "17".parse(),
            Ok(Cursor {
                pos: 17,
                seq: POSITION_MAX
            })
        );
        for text in ["", ".", "17.", "-1", "x", "9223372036854775808"] {
            assert!(text.parse::<Cursor>().is_err(), "{text:?}");
        }
    }
}
