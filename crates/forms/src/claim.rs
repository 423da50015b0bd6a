//! The `Idempotency-Key` under which a method is being carried out: the transaction that makes the change says so at its key, so that
//! a server that dies before it has answered leaves no doubt.

use crate::{Error, Result};
use kernel::Timestamp;
use store::Tx;
use store::idempotency::{Key, carried_out};

tokio::task_local! {
    static HELD: Claim;
}

/// A key that was claimed.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    /// The key.
    pub key: Key,
    /// When.
    pub at: Timestamp,
}

impl Claim {
    /// The claim under which this task carries something out.
    pub(crate) fn held() -> Option<Self> {
        HELD.try_with(Self::clone).ok()
    }

    /// Carries something out under the claim.
    pub(crate) async fn hold<T>(self, run: impl Future<Output = T>) -> T {
        HELD.scope(self, run).await
    }

    /// Says at the key that the change is made, in its transaction.
    pub(crate) fn settle(&self, tx: &mut Tx<'_>) -> Result<()> {
        if carried_out(tx, &self.key, self.at, "done")? {
            return Ok(());
        }
        let key = &self.key.key;
        Err(Error::Failed(format!("the claim of {key} was taken over")))
    }
}
