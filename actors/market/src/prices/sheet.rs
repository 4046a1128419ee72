//! One reading of a price file, row by row, with what each row says as bars.

use std::{
    collections::HashSet,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    sync::Arc,
};

use chrono::NaiveDate;
use csv::{ReaderBuilder, StringRecord, Trim};

use super::{
    bar::{Bar, BarColumns},
    cell::{clip, delimiter, is_empty, number, stem},
    date::{SlashOrder, Written, read_date},
    error::PriceError,
    layout::Layout,
    reader::{TICKER_BYTES_MAX, bad_record},
};

/// The header line must end within this.
const HEADER_BYTES_MAX: usize = 64 * 1024;

/// One reading of the file, at one of its rows.
pub struct Sheet<'a, R> {
    name: &'a str,
    header: StringRecord,
    layout: Layout,
    columns: BarColumns,
    reader: csv::Reader<BufReader<R>>,
    record: StringRecord,
    pub line: u64,
    known: HashSet<Arc<str>>,
}

impl<'a, R: Read + Seek> Sheet<'a, R> {
    pub fn open(mut input: R, name: &'a str) -> Result<Self, PriceError> {
        let failed = |source| PriceError::Read {
            name: name.to_owned(),
            source,
        };
        input.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut input = BufReader::with_capacity(HEADER_BYTES_MAX, input);
        let delimiter = delimiter(input.fill_buf().map_err(failed)?);
        let mut reader = ReaderBuilder::new()
            .trim(Trim::All)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(input);
        let header = reader.headers().map_err(|error| bad_record(name, error))?;
        if header.iter().all(str::is_empty) {
            return Err(PriceError::Empty {
                name: name.to_owned(),
            });
        }
        let header = header.clone();
        let cells: Vec<&str> = header.iter().collect();
        let layout = Layout::of(&cells, name)?;
        Ok(Self {
            name,
            columns: BarColumns::of(&cells, &layout),
            layout,
            header,
            reader,
            record: StringRecord::new(),
            line: 1,
            known: HashSet::new(),
        })
    }

    /// Goes to the next row; false at the end.
    pub fn read(&mut self) -> Result<bool, PriceError> {
        let read = self.reader.read_record(&mut self.record);
        if !read.map_err(|source| bad_record(self.name, source))? {
            return Ok(false);
        }
        self.line = self.record.position().map_or(0, csv::Position::line);
        if self.record.len() != self.header.len() {
            return Err(PriceError::Ragged {
                name: self.name.to_owned(),
                line: self.line,
                found: self.record.len(),
                expected: self.header.len(),
            });
        }
        Ok(true)
    }

    fn cell(&self, column: usize) -> Option<&str> {
        self.record.get(column).filter(|text| !is_empty(text))
    }

    /// The date of the row, unless the row is to be dropped.
    pub fn date_text(&self) -> Option<&str> {
        let has = |column: usize| self.cell(column).is_some();
        let close = self.columns.close;
        let (date, complete) = match &self.layout {
            Layout::Long {
                date,
                ticker,
                price,
            } => (*date, has(*ticker) && has(*price)),
            Layout::Single { date, price } => (*date, has(*price)),
            Layout::Wide { date, tickers } => {
                (*date, tickers.iter().all(|(column, _)| has(*column)))
            }
        };
        self.cell(date)
            .filter(|_| complete && close.is_none_or(has))
    }

    pub fn written(&self, text: &str) -> Result<Written, PriceError> {
        read_date(text).ok_or_else(|| PriceError::BadDate {
            name: self.name.to_owned(),
            line: self.line,
            text: clip(text),
        })
    }

    /// Adds the bars of the row; false when it is dropped.
    pub fn take(
        &mut self,
        order: Option<SlashOrder>,
        bars: &mut Vec<Bar>,
    ) -> Result<bool, PriceError> {
        let Some(text) = self.date_text() else {
            return Ok(false);
        };
        let date = self.written(text)?.date_in(order);
        match &self.layout {
            Layout::Long { ticker, price, .. } => {
                let (ticker, price) = (self.record[*ticker].to_owned(), *price);
                let ticker = self.ticker(&ticker)?;
                bars.push(self.bar(ticker, date, price)?);
            }
            Layout::Single { price, .. } => {
                let price = *price;
                let ticker = self.ticker(stem(self.name))?;
                bars.push(self.bar(ticker, date, price)?);
            }
            Layout::Wide { tickers, .. } => {
                for (column, ticker) in tickers.clone() {
                    let ticker = self.ticker(&ticker)?;
                    bars.push(self.bar(ticker, date, column)?);
                }
            }
        }
        Ok(true)
    }

    fn ticker(&mut self, text: &str) -> Result<Arc<str>, PriceError> {
        if let Some(known) = self.known.get(text) {
            return Ok(known.clone());
        }
        if text.len() > TICKER_BYTES_MAX {
            return Err(PriceError::LongTicker {
                name: self.name.to_owned(),
                line: self.line,
                bytes_max: TICKER_BYTES_MAX,
            });
        }
        let ticker: Arc<str> = Arc::from(text);
        self.known.insert(ticker.clone());
        Ok(ticker)
    }

    fn bar(&self, ticker: Arc<str>, date: NaiveDate, price: usize) -> Result<Bar, PriceError> {
        let columns = self.columns;
        let positive = |column: usize| match self.number(column)? {
            value if value > 0.0 => Ok(value),
            _ => Err(self.not_positive(&ticker, column)),
        };
        // Some files write 0 for a price that they do not have.
        let optional = |column: Option<usize>| match column {
            Some(column) if self.cell(column).is_some() => match self.number(column)? {
                0.0 => Ok(None),
                value if value > 0.0 => Ok(Some(value)),
                _ => Err(self.not_positive(&ticker, column)),
            },
            _ => Ok(None),
        };
        let volume = match columns.volume.filter(|column| self.cell(*column).is_some()) {
            Some(column) => match self.number(column)? {
                value if value >= 0.0 => Some(value),
                _ => {
                    return Err(PriceError::NegativeVolume {
                        name: self.name.to_owned(),
                        line: self.line,
                        ticker: ticker.to_string(),
                        text: clip(&self.record[column]),
                    });
                }
            },
            None => None,
        };
        let price_value = positive(price)?;
        Ok(Bar {
            date,
            open: optional(columns.open)?,
            high: optional(columns.high)?,
            low: optional(columns.low)?,
            close: columns.close.map_or(Ok(price_value), positive)?,
            adjusted_close: columns.is_adjusted.then_some(price_value),
            volume,
            ticker,
        })
    }

    fn number(&self, column: usize) -> Result<f64, PriceError> {
        let text = &self.record[column];
        number(text).ok_or_else(|| PriceError::BadNumber {
            name: self.name.to_owned(),
            line: self.line,
            column: self.header[column].to_owned(),
            text: clip(text),
        })
    }

    fn not_positive(&self, ticker: &str, column: usize) -> PriceError {
        PriceError::NotPositive {
            name: self.name.to_owned(),
            line: self.line,
            ticker: ticker.to_owned(),
            text: clip(&self.record[column]),
        }
    }
}
