//! Data sets as jobs make them: what is ordered, the shards it is cut into, and what comes of them.

mod integrity;
mod judgement;
mod manifest;
mod order;
mod shard;

pub use judgement::judge;
pub use manifest::{Manifest, SetReport, stems};
pub use order::{Order, admit, schema};
pub use shard::{Press, PressError, Shard, ShardFile, ShardReport, ending, media_type, shards};
