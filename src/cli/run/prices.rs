//! The prices of a run.

use std::{fs::File, path::Path};

use callboard::{boot::store_spec, config::Config, prices, store::imported_prices};
use callboard_market::{Supply, embedded, read_csv};

use crate::cli::{
    failure::{Failure, chain},
    terminal,
};

const MARKET_KINDS: &str = "market.";

/// The prices in `file` and no others, or those that a server on the data directory would use.
pub async fn of(kind: &str, file: Option<&Path>, config: &Config) -> Result<Supply, Failure> {
    let is_market = kind.starts_with(MARKET_KINDS);
    match file {
        Some(path) if is_market => of_file(path),
        Some(_) => Err(Failure::BadInput(format!(
            "--prices is for market kinds, and `{kind}` is none"
        ))),
        None if is_market => of_data_dir(config).await,
        None => Ok(embedded().into()),
    }
}

fn of_file(path: &Path) -> Result<Supply, Failure> {
    let name = path.display().to_string();
    let file = File::open(path)
        .map_err(|error| Failure::BadInput(format!("cannot read prices {name}: {error}")))?;
    let book = read_csv(file, &name).map_err(|error| Failure::BadInput(chain(&error)))?;
    Ok(book.into())
}

async fn of_data_dir(config: &Config) -> Result<Supply, Failure> {
    let imported = imported_prices(&store_spec(config).await?).await?;
    for warning in imported.warnings() {
        terminal::tell(&format!("warning: {warning}"));
    }
    let supply = prices::supply(imported.book, config);
    supply.map_err(|error| Failure::Failed(chain(&error)))
}
