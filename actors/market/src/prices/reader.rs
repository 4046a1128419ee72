//! Reads price files in CSV: long, wide, or one ticker. Opening a file is the caller's business.

use std::{collections::BTreeMap, io::Read};

use csv::{ReaderBuilder, StringRecord, Trim};

use super::{
    book::PriceBook,
    cell::{clip, delimiter, is_empty, number, stem},
    date::{SlashOrder, read_date},
    error::PriceError,
    layout::Layout,
    series::Series,
    slashes::{Reading, Seen, Slashes},
};

/// Largest price file.
pub const FILE_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Most prices in one file, over all tickers.
pub const PRICE_ROWS_MAX: usize = 4_000_000;
/// Longest name of a ticker.
pub(super) const TICKER_BYTES_MAX: usize = 64;
/// Reads a price file. `name` stands in errors and as the source of facts; without directory and extension it is the
/// ticker of a file that names none. A row with an empty date, ticker or price is dropped, in a wide file the whole row.
/// Slash dates are read in the one order that makes a date of each of them; a file that leaves it open is refused.
pub fn read_csv(input: impl Read, name: &str) -> Result<PriceBook, PriceError> {
    read_csv_of(input, name, stem(name))
}

/// The same, with the ticker of a file that names none.
pub fn read_csv_of(input: impl Read, name: &str, unnamed: &str) -> Result<PriceBook, PriceError> {
    let mut bytes = Vec::new();
    let read = input.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|source| PriceError::Read {
        name: name.to_owned(),
        source,
    })?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(PriceError::TooLarge {
            name: name.to_owned(),
            bytes_max: FILE_BYTES_MAX,
        });
    }
    let mut reader = ReaderBuilder::new()
        .trim(Trim::All)
        .flexible(true)
        .delimiter(delimiter(&bytes))
        .from_reader(bytes.as_slice());
    let header = reader
        .headers()
        .map_err(|source| bad_record(name, source))?
        .clone();
    if header.is_empty() || header.iter().all(str::is_empty) {
        return Err(PriceError::Empty {
            name: name.to_owned(),
        });
    }
    let header: Vec<&str> = header.iter().collect();
    let mut intake = Intake {
        name,
        unnamed,
        header: &header,
        points: BTreeMap::new(),
        prices: 0,
        dropped: 0,
        slashes: Slashes::default(),
    };
    let layout = Layout::of(&header, name)?;
    let mut record = StringRecord::new();
    while reader
        .read_record(&mut record)
        .map_err(|source| bad_record(name, source))?
    {
        let line = record.position().map_or(0, csv::Position::line);
        intake.row(&layout, &record, line)?;
    }
    intake.finish()
}

struct Point {
    date: Reading,
    close: f64,
    line: u64,
}

struct Intake<'a> {
    name: &'a str,
    /// The ticker of a file that names none.
    unnamed: &'a str,
    header: &'a [&'a str],
    points: BTreeMap<String, Vec<Point>>,
    prices: usize,
    dropped: usize,
    slashes: Slashes,
}

impl Intake<'_> {
    fn row(&mut self, layout: &Layout, record: &StringRecord, line: u64) -> Result<(), PriceError> {
        let (found, expected) = (record.len(), self.header.len());
        if found != expected {
            return Err(PriceError::Ragged {
                name: self.name.to_owned(),
                line,
                found,
                expected,
            });
        }
        let cell = |column: usize| record.get(column).filter(|text| !is_empty(text));
        let complete = match layout {
            Layout::Long {
                date,
                ticker,
                price,
            } => match (cell(*date), cell(*ticker), cell(*price)) {
                (Some(day), Some(symbol), Some(text)) => {
                    let day = self.date(day, line)?;
                    self.take(symbol, day, *price, text, line)?;
                    true
                }
                _ => false,
            },
            Layout::Single { date, price } => match (cell(*date), cell(*price)) {
                (Some(day), Some(text)) => {
                    let day = self.date(day, line)?;
                    self.take(self.unnamed, day, *price, text, line)?;
                    true
                }
                _ => false,
            },
            Layout::Wide { date, tickers } => match cell(*date) {
                Some(day) if tickers.iter().all(|(column, _)| cell(*column).is_some()) => {
                    let day = self.date(day, line)?;
                    for (column, ticker) in tickers {
                        self.take(ticker, day, *column, &record[*column], line)?;
                    }
                    true
                }
                _ => false,
            },
        };
        self.dropped += usize::from(!complete);
        Ok(())
    }

    fn date(&mut self, text: &str, line: u64) -> Result<Reading, PriceError> {
        let bad = || PriceError::BadDate {
            name: self.name.to_owned(),
            line,
            text: clip(text),
        };
        let written = read_date(text).ok_or_else(bad)?;
        let read = self.slashes.read(written, text, line);
        read.map_err(|other| mixed_dates(self.name, line, text, other))
    }

    fn take(
        &mut self,
        ticker: &str,
        date: Reading,
        column: usize,
        text: &str,
        line: u64,
    ) -> Result<(), PriceError> {
        let close = number(text).ok_or_else(|| PriceError::BadNumber {
            name: self.name.to_owned(),
            line,
            column: self.header[column].to_owned(),
            text: clip(text),
        })?;
        if close <= 0.0 {
            let (name, ticker, text) = (self.name.to_owned(), ticker.to_owned(), clip(text));
            return Err(PriceError::NotPositive {
                name,
                line,
                ticker,
                text,
            });
        }
        if ticker.len() > TICKER_BYTES_MAX {
            return Err(PriceError::LongTicker {
                name: self.name.to_owned(),
                line,
                bytes_max: TICKER_BYTES_MAX,
            });
        }
        self.prices += 1;
        if self.prices > PRICE_ROWS_MAX {
            return Err(PriceError::TooManyPrices {
                name: self.name.to_owned(),
                rows_max: PRICE_ROWS_MAX,
            });
        }
        let point = Point { date, close, line };
        match self.points.get_mut(ticker) {
            Some(points) => points.push(point),
            None => drop(self.points.insert(ticker.to_owned(), vec![point])),
        }
        Ok(())
    }

    fn finish(self) -> Result<PriceBook, PriceError> {
        if self.points.is_empty() {
            let (name, dropped) = (self.name.to_owned(), self.dropped);
            return Err(if dropped == 0 {
                PriceError::Empty { name }
            } else {
                PriceError::NoCompleteRow { name, dropped }
            });
        }
        let order = self
            .slashes
            .order()
            .map_err(|seen| PriceError::AmbiguousDate {
                name: self.name.to_owned(),
                line: seen.line,
                text: seen.text.clone(),
                month_first: seen.value[0],
                day_first: seen.value[1],
            })?;
        let mut all = Vec::with_capacity(self.points.len());
        for (ticker, points) in self.points {
            let series = Series::new(
                ticker.as_str(),
                points
                    .iter()
                    .map(|point| (point.date.date_in(order), point.close))
                    .collect(),
            );
            all.push(series.map_err(|date| {
                let mut lines = points
                    .iter()
                    .filter(|point| point.date.date_in(order) == date)
                    .map(|point| point.line);
                let (first_line, line) = (
                    lines.next().unwrap_or_default(),
                    lines.next().unwrap_or_default(),
                );
                PriceError::DuplicateDate {
                    name: self.name.to_owned(),
                    line,
                    first_line,
                    ticker,
                    date,
                }
            })?);
        }
        Ok(PriceBook::new(self.name, all)
            .with_rows_dropped(self.dropped)
            .with_slash_order(order))
    }
}

pub(super) fn mixed_dates(
    name: &str,
    line: u64,
    text: &str,
    other: Seen<SlashOrder>,
) -> PriceError {
    PriceError::MixedDates {
        name: name.to_owned(),
        line,
        text: clip(text),
        order: other.value.other().words(),
        other_line: other.line,
        other_text: other.text,
        other_order: other.value.words(),
    }
}

pub(super) fn bad_record(name: &str, source: csv::Error) -> PriceError {
    let line = source.position().map_or(1, csv::Position::line);
    PriceError::BadRecord {
        name: name.to_owned(),
        line,
        source,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<PriceBook, PriceError> {
        read_csv(text.as_bytes(), "dir/tsla.us.csv")
    }

    fn closes(book: &PriceBook, ticker: &str) -> Vec<f64> {
        book.series(ticker).unwrap().closes().to_vec()
    }

    #[test]
    fn a_long_file_is_read_with_bom_quotes_and_any_case() {
        let book = read("\u{feff}\"Symbol\",DATE,Close,\"Adj Close\"\nA,2015-01-05,9,\"1,002.5\"\nA,Jan 2 2015,9,1\nB,20150102,9,$3\n").unwrap();
        assert_eq!(closes(&book, "A"), [1.0, 1002.5]);
        assert_eq!(closes(&book, "B"), [3.0]);
    }

    #[test]
    fn a_wide_row_with_an_empty_cell_is_dropped_whole() {
        let book =
            read("date,A,B\n2015-01-02,1,2\n2015-01-05,3,\n2015-01-06,5,NaN\n2015-01-07,7,8\n")
                .unwrap();
        assert_eq!(
            (closes(&book, "A"), closes(&book, "B")),
            (vec![1.0, 7.0], vec![2.0, 8.0])
        );
        assert_eq!(book.rows_dropped(), 2);
    }

    #[test]
    fn an_empty_adjusted_close_drops_the_row_and_is_not_replaced_by_the_close() {
        let book = read("date,close,adj_close,volume\n2015-01-02,5,4,\n2015-01-05,5,,9\n").unwrap();
        assert_eq!(closes(&book, "tsla"), [4.0]);
        assert_eq!(book.rows_dropped(), 1);
    }

    #[test]
    fn semicolons_and_tabs_separate_too() {
        assert_eq!(
            closes(&read("date;A;B\n2015-01-02;1;2\n").unwrap(), "B"),
            [2.0]
        );
        assert_eq!(
            closes(&read("date\tA\n2015-01-02\t1\n").unwrap(), "A"),
            [1.0]
        );
    }

    #[test]
    fn errors_name_the_line() {
        for (text, expected) in [
            (
                "date,A\n2015-01-02,1\nsoon,2\n",
                "line 3: `soon` is not a date; write it as 2015-01-31",
            ),
            (
                "date,A\n\n2015-01-02,1\n2015-01-05,x1\n",
                "line 4: `x1` in column A is not a number",
            ),
            (
                "date,A\n2015-01-02,inf\n",
                "line 2: `inf` in column A is not a number",
            ),
            (
                "date,A\n2015-01-02,\"1,2\"\n",
                "line 2: `1,2` in column A is not a number",
            ),
            (
                "date,A\n2015-01-02,-1\n",
                "line 2: price -1 of A is not positive",
            ),
            (
                "date,A\n2015-01-02,0\n",
                "line 2: price 0 of A is not positive",
            ),
            (
                "date,A\n2015-01-31,1\n2015-01-05,2\n01/31/2015,3\n",
                "line 4: A has a second price for 2015-01-31 (the first is on line 2)",
            ),
            (
                "date,A\n2015-01-02,1\n03/03/2015,2\n01/02/2015,3\n04/05/2015,4\n",
                "line 4: `01/02/2015` is 2015-01-02 or 2015-02-01, and no date of the file tells which; write it as 2015-01-31",
            ),
            (
                "date,A\n01/31/2015,1\n01/02/2015,2\n28/02/2015,3\n",
                "line 4: `28/02/2015` is a date only day first, and `01/31/2015` on line 2 only month first; write dates as 2015-01-31",
            ),
            (
                &format!("date,{}\n2015-01-02,1\n", "A".repeat(65)),
                "line 2: a ticker has at most 64 bytes",
            ),
            (
                "date,A\n2015-01-02,1,2\n",
                "line 2: 3 cells where the header has 2",
            ),
            (
                "date,open,high\n2015-01-02,1,2\n",
                "line 1: no price column (adj_close, close or price, or one column a ticker); the header has date, open, high",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert_eq!(error, format!("dir/tsla.us.csv, {expected}"), "{text}");
        }
    }

    #[test]
    fn one_date_tells_the_order_of_all_slash_dates_wherever_it_stands() {
        for (rows, dates, order) in [
            (
                "01/02/2015,1\n01/03/2015,2\n13/03/2015,3\n",
                ["2015-02-01", "2015-03-01", "2015-03-13"],
                Some(SlashOrder::DayFirst),
            ),
            (
                "01/02/2015,1\n01/03/2015,2\n01/13/2015,3\n",
                ["2015-01-02", "2015-01-03", "2015-01-13"],
                Some(SlashOrder::MonthFirst),
            ),
            (
                "03/03/2015,1\n04/04/2015,2\n2015/05/06,3\n",
                ["2015-03-03", "2015-04-04", "2015-05-06"],
                None,
            ),
        ] {
            let book = read(&format!("date,A\n{rows}")).unwrap();
            let read: Vec<String> = book
                .series("A")
                .unwrap()
                .dates()
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(
                (read.as_slice(), book.slash_order()),
                (dates.map(str::to_owned).as_slice(), order),
                "{rows}"
            );
        }
    }

    #[test]
    fn a_file_without_prices_says_so() {
        assert!(matches!(read(""), Err(PriceError::Empty { .. })));
        assert!(matches!(read("date,A\n"), Err(PriceError::Empty { .. })));
        assert!(matches!(
            read("date,A\n2015-01-02,\n"),
            Err(PriceError::NoCompleteRow { dropped: 1, .. })
        ));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_an_error_with_a_line() {
        let error = read_csv(&b"date,A\n2015-01-02,1\n2015-01-05,\xff\n"[..], "x").unwrap_err();
        assert_eq!(error.to_string(), "x, line 3: not valid CSV in UTF-8");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read_csv(bytes.as_slice(), "noise");
        }

        #[test]
        fn arbitrary_rows_never_panic_the_reader(rows in "date,A(,B)?\n([0-9/\\-]{0,10},[0-9.,\"$-]{0,6}(,[0-9na]{0,3})?\n){0,9}") {
            let _ = read(&rows);
        }
    }
}
