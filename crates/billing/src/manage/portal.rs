//! The portal as its merchant sets it up, and the sessions given out.

use super::set;
use crate::customers::recognize;
use crate::model::{Buyer, CustomerId, PortalSessionId};
use crate::repo::{Account, Customer, PortalSession, Settings};
use crate::{Billing, Error, Result, Scope};
use catalogue::recur::Resource;
use store::params;

/// What to change of the portal; `None`: nothing.
#[derive(Clone, Debug, Default)]
pub struct PortalChange {
    /// Where it leads back to when a session names no address.
    pub return_url: Option<Option<String>>,
    /// Whether customers may cancel.
    pub allow_cancel: Option<bool>,
    /// Whether they may switch plans.
    pub allow_plan_change: Option<bool>,
    /// Whether they may change their card.
    pub allow_payment_update: Option<bool>,
    /// Address of a picture.
    pub logo_url: Option<Option<String>>,
    /// `#rrggbb`.
    pub accent: Option<Option<String>>,
}

impl PortalChange {
    fn apply(&self, settings: &mut Settings) {
        let forbids = |allows: Option<bool>| allows.map(|allows| !allows);
        set(&mut settings.portal_return_url, self.return_url.as_ref());
        set(
            &mut settings.portal_forbids_cancel,
            forbids(self.allow_cancel).as_ref(),
        );
        set(
            &mut settings.portal_forbids_switch,
            forbids(self.allow_plan_change).as_ref(),
        );
        set(
            &mut settings.portal_forbids_card,
            forbids(self.allow_payment_update).as_ref(),
        );
        set(&mut settings.branding.logo_url, self.logo_url.as_ref());
        set(&mut settings.branding.accent, self.accent.as_ref());
    }
}

impl Billing {
    /// Changes the portal of an account.
    pub async fn update_portal(&self, scope: &Scope, change: PortalChange) -> Result<Settings> {
        self.write(scope, move |tx, work| {
            let found = Account::first(tx, Account::LOCK, params![work.account()])?;
            let mut account =
                found.ok_or_else(|| Error::Failed("there is no such account".into()))?;
            change.apply(&mut account.settings.0);
            account.save(tx)?;
            Ok(account.settings.0)
        })
        .await
    }

    /// The customer that a request names: by id first, by the merchant's own id otherwise, by address last.
    pub async fn named_customer(
        &self,
        scope: &Scope,
        id: Option<CustomerId>,
        buyer: Buyer,
    ) -> Result<Customer> {
        let account = scope.account_id;
        self.db()
            .read(move |tx| {
                let found = match id {
                    Some(id) => Customer::first(tx, Customer::BY_ID, params![id, account])?,
                    None => recognize(tx, account, &buyer)?,
                };
                found.ok_or_else(|| Error::from(Resource::Customer))
            })
            .await
    }

    /// A session, whatever has become of it.
    pub async fn portal_session_by_id(
        &self,
        scope: &Scope,
        id: PortalSessionId,
    ) -> Result<PortalSession> {
        let account = scope.account_id;
        self.db()
            .read(move |tx| {
                let found = PortalSession::first(tx, PortalSession::BY_ID, params![id, account])?;
                found.ok_or_else(|| Error::from(Resource::PortalSession))
            })
            .await
    }

    /// Where the portal is for who holds a session's token.
    pub fn portal_url(&self, token: &str) -> String {
        self.url(&format!("/portal/s/{token}"))
    }

    /// Ends a session.
    pub async fn revoke_portal_session(
        &self,
        scope: &Scope,
        id: PortalSessionId,
    ) -> Result<PortalSession> {
        self.write(scope, move |tx, work| {
            let found = PortalSession::first(tx, PortalSession::LOCK, params![id, work.account()])?;
            let mut session = found.ok_or(Resource::PortalSession)?;
            session.revoked_at.get_or_insert(work.now());
            session.save(tx)?;
            Ok(session)
        })
        .await
    }
}
