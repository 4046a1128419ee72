//! Countries as data: the files under `locales/`, read once and compiled into tables to draw from.

mod file;
mod tables;

pub use file::Payee;
pub use tables::{Category, Locale};
