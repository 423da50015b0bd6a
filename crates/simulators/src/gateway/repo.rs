//! The gateway's books.

use super::cards::Card;
use super::trade::{Binding, Bound, Trade};
use crate::micros;
use kernel::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{Row, StoreError, Tx, params, statements};

statements! {
    SET_SHOP = "INSERT INTO gateway_shops (mer_id, enabled) VALUES ($1, $2) \
        ON CONFLICT (mer_id) DO UPDATE SET enabled = excluded.enabled";
    SHOP_ENABLED = "SELECT enabled FROM gateway_shops WHERE mer_id = $1";
    LATEST_TRADE = "SELECT trade FROM gateway_trades WHERE mer_trade_no = $1 ORDER BY attempt DESC LIMIT 1";
    TRADE = "SELECT trade FROM gateway_trades WHERE trade_no = $1";
    /// Locks the row, so that what is made of it is not lost to another node.
    LOCK_TRADE = "UPDATE gateway_trades SET attempt = attempt WHERE trade_no = $1 RETURNING trade";
    INSERT_TRADE = "INSERT INTO gateway_trades (trade_no, mer_trade_no, attempt, trade) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (mer_trade_no, attempt) DO NOTHING";
    UPDATE_TRADE = "UPDATE gateway_trades SET trade = $2 WHERE trade_no = $1";
    INSERT_TOKEN = "INSERT INTO gateway_tokens (token, session) VALUES ($1, $2)";
    TOKEN = "SELECT session FROM gateway_tokens WHERE token = $1";
    LOCK_TOKEN = "UPDATE gateway_tokens SET token = token WHERE token = $1 RETURNING session";
    UPDATE_TOKEN = "UPDATE gateway_tokens SET session = $2 WHERE token = $1";
    CARD = "SELECT credit_hash, credit_token, credit_token_type, card FROM gateway_cards WHERE credit_hash = $1";
    CARDS_OF_TOKEN = "SELECT credit_hash, credit_token, credit_token_type, card FROM gateway_cards \
        WHERE credit_token = $1 AND credit_token_type = $2 ORDER BY credit_hash";
    SAVE_CARD = "INSERT INTO gateway_cards (credit_hash, credit_token, credit_token_type, card) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (credit_hash) DO UPDATE SET card = excluded.card";
    INSERT_NOTIFY = "INSERT INTO gateway_notifies (notify_id, trade_no, url, body, attempts, due_at) \
        VALUES ($1, $2, $3, $4, 0, $5)";
    DUE_NOTIFIES = "SELECT notify_id, url, body, attempts FROM gateway_notifies WHERE due_at <= $1 \
        ORDER BY due_at, notify_id LIMIT 100";
    CLAIM_NOTIFY = "UPDATE gateway_notifies SET attempts = attempts + 1, due_at = $3 \
        WHERE notify_id = $1 AND attempts = $2 AND due_at IS NOT NULL";
    NOTIFY_DELIVERED = "UPDATE gateway_notifies SET due_at = NULL, delivered_at = $2 WHERE notify_id = $1";
}

/// A token of the card form, and what was typed with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub token: String,
    /// The origin of the page that may use it.
    pub domain: String,
    pub binding: Binding,
    #[serde(with = "micros")]
    pub expires_at: Timestamp,
    pub card: Option<Card>,
    pub card_inst: String,
    /// Whether form and server have named the same `UseTokenType`; if not, the card is charged once and not kept.
    pub keeps_card: bool,
    pub used: bool,
}

/// A card that can be charged by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundCard {
    pub credit_hash: String,
    pub credit_token: String,
    pub credit_token_type: String,
    pub state: CardState,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardState {
    pub card: Card,
    /// `MMYY`.
    pub life: String,
    /// From when on it can be charged: the payment that bound it may have been undecided.
    #[serde(with = "micros")]
    pub bound_at: Timestamp,
    pub deleted: bool,
}

/// A notify that is due.
#[derive(Clone, Debug)]
pub struct DueNotify {
    pub id: String,
    pub url: String,
    pub body: String,
    pub attempts: i64,
}

pub fn set_shop(tx: &mut Tx<'_>, mer_id: &str, enabled: bool) -> Result<(), StoreError> {
    tx.enqueue(SET_SHOP, params![mer_id, enabled])
}

/// A shop that nobody has disabled is enabled.
pub fn is_shop_enabled(tx: &mut Tx<'_>, mer_id: &str) -> Result<bool, StoreError> {
    let enabled = tx.query_opt(SHOP_ENABLED, params![mer_id], |row| row.get(0))?;
    Ok(enabled.unwrap_or(true))
}

pub fn latest_trade(tx: &mut Tx<'_>, mer_trade_no: &str) -> Result<Option<Trade>, StoreError> {
    tx.query_opt(LATEST_TRADE, params![mer_trade_no], |row| document(row, 0))
}

pub fn trade(tx: &mut Tx<'_>, trade_no: &str) -> Result<Option<Trade>, StoreError> {
    tx.query_opt(TRADE, params![trade_no], |row| document(row, 0))
}

/// A trade that this transaction is going to change.
pub fn lock_trade(tx: &mut Tx<'_>, trade_no: &str) -> Result<Option<Trade>, StoreError> {
    tx.query_opt(LOCK_TRADE, params![trade_no], |row| document(row, 0))
}

/// Whether it is in the books now. If not, another transaction has put one with its number there meanwhile.
pub fn insert_trade(tx: &mut Tx<'_>, trade: &Trade) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        INSERT_TRADE,
        params![
            &trade.trade_no,
            &trade.mer_trade_no,
            trade.attempt,
            written(trade)?
        ],
    )?;
    Ok(inserted == 1)
}

pub fn update_trade(tx: &mut Tx<'_>, trade: &Trade) -> Result<(), StoreError> {
    tx.enqueue(UPDATE_TRADE, params![&trade.trade_no, written(trade)?])
}

pub fn insert_session(tx: &mut Tx<'_>, session: &Session) -> Result<(), StoreError> {
    tx.enqueue(INSERT_TOKEN, params![&session.token, written(session)?])
}

pub fn session(tx: &mut Tx<'_>, token: &str) -> Result<Option<Session>, StoreError> {
    tx.query_opt(TOKEN, params![token], |row| document(row, 0))
}

/// A session that this transaction is going to change.
pub fn lock_session(tx: &mut Tx<'_>, token: &str) -> Result<Option<Session>, StoreError> {
    tx.query_opt(LOCK_TOKEN, params![token], |row| document(row, 0))
}

pub fn update_session(tx: &mut Tx<'_>, session: &Session) -> Result<(), StoreError> {
    tx.enqueue(UPDATE_TOKEN, params![&session.token, written(session)?])
}

pub fn card(tx: &mut Tx<'_>, credit_hash: &str) -> Result<Option<BoundCard>, StoreError> {
    tx.query_opt(CARD, params![credit_hash], read_card)
}

pub fn cards_of_token(
    tx: &mut Tx<'_>,
    credit_token: &str,
    credit_token_type: &str,
) -> Result<Vec<BoundCard>, StoreError> {
    tx.query(
        CARDS_OF_TOKEN,
        params![credit_token, credit_token_type],
        read_card,
    )
}

pub fn save_card(tx: &mut Tx<'_>, card: &BoundCard) -> Result<(), StoreError> {
    tx.enqueue(
        SAVE_CARD,
        params![
            &card.credit_hash,
            &card.credit_token,
            &card.credit_token_type,
            written(&card.state)?,
        ],
    )
}

/// Binds a card. The same card bound under the same name again keeps its hash.
pub fn bind(
    tx: &mut Tx<'_>,
    binding: &Binding,
    card: &Card,
    fresh_hash: &str,
    at: Timestamp,
) -> Result<Bound, StoreError> {
    let (token, kind) = (&binding.credit_token, &binding.credit_token_type);
    let life = binding.expires.as_ref().unwrap_or(&card.expiry);
    let known = cards_of_token(tx, token, kind)?;
    let same = known.into_iter().find(|known| {
        known.state.card == *card && known.state.life == *life && !known.state.deleted
    });
    if let Some(same) = same {
        return Ok(Bound {
            credit_hash: same.credit_hash,
            life: same.state.life,
        });
    }
    let bound = BoundCard {
        credit_hash: fresh_hash.into(),
        credit_token: token.clone(),
        credit_token_type: kind.clone(),
        state: CardState {
            card: card.clone(),
            life: life.clone(),
            bound_at: at,
            deleted: false,
        },
    };
    save_card(tx, &bound)?;
    Ok(Bound {
        credit_hash: bound.credit_hash,
        life: bound.state.life,
    })
}

pub fn insert_notify(
    tx: &mut Tx<'_>,
    id: &str,
    trade_no: &str,
    url: &str,
    body: &str,
    due_at: Timestamp,
) -> Result<(), StoreError> {
    tx.enqueue(INSERT_NOTIFY, params![id, trade_no, url, body, due_at])
}

pub fn due_notifies(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<DueNotify>, StoreError> {
    tx.query(DUE_NOTIFIES, params![now], |row| {
        Ok(DueNotify {
            id: row.get(0)?,
            url: row.get(1)?,
            body: row.get(2)?,
            attempts: row.get(3)?,
        })
    })
}

/// Takes the next attempt at a notify, if nobody else has; it is due again at `next_at`, or never.
pub fn claim_notify(
    tx: &mut Tx<'_>,
    notify: &DueNotify,
    next_at: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let claimed = tx.execute(CLAIM_NOTIFY, params![&notify.id, notify.attempts, next_at])?;
    Ok(claimed == 1)
}

pub fn notify_delivered(tx: &mut Tx<'_>, id: &str, now: Timestamp) -> Result<(), StoreError> {
    tx.enqueue(NOTIFY_DELIVERED, params![id, now])
}

fn read_card(row: &Row<'_>) -> Result<BoundCard, StoreError> {
    Ok(BoundCard {
        credit_hash: row.get(0)?,
        credit_token: row.get(1)?,
        credit_token_type: row.get(2)?,
        state: document(row, 3)?,
    })
}

fn document<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(StoreError::corrupt)
}

fn written<T: Serialize>(document: &T) -> Result<String, StoreError> {
    serde_json::to_string(document).map_err(StoreError::corrupt)
}
