//! Jobs in a house of actors: the machine alone, what tasks may do, and what faults may not.
#![cfg(test)]

mod ahead;
mod calls;
mod driver;
mod effects;
mod faults;
mod fixtures;
mod house;
mod lives;
mod machine;
mod plans;
mod recovery;
mod stage;
mod waits;
