//! The drivers against the simulators, over a loopback socket.

use super::*;
use einvoice::amego::Amego;
use einvoice::codes::Cause;
use einvoice::ecpay::Ecpay;
use einvoice::ezpay::Ezpay;
use einvoice::invoice::{Allowance, Draft, DraftLine, DraftReceive, Invoice as Checked};
use einvoice::outcome::{Outcome, Refusal, Undecided};
use einvoice::provider::{Issued, Operation, Provider, Wanted, issue_once};
use einvoice::rules::tax::{LineTax, TaxType};
use kernel::{ManualClock, Secret};
use std::time::Duration;
use store::DatabaseUrl;
use testkit::postgres::ScratchDatabase;
use tokio::net::TcpListener;

const PATH: &str = "/simulators/einvoice";
const ALL: [ProviderId; 3] = [ProviderId::Ecpay, ProviderId::Ezpay, ProviderId::Amego];

struct World {
    providers: EinvoiceProviders,
    clock: Arc<ManualClock>,
    url: String,
    http: reqwest::Client,
    _scratch: Option<ScratchDatabase>,
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn config(url: &str) -> EinvoiceConfig {
    let (key, iv) = (secret("ejCk326UnaZWKisg"), secret("q9jcZX8Ib9LM8wYk"));
    let (long, long_iv) = (
        secret("abcdefghijklmnopqrstuvwxyzabcdef"),
        secret("1234567891234567"),
    );
    EinvoiceConfig {
        ecpay: EcpayMerchant::new("2000132", &key, &iv).unwrap(),
        ezpay: EzpayMerchant::new("3622183", &long, &long_iv).unwrap(),
        amego: Seller::new("12345678".parse().unwrap(), secret("sHeq7t8G1wiQvhAuIM27")).unwrap(),
        seller: "12345678".parse().unwrap(),
        qr_key: QrKey::new(&secret("00112233445566778899aabbccddeeff")).unwrap(),
        public_url: url.to_owned(),
        numbers: 100,
        checks_time: true,
        silence: Duration::from_secs(30),
    }
}

impl World {
    async fn new() -> Self {
        Self::on(&DatabaseUrl::SqliteMemory, None, 100).await
    }

    async fn with_numbers(numbers: u32) -> Self {
        Self::on(&DatabaseUrl::SqliteMemory, None, numbers).await
    }

    async fn on_postgres() -> Self {
        let starting =
            tokio::task::spawn_blocking(|| testkit::postgres::cluster().create_database());
        let scratch = starting.await.unwrap();
        let url = scratch.url().parse().unwrap();
        Self::on(&url, Some(scratch), 100).await
    }

    async fn on(url: &DatabaseUrl, scratch: Option<ScratchDatabase>, numbers: u32) -> Self {
        let start: Timestamp = "2026-05-20T12:00:00+08:00".parse().unwrap();
        let clock = Arc::new(ManualClock::at(start));
        let db = Db::open(url).await.unwrap();
        db.migrate(start).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{PATH}", listener.local_addr().unwrap());
        let config = EinvoiceConfig {
            numbers,
            ..config(&url)
        };
        let providers = EinvoiceProviders::new(
            db,
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::new(Rng::seeded(1)),
            config,
        );
        let app = Router::new().nest(PATH, providers.router());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            providers,
            clock,
            url,
            http: httpkit::outgoing::client(Duration::from_secs(10)).unwrap(),
            _scratch: scratch,
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn pass(&self, hours: u64) {
        self.clock.advance(Duration::from_secs(hours * 3600));
    }

    fn driver(&self, provider: ProviderId) -> Box<dyn Provider> {
        self.driver_with(provider, self.http.clone())
    }

    fn driver_with(&self, provider: ProviderId, http: reqwest::Client) -> Box<dyn Provider> {
        let config = config(&self.url);
        let url = &self.url;
        match provider {
            ProviderId::Ecpay => Box::new(Ecpay::new(http, format!("{url}/ecpay"), config.ecpay)),
            ProviderId::Ezpay => Box::new(Ezpay::new(http, format!("{url}/ezpay"), config.ezpay)),
            ProviderId::Amego => Box::new(Amego::new(http, format!("{url}/amego"), config.amego)),
            ProviderId::Payuni => Box::new(einvoice::payuni::Payuni),
        }
    }

    async fn issue(&self, provider: ProviderId, draft: &Draft) -> Outcome<Issued> {
        let driver = self.driver(provider);
        driver.issue(&draft.check().unwrap(), self.now()).await
    }

    async fn issued(&self, provider: ProviderId, draft: &Draft) -> Issued {
        match self.issue(provider, draft).await {
            Outcome::Done(issued) => issued,
            other => panic!("{provider}: {other:?}"),
        }
    }

    async fn again(&self, provider: ProviderId, invoice: &Checked) -> Outcome<Issued> {
        issue_once(&*self.driver(provider), invoice, self.now()).await
    }

    async fn references(&self, provider: ProviderId) -> Vec<String> {
        let invoices = self.providers.invoices(provider).await.unwrap();
        invoices.into_iter().map(|i| i.reference).collect()
    }
}

fn draft(reference: &str) -> Draft {
    let mut draft = Draft::new(reference);
    draft.receive = DraftReceive::MobileBarcode("/ABC1234".into());
    draft.lines = vec![DraftLine::new("月租方案", 2, 299)];
    draft
}

fn company(reference: &str) -> Draft {
    let mut draft = draft(reference);
    draft.receive = DraftReceive::Paper;
    draft.buyer.ubn = Some("28080623".into());
    draft.buyer.name = Some("光貿科技股份有限公司".into());
    draft.buyer.address = Some("台北市".into());
    draft.buyer.email = Some("buyer@example.test".into());
    draft
}

/// Every kind that some provider offers.
fn kinds() -> Vec<Draft> {
    let mut paper = company("paper");
    paper.buyer.ubn = None;
    let mut member = draft("member");
    member.receive = DraftReceive::Member;
    member.buyer.email = Some("member@example.test".into());
    let mut certificate = draft("certificate");
    certificate.receive = DraftReceive::CitizenCertificate("AB12345678901234".into());
    let mut donated = draft("donated");
    donated.receive = DraftReceive::Donation("00168".into());
    let mut exempt = draft("exempt");
    exempt.tax_type = TaxType::Exempt;
    let mut mixed = draft("mixed");
    mixed.tax_type = TaxType::Mixed;
    mixed.lines = [(LineTax::Taxable, 105), (LineTax::ZeroRated, 50)]
        .map(|(tax, price)| DraftLine {
            tax: Some(tax),
            ..DraftLine::new("a", 1, price)
        })
        .to_vec();
    mixed.customs = Some(einvoice::rules::tax::Customs::NotThrough);
    mixed.zero_rate_reason = Some(einvoice::rules::tax::ZeroRateReason::ExportedGoods);
    let mut uneven = company("uneven");
    uneven.lines = vec![DraftLine::new("甲", 3, 283), DraftLine::new("折扣", 1, -20)];
    vec![
        paper,
        member,
        certificate,
        donated,
        exempt,
        mixed,
        uneven,
        company("company"),
    ]
}

#[tokio::test]
async fn every_kind_is_issued_and_found_again() {
    let world = World::new().await;
    for provider in ALL {
        let driver = world.driver(provider);
        for draft in kinds() {
            let invoice = draft.check().unwrap();
            let issued = world.issued(provider, &draft).await;
            let found = driver.query(&Wanted::of(&invoice), world.now()).await;
            let found = found.done().flatten().unwrap();
            assert_eq!(found.issued.number, issued.number, "{provider}");
            assert_eq!(found.issued.random, issued.random);
            assert_eq!(found.issued.issued_at, world.now());
            assert_eq!(found.issued.total, invoice.amounts().total);
            assert!(!found.voided);
        }
        let nothing = Wanted {
            reference: "nothing".into(),
            total: 1,
        };
        assert_eq!(
            driver.query(&nothing, world.now()).await,
            Outcome::Done(None)
        );
        assert_eq!(world.references(provider).await.len(), kinds().len());
    }
}

/// Issue, allowance, void of it, void, on both databases.
async fn life(world: &World, provider: ProviderId) {
    let driver = world.driver(provider);
    let draft = draft("life");
    let invoice = draft.check().unwrap();
    let issued = world.issued(provider, &draft).await;
    world.pass(24);

    let part = [DraftLine::new("月租方案", 1, 299)];
    let allowance = |number| Allowance::new(number, &invoice, &issued, &part).unwrap();
    let allowed = driver.allowance(&allowance("AL1"), world.now()).await;
    let allowed = allowed.done().unwrap();
    assert_eq!(allowed.total, 299);
    assert!(allowed.remaining.is_none_or(|left| left == 299));
    let books = world.providers.invoices(provider).await.unwrap();
    assert_eq!((books[0].credited, books[0].voided), (299, false));

    let blocked = driver.void(&issued, "取消", world.now()).await;
    assert_eq!(blocked.cause(), Some(Cause::HasAllowance), "{provider}");
    let whole = [DraftLine::new("月租方案", 2, 299)];
    let whole = Allowance::new("AL2", &invoice, &issued, &whole).unwrap();
    let too_much = driver.allowance(&whole, world.now()).await;
    assert!(matches!(too_much, Outcome::Refused(_)), "{too_much:?}");

    let undone = driver.void_allowance(&allowed, "改單", world.now()).await;
    assert_eq!(undone, Outcome::Done(()), "{provider}");
    let twice = driver.void_allowance(&allowed, "改單", world.now()).await;
    assert!(matches!(twice, Outcome::Refused(_)), "{twice:?}");

    let voided = driver.void(&issued, "取消", world.now()).await;
    if provider == ProviderId::Amego {
        // It remembers.
        assert_eq!(voided.cause(), Some(Cause::HasAllowance));
        return;
    }
    assert_eq!(voided, Outcome::Done(()), "{provider}");
    let twice = driver.void(&issued, "取消", world.now()).await;
    assert_eq!(twice.cause(), Some(Cause::AlreadyVoided), "{provider}");
    let found = driver.query(&Wanted::of(&invoice), world.now()).await;
    assert!(found.done().flatten().unwrap().voided);
    let again = world.again(provider, &invoice).await;
    assert!(
        matches!(again, Outcome::Refused(Refusal::Voided(_))),
        "{again:?}"
    );
}

#[tokio::test]
async fn an_invoice_has_a_life() {
    let world = World::new().await;
    for provider in ALL {
        life(&world, provider).await;
    }
}

#[tokio::test]
async fn an_invoice_has_a_life_on_postgres() {
    let world = World::on_postgres().await;
    for provider in ALL {
        life(&world, provider).await;
    }
}

#[tokio::test]
async fn a_reference_is_used_once() {
    let world = World::new().await;
    for provider in ALL {
        let first = world.issued(provider, &draft("once")).await;
        let other = Draft {
            lines: vec![DraftLine::new("月租方案", 1, 100)],
            ..draft("once")
        };
        let repeated = world.issue(provider, &other).await;
        assert_eq!(
            repeated,
            Outcome::Undecided(Undecided::Repeated),
            "{provider}"
        );
        let again = world.again(provider, &draft("once").check().unwrap()).await;
        assert_eq!(again.done().unwrap().number, first.number);
        // Another total is another invoice, and that is not decided by us.
        let outcome = world.again(provider, &other.check().unwrap()).await;
        assert!(matches!(outcome, Outcome::Undecided(_)), "{outcome:?}");
        assert_eq!(world.references(provider).await, ["once"]);
    }
    // ezPay recognizes what is sent again to the letter.
    let again = world.issue(ProviderId::Ezpay, &draft("once")).await;
    assert!(matches!(again, Outcome::Done(_)), "{again:?}");
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_invoice() {
    let world = World::new().await;
    for provider in ALL {
        for (reference, fault) in [
            ("lost", EinvoiceFault::LostAnswer),
            ("unsealed", EinvoiceFault::Unsealed),
        ] {
            world.providers.set_fault(Some(fault.clone()));
            let outcome = world.issue(provider, &draft(reference)).await;
            assert!(
                matches!(outcome, Outcome::Undecided(_)),
                "{provider} {fault:?} {outcome:?}"
            );
            let invoice = draft(reference).check().unwrap();
            let still = world.again(provider, &invoice).await;
            assert!(
                matches!(still, Outcome::Undecided(_)),
                "{provider} {still:?}"
            );
            world.providers.set_fault(None);
            let issued = world.again(provider, &invoice).await.done().unwrap();
            let books = world.providers.invoices(provider).await.unwrap();
            let ours: Vec<_> = books.iter().filter(|i| i.reference == reference).collect();
            assert_eq!(ours.len(), 1);
            assert_eq!(ours[0].number, issued.number.to_string());
        }
    }
}

#[tokio::test]
async fn silence_is_no_failure() {
    let world = World::new().await;
    let impatient = httpkit::outgoing::client(Duration::from_millis(300)).unwrap();
    for provider in ALL {
        let silence = EinvoiceFault::Silence(Duration::from_secs(30));
        world.providers.set_fault(Some(silence));
        let driver = world.driver_with(provider, impatient.clone());
        let invoice = draft("silence").check().unwrap();
        let outcome = driver.issue(&invoice, world.now()).await;
        assert_eq!(
            outcome,
            Outcome::Undecided(Undecided::TimedOut),
            "{provider}"
        );
        world.providers.set_fault(None);
        assert!(world.again(provider, &invoice).await.done().is_some());
        assert_eq!(world.references(provider).await, ["silence"]);
    }
}

#[tokio::test]
async fn pages_instead_of_answers_do_nothing() {
    let world = World::new().await;
    for provider in ALL {
        for (fault, reason) in [
            (EinvoiceFault::Html, Undecided::NotJson),
            (EinvoiceFault::Down, Undecided::Http(503)),
        ] {
            world.providers.set_fault(Some(fault));
            let outcome = world.issue(provider, &draft("page")).await;
            assert_eq!(outcome, Outcome::Undecided(reason), "{provider}");
        }
        world.providers.set_fault(None);
        assert!(world.references(provider).await.is_empty());
    }
}

#[tokio::test]
async fn refusals_on_demand_do_nothing() {
    let world = World::new().await;
    for (provider, code, cause) in [
        (ProviderId::Ecpay, "1100040", Cause::NumbersUsedUp),
        (ProviderId::Ezpay, "INV10020", Cause::Account),
        (ProviderId::Amego, "3040132", Cause::UnknownCarrier),
    ] {
        world
            .providers
            .set_fault(Some(EinvoiceFault::Refuse(code.into())));
        let outcome = world.issue(provider, &draft("refused")).await;
        assert_eq!(outcome.cause(), Some(cause), "{provider}");
        assert!(world.references(provider).await.is_empty());
    }
    let transient = EinvoiceFault::Refuse("NOR10001".into());
    world.providers.set_fault(Some(transient));
    let outcome = world.issue(ProviderId::Ezpay, &draft("transient")).await;
    assert!(matches!(outcome, Outcome::Undecided(Undecided::Code(_))));
}

#[tokio::test]
async fn one_buyer_s_mail_address_asks_for_a_fault() {
    let world = World::new().await;
    let mailed = |who: &str| {
        let mut draft = draft(&who.replace('-', "_"));
        draft.buyer.email = Some(format!("{who}@einvoice.test"));
        draft
    };
    let impatient = httpkit::outgoing::client(Duration::from_millis(500)).unwrap();
    for provider in ALL {
        let driver = world.driver_with(provider, impatient.clone());
        let outcome = async |who: &str| {
            let invoice = mailed(who).check().unwrap();
            driver.issue(&invoice, world.now()).await
        };
        for (who, reason) in [
            ("down", Undecided::Http(503)),
            ("html", Undecided::NotJson),
            ("silence", Undecided::TimedOut),
            ("duplicate", Undecided::Repeated),
        ] {
            assert_eq!(outcome(who).await, Outcome::Undecided(reason), "{provider}");
        }
        for who in ["lost", "unsealed", "unavailable"] {
            let outcome = outcome(who).await;
            assert!(
                matches!(outcome, Outcome::Undecided(_)),
                "{who} {outcome:?}"
            );
        }
        for (who, cause) in [
            ("numbers-used-up", Cause::NumbersUsedUp),
            ("invalid", Cause::Invalid),
        ] {
            assert_eq!(outcome(who).await.cause(), Some(cause), "{provider}");
        }
        assert!(outcome("somebody").await.done().is_some());
        assert_eq!(
            world.references(provider).await,
            ["lost", "silence", "somebody", "unsealed"]
        );
    }
}

#[tokio::test]
async fn a_mail_address_asks_for_a_fault_of_what_comes_later() {
    let world = World::new().await;
    for provider in ALL {
        let driver = world.driver(provider);
        let mut draft = draft("later");
        draft.buyer.email = Some("down-later@einvoice.test".into());
        let issued = world.issued(provider, &draft).await;
        let down = Outcome::Undecided(Undecided::Http(503));
        let wanted = Wanted::of(&draft.check().unwrap());
        assert!(
            driver.query(&wanted, world.now()).await == Outcome::Undecided(Undecided::Http(503))
        );
        assert_eq!(
            driver.void(&issued, "x", world.now()).await,
            down,
            "{provider}"
        );
        let invoice = draft.check().unwrap();
        let lines = [DraftLine::new("a", 1, 1)];
        let allowance = Allowance::new("AL1", &invoice, &issued, &lines).unwrap();
        let allowed = driver.allowance(&allowance, world.now()).await;
        assert_eq!(
            allowed,
            Outcome::Undecided(Undecided::Http(503)),
            "{provider}"
        );
    }
}

#[tokio::test]
async fn numbers_are_used_up_and_new_ones_come_with_the_next_period() {
    let world = World::with_numbers(2).await;
    for provider in ALL {
        let first = world.issued(provider, &draft("n1")).await;
        let second = world.issued(provider, &draft("n2")).await;
        assert_ne!(first.number, second.number);
        assert_eq!(first.number.track(), second.number.track());
        let third = world.issue(provider, &draft("n3")).await;
        assert_eq!(third.cause(), Some(Cause::NumbersUsedUp), "{provider}");
        assert_eq!(world.references(provider).await, ["n1", "n2"]);
    }
    world.pass(24 * 31 * 2);
    for provider in ALL {
        let next = world.issued(provider, &draft("n3")).await;
        let old = world.providers.invoices(provider).await.unwrap();
        assert!(
            !old[0].number.starts_with(next.number.track()),
            "{provider}"
        );
    }
}

#[tokio::test]
async fn voids_have_their_time() {
    let world = World::new().await;
    let mut issued = Vec::new();
    for provider in ALL {
        issued.push((provider, world.issued(provider, &draft("early")).await));
        issued.push((provider, world.issued(provider, &draft("late")).await));
    }
    let early = world.driver(ProviderId::Ezpay);
    let outcome = early.void(&issued[2].1, "取消", world.now()).await;
    assert_eq!(outcome.cause(), Some(Cause::TooEarly));
    // Six o'clock of the next day.
    world.pass(18);
    for (provider, invoice) in issued.iter().filter(|(_, i)| i.reference == "early") {
        let outcome = world
            .driver(*provider)
            .void(invoice, "取消", world.now())
            .await;
        assert_eq!(outcome, Outcome::Done(()), "{provider}");
    }
    // July 21.
    world.pass(24 * 61);
    for (provider, invoice) in issued.iter().filter(|(_, i)| i.reference == "late") {
        let outcome = world
            .driver(*provider)
            .void(invoice, "取消", world.now())
            .await;
        assert_eq!(outcome.cause(), Some(Cause::TooLate), "{provider}");
    }
}

#[tokio::test]
async fn paper_is_printed_for_a_while() {
    printed(&World::new().await).await;
}

#[tokio::test]
async fn paper_is_printed_for_a_while_on_postgres() {
    printed(&World::on_postgres().await).await;
}

async fn printed(world: &World) {
    for (provider, hours) in [(ProviderId::Ecpay, 1), (ProviderId::Amego, 1)] {
        let driver = world.driver(provider);
        let mut paper = company("paper");
        paper.lines[0].name = "<月租>".into();
        let invoice = world.issued(provider, &paper).await;
        let printed = driver
            .print_url(&invoice, world.now())
            .await
            .done()
            .unwrap();
        assert!(printed.url.starts_with(&world.url), "{}", printed.url);
        let page = world.http.get(&printed.url).send().await.unwrap();
        let page = page.text().await.unwrap();
        assert!(page.contains(invoice.number.as_str()), "{page}");
        assert!(
            page.contains("28080623") && !page.contains("<月租>"),
            "{page}"
        );
        let barcode = format!("11506{}{}", invoice.number, invoice.random);
        assert!(page.contains(&barcode), "{page}");
        world.pass(hours);
        let expired = world.http.get(&printed.url).send().await.unwrap();
        assert_eq!(expired.status().as_u16(), 404, "{provider}");

        let carried = world.issued(provider, &draft("carried")).await;
        let refused = driver.print_url(&carried, world.now()).await;
        assert!(
            matches!(refused, Outcome::Refused(Refusal::Denied(_))),
            "{refused:?}"
        );
    }
    let invoice = world.issued(ProviderId::Ezpay, &company("paper")).await;
    let print = world.driver(ProviderId::Ezpay);
    assert_eq!(
        print.print_url(&invoice, world.now()).await,
        Outcome::Refused(Refusal::NotOffered(Operation::PrintUrl))
    );
}

#[tokio::test]
async fn amego_tells_what_to_print() {
    let world = World::new().await;
    let issued = world.issued(ProviderId::Amego, &company("paper")).await;
    let printed = issued.printed.unwrap();
    let barcode = format!("11506{}{}", issued.number, issued.random);
    assert_eq!(printed.barcode, barcode);
    // 570 and 598.
    let middle = format!(
        "{}11505 20{}0000023a00000256280806231234567",
        issued.number, issued.random
    );
    assert!(
        printed.left.starts_with(&middle.replace(' ', "")),
        "{}",
        printed.left
    );
    assert!(printed.left.ends_with(":1:1:1:月租方案:2:299:"));
    assert_eq!(printed.right, "**");
}

#[tokio::test]
async fn requests_from_another_time_or_with_other_keys_are_refused() {
    let world = World::new().await;
    let invoice = draft("stale").check().unwrap();
    let hour = Duration::from_secs(3600);
    for provider in ALL {
        let later = world.now().plus(hour);
        let outcome = world.driver(provider).issue(&invoice, later).await;
        assert_eq!(outcome.cause(), Some(Cause::Credentials), "{provider}");
    }
    let (key, iv) = (secret("0123456789abcdef"), secret("0123456789abcdef"));
    let long = secret("0123456789abcdef0123456789abcdef");
    let url = |name: &str| format!("{}/{name}", world.url);
    let strangers: [Box<dyn Provider>; 3] = [
        Box::new(Ecpay::new(
            world.http.clone(),
            url("ecpay"),
            EcpayMerchant::new("2000132", &key, &iv).unwrap(),
        )),
        Box::new(Ezpay::new(
            world.http.clone(),
            url("ezpay"),
            EzpayMerchant::new("3622183", &long, &iv).unwrap(),
        )),
        Box::new(Amego::new(
            world.http.clone(),
            url("amego"),
            Seller::new("12345678".parse().unwrap(), key.clone()).unwrap(),
        )),
    ];
    for stranger in strangers {
        let provider = stranger.capabilities().provider;
        let outcome = stranger.issue(&invoice, world.now()).await;
        assert_eq!(outcome.cause(), Some(Cause::Credentials), "{provider}");
        assert!(world.references(provider).await.is_empty());
    }
    let unknown = Ecpay::new(
        world.http.clone(),
        url("ecpay"),
        EcpayMerchant::new("1", &key, &iv).unwrap(),
    );
    // An answer in another merchant's name says nothing to us.
    let outcome = unknown.issue(&invoice, world.now()).await;
    assert_eq!(outcome, Outcome::Undecided(Undecided::Mismatch));
}

async fn at_once(world: &World) {
    let invoice = draft("race").check().unwrap();
    for provider in ALL {
        let attempts = (0..8).map(|_| {
            let (driver, invoice, now) = (world.driver(provider), invoice.clone(), world.now());
            tokio::spawn(async move { issue_once(&*driver, &invoice, now).await })
        });
        let mut numbers = Vec::new();
        for attempt in attempts.collect::<Vec<_>>() {
            let outcome = attempt.await.unwrap();
            numbers.push(outcome.done().expect("an invoice").number);
        }
        numbers.dedup();
        assert_eq!(numbers.len(), 1, "{provider}");
        assert_eq!(world.references(provider).await, ["race"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_make_one_invoice() {
    at_once(&World::new().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_make_one_invoice_on_postgres() {
    at_once(&World::on_postgres().await).await;
}

/// What the drivers never send is refused all the same.
#[tokio::test]
async fn malformed_requests_are_refused_in_each_dialect() {
    let world = World::new().await;
    let post = async |path: &str, body: String| {
        let sent = world.http.post(format!("{}{path}", world.url)).body(body);
        let answer = sent.send().await.unwrap();
        let text = answer.text().await.unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap_or_default()
    };
    let config = config("");
    let seconds = world.now().micros() / 1_000_000;
    let ecpay = async |operation: &str, content: &str| {
        let data = config.ecpay.encrypt(content);
        let body = serde_json::json!({"MerchantID": "2000132", "RqHeader": {"Timestamp": seconds}, "Data": data});
        let answer = post(&format!("/ecpay/B2CInvoice/{operation}"), body.to_string()).await;
        let data = config
            .ecpay
            .decrypt(answer["Data"].as_str().unwrap())
            .unwrap();
        serde_json::from_str::<serde_json::Value>(&data).unwrap()["RtnCode"].clone()
    };
    assert_eq!(ecpay("Issue", "{}").await, 2000001);
    let wrong = r#"{"RelateNumber":"1","Print":"1","CustomerName":"a","CustomerAddr":"a","CustomerPhone":"1","CarrierType":"3","CarrierNum":"/ABC1234"}"#;
    assert_eq!(ecpay("Issue", wrong).await, 5000015);
    let wrong = r#"{"RelateNumber":"1","Print":"0","CustomerIdentifier":"28080623"}"#;
    assert_eq!(ecpay("Issue", wrong).await, 5000028);
    let wrong = r#"{"RelateNumber":"1","Print":"0","Donation":"1","LoveCode":"1"}"#;
    assert_eq!(ecpay("Issue", wrong).await, 2020001);
    let wrong = r#"{"RelateNumber":"1","Print":"0","TaxType":"2"}"#;
    assert_eq!(ecpay("Issue", wrong).await, 5000007);
    let wrong = r#"{"RelateNumber":"1","Print":"0","TaxType":"1","SalesAmount":2,"vat":"1","Items":[{"ItemAmount":1}]}"#;
    assert_eq!(ecpay("Issue", wrong).await, 5000022);
    assert_eq!(
        ecpay("Invalid", r#"{"InvoiceNo":"AB1","Reason":"a"}"#).await,
        1600003
    );
    assert_eq!(
        ecpay("AllowanceInvalid", r#"{"AllowanceNo":"1"}"#).await,
        2000039
    );

    let ezpay = async |operation: &str, form: &str| {
        let plain = format!("RespondType=JSON&TimeStamp={seconds}&{form}");
        let sealed = config.ezpay.encrypt(&plain);
        let body = format!("MerchantID_=3622183&PostData_={sealed}");
        let answer = post(&format!("/ezpay/Api/{operation}"), body).await;
        answer["Status"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(ezpay("invoice_issue", "Version=1.0").await, "KEY10004");
    let head = "Version=1.5&MerchantOrderNo=1&Status=1&BuyerName=a&PrintFlag=Y&TaxType=1";
    assert_eq!(
        ezpay("invoice_issue", "Version=1.5&MerchantOrderNo=a-b").await,
        "INV10014"
    );
    assert_eq!(
        ezpay(
            "invoice_issue",
            &format!("{head}&Category=B2B&BuyerUBN=12345678")
        )
        .await,
        "INV10013"
    );
    assert_eq!(
        ezpay(
            "invoice_issue",
            &format!("{head}&CarrierType=0&CarrierNum=/ABC1234")
        )
        .await,
        "INV10013"
    );
    assert_eq!(
        ezpay(
            "invoice_issue",
            &format!("{head}&Amt=1&TaxAmt=1&TotalAmt=3")
        )
        .await,
        "INV10012"
    );
    let amounts = "Amt=2&TaxAmt=0&TotalAmt=2&ItemName=a&ItemUnit=b";
    assert_eq!(
        ezpay(
            "invoice_issue",
            &format!("{head}&{amounts}&ItemCount=1|1&ItemPrice=2&ItemAmt=2")
        )
        .await,
        "INV10003"
    );
    assert_eq!(
        ezpay(
            "invoice_issue",
            &format!("{head}&{amounts}&ItemCount=1&ItemPrice=3&ItemAmt=2")
        )
        .await,
        "INV10004"
    );
    assert_eq!(
        ezpay(
            "invoice_invalid",
            "Version=1.0&InvoiceNumber=AB11223344&InvalidReason=a"
        )
        .await,
        "INV20006"
    );

    let amego = async |operation: &str, data: &str| {
        let sign = config.amego.sign(data, seconds);
        let form = payuni::fields::Fields::new()
            .with("invoice", "12345678")
            .with("data", data)
            .with("time", seconds.to_string())
            .with("sign", sign);
        post(&format!("/amego/json/{operation}"), form.encode()).await["code"].clone()
    };
    assert_eq!(amego("f0401", "x").await, 17);
    assert_eq!(
        amego("f0401", r#"{"OrderId":"1","BuyerIdentifier":"12345678"}"#).await,
        3040122
    );
    let head = r#""OrderId":"1","BuyerIdentifier":"0000000000","BuyerName":"a","TaxType":1"#;
    assert_eq!(
        amego(
            "f0401",
            &head
                .replace("\"a\"", "\"0\"")
                .replacen('"', "{\"", 1)
                .replace("TaxType\":1", "TaxType\":1}")
        )
        .await,
        3040123
    );
    assert_eq!(
        amego("f0401", &format!(r#"{{{head},"DetailVat":0}}"#)).await,
        3040162
    );
    assert_eq!(
        amego(
            "f0401",
            &format!(r#"{{{head},"SalesAmount":1,"TotalAmount":2}}"#)
        )
        .await,
        3040174
    );
    assert_eq!(amego("f0501", "{}").await, 3050112);
    assert_eq!(
        amego("f0501", r#"[{"CancelInvoiceNumber":"AB11223344"}]"#).await,
        3050125
    );
    assert_eq!(amego("invoice_query", "{}").await, 31);
    for provider in ALL {
        assert!(world.references(provider).await.is_empty());
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]
    #[test]
    fn any_body_is_answered(body in ".{0,200}", data in ".{0,200}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let sealed = config("").ecpay.encrypt(&data);
            for (path, body) in [
                ("/ecpay/B2CInvoice/Issue", body.clone()),
                ("/ecpay/B2CInvoice/Issue", format!(r#"{{"MerchantID":"2000132","Data":"{sealed}"}}"#)),
                ("/ezpay/Api/invoice_issue", body.clone()),
                ("/amego/json/f0401", body),
            ] {
                let sent = world.http.post(format!("{}{path}", world.url)).body(body);
                assert!(sent.send().await.is_ok());
            }
        });
    }
}
