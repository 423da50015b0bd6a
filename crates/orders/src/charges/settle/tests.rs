use super::*;
use crate::model::{Organization, OrganizationId};
use crate::repo::{charges, organizations};
use kernel::Rng;
use proptest::prelude::*;
use store::{DatabaseUrl, Db};

const NOW: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);
const TOTAL: i64 = 300;
const TRADES: [&str; 3] = ["CC-1-a", "CC-1-b", "CC-1-c"];

/// Reports about the attempts at one charge, true and contradictory ones in any order.
fn reports() -> impl Strategy<Value = Vec<Report>> {
    let verdict = prop_oneof![
        3 => Just(Verdict::Paid),
        1 => Just(Verdict::Ended(ChargeStatus::Fail)),
        1 => Just(Verdict::Ended(ChargeStatus::Cancel)),
        1 => Just(Verdict::Ended(ChargeStatus::Expire)),
        1 => Just(Verdict::Pending),
        1 => Just(Verdict::Undecided),
    ];
    // The gateway may take money more than once under one number; what one trade of its own came to, it tells the same each time.
    let report = (0..TRADES.len(), 0..4u8, verdict).prop_map(|(n, no, verdict)| Report {
        mer_trade_no: TRADES[n].into(),
        trade_no: Some(format!("{n}{no}")),
        trade_status: None,
        amount: Some(if no < 2 { TOTAL } else { TOTAL - i64::from(no) }),
        verdict,
    });
    prop::collection::vec(report, 0..24)
}

async fn furnish(db: &Db, rng: &Rng) -> OrganizationId {
    let organization = Organization {
        organization_id: Id::new(NOW, rng),
        name: "Shop".into(),
        enabled: true,
        created_at: NOW,
    };
    let id = organization.organization_id;
    let charge = Charge {
        credit_charge_id: Id::new(NOW, rng),
        organization_id: id,
        account_id: None,
        credit_charge_number: "CC-1".into(),
        quantity: 250,
        total: TOTAL,
        payment_type: crate::model::PaymentType::PayUni,
        credit_charge_status: ChargeStatus::WaitPayment,
        return_url: None,
        pay_uni_trade_no: None,
        file_id: None,
        last_five: None,
        remitted_at: None,
        expires_at: NOW.plus(std::time::Duration::from_secs(60)),
        created_at: NOW,
        updated_at: None,
        completed_at: None,
    };
    let trades = TRADES.map(|number| Trade {
        mer_trade_no: number.into(),
        credit_charge_id: charge.credit_charge_id,
        organization_id: id,
        amount: TOTAL,
        trade_state: TradeState::Open,
        trade_no: None,
        paid_amount: None,
        checks: 0,
        check_at: Some(NOW),
        created_at: NOW,
        decided_at: None,
        handled_at: None,
    });
    db.write(move |tx| {
        organizations::insert(tx, &organization)?;
        charge.insert(tx)?;
        trades.iter().try_for_each(|trade| trade.insert(tx))
    })
    .await
    .unwrap();
    id
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever is reported in whatever order: the credit is given once if the exact amount was paid by any attempt, and never
    /// otherwise; what else was paid is kept to be given back; the books balance.
    #[test]
    fn credit_is_given_once_whatever_is_reported(reports in reports()) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let db = Db::open(&DatabaseUrl::SqliteMemory).await.unwrap();
            db.migrate(NOW).await.unwrap();
            let rng = Rng::seeded(5);
            let organization = furnish(&db, &rng).await;
            let mut payments = std::collections::BTreeMap::new();
            for (n, report) in reports.into_iter().enumerate() {
                if report.verdict == Verdict::Paid {
                    let payment = (report.mer_trade_no.clone(), report.trade_no.clone());
                    payments.insert(payment, report.amount == Some(TOTAL));
                }
                let draft = Draft {
                    report,
                    via: Via::Notify,
                    notice: Id::new(NOW, &rng),
                    posting: Id::new(NOW, &rng),
                    record_number: format!("CR-{n}"),
                    keep_repeats: n % 2 == 0,
                    now: NOW,
                };
                let draft = Arc::new(draft);
                let settled: Result<Option<Settled>> =
                    db.write(move |tx| settle(tx, &draft)).await;
                prop_assert!(settled.unwrap().is_some());
            }
            let (balance, charges, to_return) = db
                .read(move |tx| {
                    let balance = ledger::balance(tx, account_of(organization))?;
                    let charges = Charge::all(tx, Charge::NEWEST, params![2i64])?;
                    let to_return = Trade::all(tx, Trade::TO_RETURN, &[])?;
                    Ok::<_, StoreError>((balance, charges, to_return))
                })
                .await
                .unwrap();
            let paid = payments.values().any(|exact| *exact);
            let [charge] = charges.as_slice() else { panic!("one charge") };
            prop_assert_eq!(balance, Some(Credits::new(if paid { 250 } else { 0 })));
            prop_assert_eq!(charge.credit_charge_status == ChargeStatus::Complete, paid);
            // Every payment but the one that credit was given for is kept to be given back.
            prop_assert_eq!(to_return.len() + usize::from(paid), payments.len());
            prop_assert_eq!(db.scan(ledger::unbalanced).await.unwrap(), vec![]);
            let attention = db.read(move |tx| charges::attention(tx, NOW)).await;
            let attention: std::result::Result<_, StoreError> = attention;
            prop_assert_eq!(attention.unwrap().to_return, i64::try_from(to_return.len()).unwrap());
            db.close().await;
            Ok(())
        })?;
    }
}
