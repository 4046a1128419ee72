//! Prices of the market pack: imported, fetched, embedded.

mod import;
mod outage;
mod provider;
mod vendor;
