use super::*;
use crate::face::METHODS;
use catalogue::OpenapiV2Error;
use testkit::schema::{check, resolve};

/// Calls `visit` with every value in `value`, the keys that lead to it last.
fn walk<'a>(value: &'a Value, way: &mut Vec<&'a str>, visit: &mut impl FnMut(&[&str], &'a Value)) {
    visit(way, value);
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                way.push(key);
                walk(value, way, visit);
                way.pop();
            }
        }
        Value::Array(elements) => {
            for element in elements {
                walk(element, way, visit);
            }
        }
        _ => {}
    }
}

#[test]
fn every_method_is_described_and_nothing_else() {
    let methods = METHODS.iter().flat_map(|methods| methods.iter());
    let methods: BTreeSet<&str> = methods.map(|method| method.name).collect();
    let described: BTreeSet<&str> = operations().iter().map(|o| o.name).collect();
    assert_eq!(described, methods);
    assert_eq!(described.len(), operations().len());

    let document = document();
    let paths = document["paths"].as_object().unwrap().keys().cloned();
    let expected = methods.iter().map(|name| format!("/api/v2/rpc/{name}"));
    let expected = expected.chain([ancestor::PATH.to_owned()]);
    assert_eq!(
        paths.collect::<BTreeSet<_>>(),
        expected.collect::<BTreeSet<_>>()
    );
}

#[test]
fn every_operation_has_what_generators_of_clients_need() {
    let document = document();
    let mut ids = BTreeSet::new();
    for operation in operations() {
        let described = &document["paths"][operation.path()]["post"];
        let name = operation.name;
        assert!(
            ids.insert(described["operationId"].as_str().unwrap()),
            "{name}"
        );
        assert!(
            TAGS.iter().any(|(tag, _)| *tag == operation.module()),
            "{name}"
        );
        assert!(!operation.summary.is_empty(), "{name}");
        assert!(!operation.answer.is_null(), "{name}");
        for status in ["200", "400", "401", "404", "429", "502"] {
            assert!(
                described["responses"][status].is_object(),
                "{name} {status}"
            );
        }
        let forbidden = described["responses"]["403"].to_string();
        assert_eq!(
            forbidden.contains("No write permission"),
            operation.writes,
            "{name}"
        );
        let parameters = described["parameters"].to_string();
        assert_eq!(
            parameters.contains("IdempotencyKey"),
            operation.writes,
            "{name}"
        );
    }
    assert!(ids.contains("recordGetRecord"), "{ids:?}");
    assert!(operation("record/getRecord").is_some());
    assert!(operation("record/getrecord").is_none());
}

#[test]
fn every_reference_resolves_and_every_component_is_used() {
    let document = document();
    let mut used = BTreeSet::new();
    walk(&document, &mut Vec::new(), &mut |_, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            resolve(&document, reference);
            used.insert(reference);
        }
    });
    for kind in ["schemas", "parameters", "headers"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(used.contains(&*reference), "{reference} is not used");
        }
    }
}

/// `400` is the class of what has a code of its own; no method answers it alone.
#[test]
fn exactly_the_codes_that_exist_are_listed() {
    let listed: BTreeSet<String> = operations().iter().flat_map(Operation::codes).collect();
    let existing = OpenapiV2Error::ENTRIES.iter().map(|entry| entry.code);
    let existing = existing.filter(|code| *code != "400").map(str::to_owned);
    assert_eq!(listed, existing.collect());
}

#[test]
fn examples_of_refusals_stand_under_their_code_and_status() {
    let document = document();
    let mut seen = 0;
    walk(&document["paths"], &mut Vec::new(), &mut |way, value| {
        let [path, _, "responses", status, .., "examples", key] = *way else {
            return;
        };
        let body = &value["value"];
        if path == ancestor::PATH || body.get("message_detail").is_none() {
            return;
        }
        assert_eq!(body["code"].to_string(), status);
        let code = body.get("error_code").unwrap_or(&body["code"]).to_string();
        assert_eq!(key.split(' ').next(), Some(&*code));
        let listed = &document["paths"][path]["post"]["x-error-codes"];
        assert!(
            listed
                .as_array()
                .unwrap()
                .iter()
                .any(|listed| *listed == code)
        );
        let mut entries = OpenapiV2Error::ENTRIES.iter();
        let entry = entries.find(|entry| entry.code == code).unwrap();
        assert_eq!(entry.status.to_string(), status, "{path} {code}");
        seen += 1;
    });
    assert!(seen > 500, "{seen}");
}

#[test]
fn examples_fit_their_schemas() {
    let document = document();
    let mut seen = 0;
    walk(&document, &mut Vec::new(), &mut |way, content| {
        if way.last() != Some(&"application/json") {
            return;
        }
        for (name, example) in content["examples"].as_object().unwrap() {
            let fits = check(&document, &content["schema"], &example["value"]);
            assert_eq!(fits, Ok(()), "{way:?} {name}");
            seen += 1;
        }
    });
    assert!(seen > 500, "{seen}");
}

#[test]
fn schemas_are_json_schema() {
    let document = document();
    walk(&document, &mut Vec::new(), &mut |way, schema| {
        let Some(object) = schema.as_object() else {
            return;
        };
        if way.last() == Some(&"properties") || way.contains(&"examples") {
            return;
        }
        if let Some(required) = object.get("required").and_then(Value::as_array) {
            for name in required {
                let property = object["properties"].get(name.as_str().unwrap());
                assert!(property.is_some(), "{way:?}: {name}");
            }
        }
        if object.get("type").is_some_and(|kind| kind == "array") {
            assert!(object.get("items").is_some(), "{way:?}");
        }
    });
}

/// The ancestor has codes of its own, also for what its successor refuses.
#[test]
fn the_ancestor_is_described_in_its_own_codes() {
    let document = document();
    let responses = &document["paths"][ancestor::PATH]["post"]["responses"];
    let example = |status: &str, name: &str| {
        let content = &responses[status]["content"]["application/json"];
        content["examples"][name]["value"].clone()
    };
    assert_eq!(example("200", "1021 100324")["code"], 1021);
    assert_eq!(example("200", "1022 100301")["code"], 1022);
    assert_eq!(
        example("403", "403 401"),
        json!({
            "code": 403,
            "message": "Invalid API key: Send the API key as Authorization: Bearer <key>",
            "data": null,
        })
    );
    assert_eq!(example("500", "500 502")["code"], 500);
}
