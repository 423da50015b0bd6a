//! What the catalogue's macro promises to refuse, it refuses, and says why.
//! Each case is a small program; one `cargo check` tries them all.

use serde_json::Value;
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A page as it should be.
const PAGE: &str = "# code\n\n## en\n\nText.\n\n## zh-TW\n\n文\n\n## zh-CN\n\n文\n\n## See it happen\n\nNot yet.\n";

struct Case {
    name: &'static str,
    entries: &'static str,
    /// What the compiler's output must contain; nothing for a case that compiles.
    refusal: Option<&'static str>,
}

const CASES: &[Case] = &[
    Case {
        name: "right",
        entries: r#"
            /// Doc.
            SoldOut { product: String, left: i64 } = "good" {
                status: 400, level: Top, retry: AfterChange,
                en: "{product} is sold out: {left}.", zh_tw: "{product} {left}", zh_cn: "{product}",
            },
            /// Doc.
            Other = "other" { status: 503, level: Both, retry: Later, en: "e", zh_tw: "t", zh_cn: "c" },
        "#,
        refusal: None,
    },
    Case {
        name: "page_missing",
        entries: r#"
            /// Doc.
            A = "no_such_page" { status: 400, level: Top, retry: Later, en: "e", zh_tw: "t", zh_cn: "c" },
        "#,
        refusal: Some("couldn't read"),
    },
    Case {
        name: "translation_missing",
        entries: r#"
            /// Doc.
            A = "good" { status: 400, level: Top, retry: Later, en: "e", zh_tw: "t" },
        "#,
        refusal: Some("while trying to match `,`"),
    },
    Case {
        name: "translation_last",
        entries: r#"
            /// Doc.
            A = "good" { status: 400, level: Top, retry: Later, en: "e", zh_cn: "c", zh_tw: "t" },
        "#,
        refusal: Some("no rules expected"),
    },
    Case {
        name: "page_in_two_languages",
        entries: r#"
            /// Doc.
            A = "two_languages" { status: 400, level: Top, retry: Later, en: "e", zh_tw: "t", zh_cn: "c" },
        "#,
        refusal: Some("a page lacks one of the sections"),
    },
    Case {
        name: "page_with_an_empty_language",
        entries: r#"
            /// Doc.
            A = "empty_language" { status: 400, level: Top, retry: Later, en: "e", zh_tw: "t", zh_cn: "c" },
        "#,
        refusal: Some("a language section of a page is empty"),
    },
    Case {
        name: "page_without_a_scenario",
        entries: r#"
            /// Doc.
            A = "no_scenario" { status: 400, level: Top, retry: Later, en: "e", zh_tw: "t", zh_cn: "c" },
        "#,
        refusal: Some("a page lacks the section ## See it happen"),
    },
    Case {
        name: "placeholder_of_no_field",
        entries: r#"
            /// Doc.
            A { product: String } = "good" {
                status: 400, level: Top, retry: Later, en: "{product}", zh_tw: "{produkt}", zh_cn: "c",
            },
        "#,
        refusal: Some("cannot find value `produkt`"),
    },
    Case {
        name: "code_used_twice",
        entries: r#"
            /// Doc.
            A = "good" { status: 400, level: Top, retry: Later, en: "e", zh_tw: "t", zh_cn: "c" },
            /// Doc.
            B = "other" { status: 400, level: Top, retry: Later, en: "e", zh_tw: "t", zh_cn: "c" },
            /// Doc.
            C = "good" { status: 400, level: Top, retry: Later, en: "e", zh_tw: "t", zh_cn: "c" },
        "#,
        refusal: Some("an error code is used twice"),
    },
    Case {
        name: "field_that_cannot_be_shown",
        entries: r#"
            /// Doc.
            A { product: bool } = "good" { status: 400, level: Top, retry: Later, en: "e", zh_tw: "t", zh_cn: "c" },
        "#,
        refusal: Some("the trait bound `bool: Param` is not satisfied"),
    },
    Case {
        name: "status_of_a_success",
        entries: r#"
            /// Doc.
            A = "good" { status: 200, level: Top, retry: Later, en: "e", zh_tw: "t", zh_cn: "c" },
        "#,
        refusal: Some("not an error status"),
    },
];

#[test]
fn the_catalogue_refuses_what_it_promises_to_refuse() {
    let output = check(&write());
    let mut wrong = Vec::new();
    for case in CASES {
        let said = output.get(case.name).map_or("", String::as_str);
        let name = case.name;
        match case.refusal {
            None if said.is_empty() => {}
            None => wrong.push(format!("{name} should compile:\n{said}")),
            Some(_) if said.is_empty() => wrong.push(format!("{name} should not compile")),
            Some(phrase) if said.contains(phrase) => {}
            Some(phrase) => wrong.push(format!("{name} does not say {phrase:?}:\n{said}")),
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Where the dependencies stay compiled from one run to the next.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("promises")
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("a workspace").to_owned()
}

/// Writes a package with a program per case.
fn write() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("written");
    };
    put(
        "Cargo.toml",
        &format!(
            "[workspace]\n[package]\nname = \"promises\"\nedition = \"2024\"\n[dependencies]\n\
            catalogue = {{ path = {:?}, package = \"tallystick-catalogue\" }}\n",
            root().join("crates/catalogue")
        ),
    );
    // The versions that are already here.
    fs::copy(root().join("Cargo.lock"), folder.path().join("Cargo.lock")).expect("a lock file");
    for (name, text) in [
        ("good", PAGE.to_owned()),
        ("other", PAGE.to_owned()),
        ("two_languages", PAGE.replace("## zh-CN\n", "")),
        ("empty_language", PAGE.replace("Text.\n", "")),
        ("no_scenario", PAGE.replace("## See it happen\n", "")),
    ] {
        put(&format!("pages/{name}.md"), &text);
    }
    for case in CASES {
        put(
            &format!("src/bin/{}.rs", case.name),
            &format!(
                "#![allow(warnings)]\ncatalogue::errors! {{\n/// Doc.\npub enum E: Platform, pages: \"../../pages/\" => {{{}}} }}\n\
                fn main() {{ println!(\"{{}}\", E::ENTRIES.len()); }}\n",
                case.entries
            ),
        );
    }
    folder
}

/// Checks all programs: the errors of each, as the compiler shows them.
fn check(folder: &tempfile::TempDir) -> BTreeMap<String, String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["check", "--offline", "--keep-going", "--quiet"])
        .args(["--bins", "--message-format", "json", "--manifest-path"])
        .arg(folder.path().join("Cargo.toml"))
        // The toolchain of the workspace, not that of the temporary folder.
        .current_dir(root())
        .env("CARGO_TARGET_DIR", target())
        .env("CARGO_INCREMENTAL", "0")
        .output()
        .expect("cargo runs");
    let mut errors = BTreeMap::<_, String>::new();
    let mut compiled = Vec::new();
    for line in output.stdout.split(|byte| *byte == b'\n') {
        let Ok(message) = serde_json::from_slice::<Value>(line) else {
            continue;
        };
        let target = message["target"]["name"].as_str().unwrap_or_default();
        if message["reason"] == "compiler-artifact" {
            compiled.push(target.to_owned());
        } else if message["message"]["level"] == "error" {
            let text = message["message"]["rendered"].as_str().unwrap_or_default();
            *errors.entry(target.to_owned()).or_default() += text;
        }
    }
    // Otherwise nothing was tried: the package itself, or the catalogue, is broken.
    assert!(
        compiled
            .iter()
            .any(|target| target == "tallystick_catalogue"),
        "the catalogue does not compile:\n{}\n{errors:#?}",
        String::from_utf8_lossy(&output.stderr)
    );
    for case in CASES {
        let tried = errors.contains_key(case.name) || compiled.iter().any(|t| t == case.name);
        assert!(tried, "{} was not compiled", case.name);
    }
    errors
}
