//! The rules of the house that no compiler checks: who may import whom, and what may not stand in the sources.
//! To change a rule, change its table: [`LAYERS`], [`NARROWER`], [`RESERVED`], [`RULES`].

use catalogue::{Entry, Face, Level};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// The folders of `crates/`, from the bottom to the top. A crate may depend on those of earlier rows only:
/// crates of one row never import each other, and what two of them share moves to an earlier one.
const LAYERS: &[&[&str]] = &[
    &["kernel"],
    &["catalogue"],
    &["store"],
    &["http", "ledger", "payuni", "einvoice", "client"],
    &[
        "simulators",
        "vouchers",
        "webhooks",
        "files",
        "messages",
        "captcha",
        "invoicing",
    ],
    &["orders", "billing", "forms"],
    &["pages"],
    &["testkit"],
    &["tallystick"],
    &["xtask"],
];

/// Crates that may import less than their row allows.
const NARROWER: &[(&str, &[&str])] = &[
    // The outside world knows nothing of our errors.
    (
        "simulators",
        &["kernel", "store", "payuni", "einvoice", "http"],
    ),
    ("payuni", &["kernel"]),
    ("einvoice", &["kernel"]),
    ("client", &["kernel", "catalogue"]),
    ("xtask", &["kernel", "catalogue", "testkit"]),
];

/// Crates that only these may import (any crate may have `testkit` as a dev-dependency).
const RESERVED: &[(&str, &[&str])] = &[
    ("pages", &["tallystick"]),
    ("testkit", &["tallystick", "xtask"]),
];

/// What may not stand in a source. The patterns are split so that this file does not break them.
const RULES: &[Rule] = &[
    Rule {
        pattern: concat!("#[", "ignore"),
        folders: &["crates/*/src", "crates/*/tests", "xtask/src"],
        except: &[],
        instead: "a test runs or does not exist",
    },
    Rule {
        pattern: concat!("to", "do!("),
        folders: &["crates/*/src", "crates/*/tests", "xtask/src"],
        except: &[],
        instead: "finish it",
    },
    Rule {
        pattern: concat!("sle", "ep("),
        folders: &["crates/*/tests"],
        // (file, why there is no event to wait for)
        except: &[],
        instead: "wait for the event, or move the test clock",
    },
    Rule {
        pattern: concat!("Status", "Code"),
        folders: &[
            "crates/orders/src",
            "crates/billing/src",
            "crates/forms/src",
        ],
        except: &[
            ("crates/orders/src/face", "here errors become answers"),
            ("crates/billing/src/face", "here errors become answers"),
            ("crates/forms/src/gateway", "here errors become answers"),
            ("crates/forms/src/face", "here errors become answers"),
            (
                "crates/forms/src/qr.rs",
                "images are for everybody and in no dialect",
            ),
            (
                "crates/forms/src/uploads.rs",
                "files are for everybody and in no dialect",
            ),
        ],
        instead: "return an error of the catalogue: its entry knows the status",
    },
];

/// Files and folders that show codes without sending them.
const EXAMPLES: &[&str] = &[
    "crates/pages/src/example.rs",
    "crates/billing/src/face/openapi/refusals.rs",
    "crates/orders/src/face/openapi",
    "crates/forms/src/face/openapi/refusals.rs",
];

/// Functions of the catalogue that make a variant.
const MAKERS: &[(&str, &str)] = &[
    ("PlatformError::fields(", "DataValidationFailed"),
    // The gateway hands a module's own 400 on as it is.
    ("PassedThrough {", "BadRequest"),
];

struct Rule {
    pattern: &'static str,
    /// `*` stands for every crate.
    folders: &'static [&'static str],
    /// Files or folders, each with the reason.
    except: &'static [(&'static str, &'static str)],
    instead: &'static str,
}

#[test]
fn a_crate_imports_only_what_stands_to_its_left() {
    let ours = workspace_crates();
    let row = |name: &str| LAYERS.iter().position(|row| row.contains(&name));
    let mut wrong = Vec::new();
    for (name, manifest) in manifests() {
        let Some(height) = row(&name) else {
            wrong.push(format!("{name} has no place: add it to LAYERS"));
            continue;
        };
        let narrower = NARROWER.iter().find(|(who, _)| *who == name);
        for (kind, key, _) in dependencies(&manifest) {
            let Some(imported) = ours.get(&key).filter(|_| kind != "dev-dependencies") else {
                continue;
            };
            let imported = imported.as_str();
            let reserved = RESERVED.iter().find(|(what, _)| *what == imported);
            if row(imported).is_none_or(|below| below >= height) {
                wrong.push(format!(
                    "{name} may not import {imported}, which does not stand to its left"
                ));
            } else if let Some((_, allowed)) = narrower.filter(|(_, a)| !a.contains(&imported)) {
                wrong.push(format!(
                    "{name} may not import {imported}, only {allowed:?}"
                ));
            } else if let Some((_, allowed)) = reserved.filter(|(_, a)| !a.contains(&&*name)) {
                wrong.push(format!(
                    "{name} may not import {imported}, only {allowed:?} may"
                ));
            }
        }
    }
    report(
        &wrong,
        "the order is LAYERS in tests/it/house.rs; move what is shared to the left",
    );
}

#[test]
fn manifests_take_versions_lints_and_license_from_the_workspace() {
    let inherits = |value: Option<&Value>| {
        value
            .and_then(|v| v.get("workspace"))
            .and_then(Value::as_bool)
            == Some(true)
    };
    let mut wrong = Vec::new();
    for (name, manifest) in manifests() {
        if !inherits(manifest.get("lints")) {
            wrong.push(format!("{name} lacks `[lints] workspace = true`"));
        }
        if !inherits(manifest.get("package").and_then(|p| p.get("license"))) {
            wrong.push(format!("{name} lacks `license.workspace = true`"));
        }
        for (kind, key, value) in dependencies(&manifest) {
            if !inherits(Some(&value)) {
                wrong.push(format!("{name}: {kind}.{key} lacks `workspace = true`"));
            }
        }
    }
    report(&wrong, "versions stand in the workspace's Cargo.toml only");
}

#[test]
fn sources_keep_the_rules() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let mut used = BTreeSet::new();
        for (path, text) in rule.folders.iter().flat_map(|folder| sources(folder)) {
            for (number, line) in code_lines(&text) {
                if !line.contains(rule.pattern) {
                    continue;
                }
                match rule.except.iter().find(|(place, _)| within(&path, place)) {
                    Some((place, _)) => {
                        used.insert(*place);
                    }
                    None => wrong.push(format!(
                        "{path}:{number}: `{}`: {}",
                        rule.pattern, rule.instead
                    )),
                }
            }
        }
        for (place, _) in rule.except {
            if place.ends_with(".rs") && !used.contains(place) {
                wrong.push(format!(
                    "{place} no longer needs its exception for `{}`",
                    rule.pattern
                ));
            }
        }
    }
    report(&wrong, "the rules are RULES in tests/it/house.rs");
}

/// What a page says ("no request causes this code yet", or a scenario) is what the code does.
#[test]
fn codes_without_a_scenario_are_not_made_and_those_with_one_are() {
    let everywhere: Vec<_> = sources("crates/*/src")
        .into_iter()
        .filter(|(path, _)| !within(path, "crates/catalogue"))
        .filter(|(path, _)| !EXAMPLES.iter().any(|place| within(path, place)))
        .collect();
    let answering: Vec<_> = everywhere
        .iter()
        .filter(|(path, _)| {
            [
                "crates/orders",
                "crates/billing",
                "crates/forms",
                "crates/http",
            ]
            .iter()
            .any(|place| within(path, place))
        })
        .map(|(path, text)| (path, without_tests(text)))
        .collect();
    let mut wrong = Vec::new();

    for (path, text) in &everywhere {
        for name in enums() {
            for other in [" as ", "::*", "::{"] {
                if code(text).contains(&format!("{name}{other}")) {
                    wrong.push(format!(
                        "{path}: `{name}{other}` hides which codes are used"
                    ));
                }
            }
        }
    }
    for entry in catalogue::entries() {
        let variant = entry.variant;
        let (name, path) = (enum_of(entry), entry.path());
        assert!(
            sources("crates/catalogue/src")
                .iter()
                .any(|(_, text)| text.contains(&format!("= \"{}\"", entry.code))
                    && text.contains(&format!(" {variant} "))),
            "{path} is not the variant {variant}"
        );
        let made = |text: &str| {
            makes(&code(text), &format!("{name}::{variant}"))
                || MAKERS
                    .iter()
                    .any(|(call, makes)| *makes == variant && code(text).contains(call))
        };
        // What the browser sees is proved in a browser.
        if entry.level == Level::ClientSide {
            continue;
        }
        if entry.page().scenario.is_none() {
            for (file, _) in everywhere.iter().filter(|(_, text)| made(text)) {
                wrong.push(format!(
                    "{file} makes {name}::{variant}, but the page {path} has no scenario: write it"
                ));
            }
        } else if !answering.iter().any(|(_, text)| made(text)) {
            wrong.push(format!(
                "nothing in orders, billing, forms or http makes {name}::{variant}, but the page {path} has a scenario"
            ));
        }
    }
    report(
        &wrong,
        "a code is reachable, or its page says that it is not",
    );
}

#[test]
fn patterns_are_told_from_values() {
    let makes = |text: &str| makes(text, "E::One");
    assert!(makes("Err(E::One)"));
    assert!(makes("let e = E::One { a: T { b } };"));
    assert!(makes("if x { E::One } else { E::Two }"));
    assert!(makes("None => E::One { a },"));
    assert!(!makes("E::One => 1,"));
    assert!(!makes("E::One { a: T { .. }, .. } => 1,"));
    assert!(!makes("E::One { .. } | E::Two => 1,"));
    assert!(!makes("E::One { a } if a > 1 => 1,"));
    assert!(!makes("matches!(e, E::One { .. })"));
    assert!(!makes("E::OneMore"));
    assert!(!makes("OtherE::One"));
    assert_eq!(code("a // E::One\n// E::One\nb"), "a // E::One\n\nb");
}

fn enum_of(entry: &Entry) -> &'static str {
    match entry.face {
        Face::Platform => "PlatformError",
        Face::Recur => "RecurError",
        Face::CardForm => "CardFormError",
        Face::OpenapiV2 => "OpenapiV2Error",
    }
}

fn enums() -> BTreeSet<&'static str> {
    catalogue::entries().map(enum_of).collect()
}

/// Whether `path`, an enum's variant, stands somewhere as a value and not only as a pattern.
fn makes(text: &str, path: &str) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(path).any(|(at, _)| {
        let after = &text[at + path.len()..];
        if word(after.chars().next()) || word(text[..at].chars().next_back()) {
            return false;
        }
        let (fields, next) = braces(after);
        let binds_nothing = fields.trim_end_matches('}').trim_end().ends_with("..");
        let arm = next.starts_with("=>") || next.starts_with("| ") || guard(next);
        !binds_nothing && !arm
    })
}

/// `if …` up to an arrow: the guard of an arm.
fn guard(text: &str) -> bool {
    text.strip_prefix("if ")
        .and_then(|rest| rest.split_once("=>"))
        .is_some_and(|(condition, _)| !condition.contains(['{', '}', ';']))
}

/// The braced group at the start, if any, and what follows.
fn braces(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    if !text.starts_with('{') {
        return ("", text);
    }
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (&text[..=at], text[at + 1..].trim_start());
        }
    }
    (text, "")
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("a workspace").to_owned()
}

fn table(path: &Path) -> Table {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.parse()
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The manifests of the members by their folders' names.
fn manifests() -> BTreeMap<String, Table> {
    let mut folders = crates();
    folders.push(root().join("xtask"));
    let manifests: BTreeMap<_, _> = folders
        .into_iter()
        .map(|folder| {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            (name.into_owned(), table(&folder.join("Cargo.toml")))
        })
        .collect();
    assert!(manifests.contains_key("kernel") && manifests.contains_key("tallystick"));
    manifests
}

fn crates() -> Vec<PathBuf> {
    let mut folders: Vec<_> = fs::read_dir(root().join("crates"))
        .expect("crates/")
        .map(|entry| entry.expect("a folder").path())
        .filter(|folder| folder.join("Cargo.toml").is_file())
        .collect();
    folders.sort();
    folders
}

/// The names under which members import each other, and their folders.
fn workspace_crates() -> BTreeMap<String, String> {
    let manifest = table(&root().join("Cargo.toml"));
    let shared = manifest["workspace"]["dependencies"]
        .as_table()
        .expect("a table");
    shared
        .iter()
        .filter_map(|(key, value)| {
            let folder = value.get("path")?.as_str()?.rsplit('/').next()?;
            Some((key.clone(), folder.to_owned()))
        })
        .collect()
}

/// Every dependency: its table's name, its key, its value.
fn dependencies(manifest: &Table) -> Vec<(&'static str, String, Value)> {
    let targets = manifest
        .get("target")
        .and_then(Value::as_table)
        .into_iter()
        .flat_map(|targets| targets.values().filter_map(Value::as_table));
    [manifest]
        .into_iter()
        .chain(targets)
        .flat_map(|table| {
            ["dependencies", "dev-dependencies", "build-dependencies"]
                .into_iter()
                .filter_map(|kind| Some((kind, table.get(kind)?.as_table()?)))
        })
        .flat_map(|(kind, table)| table.iter().map(move |(k, v)| (kind, k.clone(), v.clone())))
        .collect()
}

/// The Rust files below a folder, with their paths from the root.
fn sources(folder: &str) -> Vec<(String, String)> {
    let folders = match folder.split_once('*') {
        Some((_, inside)) => crates()
            .iter()
            .map(|c| c.join(inside.trim_start_matches('/')))
            .collect(),
        None => vec![root().join(folder)],
    };
    let mut found = Vec::new();
    let mut open = folders;
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                fs::read_dir(&path)
                    .into_iter()
                    .flatten()
                    .flatten()
                    .map(|entry| entry.path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let path = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy();
            found.push((path.replace('\\', "/"), text));
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no sources in {folder}");
    found
}

/// Whether a path is this file, or lies in this folder or in the file of the module of that name.
fn within(path: &str, place: &str) -> bool {
    path.strip_prefix(place)
        .is_some_and(|rest| rest.is_empty() || rest == ".rs" || rest.starts_with('/'))
}

/// The lines that are no comments, with their numbers.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .zip(1..)
        .filter(|(line, _)| !line.trim_start().starts_with("//"))
        .map(|(line, number)| (number, line))
}

fn code(text: &str) -> String {
    text.lines()
        .map(|line| {
            if line.trim_start().starts_with("//") {
                ""
            } else {
                line
            }
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// The unit tests stand at the end of a file.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

fn report(wrong: &[String], advice: &str) {
    assert!(wrong.is_empty(), "\n  {}\n{advice}\n", wrong.join("\n  "));
}
