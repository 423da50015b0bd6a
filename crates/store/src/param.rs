use crate::{Row, StoreError};
use kernel::{Credits, Id, Timestamp};
use rusqlite::types::{ToSqlOutput, ValueRef};
use std::borrow::Cow;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// A bound parameter. Both databases know just these three kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Param<'a> {
    /// SQL NULL.
    Null,
    /// A 64-bit integer: numbers, credits, times, flags.
    Int(i64),
    /// Text: ids, names, JSON.
    Text(Cow<'a, str>),
}

impl Param<'_> {
    /// The same value without the borrow.
    pub fn into_owned(self) -> Param<'static> {
        match self {
            Self::Null => Param::Null,
            Self::Int(value) => Param::Int(value),
            Self::Text(text) => Param::Text(Cow::Owned(text.into_owned())),
        }
    }
}

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<bool> for Param<'_> {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}
impl From<Timestamp> for Param<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.micros())
    }
}
impl From<Credits> for Param<'_> {
    fn from(value: Credits) -> Self {
        Self::Int(value.get())
    }
}
impl<T> From<Id<T>> for Param<'_> {
    fn from(value: Id<T>) -> Self {
        Self::Text(Cow::Owned(value.to_string()))
    }
}
impl<'a> From<&'a str> for Param<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}
impl<'a> From<&'a String> for Param<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}
impl From<String> for Param<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}
impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Param::Null, Into::into)
    }
}

/// The parameters of a statement, in the order of `$1`, `$2`, …
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::Param::from($value)),*] };
}

impl rusqlite::ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

impl ToSql for Param<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *ty == Type::INT4 => i32::try_from(*value)?.to_sql(ty, out),
            Self::Int(value) => value.to_sql(ty, out),
            Self::Text(text) => text.as_ref().to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT8, Type::INT4, Type::TEXT, Type::VARCHAR].contains(ty)
    }

    to_sql_checked!();
}

/// A type that a column can be read as.
pub trait FromColumn: Sized {
    /// Reads column `index`, counted from 0. A value of another kind is [`StoreError::Corrupt`].
    fn from_column(row: &Row<'_>, index: usize) -> Result<Self, StoreError>;
}

impl FromColumn for i64 {
    fn from_column(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        row.int(index)?.ok_or_else(|| null(index))
    }
}

impl FromColumn for String {
    fn from_column(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        row.text(index)?
            .map(str::to_owned)
            .ok_or_else(|| null(index))
    }
}

impl FromColumn for bool {
    fn from_column(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        i64::from_column(row, index).map(|value| value != 0)
    }
}

impl FromColumn for Timestamp {
    fn from_column(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        i64::from_column(row, index).map(Self::from_micros)
    }
}

impl FromColumn for Credits {
    fn from_column(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        i64::from_column(row, index).map(Self::new)
    }
}

impl<T> FromColumn for Id<T> {
    fn from_column(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        let text = row.text(index)?.ok_or_else(|| null(index))?;
        text.parse().map_err(StoreError::corrupt)
    }
}

impl<T: FromColumn> FromColumn for Option<T> {
    fn from_column(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        if row.is_null(index)? {
            Ok(None)
        } else {
            T::from_column(row, index).map(Some)
        }
    }
}

fn null(index: usize) -> StoreError {
    StoreError::Corrupt(format!("column {index} is null"))
}
