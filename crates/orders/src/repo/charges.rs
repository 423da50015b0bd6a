//! Purchases of credit, the attempts at paying for them, and what was reported about those.

use crate::model::{
    AccountId, ChargeId, ChargeStatus, NoticeOutcome, OrganizationId, PaymentType, TradeState, Via,
};
use crate::odata::{Entity, Field, Kind, ListQuery};
use crate::repo::records::page;
use files::FileId;
use kernel::{Id, Timestamp};
use std::time::Duration;
use store::{Param, StoreError, Tx, params, record, statements};

record! {
    /// A purchase of credit.
    pub struct Charge in "credit_charges" key credit_charge_id {
        /// Its id.
        credit_charge_id: ChargeId,
        /// Who gets the credit.
        organization_id: OrganizationId,
        /// The person who made it; `None`: no person did.
        account_id: Option<AccountId>,
        /// Its number for people.
        credit_charge_number: String,
        /// Credits.
        quantity: i64,
        /// What they cost: whole TWD.
        total: i64,
        /// `pay_uni` or `bank_transfer`.
        payment_type: PaymentType,
        /// How far it is.
        credit_charge_status: ChargeStatus,
        /// Where the payer's browser goes afterwards.
        return_url: Option<String>,
        /// The gateway's number of the trade that paid, or of the last one it told of.
        pay_uni_trade_no: Option<String>,
        /// The proof of a transfer.
        file_id: Option<FileId>,
        /// The last five digits of the bank account that the transfer came from.
        last_five: Option<String>,
        /// When the proof came.
        remitted_at: Option<Timestamp>,
        /// Until when it can be paid.
        expires_at: Timestamp,
        /// When it was made.
        created_at: Timestamp,
        /// When its status last changed.
        updated_at: Option<Timestamp>,
        /// When the credit was given.
        completed_at: Option<Timestamp>,
    }
    select {
        /// `$1` id. Whose it is, is for the caller to compare: another's is refused in other words than none.
        BY_ID = "WHERE credit_charge_id = $1";
        /// `$1` id; nobody else may change it until the transaction ends.
        LOCK = "WHERE credit_charge_id = $1 /* for update */";
        /// `$1` how many: the newest of all organizations, for the operator.
        NEWEST = "ORDER BY credit_charge_id DESC LIMIT $1";
        /// `$1` status, `$2` how many: the newest of all organizations, for the operator.
        NEWEST_IN = "WHERE credit_charge_status = $1 ORDER BY credit_charge_id DESC LIMIT $2";
        /// `$1` how many: transfers whose proof waits for the operator, the longest waiting first.
        REMITTED = "WHERE credit_charge_status = 'wait_payment' AND remitted_at IS NOT NULL ORDER BY remitted_at LIMIT $1";
        /// `$1` organization, `$2` how many: the newest.
        NEWEST_OF = "WHERE organization_id = $1 ORDER BY credit_charge_id DESC LIMIT $2";
    }
}

record! {
    /// One attempt at paying a charge over the gateway.
    pub struct Trade in "charge_trades" key mer_trade_no {
        /// Names it at the gateway.
        mer_trade_no: String,
        /// Which charge.
        credit_charge_id: ChargeId,
        /// Whose it is.
        organization_id: OrganizationId,
        /// What was asked for: whole TWD.
        amount: i64,
        /// What is known of it.
        trade_state: TradeState,
        /// The gateway's number.
        trade_no: Option<String>,
        /// What was paid: whole TWD.
        paid_amount: Option<i64>,
        /// How often the gateway was asked what became of it.
        checks: u32,
        /// When it is asked next.
        check_at: Option<Timestamp>,
        /// When the payer was given the form.
        created_at: Timestamp,
        /// When it was decided.
        decided_at: Option<Timestamp>,
        /// When the operator gave money back that no credit was given for.
        handled_at: Option<Timestamp>,
    }
    select {
        /// `$1` number.
        BY_NUMBER = "WHERE mer_trade_no = $1";
        /// `$1` charge: the oldest first.
        OF_CHARGE = "WHERE credit_charge_id = $1 ORDER BY created_at, mer_trade_no";
        /// `$1` time, `$2` how many: the longest due first.
        DUE = "WHERE check_at <= $1 ORDER BY check_at, mer_trade_no LIMIT $2";
        /// Money that no credit was given for and that was not given back.
        TO_RETURN = "WHERE trade_state IN ('surplus', 'mismatch') AND handled_at IS NULL ORDER BY mer_trade_no";
    }
}

record! {
    /// What was reported about a payment, and what came of it. Never changed.
    pub struct Notice in "charge_notices" key notice_id {
        /// Its id.
        notice_id: Id<Notice>,
        /// Which charge it is about.
        credit_charge_id: Option<ChargeId>,
        /// Which attempt it names.
        mer_trade_no: Option<String>,
        /// The gateway's number.
        trade_no: Option<String>,
        /// Who reports.
        via: Via,
        /// `TradeStatus` as it was told.
        trade_status: Option<String>,
        /// What is said to have been paid: whole TWD.
        amount: Option<i64>,
        /// What came of it.
        outcome: NoticeOutcome,
        /// When.
        created_at: Timestamp,
    }
    select {
        /// `$1` charge, `$2` how many: the newest first.
        OF_CHARGE = "WHERE credit_charge_id = $1 ORDER BY notice_id DESC LIMIT $2";
    }
}

statements! {
    EXPIRE = "UPDATE credit_charges SET credit_charge_status = 'expire', updated_at = $1 \
        WHERE credit_charge_status = 'wait_payment' AND expires_at <= $1 AND remitted_at IS NULL";
    NEXT_CHECK = "SELECT MIN(check_at) FROM charge_trades WHERE check_at IS NOT NULL";
    CLAIM_CHECK = "UPDATE charge_trades SET checks = checks + 1, check_at = $3 WHERE mer_trade_no = $1 AND checks = $2";
    COUNT_TO_RETURN = "SELECT COUNT(*) FROM charge_trades WHERE trade_state IN ('surplus', 'mismatch') AND handled_at IS NULL";
    COUNT_UNDECIDED = "SELECT COUNT(*) FROM charge_trades WHERE trade_state = 'open' AND trade_no IS NOT NULL AND check_at IS NULL \
        AND created_at > $1";
    CHECK_AGAIN = "UPDATE charge_trades SET check_at = $2 WHERE mer_trade_no = $1 AND trade_state IN ('open', 'mismatch')";
    COUNT_REMITTED = "SELECT COUNT(*) FROM credit_charges WHERE credit_charge_status = 'wait_payment' AND remitted_at IS NOT NULL";
}

/// The list of charges, as OData sees it.
pub static ENTITY: Entity = Entity {
    name: "CreditChargeResponse",
    fields: &[
        Field::new("id", "credit_charge_id", Kind::Guid).filter_only(),
        Field::new(
            "payment_type",
            "payment_type",
            Kind::Enum {
                type_name: "PaymentType",
                values: PaymentType::LITERALS,
            },
        ),
        Field::new(
            "credit_charge_status",
            "credit_charge_status",
            Kind::Enum {
                type_name: "CreditChargeStatus",
                values: ChargeStatus::NAMES,
            },
        ),
        Field::new("create_date_time", "created_at", Kind::DateTime),
    ],
    collections: &[],
};

/// The charges of an organization that a query asks for, and how many there are in all.
pub fn list(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    query: &ListQuery,
) -> Result<(Vec<Charge>, i64), StoreError> {
    page(
        tx,
        query,
        Charge::COLUMNS,
        "credit_charges WHERE organization_id = $1",
        &[Param::from(organization)],
        "credit_charge_id DESC",
        Charge::read,
    )
}

/// Marks the charges that nobody has paid in time; returns how many. A transfer whose proof is there waits for the operator.
pub fn expire(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
    tx.execute(EXPIRE, params![now])
}

/// When the gateway is to be asked about an attempt next.
pub fn next_check(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, StoreError> {
    tx.query_one(NEXT_CHECK, &[], |row| row.get(0))
}

/// Takes a due attempt up, to be asked about again at `next`; `false`: another node has.
pub fn claim_check(
    tx: &mut Tx<'_>,
    trade: &Trade,
    next: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let claimed = tx.execute(
        CLAIM_CHECK,
        params![&trade.mer_trade_no, i64::from(trade.checks), next],
    )?;
    Ok(claimed == 1)
}

/// Has an attempt asked about at `at`, unless it is decided.
pub fn check_again(tx: &mut Tx<'_>, mer_trade_no: &str, at: Timestamp) -> Result<(), StoreError> {
    tx.execute(CHECK_AGAIN, params![mer_trade_no, at]).map(drop)
}

const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

/// What the operator has to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attention {
    /// Payments that no credit was given for and that were not given back.
    pub to_return: i64,
    /// Attempts of the last month that the gateway knew to the end and never said what became of.
    pub undecided: i64,
    /// Transfers whose proof waits to be confirmed.
    pub remitted: i64,
}

/// What the operator has to know.
pub fn attention(tx: &mut Tx<'_>, now: Timestamp) -> Result<Attention, StoreError> {
    Ok(Attention {
        to_return: tx.query_one(COUNT_TO_RETURN, &[], |row| row.get(0))?,
        undecided: tx.query_one(COUNT_UNDECIDED, params![now.minus(MONTH)], |row| row.get(0))?,
        remitted: tx.query_one(COUNT_REMITTED, &[], |row| row.get(0))?,
    })
}
