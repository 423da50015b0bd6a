//! Whatever is done in whatever order, and whatever providers answer: what is stored agrees with the provider's books in the end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use einvoice::capabilities::Capabilities;
use einvoice::codes::{Cause, Code};
use einvoice::invoice::{Allowance, Draft, DraftLine, DraftReceive, Invoice as Content};
use einvoice::outcome::{Denial, Outcome, Refusal, Undecided};
use einvoice::provider::{Allowed, Answer, Found, Issued, PrintUrl, Provider, ProviderId, Wanted};
use invoicing::allow::Given;
use invoicing::jobs::{CHANGED, Told};
use invoicing::model::{
    AllowanceStatus, Change, InvoiceId, NewInvoice, Owner, ProviderName, Seller, Status,
};
use invoicing::repo::Invoice;
use invoicing::{Error, Invoicing, NotCreated, Providers, Reason, WrongStatus, providers};
use kernel::{Clock, ManualClock, Rng, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::jobs::{self, Job};
use store::{Db, StoreError};

/// What goes wrong with the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Nothing arrives.
    Unreachable,
    /// It is done, and the answer is lost.
    Lost,
    /// It is refused for a reason that may pass.
    NumbersUsedUp,
    /// It is refused for good.
    Invalid,
}

#[derive(Clone, Debug)]
struct Entry {
    issued: Issued,
    voided: bool,
    credited: i64,
}

/// A provider with books in memory.
#[derive(Default)]
struct Books {
    entries: BTreeMap<String, Entry>,
    faults: Vec<Fault>,
    /// How many calls arrived that change something.
    changes: usize,
}

struct Shelf {
    books: Mutex<Books>,
    /// Calls wait here while it is held.
    door: tokio::sync::RwLock<()>,
}

impl Shelf {
    fn fail(&self, fault: Fault) {
        self.books.lock().unwrap().faults.push(fault);
    }

    fn entries(&self) -> Vec<Entry> {
        let books = self.books.lock().unwrap();
        books.entries.values().cloned().collect()
    }

    async fn answer<T>(
        &self,
        changes: bool,
        work: impl FnOnce(&mut Books) -> Outcome<T>,
    ) -> Outcome<T> {
        let _open = self.door.read().await;
        let mut books = self.books.lock().unwrap();
        let fault = books.faults.pop();
        match fault {
            Some(Fault::Unreachable) => return Outcome::Undecided(Undecided::TimedOut),
            Some(Fault::NumbersUsedUp) => return refused("1100040", Cause::NumbersUsedUp),
            Some(Fault::Invalid) => return refused("5000022", Cause::Invalid),
            Some(Fault::Lost) | None => {}
        }
        books.changes += usize::from(changes);
        let outcome = work(&mut books);
        match fault {
            Some(Fault::Lost) => Outcome::Undecided(Undecided::TimedOut),
            _ => outcome,
        }
    }
}

fn refused<T>(code: &str, cause: Cause) -> Outcome<T> {
    Outcome::Refused(Refusal::Denied(Denial {
        code: Code::new(ProviderId::Ecpay, code),
        cause,
        message: String::new(),
    }))
}

impl Provider for Shelf {
    fn capabilities(&self) -> &'static Capabilities {
        &einvoice::ecpay::CAPABILITIES
    }

    fn issue<'a>(&'a self, invoice: &'a Content, now: Timestamp) -> Answer<'a, Issued> {
        Box::pin(self.answer(true, move |books| {
            if books.entries.contains_key(invoice.reference()) {
                return Outcome::Undecided(Undecided::Repeated);
            }
            let number = format!("EC{:08}", books.entries.len());
            let issued = Issued {
                reference: invoice.reference().to_owned(),
                number: number.parse().unwrap(),
                issued_at: now,
                random: "0007".parse().unwrap(),
                total: invoice.amounts().total,
                printed: None,
            };
            let entry = Entry {
                issued: issued.clone(),
                voided: false,
                credited: 0,
            };
            books.entries.insert(issued.reference.clone(), entry);
            Outcome::Done(issued)
        }))
    }

    fn query<'a>(&'a self, wanted: &'a Wanted, _: Timestamp) -> Answer<'a, Option<Found>> {
        Box::pin(self.answer(false, move |books| {
            Outcome::Done(books.entries.get(&wanted.reference).map(|entry| Found {
                issued: entry.issued.clone(),
                voided: entry.voided,
                credited: Some(entry.credited),
            }))
        }))
    }

    fn void<'a>(&'a self, invoice: &'a Issued, _: &'a str, _: Timestamp) -> Answer<'a, ()> {
        Box::pin(self.answer(true, move |books| {
            let entry = books.entries.get_mut(&invoice.reference).unwrap();
            if entry.voided {
                return refused("5070453", Cause::AlreadyVoided);
            }
            if entry.credited > 0 {
                return refused("5070450", Cause::HasAllowance);
            }
            entry.voided = true;
            Outcome::Done(())
        }))
    }

    fn allowance<'a>(&'a self, allowance: &'a Allowance, _: Timestamp) -> Answer<'a, Allowed> {
        Box::pin(self.answer(true, move |books| {
            let reference = &allowance.invoice().reference;
            let entry = books.entries.get_mut(reference).unwrap();
            let total = allowance.amounts().total;
            if entry.voided {
                return refused("0", Cause::Other);
            }
            if entry.credited + total > entry.issued.total {
                return refused("0", Cause::TooMuch);
            }
            entry.credited += total;
            Outcome::Done(Allowed {
                number: format!("A{}", entry.credited),
                invoice: entry.issued.number.clone(),
                total,
                remaining: None,
            })
        }))
    }

    fn void_allowance<'a>(&'a self, _: &'a Allowed, _: &'a str, _: Timestamp) -> Answer<'a, ()> {
        Box::pin(async { refused("0", Cause::Other) })
    }

    fn print_url<'a>(&'a self, _: &'a Issued, _: Timestamp) -> Answer<'a, PrintUrl> {
        Box::pin(self.answer(false, |_| {
            Outcome::Done(PrintUrl {
                url: "https://example.test/print".into(),
                lasts: Duration::from_secs(3600),
            })
        }))
    }
}

struct Single(Arc<Shelf>);

impl Providers for Single {
    fn provider<'a>(&'a self, _: &'a Owner, name: ProviderName) -> providers::Found<'a> {
        let shelf: Arc<dyn Provider> = Arc::clone(&self.0) as _;
        let found = (name == ProviderName::EcPay).then_some(shelf);
        Box::pin(std::future::ready(Ok(found)))
    }
}

struct House {
    invoicing: Invoicing,
    shelf: Arc<Shelf>,
    clock: Arc<ManualClock>,
    db: Db,
}

impl House {
    async fn new() -> Self {
        let start = "2026-06-02T12:30:00+08:00".parse().unwrap();
        let clock = Arc::new(ManualClock::at(start));
        let db = Db::open(&"sqlite::memory:".parse().unwrap()).await.unwrap();
        db.migrate(clock.now()).await.unwrap();
        let shelf = Arc::new(Shelf {
            books: Mutex::default(),
            door: tokio::sync::RwLock::new(()),
        });
        let invoicing = Invoicing::new(
            db.clone(),
            Arc::clone(&clock) as _,
            Arc::new(Rng::seeded(7)),
            Arc::new(Single(Arc::clone(&shelf))),
        );
        invoicing.schedule_recurring().await.unwrap();
        Self {
            invoicing,
            shelf,
            clock,
            db,
        }
    }

    async fn draft(&self, sale: &str) -> InvoiceId {
        let made = self.invoicing.create(self.new_invoice(sale)).await;
        made.unwrap().invoice_id
    }

    fn new_invoice(&self, sale: &str) -> NewInvoice {
        let mut draft = Draft::new("");
        draft.receive = DraftReceive::MobileBarcode("/ABC1234".into());
        draft.lines = vec![DraftLine::new("月租方案", 2, 299)];
        NewInvoice {
            invoice_id: self.invoicing.new_invoice_id(),
            owner: owner(),
            sale: sale.into(),
            provider: ProviderName::EcPay,
            draft,
        }
    }

    async fn found(&self, id: InvoiceId) -> Invoice {
        self.invoicing.find(&owner(), id).await.unwrap()
    }

    /// Lets time pass, carries out what falls due, and returns what the seller was told.
    async fn pass(&self, time: Duration) -> Vec<Change> {
        self.clock.advance(time);
        let mut told = Vec::new();
        loop {
            let now = self.clock.now();
            let lease = self.db.write(move |tx| jobs::lease(tx, "node", now, 16));
            let leased: Result<Vec<Job>, StoreError> = lease.await;
            let leased = leased.unwrap();
            if leased.is_empty() {
                return told;
            }
            for job in leased {
                if job.kind == CHANGED {
                    told.push(Told::of(&job.payload).unwrap().1);
                    let complete = self.db.write(move |tx| jobs::complete(tx, &job));
                    let done: Result<bool, StoreError> = complete.await;
                    assert!(done.unwrap());
                } else {
                    assert!(Invoicing::owns(&job.kind));
                    self.invoicing.run_job(job).await;
                }
            }
        }
    }
}

fn owner() -> Owner {
    Owner {
        seller: Seller::Billing,
        id: "account".into(),
    }
}

const SOON: Duration = Duration::from_secs(10);
const LATER: Duration = Duration::from_secs(24 * 3600);

fn is(status: Status) -> Error {
    Error::WrongStatus(WrongStatus::Is(status))
}

/// Why a provider has not done it.
fn reason<T: std::fmt::Debug>(result: Result<T, Error>) -> Reason {
    match result {
        Err(Error::Provider(failure)) => failure.reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_draft_is_issued_and_voided() {
    let house = House::new().await;
    let id = house.draft("sale").await;
    let issued = house.invoicing.issue(&owner(), id).await.unwrap();
    assert_eq!(issued.status, Status::Issued);
    assert_eq!(issued.invoice_number.as_deref(), Some("EC00000000"));
    let again = house.invoicing.issue(&owner(), id).await.unwrap_err();
    assert_eq!(again, is(Status::Issued));
    let url = house.invoicing.print_url(&owner(), id).await;
    assert_eq!(reason(url), Reason::NotPrintable);
    let void = house.invoicing.void(&owner(), id, "重複").await.unwrap();
    assert_eq!((void.status, void.asked), (Status::Void, None));
    assert_eq!(house.pass(SOON).await, [Change::Issued, Change::Voided]);
    // The sale may be invoiced anew.
    house.draft("sale").await;
}

#[tokio::test]
async fn a_sale_has_one_invoice_that_counts() {
    let house = House::new().await;
    let id = house.draft("sale").await;
    let second = house.invoicing.create(house.new_invoice("sale")).await;
    let already = Error::NotCreated(NotCreated::AlreadyInvoiced);
    assert_eq!(second.unwrap_err(), already);
    house.invoicing.discard(&owner(), id).await.unwrap();
    let other = house.draft("sale").await;
    let stranger = Owner {
        seller: Seller::Orders,
        id: "account".into(),
    };
    let foreign = house.invoicing.issue(&stranger, other).await;
    assert_eq!(foreign.unwrap_err(), Error::NotFound);
    let given_up = house.invoicing.issue(&owner(), id).await.unwrap_err();
    assert_eq!(given_up, is(Status::Void));
}

#[tokio::test]
async fn a_lost_answer_is_found_and_not_issued_again() {
    let house = House::new().await;
    let id = house.draft("sale").await;
    house.shelf.fail(Fault::Lost);
    let failed = house.invoicing.issue(&owner(), id).await;
    assert_eq!(reason(failed), Reason::NoAnswer);
    assert_eq!(house.found(id).await.status, Status::IssueFailed);
    let discarded = house.invoicing.discard(&owner(), id).await.unwrap_err();
    assert_eq!(discarded, Error::WrongStatus(WrongStatus::Open));
    assert_eq!(house.pass(SOON).await, [Change::Issued]);
    assert_eq!(house.found(id).await.status, Status::Issued);
    assert_eq!(house.shelf.entries().len(), 1);
}

#[tokio::test]
async fn two_at_once_do_one_call_s_worth() {
    let house = House::new().await;
    let id = house.draft("sale").await;
    let shut = house.shelf.door.write().await;
    let first = tokio::spawn({
        let invoicing = house.invoicing.clone();
        async move { invoicing.issue(&owner(), id).await }
    });
    while house.found(id).await.attempts == 0 {
        tokio::task::yield_now().await;
    }
    let second = house.invoicing.issue(&owner(), id).await.unwrap_err();
    assert_eq!(second, Error::WrongStatus(WrongStatus::UnderWay));
    drop(shut);
    assert_eq!(first.await.unwrap().unwrap().status, Status::Issued);
    assert_eq!(house.shelf.books.lock().unwrap().changes, 1);
}

#[tokio::test]
async fn whoever_dies_after_asking_is_found_by_reconciliation() {
    for asked_to_void in [false, true] {
        let house = House::new().await;
        let id = house.draft("sale").await;
        if asked_to_void {
            house.invoicing.issue(&owner(), id).await.unwrap();
            house.pass(SOON).await;
        }
        let before = house.found(id).await.attempts;
        let shut = house.shelf.door.write().await;
        let dying = tokio::spawn({
            let invoicing = house.invoicing.clone();
            async move {
                match asked_to_void {
                    true => invoicing.void(&owner(), id, "x").await.map(drop),
                    false => invoicing.issue(&owner(), id).await.map(drop),
                }
            }
        });
        while house.found(id).await.attempts == before {
            tokio::task::yield_now().await;
        }
        dying.abort();
        assert!(dying.await.unwrap_err().is_cancelled());
        drop(shut);
        // What it was about to do is done all the same, once its claim has run out.
        assert_eq!(house.pass(SOON).await, []);
        let change = match asked_to_void {
            true => Change::Voided,
            false => Change::Issued,
        };
        assert_eq!(house.pass(Duration::from_secs(130)).await, [change]);
        assert_eq!(house.shelf.entries().len(), 1);
    }
}

#[tokio::test]
async fn an_automatic_issue_is_tried_again_while_that_may_help() {
    let house = House::new().await;
    let issue_later = async |sale: &str| {
        let id = house.draft(sale).await;
        let (job, now) = (house.invoicing.new_job_id(), house.clock.now());
        let enqueue = house.db.write(move |tx| {
            let invoice = Invoice::find(tx, &owner(), id)?;
            Ok(invoicing::issue_later(tx, invoice, job, now)?)
        });
        let enqueued: Result<Invoice, Error> = enqueue.await;
        enqueued.unwrap().invoice_id
    };
    let id = issue_later("passes").await;
    house.shelf.fail(Fault::NumbersUsedUp);
    assert_eq!(house.pass(Duration::ZERO).await, []);
    assert_eq!(house.found(id).await.status, Status::IssueFailed);
    assert_eq!(house.pass(SOON).await, []);
    let passed = house.pass(Duration::from_secs(60)).await;
    assert_eq!(passed, [Change::Issued]);

    let id = issue_later("stays").await;
    house.shelf.fail(Fault::Invalid);
    assert_eq!(house.pass(SOON).await, [Change::IssueFailed]);
    assert_eq!(house.pass(LATER).await, []);
    let found = house.found(id).await;
    assert_eq!((found.status, found.asked), (Status::IssueFailed, None));
    assert!(found.failure.unwrap().contains("5000022"));
}

#[tokio::test]
async fn an_allowance_is_made_once_and_stands_in_the_way_of_a_void() {
    let house = House::new().await;
    let id = house.draft("sale").await;
    house.invoicing.issue(&owner(), id).await.unwrap();
    house.shelf.fail(Fault::Lost);
    let given = Given::Amount(98);
    let failed = house.invoicing.allowance(&owner(), id, given.clone()).await;
    assert_eq!(reason(failed), Reason::NoAnswer);
    let open = house.invoicing.allowance(&owner(), id, given).await;
    assert_eq!(open.unwrap_err(), Error::WrongStatus(WrongStatus::Open));
    let told = house.pass(SOON).await;
    assert_eq!(told, [Change::Issued, Change::AllowanceMade]);
    assert_eq!(house.found(id).await.credited, 98);
    assert_eq!(house.shelf.entries()[0].credited, 98);
    let void = house.invoicing.void(&owner(), id, "x").await;
    assert_eq!(reason(void), Reason::HasAllowance);
    assert_eq!(house.found(id).await.status, Status::Issued);
    let lines = Given::Lines(vec![DraftLine::new("月租方案", 1, 501)]);
    let too_much = house.invoicing.allowance(&owner(), id, lines).await;
    assert!(matches!(too_much.unwrap_err(), Error::Invalid(_)));
}

#[tokio::test]
async fn the_operator_decides_what_no_provider_tells() {
    for made in [false, true] {
        let house = House::new().await;
        let id = house.draft("sale").await;
        house.invoicing.issue(&owner(), id).await.unwrap();
        let nothing = house.invoicing.decide_allowance(&owner(), id, made).await;
        assert_eq!(nothing.unwrap_err(), is(Status::Issued));
        house.shelf.fail(Fault::Unreachable);
        let given = house
            .invoicing
            .allowance(&owner(), id, Given::Amount(98))
            .await;
        assert_eq!(reason(given), Reason::NoAnswer);
        let decided = house.invoicing.decide_allowance(&owner(), id, made).await;
        let expected = match made {
            true => AllowanceStatus::Made,
            false => AllowanceStatus::Refused,
        };
        assert_eq!(decided.unwrap().status, expected);
        let found = house.found(id).await;
        assert_eq!(
            (found.asked, found.credited),
            (None, if made { 98 } else { 0 })
        );
    }
}

#[tokio::test]
async fn what_happens_at_the_provider_is_taken_over_and_contradictions_are_not() {
    let house = House::new().await;
    let id = house.draft("sale").await;
    house.invoicing.refresh(&owner(), id).await.unwrap();
    house.invoicing.issue(&owner(), id).await.unwrap();
    let change = |change: &dyn Fn(&mut Entry)| {
        let mut books = house.shelf.books.lock().unwrap();
        books.entries.values_mut().for_each(change);
    };
    change(&|entry| entry.issued.total += 1);
    let mismatch = house.invoicing.refresh(&owner(), id).await;
    assert_eq!(reason(mismatch), Reason::Mismatch);
    change(&|entry| {
        entry.issued.total -= 1;
        entry.voided = true;
    });
    let voided = house.invoicing.refresh(&owner(), id).await.unwrap();
    assert_eq!(voided.status, Status::Void);
    change(&|entry| entry.voided = false);
    let mismatch = house.invoicing.refresh(&owner(), id).await;
    assert_eq!(reason(mismatch), Reason::Mismatch);
    assert_eq!(house.found(id).await.status, Status::Void);
}

#[derive(Clone, Debug)]
enum Step {
    Issue,
    Void,
    Allow(i64),
    Refresh,
    Discard,
    Draft,
    Pass(u64),
    Fail(Fault),
}

fn step() -> impl Strategy<Value = Step> {
    let fault = prop_oneof![
        Just(Fault::Unreachable),
        Just(Fault::Lost),
        Just(Fault::NumbersUsedUp),
        Just(Fault::Invalid)
    ];
    prop_oneof![
        3 => Just(Step::Issue),
        2 => Just(Step::Void),
        2 => (1..400_i64).prop_map(Step::Allow),
        1 => Just(Step::Refresh),
        1 => Just(Step::Discard),
        1 => Just(Step::Draft),
        2 => (1..400_u64).prop_map(Step::Pass),
        4 => fault.prop_map(Step::Fail),
    ]
}

/// A step is done, or refused for a documented reason.
fn fine<T>(result: Result<T, Error>) {
    match result {
        Ok(_)
        | Err(
            Error::Provider(_) | Error::WrongStatus(_) | Error::NotCreated(_) | Error::Invalid(_),
        ) => {}
        Err(error) => panic!("{error:?}"),
    }
}

async fn walk(steps: Vec<Step>) {
    let house = House::new().await;
    let mut ids = vec![house.draft("sale").await];
    for step in steps {
        let id = *ids.last().unwrap();
        let (invoicing, owner) = (&house.invoicing, owner());
        match step {
            Step::Issue => fine(invoicing.issue(&owner, id).await),
            Step::Void => fine(invoicing.void(&owner, id, "x").await),
            Step::Allow(amount) => {
                fine(invoicing.allowance(&owner, id, Given::Amount(amount)).await);
            }
            Step::Refresh => fine(invoicing.refresh(&owner, id).await),
            Step::Discard => fine(invoicing.discard(&owner, id).await),
            Step::Draft => match invoicing.create(house.new_invoice("sale")).await {
                Ok(invoice) => ids.push(invoice.invoice_id),
                refused => fine(refused),
            },
            Step::Pass(seconds) => drop(house.pass(Duration::from_secs(seconds)).await),
            Step::Fail(fault) => house.shelf.fail(fault),
        }
    }
    // In the end everything is known.
    house.shelf.books.lock().unwrap().faults.clear();
    for _ in 0..4 {
        house.pass(LATER).await;
    }
    let entries = house.shelf.entries();
    let mut counting = 0;
    for id in &ids {
        let invoice = house.found(*id).await;
        assert_eq!((invoice.asked, invoice.claimed_until), (None, None));
        counting += usize::from(invoice.status != Status::Void);
        let entry = entries
            .iter()
            .find(|entry| entry.issued.reference == invoice.reference);
        match (invoice.invoice_number.as_deref(), entry) {
            (None, None) => assert_ne!(invoice.status, Status::Issued),
            (Some(number), Some(entry)) => {
                assert_eq!(entry.issued.number.as_str(), number);
                assert_eq!(entry.voided, invoice.status == Status::Void);
                assert_eq!(entry.credited, invoice.credited);
            }
            (ours, theirs) => panic!("{ours:?} {theirs:?}"),
        }
    }
    assert!(counting <= 1);
    let valid = entries.iter().filter(|entry| !entry.voided).count();
    assert!(valid <= 1, "{entries:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_books_agree_in_the_end(steps in proptest::collection::vec(step(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(walk(steps));
    }
}
