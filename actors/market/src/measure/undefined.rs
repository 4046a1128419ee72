//! Why a figure has no value.

/// A figure, or the reason why the prices give none.
pub type Figure = Result<f64, Undefined>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undefined {
    #[error("no benchmark was given")]
    NoBenchmark,
    #[error("the benchmark's returns do not vary")]
    FlatBenchmark,
    #[error("the returns do not vary")]
    FlatReturns,
    #[error("no return fell short of the risk-free rate")]
    NoShortfall,
    #[error("at least {0} returns are needed")]
    TooFewReturns(usize),
    #[error("the value exceeds the range of a double")]
    OutOfRange,
}

/// Lets only numbers through that JSON can hold.
pub(super) fn finite(value: f64) -> Figure {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(Undefined::OutOfRange)
    }
}
