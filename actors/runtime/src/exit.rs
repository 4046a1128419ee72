//! How a child ended, what a panic said, and on whose behalf the thread was working when it panicked.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{Arc, Once};

use crate::crew::TaskKey;

// A panic must unwind to the supervisor that counts it.
const _: () = assert!(
    cfg!(panic = "unwind"),
    "callboard-runtime needs panic = \"unwind\""
);

/// Why the future of a child came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Stopped,
    Panicked(String),
}

/// The node, and the task if there is one, that a piece of code runs for.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) node: Arc<str>,
    pub(crate) task: Option<TaskKey>,
}

tokio::task_local! {
    pub(crate) static SCOPE: Scope;
}

/// The message of a panic payload.
pub(crate) fn text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "panic without a message".to_owned()
    }
}

/// Runs code that others wrote where a panic has nobody to go to: logs it and goes on.
pub(crate) fn shielded(what: &str, code: impl FnOnce()) {
    if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(code)) {
        tracing::error!(panic.message = text(&*payload), "panic in {what}");
    }
}

/// Logs every panic of supervised code through `tracing`, with its node and task, instead of writing to stderr.
/// Panics of other threads and tasks go to the hook that was there before. Further calls do nothing.
pub fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let known = SCOPE.try_with(|scope| report(info, scope)).is_ok();
            if !known {
                previous(info);
            }
        }));
    });
}

fn report(info: &PanicHookInfo<'_>, scope: &Scope) {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let message = text_of(info);
    match scope.task {
        Some(task) => tracing::error!(
            node = %scope.node,
            task.source = %format_args!("{:032x}", task.source),
            task.number = task.number,
            panic.place = place,
            panic.message = message,
            "a task panicked"
        ),
        None => tracing::error!(
            node = %scope.node,
            panic.place = place,
            panic.message = message,
            "an actor panicked"
        ),
    }
}

fn text_of(info: &PanicHookInfo<'_>) -> String {
    info.payload_as_str()
        .unwrap_or("panic without a message")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_message_is_read_from_either_kind_of_string() {
        let literal = panic::catch_unwind(|| panic!("plain")).unwrap_err();
        let built = panic::catch_unwind(|| panic!("built {}", 1)).unwrap_err();
        let other = panic::catch_unwind(|| panic::panic_any(7_u8)).unwrap_err();
        assert_eq!(text(&*literal), "plain");
        assert_eq!(text(&*built), "built 1");
        assert_eq!(text(&*other), "panic without a message");
    }

    #[test]
    fn panics_unwind_in_this_build() {
        assert!(panic::catch_unwind(|| panic!("caught")).is_err());
    }

    #[test]
    fn code_that_panics_under_the_shield_does_not_panic_its_caller() {
        shielded("a test", || panic!("inside"));
    }
}
