//! The fields travel in the envelope of the payment gateway's client.

use crate::{NOW, company, draft, invoice, issued, undecided};
use einvoice::codes::Cause;
use einvoice::invoice::DraftReceive;
use einvoice::outcome::{Outcome, Refusal, Undecided};
use einvoice::payuni::{Notice, Payuni, payment_fields, read_notice};
use einvoice::provider::{Issued, Operation, Printed, Provider, Wanted, issue_once};
use kernel::Secret;
use payuni::envelope::Shop;
use payuni::fields::Fields;
use payuni::notify::parse_notify;

fn shop() -> Shop {
    let key = Secret::new("12345678901234567890123456789012".into());
    Shop::new("TEST001", key, Secret::new("1234567890123456".into())).unwrap()
}

fn notice(more: &[(&str, &str)]) -> Fields {
    let all = [
        ("Status", "SUCCESS"),
        ("MerID", "TEST001"),
        ("TradeNo", "1768449600123456789"),
        ("MerTradeNo", "PB20260115001"),
        ("TradeAmt", "299"),
        ("InvoiceNotifyType", "C0401"),
        ("InvoiceInfo", "開立成功"),
        ("InvoiceStatus", "1"),
        ("InvoiceNo", "JU11082055"),
        ("InvoiceRandom", "6866"),
        ("InvoiceTime", "2026-01-15 12:11:17"),
        ("TaxType", "1"),
        ("SalesAmt", "299"),
        ("Barcode", "11502JU110820556866"),
        ("QrcodeLeft", "l"),
        ("QrcodeRight", "**r"),
    ];
    all.iter().fold(Fields::new(), |fields, (name, value)| {
        let other = more.iter().find(|(n, _)| n == name);
        fields.with(*name, other.map_or(*value, |(_, v)| *v))
    })
}

fn read(fields: &Fields) -> Option<Outcome<Notice>> {
    let sealed = shop().seal(fields);
    let form = Fields::new()
        .with("MerID", "TEST001")
        .with("EncryptInfo", sealed.encrypt_info)
        .with("HashInfo", sealed.hash_info);
    let opened = parse_notify(form.encode().as_bytes(), &shop()).unwrap();
    read_notice(|name| opened.get(name))
}

fn printed() -> Issued {
    Issued {
        printed: Some(Printed {
            barcode: "11502JU110820556866".into(),
            left: "l".into(),
            right: "**r".into(),
        }),
        ..issued()
    }
}

#[test]
fn a_payment_asks_for_its_invoice() {
    let fields = |draft| {
        let fields = payment_fields(&invoice(&draft)).unwrap();
        let pairs = fields.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join(" ")
    };
    let mut any = draft();
    any.buyer.name = Some("王".into());
    any.buyer.email = Some("a@b.example".into());
    let mut with = |receive| {
        any.receive = receive;
        fields(any.clone())
    };
    assert_eq!(
        with(DraftReceive::Member),
        "CarrierType=amego CarrierInfo= InvBuyerName=王 UsrMail=a@b.example"
    );
    assert_eq!(
        with(DraftReceive::CitizenCertificate("AB12345678901234".into())),
        "CarrierType=CQ0001 CarrierInfo=AB12345678901234 InvBuyerName=王"
    );
    assert_eq!(
        with(DraftReceive::Donation("168".into())),
        "CarrierType=Donate CarrierInfo=168 InvBuyerName=王"
    );
    assert_eq!(
        fields(company()),
        "CarrierType=Company CarrierInfo=28080623 InvBuyerName=光貿科技股份有限公司"
    );
    let mut paper = draft();
    paper.receive = DraftReceive::Paper;
    let wrong = payment_fields(&invoice(&paper)).unwrap_err();
    let wrong: Vec<_> = wrong.iter().map(ToString::to_string).collect();
    assert_eq!(
        wrong,
        [
            "receive type: the provider does not offer it",
            "buyer's name: missing"
        ]
    );
}

#[test]
fn a_notice_tells_what_became_of_it() {
    let outcome = |more: &[(&str, &str)]| read(&notice(more)).unwrap();
    assert_eq!(outcome(&[]), Outcome::Done(Notice::Issued(printed())));
    let voided = [("InvoiceNotifyType", "C0501"), ("InvoiceStatus", "5")];
    assert_eq!(outcome(&voided), Outcome::Done(Notice::Voided(printed())));
    for failed in [("Status", "FAIL"), ("InvoiceStatus", "2")] {
        let Outcome::Refused(Refusal::Denied(denial)) =
            outcome(&[failed, ("InvoiceInfo", "字軌用罄")])
        else {
            panic!("not refused");
        };
        assert_eq!(
            (denial.cause, denial.message.as_str()),
            (Cause::Other, "字軌用罄")
        );
    }
    for strange in [
        [("InvoiceStatus", "5"), ("Status", "SUCCESS")],
        [("InvoiceNotifyType", "C0501"), ("Status", "FAIL")],
        [("InvoiceNotifyType", "D0401"), ("Status", "SUCCESS")],
        [("InvoiceStatus", "9"), ("Status", "SUCCESS")],
        [("InvoiceNo", "JU1"), ("Status", "SUCCESS")],
        [("Status", ""), ("InvoiceStatus", "1")],
    ] {
        assert_eq!(
            undecided(outcome(&strange)),
            Undecided::Incomplete,
            "{strange:?}"
        );
    }
    // Of a payment.
    assert_eq!(read(&notice(&[("InvoiceNotifyType", "")])), None);
}

#[tokio::test]
async fn nothing_can_be_called() {
    let mut draft = draft();
    draft.buyer.name = Some("王".into());
    let invoice = invoice(&draft);
    let refused = |operation| Refusal::NotOffered(operation);
    let wanted = Wanted::of(&invoice);
    assert_eq!(
        Payuni.query(&wanted, NOW).await,
        Outcome::Refused(refused(Operation::Query))
    );
    assert_eq!(
        issue_once(&Payuni, &invoice, NOW).await,
        Outcome::Refused(refused(Operation::Issue))
    );
    assert!(!Payuni.capabilities().offers(Operation::Issue));
}
