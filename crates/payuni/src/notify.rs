//! What the gateway posts: to the notify address from its servers, to the return address through the payer's browser.

use crate::envelope::{OpenError, Shop};
use crate::fields::Fields;

/// Why a posted form is not a notice of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// It is not a form.
    #[error("not a form")]
    NotForm,
    /// It has no envelope.
    #[error("a form without EncryptInfo")]
    NoEnvelope,
    /// Its envelope is not ours.
    #[error(transparent)]
    Envelope(#[from] OpenError),
}

/// Opens the body of a notice, `application/x-www-form-urlencoded`. A good one has to be answered with status 200.
///
/// The same notice can come more than once, and old ones can be sent again by anybody who has seen them: act on a
/// trade once, and only if number and amount are those of a payment that is open. Cards, invoices and
/// deliveries share the address; [`decide_sealed`](crate::status::decide_sealed) finds notices that are not about a trade undecided.
pub fn parse_notify(form_body: &[u8], shop: &Shop) -> Result<Fields, NotifyError> {
    let text = std::str::from_utf8(form_body).map_err(|_| NotifyError::NotForm)?;
    let outer = Fields::decode(text).map_err(|_| NotifyError::NotForm)?;
    let encrypt_info = outer.get("EncryptInfo").ok_or(NotifyError::NoEnvelope)?;
    if outer.get("MerID").is_some_and(|id| id != shop.mer_id()) {
        return Err(OpenError::OtherShop.into());
    }
    Ok(shop.open(encrypt_info, outer.get("HashInfo").unwrap_or_default())?)
}
