//! `callboard audit verify`

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use callboard::{
    audit::{Verdict, Verifier},
    boot::store_spec,
    store::{VerifyError, verify_audit},
};

use crate::cli::{
    failure::{Failure, chain},
    settings::Settings,
    terminal,
};

/// Longest line of an export.
const LINE_BYTES_MAX: u64 = 64 * 1024 * 1024;

#[derive(clap::Args)]
pub struct Args {
    /// Verify an export instead of a data directory
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// Id of a key that you know: only checkpoints count that it, or a key that descends from it, has signed
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

pub async fn verify(args: Args) -> Result<(), Failure> {
    let verdict = match &args.from_file {
        Some(file) => of_file(file, args.key)?,
        None => of_store(&args.settings, args.key).await?,
    };
    if verdict.chains.is_empty() && verdict.is_whole() {
        let message = "there is no record and no checkpoint to verify";
        return Err(Failure::BadInput(message.to_owned()));
    }
    for chain in &verdict.chains {
        let signed = match chain.signed {
            0 => "not signed".to_owned(),
            seq => format!("signed up to {seq}"),
        };
        let records = match chain.records {
            0 => "no records".to_owned(),
            count => format!("{count} records, {} to {}", chain.first, chain.last),
        };
        terminal::print(&format!("tenant {}: {records}, {signed}", chain.tenant))?;
    }
    for note in &verdict.notes {
        terminal::tell(&format!("note: {note}"));
    }
    for finding in &verdict.findings {
        terminal::print(&finding.to_string())?;
    }
    if verdict.is_whole() {
        return terminal::print("whole");
    }
    let findings = verdict.findings.len() as u64 + verdict.more_findings;
    Err(Failure::Failed(format!(
        "the audit log is not as it was written: {findings} findings"
    )))
}

async fn of_store(settings: &Settings, key: Option<String>) -> Result<Verdict, Failure> {
    let spec = store_spec(&settings.load([])?).await?;
    if spec.url.is_none() && !spec.database().is_file() {
        let message = format!("there is no database {}", spec.database().display());
        return Err(Failure::BadInput(message));
    }
    verify_audit(&spec, key).await.map_err(|error| match error {
        VerifyError::Open(error) => error.into(),
        VerifyError::Read(error) => Failure::Failed(chain(&error)),
    })
}

fn of_file(path: &Path, key: Option<String>) -> Result<Verdict, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::BadInput(format!("{}: {error}", path.display()));
    let mut reader = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut verifier = Verifier::new(key);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let mut bounded = (&mut reader).take(LINE_BYTES_MAX);
        if bounded.read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
            break;
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        // Broken characters are no JSON, and are told as such.
        verifier.line(number, &String::from_utf8_lossy(&line));
    }
    Ok(verifier.verdict())
}
