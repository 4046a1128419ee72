//! Events of jobs on their way to other servers: signed by Standard Webhooks, in the form of CloudEvents.

mod dispatch;
mod envelope;
mod id;
mod origin;
mod signature;

pub use dispatch::run;
pub use envelope::{event_type, is_wanted};
pub use id::{DeliveryId, WebhookId};
pub use origin::Origins;
pub use signature::{SecretKey, sign};
