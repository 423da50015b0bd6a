//! Endpoints, as their owners manage them.

use crate::repo::deliveries::{self, Summary};
use crate::repo::endpoints::{self, DisabledReason, Endpoint, EndpointId, Kinds, Signer};
use crate::repo::events::take_turn;
use crate::{Error, Result, Webhooks};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use httpkit::outgoing::check_url;
use kernel::{Id, Secret};
use std::sync::Arc;
use store::Tx;

/// How many endpoints an owner may have: every event is compared with each of them.
pub const MOST_ENDPOINTS: usize = 32;

/// An endpoint to create.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    /// Where events are to be sent.
    pub url: String,
    /// Which events.
    pub events: Kinds,
    /// The face's own settings: what [`Contract::body`](crate::Contract::body) is given.
    pub options: String,
}

/// What to change; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct EndpointChange {
    /// Where events are to be sent.
    pub url: Option<String>,
    /// Which events.
    pub events: Option<Kinds>,
    /// The face's own settings.
    pub options: Option<String>,
    /// Disabling makes what is under way fail. Enabling forgives all failures.
    pub enabled: Option<bool>,
}

impl Webhooks {
    /// Creates an endpoint, and the secret that its owner is shown this once.
    pub async fn create_endpoint(
        &self,
        owner: &str,
        new: NewEndpoint,
    ) -> Result<(Endpoint, Secret<String>)> {
        let (now, secret) = (self.now(), self.new_secret());
        let endpoint = Endpoint {
            id: Id::new(now, &self.inner.rng),
            owner: owner.to_owned(),
            url: self.check_url(&new.url)?,
            events: new.events,
            options: new.options,
            disabled: None,
            failing_since: None,
            created_at: now,
            updated_at: now,
        };
        self.db()
            .write(move |tx| {
                take_turn(tx, &endpoint.owner)?;
                if endpoints::list(tx, &endpoint.owner)?.len() >= MOST_ENDPOINTS {
                    return Err(Error::TooManyEndpoints);
                }
                endpoints::insert(tx, &endpoint, &secret)?;
                tx.invalidate_caches()?;
                Ok((endpoint.clone(), secret.clone()))
            })
            .await
    }

    /// All endpoints of the owner, the oldest first.
    pub async fn endpoints(&self, owner: &str) -> Result<Vec<Endpoint>> {
        let owner = owner.to_owned();
        self.db()
            .read(move |tx| Ok(endpoints::list(tx, &owner)?))
            .await
    }

    /// One endpoint.
    pub async fn endpoint(&self, owner: &str, id: EndpointId) -> Result<Endpoint> {
        let owner = owner.to_owned();
        self.db()
            .read(move |tx| Ok(owned(tx, &owner, id)?.endpoint))
            .await
    }

    /// How many deliveries to an endpoint have succeeded and failed.
    pub async fn summary(&self, owner: &str, id: EndpointId) -> Result<Summary> {
        let owner = owner.to_owned();
        self.db()
            .scan(move |tx| {
                owned(tx, &owner, id)?;
                Ok(deliveries::summary(tx, id)?)
            })
            .await
    }

    /// Changes an endpoint and returns it as it is then.
    pub async fn update_endpoint(
        &self,
        owner: &str,
        id: EndpointId,
        change: EndpointChange,
    ) -> Result<Endpoint> {
        let (now, owner) = (self.now(), owner.to_owned());
        let url = match &change.url {
            Some(url) => Some(self.check_url(url)?),
            None => None,
        };
        self.db()
            .write(move |tx| {
                take_turn(tx, &owner)?;
                let mut endpoint = owned(tx, &owner, id)?.endpoint;
                endpoint.updated_at = now;
                if let Some(url) = &url {
                    endpoint.url.clone_from(url);
                }
                if let Some(events) = &change.events {
                    endpoint.events.clone_from(events);
                }
                if let Some(options) = &change.options {
                    endpoint.options.clone_from(options);
                }
                endpoints::save(tx, &endpoint)?;
                match change.enabled {
                    Some(true) => endpoints::set_disabled(tx, id, None)?,
                    Some(false) => {
                        endpoints::set_disabled(tx, id, Some(DisabledReason::Owner))?;
                        deliveries::give_up_all(tx, id, now)?;
                    }
                    None => {}
                }
                tx.invalidate_caches()?;
                Ok(owned(tx, &owner, id)?.endpoint)
            })
            .await
    }

    /// Replaces the secret at once and returns the new one, shown this once.
    pub async fn rotate_secret(&self, owner: &str, id: EndpointId) -> Result<Secret<String>> {
        let (now, owner, secret) = (self.now(), owner.to_owned(), self.new_secret());
        self.db()
            .write(move |tx| {
                owned(tx, &owner, id)?;
                endpoints::set_secret(tx, id, &secret, now)?;
                Ok(secret.clone())
            })
            .await
    }

    /// Deletes an endpoint and its deliveries, those under way included.
    pub async fn delete_endpoint(&self, owner: &str, id: EndpointId) -> Result<()> {
        let owner = owner.to_owned();
        self.db()
            .write(move |tx| {
                take_turn(tx, &owner)?;
                owned(tx, &owner, id)?;
                endpoints::delete(tx, id)?;
                Ok(tx.invalidate_caches()?)
            })
            .await
    }

    /// What each enabled endpoint of the owner wants, as known to this node: nothing when it has none, and then a face whose
    /// events are only for endpoints need not publish any. Costs no query while no endpoint changes; another node knows of a
    /// change a moment after it was committed.
    pub async fn wanted(&self, owner: &str) -> Result<Arc<[Kinds]>> {
        let load = async || {
            let endpoints = self.endpoints(owner).await?;
            let enabled = endpoints.into_iter().filter(|e| e.disabled.is_none());
            Ok(Some(enabled.map(|endpoint| endpoint.events).collect()))
        };
        let cache = &self.inner.wanted;
        let wanted: Result<_> = cache.get_or_load(self.db(), owner, load).await;
        Ok(wanted?.unwrap_or_default())
    }

    /// The address as it is kept, if events may be sent there.
    pub fn check_url(&self, url: &str) -> Result<String> {
        Ok(check_url(url, self.inner.config.reach)?.into())
    }

    fn new_secret(&self) -> Secret<String> {
        let random = URL_SAFE_NO_PAD.encode(self.inner.rng.bytes::<24>());
        Secret::new(format!("whsec_{random}"))
    }
}

/// The endpoint, if it is the owner's.
pub fn owned(tx: &mut Tx<'_>, owner: &str, id: EndpointId) -> Result<Signer> {
    endpoints::find(tx, id)?
        .filter(|signer| signer.endpoint.owner == owner)
        .ok_or(Error::NotFound)
}
