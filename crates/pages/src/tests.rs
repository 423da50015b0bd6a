use crate::views::Code;
use crate::visit::Visit;
use askama::Template;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use catalogue::{Entry, Face, Level, Retry};
use http_body_util::BodyExt;
use kernel::Locale;
use tower::ServiceExt;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

async fn send(method: Method, uri: &str, accept_language: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header("accept-language", accept_language)
        .body(Body::empty())
        .unwrap();
    let router: Router<()> = crate::router();
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(bytes.into()).unwrap(),
    }
}

async fn get(uri: &str) -> Answer {
    send(Method::GET, uri, "").await
}

/// The codes that a list links to.
fn listed(body: &str) -> Vec<&'static str> {
    catalogue::entries()
        .filter(|entry| {
            body.contains(&format!(
                "class=\"code\" href=\"/docs/errors/{}\"",
                entry.path()
            ))
        })
        .map(|entry| entry.code)
        .collect()
}

fn visit(locale: Locale) -> Visit {
    Visit {
        path: String::new(),
        locale,
        explicit: false,
        search: String::new(),
        status: None,
        version: String::new(),
    }
}

#[tokio::test]
async fn the_index_speaks_three_languages() {
    for (accepted, tag, title) in [
        ("", "en", "<h1>Error codes</h1>"),
        ("en;q=0.5, zh-TW", "zh-TW", "<h1>錯誤碼</h1>"),
        ("zh-Hans", "zh-CN", "<h1>错误码</h1>"),
    ] {
        let answer = send(Method::GET, "/docs/errors", accepted).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-language"), tag);
        assert_eq!(answer.header("vary"), "accept-language");
        assert!(answer.body.contains(&format!("<html lang=\"{tag}\">")));
        assert!(answer.body.contains(title));
        assert_eq!(listed(&answer.body).len(), catalogue::entries().count());
    }
}

#[tokio::test]
async fn the_address_outranks_the_header_and_links_keep_it() {
    let answer = send(Method::GET, "/docs/errors?lang=zh-TW&q=x%26y", "zh-CN").await;
    assert_eq!(answer.header("content-language"), "zh-TW");
    assert!(answer.body.contains("href=\"/docs/errors?lang=zh-TW\""));
    assert!(answer.body.contains("name=\"lang\" value=\"zh-TW\""));
    let other = "href=\"/docs/errors?q=x%26y&#38;lang=en\"";
    assert!(answer.body.contains(other), "{}", answer.body);

    let answer = send(Method::GET, "/docs/errors?lang=tlh", "zh-CN").await;
    assert_eq!(answer.header("content-language"), "zh-CN");
    assert!(!answer.body.contains("name=\"lang\""));
}

#[tokio::test]
async fn the_search_reads_every_language() {
    // 點數不足：需要
    let words = "%E9%BB%9E%E6%95%B8%E4%B8%8D%E8%B6%B3%EF%BC%9A%E9%9C%80%E8%A6%81";
    let answer = get(&format!("/docs/errors?q={words}")).await;
    assert_eq!(listed(&answer.body), ["credit_not_enough"]);
    let answer = get("/docs/errors?q=NOT+enough&status=400").await;
    assert!(listed(&answer.body).contains(&"credit_not_enough"));
    let answer = get("/docs/errors/platform?q=not+enough&status=401").await;
    assert!(answer.body.contains("No code matches"));
    // What completes a message is found too.
    let answer = get("/docs/errors?q=Invalid+API+key").await;
    assert!(listed(&answer.body).contains(&"unauthorized"));
}

#[tokio::test]
async fn a_status_filters_and_an_unknown_one_does_not() {
    let of_401: Vec<&str> = catalogue::entries()
        .filter(|entry| entry.status == 401)
        .map(|entry| entry.code)
        .collect();
    let answer = get("/docs/errors?status=401").await;
    assert_eq!(listed(&answer.body), of_401);
    let answer = get("/docs/errors?status=418&q=").await;
    assert_eq!(listed(&answer.body).len(), catalogue::entries().count());
}

#[tokio::test]
async fn a_search_without_a_result_suggests() {
    let answer = get("/docs/errors?q=credit+not+enuf").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body.contains("No code matches"));
    assert!(listed(&answer.body).contains(&"credit_not_enough"));
}

#[tokio::test]
async fn every_code_has_a_page_in_every_language() {
    for entry in catalogue::entries() {
        for locale in Locale::ALL {
            let path = format!("/docs/errors/{}", entry.path());
            let answer = get(&format!("{path}?lang={}", locale.tag())).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert_eq!(answer.header("content-language"), locale.tag());
            let command = format!("tallystick trigger {}", entry.path());
            let reachable = entry.page().scenario.is_some();
            assert_eq!(answer.body.contains(&command), reachable, "{path}");
        }
    }
}

#[tokio::test]
async fn each_face_has_its_list() {
    for (face, title, codes) in [
        ("platform", "Order platform", 44),
        ("recur", "Recur: subscription billing", 9),
        ("card_form", "Card form (PAYUNi SDK)", 9),
        ("openapi_v2", "OpenAPI V2: forms and certificates", 36),
    ] {
        let answer = get(&format!("/docs/errors/{face}")).await;
        assert!(answer.body.contains(&format!("<h1>{title}</h1>")), "{face}");
        assert_eq!(listed(&answer.body).len(), codes, "{face}");
    }
}

#[tokio::test]
async fn an_answer_of_billing_is_shown_as_it_is_sent() {
    let answer = get("/docs/errors/recur/conflict?lang=zh-TW").await;
    for part in [
        "HTTP/1.1 409 Conflict",
        "顧客已有此商品的有效訂閱",
        "existing_subscription_id",
        "tallystick trigger recur/conflict",
        r#"location.href = "/billing/portal";"#,
    ] {
        assert!(answer.body.contains(part), "{part}");
    }
}

#[tokio::test]
async fn a_code_of_the_browser_is_shown_without_http() {
    let answer = get("/docs/errors/card_form/OBJ01003").await;
    assert_eq!(answer.status, StatusCode::OK);
    for part in [
        "<dd>None</dd>",
        "Yes, with a new token",
        "Error: Token Error (Code: OBJ01003)",
        "wait for more than ten minutes",
    ] {
        assert!(answer.body.contains(part), "{part}");
    }
    for part in ["HTTP/1.1", "tallystick trigger", "Not reachable yet"] {
        assert!(!answer.body.contains(part), "{part}");
    }
    let near = get("/docs/errors/card_form/obj01003").await;
    assert_eq!(listed(&near.body), ["OBJ01003"]);
    let of_0 = get("/docs/errors?status=0").await;
    assert_eq!(listed(&of_0.body).len(), catalogue::entries().count());
}

#[test]
fn a_code_page_shows_the_scenario_and_escapes_the_text() {
    static ENTRY: Entry = Entry {
        face: Face::Platform,
        code: "of_a_test",
        variant: "Sample",
        status: 400,
        level: Level::Top,
        retry: Retry::Later,
        params: &[("min", "integer")],
        messages: ["At least {min}.", "至少 {min}。", "至少 {min}。"],
        source: "# of_a_test\n\n## en\n\nSee `credit_not_enough` or [this](token_validation_failed.md), \
                 not `of_a_test`.\n\n### What to do\n\n<script>alert(1)</script>\n\n\
                 ## zh-TW\n\n原因。\n\n## zh-CN\n\n原因。\n\n## See it happen\n\n\
                 ```http\nGET /a?b=<c>\n\nHTTP 400\n```\n",
    };
    let english = visit(Locale::En);
    let page = Code::new(&english, &ENTRY).render().unwrap();
    assert!(page.contains("GET /a?b=&#60;c&#62;\n\nHTTP 400"));
    assert!(page.contains("tallystick trigger platform/of_a_test"));
    assert!(page.contains("At least <var>min</var>."));
    assert!(page.contains("<h2>What to do</h2>"));
    assert!(!page.contains("<script"));
    assert!(page.contains(
        "<a href=\"/docs/errors/platform/credit_not_enough\"><code>credit_not_enough</code></a>"
    ));
    assert!(page.contains("<a href=\"/docs/errors/platform/token_validation_failed\">this</a>"));
    assert!(page.contains("<code>of_a_test</code>"));

    let chinese = visit(Locale::ZhTw);
    let page = Code::new(&chinese, &ENTRY).render().unwrap();
    assert!(page.contains("<p>原因。</p>"));
}

#[tokio::test]
async fn an_unknown_code_suggests_near_ones() {
    let answer = get("/docs/errors/platform/credit_not_enuf").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(listed(&answer.body).contains(&"credit_not_enough"));
    let answer = get("/docs/errors/credit_not_enough").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(listed(&answer.body), ["credit_not_enough"]);
}

#[tokio::test]
async fn hostile_addresses_are_answered_and_escaped() {
    let long = "%E8%A8%82".repeat(1_200);
    for address in [
        "/docs/errors?q=%3Cscript%3Ealert(1)%3C/script%3E%22%27'&lang=%22%3E",
        "/docs/errors?q=%",
        "/docs/errors?q=%ff%fe%00%zz&status=-1&lang=%ff",
        "/docs/errors?&&==&q&q=&%",
        "/docs/errors?status=99999999999999999999",
        &format!("/docs/errors?q={long}"),
        &format!("/docs/errors/platform?lang={long}&status={long}"),
        "/docs/errors/%3Cscript%3E/%22onload=",
        "/docs/errors/platform/%ff",
        "/docs/errors/..%2f..%2fetc/passwd",
        "/docs/errors/platform/%F0%9F%92%A9",
        &format!("/docs/errors/platform/{long}"),
    ] {
        let answer = get(address).await;
        assert!(
            [StatusCode::OK, StatusCode::NOT_FOUND].contains(&answer.status),
            "{address}: {}",
            answer.status
        );
        assert!(!answer.body.contains("<script"), "{address}");
        assert!(!answer.body.contains("\"onload"), "{address}");
        assert!(answer.body.len() < 100_000, "{address}");
    }
    let answer = get("/docs/errors?q=%3Cscript%3E").await;
    assert!(answer.body.contains("value=\"&#60;script&#62;\""));
}

#[tokio::test]
async fn every_answer_is_under_the_policy() {
    for (address, status) in [
        ("/docs/errors", StatusCode::OK),
        ("/docs/errors/", StatusCode::PERMANENT_REDIRECT),
        ("/docs/errors/platform", StatusCode::OK),
        ("/docs/errors/platform/credit_not_enough", StatusCode::OK),
        ("/docs/errors/platform/nothing", StatusCode::NOT_FOUND),
        ("/docs/assets/errors.css", StatusCode::OK),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let answer = send(method, address, "").await;
            assert_eq!(answer.status, status, "{address}");
            assert_eq!(
                answer.header("content-security-policy"),
                "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
                 base-uri 'none'; frame-ancestors 'none'"
            );
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("referrer-policy"), "no-referrer");
            assert!(!answer.body.contains(" style=\""), "{address}");
        }
    }
    let answer = send(Method::POST, "/docs/errors", "").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn assets_are_kept_under_the_address_that_pages_name() {
    let page = get("/docs/errors").await.body;
    for name in ["/docs/assets/errors.css", "/docs/assets/errors.svg"] {
        let at = page.find(name).unwrap();
        let address = page[at..].split('"').next().unwrap();
        let answer = get(address).await;
        assert!(
            answer.header("cache-control").contains("immutable"),
            "{address}"
        );
        let answer = get(&format!("{name}?v=old")).await;
        assert_eq!(answer.header("cache-control"), "no-cache");
    }
}
