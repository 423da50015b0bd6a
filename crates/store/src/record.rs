//! Rows as structs: [`record!`](crate::record) declares a struct, its columns and the statements that
//! read and write whole rows, so that the list of columns is written once.

use crate::{FromColumn, Param, Row, StoreError};
use kernel::{Credits, Id, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A type that a column can hold.
pub trait Column: FromColumn {
    /// The value as a parameter.
    fn param(&self) -> Param<'_>;
}

macro_rules! copied {
    ($($type:ty),*) => {$(
        impl Column for $type {
            fn param(&self) -> Param<'_> {
                Param::from(*self)
            }
        }
    )*};
}
copied!(i64, bool, Timestamp, Credits);

impl<T> Column for Id<T> {
    fn param(&self) -> Param<'_> {
        Param::from(*self)
    }
}

impl Column for String {
    fn param(&self) -> Param<'_> {
        Param::from(self)
    }
}

impl FromColumn for u32 {
    fn from_column(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        Self::try_from(row.get::<i64>(index)?).map_err(StoreError::corrupt)
    }
}

impl Column for u32 {
    fn param(&self) -> Param<'_> {
        Param::Int(i64::from(*self))
    }
}

impl<T: Column> Column for Option<T> {
    fn param(&self) -> Param<'_> {
        self.as_ref().map_or(Param::Null, Column::param)
    }
}

/// A column that holds JSON: what is read and written as a whole and never searched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromColumn for Json<T> {
    fn from_column(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        let text: String = row.get(index)?;
        serde_json::from_str(&text)
            .map(Self)
            .map_err(StoreError::corrupt)
    }
}

impl<T: Serialize + DeserializeOwned> Column for Json<T> {
    fn param(&self) -> Param<'_> {
        // What these columns hold has text keys and finite numbers only; null would be found on reading.
        Param::from(serde_json::to_string(&self.0).unwrap_or_else(|_| "null".into()))
    }
}

/// Declares an enum that is stored, and sent, as one of some names.
#[macro_export]
macro_rules! text_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant),* }

        impl $name {
            /// Every one, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// Every name, in the order of declaration.
            pub const NAMES: &'static [&'static str] = &[$($text),*];

            /// As stored and sent.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The one with this name.
            pub fn of(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)* _ => None }
            }
        }

        impl $crate::FromColumn for $name {
            fn from_column(row: &$crate::Row<'_>, index: usize) -> Result<Self, $crate::StoreError> {
                let text: String = row.get(index)?;
                Self::of(&text).ok_or_else(|| $crate::StoreError::Corrupt(
                    format!("{text} is no {}", stringify!($name))
                ))
            }
        }

        impl $crate::record::Column for $name {
            fn param(&self) -> $crate::Param<'_> {
                $crate::Param::from(self.name())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::of(&text).ok_or_else(|| serde::de::Error::unknown_variant(&text, Self::NAMES))
            }
        }
    };
}

/// Declares a struct that is a row: its fields are the columns, in this order, under the same names.
///
/// ```text
/// record! {
///     /// A coupon.
///     pub struct Coupon in "coupons" key coupon_id {
///         /// Its id.
///         coupon_id: CouponId,
///         /// Whose it is.
///         account_id: AccountId,
///         /// Its name.
///         name: String,
///     }
///     select {
///         BY_NAME = "WHERE account_id = $1 AND name = $2";
///     }
/// }
/// ```
/// gives `Coupon::insert`, `Coupon::append` (without waiting), `Coupon::save` (insert or overwrite), `Coupon::read` for rows, the statement
/// `Coupon::BY_NAME` that selects whole rows, and `Coupon::STATEMENTS`.
#[macro_export]
macro_rules! record {
    ($(#[$meta:meta])* pub struct $name:ident in $table:literal key $key:ident {
        $(#[$first_doc:meta])* $first:ident: $first_type:ty,
        $($(#[$doc:meta])* $field:ident: $type:ty),* $(,)?
    }
    select { $($(#[$select_doc:meta])* $select:ident = $tail:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $(#[$first_doc])* pub $first: $first_type,
            $($(#[$doc])* pub $field: $type),*
        }

        $crate::record!(@selects $name $table [$first $($field)*] { $($(#[$select_doc])* $select = $tail;)* });

        impl $name {
            const INSERT: $crate::Statement = $crate::Statement::declared(
                concat!(module_path!(), "::", stringify!($name), "::INSERT"),
                concat!("INSERT INTO ", $table, " (", stringify!($first), $(", ", stringify!($field),)* ") VALUES (",
                    $crate::record!(@placeholders $first $($field)*), ")"),
            );
            const SAVE: $crate::Statement = $crate::Statement::declared(
                concat!(module_path!(), "::", stringify!($name), "::SAVE"),
                concat!("INSERT INTO ", $table, " (", stringify!($first), $(", ", stringify!($field),)* ") VALUES (",
                    $crate::record!(@placeholders $first $($field)*), ") ON CONFLICT (", stringify!($key), ") DO UPDATE SET ",
                    stringify!($first), " = excluded.", stringify!($first),
                    $(", ", stringify!($field), " = excluded.", stringify!($field)),*),
            );
            /// Every statement of this record.
            pub const STATEMENTS: &'static [$crate::Statement] = &[Self::INSERT, Self::SAVE, $(Self::$select),*];
            /// The columns, for queries put together at run time.
            pub const COLUMNS: &'static str = concat!(stringify!($first), $(", ", stringify!($field)),*);

            /// Reads a row that has exactly these columns.
            pub fn read(row: &$crate::Row<'_>) -> Result<Self, $crate::StoreError> {
                let mut columns = 0..;
                let mut next = || columns.next().unwrap_or_default();
                Ok(Self { $first: row.get(next())?, $($field: row.get(next())?),* })
            }

            fn values(&self) -> Vec<$crate::Param<'_>> {
                use $crate::record::Column as _;
                vec![self.$first.param(), $(self.$field.param()),*]
            }

            /// Inserts the row.
            pub fn insert(&self, tx: &mut $crate::Tx<'_>) -> Result<(), $crate::StoreError> {
                tx.execute(Self::INSERT, &self.values()).map(drop)
            }

            /// Inserts the row together with the next statement or the commit, which fail if this does: saves PostgreSQL
            /// a round trip.
            pub fn append(&self, tx: &mut $crate::Tx<'_>) -> Result<(), $crate::StoreError> {
                tx.enqueue(Self::INSERT, &self.values())
            }

            /// Inserts the row, or overwrites the one with the same key.
            pub fn save(&self, tx: &mut $crate::Tx<'_>) -> Result<(), $crate::StoreError> {
                tx.execute(Self::SAVE, &self.values()).map(drop)
            }

            /// The rows that one of the selects finds.
            pub fn all(
                tx: &mut $crate::Tx<'_>,
                select: $crate::Statement,
                params: &[$crate::Param<'_>],
            ) -> Result<Vec<Self>, $crate::StoreError> {
                tx.query(select, params, Self::read)
            }

            /// The first row that one of the selects finds.
            pub fn first(
                tx: &mut $crate::Tx<'_>,
                select: $crate::Statement,
                params: &[$crate::Param<'_>],
            ) -> Result<Option<Self>, $crate::StoreError> {
                tx.query_opt(select, params, Self::read)
            }
        }
    };
    (@selects $name:ident $table:literal $columns:tt { $($(#[$doc:meta])* $select:ident = $tail:literal;)* }) => {
        impl $name {
            $($(#[$doc])* pub const $select: $crate::Statement = $crate::Statement::declared(
                concat!(module_path!(), "::", stringify!($name), "::", stringify!($select)),
                $crate::record!(@select $columns $table $tail),
            );)*
        }
    };
    (@select [$first:ident $($field:ident)*] $table:literal $tail:literal) => {
        concat!("SELECT ", stringify!($first), $(", ", stringify!($field),)* " FROM ", $table, " ", $tail)
    };
    (@placeholders $($field:ident)*) => {
        $crate::record!(@zip [$($field)*] ["$1" ", $2" ", $3" ", $4" ", $5" ", $6" ", $7" ", $8" ", $9" ", $10"
            ", $11" ", $12" ", $13" ", $14" ", $15" ", $16" ", $17" ", $18" ", $19" ", $20"
            ", $21" ", $22" ", $23" ", $24" ", $25" ", $26" ", $27" ", $28" ", $29" ", $30"
            ", $31" ", $32" ", $33" ", $34" ", $35" ", $36" ", $37" ", $38" ", $39" ", $40"
            ", $41" ", $42" ", $43" ", $44" ", $45" ", $46" ", $47" ", $48"] [])
    };
    (@zip [] [$($unused:literal)*] [$($done:literal)*]) => { concat!($($done),*) };
    (@zip [$field:ident $($fields:ident)*] [$next:literal $($unused:literal)*] [$($done:literal)*]) => {
        $crate::record!(@zip [$($fields)*] [$($unused)*] [$($done)* $next])
    };
}
