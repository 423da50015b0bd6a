//! Fixtures and faults of e-invoices.

use super::{Sandbox, Variables, read, refuse};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use httpkit::Reply;
use orders::charges::NewCharge;
use orders::model::PaymentType;
use serde::Deserialize;
use simulators::EinvoiceFault;
use std::time::Duration;

impl Sandbox {
    /// Sets up a fixture of e-invoices; `None`: it is none.
    pub(super) async fn given_invoices(
        &self,
        words: &[&str],
        variables: &mut Variables,
    ) -> Option<Result<(), String>> {
        match words {
            [
                "an",
                "organization",
                "that",
                "paid",
                "for",
                credits,
                "credits",
            ] => {
                let credits = credits
                    .parse()
                    .map_err(|_| "credits is a number".to_owned());
                Some(match credits {
                    Ok(credits) => {
                        let made = self.paid_charge(credits, variables).await;
                        made.map_err(|error| format!("{error:?}"))
                    }
                    Err(error) => Err(error),
                })
            }
            _ => None,
        }
    }

    /// A transfer that the operator has seen.
    async fn paid_charge(&self, quantity: i64, variables: &mut Variables) -> orders::Result<()> {
        let organization = self.organization(0, variables).await?;
        let new = NewCharge {
            organization,
            account: None,
            quantity,
            payment_type: PaymentType::BankTransfer,
            return_url: None,
        };
        let charge = self.orders.create_charge(new).await?;
        let paid = self
            .orders
            .confirm_transfer(charge.credit_charge_id)
            .await?;
        let id = paid.credit_charge_id.to_string();
        variables.insert("credit_charge_id".into(), id);
        Ok(())
    }
}

#[derive(Deserialize)]
pub(super) struct Wish {
    fault: Option<String>,
}

/// Makes something go wrong with every request to the simulated providers, or nothing any more.
pub(super) async fn einvoice(
    State(sandbox): State<Sandbox>,
    body: Body,
) -> Result<Reply, Response> {
    let wish: Wish = read(body).await?;
    let fault = match wish.fault.as_deref() {
        None => None,
        Some("down") => Some(EinvoiceFault::Down),
        Some("html") => Some(EinvoiceFault::Html),
        Some("slow") => Some(EinvoiceFault::Silence(Duration::from_secs(5))),
        Some("lost") => Some(EinvoiceFault::LostAnswer),
        Some("unsealed") => Some(EinvoiceFault::Unsealed),
        Some(other) => {
            return Err(refuse(format!(
                "`{other}` is no fault: down, html, slow, lost, unsealed or null"
            )));
        }
    };
    sandbox.einvoices.set_fault(fault);
    Ok(Reply::ok(&serde_json::json!({ "fault": wish.fault })))
}
