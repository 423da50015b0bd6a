//! Texts that have one form.

/// A text does not have the form that is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {0}")]
pub struct Malformed(
    /// What it should be, such as `a love code: three to seven digits`.
    pub &'static str,
);

/// Declares a text of one form, given what the form is and a function that knows it.
macro_rules! text_of_a_form {
    ($(#[$meta:meta])* pub struct $name:ident: $form:literal, $is:expr;) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::rules::Malformed;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let is: fn(&str) -> bool = $is;
                match is(text) {
                    true => Ok(Self(text.to_owned())),
                    false => Err($crate::rules::Malformed($form)),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use text_of_a_form;

/// Whether `text` is some upper-case letters and then some digits, and nothing else.
pub(crate) fn is_letters_and_digits(text: &str, letters: usize, digits: usize) -> bool {
    let Some((head, tail)) = text.as_bytes().split_at_checked(letters) else {
        return false;
    };
    tail.len() == digits
        && head.iter().all(u8::is_ascii_uppercase)
        && tail.iter().all(u8::is_ascii_digit)
}
