//! Passwords are kept as Argon2id hashes.

use crate::{Error, Result};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use kernel::{Rng, Secret};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Hashes at once. Each takes 19 MiB and a processor for a while.
const AT_ONCE: usize = 2;

/// Makes and checks hashes, a few at a time. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    /// Checked when there is no account, so that its absence takes as long to tell.
    decoy: String,
}

impl Passwords {
    /// With a decoy of its own.
    pub fn new(rng: &Rng) -> Self {
        let decoy = hash(&rng.bytes::<32>(), &rng.bytes::<16>()).unwrap_or_default();
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            decoy,
        }
    }

    /// What is kept of a password.
    pub async fn hash(&self, password: &Secret<String>, rng: &Rng) -> Result<String> {
        let (password, salt) = (password.clone(), rng.bytes::<16>());
        self.run(move || hash(password.expose().as_bytes(), &salt))
            .await?
    }

    /// Whether a password is the one that `kept` was made of; `None` is of nobody.
    pub async fn is_right(&self, password: &Secret<String>, kept: Option<String>) -> Result<bool> {
        let (password, exists) = (password.clone(), kept.is_some());
        let kept = kept.unwrap_or_else(|| self.decoy.clone());
        self.run(move || {
            let kept = PasswordHash::new(&kept)
                .map_err(|error| Error::Failed(format!("a stored password hash: {error}")))?;
            let verified = Argon2::default().verify_password(password.expose().as_bytes(), &kept);
            Ok(verified.is_ok() && exists)
        })
        .await?
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let failed = |error: &dyn std::fmt::Display| Error::Failed(format!("hashing: {error}"));
        let turn = self.turns.acquire().await.map_err(|e| failed(&e))?;
        let done = tokio::task::spawn_blocking(work).await;
        drop(turn);
        done.map_err(|e| failed(&e))
    }
}

fn hash(password: &[u8], salt: &[u8]) -> Result<String> {
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(password, salt)
        .map_err(|error| Error::Failed(format!("hashing: {error}")))?;
    Ok(hash.to_string())
}
