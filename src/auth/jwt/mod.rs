//! JSON Web Tokens that somebody else issues.

mod issuer;
mod keys;

pub use issuer::{Issuer, OpenIssuer};
