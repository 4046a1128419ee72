//! Named places where a test may make the runtime panic; nothing at all without the feature `failpoints`.
//!
//! | place | what dies there |
//! |---|---|
//! | `perform`, `perform::<role>` | the task, inside its guard |
//! | `shell::perform`, `shell::perform::<role>` | the shell of a worker, as it takes a task |
//! | `shell::build`, `shell::build::<role>` | the shell of a worker, as it builds an instance |
//! | `crew::handle`, `crew::handle::<role>` | the desk of a crew, as it takes up a letter |
//! | `resident::handle`, `resident::<name>` | the resident, as it takes up a message |

#[cfg(feature = "failpoints")]
pub(crate) fn reach(place: &str, whose: &str) {
    fail::fail_point!(place);
    fail::fail_point!(&format!("{place}::{whose}"));
}

#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub(crate) fn reach(_place: &str, _whose: &str) {}
