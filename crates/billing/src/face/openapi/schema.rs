//! Schemas of this face beside the kit's.

pub use httpkit::schema::*;

use serde_json::{Value, json};

/// Whole dollars.
pub fn dollars(example: i64) -> Value {
    said("Whole New Taiwan dollars.", integer(example))
}

/// An email address.
pub fn email() -> Value {
    json!({"type": "string", "format": "email", "maxLength": 254, "examples": ["mei@example.com"]})
}

/// The merchant's own object.
pub fn metadata() -> Value {
    json!({
        "type": "object",
        "description": "Yours: any object of up to 10 000 bytes as JSON.",
        "additionalProperties": true,
        "examples": [{"plan": "team"}],
    })
}
