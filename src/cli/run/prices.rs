//! The prices of a run.

use std::{fs::File, path::Path};

use callboard_market::{PriceBook, embedded, read_csv};

use crate::cli::failure::{Failure, chain};

const MARKET_KINDS: &str = "market.";

/// The prices in `file`, or the embedded ones.
pub fn book(kind: &str, file: Option<&Path>) -> Result<PriceBook, Failure> {
    let Some(path) = file else {
        return Ok(embedded());
    };
    if !kind.starts_with(MARKET_KINDS) {
        return Err(Failure::BadInput(format!(
            "--prices is for market kinds, and `{kind}` is none"
        )));
    }
    let name = path.display().to_string();
    let file = File::open(path)
        .map_err(|error| Failure::BadInput(format!("cannot read prices {name}: {error}")))?;
    read_csv(file, &name).map_err(|error| Failure::BadInput(chain(&error)))
}
