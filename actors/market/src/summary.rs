//! The answer in one sentence.

use crate::{
    metric::{BestFirst, Metric},
    study::Study,
};

/// What is told when no metric is asked for.
const DEFAULT_METRICS: [Metric; 3] = [Metric::TotalReturn, Metric::Sharpe, Metric::MaxDrawdown];

/// Says who stands at either end of each ranking, and how two tickers move together when no metric is asked for. `ranked`
/// gives the tickers of a metric with their values, best first; `correlation` the correlation of two tickers.
pub fn summary(
    study: &Study,
    ranked: impl Fn(Metric) -> Vec<(String, f64)>,
    correlation: impl Fn(&str, &str) -> Option<f64>,
) -> String {
    let asked = &study.comparison().metrics;
    let metrics = if asked.is_empty() {
        &DEFAULT_METRICS[..]
    } else {
        asked
    };
    let (first, last) = study.span();
    let returns = study.panel().dates().len() - 1;
    let mut told: Vec<String> = metrics
        .iter()
        .map(|metric| told(*metric, &ranked(*metric)))
        .collect();
    if let ([a, b], true) = (study.comparison().tickers.as_slice(), asked.is_empty()) {
        told.extend(
            correlation(a, b).map(|value| format!("their returns had a correlation of {value:.2}")),
        );
    }
    let plural = if returns == 1 { "" } else { "s" };
    format!(
        "From {first} to {last} ({returns} {} return{plural}), {}.",
        study.frequency().name(),
        told.join("; ")
    )
}

fn told(metric: Metric, ranked: &[(String, f64)]) -> String {
    let (best, worst) = ends(metric);
    let label = metric.label();
    match ranked {
        [] => format!("{label} has no value"),
        [(only, value)] => format!("the {label} of {only} was {}", metric.shown(*value)),
        [(first, best_value), .., (last, worst_value)] => format!(
            "{first} had the {best} {label} ({}) and {last} the {worst} ({})",
            metric.shown(*best_value),
            metric.shown(*worst_value)
        ),
    }
}

/// Words for the first and the last of a ranking.
fn ends(metric: Metric) -> (&'static str, &'static str) {
    match metric.best_first() {
        BestFirst::Ascending => ("lowest", "highest"),
        BestFirst::Descending => ("highest", "lowest"),
        BestFirst::NearestZero => ("mildest", "worst"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{prices::embedded, resolve::resolve};

    fn summary_of(query: &str, ranked: &[(&str, f64)]) -> String {
        let book = embedded();
        let input = serde_json::from_value(serde_json::json!({"query": query})).unwrap();
        let study = Study::open(&book, resolve(input, &book).unwrap()).unwrap();
        let ranked = |_| {
            ranked
                .iter()
                .map(|(ticker, value)| ((*ticker).to_owned(), *value))
                .collect()
        };
        summary(&study, ranked, |_, _| Some(0.25))
    }

    #[test]
    fn both_ends_of_a_ranking_are_told() {
        assert_eq!(
            summary_of(
                "Which of AMZN or IBM had the worst drawdown from 2005 to 2009?",
                &[("IBM", -0.31), ("AMZN", -0.6)]
            ),
            "From 2005-01-01 to 2009-12-01 (59 monthly returns), IBM had the mildest max drawdown (-31.0%) and AMZN the worst (-60.0%)."
        );
    }

    #[test]
    fn two_tickers_without_a_metric_are_told_with_their_correlation() {
        let told = summary_of(
            "How correlated are AAPL and IBM?",
            &[("AAPL", 0.5), ("IBM", 0.25)],
        );
        assert!(
            told.ends_with("; their returns had a correlation of 0.25."),
            "{told}"
        );
    }

    #[test]
    fn one_ticker_or_none_with_a_value_is_told_too() {
        assert!(
            summary_of("Sharpe of IBM in 2008", &[("IBM", 0.5)])
                .ends_with("the Sharpe ratio of IBM was 0.50.")
        );
        assert!(summary_of("Sharpe of IBM in 2008", &[]).ends_with("Sharpe ratio has no value."));
    }
}
