//! The fields of requests, in JSON or in forms.

use serde_json::{Map, Value};
use std::collections::HashMap;

/// Fields by name. Numbers may be texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub fn of_json(text: &str) -> Option<Self> {
        match serde_json::from_str(text).ok()? {
            Value::Object(map) => Some(Self(map)),
            _ => None,
        }
    }

    /// Of a field sent twice the last one counts.
    pub fn of_form(text: &str) -> Self {
        let fields: HashMap<String, String> = form_urlencoded::parse(text.as_bytes())
            .into_owned()
            .collect();
        let pairs = fields.into_iter();
        Self(pairs.map(|(name, value)| (name, value.into())).collect())
    }

    /// A text, or an empty one.
    pub fn text(&self, name: &str) -> String {
        match self.0.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        }
    }

    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name).parse().ok()
    }

    /// A number that need not be whole.
    pub fn decimal(&self, name: &str) -> Option<f64> {
        self.text(name).parse().ok().filter(|n: &f64| n.is_finite())
    }

    pub fn object(&self, name: &str) -> Option<Self> {
        self.0.get(name)?.as_object().cloned().map(Self)
    }

    /// The objects in a list.
    pub fn list(&self, name: &str) -> Vec<Self> {
        let list = self.0.get(name).and_then(Value::as_array);
        let objects = list.into_iter().flatten().filter_map(Value::as_object);
        objects.cloned().map(Self).collect()
    }
}

/// The objects in a list that is all of the text.
pub(crate) fn list_of_json(text: &str) -> Option<Vec<Fields>> {
    let list: Vec<Map<String, Value>> = serde_json::from_str(text).ok()?;
    Some(list.into_iter().map(Fields).collect())
}
