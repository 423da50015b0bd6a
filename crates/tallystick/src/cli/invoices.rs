//! E-invoices: what the operator sees of them and does about them.

use super::{open_orders, or_none, print};
use crate::config::Flags;
use anyhow::{Context, Result};
use invoicing::Invoicing;
use invoicing::allow::Given;
use invoicing::model::{InvoiceId, Owner, Status};
use invoicing::repo::{Allowance, Attempt, Invoice};
use serde_json::{Value, json};
use std::fmt::Write as _;
use store::{StoreError, params};

#[derive(clap::Subcommand)]
pub enum Invoices {
    /// List invoices, the newest first
    List {
        /// Only those in this status: draft, issued, issue_failed or void
        #[arg(long, value_name = "STATUS", value_parser = status)]
        status: Option<Status>,
        /// Only those of which it is not known whether the last step was done
        #[arg(long, conflicts_with = "status")]
        open: bool,
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        most: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show an invoice, what was given back on it, and every answer of its provider
    Show {
        /// The invoice's id
        invoice: InvoiceId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Have an invoice issued that was not
    Issue {
        /// The invoice's id
        invoice: InvoiceId,
    },
    /// Have an issued invoice voided
    Void {
        /// The invoice's id
        invoice: InvoiceId,
        /// Why, in 1 to 20 characters
        #[arg(long)]
        reason: String,
    },
    /// Give money back on an issued invoice
    Allowance {
        /// The invoice's id
        invoice: InvoiceId,
        /// How much with tax, in whole TWD
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
        amount: i64,
    },
    /// Say whether an allowance was made of which its provider does not tell (ezPay), after a look at its console
    Decide {
        /// The invoice's id
        invoice: InvoiceId,
        /// It was made
        #[arg(
            long,
            required_unless_present = "not_made",
            conflicts_with = "not_made"
        )]
        made: bool,
        /// It was not made
        #[arg(long)]
        not_made: bool,
    },
    /// Ask the providers about every invoice of which it is not known whether the last step was done
    ///
    /// A running server does so by itself; this does it now.
    Reconcile {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

fn status(text: &str) -> Result<Status, String> {
    Status::of(text).ok_or_else(|| format!("one of {}", Status::NAMES.join(", ")))
}

impl Invoices {
    pub async fn run(self, flags: &Flags) -> Result<()> {
        let orders = open_orders(flags).await?;
        let invoicing = orders.invoicing();
        match self {
            Self::List {
                status,
                open,
                most,
                json,
            } => {
                let found: Result<Vec<Invoice>, StoreError> = orders
                    .db()
                    .scan(move |tx| match status {
                        Some(status) => {
                            Invoice::all(tx, Invoice::NEWEST_IN, params![status.name(), most])
                        }
                        None if open => Invoice::all(tx, Invoice::NEWEST_OPEN, params![most]),
                        None => Invoice::all(tx, Invoice::NEWEST, params![most]),
                    })
                    .await;
                print(&listed(&found?, json))?;
            }
            Self::Show { invoice, json } => {
                let owner = owner(invoicing, invoice).await?;
                let found = invoicing.find(&owner, invoice).await?;
                let allowances = invoicing.allowances(&owner, invoice).await?;
                let attempts = invoicing.attempts(&owner, invoice).await?;
                print(&shown(&found, &allowances, &attempts, json))?;
            }
            Self::Issue { invoice } => {
                let owner = owner(invoicing, invoice).await?;
                let issued = invoicing.issue(&owner, invoice).await?;
                print(&line(&issued))?;
            }
            Self::Void { invoice, reason } => {
                let owner = owner(invoicing, invoice).await?;
                let voided = invoicing.void(&owner, invoice, &reason).await?;
                print(&line(&voided))?;
            }
            Self::Allowance { invoice, amount } => {
                let owner = owner(invoicing, invoice).await?;
                let given = Given::Amount(amount);
                let made = invoicing.allowance(&owner, invoice, given).await?;
                print(&format!("{} TWD given back: {}", made.total, made.number))?;
            }
            Self::Decide { invoice, made, .. } => {
                let owner = owner(invoicing, invoice).await?;
                let decided = invoicing.decide_allowance(&owner, invoice, made).await?;
                print(&format!("{} {}", decided.number, decided.status.name()))?;
            }
            Self::Reconcile { json } => {
                let round = invoicing.reconcile().await?;
                print(&match json {
                    true => format!("{:#}", json!(round)),
                    false => format!(
                        "{} looked at, {} settled, {} still open",
                        round.looked_at, round.settled, round.open
                    ),
                })?;
            }
        }
        orders.db().close().await;
        Ok(())
    }
}

/// Whose invoice it is: the operator may see all of them.
async fn owner(invoicing: &Invoicing, id: InvoiceId) -> Result<Owner> {
    let owner = invoicing.owner_of(id).await?;
    owner.with_context(|| format!("there is no invoice {id}: see `tallystick invoices list`"))
}

fn row(invoice: &Invoice) -> Value {
    json!({
        "invoice_id": invoice.invoice_id, "seller": invoice.seller, "owner": invoice.owner, "sale": invoice.sale,
        "invoice_provider": invoice.provider, "reference": invoice.reference, "invoice_number": invoice.invoice_number,
        "invoice_status": invoice.status, "open": invoice.asked, "total": invoice.total, "allowance_total": invoice.credited,
        "failure": invoice.failure, "created_at": invoice.created_at,
    })
}

fn line(invoice: &Invoice) -> String {
    let number = invoice.invoice_number.as_deref().unwrap_or("-");
    let open = match invoice.asked {
        Some(asked) => format!(" (asked to {}, no answer)", asked.name()),
        None => String::new(),
    };
    let mut line = format!(
        "{}  {:<8}  {:<10}  {:<12}{open}  {} TWD  {}",
        invoice.invoice_id,
        invoice.provider.name(),
        number,
        invoice.status.name(),
        invoice.total,
        invoice.created_at
    );
    if let Some(failure) = &invoice.failure {
        let _ = write!(line, "\n    {failure}");
    }
    line
}

fn listed(invoices: &[Invoice], json: bool) -> String {
    if json {
        let rows: Vec<Value> = invoices.iter().map(row).collect();
        return format!("{:#}", json!(rows));
    }
    let lines: Vec<String> = invoices.iter().map(line).collect();
    or_none(lines.join("\n"), "no invoices")
}

fn shown(
    invoice: &Invoice,
    allowances: &[Allowance],
    attempts: &[Attempt],
    as_json: bool,
) -> String {
    if as_json {
        let mut shown = row(invoice);
        shown["allowances"] = allowances
            .iter()
            .map(|allowance| {
                json!({"allowance_id": allowance.allowance_id, "number": allowance.number,
                    "provider_number": allowance.provider_number, "status": allowance.status, "total": allowance.total})
            })
            .collect();
        shown["attempts"] = attempts
            .iter()
            .map(|attempt| {
                json!({"operation": attempt.operation, "outcome": attempt.outcome, "detail": attempt.detail, "at": attempt.at})
            })
            .collect();
        return format!("{shown:#}");
    }
    let mut text = line(invoice);
    let _ = write!(
        text,
        "\n  of {} {}, for {}; reference {} at the provider",
        invoice.seller.name(),
        invoice.owner,
        invoice.sale,
        invoice.reference
    );
    for allowance in allowances {
        let _ = write!(
            text,
            "\n  allowance {}  {:<8}  {} TWD",
            allowance.number,
            allowance.status.name(),
            allowance.total
        );
    }
    for attempt in attempts {
        let detail = attempt.detail.as_deref().unwrap_or_default();
        let _ = write!(
            text,
            "\n  {}  {:<9}  {:<9}  {detail}",
            attempt.at,
            attempt.operation.name(),
            attempt.outcome.name()
        );
    }
    text
}
