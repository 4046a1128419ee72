//! Comparisons through the program, held against figures that other people's libraries computed.

use std::{fs, path::PathBuf, process::Command};

use serde_json::{Value, json};

const TICKERS: [&str; 4] = ["AAPL", "MSFT", "GOOGL", "TSLA"];
const RELATIVE_MAX: f64 = 1e-9;
const ABSOLUTE_MAX: f64 = 1e-12;
/// The truth file prints correlations with 12 digits.
const CORRELATION_MAX: f64 = 1e-11;

/// A file of test data that is not part of this repository; `None` with a word on stderr where it is absent.
fn data(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/data/market"
    ))
    .join(name);
    if !path.exists() {
        eprintln!("skipped: {} is absent", path.display());
        return None;
    }
    Some(path)
}

fn truth() -> Option<Value> {
    let text = fs::read_to_string(data("ground_truth_full_2015_2022.json")?).unwrap();
    let truth: Value = serde_json::from_str(&text).unwrap();
    Some(truth["windows"]["full_2015_2022"].clone())
}

fn compare(prices: &str, to: &str, percent: u32, benchmark: Option<&str>) -> Option<Value> {
    let prices = data(prices)?;
    let desk = tempfile::tempdir().unwrap();
    let mut input = json!({"tickers": TICKERS, "from": "2015-01-01", "to": to, "risk_free": f64::from(percent) / 100.0});
    if let Some(benchmark) = benchmark {
        input["benchmark"] = benchmark.into();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
    command
        .args([
            "run",
            "market.compare",
            "--json",
            "--input",
            &input.to_string(),
            "--prices",
        ])
        .arg(prices);
    let output = command
        .current_dir(desk.path())
        .env_clear()
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let job: Value = serde_json::from_slice(&output.stdout).unwrap();
    Some(job["result"].clone())
}

fn is_close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= (expected.abs() * RELATIVE_MAX).max(ABSOLUTE_MAX)
}

/// Keys of a result and of the truth file.
fn keys(percent: u32, with_benchmark: bool) -> Vec<(&'static str, String)> {
    let mut keys = vec![
        ("total_return", "total_return".to_owned()),
        ("cagr", "cagr_252".to_owned()),
        ("volatility", "vol_ann_simple_ddof1".to_owned()),
        (
            "sharpe",
            format!("sharpe_simple_ddof1_rf{percent}pct_rf_over_252"),
        ),
        (
            "sortino",
            format!("sortino_rms_all_n_rf{percent}pct_over_252"),
        ),
        ("max_drawdown", "max_drawdown_from_prices".to_owned()),
        ("var_95", "var_hist_95_linear_quantile".to_owned()),
        ("cvar_95", "cvar_hist_95_mean_le_var".to_owned()),
        ("var_95_normal", "var_param_normal_95_ddof1".to_owned()),
        ("skew", "skew_pandas_bias_corrected".to_owned()),
        (
            "excess_kurtosis",
            "excess_kurtosis_pandas_bias_corrected".to_owned(),
        ),
    ];
    if with_benchmark {
        keys.push(("beta", "beta_spx_ddof1".to_owned()));
        if percent == 0 {
            keys.push(("alpha", "alpha_ann_arith_x252_rf0".to_owned()));
        }
    }
    keys
}

fn check(result: &Value, truth: &Value, percent: u32, with_benchmark: bool) {
    for ticker in TICKERS {
        let (found, expected) = (&result["assets"][ticker], &truth["tickers"][ticker]);
        assert_eq!(found["periods"], expected["n_returns"], "{ticker}");
        for (key, of_truth) in [
            ("first_date", "first_date"),
            ("last_date", "last_date"),
            ("max_drawdown_peak", "mdd_peak_date"),
            ("max_drawdown_trough", "mdd_trough_date"),
        ] {
            assert_eq!(found[key], expected[of_truth], "{ticker} {key}");
        }
        for (key, of_truth) in keys(percent, with_benchmark) {
            let figures = found[key].as_f64().zip(expected[&of_truth].as_f64());
            let (figure, expected) =
                figures.unwrap_or_else(|| panic!("{ticker} {key} or {of_truth} is missing"));
            assert!(
                is_close(figure, expected),
                "{ticker} {key}: {figure}, expected {expected}"
            );
        }
        for other in TICKERS {
            let found = result["correlation"][ticker][other].as_f64().unwrap();
            let expected = truth["correlation_pearson_simple_returns"][ticker][other]
                .as_f64()
                .unwrap();
            assert!(
                (found - expected).abs() <= CORRELATION_MAX,
                "{ticker} {other}: {found}, expected {expected}"
            );
        }
    }
}

#[test]
fn adjusted_closes_with_a_benchmark_agree_at_every_rate() {
    let Some(truth) = truth() else { return };
    for percent in [0, 2, 5] {
        let prices = "wide_adjclose_with_spx_2015_2022.csv";
        let Some(result) = compare(prices, "2022-12-31", percent, Some("SPX")) else {
            return;
        };
        check(&result, &truth, percent, true);
        if percent == 0 {
            assert_eq!(result["ranking"]["sharpe"], truth["ranking_by_sharpe_rf0"]);
        }
    }
}

#[test]
fn a_long_file_without_a_benchmark_agrees() {
    let Some(truth) = truth() else { return };
    let Some(result) = compare("big_tech_4_ohlcv_2015_2022.csv", "2022-12-28", 0, None) else {
        return;
    };
    check(&result, &truth, 0, false);
    for ticker in TICKERS {
        let asset = &result["assets"][ticker];
        assert!(
            asset["beta"].is_null() && asset["alpha"].is_null(),
            "{asset}"
        );
    }
}
