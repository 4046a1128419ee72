//! Answers that are kept for whoever asks the same.

mod answers;

pub use answers::{AnswerCache, Key};
