//! Flags that name or override configuration.

use std::path::PathBuf;

use callboard::{
    config::{Config, LoadOptions},
    packs,
};
use callboard_market::embedded;
use callboard_orchestra::{catalog::Catalog, pack::RoleSpec};

use super::failure::Failure;

#[derive(clap::Args)]
pub struct Settings {
    /// Configuration file; without it callboard.toml in the working directory, if there is one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the database and the artifacts lie (store.data_dir); `run` uses a folder of its own in it
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// What is logged to stderr, for example `warn,callboard=debug` (log.filter)
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
}

impl Settings {
    /// What a file and the environment say.
    pub fn of_file(config: Option<PathBuf>) -> Self {
        Self {
            config,
            data_dir: None,
            log: None,
        }
    }

    /// The configuration in effect. `flags` are overrides by key that the command has of its own.
    pub fn load<const N: usize>(
        &self,
        flags: [(&str, Option<String>); N],
    ) -> Result<Config, Failure> {
        let shared = [
            ("store.data_dir", self.data_dir.clone()),
            ("log.filter", self.log.clone()),
        ];
        let overrides = shared.into_iter().chain(flags);
        let overrides = overrides
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect();
        Ok(Config::load(LoadOptions {
            file: self.config.clone(),
            overrides,
            roles: roles()?,
        })?)
    }
}

/// Which roles there are does not depend on the prices.
fn roles() -> Result<Vec<&'static str>, Failure> {
    let catalog = Catalog::of(&packs::all(&Config::default(), embedded()));
    let catalog = catalog.map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(catalog.roles().map(RoleSpec::name).collect())
}
