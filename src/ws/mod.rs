//! Streams of events over websocket and SSE. Both are fed alike: from the journal until caught up, then live.

mod bare;
mod cursor;
mod feed;
mod opening;
mod protocol;
mod seat;
mod session;
mod socket;
mod source;
mod sse;
mod supervision;

pub use bare::without_data;
pub use cursor::Cursor;
pub use feed::Feed;
pub use opening::{Link, OpenError, Transport, open};
pub use socket::{Socket, remember_socket};
pub use source::Source;
pub use supervision::{SupervisionFeed, SupervisionFrame};
