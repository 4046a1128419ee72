//! `callboard evidence` and `callboard verify`

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use callboard::audit::Bundle;
use callboard_orchestra::JobId;

use super::{client::ServerArgs, failure::Failure, terminal};

/// Largest bundle that is read.
const BUNDLE_BYTES_MAX: u64 = 256 * 1024 * 1024;

#[derive(clap::Args)]
pub struct Args {
    /// Id of the job
    job: JobId,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(clap::Args)]
pub struct VerifyArgs {
    /// File with a bundle, as `callboard evidence` prints it
    bundle: PathBuf,
    /// Id of a key that you know: it, or a key that descends from it, must have signed the bundle
    #[arg(long, value_name = "ID")]
    key: Option<String>,
}

pub async fn evidence(args: Args) -> Result<(), Failure> {
    let client = args.server.client()?;
    let job = args.job.to_string();
    let text = client.text(client.get(&["v1", "jobs", &job, "evidence"]));
    terminal::print(&text.await?)
}

pub fn verify(args: &VerifyArgs) -> Result<(), Failure> {
    let bundle = read(&args.bundle)?;
    let wrong = bundle.check(args.key.as_deref());
    for wrong in &wrong {
        terminal::print(&wrong.to_string())?;
    }
    let statement = &bundle.statement;
    if wrong.is_empty() {
        return terminal::print(&format!(
            "{} of tenant {} as key {} signed it at {}",
            statement.job, statement.tenant, statement.key, statement.at
        ));
    }
    Err(Failure::Failed(format!(
        "the bundle is not as it was signed: {} findings",
        wrong.len()
    )))
}

fn read(path: &Path) -> Result<Bundle, Failure> {
    let unreadable = |what: String| Failure::BadInput(format!("{}: {what}", path.display()));
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let mut text = String::new();
    let mut bounded = file.take(BUNDLE_BYTES_MAX);
    let read = bounded.read_to_string(&mut text);
    read.map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| unreadable(format!("is no bundle: {error}")))
}
