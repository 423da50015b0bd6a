//! The public pages of codes, records and certificates, on a whole server: what stands at two-part addresses of its own
//! stays what it was.

use crate::support::{Answer, Engine, TestApp, both};
use forms::model::certificate::CertificateConfig;
use forms::model::code::{Element, FILL_FORM, Operation};
use forms::model::form::{Definition, Field, FieldType, Group, Rules, Settings};
use forms::{NewCode, NewTemplate};
use futures_util::future::join_all;
use reqwest::Method;

const NOTHING: &str = "Nothing is here. Error codes and their pages: /docs/errors\n";

async fn ask(app: &TestApp, method: Method, path: &str) -> Answer {
    app.send(app.request(method, path)).await
}

async fn get(app: &TestApp, path: &str) -> Answer {
    ask(app, Method::GET, path).await
}

/// The path of a code whose form gives certificates, and the form's.
async fn code(app: &TestApp) -> (String, String) {
    let forms = &app.app.forms;
    let org_code = forms
        .create_organization("Harbour")
        .await
        .unwrap()
        .organization
        .org_code;
    let scope = forms.public_scope(&org_code).await.unwrap().unwrap();
    let name = Field {
        field_id: 1,
        field_title: "Name".into(),
        field_desc: String::new(),
        field_type: FieldType::Name,
        field_short_name: String::new(),
        settings: Settings::default(),
        rules: Rules::default(),
    };
    let form = NewTemplate {
        name: "Inspection".into(),
        definition: Definition {
            groups: vec![Group {
                group_id: 1,
                fields: vec![name],
                ..Group::default()
            }],
        },
        certificate: CertificateConfig {
            enabled: true,
            ..CertificateConfig::default()
        },
        ..NewTemplate::default()
    };
    let tpl_id = forms.create_template(&scope, form).await.unwrap().tpl_id;
    let code = NewCode {
        title: "Pump".into(),
        operations: vec![Operation {
            name: "Inspect".into(),
            description: String::new(),
            elements: vec![Element {
                element_type: FILL_FORM,
                element_value: tpl_id,
            }],
            allowed_state_values: std::collections::BTreeMap::new(),
        }],
        ..NewCode::default()
    };
    let code = forms.create_code(&scope, code).await.unwrap();
    let path = format!("/{org_code}/{}", code.coding);
    let fill = format!("{path}/fill/{tpl_id}");
    (path, fill)
}

both! {
    async fn a_form_is_filled_in_by_whoever_scans_its_code(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (path, fill) = code(&app).await;
        let page = get(&app, &path).await;
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.text.contains(&fill));
        assert!(get(&app, &format!("{path}.md")).await.text.starts_with("# Pump\n"));
        let form = app.request(Method::POST, &fill).form(&[("f1", "Mei Lin")]);
        let taken = app.send(form).await;
        assert_eq!(taken.status, 303, "{}", taken.text);
        let location = taken.headers["location"].to_str().unwrap();
        assert!(location.starts_with('/'), "{location}");
        let record = get(&app, location).await;
        assert_eq!(record.status, 200);
        assert!(record.text.contains("Mei Lin"));
        let (_, picture) = record.text.split_once("src=\"/f/qr/").unwrap();
        let picture = picture.split('"').next().unwrap();
        let image = get(&app, &format!("/f/qr/{picture}")).await;
        assert_eq!(image.headers["content-type"], "image/svg+xml");
        let certificate = picture.strip_suffix(".svg").unwrap();
        let certificate = get(&app, &format!("/{certificate}")).await;
        assert_eq!(certificate.status, 200);
        assert!(certificate.text.contains("Valid"));
        let keys = get(&app, "/.well-known/tallystick-certificates.json").await;
        assert_eq!(keys.json()["keys"][0]["alg"], "Ed25519");
        app.stop().await;
    }

    async fn a_form_that_is_sent_twice_makes_one_record(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (_, fill) = code(&app).await;
        let page = get(&app, &fill).await.text;
        let (_, once) = page.split_once("name=\"once\" value=\"").unwrap();
        let once = once.split('"').next().unwrap();
        let send = async |name: &str| {
            let form = app.request(Method::POST, &fill).form(&[("once", once), ("f1", name)]);
            let taken = app.send(form).await;
            assert_eq!(taken.status, 303, "{}", taken.text);
            taken.headers["location"].to_str().unwrap().to_owned()
        };
        let first = send("Mei Lin").await;
        for again in join_all((0..50).map(|_| send("Mei Lin"))).await {
            assert_eq!(again, first);
        }
        assert_eq!(app.count("forms_records").await, 1);
        // Back on the page, something else was typed.
        assert_ne!(send("Wei Chen").await, first);
        let at_once = join_all((0..50).map(|_| send("An Wu"))).await;
        assert!(at_once.iter().all(|location| *location == at_once[0]));
        assert_eq!(app.count("forms_records").await, 3);
        app.stop().await;
    }

    /// What they sent and nobody refers to is added up, on either database.
    async fn visitors_send_files(engine: Engine) {
        let app = TestApp::start(engine).await;
        let forms = &app.app.forms;
        let made = forms.create_organization("Harbour").await.unwrap();
        let scope = forms.public_scope(&made.organization.org_code).await.unwrap().unwrap();
        for _ in 0..2 {
            let png = b"\x89PNG\r\n\x1a\n....";
            forms.create_upload(&scope, "a.png".into(), "image/png", png).await.unwrap();
        }
        assert_eq!(app.count("forms_uploads").await, 2);
        app.stop().await;
    }

    async fn an_address_sends_so_many_forms_in_a_minute(engine: Engine) {
        let app = TestApp::with(engine, |config| {
            config.forms.public_rate_limit = Some(2);
            config.forms.client_address_header = Some("x-forwarded-for".into());
        }).await;
        let (path, fill) = code(&app).await;
        let send = async |to: &str, from: &str| {
            let form = app.request(Method::POST, to).form(&[("f1", "Mei Lin")]);
            let form = form.header("x-forwarded-for", from).header("accept-language", "zh-TW");
            app.send(form).await
        };
        for _ in 0..2 {
            assert_eq!(send(&fill, "192.0.2.1").await.status, 303);
        }
        // Whatever a visitor writes before what the proxy does, in its line or another.
        let forged = app.request(Method::POST, &fill).header("x-forwarded-for", "198.51.100.9");
        let forged = forged.header("x-forwarded-for", "192.0.2.1").form(&[("f1", "Mei Lin")]);
        assert_eq!(app.send(forged).await.status, 429);
        let refused = send(&fill, "198.51.100.9, 192.0.2.1").await;
        let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!(refused.status == 429 && (1..=60).contains(&wait), "{refused:?}");
        assert!(refused.text.contains("短時間內送出太多次"));
        assert_eq!(send(&fill, "192.0.2.2").await.status, 303);
        // Of IPv6, neighbours in one network; and those without the header, by their connection.
        let neighbours = ["2001:db8::1", "2001:db8::2", "2001:db8::3"];
        let statuses = join_all(neighbours.map(|from| send(&fill, from))).await;
        assert_eq!(statuses.iter().filter(|answer| answer.status == 429).count(), 1);
        assert_eq!(send(&fill, "nobody").await.status, 303);
        app.clock.advance(std::time::Duration::from_secs(60));
        assert_eq!(send(&fill, "192.0.2.1").await.status, 303);
        assert_eq!(get(&app, &path).await.status, 200);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn public_addresses_stand_in_nobodys_way() {
    let app = TestApp::start(Engine::Sqlite).await;
    for (path, status, kind) in [
        ("/healthz", 200, "text/plain"),
        ("/readyz", 200, ""),
        ("/errors.json", 200, "application/json"),
        ("/docs/errors", 200, "text/html"),
        ("/docs/errors/platform", 200, "text/html"),
        ("/openapi/platform.json", 200, "application/json"),
        ("/openapi/recur.json", 200, "application/json"),
        ("/checkout/closed", 200, "text/html"),
        ("/checkout/cs_none", 404, "text/html"),
        ("/buy/none", 404, "text/html"),
        ("/portal/s/none", 404, "text/html"),
        ("/embed/elements", 404, "text/html"),
        ("/f/uploads/none", 404, ""),
        ("/f/qr/oNobody12/qNothing.svg", 404, ""),
    ] {
        let answer = get(&app, path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        let found = answer
            .headers
            .get("content-type")
            .map_or("", |v| v.to_str().unwrap());
        assert!(found.starts_with(kind), "{path}: {found}");
        assert_ne!(answer.text, NOTHING, "{path}");
    }
    // Each face answers for what is not there in its own words.
    for path in ["/platform/orders", "/platform/qrcode", "/platform/x/y"] {
        assert_eq!(get(&app, path).await.code(), "data_not_exist", "{path}");
    }
    for path in ["/v1/orders", "/v1/qx", "/api/v1/qx"] {
        let answer = get(&app, path).await;
        assert!(
            answer.json()["error"].is_object(),
            "{path}: {}",
            answer.text
        );
    }
    for path in ["/api/v2/rpc", "/api/v2/qx", "/api/v2/rpc/record/qx"] {
        assert_eq!(get(&app, path).await.json()["code"], 404, "{path}");
    }
    // A route whose method is another one stays that route.
    for path in ["/docs/errors", "/checkout/closed", "/healthz"] {
        assert_eq!(ask(&app, Method::POST, path).await.status, 405, "{path}");
    }
    for (method, path) in [
        (Method::GET, "/nothing"),
        (Method::GET, "/no/thing"),
        (Method::GET, "/orders/1"),
        (Method::POST, "/orders/quantity"),
        (Method::POST, "/oNobody12/qNothing"),
        (Method::GET, "/docs/nothing"),
        (Method::GET, "/openapi/qx"),
        (Method::GET, "/oNobody12/qNothing/more"),
        (Method::GET, "/oNobody12/qNothing/fill/x"),
        (Method::GET, "/oNobody12/"),
    ] {
        let answer = ask(&app, method.clone(), path).await;
        assert_eq!(
            (answer.status, &*answer.text),
            (404, NOTHING),
            "{method} {path}"
        );
    }
    let missing = get(&app, "/oNobody12/qNothing").await;
    assert_eq!(missing.status, 404);
    assert!(missing.text.contains("<h1>Nothing is here</h1>"));
}
