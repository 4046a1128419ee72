//! Parses what the fuzzer makes up as a filter of every list. What is taken becomes SQL in which no text of the filter
//! stands: every value is a parameter.

#![no_main]

use callboard::{
    filter::{Schema, parse},
    store::{APPROVALS, AUDIT_RECORDS, EFFECTS, JOBS},
};
use libfuzzer_sys::fuzz_target;
use sea_orm::{
    DbBackend, StatementBuilder,
    sea_query::{Alias, Query},
};

const SCHEMAS: [&Schema; 4] = [&APPROVALS, &AUDIT_RECORDS, &EFFECTS, &JOBS];
/// A text that is no part of any statement.
const MARK: &str = "mark7f3a";

fuzz_target!(|text: &str| {
    for schema in SCHEMAS {
        for marked in [text.to_owned(), text.replace('x', MARK)] {
            let Ok(filter) = parse(&marked, schema) else {
                continue;
            };
            for backend in [DbBackend::Sqlite, DbBackend::Postgres] {
                let mut query = Query::select();
                let all = query.expr(1).from(Alias::new("rows"));
                let statement = all.and_where(filter.condition(backend));
                let sql = StatementBuilder::build(statement, &backend).sql;
                assert!(!sql.contains(MARK), "{marked}: {sql}");
                assert!(!sql.contains(';') && !sql.contains("--"), "{marked}: {sql}");
            }
        }
    }
});
