//! The words of the grammar: names of metrics, and words that shape a sentence.

use super::{cursor::Cursor, value_at_risk::take_value_at_risk, word};
use crate::metric::Metric;

/// What a phrase asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Metric(Metric),
    /// The correlation matrix, which every comparison has.
    Correlation,
    EveryMetric,
}

/// Phrases in stemmed words. The longest that matches wins.
const PHRASES: &[(&[&str], Asked)] = {
    use Asked::{Correlation, EveryMetric, Metric as M};
    use Metric::{
        Alpha, Beta, Cagr, Cvar95, ExcessKurtosis, MaxDrawdown, Sharpe, Skew, Sortino, TotalReturn,
        Volatility,
    };
    &[
        (&["total", "return"], M(TotalReturn)),
        (&["cumulative", "return"], M(TotalReturn)),
        (&["overall", "return"], M(TotalReturn)),
        (&["return"], M(TotalReturn)),
        (&["performance"], M(TotalReturn)),
        (&["total", "gain"], M(TotalReturn)),
        (&["gain"], M(TotalReturn)),
        (&["growth"], M(TotalReturn)),
        (&["cumulative", "growth"], M(TotalReturn)),
        (&["cagr"], M(Cagr)),
        (&["growth", "rate"], M(Cagr)),
        (&["annualised", "return"], M(Cagr)),
        (&["annualised", "growth"], M(Cagr)),
        (&["annualised", "growth", "rate"], M(Cagr)),
        (&["compound", "return"], M(Cagr)),
        (&["compound", "growth"], M(Cagr)),
        (&["compound", "growth", "rate"], M(Cagr)),
        (&["compound", "annualised", "return"], M(Cagr)),
        (&["compound", "annualised", "growth"], M(Cagr)),
        (&["compound", "annualised", "growth", "rate"], M(Cagr)),
        (&["volatility"], M(Volatility)),
        (&["annualised", "volatility"], M(Volatility)),
        (&["risk"], M(Volatility)),
        (&["standard", "deviation"], M(Volatility)),
        (&["std", "dev"], M(Volatility)),
        (&["stdev"], M(Volatility)),
        (&["std"], M(Volatility)),
        (&["sharpe"], M(Sharpe)),
        (&["sharpe", "ratio"], M(Sharpe)),
        (&["annualised", "sharpe"], M(Sharpe)),
        (&["annualised", "sharpe", "ratio"], M(Sharpe)),
        (&["risk", "adjusted", "return"], M(Sharpe)),
        (&["risk", "adjusted", "performance"], M(Sharpe)),
        (&["sortino"], M(Sortino)),
        (&["sortino", "ratio"], M(Sortino)),
        (&["annualised", "sortino"], M(Sortino)),
        (&["annualised", "sortino", "ratio"], M(Sortino)),
        (&["drawdown"], M(MaxDrawdown)),
        (&["max", "drawdown"], M(MaxDrawdown)),
        (&["mdd"], M(MaxDrawdown)),
        (&["peak", "to", "trough"], M(MaxDrawdown)),
        (&["peak", "to", "trough", "decline"], M(MaxDrawdown)),
        (&["peak", "to", "trough", "fall"], M(MaxDrawdown)),
        (&["peak", "to", "trough", "loss"], M(MaxDrawdown)),
        (&["expected", "shortfall"], M(Cvar95)),
        (&["skew"], M(Skew)),
        (&["kurtosis"], M(ExcessKurtosis)),
        (&["excess", "kurtosis"], M(ExcessKurtosis)),
        (&["fat", "tail"], M(ExcessKurtosis)),
        (&["beta"], M(Beta)),
        (&["market", "beta"], M(Beta)),
        (&["alpha"], M(Alpha)),
        (&["annualised", "alpha"], M(Alpha)),
        (&["jensen", "alpha"], M(Alpha)),
        (&["correlation"], Correlation),
        (&["correlation", "matrix"], Correlation),
        (&["all", "metric"], EveryMetric),
        (&["all", "the", "metric"], EveryMetric),
        (&["every", "metric"], EveryMetric),
        (&["each", "metric"], EveryMetric),
        (&["metric"], EveryMetric),
    ]
};

/// Words that shape a sentence and ask for nothing by themselves. Superlatives are among them because an answer states
/// both ends of every ranking; negations are not, since they would change the answer.
const SHAPING: &[&str] = &[
    ",",
    ".",
    "-",
    "compare",
    "compared",
    "comparing",
    "comparison",
    "contrast",
    "rank",
    "ranked",
    "ranking",
    "rankings",
    "show",
    "shows",
    "showed",
    "give",
    "gives",
    "tell",
    "list",
    "display",
    "print",
    "report",
    "compute",
    "calculate",
    "find",
    "get",
    "see",
    "look",
    "analyse",
    "analyze",
    "evaluate",
    "assess",
    "measure",
    "let",
    "lets",
    "us",
    "want",
    "would",
    "like",
    "could",
    "can",
    "you",
    "please",
    "i",
    "me",
    "my",
    "know",
    "need",
    "about",
    "do",
    "does",
    "did",
    "how",
    "which",
    "what",
    "who",
    "whose",
    "one",
    "is",
    "are",
    "was",
    "were",
    "be",
    "been",
    "has",
    "have",
    "had",
    "having",
    "the",
    "a",
    "an",
    "of",
    "for",
    "on",
    "by",
    "with",
    "using",
    "assuming",
    "given",
    "at",
    "according",
    "terms",
    "it",
    "its",
    "their",
    "them",
    "they",
    "these",
    "those",
    "both",
    "stock",
    "stocks",
    "share",
    "shares",
    "ticker",
    "tickers",
    "symbol",
    "symbols",
    "company",
    "companies",
    "firm",
    "firms",
    "asset",
    "assets",
    "security",
    "securities",
    "equity",
    "equities",
    "and",
    "or",
    "vs",
    "versus",
    "v",
    "than",
    "as",
    "well",
    "among",
    "amongst",
    "between",
    "delivered",
    "produced",
    "earned",
    "suffered",
    "experienced",
    "saw",
    "posted",
    "recorded",
    "offered",
    "achieved",
    "generated",
    "best",
    "worst",
    "better",
    "worse",
    "highest",
    "lowest",
    "higher",
    "lower",
    "largest",
    "smallest",
    "larger",
    "smaller",
    "biggest",
    "bigger",
    "greatest",
    "greater",
    "least",
    "most",
    "more",
    "less",
    "deepest",
    "deeper",
    "shallowest",
    "mildest",
    "strongest",
    "weakest",
    "steepest",
    "top",
    "bottom",
    "max",
    "maximum",
    "min",
    "minimum",
];

/// Words that must have something after them.
pub const JOINING: &[&str] = &["and", "or", "vs", "versus", "v", "of", "than"];

pub fn is_shaping(lower: &str) -> bool {
    SHAPING.contains(&lower)
}

/// Every word of the grammar, for suggestions.
pub fn known_words() -> impl Iterator<Item = &'static str> {
    let phrases = PHRASES
        .iter()
        .flat_map(|(phrase, _)| phrase.iter().copied());
    let clauses = [
        "from",
        "since",
        "until",
        "to",
        "in",
        "during",
        "before",
        "after",
        "against",
        "benchmark",
        "risk",
        "free",
        "daily",
        "weekly",
        "monthly",
    ];
    phrases
        .chain(SHAPING.iter().copied())
        .chain(clauses)
        .filter(|word| word.len() > 3)
}

/// Whether a word means something in a sentence, alone or in a phrase, in any of its forms.
pub fn is_word(lower: &str) -> bool {
    const SHORT: [&str; 10] = ["rf", "to", "in", "at", "on", "by", "as", "is", "vs", "v"];
    let phrases = || PHRASES.iter().flat_map(|(phrase, _)| phrase.iter());
    SHORT.contains(&lower)
        || JOINING.contains(&lower)
        || known_words().any(|word| word == lower)
        || phrases().any(|word| *word == lower || *word == stem(lower))
        || ["all", "every", "each", "everything"].contains(&lower)
}

/// The metric that a text names, if it names one and nothing else.
pub fn metric_named(text: &str) -> Option<Metric> {
    let words = word::words(text, &|_| false);
    let mut cursor = Cursor::new(&words);
    cursor.take(&["max", "maximum", "worst"]);
    let asked = take_asked(&mut cursor).or_else(|| {
        cursor = Cursor::new(&words);
        take_asked(&mut cursor)
    })?;
    match asked {
        Asked::Metric(metric) if cursor.peek().is_none() => Some(metric),
        _ => None,
    }
}

/// Steps over the longest phrase at the cursor that asks for something.
pub fn take_asked(cursor: &mut Cursor<'_>) -> Option<Asked> {
    if let Some(metric) = take_value_at_risk(cursor) {
        return Some(Asked::Metric(metric));
    }
    let stems: Vec<&str> = cursor
        .rest()
        .iter()
        .take(4)
        .map(|word| stem(&word.lower))
        .collect();
    let matching = PHRASES
        .iter()
        .filter(|(phrase, _)| stems.starts_with(phrase));
    let (phrase, asked) = matching.max_by_key(|(phrase, _)| phrase.len())?;
    cursor.skip(phrase.len());
    Some(*asked)
}

/// Folds plurals, spellings and adjectives of the words in phrases.
fn stem(lower: &str) -> &str {
    match lower {
        "ratios" => "ratio",
        "returns" | "returned" => "return",
        "perform" | "performs" | "performed" | "performing" | "performer" | "performers"
        | "performances" | "outperform" | "outperformed" => "performance",
        "gains" | "gained" => "gain",
        "grew" | "grow" | "grown" => "growth",
        "rates" => "rate",
        "cagrs" => "cagr",
        "drawdowns" => "drawdown",
        "maximum" | "maximal" | "maximums" => "max",
        "volatilities" | "vol" | "vols" | "volatile" | "riskiest" | "riskier" | "risky"
        | "safest" | "safer" | "safe" => "volatility",
        "risks" => "risk",
        "deviations" => "deviation",
        "sharpes" => "sharpe",
        "sortinos" => "sortino",
        "annual" | "annualized" | "yearly" => "annualised",
        "compounded" => "compound",
        "betas" => "beta",
        "alphas" => "alpha",
        "skewness" | "skews" | "skewed" | "asymmetry" => "skew",
        "tails" => "tail",
        "correlations" | "correlated" | "correlate" => "correlation",
        "metrics" | "measures" | "statistics" | "stats" | "figures" => "metric",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_go_by_many_names() {
        for (text, metric) in [
            ("Sharpe ratios", Metric::Sharpe),
            ("risk-adjusted returns", Metric::Sharpe),
            ("worst drawdown", Metric::MaxDrawdown),
            ("Maximum Drawdown", Metric::MaxDrawdown),
            ("annualized return", Metric::Cagr),
            ("compound annual growth rate", Metric::Cagr),
            ("returns", Metric::TotalReturn),
            ("risk", Metric::Volatility),
            ("value at risk", Metric::Var95),
            ("VaR at the 95% confidence level", Metric::Var95),
            ("95% VaR", Metric::Var95),
            ("parametric VaR", Metric::Var95Normal),
            ("var_95_normal", Metric::Var95Normal),
            ("conditional value at risk", Metric::Cvar95),
            ("CVaR 95", Metric::Cvar95),
            ("expected shortfall", Metric::Cvar95),
            ("skewness", Metric::Skew),
            ("excess_kurtosis", Metric::ExcessKurtosis),
            ("Jensen's alpha", Metric::Alpha),
        ] {
            assert_eq!(metric_named(text), Some(metric), "{text}");
        }
        for metric in Metric::ALL {
            assert_eq!(metric_named(metric.key()), Some(metric));
            assert_eq!(metric_named(metric.label()), Some(metric));
        }
    }

    #[test]
    fn what_is_not_computed_is_no_metric() {
        for text in [
            "VaR 99",
            "average return",
            "ratio",
            "downside risk",
            "Sharpe and Sortino",
            "",
        ] {
            assert_eq!(metric_named(text), None, "{text}");
        }
    }
}
