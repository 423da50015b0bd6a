/// Declares a face's error enum and its table. See `platform.rs` for a whole one.
///
/// ```text
/// errors! {
///     /// What the enum is.
///     pub enum ShopError: Platform, pages: "../docs/" {
///         /// When it happens.
///         SoldOut { product: String } = "sold_out" {
///             status: 400, level: Top, retry: AfterChange,
///             en: "{product} is sold out.", zh_tw: "{product} 已售完。", zh_cn: "{product} 已售完。",
///         },
///     }
/// }
/// ```
/// `pages` is the folder of the pages, ending in `/`: absolute, or relative to the invoking file.
#[macro_export]
macro_rules! errors {
    ($(#[$meta:meta])* pub enum $name:ident: $face:ident, pages: $pages:expr => {
        $($(#[$doc:meta])* $variant:ident $({ $($field:ident: $type:ty),* $(,)? })? = $code:literal {
            status: $status:literal, level: $level:ident, retry: $retry:ident,
            en: $en:literal, zh_tw: $zh_tw:literal, zh_cn: $zh_cn:literal $(,)?
        }),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $variant $({ $(#[doc = concat!("Shown as `{", stringify!($field), "}`.")] $field: $type),* })?),*
        }

        impl $name {
            /// The whole table, in the order of the variants.
            pub const ENTRIES: &'static [$crate::Entry] = &[$($crate::Entry {
                face: $crate::Face::$face,
                code: $code,
                variant: stringify!($variant),
                status: $status,
                level: $crate::Level::$level,
                retry: $crate::Retry::$retry,
                params: &[$($((stringify!($field), <$type as $crate::Param>::TYPE)),*)?],
                messages: [$en, $zh_tw, $zh_cn],
                source: include_str!(concat!($pages, $code, ".md")),
            }),*];
        }

        const _: () = $crate::proof($name::ENTRIES);
        $(const _: () = $crate::proof_of_page(include_str!(concat!($pages, $code, ".md")));)*

        impl $crate::Coded for $name {
            const ENTRIES: &'static [$crate::Entry] = $name::ENTRIES;

            fn entry(&self) -> &'static $crate::Entry {
                #[derive(Clone, Copy)]
                enum Index { $($variant),* }
                let index = match self { $(Self::$variant { .. } => Index::$variant),* };
                &$name::ENTRIES[index as usize]
            }

            fn message(&self, locale: $crate::macros_support::Locale) -> String {
                match self {
                    $(Self::$variant $({ $($field),* })? => {
                        $($(let $field = $crate::Param::text($field, locale);)*)?
                        $($(let _ = &$field;)*)?
                        match locale {
                            $crate::macros_support::Locale::En => format!($en),
                            $crate::macros_support::Locale::ZhTw => format!($zh_tw),
                            $crate::macros_support::Locale::ZhCn => format!($zh_cn),
                        }
                    }),*
                }
            }
        }
    };
}

/// Declares an enum of phrases that messages are completed with, each in three languages. A variant may
/// have fields, which its phrase may name: `{ name: Type }`, or `(name: Type)` for a tuple variant.
#[macro_export]
macro_rules! phrases {
    ($(#[$meta:meta])* $visibility:vis enum $name:ident {
        $($(#[$doc:meta])* $variant:ident
            $({ $($field:ident: $type:ty),* $(,)? })?
            $(($($place:ident: $of:ty),* $(,)?))?
            => { en: $en:literal, zh_tw: $zh_tw:literal, zh_cn: $zh_cn:literal $(,)? }
        ),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        $visibility enum $name {
            $($(#[$doc])* $variant
                $({ $(#[doc = concat!("Shown as `{", stringify!($field), "}`.")] $field: $type),* })?
                $(($($of),*))?
            ),*
        }

        impl $crate::Param for $name {
            const TYPE: &'static str = "string";
            fn text(&self, locale: $crate::macros_support::Locale) -> std::borrow::Cow<'_, str> {
                let text = match self {
                    $(Self::$variant $({ $($field),* })? $(($($place),*))? => {
                        $($(let $field = $crate::Param::text($field, locale);)*)?
                        $($(let $place = $crate::Param::text($place, locale);)*)?
                        $($(let _ = &$field;)*)?
                        $($(let _ = &$place;)*)?
                        match locale {
                            $crate::macros_support::Locale::En => format!($en),
                            $crate::macros_support::Locale::ZhTw => format!($zh_tw),
                            $crate::macros_support::Locale::ZhCn => format!($zh_cn),
                        }
                    }),*
                };
                text.into()
            }
        }
    };
}
