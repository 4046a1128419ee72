//! Where the server gets its prices: what was imported, a provider over HTTP, or the embedded data.

mod cache;
mod http;
mod supply;
mod template;

pub use http::HttpPrices;
pub use supply::supply;
pub use template::{TemplateError, UrlTemplate};
