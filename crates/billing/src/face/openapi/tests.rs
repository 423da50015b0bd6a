use super::*;
use catalogue::RecurError;
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
fn every_reference_resolves_and_every_component_is_used() {
    let document = document();
    let mut used = BTreeSet::new();
    walk(&document, &mut Vec::new(), &mut |_, value| {
        if let Some(reference) = value.get("$ref") {
            let reference = reference.as_str().unwrap();
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

/// What stands before the parenthesis that closes the one before `rest`.
fn arguments(rest: &str) -> &str {
    let mut depth = 1;
    let end = rest.find(|c| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    });
    &rest[..end.unwrap()]
}

/// The routes of the face's source texts: method and path.
fn routes() -> BTreeSet<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/face");
    let mut routes = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let source = std::fs::read_to_string(&file).unwrap();
        for rest in source.split(".route(").skip(1) {
            let route = arguments(rest);
            let (_, path) = route.split_once('"').unwrap();
            let (path, handlers) = path.split_once('"').unwrap();
            // What the gateway reports to is no operation of the face.
            if path.starts_with("/callback/") {
                continue;
            }
            for method in ["get", "post", "put", "patch", "delete"] {
                if handlers.contains(&format!("{method}(")) {
                    routes.insert((method.to_ascii_uppercase(), format!("/v1{path}")));
                }
            }
        }
    }
    routes
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let described: BTreeSet<(String, String)> = operations()
        .iter()
        .map(|o| (o.method.to_owned(), o.path.to_owned()))
        .collect();
    assert_eq!(routes(), described);
    assert_eq!(described.len(), operations().len());
    assert!(described.len() > 60, "{}", described.len());
}

#[test]
fn every_operation_has_what_generators_of_clients_need() {
    let document = document();
    let mut ids = BTreeSet::new();
    for o in operations() {
        let described = &document["paths"][o.path][o.method.to_ascii_lowercase()];
        assert!(
            ids.insert(described["operationId"].as_str().unwrap().to_owned()),
            "{}",
            o.id
        );
        assert!(TAGS.iter().any(|(tag, _)| *tag == o.tag));
        assert!(!o.summary.is_empty(), "{}", o.id);
        let mut statuses = vec!["500", "503"];
        if o.auth != Auth::None {
            statuses.extend(["401", "429"]);
        }
        if o.auth == Auth::SecretKey {
            statuses.push("403");
        }
        if o.path.contains('{') {
            statuses.push("404");
        }
        if o.body.is_some() {
            statuses.extend(["400", "408", "413"]);
        }
        for status in statuses {
            assert!(
                described["responses"][status].is_object(),
                "{} {status}",
                o.id
            );
        }
        let in_path: Vec<&Value> = described["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["$ref"].as_str().map_or(p, |r| resolve(&document, r)))
            .filter(|p| p["in"] == "path")
            .collect();
        assert_eq!(in_path.len(), o.path.matches('{').count(), "{}", o.path);
        for parameter in in_path {
            assert_eq!(parameter["required"], true);
        }
        for requirement in described["security"].as_array().unwrap() {
            for scheme in requirement.as_object().unwrap().keys() {
                assert!(document["components"]["securitySchemes"][scheme].is_object());
            }
        }
    }
}

#[test]
fn exactly_the_codes_that_exist_are_listed() {
    let listed: BTreeSet<String> = operations().iter().flat_map(Operation::codes).collect();
    let existing: BTreeSet<String> = RecurError::ENTRIES
        .iter()
        .map(|entry| entry.code.to_owned())
        .collect();
    assert_eq!(listed, existing);
}

#[test]
fn examples_of_refusals_stand_under_their_code_and_status() {
    let document = document();
    let mut seen = 0;
    walk(&document, &mut Vec::new(), &mut |way, value| {
        let ["examples", key] = way[way.len().saturating_sub(2)..] else {
            return;
        };
        let Some(code) = value.pointer("/value/error/code") else {
            return;
        };
        let responses = way.iter().position(|w| *w == "responses").unwrap();
        let operation = &document["paths"][way[1]][way[2]];
        assert_eq!(key.split(' ').next(), code.as_str());
        assert!(
            operation["x-error-codes"]
                .as_array()
                .unwrap()
                .contains(code)
        );
        let status: u16 = way[responses + 1].parse().unwrap();
        let entry = RecurError::ENTRIES
            .iter()
            .find(|entry| entry.code == code)
            .unwrap();
        let transport = [408, 413, 503].contains(&status);
        assert!(transport || entry.status == status, "{key} with {status}");
        seen += 1;
    });
    assert!(seen > 500, "{seen}");
}

#[test]
fn templates_and_real_paths_find_their_operation() {
    let id = "/v1/subscriptions/sub_01kdvf40a3f7ws0e5p9z2t6k8m";
    let cancel = format!("{id}/cancel");
    for (method, path, code, listed) in [
        ("GET", id, "not_found", true),
        ("get", id, "not_found", true),
        ("GET", id, "conflict", false),
        ("POST", &cancel, "bad_request", true),
        ("POST", "/api/v1/elements/confirm", "bad_request", true),
        ("POST", "/v1/promotion-codes/validate", "forbidden", false),
        (
            "GET",
            "/v1/customers/entitlements?email=a",
            "forbidden",
            false,
        ),
        ("GET", "/v1/customers/cus_1", "forbidden", true),
        (
            "DELETE",
            "/v1/checkouts/chk_1/coupon",
            "unauthorized",
            false,
        ),
        ("GET", "/v1/subscriptions/", "unauthorized", false),
        ("GET", "/v2/products", "unauthorized", false),
        ("PUT", "/v1/products", "unauthorized", false),
    ] {
        assert_eq!(lists(method, path, code), listed, "{method} {path} {code}");
    }
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
    walk(
        &document["components"]["schemas"],
        &mut Vec::new(),
        &mut |way, schema| {
            let Some(object) = schema.as_object() else {
                return;
            };
            if let Some(required) = object.get("required").and_then(Value::as_array) {
                for name in required {
                    assert!(
                        object["properties"].get(name.as_str().unwrap()).is_some(),
                        "{way:?}: {name}"
                    );
                }
            }
            if object.get("type").is_some_and(|kind| kind == "array") {
                assert!(object.get("items").is_some(), "{way:?}");
            }
            // It was a word of OpenAPI 3.0.
            assert!(object.get("nullable").is_none());
        },
    );
}
