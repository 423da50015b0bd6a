//! The part of JSON Schema that our OpenAPI documents use.

use serde_json::Value;

/// What is wrong with a value by a schema of an OpenAPI document. Objects may have described properties only, unless the
/// schema says `additionalProperties`.
pub fn check(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return check(document, resolve(document, reference), value);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let problems: Vec<String> = choices
            .iter()
            .filter_map(|choice| check(document, choice, value).err())
            .collect();
        return if problems.len() < choices.len() {
            Ok(())
        } else {
            Err(problems.join(" / "))
        };
    }
    if let Some(constant) = schema.get("const").filter(|constant| *constant != value) {
        return Err(format!("{value} is not {constant}"));
    }
    check_kind(schema, value)?;
    if let Some(literals) = schema["enum"].as_array()
        && !literals.contains(value)
    {
        return Err(format!("{value} is no literal of {}", schema["enum"]));
    }
    check_bounds(schema, value)?;
    if let (true, Some(text)) = (schema["format"] == "date-time", value.as_str()) {
        let parsed = text.parse::<kernel::Timestamp>();
        parsed.map_err(|_| format!("{text} is no date-time"))?;
    }
    for (index, element) in value.as_array().into_iter().flatten().enumerate() {
        check(document, &schema["items"], element).map_err(|e| format!("[{index}] {e}"))?;
    }
    if let (Some(object), None) = (value.as_object(), schema.get("additionalProperties")) {
        for name in schema["required"].as_array().into_iter().flatten() {
            if !object.contains_key(name.as_str().unwrap_or_default()) {
                return Err(format!("{name} is missing"));
            }
        }
        for (name, value) in object {
            let schema = schema["properties"].get(name);
            let schema = schema.ok_or_else(|| format!("{name} is not described"))?;
            check(document, schema, value).map_err(|e| format!("{name}: {e}"))?;
        }
    }
    Ok(())
}

/// What `#/…` leads to.
pub fn resolve<'a>(document: &'a Value, reference: &str) -> &'a Value {
    let pointer = reference.strip_prefix('#');
    let found = pointer.and_then(|pointer| document.pointer(pointer));
    found.unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

fn check_kind(schema: &Value, value: &Value) -> Result<(), String> {
    if schema.get("const").is_some() && schema.get("type").is_none() {
        return Ok(());
    }
    let kinds: &[&str] = match value {
        Value::Null => &["null"],
        Value::Bool(_) => &["boolean"],
        Value::Number(n) if n.is_i64() => &["integer", "number"],
        Value::Number(_) => &["number"],
        Value::String(_) => &["string"],
        Value::Array(_) => &["array"],
        Value::Object(_) => &["object"],
    };
    let is_one = |kind: &Value| kinds.iter().any(|one| kind == one);
    let fits = match schema["type"].as_array() {
        Some(several) => several.iter().any(is_one),
        None => is_one(&schema["type"]),
    };
    fits.then_some(())
        .ok_or_else(|| format!("{value} is no {}", schema["type"]))
}

fn check_bounds(schema: &Value, value: &Value) -> Result<(), String> {
    let measured = match value {
        Value::Number(number) => number.as_f64().map(|n| (n, "minimum", "maximum")),
        Value::String(text) => Some((size(text.chars().count()), "minLength", "maxLength")),
        Value::Array(items) => Some((size(items.len()), "minItems", "maxItems")),
        _ => None,
    };
    let Some((measure, least, most)) = measured else {
        return Ok(());
    };
    let below = schema[least].as_f64().is_some_and(|least| measure < least);
    let above = schema[most].as_f64().is_some_and(|most| measure > most);
    if below || above {
        return Err(format!("{value} is out of bounds"));
    }
    Ok(())
}

fn size(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
