//! Fixtures of credit charges.

use super::{Sandbox, Variables};
use crate::seed;
use kernel::Credits;
use orders::charges::NewCharge;
use orders::model::PaymentType;

impl Sandbox {
    /// Sets up a fixture of credit charges; `None`: it is none.
    pub(super) async fn given_charges(
        &self,
        words: &[&str],
        variables: &mut Variables,
    ) -> Option<Result<(), String>> {
        match words {
            ["another", "organization", "with", "a", "credit", "charge"] => {
                let made = self.others_charge(variables).await;
                Some(made.map_err(|error| format!("{error:?}")))
            }
            _ => None,
        }
    }

    async fn others_charge(&self, variables: &mut Variables) -> orders::Result<()> {
        let (organization, _) = seed::organization(&self.orders, "Other", Credits::ZERO).await?;
        let new = NewCharge {
            organization,
            account: None,
            quantity: 100,
            payment_type: PaymentType::PayUni,
            return_url: None,
        };
        let charge = self.orders.create_charge(new).await?;
        let id = charge.credit_charge_id.to_string();
        variables.insert("other.credit_charge_id".into(), id);
        Ok(())
    }
}
