//! The crate as its users see it, over loopback where it calls.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(
    clippy::disallowed_methods,
    reason = "the tests make their own HTTP clients"
)]

mod amego;
mod capabilities;
mod ecpay;
mod ezpay;
mod once;
mod payuni;
mod server;
mod vectors;

use einvoice::invoice::{Allowance, Draft, DraftLine, DraftReceive, Invoice};
use einvoice::outcome::{Outcome, Refusal, Undecided};
use einvoice::provider::{Allowed, Issued};
use kernel::Timestamp;

/// 2026-01-15T12:00:00+08:00, the time of the vectors.
const NOW: Timestamp = Timestamp::from_micros(1_768_449_600_000_000);

/// The invoice of the vectors, without a buyer.
fn draft() -> Draft {
    let mut draft = Draft::new("PB20260115001");
    draft.receive = DraftReceive::MobileBarcode("/ABC1234".into());
    draft.lines = vec![DraftLine::new("月租方案", 1, 299)];
    draft
}

fn company() -> Draft {
    let mut draft = draft();
    draft.receive = DraftReceive::Paper;
    draft.buyer.ubn = Some("28080623".into());
    draft.buyer.name = Some("光貿科技股份有限公司".into());
    draft.buyer.address = Some("台北市".into());
    draft.buyer.email = Some("buyer@example.test".into());
    draft
}

fn invoice(draft: &Draft) -> Invoice {
    draft.check().unwrap()
}

fn issued() -> Issued {
    Issued {
        reference: "PB20260115001".into(),
        number: "JU11082055".parse().unwrap(),
        issued_at: "2026-01-15T12:11:17+08:00".parse().unwrap(),
        random: "6866".parse().unwrap(),
        total: 299,
        printed: None,
    }
}

fn allowance(draft: &Draft) -> Allowance {
    let lines = [DraftLine::new("月租方案", 1, 105)];
    Allowance::new("AL1", &invoice(draft), &issued(), &lines).unwrap()
}

fn allowed() -> Allowed {
    Allowed {
        number: "AL1".into(),
        invoice: "JU11082055".parse().unwrap(),
        total: 105,
        remaining: None,
    }
}

/// Why it was not decided.
fn undecided<T: std::fmt::Debug>(outcome: Outcome<T>) -> Undecided {
    match outcome {
        Outcome::Undecided(undecided) => undecided,
        other => panic!("{other:?}"),
    }
}

/// What was found wrong without asking.
fn invalid<T: std::fmt::Debug>(outcome: Outcome<T>) -> Vec<String> {
    match outcome {
        Outcome::Refused(Refusal::Invalid(wrong)) => {
            wrong.iter().map(ToString::to_string).collect()
        }
        other => panic!("{other:?}"),
    }
}
