use super::operations::Input;
use super::refusals::{
    body_is_no_object, empty, invalid, not_a_delay, outside, required, too_long,
};
use super::*;
use crate::face::fields::{self, Fields, MOST_IDS, Sent};
use crate::face::limits::*;
use crate::odata::ListQuery;
use catalogue::PlatformError;
use catalogue::platform::Format;
use serde_json::value::RawValue;
use testkit::schema::{check, resolve};

/// The files with routes, and the path that these are under.
const SOURCES: &[(&str, &str)] = &[
    ("/platform", include_str!("../organization.rs")),
    ("/platform", include_str!("../product.rs")),
    ("/platform", include_str!("../order.rs")),
    ("/platform", include_str!("../charge.rs")),
    ("/platform", include_str!("../invoice.rs")),
    ("/account", include_str!("../account_charge.rs")),
    ("/account", include_str!("../account.rs")),
    ("/account", include_str!("../membership.rs")),
    ("/platform", include_str!("../file.rs")),
    ("/account", include_str!("../file.rs")),
];

/// The file that declares a wire type.
fn source_of(declaration: &str) -> &'static str {
    let found = SOURCES
        .iter()
        .find(|(_, source)| source.contains(declaration));
    found
        .unwrap_or_else(|| panic!("{declaration} is nowhere"))
        .1
}

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

#[test]
fn every_route_is_described_and_nothing_else() {
    let mut routes: Vec<(String, String)> = Vec::new();
    for (under, source) in SOURCES {
        let tables = source.split("-> Router<Orders> {\n").skip(1);
        for routes_of in tables.map(|rest| rest.split("\n}\n").next().unwrap()) {
            for route in routes_of.split(".route(").skip(1) {
                let (_, path) = route.split_once('"').unwrap();
                let (path, handlers) = path.split_once('"').unwrap();
                for method in ["get", "post", "patch", "delete"] {
                    if handlers.contains(&format!(" {method}("))
                        || handlers.contains(&format!(".{method}("))
                    {
                        let path = format!("{under}{}", path.trim_end_matches('/'));
                        routes.push((method.to_ascii_uppercase(), path));
                    }
                }
            }
        }
    }
    routes.sort();
    let mut described: Vec<(String, String)> = operations()
        .iter()
        .map(|o| (o.method.to_owned(), o.path.to_owned()))
        .collect();
    described.sort();
    assert_eq!(routes, described);
}

#[test]
fn every_operation_can_be_refused_for_its_key_and_for_a_fault_of_ours() {
    let document = document();
    let mut ids = BTreeSet::new();
    for o in operations() {
        let described = &document["paths"][o.path][o.method.to_ascii_lowercase()];
        let statuses = match o.caller {
            CallerKind::Anybody => &["200", "400", "429", "500", "503"][..],
            CallerKind::Person => &["200", "401", "429", "500", "503"],
            CallerKind::Key => &["200", "400", "401", "429", "500", "503"],
        };
        for status in statuses {
            assert!(described["responses"][status].is_object(), "{}", o.path);
        }
        assert!(ids.insert(described["operationId"].as_str().unwrap()));
        assert!(TAGS.iter().any(|(tag, _)| *tag == o.tag));
    }
}

#[test]
fn exactly_the_reachable_codes_are_listed() {
    let listed: BTreeSet<String> = operations()
        .iter()
        .flat_map(|o| [o.result_codes(), o.field_codes()])
        .flatten()
        .collect();
    let reachable: BTreeSet<String> = PlatformError::ENTRIES
        .iter()
        .filter(|entry| entry.page().scenario.is_some())
        .map(|entry| entry.code.to_owned())
        .collect();
    assert_eq!(listed, reachable);
}

#[test]
fn examples_of_refusals_stand_under_their_code() {
    let document = document();
    let mut seen = 0;
    walk(&document, &mut Vec::new(), &mut |way, value| {
        let ["examples", key] = way[way.len().saturating_sub(2)..] else {
            return;
        };
        let Some(code) = value.pointer("/value/result_code") else {
            return;
        };
        let responses = way.iter().position(|w| *w == "responses").unwrap();
        let operation = &document["paths"][way[1]][way[2]];
        assert_eq!(key.split(' ').next(), code.as_str());
        let listed = operation["x-result-codes"].as_array().unwrap();
        assert!(listed.contains(code));
        let status: u16 = way[responses + 1].parse().unwrap();
        let entry = catalogue::find(code.as_str().unwrap()).unwrap();
        let transport = [408, 413, 429, 503].contains(&status);
        assert!(transport || entry.status == status, "{key} with {status}");
        seen += 1;
    });
    assert!(seen > 200, "{seen}");
}

#[test]
fn templates_and_real_paths_find_their_operation() {
    let one = "/platform/order/01999d1c-3c00-7e52-b6d1-92aa0c4e8d03/cancel";
    for (method, path, code, listed) in [
        ("POST", one, "incorrect_order_id", true),
        ("post", one, "incorrect_order_id", true),
        ("GET", one, "incorrect_order_id", false),
        (
            "POST",
            "/platform/order/{order_id}/cancel",
            "incorrect_order_id",
            true,
        ),
        ("POST", one, "batch_operation_failed", false),
        (
            "POST",
            "/platform/order/cancel",
            "batch_operation_failed",
            true,
        ),
        (
            "POST",
            "/platform/order/cancel",
            "sequence_at_least_one_element",
            true,
        ),
        (
            "POST",
            "/platform/order//cancel",
            "token_validation_failed",
            false,
        ),
        ("GET", "/platform/product?$top=0", "o_data_failed", true),
        ("GET", "/platform", "token_validation_failed", false),
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
    assert!(seen > 200, "{seen}");
}

/// The names of the fields of a struct in a source text.
fn fields_of(source: &str, name: &str) -> BTreeSet<String> {
    let (_, rest) = source
        .split_once(&format!("struct {name}<'a> {{\n"))
        .unwrap();
    let (body, _) = rest.split_once("\n}").unwrap();
    let named = body.lines().filter_map(|line| line.split_once(':'));
    named
        .map(|(name, _)| name.trim())
        .filter(|name| {
            name.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        })
        .map(str::to_owned)
        .collect()
}

fn properties(names: &[&str]) -> BTreeSet<String> {
    let document = document();
    let schemas = &document["components"]["schemas"];
    names
        .iter()
        .flat_map(|name| schemas[name]["properties"].as_object().unwrap().keys())
        .cloned()
        .collect()
}

#[test]
fn schemas_have_the_fields_of_the_wire_types() {
    for (name, schemas) in [
        ("OrganizationResponse", &["OrganizationResponse"][..]),
        ("ProductResponse", &["ProductResponse"]),
        ("Ch2Product", &["Ch2Product"]),
        (
            "Body",
            &[
                "Ch2DefaultOrderRequest",
                "Ch2CommentLikesOrderRequest",
                "Ch2CustomCommentsOrderRequest",
                "Ch2SubscriptionsOrderRequest",
            ],
        ),
        ("Batch", &["OrderBatchRequest", "OrderFollowUpRequest"]),
        (
            "ChargeBody",
            &["CreditChargeRequest", "CreditChargeRemittanceRequest"],
        ),
        ("InvoiceBody", &["InvoiceRequest"]),
        ("ItemBody", &["InvoiceItemRequest"]),
        (
            "StepBody",
            &[
                "InvoiceFollowUpRequest",
                "InvoiceVoidRequest",
                "InvoiceAllowanceRequest",
            ],
        ),
        ("AccountResponse", &["AccountResponse"]),
        ("Register", &["RegisterRequest"]),
        ("LogIn", &["LoginRequest"]),
        ("TokenResponse", &["TokenResponse"]),
        ("SendCode", &["VerificationCodeRequest"]),
        ("VerifyPhone", &["PhoneRequest"]),
        ("ChangePassword", &["PasswordRequest"]),
        ("SendPasswordCode", &["PasswordCodeRequest"]),
        ("SetPassword", &["PasswordResetRequest"]),
        (
            "Profile",
            &["OrganizationRequest", "OrganizationPatchRequest"],
        ),
        ("Status", &["OrganizationStatusRequest"]),
        ("MemberResponse", &["MemberResponse"]),
        ("AddMembers", &["MembersRequest"]),
        ("PrivateKeyResponse", &["PrivateKeyResponse"]),
        ("CreateKey", &["PrivateKeyRequest"]),
    ] {
        let source = source_of(&format!("struct {name}<'a> {{\n"));
        let fields = fields_of(source, name);
        assert!(!fields.is_empty());
        assert_eq!(fields, properties(schemas), "{name}");
    }
}

/// What the face finds wrong with one field.
fn refused(json: &str, read: impl FnOnce(&mut Fields, Sent<'_>)) -> Option<PlatformError> {
    let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
    let mut fields = Fields::default();
    read(&mut fields, Some(&raw));
    fields.finish().err()
}

fn quoted(length: i64) -> String {
    format!("\"{}\"", "x".repeat(usize::try_from(length).unwrap()))
}

#[test]
fn numbers_have_the_limits_that_are_stated() {
    let number = |n: i64| {
        refused(&n.to_string(), |f, sent| {
            f.int32("quantity", sent);
        })
    };
    assert_eq!(number(1), None);
    assert_eq!(number(LARGEST_NUMBER), None);
    let error = outside("quantity", LARGEST_NUMBER);
    assert_eq!(number(0), Some(error.clone()));
    assert_eq!(number(LARGEST_NUMBER + 1), Some(error));
    let mut fields = Fields::default();
    fields.at_most("min_quantity", Some(21), Some(20));
    assert_eq!(fields.finish(), Err(outside("min_quantity", 20)));
    let text = refused("\"1\"", |f, sent| {
        f.int32("quantity", sent);
    });
    assert_eq!(text, Some(invalid("quantity", Format::Integer)));
}

#[test]
fn texts_have_the_limits_that_are_stated() {
    let comments = |length| {
        refused(&quoted(length), |f, sent| {
            f.comments("comments", sent);
        })
    };
    assert_eq!(comments(LONGEST_COMMENTS), None);
    let error = too_long("comments", LONGEST_COMMENTS);
    assert_eq!(comments(LONGEST_COMMENTS + 1), Some(error));
    let username = |length| {
        refused(&quoted(length), |f, sent| {
            f.username("username", sent);
        })
    };
    assert_eq!(username(LONGEST_USERNAME), None);
    let error = too_long("username", LONGEST_USERNAME);
    assert_eq!(username(LONGEST_USERNAME + 1), Some(error));
    let link = |length: i64| {
        let start = "https://example.com/";
        let rest = "x".repeat(usize::try_from(length).unwrap() - start.len());
        refused(&format!("\"{start}{rest}\""), |f, sent| {
            f.link("link", sent);
        })
    };
    assert_eq!(link(LONGEST_LINK), None);
    assert_eq!(link(LONGEST_LINK + 1), Some(too_long("link", LONGEST_LINK)));
}

#[test]
fn other_samples_are_what_the_face_answers() {
    let ids = |json: &str| {
        refused(json, |f, sent| {
            f.uuids::<()>("order_ids", sent);
        })
    };
    assert_eq!(ids("[]"), Some(empty("order_ids")));
    assert_eq!(ids("null"), Some(required("order_ids")));
    assert_eq!(ids("{}"), Some(invalid("order_ids", Format::List)));
    let id = "\"01999d1c-3c00-7e52-b6d1-92aa0c4e8d03\"";
    let error = invalid("order_ids[1]", Format::Uuid);
    assert_eq!(ids(&format!("[{id}, \"x\"]")), Some(error));
    let many = vec!["1"; usize::try_from(MOST_IDS).unwrap() + 1].join(",");
    assert_eq!(
        ids(&format!("[{many}]")),
        Some(outside("order_ids", MOST_IDS))
    );
    let delay = refused("\"min7\"", |f, sent| {
        f.delay("delay_minutes", sent);
    });
    assert_eq!(delay, Some(not_a_delay()));
    let parsed = fields::parse::<std::collections::HashMap<&str, &RawValue>>(b"[]");
    assert_eq!(parsed.err(), Some(body_is_no_object()));
}

#[test]
fn the_face_reads_bodies_and_keys_up_to_the_stated_size() {
    assert_eq!(LARGEST_BODY, 256 * 1024);
    let call = include_str!("../call.rs");
    assert!(call.contains("body::read(body, LARGEST_BODY)"));
    let key = |length| {
        let mut headers = http::HeaderMap::new();
        let value = "x".repeat(length).parse().unwrap();
        headers.insert(httpkit::idempotency::IDEMPOTENCY_KEY, value);
        httpkit::idempotency::key(&headers, "", &http::Method::POST, "/", b"")
    };
    assert!(key(LONGEST_IDEMPOTENCY_KEY).is_ok());
    assert!(key(LONGEST_IDEMPOTENCY_KEY + 1).is_err());
}

#[test]
fn the_queries_shown_work_and_pages_have_the_stated_size() {
    for operation in operations() {
        let Input::List {
            entity,
            filters,
            orderby,
        } = operation.input
        else {
            continue;
        };
        let accepted = |query: &str| ListQuery::parse(&query.replace(' ', "+"), entity);
        for filter in filters {
            accepted(&format!("$filter={filter}")).unwrap();
        }
        accepted(&format!("$orderby={orderby}")).unwrap();
        assert_eq!(accepted("").unwrap().top(), LARGEST_PAGE);
        accepted(&format!("$top={LARGEST_PAGE}&$skip={LARGEST_SKIP}")).unwrap();
        accepted(&format!("$top={}", LARGEST_PAGE + 1)).unwrap_err();
        accepted(&format!("$skip={}", LARGEST_SKIP + 1)).unwrap_err();
        for sample in (operation.refusals)() {
            assert_ne!(sample.body["odata"], "");
        }
    }
}
