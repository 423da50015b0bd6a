//! The texts a client reads when its query is refused.
//!
//! The wording is that of Microsoft's OData libraries (MIT licence), so that
//! a client written against them recognises what it gets. Positions are
//! character offsets in the expression.

use super::limits;

/// The predicate of the whole query has another type than Boolean.
pub(super) const FILTER_NOT_BOOLEAN: &str =
    "The $filter expression must evaluate to a single boolean value.";
/// The predicate of an `any` or `all` has another type than Boolean.
pub(super) const LAMBDA_NOT_BOOLEAN: &str =
    "Any/All expression must evaluate to a single boolean value.";
/// `any` or `all` after something that is not a collection.
pub(super) const NOT_A_COLLECTION: &str = "Any/All may only be used following a collection.";
/// Parentheses, calls and `not` nested too deep.
pub(super) const TOO_DEEP: &str = "Recursion depth exceeded limit.";
/// The name of an option is not percent-encoded UTF-8.
pub(super) const BAD_OPTION_NAME: &str =
    "The name of a query option is not valid percent-encoded UTF-8.";

const SETTINGS: &str = "property on EnableQueryAttribute or QueryValidationSettings.";

pub(super) fn unknown_property(name: &str, type_name: &str) -> String {
    format!("Could not find a property named '{name}' on type '{type_name}'.")
}

/// A property exists, but not for this option (`$filter` or `$orderby`).
pub(super) fn property_refused(name: &str, option: &str) -> String {
    format!("The property '{name}' cannot be used in the {option} query option.")
}

/// A property is read from a whole collection.
pub(super) fn property_of_collection(name: &str) -> String {
    format!(
        "The parent value for a property access of a property '{name}' is not a single value. \
         Property access can only be applied to a single value."
    )
}

pub(super) fn function_refused(name: &str) -> String {
    format!("Function '{name}' is not allowed. To allow it, set the 'AllowedFunctions' {SETTINGS}")
}

pub(super) fn function_unknown(name: &str) -> String {
    format!(
        "An unknown function with name '{name}' was found. This may also be a function import \
         or a key lookup on a navigation property, which is not allowed."
    )
}

pub(super) fn no_signature(name: &str, signatures: &str) -> String {
    format!(
        "No function signature for the function with name '{name}' matches the specified \
         arguments. The function signatures considered are: {signatures}."
    )
}

/// An operator of the language that this server does not offer.
pub(super) fn operator_refused(group: &str, kind: &str) -> String {
    format!(
        "{group} operator '{kind}' is not allowed. \
         To allow it, set the 'Allowed{group}Operators' {SETTINGS}"
    )
}

pub(super) fn option_refused(kind: &str) -> String {
    format!(
        "Query option '{kind}' is not allowed. \
         To allow it, set the 'AllowedQueryOptions' {SETTINGS}"
    )
}

pub(super) fn option_unknown(name: &str) -> String {
    format!("Custom query option '{name}' that starts with '$' is not supported.")
}

pub(super) fn option_repeated(name: &str) -> String {
    format!(
        "Query option '{name}' was specified more than once, \
         but it must be specified at most once."
    )
}

pub(super) fn option_empty(name: &str) -> String {
    format!("The value for OData query '{name}' cannot be empty.")
}

pub(super) fn option_too_long(name: &str) -> String {
    format!(
        "The value for OData query '{name}' is longer than {} bytes.",
        limits::OPTION_BYTES
    )
}

pub(super) fn option_not_text(name: &str) -> String {
    format!(
        "The value for OData query '{name}' is not valid percent-encoded UTF-8 \
         or contains a NUL character."
    )
}

pub(super) fn not_a_count(value: &str, name: &str) -> String {
    format!(
        "Invalid value '{value}' for {name} query option found. \
         The {name} query option requires a non-negative integer value."
    )
}

pub(super) fn top_too_large(value: i64) -> String {
    format!(
        "The limit of '{}' for Top query has been exceeded. \
         The value from the incoming request is '{value}'.",
        limits::TOP
    )
}

pub(super) fn syntax_error(position: usize, source: &str) -> String {
    format!("Syntax error at position {position} in '{source}'.")
}

/// Something named in `what` had to stand at this position.
pub(super) fn expected(what: &str, position: usize, source: &str) -> String {
    format!("{what} expected at position {position} in '{source}'.")
}

pub(super) fn unterminated_string(position: usize, source: &str) -> String {
    format!("There is an unterminated string literal at position {position} in '{source}'.")
}

pub(super) fn type_clash(left: &str, right: &str, kind: &str) -> String {
    format!(
        "A binary operator with incompatible types was detected. \
         Found operand types '{left}' and '{right}' for operator kind '{kind}'."
    )
}

pub(super) fn unary_type_clash(operand: &str, kind: &str) -> String {
    format!(
        "A unary operator with an incompatible type was detected. \
         Found operand type '{operand}' for operator kind '{kind}'."
    )
}

pub(super) fn bad_enum_constant(value: &str) -> String {
    format!("The string '{value}' is not a valid enumeration type constant.")
}

pub(super) fn too_many_nodes() -> String {
    format!(
        "The node count limit of '{}' has been exceeded. To increase the limit, set the \
         'MaxNodeCount' property on EnableQueryAttribute or ODataValidationSettings.",
        limits::NODES
    )
}

pub(super) fn lambda_too_deep() -> String {
    format!(
        "The Any/All nesting limit of '{}' has been exceeded. 'MaxAnyAllExpressionDepth' can be \
         configured on ODataQuerySettings or EnableQueryAttribute.",
        limits::LAMBDA_DEPTH
    )
}

pub(super) fn too_many_sort_keys() -> String {
    format!(
        "The number of clauses in $orderby query option exceeded the maximum number allowed. \
         The maximum number of $orderby clauses allowed is {}.",
        limits::SORT_KEYS
    )
}

pub(super) fn sort_key_repeated(name: &str) -> String {
    format!("Duplicate property named '{name}' is not supported in '$orderby'.")
}
