//! Fixtures of people: accounts, sessions, robot tokens.

use super::{Sandbox, Variables};
use crate::seed;

impl Sandbox {
    /// Sets up a fixture of people; `None`: it is none.
    pub(super) async fn given_people(
        &self,
        words: &[&str],
        variables: &mut Variables,
    ) -> Option<Result<(), String>> {
        Some(match words {
            ["a", "solved", "robot", "challenge"] => self.robot_token(variables).await,
            ["an", "account"] => self.account("", variables).await,
            ["another", "account"] => self.account("other.", variables).await,
            ["an", "account", "with", "an", "organization"] => {
                self.account_with_organization(variables).await
            }
            _ => return None,
        })
    }

    async fn robot_token(&self, variables: &mut Variables) -> Result<(), String> {
        let challenge = self.orders.robots().challenge().await?;
        let challenge = challenge.ok_or("this server asks a captcha service about robots")?;
        variables.insert("robot_token".into(), captcha::solve(&challenge));
        Ok(())
    }

    async fn account(&self, prefix: &str, variables: &mut Variables) -> Result<(), String> {
        let made = seed::people::account(&self.orders, "scenario").await;
        let made = made.map_err(|error| error.to_string())?;
        for (name, value) in made.variables() {
            variables.insert(format!("{prefix}{name}"), value);
        }
        Ok(())
    }

    async fn account_with_organization(&self, variables: &mut Variables) -> Result<(), String> {
        let made = seed::people::account(&self.orders, "scenario").await;
        let made = made.map_err(|error| error.to_string())?;
        let organization = seed::people::organization(&self.orders, &made, "Scenario").await;
        let (id, key) = organization.map_err(|error| error.to_string())?;
        variables.extend(made.variables());
        variables.insert("organization_id".into(), id.to_string());
        variables.insert("private_key".into(), key.expose().clone());
        Ok(())
    }
}
