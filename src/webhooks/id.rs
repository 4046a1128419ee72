//! Names of endpoints and deliveries.

use callboard_orchestra::uuid_id;

uuid_id!(
    /// Identifies an endpoint: `whk_` and a UUIDv7 in 32 hex digits, so ids sort by time of creation.
    WebhookId,
    "whk_",
    "the id of a webhook such as whk_0198c0de..."
);
uuid_id!(
    /// Identifies a delivery: `dlv_` and a UUIDv7 in 32 hex digits.
    DeliveryId,
    "dlv_",
    "the id of a delivery such as dlv_0198c0de..."
);
