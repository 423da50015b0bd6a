//! Work as a price: nobody has to be asked, and robots that do a lot pay a lot.

use crate::challenge::{Challenge, Solution};
use crate::{Checking, Reason, RobotCheck, Verdict};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Clock, Rng, Timestamp};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use store::{Db, StoreError, Tx, params, statements};
use tokio::sync::OnceCell;

statements! {
    FIND_KEY = "SELECT secret FROM robot_secrets WHERE name = $1";
    ADD_KEY = "INSERT INTO robot_secrets (name, secret, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
    USE = "INSERT INTO robot_challenges_used (challenge_id, expire_at) VALUES ($1, $2) ON CONFLICT (challenge_id) DO NOTHING";
    FORGET_USED = "DELETE FROM robot_challenges_used WHERE expire_at <= $1";
}

/// The name of the key that signs challenges.
const KEY: &str = "challenges";

/// Forgets challenges that have expired; also the key of the one job that does.
pub const FORGET: &str = "captcha.forget";

/// What may be set.
#[derive(Clone, Debug)]
pub struct ProofOfWorkConfig {
    /// Zero bits of a solution: each more doubles the work. 18 take a browser a few seconds.
    pub difficulty: u8,
    /// How long a challenge counts.
    pub lifetime: Duration,
}

impl Default for ProofOfWorkConfig {
    fn default() -> Self {
        Self {
            difficulty: 18,
            lifetime: Duration::from_secs(600),
        }
    }
}

/// Asks for work. A challenge is kept nowhere until it is solved, and solved once.
pub struct ProofOfWork {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Arc<Rng>,
    config: ProofOfWorkConfig,
    key: OnceCell<[u8; 32]>,
}

impl ProofOfWork {
    /// A check whose key is in `db`, where it is made at its first use. All nodes on one database use the same.
    pub fn new(db: Db, clock: Arc<dyn Clock>, rng: Arc<Rng>, config: ProofOfWorkConfig) -> Self {
        Self {
            db,
            clock,
            rng,
            config,
            key: OnceCell::new(),
        }
    }

    async fn key(&self) -> Result<&[u8; 32], StoreError> {
        let load = async || {
            let (new, now) = (STANDARD.encode(self.rng.bytes::<32>()), self.clock.now());
            let load = move |tx: &mut Tx<'_>| {
                tx.execute(ADD_KEY, params![KEY, &new, now])?;
                tx.query_one(FIND_KEY, params![KEY], |row| row.get(0))
            };
            let text: String = self.db.write(load).await?;
            let bytes = STANDARD.decode(text).ok();
            bytes
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or_else(|| StoreError::corrupt("the key of challenges"))
        };
        self.key.get_or_try_init(load).await
    }

    async fn verdict(&self, token: &str) -> Result<Verdict, StoreError> {
        let Some(solution) = Solution::read(token) else {
            return Ok(Verdict::Refused(Reason::Invalid));
        };
        if !solution.is_signed_with(self.key().await?) || !solution.is_solved() {
            return Ok(Verdict::Refused(Reason::Invalid));
        }
        let expires_at = solution.expires_at();
        if expires_at <= self.clock.now() {
            return Ok(Verdict::Refused(Reason::ExpiredOrUsed));
        }
        let id = solution.challenge_id();
        let first = self
            .db
            .write(move |tx| Ok::<_, StoreError>(tx.execute(USE, params![&id, expires_at])? == 1))
            .await?;
        Ok(if first {
            Verdict::Passed
        } else {
            Verdict::Refused(Reason::ExpiredOrUsed)
        })
    }
}

impl RobotCheck for ProofOfWork {
    fn check<'a>(&'a self, token: &'a str, _: Option<IpAddr>) -> Checking<'a, Verdict> {
        Box::pin(async move {
            let verdict = self.verdict(token).await;
            verdict.unwrap_or_else(|error| Verdict::Unavailable(error.to_string()))
        })
    }

    fn challenge(&self) -> Checking<'_, Result<Option<Challenge>, String>> {
        Box::pin(async move {
            let key = self.key().await.map_err(|error| error.to_string())?;
            let expires_at = self.clock.now().plus(self.config.lifetime);
            let random = self.rng.bytes();
            Ok(Some(Challenge::new(
                key,
                random,
                self.config.difficulty,
                expires_at,
            )))
        })
    }
}

/// Forgets which challenges were used, of those that have expired: their time refuses them.
pub fn forget(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
    tx.execute(FORGET_USED, params![now])
}
