//! How the schemas of an OpenAPI document are written, and the examples that follow from them.

use serde_json::{Map, Value, json};

/// A component: its name and its schema.
pub type Named = (&'static str, Value);

/// A text that has no other form.
pub fn text(example: &str) -> Value {
    json!({"type": "string", "examples": [example]})
}

/// A whole number.
pub fn integer(example: i64) -> Value {
    json!({"type": "integer", "examples": [example]})
}

/// A whole number within bounds.
pub fn within(min: i64, max: i64, example: i64) -> Value {
    json!({"type": "integer", "minimum": min, "maximum": max, "examples": [example]})
}

/// `true` or `false`.
pub fn boolean(example: bool) -> Value {
    json!({"type": "boolean", "examples": [example]})
}

/// A date-time.
pub fn time(example: &str) -> Value {
    json!({"type": "string", "format": "date-time", "examples": [example]})
}

/// An address.
pub fn url(example: &str) -> Value {
    json!({"type": "string", "format": "uri", "examples": [example]})
}

/// One of some names.
pub fn one_of(names: &[&str], example: &str) -> Value {
    json!({"type": "string", "enum": names, "examples": [example]})
}

/// Always this text.
pub fn always(text: &str) -> Value {
    json!({"type": "string", "const": text})
}

/// A list.
pub fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

/// The same, or `null`.
pub fn or_null(schema: Value) -> Value {
    optional(schema, None)
}

/// The same, or `null`, which the example shows.
pub fn null_or(schema: Value) -> Value {
    optional(schema, Some(Value::Null))
}

fn optional(mut schema: Value, example: Option<Value>) -> Value {
    if schema.get("type").is_none() {
        return match example {
            Some(example) => json!({"anyOf": [schema, {"type": "null"}], "examples": [example]}),
            None => json!({"anyOf": [schema, {"type": "null"}]}),
        };
    }
    schema["type"] = json!([schema["type"], "null"]);
    if let Some(literals) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        literals.push(Value::Null);
    }
    if let Some(example) = example {
        schema["examples"] = json!([example]);
    }
    schema
}

/// The same with a description.
pub fn said(description: &str, mut schema: Value) -> Value {
    schema["description"] = description.into();
    schema
}

/// The same without an example: left out of the examples of requests.
pub fn quiet(mut schema: Value) -> Value {
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("examples");
    }
    schema
}

/// An object of an answer: every property is always there.
pub fn object(description: &str, properties: Vec<Named>) -> Value {
    let names: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    let required = json!(names);
    with_required(description, required, properties)
}

/// An object of a request, of which only some properties must be there.
pub fn request(description: &str, required: &[&str], properties: Vec<Named>) -> Value {
    with_required(description, json!(required), properties)
}

fn with_required(description: &str, required: Value, properties: Vec<Named>) -> Value {
    let properties: Map<String, Value> = properties
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect();
    let mut schema =
        json!({"type": "object", "description": description, "properties": properties});
    if required != json!([]) {
        schema["required"] = required;
    }
    schema
}

/// Takes properties of an object out of those that are always there.
pub fn sometimes(mut schema: Value, names: &[&str]) -> Value {
    if let Some(required) = schema["required"].as_array_mut() {
        required.retain(|name| !names.iter().any(|n| name == n));
    }
    schema
}

/// `{"$ref": …}`.
pub fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A value that fits a schema: its example, or one made of the examples of its parts; `None` if they have none.
pub fn example(components: &Map<String, Value>, schema: &Value) -> Option<Value> {
    let own = schema["examples"].get(0).or_else(|| schema.get("const"));
    if let Some(own) = own {
        return Some(own.clone());
    }
    if let Some(first) = schema["anyOf"].get(0) {
        return example(components, first);
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        return example(components, components.get(name)?);
    }
    if let Some(items) = schema.get("items") {
        return Some(json!([example(components, items)?]));
    }
    let required = schema["required"].as_array();
    let mut object = Map::new();
    for (name, property) in schema["properties"].as_object()? {
        let must = required.is_some_and(|names| names.iter().any(|n| n == name));
        match example(components, property) {
            Some(value) => drop(object.insert(name.clone(), value)),
            None if must => return None,
            None => {}
        }
    }
    Some(object.into())
}
