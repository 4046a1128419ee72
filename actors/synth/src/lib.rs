//! Synthetic finance data: customers, merchants and transactions that follow a country's figures, with labelled fraud.
//!
//! A value is a function of the seed and of where it stands, so that any range of rows can be made alone, by any number of
//! threads, with the same bytes. Nothing here reads files, clocks or the network.

mod amount;
mod block;
mod calendar;
mod clock;
mod column;
mod columnar;
mod customer;
mod dataset;
mod digits;
mod directory;
mod encode;
mod fit;
mod identifier;
mod imitate;
mod locale;
mod merchant;
mod normal;
mod pack;
mod packer;
mod pick;
mod profile;
mod random;
mod refusal;
mod report;
mod request;
mod roles;
mod roster;
mod spec;
mod tally;
mod transaction;
mod typology;

pub use column::{Column, Kind, columns};
pub use columnar::{ColumnarError, Writer as ParquetWriter};
pub use dataset::{Manifest, Press, PressError, SetReport, ShardFile, ending, media_type};
pub use encode::{Batch, Cancelled, Texts, Values, batch, encode, header};
pub use fit::{CSV_BYTES_MAX, SAMPLE_ROWS_MIN, Sample, fit};
pub use imitate::{IMITATION_ROWS_MAX, Imitation};
pub use pack::{DATASET, FIT, SynthPack};
pub use packer::packed;
pub use profile::Profile;
pub use refusal::{Refusal, RefusalCode};
pub use request::{
    Accepted, Compression, Entity, FRAUD_RATE_MAX, Format, MERCHANTS_MAX, PERIOD_DAYS_MAX,
    ROWS_MAX, Request,
};
pub use roles::Portrait;
pub use spec::{BLOCK_ROWS, CUSTOMERS_PER_BLOCK, GENERATOR_VERSION, Spec, customers_of};
pub use tally::{AMOUNT_BINS, BINS_PER_DECADE, Part, Tally};
pub use typology::Typology;
