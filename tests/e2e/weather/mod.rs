//! Bad weather: the machine under the server fails, and what was acknowledged stays.

mod clock;
mod damage;
mod database;
mod disk;
pub mod preload;
mod volume;
