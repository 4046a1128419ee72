//! Whose keys a request is about.

use serde::Deserialize;
use utoipa::IntoParams;

/// Whose key.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfTenant {
    /// Another tenant than the caller's, for callers who run the server.
    #[param(example = "acme")]
    pub tenant: Option<String>,
}
