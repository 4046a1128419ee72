//! Where the messages of a stream come from.

use super::{
    feed::Feed,
    protocol::{Goodbye, Message},
    supervision::SupervisionFeed,
};

pub enum Source {
    Events(Box<Feed>),
    Supervision(SupervisionFeed),
}

impl Source {
    /// The next message, or why there is none. May be dropped at any await without losing anything.
    pub(super) async fn next(&mut self) -> Result<Message, Goodbye> {
        let next = match self {
            Self::Events(feed) => feed.next().await,
            Self::Supervision(feed) => Ok(feed.next().await),
        };
        match next {
            Ok(Some(message)) => Ok(message),
            Ok(None) => Err(Goodbye::Ended),
            Err(error) => {
                tracing::error!(error = %error, "a stream could not read the journal");
                Err(Goodbye::Failed)
            }
        }
    }
}
