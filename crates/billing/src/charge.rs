//! Charges begin here: written down, with the number that names the trade at the gateway, before anybody asks for money.

use crate::Result;
use crate::model::{CardId, ChargeId, ChargePurpose, ChargeStatus, CustomerId};
use crate::repo::Charge;
use crate::work::Work;
use std::time::Duration;
use store::Tx;
use store::record::Json;

/// After how long a charge whose outcome nobody reported is asked about.
const FIRST_CHECK: Duration = Duration::from_secs(120);

/// What is to be charged.
#[derive(Debug)]
pub(crate) struct NewCharge {
    /// What it is for.
    pub purpose: ChargePurpose,
    /// Which checkout, invoice or customer.
    pub reference: String,
    /// Who pays.
    pub customer_id: Option<CustomerId>,
    /// What is charged.
    pub source: Source,
    /// Whole dollars.
    pub amount: i64,
}

/// What is charged.
#[derive(Debug)]
pub(crate) enum Source {
    /// The card typed into the form with this token.
    Form(Option<String>),
    /// A kept card.
    Kept(CardId),
}

/// Writes a charge down.
pub(crate) fn begin(tx: &mut Tx<'_>, work: &Work, new: NewCharge) -> Result<Charge> {
    let charge_id = work.id();
    let (card_id, sdk_token) = match new.source {
        Source::Form(token) => (None, token),
        Source::Kept(card) => (Some(card), None),
    };
    let charge = Charge {
        charge_id,
        account_id: work.account(),
        mer_trade_no: trade_number(charge_id),
        purpose: new.purpose,
        reference: new.reference,
        customer_id: new.customer_id,
        card_id,
        sdk_token,
        amount: new.amount,
        refunded_amount: 0,
        status: ChargeStatus::Pending,
        trade_no: None,
        failure: Json(None),
        three_d_url: None,
        checks: 0,
        check_at: Some(work.now().plus(FIRST_CHECK)),
        created_at: work.now(),
        settled_at: None,
    };
    charge.insert(tx)?;
    Ok(charge)
}

/// The gateway takes numbers of at most 25 characters.
fn trade_number(id: ChargeId) -> String {
    let id = id.to_string();
    id.get(id.len().saturating_sub(25)..)
        .unwrap_or(&id)
        .to_owned()
}
