//! `credit_bind/query` and `credit_bind/cancel`: the cards that can be charged again.

use super::{Gateway, Reply};
use crate::gateway::cards;
use crate::gateway::protocol::{BIND_CANCEL, BIND_QUERY, Failure, text};
use crate::gateway::repo::{self, BoundCard};
use kernel::Timestamp;
use payuni::fields::Fields;
use store::{StoreError, Tx};

impl Gateway {
    pub(super) async fn bind_query(self, inner: Fields) -> Result<Reply, Failure> {
        let hash = text(&inner, "CreditHash").map(str::to_owned);
        let token = text(&inner, "CreditToken").map(str::to_owned);
        if hash.is_none() && token.is_none() {
            return Err(BIND_QUERY.refuse(2001, "請提供約定Token或Hash").into());
        }
        let kind = text(&inner, "CreditTokenType").unwrap_or("1").to_owned();
        let now = self.now();
        let found = self
            .shared
            .db
            .read(move |tx| find(tx, hash.as_deref(), token.as_deref(), &kind, now))
            .await?;
        if found.is_empty() {
            return Err(BIND_QUERY.refuse(3001, "查無符合約定資料").into());
        }
        let mut fields = self.done("查詢成功");
        for (index, card) in found.iter().enumerate() {
            for (name, value) in row(card, now).iter() {
                fields.push(format!("Result[{index}][{name}]"), value);
            }
        }
        Ok(fields.into())
    }

    pub(super) async fn bind_cancel(self, inner: Fields) -> Result<Reply, Failure> {
        let refuse = |number, message: &str| BIND_CANCEL.refuse(number, message);
        let by_hash = match text(&inner, "UseTokenType") {
            None => return Err(refuse(2005, "無約定類型").into()),
            Some("1") => true,
            Some("2") => false,
            Some(_) => return Err(refuse(2006, "約定類型錯誤").into()),
        };
        let value = text(&inner, "BindVal").ok_or_else(|| refuse(2007, "無約定值"))?;
        let value = value.to_owned();
        let kind = text(&inner, "CreditTokenType").unwrap_or("1").to_owned();
        let reply = self.done("取消成功").with("Hash", &value);
        let now = self.now();
        self.shared
            .db
            .write(move |tx| {
                let mut found = match by_hash {
                    true => repo::card(tx, &value)?.into_iter().collect(),
                    false => repo::cards_of_token(tx, &value, &kind)?,
                };
                found.retain(|card| card.state.bound_at <= now && !card.state.deleted);
                if found.is_empty() {
                    return Err(BIND_CANCEL.refuse(3001, "查無約定資料").into());
                }
                for mut card in found {
                    card.state.deleted = true;
                    repo::save_card(tx, &card)?;
                }
                Ok::<_, Failure>(())
            })
            .await?;
        Ok(reply.into())
    }
}

/// The kind is part of the key: what was bound as 2 is not found as 1.
fn find(
    tx: &mut Tx<'_>,
    hash: Option<&str>,
    token: Option<&str>,
    kind: &str,
    now: Timestamp,
) -> Result<Vec<BoundCard>, StoreError> {
    let mut found = match (hash, token) {
        (Some(hash), _) => repo::card(tx, hash)?.into_iter().collect(),
        (None, token) => repo::cards_of_token(tx, token.unwrap_or_default(), kind)?,
    };
    found.retain(|card| card.state.bound_at <= now && card.credit_token_type == kind);
    Ok(found)
}

fn row(card: &BoundCard, now: Timestamp) -> Fields {
    let state = &card.state;
    let status = match () {
        () if state.deleted => "3",
        () if cards::has_passed(&state.life, now) => "4",
        () => "1",
    };
    Fields::new()
        .with("CreditHash", &card.credit_hash)
        .with("CreditToken", &card.credit_token)
        .with("CreditTokenType", &card.credit_token_type)
        .with("CreditTokenExpired", &state.life)
        .with("CreditTokenStatus", status)
        .with("Card6No", &state.card.six)
        .with("Card4No", &state.card.four)
        .with("CardExpiredDT", &state.card.expiry)
}
