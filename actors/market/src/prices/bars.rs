//! Reads a price file of any length as bars. The file is read three times, row by row: for the order of its slash dates,
//! to check it whole, and to hand its bars out in chunks. So nothing of a file with a fault is ever handed out.

use std::{
    collections::{HashMap, HashSet},
    io::{Read, Seek},
    sync::Arc,
};

use chrono::{Datelike, NaiveDate};

use super::{
    bar::Bar,
    date::SlashOrder,
    error::PriceError,
    reader::{PRICE_ROWS_MAX, mixed_dates},
    sheet::Sheet,
    slashes::Slashes,
};

/// A price file that has been checked whole.
pub struct BarFile<R> {
    input: R,
    name: String,
    order: Option<SlashOrder>,
    rows_read: usize,
    rows_dropped: usize,
    tickers: HashMap<Arc<str>, u32>,
    /// Ticker and day of every bar, the day counted from the common era.
    days: HashSet<(u32, i32)>,
}

impl<R: Read + Seek> BarFile<R> {
    /// Checks the whole file. `name` stands in errors; without directory and extension it is the ticker of a file that
    /// names none. A row with an empty date, ticker, close or adjusted close is dropped, in a wide file the whole row;
    /// other cells may be empty.
    pub fn check(mut input: R, name: &str) -> Result<Self, PriceError> {
        let order = slash_order(&mut input, name)?;
        let mut file = Self {
            input,
            name: name.to_owned(),
            order,
            rows_read: 0,
            rows_dropped: 0,
            tickers: HashMap::new(),
            days: HashSet::new(),
        };
        if let Some((line, bar)) = file.survey()? {
            return Err(PriceError::DuplicateDate {
                name: name.to_owned(),
                line,
                first_line: file.line_of(&bar)?,
                ticker: bar.ticker.to_string(),
                date: bar.date,
            });
        }
        match (file.days.is_empty(), file.rows_dropped) {
            (false, _) => Ok(file),
            (true, 0) => Err(PriceError::Empty { name: file.name }),
            (true, dropped) => Err(PriceError::NoCompleteRow {
                name: file.name,
                dropped,
            }),
        }
    }

    pub fn rows_read(&self) -> usize {
        self.rows_read
    }

    /// Rows left out because a cell was empty.
    pub fn rows_dropped(&self) -> usize {
        self.rows_dropped
    }

    pub fn bars(&self) -> usize {
        self.days.len()
    }

    pub fn tickers(&self) -> usize {
        self.tickers.len()
    }

    pub fn contains(&self, ticker: &str, date: NaiveDate) -> bool {
        let ticker = self.tickers.get(ticker);
        ticker.is_some_and(|ticker| self.days.contains(&(*ticker, date.num_days_from_ce())))
    }

    /// The bars in the order of the file, `bars_max` or a few more at a time.
    pub fn chunks(
        &mut self,
        bars_max: usize,
    ) -> Result<impl Iterator<Item = Result<Vec<Bar>, PriceError>>, PriceError> {
        let order = self.order;
        let mut sheet = Sheet::open(&mut self.input, &self.name)?;
        Ok(std::iter::from_fn(move || {
            let mut bars = Vec::new();
            while bars.len() < bars_max {
                match sheet.read().and_then(|more| match more {
                    true => sheet.take(order, &mut bars).map(|_| true),
                    false => Ok(false),
                }) {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => return Some(Err(error)),
                }
            }
            (!bars.is_empty()).then_some(Ok(bars))
        }))
    }

    /// Counts rows and notes days. Answers the first bar whose day has one already, with its line.
    fn survey(&mut self) -> Result<Option<(u64, Bar)>, PriceError> {
        let mut sheet = Sheet::open(&mut self.input, &self.name)?;
        let mut bars = Vec::new();
        while sheet.read()? {
            self.rows_read += 1;
            if !sheet.take(self.order, &mut bars)? {
                self.rows_dropped += 1;
            }
            for bar in bars.drain(..) {
                let next = self.tickers.len() as u32;
                let ticker = *self.tickers.entry(bar.ticker.clone()).or_insert(next);
                if !self.days.insert((ticker, bar.date.num_days_from_ce())) {
                    return Ok(Some((sheet.line, bar)));
                }
            }
            if self.days.len() > PRICE_ROWS_MAX {
                return Err(PriceError::TooManyPrices {
                    name: self.name.clone(),
                    rows_max: PRICE_ROWS_MAX,
                });
            }
        }
        Ok(None)
    }

    /// The first line with a bar of that ticker and date.
    fn line_of(&mut self, wanted: &Bar) -> Result<u64, PriceError> {
        let mut sheet = Sheet::open(&mut self.input, &self.name)?;
        let mut bars = Vec::new();
        while sheet.read()? {
            sheet.take(self.order, &mut bars)?;
            let mut found = bars.drain(..);
            if found.any(|bar| bar.ticker == wanted.ticker && bar.date == wanted.date) {
                return Ok(sheet.line);
            }
        }
        Ok(0)
    }
}

fn slash_order<R: Read + Seek>(input: R, name: &str) -> Result<Option<SlashOrder>, PriceError> {
    let mut sheet = Sheet::open(input, name)?;
    let mut slashes = Slashes::default();
    while sheet.read()? {
        if let Some(text) = sheet.date_text() {
            let read = slashes.read(sheet.written(text)?, text, sheet.line);
            read.map_err(|other| mixed_dates(name, sheet.line, text, other))?;
        }
    }
    let order = slashes.order();
    order.map_err(|seen| PriceError::AmbiguousDate {
        name: name.to_owned(),
        line: seen.line,
        text: seen.text.clone(),
        month_first: seen.value[0],
        day_first: seen.value[1],
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{super::read_csv, *};

    fn check(text: &str) -> Result<BarFile<Cursor<Vec<u8>>>, PriceError> {
        BarFile::check(Cursor::new(text.as_bytes().to_vec()), "dir/tsla.us.csv")
    }

    fn bars(text: &str) -> Vec<Bar> {
        let mut file = check(text).unwrap();
        let chunks = file.chunks(2).unwrap();
        chunks.flat_map(Result::unwrap).collect()
    }

    #[test]
    fn a_long_file_of_bars_keeps_every_column() {
        let text = "Date,Ticker,Open,High,Low,Close,Adj Close,Volume\n\
                    2015-01-05,A,1,3,0.5,2,1.5,100\n2015-01-02,A,0,,1,2,1.5,\n2015-01-02,B,1,1,1,,1,1\n";
        let mut file = check(text).unwrap();
        assert_eq!((file.rows_read(), file.rows_dropped()), (3, 1));
        assert_eq!((file.bars(), file.tickers()), (2, 1));
        let day = |d| NaiveDate::from_ymd_opt(2015, 1, d).unwrap();
        assert!(file.contains("A", day(5)) && !file.contains("A", day(6)));
        assert!(!file.contains("B", day(2)));
        let bars: Vec<Bar> = file.chunks(10).unwrap().flat_map(Result::unwrap).collect();
        let first = Bar {
            ticker: Arc::from("A"),
            date: day(5),
            open: Some(1.0),
            high: Some(3.0),
            low: Some(0.5),
            close: 2.0,
            adjusted_close: Some(1.5),
            volume: Some(100.0),
        };
        assert_eq!(bars[0], first);
        assert_eq!((bars[1].open, bars[1].high), (None, None));
    }

    #[test]
    fn bars_have_the_prices_that_the_book_of_the_same_file_has() {
        for text in [
            "date,A,B\n2015-01-02,1,2\n2015-01-05,3,\n2015-01-06,5,6\n",
            "symbol,date,price\nA,01/02/2015,1\nA,13/03/2015,2\nB,01/02/2015,3\n",
            "date;close;adj_close\n2015-01-02;5;4\n2015-01-05;5;\n",
        ] {
            let book = read_csv(text.as_bytes(), "dir/tsla.us.csv").unwrap();
            let bars = bars(text);
            let found = bars.iter().map(|bar| {
                let series = book.series(&bar.ticker).unwrap();
                series.close_on(bar.date) == Some(bar.adjusted_close.unwrap_or(bar.close))
            });
            assert!(found.into_iter().all(|same| same), "{text}");
            let prices: usize = book
                .tickers()
                .map(|ticker| book.series(ticker).unwrap().dates().len())
                .sum();
            assert_eq!(bars.len(), prices, "{text}");
        }
    }

    #[test]
    fn a_fault_on_any_line_is_found_before_a_bar_is_handed_out() {
        for (text, expected) in [
            (
                "date,A\n2015-01-02,1\nsoon,2\n",
                "line 3: `soon` is not a date; write it as 2015-01-31",
            ),
            (
                "date,A\n2015-01-31,1\n2015-01-05,2\n01/31/2015,3\n",
                "line 4: A has a second price for 2015-01-31 (the first is on line 2)",
            ),
            (
                "date,close,open\n2015-01-02,1,x\n",
                "line 2: `x` in column open is not a number",
            ),
            (
                "date,close,low\n2015-01-02,1,-1\n",
                "line 2: price -1 of tsla is not positive",
            ),
            (
                "date,close,volume\n2015-01-02,1,-1\n",
                "line 2: volume -1 of tsla is negative",
            ),
            (
                "date,A\n01/31/2015,1\n28/02/2015,3\n",
                "line 3: `28/02/2015` is a date only day first, and `01/31/2015` on line 2 only month first; write dates as 2015-01-31",
            ),
            (
                "date,A\n2015-01-02,1,2\n",
                "line 2: 3 cells where the header has 2",
            ),
        ] {
            let error = check(text).err().unwrap().to_string();
            assert_eq!(error, format!("dir/tsla.us.csv, {expected}"), "{text}");
        }
        assert!(matches!(check(""), Err(PriceError::Empty { .. })));
        assert!(matches!(
            check("date,A\n2015-01-02,\n"),
            Err(PriceError::NoCompleteRow { dropped: 1, .. })
        ));
    }
}
