//! Every refusal, word for word.

use super::{ORDER, filter_refusal, refusal};
use crate::odata::ListQuery;
use proptest::prelude::*;

const SETTINGS: &str = "property on EnableQueryAttribute or QueryValidationSettings.";

#[test]
fn names() {
    let rows = [
        (
            "nope eq 1",
            "Could not find a property named 'nope' on type 'Order'.",
        ),
        (
            "Quantity eq 1",
            "Could not find a property named 'Quantity' on type 'Order'.",
        ),
        (
            "訂單 eq 1",
            "Could not find a property named '訂單' on type 'Order'.",
        ),
        (
            "NaN eq 1",
            "Could not find a property named 'NaN' on type 'Order'.",
        ),
        (
            "nope/quantity eq 1",
            "Could not find a property named 'nope' on type 'Order'.",
        ),
        (
            "number/x eq 1",
            "Could not find a property named 'x' on type 'Edm.String'.",
        ),
        (
            "lines/any(d: d/nope eq 1)",
            "Could not find a property named 'nope' on type 'Line'.",
        ),
        (
            "lines/any(d: note eq '')",
            "Could not find a property named 'note' on type 'Order'.",
        ),
        (
            "lines/any(d: open) and d/quantity eq 1",
            "Could not find a property named 'd' on type 'Order'.",
        ),
        (
            "secret eq 'x'",
            "The property 'secret' cannot be used in the $filter query option.",
        ),
        (
            "lines/any(d: d/secret eq '')",
            "The property 'secret' cannot be used in the $filter query option.",
        ),
        (
            "lines/any(d: d eq null)",
            "The property 'd' cannot be used in the $filter query option.",
        ),
        (
            "lines eq null",
            "The property 'lines' cannot be used in the $filter query option.",
        ),
        (
            "lines/quantity eq 1",
            "The parent value for a property access of a property 'quantity' is not a single value. Property access can only be applied to a single value.",
        ),
        (
            "number/any(d: d eq 'x')",
            "Any/All may only be used following a collection.",
        ),
        (
            "nope/any(d: d eq 'x')",
            "Could not find a property named 'nope' on type 'Order'.",
        ),
        (
            "lines/any(d: d/parts/any())",
            "The Any/All nesting limit of '1' has been exceeded. 'MaxAnyAllExpressionDepth' can be configured on ODataQuerySettings or EnableQueryAttribute.",
        ),
        (
            "lines/any(d: lines/all(e: e/done))",
            "The Any/All nesting limit of '1' has been exceeded. 'MaxAnyAllExpressionDepth' can be configured on ODataQuerySettings or EnableQueryAttribute.",
        ),
        (
            "lines/any(d: d/quantity)",
            "Any/All expression must evaluate to a single boolean value.",
        ),
    ];
    for (expression, expected) in rows {
        assert_eq!(filter_refusal(expression), expected, "{expression}");
    }
}

#[test]
fn functions() {
    assert_eq!(
        filter_refusal("startswith(number,'a')"),
        format!(
            "Function 'startswith' is not allowed. To allow it, set the 'AllowedFunctions' {SETTINGS}"
        )
    );
    assert_eq!(
        filter_refusal("geo.distance(number,'a') lt 5"),
        format!(
            "Function 'geo.distance' is not allowed. To allow it, set the 'AllowedFunctions' {SETTINGS}"
        )
    );
    assert_eq!(
        filter_refusal("frob(number)"),
        "An unknown function with name 'frob' was found. This may also be a function import \
         or a key lookup on a navigation property, which is not allowed."
    );
    let wrong = [
        "contains(number)",
        "contains(number,'a','b')",
        "contains()",
        "contains(quantity,'1')",
        "contains(id,'9c07')",
        "contains(status,'e')",
        "cast(id)",
        "cast(Edm.String)",
        "cast(id,'Edm.Guid') eq null",
        "cast(id,Edm.Guid) eq null",
        "cast(price,'Edm.String') eq ''",
        "cast(open,'Edm.String') eq ''",
        "cast(created,'Edm.String') eq ''",
        "cast(1.5,'Edm.String') eq ''",
        "cast(number,number) eq ''",
    ];
    for expression in wrong {
        let name = expression.split('(').next().unwrap();
        let text = filter_refusal(expression);
        let start = format!(
            "No function signature for the function with name '{name}' matches the specified \
             arguments. The function signatures considered are: {name}("
        );
        assert!(text.starts_with(&start) && text.ends_with(")."), "{text}");
    }
}

#[test]
fn syntax() {
    let rows = [
        (
            "quantity eq",
            "Expression expected at position 11 in 'quantity eq'.",
        ),
        (
            "quantity eq )",
            "Expression expected at position 12 in 'quantity eq )'.",
        ),
        (
            "(quantity eq 1",
            "')' or operator expected at position 14 in '(quantity eq 1'.",
        ),
        (
            "(quantity eq 1 x",
            "')' or operator expected at position 15 in '(quantity eq 1 x'.",
        ),
        (
            "quantity eq 1 x",
            "Syntax error at position 14 in 'quantity eq 1 x'.",
        ),
        ("open)", "Syntax error at position 4 in 'open)'."),
        (
            "number eq 'abc",
            "There is an unterminated string literal at position 14 in 'number eq 'abc'.",
        ),
        (
            "number eq 'é''",
            "There is an unterminated string literal at position 14 in 'number eq 'é'''.",
        ),
        ("'é' eq #", "Syntax error at position 7 in ''é' eq #'."),
        (
            "quantity = 5",
            "Syntax error at position 9 in 'quantity = 5'.",
        ),
        (
            "quantity eq 5L",
            "Syntax error at position 12 in 'quantity eq 5L'.",
        ),
        (
            "quantity eq -INF",
            "Syntax error at position 12 in 'quantity eq -INF'.",
        ),
        (
            "quantity eq -quantity",
            "Syntax error at position 12 in 'quantity eq -quantity'.",
        ),
        (
            "created eq 2026-06-02T00:00:00",
            "Syntax error at position 11 in 'created eq 2026-06-02T00:00:00'.",
        ),
        (
            "created eq 2026-13-02T00:00:00Z",
            "Syntax error at position 11 in 'created eq 2026-13-02T00:00:00Z'.",
        ),
        (
            "contains(number,'a'",
            "')' or ',' expected at position 19 in 'contains(number,'a''.",
        ),
        (
            "contains(number,)",
            "Expression expected at position 16 in 'contains(number,)'.",
        ),
        (
            "quantity in 5",
            "'(' expected at position 12 in 'quantity in 5'.",
        ),
        (
            "quantity in ()",
            "Expression expected at position 13 in 'quantity in ()'.",
        ),
        (
            "quantity in (quantity)",
            "Expression expected at position 13 in 'quantity in (quantity)'.",
        ),
        (
            "quantity in (1 2)",
            "')' or ',' expected at position 15 in 'quantity in (1 2)'.",
        ),
        (
            "lines/any(d d/done)",
            "Syntax error at position 12 in 'lines/any(d d/done)'.",
        ),
        (
            "lines/any(d: d/done",
            "')' or operator expected at position 19 in 'lines/any(d: d/done'.",
        ),
        (
            "lines/all()",
            "Expression expected at position 10 in 'lines/all()'.",
        ),
        ("lines/", "Expression expected at position 6 in 'lines/'."),
        (
            "lines/$count gt 0",
            "Syntax error at position 6 in 'lines/$count gt 0'.",
        ),
        (
            "duration'P1D' eq 1",
            "Syntax error at position 8 in 'duration'P1D' eq 1'.",
        ),
    ];
    for (expression, expected) in rows {
        assert_eq!(filter_refusal(expression), expected, "{expression}");
    }
}

#[test]
fn types() {
    let clash = |left: &str, right: &str, kind: &str| {
        format!(
            "A binary operator with incompatible types was detected. Found operand types \
             '{left}' and '{right}' for operator kind '{kind}'."
        )
    };
    let rows = [
        ("quantity eq '5'", clash("Edm.Int32", "Edm.String", "Equal")),
        (
            "'5' lt quantity",
            clash("Edm.String", "Edm.Int32", "LessThan"),
        ),
        ("number ne 5", clash("Edm.String", "Edm.Int32", "NotEqual")),
        (
            "number ge 3000000000",
            clash("Edm.String", "Edm.Int64", "GreaterThanOrEqual"),
        ),
        (
            "number le 5.5",
            clash("Edm.String", "Edm.Decimal", "LessThanOrEqual"),
        ),
        (
            "weight gt number",
            clash("Edm.Int64", "Edm.String", "GreaterThan"),
        ),
        (
            "id eq '6f9619ff-8b86-d011-b42d-00c04fc964ff'",
            clash("Edm.Guid", "Edm.String", "Equal"),
        ),
        (
            "created gt 5",
            clash("Edm.DateTimeOffset", "Edm.Int32", "GreaterThan"),
        ),
        (
            "created gt 2026-06-02",
            clash("Edm.DateTimeOffset", "Edm.Date", "GreaterThan"),
        ),
        ("open eq 1", clash("Edm.Boolean", "Edm.Int32", "Equal")),
        ("status eq mood", clash("OrderStatus", "Mood", "Equal")),
        (
            "status eq number",
            clash("OrderStatus", "Edm.String", "Equal"),
        ),
        (
            "status gt 'complete'",
            clash("OrderStatus", "Edm.String", "GreaterThan"),
        ),
        (
            "quantity in (1, 'a')",
            clash("Edm.Int32", "Edm.String", "Equal"),
        ),
        ("1 in (1, 'a')", clash("Edm.Int32", "Edm.String", "Equal")),
        ("open and 5", clash("Edm.Boolean", "Edm.Int32", "And")),
        ("number or open", clash("Edm.String", "Edm.Boolean", "Or")),
    ];
    for (expression, expected) in rows {
        assert_eq!(filter_refusal(expression), expected, "{expression}");
    }
    assert_eq!(
        filter_refusal("not quantity eq 5"),
        "A unary operator with an incompatible type was detected. \
         Found operand type 'Edm.Int32' for operator kind 'Not'."
    );
    for expression in [
        "status eq 'gone'",
        "status in ('complete', 'gone')",
        "'gone' ne mood",
    ] {
        assert_eq!(
            filter_refusal(expression),
            "The string 'gone' is not a valid enumeration type constant."
        );
    }
    for expression in [
        "quantity",
        "5",
        "'x'",
        "cast(id,'Edm.String')",
        "2026-06-02",
    ] {
        assert_eq!(
            filter_refusal(expression),
            "The $filter expression must evaluate to a single boolean value."
        );
    }
}

#[test]
fn operators() {
    assert_eq!(
        filter_refusal("status has 'complete'"),
        format!(
            "Logical operator 'Has' is not allowed. To allow it, set the 'AllowedLogicalOperators' {SETTINGS}"
        )
    );
    assert_eq!(
        filter_refusal("quantity add 1 eq 2"),
        format!(
            "Arithmetic operator 'Add' is not allowed. To allow it, set the 'AllowedArithmeticOperators' {SETTINGS}"
        )
    );
}

#[test]
fn options() {
    let kinds = [
        ("$select", "Select"),
        ("$expand", "Expand"),
        ("$count", "Count"),
        ("$search", "Search"),
        ("$apply", "Apply"),
        ("$format", "Format"),
        ("$compute", "Compute"),
        ("%24skiptoken", "SkipToken"),
    ];
    for (name, kind) in kinds {
        assert_eq!(
            refusal(&format!("{name}=x")),
            format!(
                "Query option '{kind}' is not allowed. To allow it, set the 'AllowedQueryOptions' {SETTINGS}"
            )
        );
    }
    let twice =
        "Query option '$top' was specified more than once, but it must be specified at most once.";
    let rows = [
        (
            "$x=1",
            "Custom query option '$x' that starts with '$' is not supported.",
        ),
        (
            "$Top=1",
            "Custom query option '$Top' that starts with '$' is not supported.",
        ),
        ("$top=1&$top=1", twice),
        ("$top=1&a=b&%24top=2", twice),
        (
            "$filter=",
            "The value for OData query '$filter' cannot be empty.",
        ),
        (
            "$filter=+%20",
            "The value for OData query '$filter' cannot be empty.",
        ),
        (
            "$orderby",
            "The value for OData query '$orderby' cannot be empty.",
        ),
        ("$top=", "The value for OData query '$top' cannot be empty."),
        (
            "$skip=",
            "The value for OData query '$skip' cannot be empty.",
        ),
        (
            "%zz=1",
            "The name of a query option is not valid percent-encoded UTF-8.",
        ),
    ];
    for (raw, expected) in rows {
        assert_eq!(refusal(raw), expected, "{raw}");
    }
    for bad in ["%", "%2", "%2g", "%ff", "%00", "%+1", "a%00b"] {
        assert_eq!(
            refusal(&format!("$filter={bad}")),
            "The value for OData query '$filter' is not valid percent-encoded UTF-8 \
             or contains a NUL character."
        );
    }
    assert_eq!(
        refusal(&format!("$filter={}", "(".repeat(10_000))),
        "The value for OData query '$filter' is longer than 8192 bytes."
    );
}

#[test]
fn counts() {
    let invalid = |value: &str, name: &str| {
        format!(
            "Invalid value '{value}' for {name} query option found. \
             The {name} query option requires a non-negative integer value."
        )
    };
    for value in [
        "-1",
        "abc",
        "1.5",
        "0x10",
        "2147483648",
        "99999999999999999999999",
        "1e3",
        "١",
    ] {
        assert_eq!(refusal(&format!("$top={value}")), invalid(value, "$top"));
        assert_eq!(refusal(&format!("$skip={value}")), invalid(value, "$skip"));
    }
    assert_eq!(refusal("$top=0"), invalid("0", "$top"));
    assert_eq!(
        refusal("$top=101"),
        "The limit of '100' for Top query has been exceeded. \
         The value from the incoming request is '101'."
    );
    assert!(ListQuery::parse("$top=100&$skip=0", &ORDER).is_ok());
}

#[test]
fn orderby() {
    let rows = [
        (
            "nope",
            "Could not find a property named 'nope' on type 'Order'.",
        ),
        (
            "secret desc",
            "The property 'secret' cannot be used in the $orderby query option.",
        ),
        (
            "lines",
            "The property 'lines' cannot be used in the $orderby query option.",
        ),
        (
            "price,quantity,price desc",
            "Duplicate property named 'price' is not supported in '$orderby'.",
        ),
        (
            "a,b,c,d,e,f",
            "The number of clauses in $orderby query option exceeded the maximum number allowed. The maximum number of $orderby clauses allowed is 5.",
        ),
        ("price,", "Expression expected at position 6 in 'price,'."),
        (",price", "Expression expected at position 0 in ',price'."),
        ("price down", "Syntax error at position 6 in 'price down'."),
        (
            "price desc asc",
            "Syntax error at position 11 in 'price desc asc'.",
        ),
        (
            "lines/quantity",
            "Syntax error at position 5 in 'lines/quantity'.",
        ),
        ("price;drop", "Syntax error at position 5 in 'price;drop'."),
    ];
    for (value, expected) in rows {
        assert_eq!(refusal(&format!("$orderby={value}")), expected, "{value}");
    }
}

#[test]
fn too_much() {
    let nodes = "The node count limit of '100' has been exceeded. To increase the limit, set the \
                 'MaxNodeCount' property on EnableQueryAttribute or ODataValidationSettings.";
    assert_eq!(filter_refusal(&vec!["open"; 51].join(" or ")), nodes);
    assert!(super::filter(&vec!["open"; 50].join(" or ")).is_ok());
    assert!(super::filter(&format!("{}open{}", "(".repeat(64), ")".repeat(64))).is_ok());
    let deep = "Recursion depth exceeded limit.";
    assert_eq!(
        filter_refusal(&format!("{}open{}", "(".repeat(65), ")".repeat(65))),
        deep
    );
    assert_eq!(filter_refusal(&"(".repeat(8_000)), deep);
    assert_eq!(filter_refusal(&"not ".repeat(2_000)), deep);
    assert_eq!(filter_refusal(&"contains(".repeat(900)), deep);
    assert_eq!(filter_refusal(&"lines/any(d:".repeat(600)), deep);
}

/// SQL of an expression is made of our own words alone.
fn assert_clean(raw: &str) {
    let Ok(query) = ListQuery::parse(raw, &ORDER) else {
        return;
    };
    assert!(
        query
            .order("o.id")
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || b"_., ".contains(&byte))
    );
    let Some((sql, binds)) = query.condition(3) else {
        return;
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.,()<>=/% $".contains(&byte);
    assert!(sql.bytes().all(allowed), "{sql}");
    let numbers: Vec<usize> = sql
        .split('$')
        .skip(1)
        .map(|rest| rest.split(' ').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(numbers, (3..3 + binds.len()).collect::<Vec<_>>());
    assert_eq!(sql.matches('(').count(), sql.matches(')').count());
}

/// Something like a filter: tokens in any order.
fn tokens() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("("),
        Just(")"),
        Just(","),
        Just("/"),
        Just(":"),
        Just("-"),
        Just("$"),
        Just("eq"),
        Just("ne"),
        Just("gt"),
        Just("in"),
        Just("and"),
        Just("or"),
        Just("not"),
        Just("null"),
        Just("true"),
        Just("'"),
        Just("'a'"),
        Just("'complete'"),
        Just("'\"; --'"),
        Just("5"),
        Just("5.5"),
        Just("1e9"),
        Just("99999999999999999999"),
        Just("1970-01-01T00:00:00Z"),
        Just("1970-01-01"),
        Just("1970-01-01T00:00:00 08:00"),
        Just("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
        Just("contains("),
        Just("cast("),
        Just("'Edm.String'"),
        Just("Edm.String"),
        Just("lines/any("),
        Just("lines/all("),
        Just("d:"),
        Just("d/quantity"),
        Just("d/note"),
        Just("open"),
        Just("remark"),
        Just("quantity"),
        Just("price"),
        Just("rate"),
        Just("mood"),
        Just("status"),
        Just("id"),
        Just("created"),
        Just("nope"),
        Just("secret"),
    ];
    proptest::collection::vec(token, 0..24).prop_map(|tokens| tokens.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn no_query_string_does_harm(raw in "\\PC*") {
        assert_clean(&raw);
    }

    #[test]
    fn no_option_does_harm(name in "filter|orderby|top|skip|count", value in any::<String>()) {
        assert_clean(&format!("${name}={}", super::encode(&value)));
        assert_clean(&format!("${name}={value}"));
    }

    #[test]
    fn no_heap_of_tokens_does_harm(value in tokens()) {
        assert_clean(&format!("$filter={}", super::encode(&value)));
        assert_clean(&format!("$orderby={}", super::encode(&value)));
    }

    #[test]
    fn no_string_gets_into_the_sql(value in "[^\\x00]*") {
        let literal = format!("number eq '{}'", value.replace('\'', "''"));
        if let Ok((sql, binds)) = super::filter(&literal) {
            prop_assert_eq!(sql, "(o.number = CAST($1 AS TEXT))");
            prop_assert_eq!(binds, [super::Bind::Text(value)]);
        }
    }
}
