use crate::{Rng, Timestamp};
use serde::{Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

/// A UUID v7 that names one entity of type `T`. On the wire: 36 lower-case characters.
///
/// Ids made later sort later, so that indexes on them grow at their end.
pub struct Id<T>(uuid::Uuid, PhantomData<fn() -> T>);

impl<T> Id<T> {
    /// A new id, from the time and randomness given.
    pub fn new(now: Timestamp, rng: &Rng) -> Self {
        let millis = u64::try_from(now.micros() / 1000).unwrap_or(0);
        Self(
            uuid::Builder::from_unix_timestamp_millis(millis, &rng.bytes()).into_uuid(),
            PhantomData,
        )
    }

    /// The id with these bytes.
    pub const fn from_u128(value: u128) -> Self {
        Self(uuid::Uuid::from_u128(value), PhantomData)
    }

    /// The bytes, as one number.
    pub const fn to_u128(self) -> u128 {
        self.0.as_u128()
    }

    /// The same id for an entity of another type: where two things share one identity.
    pub const fn cast<U>(self) -> Id<U> {
        Id(self.0, PhantomData)
    }

    /// The canonical text, written into `buffer`.
    pub fn encode(self, buffer: &mut [u8; 36]) -> &str {
        self.0.hyphenated().encode_lower(buffer)
    }
}

/// The text is not a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseIdError;

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a UUID")
    }
}

impl std::error::Error for ParseIdError {}

impl<T> FromStr for Id<T> {
    type Err = ParseIdError;

    /// Accepts the hyphenated form only, in either case.
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        if text.len() != 36 {
            return Err(ParseIdError);
        }
        uuid::Uuid::try_parse(text)
            .map(|id| Self(id, PhantomData))
            .map_err(|_| ParseIdError)
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.encode(&mut [0; 36]))
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
