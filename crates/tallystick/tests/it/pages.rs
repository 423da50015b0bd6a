//! Every error page is run against the real server, on both databases.

use crate::support::{Engine, TestApp, both};
use catalogue::{Coded, Level};
use kernel::Locale;
use tallystick::scenario::Scenario;

both! {
    async fn every_page_causes_its_code(engine: Engine) {
        let app = TestApp::start(engine).await;
        let mut bodies = String::new();
        let mut wrong = Vec::new();
        for entry in catalogue::entries() {
            let page = entry.page();
            let Some(text) = page.scenario else {
                // What the browser sees is proved in a browser.
                if entry.level != Level::ClientSide {
                    wrong.push(format!("{}: no scenario", entry.path()));
                }
                continue;
            };
            let scenario = Scenario::parse(text).unwrap();
            let run = scenario.run(&app.client, &app.base_url).await.unwrap();
            if let Some(failure) = &run.failure {
                wrong.push(format!("{}: {failure}", entry.path()));
            } else if !run.emitted(entry.code) {
                wrong.push(format!("{}: not emitted", entry.path()));
            }
            let last = run.exchanges.last().unwrap();
            let public_url = &app.app.recur.billing.config().public_url;
            let body = without_ids(&last.response).replace(public_url, "http://server");
            bodies.push_str(&format!("{} {body}\n", last.status));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        insta::with_settings!({prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!("bodies_of_all_pages", bodies);
        });
        app.assert_balanced().await;
        app.stop().await;
    }
}

#[test]
fn the_two_kinds_of_chinese_differ() {
    let sample = catalogue::PlatformError::OrganizationDisable;
    assert_ne!(sample.message(Locale::ZhTw), sample.message(Locale::ZhCn));
}

/// Ids differ from run to run.
fn without_ids(body: &str) -> String {
    let mut text = body.to_owned();
    while let Some(at) = text.as_bytes().windows(36).position(|w| {
        w.iter().enumerate().all(|(i, b)| {
            if matches!(i, 8 | 13 | 18 | 23) {
                *b == b'-'
            } else {
                b.is_ascii_hexdigit()
            }
        })
    }) {
        text.replace_range(at..at + 36, "<id>");
    }
    while let Some((_, id)) = text.split_once("\"sub_") {
        let id = format!("\"sub_{}", &id[..26]);
        text = text.replace(&id, "\"<subscription>");
    }
    text
}
