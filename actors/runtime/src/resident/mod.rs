//! Long-lived actors: one message type, one handler, an instance that is rebuilt after a death behind the same handle.

mod context;
mod shell;
mod timer;

pub use context::ResidentContext;
pub use timer::Timer;

pub(crate) use shell::start;

/// A long-lived actor. It need not be `Send`: its factory builds it on its arbiter.
pub trait Resident: Sized + 'static {
    type Message: Send + 'static;

    /// Called on each new instance before its first message.
    fn started(&mut self, ctx: &mut ResidentContext<Self>) {
        let _ = ctx;
    }

    /// Called with one message after the other. A panic here loses this message and replaces the instance.
    fn handle(&mut self, message: Self::Message, ctx: &mut ResidentContext<Self>);
}
