//! Robots: the simulated captcha service, as the driver for the siteverify protocol sees it.

use crate::support::{Engine, TestApp, both};
use captcha::{Reason, RobotCheck as _, SiteVerify, SiteVerifyConfig, Verdict};
use kernel::Secret;
use std::time::Duration;

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
