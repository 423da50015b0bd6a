//! The pages of people who buy credit, as a browser without scripts sees them.

use crate::support::{Answer, Engine, TestApp, both};
use kernel::Credits;
use orders::model::OrganizationId;
use orders::people::NewOrganization;
use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE};
use std::cell::RefCell;
use std::collections::BTreeMap;
use tallystick::seed::people::{Person, account};
use tallystick::seed::recur::{GOOD_CARD, POOR_CARD};

/// What people may call their organization.
const NASTY: &str = r#"<script>alert("1")</script>&'"#;

/// A browser: it keeps cookies, and knows the page that it shows.
struct Browser<'a> {
    app: &'a TestApp,
    cookies: RefCell<BTreeMap<String, String>>,
}

type Pairs<'a> = &'a [(&'a str, &'a str)];

impl<'a> Browser<'a> {
    fn new(app: &'a TestApp) -> Self {
        Self {
            app,
            cookies: RefCell::default(),
        }
    }

    async fn request(&self, request: reqwest::RequestBuilder) -> Answer {
        let cookies = self.cookies.borrow().clone();
        let sent: Vec<String> = cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let answer = self.app.send(request.header(COOKIE, sent.join("; "))).await;
        for cookie in answer.headers.get_all(SET_COOKIE) {
            let (pair, rest) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let mut cookies = self.cookies.borrow_mut();
            if rest.contains("Max-Age=0;") {
                cookies.remove(name);
            } else {
                cookies.insert(name.into(), value.into());
            }
        }
        answer
    }

    async fn get(&self, path: &str) -> Answer {
        self.request(self.app.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, fields: Pairs<'_>) -> Answer {
        let request = self.app.request(Method::POST, path);
        self.request(request.form(fields)).await
    }

    /// Fills in the form of a page that posts to a path with this end, and sends it.
    async fn submit(&self, page: &Answer, action: &str, typed: Pairs<'_>) -> Answer {
        let form = Form::of(page, action);
        let kept = form.hidden.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        let fields: Vec<_> = kept
            .filter(|(name, _)| typed.iter().all(|(other, _)| other != name))
            .chain(typed.iter().copied())
            .collect();
        self.post(&path_of(&form.action), &fields).await
    }

    async fn sign_in(&self, person: &Person) -> Answer {
        let page = self.get("/my/sign-in").await;
        let typed = [
            ("email", person.email.as_str()),
            ("password", person.password.expose()),
        ];
        self.submit(&page, "/my/sign-in", &typed).await
    }
}

/// A form of a page.
#[derive(Debug)]
struct Form {
    action: String,
    hidden: Vec<(String, String)>,
}

impl Form {
    fn of(page: &Answer, action: &str) -> Self {
        let mut forms = page.text.split("<form ").skip(1).map(|form| Self {
            action: attribute(form, "action"),
            hidden: form
                .split("</form>")
                .next()
                .unwrap()
                .split("<input ")
                .skip(1)
                .filter(|input| input.starts_with("type=\"hidden\""))
                .map(|input| (attribute(input, "name"), attribute(input, "value")))
                .collect(),
        });
        let found = forms.find(|form| form.action.split('?').next().unwrap().ends_with(action));
        found.unwrap_or_else(|| panic!("no form for {action} in {}", page.text))
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let (_, rest) = tag.split_once(&format!("{name}=\"")).unwrap();
    rest.split('"')
        .next()
        .unwrap()
        .replace("&amp;", "&")
        .replace("&#38;", "&")
}

/// The path of an address, at this server whatever its host is.
fn path_of(address: &str) -> String {
    match address.split_once("://") {
        Some((_, rest)) => rest[rest.find('/').unwrap()..].to_owned(),
        None => address.to_owned(),
    }
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text);
    path_of(answer.headers["location"].to_str().unwrap())
}

fn shows(page: &Answer, texts: &[&str]) {
    for text in texts {
        assert!(page.text.contains(text), "{text} is not in {}", page.text);
    }
}

impl TestApp {
    async fn somebody(&self, name: &str) -> Person {
        account(&self.app.orders, name).await.unwrap()
    }

    async fn organization_of(&self, person: &Person, name: &str) -> OrganizationId {
        let new = NewOrganization {
            name: name.into(),
            contact_email: person.email.clone(),
            contact_phone: "+886912345678".into(),
            tax_id: None,
            logo_file_id: None,
        };
        let made = self.app.orders.found(person.account_id, new).await;
        made.unwrap().organization_id
    }

    async fn credits_of(&self, organization: OrganizationId) -> i64 {
        let balance = self.app.orders.balance(organization).await.unwrap();
        balance.map_or(0, Credits::get)
    }

    async fn charges_made(&self) -> i64 {
        self.sum("SELECT COUNT(*) FROM credit_charges").await
    }
}

/// Types a card into the gateway's page behind a hand-over; where the browser comes back to.
async fn pay(browser: &Browser<'_>, handed: &Answer, card: &str) -> String {
    let to_gateway = browser.submit(handed, "/api/upp", &[]).await;
    let page = location(&to_gateway);
    let typed = [
        ("method", "card"),
        ("card_number", card),
        ("card_expiry", "12/30"),
        ("card_cvc", "123"),
    ];
    let result = browser.post(&page, &typed).await;
    let result = browser.get(&location(&result)).await;
    let (before, _) = result.text.split_once("/callback/pay-uni/return/").unwrap();
    let start = before.rfind('"').unwrap() + 1;
    let action = result.text[start..].split('"').next().unwrap();
    let end = &path_of(action);
    location(&browser.submit(&result, end, &[]).await)
}

both! {
    async fn a_person_tops_up_and_sees_the_balance_rise(engine: Engine) {
        let app = TestApp::start(engine).await;
        let mei = app.somebody("mei").await;
        let studio = app.organization_of(&mei, NASTY).await;
        let browser = Browser::new(&app);

        let top_up = format!("/my/{studio}/top-up");
        let away = location(&browser.get(&top_up).await);
        assert_eq!(away, format!("/my/sign-in?next=%2Fmy%2F{studio}%2Ftop-up"));
        let page = browser.get(&away).await;
        let typed = [("email", &*format!(" {} ", mei.email.to_uppercase())), ("password", mei.password.expose())];
        let signed_in = browser.submit(&page, "/my/sign-in", &typed).await;
        assert_eq!(location(&signed_in), top_up);

        let page = browser.get(&top_up).await;
        shows(&page, &["Balance:", "<strong>0</strong>", "One credit costs NT$1.", "&#60;script&#62;"]);
        assert!(!page.text.contains(NASTY));
        let handed = browser.submit(&page, "/top-up", &[("quantity", "1,250")]).await;
        assert_eq!(handed.status, 200, "{}", handed.text);
        let policy = handed.headers["content-security-policy"].to_str().unwrap();
        let public_url = app.app.orders.public_url();
        assert_eq!(
            policy,
            format!(
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; form-action 'self' {public_url}; \
                 base-uri 'none'; frame-ancestors 'none'"
            )
        );

        let back = pay(&browser, &handed, GOOD_CARD).await;
        assert!(back.starts_with("/my/charges/"), "{back}");
        let page = browser.get(&back).await;
        shows(&page, &["1,250 credits were added. The balance is now 1,250 credits.", "NT$1,250"]);
        let home = browser.get("/my").await;
        shows(&home, &["<p class=\"balance\">1,250 ", "+1,250", "CC-202606020001", "Credit added"]);
        assert!(!home.text.contains(NASTY));
        assert_eq!(app.credits_of(studio).await, 1250);
        for (language, text) in [("zh-TW", "目前餘額 1,250 點"), ("zh-CN", "目前余额 1,250 点")] {
            shows(&browser.get(&format!("{back}?lang={language}")).await, &[text]);
        }
    }

    async fn a_payment_that_failed_can_be_tried_again(engine: Engine) {
        let app = TestApp::start(engine).await;
        let mei = app.somebody("mei").await;
        let studio = app.organization_of(&mei, "Studio").await;
        let browser = Browser::new(&app);
        assert_eq!(location(&browser.sign_in(&mei).await), "/my");
        let page = browser.get(&format!("/my/{studio}/top-up")).await;
        let handed = browser.submit(&page, "/top-up", &[("quantity", "300")]).await;
        let back = pay(&browser, &handed, POOR_CARD).await;
        let page = browser.get(&back).await;
        shows(&page, &["The payment failed", &format!("/my/{studio}/top-up?quantity=300")]);
        let page = browser.get(&format!("/my/{studio}/top-up?quantity=300")).await;
        shows(&page, &["value=\"300\""]);

        // Begun, and left: paid later from the charge's page.
        let handed = browser.submit(&page, "/top-up", &[("quantity", "300")]).await;
        let (_, rest) = handed.text.split_once("href=\"/my/charges/").unwrap();
        let charge = format!("/my/charges/{}", &rest[..36]);
        let page = browser.get(&charge).await;
        shows(&page, &["Waiting for your payment", "Pay now", "Cancel the top-up"]);
        let handed = browser.submit(&page, "/pay", &[]).await;
        assert_eq!(pay(&browser, &handed, GOOD_CARD).await, charge);
        assert_eq!(app.credits_of(studio).await, 300);
        assert_eq!(location(&browser.get(&format!("{charge}/pay?lang=zh-TW")).await), format!("{charge}?lang=zh-TW"));
        // Who had the page open meanwhile is told how it is.
        let late = browser.submit(&page, "/pay", &[]).await;
        assert_eq!(late.status, 400);
        shows(&late, &["role=\"alert\"", "300 credits were added."]);
        let late = browser.submit(&page, "/cancel", &[]).await;
        assert_eq!(late.status, 400);

        let page = browser.get(&format!("/my/{studio}/top-up")).await;
        let handed = browser.submit(&page, "/top-up", &[("quantity", "40")]).await;
        let (_, rest) = handed.text.split_once("href=\"/my/charges/").unwrap();
        let charge = format!("/my/charges/{}", &rest[..36]);
        let given_up = browser.submit(&browser.get(&charge).await, "/cancel", &[]).await;
        assert_eq!(location(&given_up), charge);
        shows(&browser.get(&charge).await, &["The top-up was cancelled"]);
        assert_eq!(app.credits_of(studio).await, 300);
    }

    async fn a_form_that_is_sent_twice_buys_once(engine: Engine) {
        let app = TestApp::start(engine).await;
        let mei = app.somebody("mei").await;
        let studio = app.organization_of(&mei, "Studio").await;
        let browser = Browser::new(&app);
        browser.sign_in(&mei).await;
        let page = browser.get(&format!("/my/{studio}/top-up")).await;
        for wrong in ["", "0", "-5", "1.5", "many", "99999999999999999999"] {
            let refused = browser.submit(&page, "/top-up", &[("quantity", wrong)]).await;
            assert_eq!(refused.status, 400, "{wrong}");
            shows(&refused, &["id=\"quantity-error\"", "aria-invalid=\"true\""]);
        }
        assert_eq!(app.charges_made().await, 0);
        let first = browser.submit(&page, "/top-up", &[("quantity", "10")]).await;
        assert_eq!(first.status, 200);
        let second = browser.submit(&page, "/top-up", &[("quantity", "10")]).await;
        assert!(location(&second).starts_with("/my/charges/"));
        let other = browser.submit(&page, "/top-up", &[("quantity", "11")]).await;
        assert_eq!(other.status, 409);
        assert_eq!(app.charges_made().await, 1);
    }

    async fn only_pages_of_the_session_are_believed(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (mei, eve) = (app.somebody("mei").await, app.somebody("eve").await);
        let studio = app.organization_of(&mei, "Studio").await;
        let browser = Browser::new(&app);
        browser.sign_in(&mei).await;
        let others = Browser::new(&app);
        others.sign_in(&eve).await;
        let stolen = Form::of(&others.get("/my").await, "/my/sign-out").hidden[0].1.clone();
        let top_up = format!("/my/{studio}/top-up");
        for token in ["", "0", &stolen] {
            let fields = [("form_token", token), ("quantity", "10"), ("once", "x")];
            assert_eq!(browser.post(&top_up, &fields).await.status, 403);
            assert_eq!(browser.post("/my/sign-out", &fields).await.status, 403);
        }
        let page = browser.get(&top_up).await;
        let own = Form::of(&page, "/top-up").hidden[0].1.clone();
        let fields = [("form_token", &*own), ("quantity", "10"), ("once", "x")];
        let request = app.request(Method::POST, &top_up).form(&fields);
        let sent = browser.request(request.header("sec-fetch-site", "cross-site")).await;
        assert_eq!(sent.status, 403);
        assert_eq!(app.charges_made().await, 0);

        // Nor is anybody signed in by a page that is not ours.
        let stranger = Browser::new(&app);
        let fields = [("email", &*eve.email), ("password", eve.password.expose())];
        let forced = stranger.post("/my/sign-in", &fields).await;
        assert_eq!(forced.status, 403);
        assert!(!stranger.cookies.borrow().contains_key("tallystick_session"));
    }

    async fn people_see_what_is_theirs(engine: Engine) {
        let app = TestApp::start(engine).await;
        let (mei, lin, eve) = (app.somebody("mei").await, app.somebody("lin").await, app.somebody("eve").await);
        let studio = app.organization_of(&mei, "Studio").await;
        let holder = app.app.orders.session_holder(mei.access_token.expose()).await.unwrap().unwrap();
        app.app.orders.add_members(holder, studio, vec![lin.account_id]).await.unwrap();
        app.organization_of(&eve, "Elsewhere").await;
        let browser = Browser::new(&app);
        browser.sign_in(&mei).await;
        let page = browser.get(&format!("/my/{studio}/top-up")).await;
        let handed = browser.submit(&page, "/top-up", &[("quantity", "10")]).await;
        let (_, rest) = handed.text.split_once("href=\"/my/charges/").unwrap();
        let charge = format!("/my/charges/{}", &rest[..36]);

        let others = Browser::new(&app);
        others.sign_in(&eve).await;
        let home = others.get("/my").await;
        assert!(home.text.contains("Elsewhere") && !home.text.contains("Studio"));
        let token = Form::of(&home, "/my/sign-out").hidden[0].1.clone();
        let fields = [("form_token", &*token), ("quantity", "10"), ("once", "x")];
        for path in [format!("/my/{studio}/top-up"), charge.clone(), "/my/x/top-up".into(), "/my/charges/x".into()] {
            assert_eq!(others.get(&path).await.status, 404, "{path}");
        }
        for path in [format!("/my/{studio}/top-up"), format!("{charge}/pay"), format!("{charge}/cancel")] {
            let refused = others.post(&path, &fields).await;
            assert_eq!(refused.status, 404, "{path}: {}", refused.text);
            assert!(!refused.text.contains("Studio"));
        }
        assert_eq!(app.charges_made().await, 1);

        // A colleague sees it, and leaves it to who made it.
        let colleague = Browser::new(&app);
        colleague.sign_in(&lin).await;
        let page = colleague.get(&charge).await;
        shows(&page, &["Waiting for your payment"]);
        assert!(!page.text.contains("Pay now") && !page.text.contains("Cancel the top-up"));
        let token = Form::of(&page, "/my/sign-out").hidden[0].1.clone();
        for step in ["pay", "cancel"] {
            let refused = colleague.post(&format!("{charge}/{step}"), &[("form_token", &token)]).await;
            assert_eq!(refused.status, 400);
            shows(&refused, &["role=\"alert\""]);
        }

        app.app.orders.set_organization_enabled(studio, false).await.unwrap();
        shows(&browser.get("/my").await, &["disabled"]);
        assert_eq!(browser.get(&format!("/my/{studio}/top-up")).await.status, 400);
    }

    async fn a_session_ends_when_its_owner_says_so(engine: Engine) {
        let app = TestApp::start(engine).await;
        let mei = app.somebody("mei").await;
        let browser = Browser::new(&app);
        browser.sign_in(&mei).await;
        let token = browser.cookies.borrow()["tallystick_session"].clone();
        assert!(app.app.orders.session_holder(&token).await.unwrap().is_some());
        let home = browser.get("/my").await;
        assert_eq!(location(&browser.submit(&home, "/my/sign-out", &[]).await), "/my/sign-in");
        assert!(browser.cookies.borrow().is_empty());
        assert!(app.app.orders.session_holder(&token).await.unwrap().is_none());
        browser.cookies.borrow_mut().insert("tallystick_session".into(), token);
        assert_eq!(location(&browser.get("/my").await), "/my/sign-in?next=%2Fmy");
        for odd in ["", "x; DROP", "é", &"a".repeat(5000)] {
            browser.cookies.borrow_mut().insert("tallystick_session".into(), odd.into());
            assert_eq!(browser.get("/my").await.status, 303, "{odd}");
        }
        // A form that is sent too late leads to signing in, and from there to the page that it was on.
        let late = browser.post("/my/charges/01999d1c-3c00-7e52-b6d1-92aa0c4e8d03/pay", &[]).await;
        let page = browser.get(&location(&late)).await;
        let typed = [("email", &*mei.email), ("password", mei.password.expose())];
        let signed_in = browser.submit(&page, "/my/sign-in", &typed).await;
        let on = browser.get(&location(&signed_in)).await;
        assert_eq!(location(&on), "/my/charges/01999d1c-3c00-7e52-b6d1-92aa0c4e8d03");
        assert_eq!(location(&browser.get("/my/sign-out").await), "/my");
    }

    async fn guessing_passwords_is_slowed_down(engine: Engine) {
        let app = TestApp::start(engine).await;
        let mei = app.somebody("mei").await;
        let browser = Browser::new(&app);
        let page = browser.get("/my/sign-in").await;
        let guess = async |password: &str| {
            let typed = [("email", mei.email.as_str()), ("password", password)];
            browser.submit(&page, "/my/sign-in", &typed).await
        };
        assert_eq!(guess("").await.status, 400);
        let wrong = guess("wrong").await;
        assert_eq!(wrong.status, 401);
        shows(&wrong, &["role=\"alert\"", &mei.email]);
        assert!(!wrong.text.contains("wrong\""));
        let mut last = wrong;
        for _ in 0..12 {
            last = guess("wrong").await;
        }
        assert_eq!(last.status, 429);
        // The right one has to wait, too.
        assert_eq!(guess(mei.password.expose()).await.status, 429);
    }

    async fn cookies_are_kept_from_scripts_and_the_clear(engine: Engine) {
        let app = TestApp::with(engine, |config| config.public_url = Some("https://shop.example".into())).await;
        let mei = app.somebody("mei").await;
        let browser = Browser::new(&app);
        let signed_in = browser.sign_in(&mei).await;
        let cookies: Vec<_> = signed_in.headers.get_all(SET_COOKIE).iter().map(|c| c.to_str().unwrap()).collect();
        let (name, rest) = cookies[0].split_once("=tat_").unwrap();
        assert_eq!(name, "tallystick_session");
        assert_eq!(&rest[64..], "; Path=/my; Max-Age=43200; HttpOnly; SameSite=Lax; Secure");
        let home = browser.get("/my").await;
        for (header, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-robots-tag", "noindex"),
            (
                "content-security-policy",
                "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            ),
        ] {
            assert_eq!(home.headers[header], value);
        }
    }
}
