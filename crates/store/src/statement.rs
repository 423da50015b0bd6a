/// A SQL text known at compile time. Made by [`statements!`](crate::statements) only, so that the test
/// which prepares every statement on both databases misses none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    name: &'static str,
    sql: &'static str,
}

impl Statement {
    /// For [`statements!`](crate::statements).
    #[doc(hidden)]
    pub const fn declared(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql }
    }

    /// `module::NAME`, for logs.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The text.
    pub const fn sql(self) -> &'static str {
        self.sql
    }
}

/// Declares a module's statements as constants, and all of them as `STATEMENTS`.
///
/// ```text
/// statements! {
///     FIND = "SELECT name FROM organizations WHERE organization_id = $1";
/// }
/// ```
#[macro_export]
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* const $name: $crate::Statement =
            $crate::Statement::declared(concat!(module_path!(), "::", stringify!($name)), $sql);)*
        /// Every statement of this module.
        pub const STATEMENTS: &[$crate::Statement] = &[$($name),*];
    };
}
