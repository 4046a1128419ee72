//! `callboard audit export`

use std::{
    fs::File,
    io::{self, Write},
    path::PathBuf,
};

use crate::cli::{
    client::ServerArgs,
    failure::{Failure, chain},
};

#[derive(clap::Args)]
pub struct Args {
    /// File to write to, instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

pub async fn export(args: Args) -> Result<(), Failure> {
    let client = args.server.client()?;
    let mut response = client.open(client.get(&["v1", "audit", "export"])).await?;
    let mut out: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(File::create(path)?),
        None => Box::new(io::stdout().lock()),
    };
    loop {
        let chunk = response
            .chunk()
            .await
            .map_err(|error| Failure::Failed(format!("the export broke off: {}", chain(&error))))?;
        match chunk {
            Some(bytes) => out.write_all(&bytes)?,
            None => break,
        }
    }
    Ok(out.flush()?)
}
