//! `application/x-www-form-urlencoded`.

use super::protocol::Refusal;
use axum::body::Body;
use std::collections::HashMap;
use std::time::Duration;

const LARGEST_BODY: usize = 256 * 1024;
const ARRIVAL: Duration = Duration::from_secs(15);
const MOST_IDS: usize = 100;

/// The fields of a request. Of a field sent twice the last one counts.
#[derive(Clone, Debug)]
pub struct Form(HashMap<String, String>);

impl Form {
    pub async fn read(body: Body) -> Result<Self, Refusal> {
        let read = tokio::time::timeout(ARRIVAL, axum::body::to_bytes(body, LARGEST_BODY)).await;
        let Ok(Ok(bytes)) = read else {
            return Err(Refusal::IncorrectRequest);
        };
        let fields: HashMap<String, String> = form_urlencoded::parse(&bytes).into_owned().collect();
        // No database takes it.
        if fields.values().any(|value| value.contains('\0')) {
            return Err(Refusal::IncorrectRequest);
        }
        Ok(Self(fields))
    }

    /// A field, trimmed. An empty one is as good as none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// A field of ids with commas between them.
    pub fn ids(&self, name: &str) -> Result<Option<Vec<&str>>, Refusal> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let ids: Vec<_> = text
            .split(',')
            .map(str::trim)
            .filter(|id| !id.is_empty())
            .collect();
        if ids.len() > MOST_IDS {
            return Err(Refusal::TooManyIds);
        }
        Ok(Some(ids))
    }
}
