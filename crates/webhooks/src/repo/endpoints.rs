use kernel::{Id, Secret, Timestamp};
use store::record::Json;
use store::{Row, StoreError, Tx, params, statements};

/// Marks the type of endpoint ids.
#[derive(Debug)]
pub enum EndpointTag {}
/// Names an endpoint.
pub type EndpointId = Id<EndpointTag>;

/// Which kinds of events an endpoint wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kinds {
    /// All, those to come included.
    All,
    /// These.
    Only(Vec<String>),
}

impl Kinds {
    /// Whether events of this kind are wanted.
    pub fn include(&self, kind: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(kinds) => kinds.iter().any(|wanted| wanted == kind),
        }
    }

    fn read(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        let kinds: Option<Json<Vec<String>>> = row.get(index)?;
        Ok(kinds.map_or(Self::All, |Json(kinds)| Self::Only(kinds)))
    }

    fn stored(&self) -> Option<String> {
        match self {
            Self::All => None,
            Self::Only(kinds) => Some(serde_json::Value::from(kinds.as_slice()).to_string()),
        }
    }
}

store::text_enum! {
    /// Why an endpoint is disabled.
    pub enum DisabledReason {
        /// Its owner has disabled it.
        Owner = "owner",
        /// It failed every attempt for too long.
        Failing = "failing",
    }
}

/// A consumer's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Whose it is.
    pub owner: String,
    /// Where events are sent.
    pub url: String,
    /// Which events.
    pub events: Kinds,
    /// The face's own settings, as the face wrote them.
    pub options: String,
    /// Why it gets no events; `None`: it is enabled.
    pub disabled: Option<DisabledReason>,
    /// When the first of the attempts failed that have all failed since.
    pub failing_since: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its owner, or repeated failure, last changed it.
    pub updated_at: Timestamp,
}

macro_rules! select_endpoints {
    ($condition:literal) => {
        concat!(
            "SELECT endpoint_id, owner, url, events, options, disabled_reason, failing_since, created_at, updated_at, \
             secret FROM webhook_endpoints ",
            $condition
        )
    };
}

statements! {
    INSERT = "INSERT INTO webhook_endpoints (endpoint_id, owner, url, events, options, secret, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";
    LIST = select_endpoints!("WHERE owner = $1 ORDER BY endpoint_id");
    FIND = select_endpoints!("WHERE endpoint_id = $1");
    SAVE = "UPDATE webhook_endpoints SET url = $2, events = $3, options = $4, updated_at = $5 WHERE endpoint_id = $1";
    SET_DISABLED = "UPDATE webhook_endpoints SET disabled_reason = $2, failing_since = NULL WHERE endpoint_id = $1";
    SET_SECRET = "UPDATE webhook_endpoints SET secret = $2, updated_at = $3 WHERE endpoint_id = $1";
    DELETE = "DELETE FROM webhook_endpoints WHERE endpoint_id = $1";
    SUCCEEDING = "UPDATE webhook_endpoints SET failing_since = NULL \
        WHERE endpoint_id = $1 AND failing_since IS NOT NULL";
    FAILING = "UPDATE webhook_endpoints SET failing_since = $2 WHERE endpoint_id = $1 AND failing_since IS NULL";
    DISABLE_FAILING = "UPDATE webhook_endpoints SET disabled_reason = 'failing', updated_at = $2 \
        WHERE endpoint_id = $1 AND disabled_reason IS NULL AND failing_since <= $3";
}

/// An endpoint, and what its bodies are signed with.
pub struct Signer {
    pub endpoint: Endpoint,
    pub secret: Secret<String>,
}

pub fn insert(
    tx: &mut Tx<'_>,
    endpoint: &Endpoint,
    secret: &Secret<String>,
) -> Result<(), StoreError> {
    tx.enqueue(
        INSERT,
        params![
            endpoint.id,
            &endpoint.owner,
            &endpoint.url,
            endpoint.events.stored(),
            &endpoint.options,
            secret.expose(),
            endpoint.created_at,
        ],
    )
}

/// The endpoints of an owner, the oldest first.
pub fn list(tx: &mut Tx<'_>, owner: &str) -> Result<Vec<Endpoint>, StoreError> {
    tx.query(LIST, params![owner], read)
}

/// Of whichever owner.
pub fn find(tx: &mut Tx<'_>, id: EndpointId) -> Result<Option<Signer>, StoreError> {
    tx.query_opt(FIND, params![id], |row| {
        Ok(Signer {
            endpoint: read(row)?,
            secret: Secret::new(row.get(9)?),
        })
    })
}

/// Saves the URL, the events, the options and the time of the change.
pub fn save(tx: &mut Tx<'_>, endpoint: &Endpoint) -> Result<(), StoreError> {
    tx.enqueue(
        SAVE,
        params![
            endpoint.id,
            &endpoint.url,
            endpoint.events.stored(),
            &endpoint.options,
            endpoint.updated_at,
        ],
    )
}

/// Disables or enables an endpoint; what it did before is forgiven.
pub fn set_disabled(
    tx: &mut Tx<'_>,
    id: EndpointId,
    reason: Option<DisabledReason>,
) -> Result<(), StoreError> {
    tx.enqueue(SET_DISABLED, params![id, reason.map(DisabledReason::name)])
}

pub fn set_secret(
    tx: &mut Tx<'_>,
    id: EndpointId,
    secret: &Secret<String>,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.enqueue(SET_SECRET, params![id, secret.expose(), now])
}

/// With its deliveries.
pub fn delete(tx: &mut Tx<'_>, id: EndpointId) -> Result<(), StoreError> {
    tx.enqueue(DELETE, params![id])
}

pub fn note_success(tx: &mut Tx<'_>, id: EndpointId) -> Result<(), StoreError> {
    tx.enqueue(SUCCEEDING, params![id])
}

/// Notes a failure, and disables an endpoint that has been failing since `patience_began` or longer; returns whether it did.
pub fn note_failure(
    tx: &mut Tx<'_>,
    id: EndpointId,
    now: Timestamp,
    patience_began: Timestamp,
) -> Result<bool, StoreError> {
    tx.enqueue(FAILING, params![id, now])?;
    Ok(tx.execute(DISABLE_FAILING, params![id, now, patience_began])? == 1)
}

fn read(row: &Row<'_>) -> Result<Endpoint, StoreError> {
    Ok(Endpoint {
        id: row.get(0)?,
        owner: row.get(1)?,
        url: row.get(2)?,
        events: Kinds::read(row, 3)?,
        options: row.get(4)?,
        disabled: row.get(5)?,
        failing_since: row.get(6)?,
        created_at: row.get(7)?,
        updated_at: row.get(8)?,
    })
}
