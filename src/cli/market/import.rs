//! `callboard market import`: checks a file whole, then writes it in chunks. A file with a fault writes nothing.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use callboard::boot::store_spec;
use callboard::store::{CHUNK_BARS, ImportedPrices, PriceImport, Store, StoreError};
use callboard_market::prices::{BarFile, PRICE_ROWS_MAX};
use callboard_orchestra::time::Timestamp;
use sha2::{Digest, Sha256};

use crate::cli::{
    failure::{Failure, chain},
    settings::Settings,
    terminal,
};

/// Longest name of a source, in bytes.
const SOURCE_BYTES_MAX: usize = 64;
const HASHED_BYTES: usize = 64 * 1024;

#[derive(clap::Args)]
pub struct Args {
    /// CSV: a row for each ticker and date, a column for each ticker, or one ticker, with or without open, high, low,
    /// adjusted close and volume
    file: PathBuf,
    /// Name of the source that the prices go into; without it the file's name up to its first dot
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Remove what the source holds first; without it prices are added, and those of the same ticker and date overwritten
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    settings: Settings,
}

pub async fn import(args: Args) -> Result<(), Failure> {
    let config = args.settings.load([])?;
    let shown = args.file.display().to_string();
    let unreadable = |error: io::Error| Failure::BadInput(format!("cannot read {shown}: {error}"));
    let mut file = File::open(&args.file).map_err(unreadable)?;
    let sha256 = hash(&mut file).map_err(unreadable)?;
    let source = source(&args)?;
    let mut prices =
        BarFile::check(file, &shown).map_err(|error| Failure::BadInput(chain(&error)))?;

    let store = Store::open(store_spec(&config).await?)
        .await
        .map_err(owned)?;
    let import = PriceImport {
        file: file_name(&args.file),
        sha256,
        rows_dropped: prices.rows_dropped(),
        source,
    };
    let updated = write(&store.prices(), &import, &mut prices, args.replace).await;
    let closed = store.close().await;
    let updated = updated?;
    closed?;
    let (read, dropped) = (prices.rows_read(), prices.rows_dropped());
    terminal::print(&format!(
        "{shown} imported into source {}: {read} rows read, {} kept, {dropped} dropped; {} prices of {} tickers, {updated} of them updated",
        import.source,
        read - dropped,
        prices.bars(),
        prices.tickers(),
    ))
}

/// A server reads prices once, at its start: importing beside it would change nothing for it.
fn owned(error: StoreError) -> Failure {
    match error {
        StoreError::Owned { .. } => Failure::BadInput(format!(
            "{error}; stop it, import, and start it again: prices are read at the start"
        )),
        error => error.into(),
    }
}

/// Writes every bar. Answers how many of them overwrote one of the same source, ticker and date.
async fn write(
    store: &ImportedPrices,
    import: &PriceImport,
    prices: &mut BarFile<File>,
    replace: bool,
) -> Result<usize, Failure> {
    let source = import.source.as_str();
    let overlapping = |ticker: &str, date| prices.contains(ticker, date);
    let updated = store.count_where(source, overlapping).await?;
    let others = if replace {
        store.bars().await? - store.count_where(source, |_, _| true).await?
    } else {
        store.bars().await? - updated
    };
    if others + prices.bars() > PRICE_ROWS_MAX {
        return Err(Failure::BadInput(format!(
            "the data directory would hold {} prices, more than {PRICE_ROWS_MAX}",
            others + prices.bars()
        )));
    }
    store.begin(import, Timestamp::now()).await?;
    if replace {
        store.clear(source).await?;
        store.forget(source, &import.sha256).await?;
    }
    let changed = |error| Failure::Failed(format!("{} (the file has changed)", chain(&error)));
    for bars in prices.chunks(CHUNK_BARS).map_err(changed)? {
        store.write(source, &bars.map_err(changed)?).await?;
    }
    store.finish(import, Timestamp::now()).await?;
    Ok(if replace { 0 } else { updated })
}

fn hash(file: &mut File) -> io::Result<String> {
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; HASHED_BYTES]);
    file.seek(SeekFrom::Start(0))?;
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    Ok(hex::encode(hasher.finalize()))
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn source(args: &Args) -> Result<String, Failure> {
    let name = args.source.clone().unwrap_or_else(|| {
        let file = file_name(&args.file);
        let stem = file.split('.').find(|part| !part.is_empty());
        stem.unwrap_or(&file).to_owned()
    });
    if name.trim().is_empty() || name.len() > SOURCE_BYTES_MAX || name.chars().any(char::is_control)
    {
        return Err(Failure::BadInput(format!(
            "a source is named by 1 to {SOURCE_BYTES_MAX} bytes without control characters: give --source"
        )));
    }
    Ok(name)
}
