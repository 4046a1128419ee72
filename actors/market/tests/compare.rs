//! `market.compare` from submission to result, in a house of its own.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::{fs, path::PathBuf, rc::Rc, sync::Arc, time::Duration};

use callboard_market::{COMPARE, MarketPack, PriceBook, Supply, embedded, read_csv};
use callboard_orchestra::{
    Claim, FactId, House, HouseSpec, Kind, Listening, Outcome, Pack, Payload, Ports, Role,
    RoleContext, RoleSpec, Submission, SubmitError, Tenant,
    artifact::{Artifacts, MemoryArtifacts},
    catalog::Catalog,
    journal::{JobRow, MemoryJournal},
    saga,
};
use callboard_runtime::testing;
use serde::Serialize;
use serde_json::{Value, json};

const RUN_TIME_MAX: Duration = Duration::from_secs(600);

struct Ended {
    row: Arc<JobRow>,
    chart: Option<String>,
}

impl Ended {
    fn result(&self) -> Value {
        let result = self
            .row
            .result
            .as_ref()
            .unwrap_or_else(|| panic!("no result: {:?}", self.row.failure));
        result.read().unwrap()
    }
}

fn run(pack: impl Pack, input: &Value) -> Result<Ended, SubmitError> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let submission = Submission::new(COMPARE, Payload::of(input).unwrap());
    testing::universe(move |universe| async move {
        let artifacts = Arc::new(MemoryArtifacts::default());
        let ports = Ports {
            journal: Arc::new(MemoryJournal::default()),
            artifacts: artifacts.clone(),
            fenced: Arc::new(|| panic!("a memory journal is never fenced")),
            ended: None,
        };
        let catalog = Catalog::of(&[Arc::new(pack) as Arc<dyn Pack>]).unwrap();
        let house = House::start(&universe, catalog, ports, &HouseSpec::default());
        let submitted = match house.coordinator.submit(submission).await {
            Ok(submitted) => submitted,
            Err(error) => return sender.send(Err(error)).unwrap(),
        };
        let tenant = Tenant::default();
        let row = house
            .coordinator
            .finished(
                &tenant,
                submitted.row.id,
                RUN_TIME_MAX,
                Listening::default(),
            )
            .await
            .unwrap()
            .unwrap();
        let inspection = house
            .coordinator
            .inspect(&tenant, row.id)
            .await
            .unwrap()
            .unwrap();
        let chart = match inspection.job.artifacts.first() {
            Some((_, artifact)) => artifacts.get(&artifact.sha256).await.unwrap(),
            None => None,
        };
        let chart = chart.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        sender.send(Ok(Ended { row, chart })).unwrap();
    });
    receiver.recv().unwrap()
}

fn compare(book: PriceBook, input: &Value) -> Ended {
    run(MarketPack::new(book), input).unwrap_or_else(|error| panic!("{input}: {error}"))
}

fn shared(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/market"
    ))
    .join(name);
    fs::read(&path)
        .inspect_err(|error| eprintln!("skipped: {} cannot be read ({error})", path.display()))
        .ok()
}

#[test]
fn a_comparison_survives_the_ordeal() {
    let pack: Arc<dyn Pack> = Arc::new(MarketPack::new(embedded()));
    saga::ordeal(
        &pack,
        COMPARE,
        &json!({"query": "Which of AMZN or IBM had the worst drawdown since 2005?"}),
    );
}

#[test]
fn a_comparison_that_keeps_its_prices_survives_the_ordeal() {
    let pack: Arc<dyn Pack> = Arc::new(MarketPack::new(Supply::changing(embedded())));
    saga::ordeal(
        &pack,
        COMPARE,
        &json!({"query": "Sharpe of AMZN and IBM since 2005"}),
    );
}

#[test]
fn prices_that_a_job_keeps_give_the_result_that_the_book_gives() {
    let input = json!({"query": "Compare AAPL and GOOG against IBM from Mar 2005 to Jun 2005"});
    let of_book = compare(embedded(), &input).result();
    let kept = run(MarketPack::new(Supply::changing(embedded())), &input);
    let kept = kept.unwrap_or_else(|error| panic!("{error}")).result();
    for key in [
        "assets",
        "conventions",
        "correlation",
        "notes",
        "ranking",
        "summary",
    ] {
        assert_eq!(kept[key], of_book[key], "{key}");
    }
}

#[test]
fn a_query_on_the_embedded_data_gives_a_report_that_rests_on_verified_facts() {
    let ended = compare(
        embedded(),
        &json!({"query": "Compare Sharpe ratios of AAPL, MSFT and GOOG from 2005 to 2009"}),
    );
    let result = ended.result();
    let keys: Vec<&String> = result.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "assets",
            "conventions",
            "correlation",
            "facts",
            "notes",
            "ranking",
            "summary"
        ]
    );
    let aapl = result["assets"]["AAPL"].as_object().unwrap();
    let expected = [
        "alpha",
        "beta",
        "cagr",
        "cvar_95",
        "excess_kurtosis",
        "first_date",
        "last_date",
        "max_drawdown",
        "max_drawdown_peak",
        "max_drawdown_trough",
        "periods",
        "sharpe",
        "skew",
        "sortino",
        "total_return",
        "var_95",
        "var_95_normal",
        "volatility",
    ];
    assert_eq!(aapl.keys().collect::<Vec<_>>(), expected);
    assert_eq!(
        (&aapl["periods"], &aapl["first_date"], &aapl["beta"]),
        (&json!(59), &json!("2005-01-01"), &Value::Null)
    );
    assert_eq!(
        result["ranking"],
        json!({"sharpe": ["AAPL", "GOOG", "MSFT"]})
    );
    assert_eq!(result["conventions"]["periods_per_year"], 12.0);
    assert_eq!(
        result["correlation"]["AAPL"]["GOOG"],
        result["correlation"]["GOOG"]["AAPL"]
    );
    assert!(
        result["summary"]
            .as_str()
            .unwrap()
            .contains("AAPL had the highest Sharpe ratio"),
        "{}",
        result["summary"]
    );
    assert_eq!(
        result["notes"].as_array().unwrap().len(),
        2,
        "one note each for alpha and beta: {}",
        result["notes"]
    );

    let facts = result["facts"].as_array().unwrap();
    assert_eq!(facts.len(), 3 * 18 + 6);
    assert!(
        facts
            .iter()
            .all(|fact| fact["standing"] == "verified" && fact["method"].is_string())
    );
    let sharpe = facts
        .iter()
        .find(|fact| fact["figures"] == json!([["assets", "AAPL", "sharpe"]]))
        .unwrap();
    let volatility = facts
        .iter()
        .find(|fact| fact["figures"] == json!([["assets", "AAPL", "volatility"]]))
        .unwrap();
    assert_eq!(sharpe["derived_from"], json!([volatility["id"]]));
    assert_eq!(sharpe["value"], aapl["sharpe"]);
    assert!(ended.chart.unwrap().starts_with("<svg "));
}

#[test]
fn a_series_that_never_moves_has_null_figures_with_notes() {
    let text = "date,FLAT,UP\n2015-01-05,5,1\n2015-01-06,5,2\n2015-01-07,5,3\n2015-01-08,5,5\n";
    let book = read_csv(text.as_bytes(), "flat.csv").unwrap();
    let result = compare(
        book,
        &json!({"tickers": ["FLAT", "UP"], "benchmark": "FLAT"}),
    )
    .result();
    for key in [
        "sharpe",
        "sortino",
        "skew",
        "excess_kurtosis",
        "beta",
        "alpha",
        "max_drawdown_peak",
    ] {
        assert_eq!(result["assets"]["FLAT"][key], Value::Null, "{key}");
    }
    assert_eq!(result["assets"]["FLAT"]["volatility"], 0.0);
    assert_eq!(result["correlation"]["FLAT"]["UP"], Value::Null);
    assert_eq!(result["ranking"]["sharpe"], json!(["UP"]));
    assert_eq!(result["ranking"]["volatility"], json!(["FLAT", "UP"]));
    let notes = result["notes"].to_string();
    assert!(
        notes.contains("sharpe of FLAT has no value: the returns do not vary"),
        "{notes}"
    );
}

#[test]
fn the_whole_job_agrees_with_the_ground_truth() {
    let files = [
        "wide_adjclose_with_spx_2015_2022.csv",
        "ground_truth_full_2015_2022.json",
    ]
    .map(shared);
    let [Some(prices), Some(truth)] = files else {
        return;
    };
    let truth: Value = serde_json::from_slice(&truth).unwrap();
    let truth = &truth["windows"]["full_2015_2022"];
    let input = json!({"tickers": ["AAPL", "MSFT", "GOOGL", "TSLA"], "from": "2015-01-01", "to": "2022-12-31", "risk_free": 0.0, "benchmark": "SPX"});
    let result = compare(read_csv(prices.as_slice(), "wide").unwrap(), &input).result();
    assert_eq!(result["ranking"]["sharpe"], truth["ranking_by_sharpe_rf0"]);
    for (ticker, known) in truth["tickers"].as_object().unwrap() {
        for (key, name) in [
            ("periods", "n_returns"),
            ("total_return", "total_return"),
            ("cagr", "cagr_252"),
            ("volatility", "vol_ann_simple_ddof1"),
            ("sharpe", "sharpe_simple_ddof1_rf0pct_rf_over_252"),
            ("sortino", "sortino_rms_all_n_rf0pct_over_252"),
            ("max_drawdown", "max_drawdown_from_prices"),
            ("var_95", "var_hist_95_linear_quantile"),
            ("cvar_95", "cvar_hist_95_mean_le_var"),
            ("var_95_normal", "var_param_normal_95_ddof1"),
            ("skew", "skew_pandas_bias_corrected"),
            ("excess_kurtosis", "excess_kurtosis_pandas_bias_corrected"),
            ("beta", "beta_spx_ddof1"),
            ("alpha", "alpha_ann_arith_x252_rf0"),
        ] {
            let (found, known) = (
                result["assets"][ticker][key].as_f64().unwrap(),
                known[name].as_f64().unwrap(),
            );
            assert!(
                (found - known).abs() <= (known.abs() * 1e-9).max(1e-12),
                "{ticker} {key}: {found} against {known}"
            );
        }
    }
}

#[test]
fn the_order_of_slash_dates_is_stated() {
    let prices = "date,A\n11/01/2016,1\n12/01/2016,2\n13/01/2016,3\n";
    let book = read_csv(prices.as_bytes(), "uk.csv").unwrap();
    let result = compare(book, &json!({"tickers": ["A"]})).result();
    assert_eq!(result["assets"]["A"]["first_date"], "2016-01-11");
    let stated = result["conventions"]["prices"].as_str().unwrap();
    assert!(
        stated.ends_with("; dates with slashes read day first"),
        "{stated}"
    );
}

#[test]
fn an_input_that_makes_no_sense_is_not_admitted() {
    for (input, code, field) in [
        (
            json!({"query": "Compare AAPL and GOOGL"}),
            "unknown_ticker",
            Some("query"),
        ),
        (
            json!({"tickers": ["AAPL"], "metrics": ["sharpe", "sharp"]}),
            "invalid_input",
            Some("metrics[1]"),
        ),
        (json!({"tickers": "AAPL"}), "invalid_input", Some("tickers")),
        (
            json!(["Compare AAPL and MSFT", null]),
            "invalid_input",
            None,
        ),
        (
            json!({"tickers": ["AAPL"], "form": "2005"}),
            "invalid_input",
            Some("form"),
        ),
    ] {
        match run(MarketPack::new(embedded()), &input) {
            Err(SubmitError::Invalid(invalid)) => {
                assert_eq!(
                    (invalid.code, invalid.field.as_deref()),
                    (code, field),
                    "{input}: {invalid}"
                );
            }
            Err(other) => panic!("{input}: {other}"),
            Ok(_) => panic!("{input} is admitted"),
        }
    }
}

/// The market pack with an analyst that claims a Sharpe ratio out of thin air.
struct Fraud(MarketPack);

struct Fabulist;

#[derive(Serialize)]
struct Tale {
    entries: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    figure: [String; 3],
    fact: FactId,
}

impl Role for Fabulist {
    const NAME: &'static str = "market.analyst";
    type Task = Value;
    type Product = Tale;

    async fn perform(self: Rc<Self>, task: Value, ctx: RoleContext) -> Outcome<Tale> {
        let ticker = task["ticker"].as_str().unwrap().to_owned();
        let fact = ctx.claim(Claim {
            statement: "too good".to_owned(),
            value: json!(9.5),
            unit: "ratio".to_owned(),
            source: "thin air".to_owned(),
            derived_from: vec![],
        });
        Outcome::Done(Tale {
            entries: vec![Line {
                figure: ["assets".to_owned(), ticker, "sharpe".to_owned()],
                fact,
            }],
        })
    }
}

impl Pack for Fraud {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn kinds(&self) -> Vec<Kind> {
        self.0.kinds()
    }

    fn roles(&self) -> Vec<RoleSpec> {
        let honest = self
            .0
            .roles()
            .into_iter()
            .filter(|role| role.name() != Fabulist::NAME);
        honest.chain([RoleSpec::new(|| Fabulist)]).collect()
    }
}

#[test]
fn a_claim_that_is_wrong_fails_the_job_with_the_reason() {
    let ended = run(
        Fraud(MarketPack::new(embedded())),
        &json!({"query": "Sharpe of AAPL"}),
    )
    .unwrap_or_else(|error| panic!("{error}"));
    let failure = ended
        .row
        .failure
        .clone()
        .expect("a refuted claim fails the job");
    assert!(
        failure
            .message
            .contains("1 claims were refuted: sharpe is claimed to be 9.5"),
        "{failure:?}"
    );
    assert!(failure.message.contains("gives 0."), "{failure:?}");
}
