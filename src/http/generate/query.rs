//! What a request for rows asks for: a data set, and which of its rows.

use std::ops::Range;

use callboard_synth::{Accepted, Compression, Entity, Format, GENERATOR_VERSION, Request};
use chrono::NaiveDate;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use utoipa::IntoParams;

use crate::{
    cache::Key,
    http::{
        error::{Kind, Problem},
        query::page_limit,
    },
};

/// Largest `limit`.
pub const LIMIT_MAX: usize = 10_000;

/// The query of `/v1/generate`. What is left out is as in the input of `synth.dataset`.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GenerateQuery {
    /// Rows of the data set.
    #[param(example = 1000)]
    rows: Option<u64>,
    /// Names one of 2^64 data sets: the same seed gives the same bytes.
    seed: Option<u64>,
    /// `csv`, `jsonl` or `parquet`.
    #[param(value_type = Option<String>, example = "csv")]
    format: Option<Format>,
    /// `none`, `gzip` or `zstd`: of the file, not of the transfer.
    #[param(value_type = Option<String>, example = "none")]
    compression: Option<Compression>,
    /// The country whose figures are followed: `in` or `us`.
    locale: Option<String>,
    /// Share of fraudulent transactions, 0 to 0.5.
    fraud_rate: Option<f64>,
    /// Share of empty cells in columns that may be empty, 0 to 1.
    missing_rate: Option<f64>,
    /// Share of rows with one corrupted cell, 0 to 1.
    dirty_rate: Option<f64>,
    /// First day of the transactions.
    #[param(value_type = Option<String>, example = "2024-10-01")]
    from: Option<NaiveDate>,
    /// Last day of the transactions.
    #[param(value_type = Option<String>, example = "2024-12-31")]
    to: Option<NaiveDate>,
    /// Number of merchants that transactions refer to.
    merchants: Option<u32>,
    /// Rows to pass over.
    offset: Option<u64>,
    /// Rows to answer, at most 10,000; all from `offset` on when left out.
    limit: Option<usize>,
}

/// Rows of a data set.
pub struct Window {
    pub accepted: Accepted,
    pub rows: Range<u64>,
    /// Where the next page begins, where one was asked for and there is more.
    pub next: Option<u64>,
}

impl GenerateQuery {
    fn request(self, entity: Entity) -> Request {
        let usual = Request::default();
        Request {
            entity,
            rows: self.rows.unwrap_or(usual.rows),
            seed: self.seed.unwrap_or(usual.seed),
            format: self.format.unwrap_or(usual.format),
            compression: self.compression.unwrap_or(usual.compression),
            locale: self.locale.unwrap_or(usual.locale),
            fraud_rate: self.fraud_rate.unwrap_or(usual.fraud_rate),
            missing_rate: self.missing_rate.unwrap_or(usual.missing_rate),
            dirty_rate: self.dirty_rate.unwrap_or(usual.dirty_rate),
            from: self.from.unwrap_or(usual.from),
            to: self.to.unwrap_or(usual.to),
            merchants: self.merchants.unwrap_or(usual.merchants),
        }
    }

    /// The rows asked for, at most `rows_max` of them; refused with the key at fault.
    pub fn window(self, entity: Entity, rows_max: u64) -> Result<Window, Problem> {
        let (offset, limit) = (self.offset.unwrap_or(0), self.limit);
        let limit = match limit {
            Some(_) => Some(page_limit(limit, LIMIT_MAX, LIMIT_MAX)? as u64),
            None => None,
        };
        let accepted = self.request(entity).accept().map_err(|refusal| {
            Problem::new(Kind::Invalid, refusal.code.as_str(), refusal.message).field(refusal.field)
        })?;
        let all = accepted.request().rows;
        if offset >= all {
            let detail = format!("offset is {offset}, but the data set has {all} rows");
            return Err(Problem::new(Kind::Invalid, "invalid_offset", detail).field("offset"));
        }
        let end = limit.map_or(all, |limit| offset.saturating_add(limit).min(all));
        let rows = offset..end;
        if rows.end - rows.start > rows_max {
            let detail = format!(
                "rows make an answer of {}, and one answer has at most {rows_max}: ask for parts with offset and limit, or submit a job",
                rows.end - rows.start
            );
            return Err(Problem::new(Kind::Invalid, "invalid_rows", detail).field("rows"));
        }
        let next = (limit.is_some() && rows.end < all).then_some(rows.end);
        Ok(Window {
            accepted,
            rows,
            next,
        })
    }
}

impl Window {
    pub fn len(&self) -> u64 {
        self.rows.end - self.rows.start
    }

    /// A hash of all that the bytes follow from.
    pub fn key(&self) -> Key {
        let request = serde_json::to_vec(self.accepted.request());
        let mut hash = Sha256::new();
        hash.update(GENERATOR_VERSION.to_le_bytes());
        hash.update(request.expect("a request is JSON"));
        hash.update(format!("{}..{}", self.rows.start, self.rows.end));
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(query: &str) -> Result<Window, Problem> {
        let query = actix_web::web::Query::<GenerateQuery>::from_query(query).unwrap();
        query.into_inner().window(Entity::Transactions, 1_000)
    }

    fn refused(query: &str) -> String {
        let body = window(query).err().map(|problem| problem.body());
        let body = serde_json::to_value(body.expect("it is refused")).unwrap();
        body["field"].as_str().unwrap_or_default().to_owned()
    }

    #[test]
    fn a_page_names_the_next_until_there_is_none() {
        let page = window("rows=25&offset=10&limit=10").unwrap();
        assert_eq!((page.rows.clone(), page.next), (10..20, Some(20)));
        let last = window("rows=25&offset=20&limit=10").unwrap();
        assert_eq!((last.rows.clone(), last.next), (20..25, None));
        let whole = window("rows=25").unwrap();
        assert_eq!((whole.rows.clone(), whole.next), (0..25, None));
    }

    #[test]
    fn the_bound_is_on_the_rows_of_the_answer() {
        assert_eq!(refused("rows=1001"), "rows");
        assert!(window("rows=1001&offset=1").is_ok());
        assert!(window("rows=10000000000&offset=9999999990&limit=10").is_ok());
        assert_eq!(refused("rows=10&offset=10"), "offset");
        assert_eq!(refused("limit=0"), "limit");
        assert_eq!(refused("limit=10001"), "limit");
    }

    #[test]
    fn the_key_follows_from_everything_that_is_asked() {
        let key = |query| window(query).unwrap().key();
        assert_eq!(key("rows=100"), key("rows=100&seed=0&format=csv"));
        let others = [
            "rows=101",
            "rows=100&seed=1",
            "rows=100&format=jsonl",
            "rows=100&compression=gzip",
            "rows=100&locale=us",
            "rows=100&offset=1",
            "rows=100&limit=99",
        ];
        for query in others {
            assert_ne!(key("rows=100"), key(query), "{query}");
        }
    }
}
