//! Credit charges: what the operator sees of them and does about them.

use super::{open_orders, or_none, print};
use crate::config::Flags;
use anyhow::{Context, Result, ensure};
use futures_util::StreamExt as _;
use orders::Orders;
use orders::model::{ChargeId, ChargeStatus};
use orders::repo::charges::{Charge, Notice, Trade};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

/// The most notices that are shown of one charge.
const MOST_NOTICES: i64 = 50;

#[derive(clap::Subcommand)]
pub enum Charges {
    /// List charges, the newest first
    List {
        /// Only those in this status: wait_payment, complete, fail, cancel or expire
        #[arg(long, value_parser = status)]
        status: Option<ChargeStatus>,
        /// Only transfers whose proof waits to be confirmed
        #[arg(long)]
        remitted: bool,
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1000))]
        limit: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a charge: its attempts at payment, and what was reported about them
    Show {
        /// The charge's id
        charge: ChargeId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Ask PAYUNi now about payments that nobody has reported, and mark charges that are overdue
    ///
    /// Servers with --jobs on do so by themselves, at growing intervals.
    Reconcile {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Save the proof of a transfer that was sent, to look at it
    Proof {
        /// The charge's id
        charge: ChargeId,
        /// The file to write; it must not exist
        file: PathBuf,
    },
    /// Give the credit of a transfer whose money has come, whatever its status is
    Confirm {
        /// The charge's id
        charge: ChargeId,
    },
    /// End a charge whose transfer has not come
    Reject {
        /// The charge's id
        charge: ChargeId,
    },
    /// List payments that no credit was given for: second ones, and those of another amount
    ///
    /// Give them back at PAYUNi's console, then say so with `tallystick charges returned`.
    Surplus {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Note that such a payment was given back
    Returned {
        /// The payment's number, as `surplus` shows it
        trade: String,
    },
}

fn status(text: &str) -> Result<ChargeStatus, String> {
    ChargeStatus::of(text).ok_or_else(|| format!("one of {}", ChargeStatus::NAMES.join(", ")))
}

impl Charges {
    pub async fn run(self, flags: &Flags) -> Result<()> {
        let orders = open_orders(flags).await?;
        let done = self.act(&orders).await;
        orders.db().close().await;
        print(&done?)
    }

    /// Does what is asked; what to print.
    async fn act(self, orders: &Orders) -> Result<String> {
        match self {
            Self::List {
                status,
                remitted,
                limit,
                json,
            } => {
                let charges = if remitted {
                    orders.remitted_charges(limit).await?
                } else {
                    orders.newest_charges(status, limit).await?
                };
                Ok(list(&charges, json))
            }
            Self::Show { charge, json } => {
                let found = orders.charge_history(charge, MOST_NOTICES).await?;
                let (charge, trades, notices) =
                    found.with_context(|| format!("there is no charge {charge}"))?;
                Ok(show(&charge, &trades, &notices, json))
            }
            Self::Reconcile { json } => {
                let done = orders.reconcile_charges().await?;
                let (asked, known, unanswered) = (done.asked, done.known, done.unanswered);
                if json {
                    let row = json!({"asked": asked, "known": known, "unanswered": unanswered, "expired": done.expired});
                    return Ok(format!("{row:#}"));
                }
                let gateway = if orders.pay_uni().is_err() {
                    "\nPAYUNi is not configured, and was not asked"
                } else {
                    ""
                };
                Ok(format!(
                    "asked about {asked} payments: {known} known, {unanswered} unanswered; {} charges have expired{gateway}",
                    done.expired
                ))
            }
            Self::Proof { charge, file } => {
                let found = orders.charge_history(charge, 0).await?;
                let (charge, ..) = found.with_context(|| format!("there is no charge {charge}"))?;
                let id = charge
                    .file_id
                    .context("no proof was sent for this charge")?;
                let owner = files::Owner::organization(charge.organization_id);
                let proof = orders.file(owner, id).await?;
                let mut content = orders.files().content(&proof).await?;
                let mut written = std::fs::File::create_new(&file)
                    .with_context(|| format!("making {}", file.display()))?;
                while let Some(bytes) = content.next().await {
                    written.write_all(&bytes?)?;
                }
                let (name, kind) = (&proof.name, &proof.content_type);
                Ok(format!(
                    "{}: {name}, {kind}, {} bytes",
                    file.display(),
                    proof.size
                ))
            }
            Self::Confirm { charge } => {
                let charge = orders.confirm_transfer(charge).await?;
                let (number, quantity) = (&charge.credit_charge_number, charge.quantity);
                let to = charge.organization_id;
                Ok(format!("{number}  complete, {quantity} credits for {to}"))
            }
            Self::Reject { charge } => {
                let charge = orders.reject_transfer(charge).await?;
                Ok(format!("{}  fail", charge.credit_charge_number))
            }
            Self::Surplus { json } => Ok(surplus(&orders.payments_to_return().await?, json)),
            Self::Returned { trade } => {
                ensure!(
                    orders.payment_returned(&trade).await?,
                    "no payment {trade} waits to be given back: see `tallystick charges surplus`"
                );
                Ok("noted".into())
            }
        }
    }
}

fn row(charge: &Charge) -> Value {
    json!({
        "credit_charge_id": charge.credit_charge_id, "credit_charge_number": charge.credit_charge_number,
        "organization_id": charge.organization_id, "account_id": charge.account_id, "quantity": charge.quantity,
        "total": charge.total, "payment_type": charge.payment_type, "credit_charge_status": charge.credit_charge_status,
        "pay_uni_trade_no": charge.pay_uni_trade_no, "file_id": charge.file_id, "last_five": charge.last_five,
        "remitted_at": charge.remitted_at, "expires_at": charge.expires_at, "created_at": charge.created_at,
        "completed_at": charge.completed_at,
    })
}

fn line(charge: &Charge) -> String {
    let remitted = match (&charge.last_five, charge.completed_at) {
        (Some(last_five), None) => format!(", transferred from an account …{last_five}"),
        _ => String::new(),
    };
    format!(
        "{}  {}  {}  {} credits for NT$ {}, {}, {}{remitted}",
        charge.credit_charge_id,
        charge.credit_charge_number,
        charge.created_at,
        charge.quantity,
        charge.total,
        charge.payment_type.literal(),
        charge.credit_charge_status.name(),
    )
}

fn list(charges: &[Charge], json: bool) -> String {
    if json {
        let rows: Vec<Value> = charges.iter().map(row).collect();
        return format!("{:#}", json!(rows));
    }
    let lines: Vec<String> = charges.iter().map(line).collect();
    or_none(lines.join("\n"), "no charges")
}

fn payment(trade: &Trade) -> Value {
    json!({
        "mer_trade_no": trade.mer_trade_no, "credit_charge_id": trade.credit_charge_id,
        "organization_id": trade.organization_id, "state": trade.trade_state, "trade_no": trade.trade_no,
        "amount": trade.amount, "paid_amount": trade.paid_amount, "checks": trade.checks, "check_at": trade.check_at,
        "created_at": trade.created_at, "decided_at": trade.decided_at, "handled_at": trade.handled_at,
    })
}

fn show(charge: &Charge, trades: &[Trade], notices: &[Notice], json: bool) -> String {
    if json {
        let mut shown = row(charge);
        shown["payments"] = trades.iter().map(payment).collect();
        let notices = notices.iter().map(|n| {
            json!({"created_at": n.created_at, "via": n.via, "outcome": n.outcome, "mer_trade_no": n.mer_trade_no,
                "trade_no": n.trade_no, "trade_status": n.trade_status, "amount": n.amount})
        });
        shown["notices"] = notices.collect();
        return format!("{shown:#}");
    }
    let mut text = line(charge);
    let _ = write!(text, "\nfor {}", charge.organization_id);
    for trade in trades {
        let _ = write!(
            text,
            "\npayment {}  {}  {}",
            trade.mer_trade_no,
            trade.created_at,
            trade.trade_state.name()
        );
        if let Some(trade_no) = &trade.trade_no {
            let _ = write!(text, ", PAYUNi's number {trade_no}");
        }
    }
    for notice in notices {
        let _ = write!(
            text,
            "\n{}  {} said {}: {}",
            notice.created_at,
            notice.via.name(),
            notice.trade_status.as_deref().unwrap_or("-"),
            notice.outcome.name()
        );
    }
    text
}

fn surplus(trades: &[Trade], json: bool) -> String {
    if json {
        let rows: Vec<Value> = trades.iter().map(payment).collect();
        return format!("{:#}", json!(rows));
    }
    let lines: Vec<String> = trades
        .iter()
        .map(|trade| {
            format!(
                "{}  NT$ {} ({}) for charge {}, PAYUNi's number {}",
                trade.mer_trade_no,
                trade.paid_amount.unwrap_or_default(),
                trade.trade_state.name(),
                trade.credit_charge_id,
                trade.trade_no.as_deref().unwrap_or("-")
            )
        })
        .collect();
    or_none(lines.join("\n"), "no payment waits to be given back")
}
