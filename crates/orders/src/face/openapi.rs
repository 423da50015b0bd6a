//! `/openapi/platform.json`.

/// The description of the face, OpenAPI 3.1.
pub fn document() -> serde_json::Value {
    serde_json::json!({})
}
