//! Robots: the simulated captcha service, as the driver for the siteverify protocol sees it.

use crate::support::{Engine, TestApp, both};
use captcha::{Reason, RobotCheck as _, SiteVerify, SiteVerifyConfig, Verdict};
use kernel::Secret;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use tallystick::config::CaptchaConfig;

/// hCaptcha's token for tests.
const PASSCODE: &str = "10000000-aaaa-bbbb-cccc-000000000001";
const HCAPTCHA: &str = "0x0000000000000000000000000000000000000000";
const PASSES: &str = "1x0000000000000000000000000000000AA";
const FAILS: &str = "2x0000000000000000000000000000000AA";
const SPENT: &str = "3x0000000000000000000000000000000AA";

fn service(url: String, secret: &str, hostname: Option<&str>) -> SiteVerify {
    SiteVerify::new(SiteVerifyConfig {
        url,
        secret: Secret::new(secret.into()),
        hostname: hostname.map(str::to_owned),
        timeout: Duration::from_secs(5),
    })
    .unwrap()
}

fn unavailable(why: &str) -> Verdict {
    Verdict::Unavailable(why.into())
}

both! {
    async fn a_captcha_service_is_believed_and_its_absence_is_no_refusal(engine: Engine) {
        let app = TestApp::start(engine).await;
        let url = format!("{}/simulators/captcha/siteverify", app.base_url);
        let invalid = Verdict::Refused(Reason::Invalid);
        for (secret, hostname, token, verdict) in [
            (PASSES, None, "XXXX.DUMMY.TOKEN.XXXX", Verdict::Passed),
            (PASSES, Some("EXAMPLE.com"), "XXXX.DUMMY.TOKEN.XXXX", Verdict::Passed),
            (PASSES, Some("shop.example"), "XXXX.DUMMY.TOKEN.XXXX", invalid.clone()),
            ("6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe", None, "anything", Verdict::Passed),
            (HCAPTCHA, None, PASSCODE, Verdict::Passed),
            (HCAPTCHA, None, "P1_made-up", unavailable("the service answers not-using-dummy-passcode")),
            (FAILS, None, "XXXX.DUMMY.TOKEN.XXXX", invalid.clone()),
            (FAILS, None, "", invalid.clone()),
            (PASSES, None, &"x".repeat(5000), invalid),
            (SPENT, None, "XXXX.DUMMY.TOKEN.XXXX", Verdict::Refused(Reason::ExpiredOrUsed)),
            ("mistyped", None, PASSCODE, unavailable("the service answers invalid-input-secret")),
            (PASSES, None, "down", unavailable("HTTP 503")),
            (PASSES, None, "html", unavailable("HTTP 200 with an answer that cannot be read")),
        ] {
            let service = service(url.clone(), secret, hostname);
            let remote_ip = Some("203.0.113.7".parse().unwrap());
            assert_eq!(service.check(token, remote_ip).await, verdict, "{secret} {token}");
            assert_eq!(service.challenge().await, Ok(None));
        }
        let gone = service("http://127.0.0.1:1/siteverify?key=hidden".into(), PASSES, None);
        let Verdict::Unavailable(why) = gone.check(PASSCODE, None).await else { panic!() };
        assert!(!why.contains("hidden") && !why.contains(PASSES), "{why}");
    }
}

both! {
    /// Two servers: one has the simulated service, which the other asks.
    async fn a_server_that_asks_a_captcha_service_lets_people_in_and_blames_nobody_for_its_absence(engine: Engine) {
        let service = TestApp::start(engine).await;
        let url = format!("{}/simulators/captcha/siteverify", service.base_url);
        let asking = async |url: &str, secret: &str| {
            let config = SiteVerifyConfig {
                url: url.into(),
                secret: Secret::new(secret.into()),
                hostname: None,
                timeout: Duration::from_secs(5),
            };
            TestApp::with(engine, |set| set.captcha = CaptchaConfig::SiteVerify(config)).await
        };
        let log_in = async |app: &TestApp| {
            let body = json!({"email": "mei@example.com", "password": "correct horse", "robot_token": PASSCODE});
            app.send(app.request(Method::POST, "/account/login").json(&body)).await
        };
        for (secret, code) in [
            // No robot; and nobody has this password.
            (PASSES, "token_validation_failed"),
            (HCAPTCHA, "token_validation_failed"),
            (FAILS, "robot_validation_failed"),
            (SPENT, "robot_validation_failed"),
            ("mistyped", "contact_customer_service"),
        ] {
            assert_eq!(log_in(&asking(&url, secret).await).await.code(), code, "{secret}");
        }
        let cut_off = asking("http://127.0.0.1:1/siteverify", PASSES).await;
        let answer = log_in(&cut_off).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(answer.text, @r#"{"message":"The robot check does not work at present. Please contact customer service with the request and its time.","result_code":"contact_customer_service","validation_failed_responses":null,"odata":null}"#);
        }
        let challenge = cut_off.send(cut_off.request(Method::GET, "/account/robot-challenge")).await;
        assert_eq!(challenge.code(), "data_not_exist");
    }
}
