//! The formulas against figures computed by other people's libraries.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use super::{Sheet, correlation, simple_returns};
use crate::{
    metric::Metric,
    prices::{PriceBook, read_csv},
    recheck::{AssetAudit, Key},
    resolve::resolve,
    study::Study,
};

const TICKERS: [&str; 4] = ["AAPL", "MSFT", "GOOGL", "TSLA"];

/// A file of the shared test data, or `None` with a word on stderr where that data is absent.
fn shared(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/market"
    ))
    .join(name);
    match fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            eprintln!("skipped: {} cannot be read ({error})", path.display());
            None
        }
    }
}

fn truth() -> Option<Value> {
    let all: Value = serde_json::from_slice(&shared("ground_truth_full_2015_2022.json")?).unwrap();
    Some(all["windows"]["full_2015_2022"].clone())
}

fn key(metric: Metric, percent: u32) -> String {
    match metric {
        Metric::TotalReturn => "total_return".to_owned(),
        Metric::Cagr => "cagr_252".to_owned(),
        Metric::Volatility => "vol_ann_simple_ddof1".to_owned(),
        Metric::Sharpe => format!("sharpe_simple_ddof1_rf{percent}pct_rf_over_252"),
        Metric::Sortino => format!("sortino_rms_all_n_rf{percent}pct_over_252"),
        Metric::MaxDrawdown => "max_drawdown_from_prices".to_owned(),
        Metric::Var95 => "var_hist_95_linear_quantile".to_owned(),
        Metric::Cvar95 => "cvar_hist_95_mean_le_var".to_owned(),
        Metric::Var95Normal => "var_param_normal_95_ddof1".to_owned(),
        Metric::Skew => "skew_pandas_bias_corrected".to_owned(),
        Metric::ExcessKurtosis => "excess_kurtosis_pandas_bias_corrected".to_owned(),
        Metric::Beta => "beta_spx_ddof1".to_owned(),
        Metric::Alpha => "alpha_ann_arith_x252_rf0".to_owned(),
    }
}

fn check(book: &PriceBook, to: &str, benchmark: Option<&str>, percent: u32, truth: &Value) {
    let input = json!({"tickers": TICKERS, "from": "2015-01-01", "to": to, "risk_free": f64::from(percent) / 100.0, "benchmark": benchmark});
    let study = Study::open(
        book,
        resolve(serde_json::from_value(input).unwrap(), book).unwrap(),
    )
    .unwrap();
    for ticker in TICKERS {
        let expected = &truth["tickers"][ticker];
        let basis = study.basis(ticker).unwrap();
        let sheet = Sheet::of(basis).unwrap();
        let audit = AssetAudit::of(basis).unwrap();
        assert_eq!(expected["n_returns"], sheet.periods);
        assert_eq!(expected["first_date"], sheet.first_date.to_string());
        assert_eq!(expected["last_date"], sheet.last_date.to_string());
        let (peak, trough) = sheet.drawdown.unwrap();
        assert_eq!(expected["mdd_peak_date"], peak.to_string());
        assert_eq!(expected["mdd_trough_date"], trough.to_string());
        for (metric, figure) in &sheet.figures {
            if metric.needs_benchmark() && benchmark.is_none() {
                assert!(figure.is_err());
                continue;
            }
            let figure = figure.unwrap();
            assert!(
                audit.judge(Key::Figure(*metric), &figure.into()).is_ok(),
                "{ticker} {metric}"
            );
            if *metric == Metric::Alpha && percent > 0 {
                continue;
            }
            let name = key(*metric, percent);
            let known = expected[&name]
                .as_f64()
                .unwrap_or_else(|| panic!("the truth has no {name}"));
            let allowed = (known.abs() * 1e-9).max(1e-12);
            assert!(
                (figure - known).abs() <= allowed,
                "{ticker} {metric} at {percent}%: {figure} against {known}"
            );
        }
    }
}

#[test]
fn adjusted_closes_with_the_index_agree_at_three_rates() {
    let (Some(truth), Some(file)) = (truth(), shared("wide_adjclose_with_spx_2015_2022.csv"))
    else {
        return;
    };
    let book = read_csv(file.as_slice(), "wide").unwrap();
    for percent in [0, 2, 5] {
        check(&book, "2022-12-31", Some("SPX"), percent, &truth);
    }
}

#[test]
fn bars_of_several_tickers_agree_without_a_benchmark() {
    let (Some(truth), Some(file)) = (truth(), shared("big_tech_4_ohlcv_2015_2022.csv")) else {
        return;
    };
    let book = read_csv(file.as_slice(), "long").unwrap();
    for percent in [0, 2, 5] {
        check(&book, "2022-12-28", None, percent, &truth);
    }
}

#[test]
fn correlations_agree_to_the_digits_given() {
    let (Some(truth), Some(file)) = (truth(), shared("wide_adjclose_with_spx_2015_2022.csv"))
    else {
        return;
    };
    let book = read_csv(file.as_slice(), "wide").unwrap();
    for (a, row) in truth["correlation_pearson_simple_returns"]
        .as_object()
        .unwrap()
    {
        for (b, known) in row.as_object().unwrap() {
            let returns = |ticker: &str| simple_returns(book.series(ticker).unwrap().closes());
            let found = correlation(&returns(a), &returns(b)).unwrap();
            assert!((found - known.as_f64().unwrap()).abs() < 1e-11, "{a} {b}");
        }
    }
}
