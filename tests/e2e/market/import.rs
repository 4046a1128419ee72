//! `callboard market import`, and what is compared after it.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::vendor::closes;
use crate::cli::desk::{Desk, Ended, Serving};

const QUERY: &str = "Compare Sharpe ratios and drawdowns of AA and BB";
const KEYS: [&str; 5] = ["assets", "correlation", "notes", "ranking", "summary"];

/// A long file of bars, the adjusted close a tenth of the close.
fn bars(tickers: &[(&str, u32)]) -> String {
    let mut text = "date,ticker,open,high,low,close,adj close,volume\n".to_owned();
    for (ticker, seed) in tickers {
        for (day, adjusted) in closes(*seed) {
            let close = adjusted * 10.0;
            text.push_str(&format!(
                "{day},{ticker},{close},{close},{close},{close},{adjusted},1000\n"
            ));
        }
    }
    text
}

fn import(desk: &Desk, more: &[&str]) -> Ended {
    desk.run(&[&["market", "import"], more].concat())
}

#[track_caller]
fn compared(desk: &Desk, more: &[&str]) -> Value {
    let ended = desk.run(&[&["run", "market.compare", QUERY, "--json"], more].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.json()["result"].clone()
}

fn sha256(path: &Path) -> String {
    use sha2::Digest;
    let hash = sha2::Sha256::digest(fs::read(path).unwrap());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn imported_prices_are_compared_next_and_facts_name_the_file_and_its_hash() {
    let desk = Desk::new();
    desk.write("two.csv", &bars(&[("AA", 1), ("BB", 2)]));
    let of_file = compared(&desk, &["--prices", "two.csv"]);
    let imported = import(&desk, &["two.csv", "--source", "vendor"]);
    assert_eq!(
        imported.stdout,
        "two.csv imported into source vendor: 240 rows read, 240 kept, 0 dropped; 240 prices of 2 tickers, 0 of them updated\n",
        "{imported:?}"
    );
    let here = compared(&desk, &[]);
    let server = Serving::start(&desk);
    let there = desk.run(&[
        "submit",
        "market.compare",
        QUERY,
        "--wait",
        "--json",
        "--server",
        &server.url,
    ]);
    let there = there.json()["result"].clone();
    for result in [&here, &there] {
        for key in KEYS {
            assert_eq!(result[key], of_file[key], "{key}");
        }
        let source = format!(
            ": vendor (two.csv, sha256 {})",
            sha256(&desk.path().join("two.csv"))
        );
        for fact in result["facts"].as_array().unwrap() {
            assert!(
                fact["source"].as_str().unwrap().ends_with(&source),
                "{fact}"
            );
        }
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn importing_again_updates_and_replacing_leaves_nothing_of_before() {
    let desk = Desk::new();
    desk.write("p.csv", &bars(&[("AA", 1), ("BB", 2)]));
    assert_eq!(import(&desk, &["p.csv"]).code, Some(0));
    desk.write("p.csv", &bars(&[("BB", 3), ("CC", 4)]));
    let second = import(&desk, &["p.csv"]);
    assert!(
        second.stdout.ends_with("120 of them updated\n"),
        "{second:?}"
    );
    let merged = compared(&desk, &[]);
    desk.write("both.csv", &bars(&[("AA", 1), ("BB", 3)]));
    assert_eq!(
        merged["assets"],
        compared(&desk, &["--prices", "both.csv"])["assets"]
    );

    assert_eq!(import(&desk, &["p.csv", "--replace"]).code, Some(0));
    let gone = desk.run(&["run", "market.compare", "Sharpe of AA"]);
    assert!(
        gone.refused(2).contains("the price data has BB, CC"),
        "{gone:?}"
    );
}

#[test]
fn of_two_sources_with_one_ticker_the_one_imported_last_is_compared() {
    let desk = Desk::new();
    desk.write("one.csv", &bars(&[("AA", 1), ("BB", 2)]));
    desk.write("two.csv", &bars(&[("AA", 5)]));
    for file in ["one.csv", "two.csv", "one.csv", "two.csv"] {
        assert_eq!(import(&desk, &[file]).code, Some(0));
    }
    desk.write("both.csv", &bars(&[("AA", 5), ("BB", 2)]));
    let result = compared(&desk, &[]);
    assert_eq!(
        result["assets"],
        compared(&desk, &["--prices", "both.csv"])["assets"]
    );
    let prices = result["conventions"]["prices"].as_str().unwrap();
    assert!(
        prices.contains("two (two.csv, sha256 ") && prices.contains("one (one.csv, sha256 "),
        "{prices}"
    );
}

#[test]
fn a_file_with_a_fault_is_refused_on_one_line_and_writes_nothing() {
    let desk = Desk::new();
    desk.write("bad.csv", "date,AA\n2020-01-01,1\n2020-01-02,x\n");
    let refused = import(&desk, &["bad.csv"]);
    assert_eq!(
        refused.refused(2),
        "bad.csv, line 3: `x` in column AA is not a number"
    );
    assert!(
        import(&desk, &["absent.csv"])
            .refused(2)
            .contains("absent.csv")
    );
    assert!(!desk.path().join("callboard-data").exists());
}

#[test]
fn a_data_directory_that_a_server_owns_is_left_to_it() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    desk.write("two.csv", &bars(&[("AA", 1), ("BB", 2)]));
    let refused = import(&desk, &["two.csv"]);
    let line = refused.refused(2);
    assert!(
        line.contains(&format!("in use by process {}", server.process.id()))
            && line.contains("stop it, import, and start it again"),
        "{line}"
    );
    let embedded = desk.run(&["run", "market.compare", "Sharpe of IBM and MSFT", "--json"]);
    let result = &embedded.json()["result"];
    assert!(
        result["facts"][0]["source"]
            .as_str()
            .unwrap()
            .contains("vega_datasets")
    );
    assert_eq!(server.stop(), Some(0));
    assert_eq!(import(&desk, &["two.csv"]).code, Some(0));
}

#[test]
fn an_import_that_is_killed_is_left_out_until_it_is_made_again() {
    let desk = Desk::new();
    desk.write("whole.csv", &bars(&[("AA", 1)]));
    assert_eq!(import(&desk, &["whole.csv"]).code, Some(0));
    let mut long = "date,ticker,close\n".to_owned();
    let days = chrono::NaiveDate::from_ymd_opt(1900, 1, 1)
        .unwrap()
        .iter_days();
    for day in days.take(40_000) {
        long.push_str(&format!("{day},AA,1\n{day},BB,1\n"));
    }
    desk.write("long.csv", &long);
    let mut importing = desk
        .command(&["market", "import", "long.csv"])
        .spawn()
        .unwrap();
    // The first chunks are in the write-ahead log, and most are not.
    let log = desk.path().join("callboard-data/callboard.db-wal");
    while fs::metadata(&log).map_or(0, |log| log.len()) < 600_000 {
        assert!(
            importing.try_wait().unwrap().is_none(),
            "it ended before it was killed"
        );
        std::thread::yield_now();
    }
    importing.kill().unwrap();
    importing.wait().unwrap();

    let left_out = desk.run(&["run", "market.compare", "Sharpe of BB"]);
    assert_eq!(left_out.code, Some(2), "{left_out:?}");
    for part in [
        "warning: prices of source long are left out: the import of long.csv did not finish",
        "the price data has AA",
    ] {
        assert!(left_out.stderr.contains(part), "{part}: {left_out:?}");
    }
    let again = import(&desk, &["long.csv"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(!again.stdout.contains(" 0 of them updated"), "{again:?}");
    let whole = desk.run(&["run", "market.compare", "Sharpe of BB since 2000", "--json"]);
    assert_eq!(whole.code, Some(0), "{whole:?}");
}

#[test]
fn an_imported_file_of_real_prices_gives_the_figures_of_the_file() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/data/market/big_tech_4_ohlcv_2015_2022.csv"
    );
    if !Path::new(path).exists() {
        eprintln!("skipped: {path} is absent");
        return;
    }
    let desk = Desk::new();
    let run = |more: &[&str]| {
        let query = "all tickers from 2015 to 2022-12-28 with risk free 2%";
        let ended = desk.run(&[&["run", "market.compare", query, "--json"], more].concat());
        ended.json()["result"].clone()
    };
    let of_file = run(&["--prices", path]);
    let imported = import(&desk, &[path]);
    assert!(
        imported.stdout.contains("prices of 4 tickers"),
        "{imported:?}"
    );
    let result = run(&[]);
    for key in KEYS {
        assert_eq!(result[key], of_file[key], "{key}");
    }
    assert_eq!(result["conventions"]["risk_free"], json!(0.02));
}
