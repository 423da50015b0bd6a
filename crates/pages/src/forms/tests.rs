use ::forms::authorize::NewAuthorization;
use ::forms::model::audit::{AuditConfig, Stage};
use ::forms::model::certificate::{CertificateConfig, Status, Verifiers};
use ::forms::model::code::{CodeStatus, ContentKind, Element, FILL_FORM, Operation, StateValue};
use ::forms::model::form::{Choice, Column, Definition, Field, FieldType, Group, Item};
use ::forms::model::form::{Rules, Settings};
use ::forms::model::limits::{Limit, LimitPeriod, Limits, Window};
use ::forms::model::{Person, Right};
use ::forms::repo::{Code, State, Template};
use ::forms::{Address, Forms, FormsConfig, NamedRecord, NewCode, NewField, NewTemplate};
use ::forms::{RecordView, Review, Scope};
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use kernel::{Clock, ManualClock, Rng, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::record::Json;
use store::{DatabaseUrl, Db, StoreError};
use tower::ServiceExt;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// What anybody may call things, and fill in.
const NASTY: &str = r#"<script>alert("1")</script>&'"#;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n....";

/// An organization with a project.
struct World {
    forms: Forms,
    clock: Arc<ManualClock>,
    /// Of a key.
    scope: Scope,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// Where it leads to, after a form was taken.
    fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.header("location")
    }

    fn shows(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.body.contains(text), "{text} is not in {}", self.body);
        }
    }
}

fn field(field_id: i64, title: &str, field_type: FieldType) -> Field {
    Field {
        field_id,
        field_title: title.into(),
        field_desc: String::new(),
        field_type,
        field_short_name: String::new(),
        settings: Settings::default(),
        rules: Rules::default(),
    }
}

fn ruled(mut field: Field, rules: Rules) -> Field {
    field.rules = rules;
    field
}

fn set(mut field: Field, change: impl FnOnce(&mut Settings)) -> Field {
    change(&mut field.settings);
    field
}

fn required(field: Field) -> Field {
    set(field, |settings| settings.is_required = true)
}

fn choice(option_id: i64, title: &str) -> Choice {
    Choice {
        option_id,
        title: title.into(),
        ..Choice::default()
    }
}

fn other(option_id: i64, title: &str) -> Choice {
    Choice {
        is_other: true,
        ..choice(option_id, title)
    }
}

fn within(parent_id: i64, option: Choice) -> Choice {
    Choice {
        parent_id: Some(parent_id),
        ..option
    }
}

fn options(options: Vec<Choice>) -> Rules {
    Rules {
        options,
        ..Rules::default()
    }
}

fn format(format: &str) -> Rules {
    Rules {
        format: Some(format.into()),
        ..Rules::default()
    }
}

fn column(column_id: i64, title: &str, column_type: &str, options: Vec<Choice>) -> Column {
    Column {
        column_id,
        title: title.into(),
        column_type: column_type.into(),
        options,
    }
}

fn encode(pairs: &[(&str, &str)]) -> String {
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(pairs);
    encoded.finish()
}

impl World {
    async fn new() -> Self {
        let start: Timestamp = "2026-06-02T12:30:00+08:00".parse().unwrap();
        let clock = Arc::new(ManualClock::at(start));
        let db = Db::open(&DatabaseUrl::SqliteMemory).await.unwrap();
        db.migrate(start).await.unwrap();
        let config = FormsConfig {
            public_url: "https://qr.test".into(),
            ..FormsConfig::default()
        };
        let shared = Arc::clone(&clock) as Arc<dyn Clock>;
        let rng = Arc::new(Rng::seeded(7));
        let webhooks = webhooks::Webhooks::new(
            db.clone(),
            Arc::clone(&shared),
            Arc::clone(&rng),
            ::forms::WEBHOOKS,
            webhooks::Config::default(),
        );
        let forms = Forms::new(db, shared, rng, webhooks.unwrap(), config);
        let forms = forms.await.unwrap();
        let made = forms.create_organization("Tea & Co").await.unwrap();
        let org_id = made.organization.org_id;
        let key = forms.create_key(org_id, "test", &[Right::Write], None);
        let key = key.await.unwrap().key;
        let scope = Scope {
            org_id,
            org_code: made.organization.org_code,
            api_key_id: Some(key.api_key_id),
            project_ids: None,
            now: start,
        };
        Self {
            forms,
            clock,
            scope,
        }
    }

    async fn form(&self, fields: Vec<Field>, change: impl FnOnce(&mut NewTemplate)) -> Template {
        let group = Group {
            group_id: 1,
            fields,
            ..Group::default()
        };
        let mut new = NewTemplate {
            name: "Inspection".into(),
            definition: Definition {
                groups: vec![group],
            },
            ..NewTemplate::default()
        };
        change(&mut new);
        self.forms.create_template(&self.scope, new).await.unwrap()
    }

    /// A code with which the form can be filled in: its path, and it.
    async fn code(&self, form: &Template) -> (String, Code) {
        let new = NewCode {
            title: "Extinguisher 1".into(),
            operations: vec![operation(form)],
            ..NewCode::default()
        };
        let code = self.forms.create_code(&self.scope, new).await.unwrap();
        (self.path(&code.coding), code)
    }

    /// The path of a page on which a form with these fields is filled in.
    async fn page(&self, fields: Vec<Field>) -> String {
        let form = self.form(fields, |_| {}).await;
        self.fill(&form).await
    }

    async fn fill(&self, form: &Template) -> String {
        format!("{}/fill/{}", self.code(form).await.0, form.tpl_id)
    }

    fn path(&self, coding: &str) -> String {
        format!("/{}/{coding}", self.scope.org_code)
    }

    async fn change(&self, code: &Code, change: impl FnOnce(&mut Code)) {
        let mut code = self.forms.code(&self.scope, code.code_id).await.unwrap();
        change(&mut code);
        let stored: Result<(), StoreError> = self.forms.db().write(move |tx| code.save(tx)).await;
        stored.unwrap();
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let router = super::router(self.forms.clone()).fallback(crate::nothing_here);
        let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.into()).unwrap(),
        }
    }

    async fn get(&self, uri: &str) -> Answer {
        let request = Request::get(uri).body(Body::empty()).unwrap();
        self.send(request).await
    }

    /// What a page's form posts.
    async fn submit(&self, uri: &str, pairs: &[(&str, &str)]) -> Answer {
        self.submit_with(
            uri,
            pairs,
            &[("sec-fetch-site", "same-origin"), ("origin", "null")],
        )
        .await
    }

    async fn submit_with(
        &self,
        uri: &str,
        pairs: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let kind = "application/x-www-form-urlencoded";
        let mut request = Request::post(uri).header("content-type", kind);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(encode(pairs))).unwrap())
            .await
    }

    /// The same of a form with files: name, file's name (empty: none) and content.
    async fn send_files(&self, uri: &str, parts: &[(&str, &str, &[u8])]) -> Answer {
        let mut body = Vec::new();
        for (name, file, content) in parts {
            body.extend(
                format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"").bytes(),
            );
            if !file.is_empty() {
                body.extend(format!("; filename=\"{file}\"").bytes());
            }
            body.extend(b"\r\n\r\n");
            body.extend(*content);
            body.extend(b"\r\n");
        }
        body.extend(b"--xyz--\r\n");
        let request = Request::post(uri)
            .header("content-type", "multipart/form-data; boundary=xyz")
            .body(Body::from(body));
        self.send(request.unwrap()).await
    }

    /// The record whose page `location` is.
    async fn record(&self, location: &str) -> RecordView {
        let named = NamedRecord {
            record_id: None,
            address: Address::parse(location),
        };
        self.forms.record(&self.scope, named).await.unwrap()
    }

    /// Submits, and gives the values that are in the record by field.
    async fn values(&self, uri: &str, pairs: &[(&str, &str)]) -> BTreeMap<i64, Value> {
        let answer = self.submit(uri, pairs).await;
        let record = self.record(answer.location()).await.record;
        let fields = record.fields.0.into_iter();
        fields.map(|f| (f.field_id, f.field_value)).collect()
    }

    /// A certificate that staff can verify: its path and an authorization code.
    async fn certificate(&self, change: impl FnOnce(&mut CertificateConfig)) -> (String, String) {
        let mut config = CertificateConfig {
            enabled: true,
            title: "Admission".into(),
            body: "Show this at the gate.".into(),
            verifiers: Verifiers {
                allow_authorization_code: true,
                ..Verifiers::default()
            },
            ..CertificateConfig::default()
        };
        change(&mut config);
        let fields = vec![
            required(field(1, "Name", FieldType::Name)),
            field(2, "Team", FieldType::Text),
        ];
        let form = self.form(fields, |form| form.certificate = config).await;
        let fill = self.fill(&form).await;
        let answer = self
            .submit(&fill, &[("f1", "Mei Lin"), ("f2", "Harbour")])
            .await;
        let view = self.record(answer.location()).await;
        let new = NewAuthorization {
            tpl_id: form.tpl_id,
            expire_at: None,
            max_uses: None,
            holder: Person::default(),
        };
        let (_, code) = self.forms.authorize(&self.scope, new).await.unwrap();
        let coding = view.certificate.unwrap().coding;
        (self.path(&coding), code.expose().clone())
    }
}

fn operation(form: &Template) -> Operation {
    Operation {
        name: "Inspect".into(),
        description: "Once a month".into(),
        elements: vec![Element {
            element_type: FILL_FORM,
            element_value: form.tpl_id,
        }],
        allowed_state_values: BTreeMap::new(),
    }
}

/// A form with a field of every type that needs no file.
fn every_type() -> Vec<Field> {
    use FieldType as T;
    let texts = [
        (1, T::Name),
        (2, T::Tel),
        (3, T::Recorder),
        (4, T::Identity),
        (5, T::OcrIdentity),
        (6, T::JobNumber),
        (7, T::CarNumber),
        (8, T::Text),
        (9, T::TextArea),
        (10, T::OwnerAddress),
        (11, T::CustomerName),
        (12, T::CustomerMobile),
    ];
    let cells = || {
        vec![
            column(1, "Pressure", "number", Vec::new()),
            column(2, "Part", "text", Vec::new()),
            column(3, "Day", "date", Vec::new()),
            column(
                4,
                "State",
                "radio",
                vec![choice(1, "Good"), other(2, "Other")],
            ),
            column(
                5,
                "Tools",
                "checkbox",
                vec![choice(1, "Pliers"), choice(2, "Wrench")],
            ),
        ]
    };
    let tables = || Rules {
        columns: cells(),
        ..Rules::default()
    };
    let items = [(1, "Seal"), (2, "Hose"), (3, "Label")].map(|(item_id, title)| Item {
        item_id,
        title: title.into(),
    });
    let places = vec![
        choice(1, "North"),
        within(1, choice(2, "Harbour")),
        within(1, choice(3, "Airport")),
        choice(4, "South"),
    ];
    let mut fields: Vec<Field> = texts
        .into_iter()
        .map(|(id, field_type)| field(id, field_type.name(), field_type))
        .collect();
    fields.extend([
        ruled(
            field(20, "Sex", T::Sex),
            options(vec![choice(1, "Male"), choice(2, "Female")]),
        ),
        field(21, "Number", T::Number),
        ruled(
            field(22, "Radio", T::Radio),
            options(vec![choice(1, "A"), other(2, "Else")]),
        ),
        ruled(
            field(23, "Checkbox", T::Checkbox),
            options(vec![choice(1, "A"), choice(2, "B"), other(3, "Else")]),
        ),
        ruled(
            field(24, "Checklist", T::Checklist),
            Rules {
                items: items.into(),
                ..Rules::default()
            },
        ),
        ruled(field(25, "Matrix", T::Matrix), tables()),
        ruled(field(26, "Rows", T::DynamicMatrix), tables()),
        field(27, "Address", T::Address),
        ruled(field(28, "Place", T::ChainedSelects), options(places)),
        field(30, "Day", T::Date),
        ruled(field(31, "Year", T::Date), format("YYYY")),
        ruled(field(32, "Month", T::Date), format("YYYY-MM")),
        ruled(field(33, "Moment", T::Date), format("YYYY-MM-DD HH:mm")),
        field(34, "Time", T::Time),
        ruled(field(35, "Seconds", T::Time), format("HH:mm:ss")),
        field(40, "Read this", T::Description),
    ]);
    fields
}

#[tokio::test]
async fn every_type_of_field_is_filled_in_and_read_back() {
    let world = World::new().await;
    let fill = world.page(every_type()).await;
    let page = world.get(&fill).await;
    assert_eq!(page.status, StatusCode::OK);
    page.shows(&[
        "<input id=\"f2\" name=\"f2\" type=\"tel\" value=\"\" autocomplete=\"tel-national\" inputmode=\"tel\"",
        "<textarea id=\"f9\"",
        "<input id=\"f21\" name=\"f21\" type=\"text\" value=\"\" autocomplete=\"off\" inputmode=\"decimal\">",
        "<input type=\"radio\" name=\"f22\" value=\"2\">",
        "name=\"f22o2\"",
        "<input type=\"checkbox\" name=\"f23\" value=\"3\">",
        "<input type=\"radio\" name=\"f24i3\" value=\"3\">",
        "name=\"f25r0c5\"",
        "name=\"f26r2c5\"",
        "<option value=\"2\">North / Harbour</option>",
        "<option value=\"4\">South</option>",
        "name=\"f30\" type=\"date\"",
        "name=\"f32\" type=\"month\"",
        "name=\"f33\" type=\"datetime-local\"",
        "name=\"f35\" type=\"time\" value=\"\" autocomplete=\"off\" step=\"1\"",
        "<p class=\"label\">Read this</p>",
    ]);
    assert!(
        !page.body.contains("<option value=\"1\">"),
        "a place that has parts"
    );
    assert!(!page.body.contains("name=\"f40\""));
    assert!(!page.body.contains("multipart"));
    let typed = [
        ("f1", "Mei Lin"),
        ("f2", " 13800138000 "),
        ("f3", "Li"),
        ("f4", "11010519491231002x"),
        ("f5", "440524188001010014"),
        ("f6", "A-17"),
        ("f7", "粤b·8h9k2"),
        ("f8", "one\u{0}line"),
        ("f9", "two\r\nlines"),
        ("f10", "12-3"),
        ("f11", "Wang"),
        ("f12", "13900139000"),
        ("f20", "2"),
        ("f21", "３０.6"),
        ("f22o2", "said without choosing"),
        ("f23", "2"),
        ("f23", "3"),
        ("f23o3", "more"),
        ("f24i1", "1"),
        ("f24i2", "3"),
        ("f24m2", "worn"),
        ("f25r0c1", "1.2"),
        ("f25r0c3", "2026-06-01"),
        ("f25r0c4", "2"),
        ("f25r0c4o2", "fair"),
        ("f25r0c5", "1"),
        ("f25r0c5", "2"),
        ("f26r0c2", "Nozzle"),
        ("f26r2c2", "Seal"),
        ("f27", "1 Pier Road"),
        ("f28", "3"),
        ("f30", "2026-06-02"),
        ("f31", "2025"),
        ("f32", "2026-05"),
        ("f33", "2026-06-02T08:15"),
        ("f34", "08:15"),
        ("f35", "08:15"),
        ("f40", "nothing"),
        ("f99", "no such field"),
    ];
    let values = world.values(&fill, &typed).await;
    let expected = json!({
        "1": "Mei Lin",
        "2": "13800138000",
        "3": "Li",
        "4": "11010519491231002X",
        "5": "440524188001010014",
        "6": "A-17",
        "7": "粤B8H9K2",
        "8": "one\u{fffd}line",
        "9": "two\nlines",
        "10": "12-3",
        "11": "Wang",
        "12": "13900139000",
        "20": {"option_id": 2},
        "21": {"value": 30.6},
        "22": {"option_id": 2, "custom_text": "said without choosing"},
        "23": {"values": [{"option_id": 2}, {"option_id": 3, "custom_text": "more"}]},
        "24": {"items": [
            {"item_id": 1, "value": 1},
            {"item_id": 2, "value": 3, "remark": "worn"},
            {"item_id": 3, "value": 0},
        ]},
        "25": {"cells": [
            {"column_id": 1, "value": 1.2},
            {"column_id": 3, "value": "2026-06-01"},
            {"column_id": 4, "value": {"option_id": 2, "custom_text": "fair"}},
            {"column_id": 5, "value": {"values": [{"option_id": 1}, {"option_id": 2}]}},
        ]},
        "26": {"rows": [
            {"cells": [{"column_id": 2, "value": "Nozzle"}]},
            {"cells": [{"column_id": 2, "value": "Seal"}]},
        ]},
        "27": {"address": "1 Pier Road"},
        "28": {"path": [1, 3]},
        "30": "2026-06-02",
        "31": "2025",
        "32": "2026-05",
        "33": "2026-06-02 08:15",
        "34": "08:15",
        "35": "08:15:00",
    });
    let by_text: BTreeMap<String, Value> = values
        .into_iter()
        .map(|(k, v)| (k.to_string(), v))
        .collect();
    assert_eq!(json!(by_text), expected);

    let again = [("f2", "13700137000"), ("f28", "4"), ("f35", "08:15:30")];
    let location = world.submit(&fill, &again).await.location().to_owned();
    let record = world.record(&location).await.record;
    assert_eq!(record.method, "扫一扫填写");
    assert_eq!(record.submitter.0.phone.as_deref(), Some("13700137000"));
    let page = world.get(&location).await;
    page.shows(&[
        "Thank you.",
        "Record L2",
        "South",
        "08:15:30",
        "2026-06-02 12:30 (UTC+8)",
    ]);
}

#[tokio::test]
async fn a_records_page_says_what_was_filled_in() {
    let world = World::new().await;
    let fill = world.page(every_type()).await;
    let typed = [
        ("f9", "two\nlines"),
        ("f20", "1"),
        ("f21", "30"),
        ("f22", "2"),
        ("f22o2", "mine"),
        ("f23", "1"),
        ("f23", "2"),
        ("f24i1", "1"),
        ("f24i2", "3"),
        ("f24m2", "worn"),
        ("f26r0c1", "7"),
        ("f26r0c4", "1"),
        ("f28", "2"),
    ];
    let location = world.submit(&fill, &typed).await.location().to_owned();
    let page = world.get(&location).await;
    let texts = [
        "two\nlines",
        ">Male<",
        ">30<",
        ">mine<",
        ">A, B<",
        "<span class=\"soft\">Seal</span> <span>Yes</span>",
        "<span class=\"soft\">Hose</span> <span>Not applicable, worn</span>",
        "<span class=\"soft\">Pressure</span> <span>7</span>",
        "<span class=\"soft\">State</span> <span>Good</span>",
        ">North / Harbour<",
    ];
    page.shows(&texts);
    assert!(!page.body.contains(">Label<"), "nothing was said of it");
    let (path, _) = location.split_once('?').unwrap();
    let later = world.get(&format!("{path}?lang=zh-CN")).await;
    later.shows(&[">A、B<", "无需填写、worn", "记录 L1"]);
    assert!(!later.body.contains("谢谢"));
}

#[tokio::test]
async fn mistakes_are_said_at_each_field_and_what_was_typed_is_kept() {
    let world = World::new().await;
    let mut fields = every_type();
    for field in &mut fields {
        field.settings.is_required = matches!(field.field_id, 1 | 20);
    }
    let fill = world.page(fields).await;
    let typed = [
        ("f1", " "),
        ("f2", "12345"),
        ("f9", "kept\nlines"),
        ("f21", "warm"),
        ("f22", "2"),
        ("f22o2", ""),
        ("f23", "1"),
        ("f23o3", "kept"),
        ("f24i1", "2"),
        ("f24m1", "a remark"),
        ("f25r0c1", "much"),
        ("f26r1c2", "Nozzle"),
        ("f28", "3"),
        ("f33", "2026-06-02T08:15"),
    ];
    let page = world.submit(&fill, &typed).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    page.shows(&[
        "<title>Please check what you entered: Inspection</title>",
        "<li><a href=\"#f1\">name: Must be filled in</a></li>",
        "<li><a href=\"#f2\">tel: Must be a mobile number of 11 digits</a></li>",
        "<li><a href=\"#f20\">Sex: Must be filled in</a></li>",
        "<li><a href=\"#f21\">Number: Must be a number</a></li>",
        "<li><a href=\"#f22\">Radio: Say what &#34;other&#34; is</a></li>",
        "<li><a href=\"#f25\">Matrix: Must be a number</a></li>",
        "<div class=\"error\" id=\"f2-e\"><p>Must be a mobile number of 11 digits</p></div>",
        "aria-invalid=\"true\" aria-describedby=\"f2-h f2-e\"",
        "value=\"12345\"",
        "kept\nlines</textarea>",
        "value=\"warm\"",
        "<input type=\"radio\" name=\"f22\" value=\"2\" checked",
        "<input type=\"checkbox\" name=\"f23\" value=\"1\" checked",
        "name=\"f23o3\" type=\"text\" value=\"kept\"",
        "<input type=\"radio\" name=\"f24i1\" value=\"2\" checked",
        "name=\"f24m1\" type=\"text\" value=\"a remark\"",
        "name=\"f25r0c1\" type=\"text\" value=\"much\"",
        "name=\"f26r1c2\" type=\"text\" value=\"Nozzle\"",
        "<option value=\"3\" selected>",
        "type=\"datetime-local\" value=\"2026-06-02T08:15\"",
    ]);
    assert!(!page.body.contains("href=\"#f23\""));
    for (lang, text) in [("zh-TW", "name：必須填寫"), ("zh-CN", "name：必须填写")] {
        let page = world.submit(&format!("{fill}?lang={lang}"), &typed).await;
        page.shows(&[text, &format!("action=\"{fill}?lang={lang}\"")]);
    }
}

#[tokio::test]
async fn who_fills_in_a_page_leaves_nothing_out_and_adds_nothing_that_is_hidden() {
    let world = World::new().await;
    let hidden = |field| set(field, |s| (s.is_hidden, s.is_required) = (true, true));
    let fill = world
        .page(vec![
            required(field(1, "Name", FieldType::Name)),
            field(2, "Team", FieldType::Text),
            hidden(field(3, "Grade", FieldType::Text)),
        ])
        .await;
    let page = world.get(&fill).await;
    assert!(!page.body.contains("Grade") && !page.body.contains("f3"));
    let page = world.submit(&fill, &[("f2", "Harbour"), ("f3", "A")]).await;
    page.shows(&["Name: Must be filled in"]);
    assert!(!page.body.contains("Grade"));
    let values = world.values(&fill, &[("f1", "Mei"), ("f3", "A")]).await;
    assert_eq!(values, BTreeMap::from([(1, json!("Mei"))]));
}

#[tokio::test]
async fn a_value_that_may_stand_once_is_refused_at_its_field() {
    let world = World::new().await;
    let once = set(field(1, "Badge", FieldType::Text), |s| s.is_unique = true);
    let fill = world.page(vec![once]).await;
    world.submit(&fill, &[("f1", "A 17")]).await.location();
    let page = world.submit(&fill, &[("f1", "a 17")]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    page.shows(&["Badge: Was submitted before", "value=\"a 17\""]);
}

#[tokio::test]
async fn posts_come_from_our_own_pages() {
    let world = World::new().await;
    let fill = world.page(vec![field(1, "Name", FieldType::Name)]).await;
    let (certificate, code) = world.certificate(|_| {}).await;
    let verify = format!("{certificate}/verify");
    for (headers, is_taken) in [
        (&[("sec-fetch-site", "same-origin")][..], true),
        (&[("origin", "null")], true),
        (&[("origin", "https://qr.test")], true),
        (&[("origin", "http://10.0.0.7"), ("host", "10.0.0.7")], true),
        (&[], true),
        (&[("sec-fetch-site", "cross-site")], false),
        (
            &[("sec-fetch-site", "same-site"), ("origin", "null")],
            false,
        ),
        (&[("origin", "https://evil.example")], false),
    ] {
        let answer = world.submit_with(&fill, &[("f1", "Mei")], headers).await;
        let expected = [StatusCode::FORBIDDEN, StatusCode::SEE_OTHER][usize::from(is_taken)];
        assert_eq!(answer.status, expected, "{headers:?}");
        if !is_taken {
            answer.shows(&["This form was sent from another page"]);
            let answer = world
                .submit_with(&verify, &[("code", &code)], headers)
                .await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN);
        }
    }
    world.get(&certificate).await.shows(&["Valid"]);
}

#[tokio::test]
async fn pages_speak_three_languages() {
    let world = World::new().await;
    let form = world
        .form(vec![required(field(1, "Name", FieldType::Name))], |_| {})
        .await;
    let (code, _) = world.code(&form).await;
    let (certificate, _) = world.certificate(|_| {}).await;
    let fill = format!("{code}/fill/{}", form.tpl_id);
    for (accepted, query, tag, texts) in [
        ("", "", "en", ["What you can do", "Submit", "Valid"]),
        ("zh-TW", "", "zh-TW", ["可進行的操作", "必填", "核發時間"]),
        (
            "zh-TW",
            "?lang=zh-CN",
            "zh-CN",
            ["可进行的操作", "必填", "签发时间"],
        ),
    ] {
        for (path, text) in [&code, &fill, &certificate].iter().zip(texts) {
            let request =
                Request::get(format!("{path}{query}")).header("accept-language", accepted);
            let page = world.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(page.status, StatusCode::OK);
            assert_eq!(page.header("content-language"), tag);
            page.shows(&[&format!("<html lang=\"{tag}\""), text, "Tea &#38; Co"]);
        }
        let answer = world
            .submit(&format!("{fill}{query}"), &[("f1", "Mei")])
            .await;
        let suffix = query.replace('?', "&");
        assert!(
            answer
                .location()
                .ends_with(&format!("?submitted=1{suffix}"))
        );
    }
}

#[tokio::test]
async fn what_is_masked_is_shown_in_part_and_what_is_hidden_not_at_all() {
    let world = World::new().await;
    let masked = |field| set(field, |s| s.is_masked = true);
    let fields = vec![
        masked(field(1, "Mobile", FieldType::Tel)),
        masked(ruled(
            field(2, "Group", FieldType::Radio),
            options(vec![choice(1, "Staff")]),
        )),
        field(3, "Name", FieldType::Name),
        field(4, "Note", FieldType::Text),
        field(5, "Gone", FieldType::Text),
        masked(field(6, "Home", FieldType::Address)),
    ];
    let form = world
        .form(fields, |form| form.certificate.enabled = true)
        .await;
    let fill = world.fill(&form).await;
    let typed = [
        ("f1", "13800138000"),
        ("f2", "1"),
        ("f3", "Mei Lin"),
        ("f4", "a secret note"),
        ("f5", "gone"),
        ("f6", "1 Pier Road, Harbour"),
    ];
    let location = world.submit(&fill, &typed).await.location().to_owned();
    let mut changed = form.clone();
    let fields = &mut changed.definition.0.groups[0].fields;
    fields[3].settings.is_hidden = true;
    fields.remove(4);
    let stored: Result<(), StoreError> = world.forms.db().write(move |tx| changed.save(tx)).await;
    stored.unwrap();
    let page = world.get(&location).await;
    page.shows(&["138****8000", "****<", "Mei Lin", "1 P************bour"]);
    let certificate = world.record(&location).await.certificate.unwrap().coding;
    let on_certificate = world.get(&world.path(&certificate)).await;
    on_certificate.shows(&["138****8000", "Me***in"]);
    assert!(!on_certificate.body.contains("Mei Lin"));
    for page in [page, on_certificate] {
        for text in ["13800138000", "Staff", "secret", "gone", "Pier"] {
            assert!(!page.body.contains(text), "{text}");
        }
    }
}

#[tokio::test]
async fn what_others_write_is_text() {
    let world = World::new().await;
    let all = vec![
        field(1, NASTY, FieldType::Text),
        ruled(
            field(2, NASTY, FieldType::Radio),
            options(vec![other(1, NASTY)]),
        ),
        ruled(
            field(3, NASTY, FieldType::DynamicMatrix),
            Rules {
                columns: vec![column(1, NASTY, "text", Vec::new())],
                ..Rules::default()
            },
        ),
        ruled(
            field(4, NASTY, FieldType::Checklist),
            Rules {
                items: vec![Item {
                    item_id: 1,
                    title: NASTY.into(),
                }],
                ..Rules::default()
            },
        ),
        field(5, NASTY, FieldType::Tel),
        field(6, NASTY, FieldType::TextArea),
    ];
    let form = world
        .form(all, |form| {
            form.name = NASTY.into();
            form.description = NASTY.into();
            form.submit_button_title = NASTY.into();
            form.certificate.enabled = true;
            form.certificate.title = NASTY.into();
            form.certificate.body = NASTY.into();
        })
        .await;
    let content = |kind, value: &str| NewField {
        field_id: None,
        kind,
        title: NASTY.into(),
        value: value.into(),
    };
    let new = NewCode {
        title: NASTY.into(),
        fields: vec![
            content(ContentKind::Text, NASTY),
            content(ContentKind::Url, "javascript:alert(1)"),
            content(
                ContentKind::Image,
                "https://x.example/\"><script>alert(1)</script>",
            ),
        ],
        operations: vec![Operation {
            name: NASTY.into(),
            description: NASTY.into(),
            ..operation(&form)
        }],
        ..NewCode::default()
    };
    let code = world.forms.create_code(&world.scope, new).await.unwrap();
    let path = world.path(&code.coding);
    let fill = format!("{path}/fill/{}", form.tpl_id);
    let long = format!("</textarea>{NASTY}");
    let mut typed = vec![
        ("f1", NASTY),
        ("f2", "1"),
        ("f2o1", NASTY),
        ("f3r0c1", NASTY),
        ("f4i1", "1"),
        ("f4m1", NASTY),
        ("f5", NASTY),
        ("f6", &long),
    ];
    let mut pages = vec![world.get(&path).await, world.get(&fill).await];
    pages.push(world.submit(&fill, &typed).await);
    assert_eq!(pages[2].status, StatusCode::BAD_REQUEST);
    typed.remove(6);
    let location = world.submit(&fill, &typed).await.location().to_owned();
    let certificate = world.record(&location).await.certificate.unwrap().coding;
    pages.push(world.get(&location).await);
    pages.push(world.get(&world.path(&certificate)).await);
    for page in pages {
        page.shows(&["&#60;script&#62;"]);
        assert!(!page.body.contains("<script"), "{}", page.body);
        assert!(!page.body.contains("href=\"javascript:"));
        assert!(
            !page
                .header("content-security-policy")
                .contains("script-src")
        );
    }
    let markdown = world.get(&format!("{path}.md")).await;
    assert!(!markdown.body.replace("\\<", "").contains("<script"));
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let world = World::new().await;
    let form = world
        .form(vec![field(1, "Name", FieldType::Name)], |_| {})
        .await;
    let (code, _) = world.code(&form).await;
    let elsewhere = world.forms.create_organization("Other").await.unwrap();
    let elsewhere = elsewhere.organization.org_code;
    let (_, coding) = code.rsplit_once('/').unwrap();
    for path in [
        "/oNobody12/q12345678".to_owned(),
        world.path("q12345678"),
        world.path("q12345678.md"),
        world.path("r1234567890123456"),
        world.path("v12345678901234567890123456789"),
        format!("/{elsewhere}/{coding}"),
        format!("/{elsewhere}/{coding}/fill/{}", form.tpl_id),
        format!("{code}/fill/1"),
        format!("{code}/fill/99999999999999999999999"),
    ] {
        let page = world.get(&path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        page.shows(&["<h1>Nothing is here</h1>"]);
        assert_eq!(page.header("x-robots-tag"), "noindex");
    }
    for (method, path) in [
        (Method::GET, "/orders/1".to_owned()),
        (Method::GET, "/o/q".into()),
        (Method::GET, world.path("x123")),
        (Method::GET, world.path("q1-2")),
        (Method::GET, world.path("r1.md")),
        (Method::GET, world.path("%00")),
        (Method::GET, "/a/b/c".into()),
        (Method::POST, code.clone()),
        (Method::GET, format!("{code}/verify")),
        (Method::POST, format!("{code}/verify")),
        (Method::GET, format!("{code}/fill/x")),
        (Method::GET, format!("{code}.md/fill/{}", form.tpl_id)),
        (Method::DELETE, format!("{code}/fill/{}", form.tpl_id)),
        (Method::POST, world.path("r1234567890123456/fill/1")),
    ] {
        let request = Request::builder().method(&method).uri(&path);
        let answer = world.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        answer.shows(&["Nothing is here."]);
    }
}

#[tokio::test]
async fn a_deleted_record_is_not_there_any_more() {
    let world = World::new().await;
    let (certificate, _) = world.certificate(|_| {}).await;
    let coding = certificate.rsplit('/').next().unwrap().to_owned();
    let found = world
        .forms
        .certificate(&world.scope, Some(coding), None)
        .await
        .unwrap();
    let record = world.path(&found.standing.record_coding);
    assert_eq!(world.get(&record).await.status, StatusCode::OK);
    let id = found.standing.certificate.record_id;
    world.forms.delete_record(&world.scope, id).await.unwrap();
    for path in [record, certificate] {
        assert_eq!(world.get(&path).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_codes_page_says_what_it_is_and_what_can_be_done() {
    let world = World::new().await;
    let form = world
        .form(vec![field(1, "Name", FieldType::Name)], |_| {})
        .await;
    let values = ["In order".to_owned(), "Broken".to_owned()];
    let state = world
        .forms
        .create_state(&world.scope, "Condition", &values, None);
    let State {
        state_id, choices, ..
    } = state.await.unwrap();
    let [good, bad]: [StateValue; 2] = choices.0.try_into().unwrap();
    let content = |kind, title: &str, value: &str| NewField {
        field_id: None,
        kind,
        title: title.into(),
        value: value.into(),
    };
    let guarded = Operation {
        allowed_state_values: BTreeMap::from([(state_id.to_string(), vec![good.id])]),
        ..operation(&form)
    };
    let new = NewCode {
        title: "Pump".into(),
        fields: vec![
            content(ContentKind::Text, "Type", "MFZ\nABC"),
            content(ContentKind::Url, "Manual", "https://example.com/a?b=c&d"),
            content(
                ContentKind::Image,
                "Picture",
                "https://img.example:8443/a.png",
            ),
            content(ContentKind::Image, "None", ""),
        ],
        operations: vec![guarded],
        ..NewCode::default()
    };
    let code = world.forms.create_code(&world.scope, new).await.unwrap();
    let path = world.path(&code.coding);
    let link = format!("href=\"{path}/fill/{}\"", form.tpl_id);
    let page = world.get(&path).await;
    page.shows(&[
        "<h1>Pump</h1>",
        "MFZ\nABC",
        "Not possible in the current state.",
    ]);
    assert!(!page.body.contains(&link));
    world
        .change(&code, |code| {
            code.states.0.extend([(state_id.to_string(), good.id)]);
        })
        .await;
    let page = world.get(&path).await;
    page.shows(&[
        "<dt>Condition</dt><dd><span class=\"badge\">In order</span>",
        &link,
        "Once a month",
        "href=\"https://example.com/a?b=c&#38;d\" rel=\"noopener noreferrer nofollow\"",
        "<img src=\"https://img.example:8443/a.png\" alt=\"Picture\"",
        &format!("type=\"text/markdown\" href=\"{path}.md\""),
    ]);
    assert!(
        page.header("content-security-policy")
            .contains("img-src 'self' data: https://img.example:8443;")
    );
    assert_eq!(page.header("x-robots-tag"), "");
    world
        .change(&code, |code| {
            code.states.0.extend([(state_id.to_string(), bad.id)]);
        })
        .await;
    let refused = world.get(&format!("{path}/fill/{}", form.tpl_id)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    refused.shows(&["The current state “Broken” does not allow it."]);
    let markdown = world.get(&format!("{path}.md")).await;
    assert_eq!(
        markdown.header("content-type"),
        "text/markdown; charset=utf-8"
    );
    markdown.shows(&["# Pump\n", &format!("<https://qr.test{path}>")]);
    for (status, expire_at, text) in [
        (
            CodeStatus::Disabled,
            None,
            "This code is not in use at present.",
        ),
        (
            CodeStatus::Enabled,
            Some(world.scope.now),
            "This code is no longer in use.",
        ),
    ] {
        world
            .change(&code, |code| {
                (code.status, code.expire_at) = (status, expire_at);
            })
            .await;
        let page = world.get(&path).await;
        page.shows(&[text]);
        assert!(!page.body.contains(&link));
        let refused = world.get(&format!("{path}/fill/{}", form.tpl_id)).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        refused.shows(&["The code is not in use."]);
    }
    world
        .change(&code, |code| code.status = CodeStatus::Deleted)
        .await;
    assert_eq!(world.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn limits_are_told_in_three_languages() {
    let world = World::new().await;
    let once = Some(Limit {
        count: 1,
        period: LimitPeriod::Day,
    });
    let name = || vec![field(1, "Name", FieldType::Name)];
    let all = world.form(name(), |form| form.limits.total = once).await;
    let own = world.form(name(), |form| form.limits.per_user = once).await;
    let window = |start_at, end_at| Limits {
        window: Some(Window {
            start_at,
            end_at,
            slots: Vec::new(),
        }),
        ..Limits::default()
    };
    let second = world.scope.now.micros() / 1_000_000;
    let early = world
        .form(name(), |form| {
            form.limits = window(Some(second + 3600), None);
        })
        .await;
    let late = world
        .form(name(), |form| form.limits = window(None, Some(second)))
        .await;
    let (code, stored) = world.code(&all).await;
    let forms = [&all, &own, &early, &late];
    let operations: Vec<Operation> = forms.into_iter().map(operation).collect();
    world
        .change(&stored, |code| code.operations = Json(operations))
        .await;
    let fill = |form: &Template| format!("{code}/fill/{}", form.tpl_id);
    let typed = [("f1", "Mei")];
    let first = world.submit(&fill(&all), &typed).await;
    let visitor = world.submit(&fill(&own), &typed).await;
    first.location();
    visitor.location();
    let cookie = visitor.header("set-cookie");
    let (pair, rest) = cookie.split_once(';').unwrap();
    assert!(
        pair.strip_prefix("forms_visitor=")
            .is_some_and(super::fill::is_ticket)
    );
    assert_eq!(
        rest,
        " Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax; Secure"
    );
    for (form, texts) in [
        (
            &all,
            [
                "This form takes no more submissions",
                "此表單已不再接受提交",
                "此表单已不再接受提交",
            ],
        ),
        (
            &own,
            [
                "You have submitted this form already",
                "您已提交過此表單",
                "您已提交过此表单",
            ],
        ),
        (
            &early,
            [
                "It can be filled in from 2026-06-02 13:30 (UTC+8).",
                "2026-06-02 13:30 (UTC+8) 起開放填寫。",
                "2026-06-02 13:30 (UTC+8) 起开放填写。",
            ],
        ),
        (
            &late,
            ["It could be filled in until", "填寫已於", "填写已于"],
        ),
    ] {
        for (lang, text) in ["en", "zh-TW", "zh-CN"].into_iter().zip(texts) {
            let uri = format!("{}?lang={lang}", fill(form));
            let headers = [("cookie", format!("a=b; {pair}; c=d"))];
            let headers = headers
                .each_ref()
                .map(|(name, value)| (*name, value.as_str()));
            let refused = world.submit_with(&uri, &typed, &headers).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST);
            refused.shows(&[text, &format!("href=\"{code}?lang={lang}\"")]);
        }
    }
    // Somebody else, and whoever makes a cookie up.
    for cookie in ["", "forms_visitor=a\u{2028}", "forms_visitor=short"] {
        let headers = [("cookie", cookie)];
        world
            .submit_with(&fill(&own), &typed, &headers)
            .await
            .location();
    }
    world.clock.advance(DAY);
    let headers = [("cookie", pair)];
    world
        .submit_with(&fill(&own), &typed, &headers)
        .await
        .location();
    world
        .change(&stored, |code| code.operations = Json(Vec::new()))
        .await;
    let refused = world.get(&fill(&all)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    refused.shows(&["This form cannot be filled in here"]);
}

#[tokio::test]
async fn people_are_told_apart_by_the_phone_they_type() {
    let world = World::new().await;
    let once = Some(Limit {
        count: 1,
        period: LimitPeriod::Total,
    });
    let fields = vec![
        field(1, "Mobile", FieldType::Tel),
        field(2, "Name", FieldType::Name),
    ];
    let form = world.form(fields, |form| form.limits.per_user = once).await;
    let fill = world.fill(&form).await;
    let typed = |phone| [("f1", phone), ("f2", "Mei")];
    let first = world.submit(&fill, &typed("13800138000")).await;
    assert_eq!(first.header("set-cookie"), "");
    let record = world.record(first.location()).await.record;
    let submitter = record.submitter.0;
    assert_eq!(
        (submitter.id, submitter.name.as_deref()),
        (None, Some("Mei"))
    );
    let again = world.submit(&fill, &typed("13800138000")).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    world.submit(&fill, &typed("13900139000")).await.location();
}

#[tokio::test]
async fn files_are_sent_kept_and_shown() {
    let world = World::new().await;
    let fill = world
        .page(vec![
            required(field(1, "Name", FieldType::Name)),
            field(2, "Photos", FieldType::Image),
            field(3, "Signature", FieldType::Signature),
            field(4, "Papers", FieldType::File),
            field(5, "Film", FieldType::Video),
            field(6, "Sound", FieldType::Audio),
        ])
        .await;
    let page = world.get(&fill).await;
    page.shows(&[
        "enctype=\"multipart/form-data\"",
        "name=\"f2\" type=\"file\" accept=\"image/png,image/jpeg,image/gif,image/webp\" multiple",
        "At most 5 MB a file.",
    ]);
    let answer = world
        .send_files(
            &fill,
            &[
                ("f1", "", b""),
                ("f2", "photo.png", PNG),
                ("f2", "page.html", b"<html>"),
                ("f3", "signed.txt", b"not a picture"),
                ("f4", "a \u{22}b.txt", b"words"),
                ("f5", "", b""),
            ],
        )
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let refused = "This kind of file is not accepted, or the file is too large";
    answer.shows(&[
        "Name: Must be filled in",
        &format!("Photos: {refused}"),
        &format!("Signature: {refused}"),
        "<span>photo.png</span>",
    ]);
    let kept = |name: &str| {
        let (_, rest) = answer
            .body
            .split_once(&format!("name=\"{name}\" value=\""))
            .unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let photo = kept("f2k");
    assert!(photo.ends_with(":photo.png"));
    let answer = world
        .send_files(
            &fill,
            &[
                ("f1", "", b"Mei"),
                ("f2k", "", photo.as_bytes()),
                ("f3", "me.png", PNG),
            ],
        )
        .await;
    let location = answer.location().to_owned();
    let upload_id = photo.split(':').next().unwrap();
    let view = world.record(&location).await;
    let photos = &view.record.fields.0[1];
    assert_eq!(
        photos.field_value,
        json!([{"upload_id": upload_id, "title": "photo.png"}])
    );
    let page = world.get(&location).await;
    page.shows(&[
        &format!("<img src=\"/f/uploads/{upload_id}\" alt=\"photo.png\""),
        "alt=\"me.png\"",
    ]);
    // A file that somebody says was received.
    let answer = world
        .send_files(
            &fill,
            &[("f1", "", b"Mei"), ("f4k", "", b"u0000000000000000:a")],
        )
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let huge = vec![b'x'; super::typed::LARGEST];
    let answer = world.send_files(&fill, &[("f4", "a.txt", &huge)]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    answer.shows(&["larger than 16 MB"]);
}

#[tokio::test]
async fn a_record_waits_for_its_certificate() {
    let world = World::new().await;
    let form = world
        .form(vec![field(1, "Name", FieldType::Name)], |form| {
            form.certificate.enabled = true;
            form.audit = AuditConfig {
                enabled: true,
                stages: vec![Stage {
                    id: 1,
                    title: "Foreman".into(),
                    level: 1,
                }],
            };
        })
        .await;
    let fill = world.fill(&form).await;
    let review = |record_id, passes| Review {
        record_id,
        passes,
        stage_id: None,
        reply: String::new(),
        by: Person::default(),
    };
    for (passes, text) in [(true, "Approved"), (false, "Not approved")] {
        let location = world
            .submit(&fill, &[("f1", "Mei")])
            .await
            .location()
            .to_owned();
        let page = world.get(&location).await;
        page.shows(&["Waiting for approval", "once the record is approved"]);
        let id = world.record(&location).await.record.record_id;
        world
            .forms
            .review(&world.scope, review(id, passes))
            .await
            .unwrap();
        let page = world.get(&location).await;
        page.shows(&[text]);
        assert_eq!(page.body.contains("class=\"qr\""), passes);
        assert!(!page.body.contains("once the record is approved"));
    }
}

#[tokio::test]
async fn a_certificate_is_verified_with_an_authorization_code() {
    let world = World::new().await;
    let (path, code) = world.certificate(|_| {}).await;
    let verify = format!("{path}/verify");
    let page = world.get(&path).await;
    page.shows(&[
        "<h1>Admission</h1>",
        "Show this at the gate.",
        "<p class=\"worth\">Valid</p>",
        &format!("src=\"/f/qr{path}.svg\""),
        "Me***in",
        "Harbour",
        "Set to “Used”",
    ]);
    assert!(!page.body.contains("Mei Lin"));
    let refused = world
        .submit(&verify, &[("code", "ABCD-EFGH-2345"), ("name", "Li")])
        .await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    refused.shows(&[
        "Not verified: ",
        "Nobody gave out this authorization code",
        "value=\"Li\"",
    ]);
    let refused = world.submit(&verify, &[("code", " ")]).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    world
        .get(&format!("{path}?verified=1"))
        .await
        .shows(&["<p class=\"worth\">Valid</p>"]);

    let (_, rest) = page.body.split_once("name=\"ticket\" value=\"").unwrap();
    let ticket = rest.split('"').next().unwrap();
    let typed = [
        ("code", &*code),
        ("name", "Li"),
        ("phone", "1"),
        ("ticket", ticket),
    ];
    let done = world.submit(&format!("{verify}?lang=en"), &typed).await;
    assert_eq!(done.location(), format!("{path}?verified=1&lang=en"));
    // The same form, sent twice.
    assert_eq!(
        world.submit(&verify, &typed).await.location(),
        format!("{path}?verified=1")
    );
    let page = world.get(done.location()).await;
    page.shows(&[
        "Verified: “Not used” became “Used”.",
        "<p class=\"worth\">Used</p>",
        "Not used → Used",
    ]);
    assert!(!page.body.contains("<form"));
    let late = world.submit(&verify, &[("code", &code)]).await;
    assert_eq!(late.status, StatusCode::BAD_REQUEST);
    late.shows(&[
        "Not verified: ",
        "“已核销” is final".replace(['“', '”'], "&#34;").as_str(),
    ]);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_takes_one_step_of_several() {
    let world = World::new().await;
    let step = |name: &str, next: &[&str]| Status {
        name: name.into(),
        is_initial: name == "one",
        is_final: next.is_empty(),
        next: next.iter().map(|next| (*next).to_owned()).collect(),
    };
    let statuses = vec![
        step("one", &["two"]),
        step("two", &["three"]),
        step("three", &[]),
    ];
    let (path, code) = world.certificate(|config| config.statuses = statuses).await;
    let ticket = world.forms.new_ticket();
    let typed = [("code", &*code), ("ticket", &*ticket)];
    for _ in 0..2 {
        world
            .submit(&format!("{path}/verify"), &typed)
            .await
            .location();
        world.get(&path).await.shows(&["Set to “three”"]);
    }
}

#[tokio::test]
async fn who_verifies_says_who_they_are_and_has_a_code() {
    let world = World::new().await;
    let member = Person {
        phone: Some("13800138000".into()),
        ..Person::default()
    };
    let (path, code) = world
        .certificate(|config| {
            config.require_identity = true;
            config.verifiers.members.push(member);
        })
        .await;
    let verify = format!("{path}/verify");
    // Who knows a member's phone number is no member.
    let known = [("name", "Li"), ("phone", "13800138000"), ("code", "")];
    assert_eq!(
        world.submit(&verify, &known).await.status,
        StatusCode::BAD_REQUEST
    );
    let refused = world
        .submit(&verify, &[("code", &code), ("name", "Li")])
        .await;
    refused.shows(&[
        "Identity information required before verification</p>",
        "name=\"phone\" type=\"tel\" value=\"\" autocomplete=\"tel-national\" maxlength=\"32\" aria-invalid=\"true\"",
    ]);
    world
        .submit(&verify, &[("code", &code), ("name", "Li"), ("phone", "1")])
        .await
        .location();
}

#[tokio::test]
async fn a_certificate_that_counts_no_more_says_so() {
    let world = World::new().await;
    let (path, code) = world.certificate(|_| {}).await;
    let coding = path.rsplit('/').next().unwrap().to_owned();
    let found = world
        .forms
        .certificate(&world.scope, Some(coding), None)
        .await
        .unwrap();
    let record = found.standing.certificate.record_id;
    let revoked = world
        .forms
        .revoke_certificate(world.scope.org_id, record, "Paid back");
    assert!(revoked.await.unwrap());
    let page = world.get(&path).await;
    page.shows(&["<p class=\"worth\">Revoked</p>", "Reason: Paid back"]);
    assert!(!page.body.contains("<form"));
    let refused = world
        .submit(&format!("{path}/verify"), &[("code", &code)])
        .await;
    refused.shows(&["Not verified: "]);

    let (path, _) = world
        .certificate(|config| config.verifiers = Verifiers::default())
        .await;
    let page = world.get(&path).await;
    page.shows(&["<p class=\"worth\">Valid</p>"]);
    assert!(!page.body.contains("<form"));
    let (path, _) = world.certificate(|config| config.verifiable = false).await;
    world.get(&path).await.shows(&["Not for verification"]);
}

#[tokio::test]
async fn pages_tell_nobody_where_they_were() {
    let world = World::new().await;
    let form = world
        .form(vec![field(1, "Name", FieldType::Name)], |_| {})
        .await;
    let fill = world.fill(&form).await;
    let submitted = world.submit(&fill, &[("f1", "Mei")]).await;
    let record = world.get(submitted.location()).await;
    let (certificate, _) = world.certificate(|_| {}).await;
    let pages = [
        world.get(&fill).await,
        record,
        world.get(&certificate).await,
    ];
    for page in pages.iter().chain([&submitted]) {
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
    }
    for page in &pages {
        assert_eq!(page.header("x-robots-tag"), "noindex");
        assert_eq!(
            page.header("content-security-policy"),
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'"
        );
    }
    let (_, style) = pages[0]
        .body
        .split_once("rel=\"stylesheet\" href=\"")
        .unwrap();
    let style = world.get(style.split('"').next().unwrap()).await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(style.header("cache-control").contains("immutable"));
}
