//! Where the time of tasks goes, and what could be done about it: the roles and kinds that cost most since the process
//! started, each with suggestions that follow from what was measured. No prices are known, so time is the cost.

mod figures;
mod kind_rules;
mod role_rules;
mod suggestion;

pub use figures::{Costs, KindCost, RoleCost, costs};
pub use suggestion::{Figure, Suggestion};
