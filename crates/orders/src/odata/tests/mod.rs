//! What the parser answers, row by row; [`model`] asks whether it means it.

mod model;
mod numbers;
mod texts;

use super::{Bind, Collection, Entity, Field, Kind, ListQuery};

const STATUS: Kind = Kind::Enum {
    type_name: "OrderStatus",
    values: &["establish", "processing", "complete"],
};
const MOOD: Kind = Kind::Enum {
    type_name: "Mood",
    values: &["good", "bad"],
};

const fn field(name: &'static str, sql: &'static str, kind: Kind) -> Field {
    Field {
        name,
        sql,
        kind,
        filter: true,
        sort: true,
        nullable: false,
    }
}

const fn nullable(name: &'static str, sql: &'static str, kind: Kind) -> Field {
    Field {
        nullable: true,
        ..field(name, sql, kind)
    }
}

static LINE: Entity = Entity {
    name: "Line",
    fields: &[
        field("line_id", "d.line_id", Kind::Int64),
        field("quantity", "d.quantity", Kind::Int32),
        nullable("note", "d.note", Kind::String),
        nullable("price", "d.price", Kind::Decimal { scale: 4 }),
        nullable("done", "d.done", Kind::Boolean),
        Field {
            filter: false,
            ..field("secret", "d.secret", Kind::String)
        },
    ],
    collections: &[Collection {
        name: "parts",
        from: "parts p",
        on: "p.line_id = d.line_id",
        entity: &LINE,
    }],
};

/// An entity with a field of every kind, with and without null.
pub(super) static ORDER: Entity = Entity {
    name: "Order",
    fields: &[
        field("id", "o.id", Kind::Guid),
        nullable("parent", "o.parent", Kind::Guid),
        field("number", "o.number", Kind::String),
        nullable("remark", "o.remark", Kind::String),
        field("quantity", "o.quantity", Kind::Int32),
        nullable("weight", "o.weight", Kind::Int64),
        field("price", "o.price", Kind::Decimal { scale: 2 }),
        nullable("rate", "o.rate", Kind::Decimal { scale: 4 }),
        field("open", "o.open", Kind::Boolean),
        nullable("paid", "o.paid", Kind::Boolean),
        field("created", "o.created", Kind::DateTime),
        nullable("updated", "o.updated", Kind::DateTime),
        field("status", "o.status", STATUS),
        nullable("mood", "o.mood", MOOD),
        Field {
            filter: false,
            sort: false,
            ..field("secret", "o.secret", Kind::String)
        },
    ],
    collections: &[Collection {
        name: "lines",
        from: "lines d",
        on: "d.order_number = o.row_number",
        entity: &LINE,
    }],
};

/// Percent-encodes everything that could mean something in a query string.
fn encode(value: &str) -> String {
    let mut encoded = String::new();
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => encoded.push(char::from(byte)),
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn filter(expression: &str) -> Result<(String, Vec<Bind>), String> {
    let query = ListQuery::parse(&format!("$filter={}", encode(expression)), &ORDER)?;
    Ok(query.condition(1).unwrap())
}

fn sql(expression: &str) -> String {
    filter(expression).unwrap().0
}

fn refusal(raw_query: &str) -> String {
    ListQuery::parse(raw_query, &ORDER).unwrap_err()
}

fn filter_refusal(expression: &str) -> String {
    filter(expression).unwrap_err()
}

#[test]
fn nothing_asked_is_the_first_hundred_in_default_order() {
    for raw in ["", "x=1", "&&", "filter=x&top=7", "a=%zz"] {
        let query = ListQuery::parse(raw, &ORDER).unwrap();
        assert_eq!(query.condition(1), None);
        assert_eq!(query.order("o.id"), "o.id");
        assert_eq!((query.skip(), query.top()), (0, 100));
    }
}

#[test]
fn all_options_at_once() {
    let raw = "%24filter=quantity+gt+5%20and%20number%20eq%20%27a%26b%27&v=1&$top=7&$skip=2147483647\
               &$orderby=price%20desc,quantity,updated,rate%20DESC";
    let query = ListQuery::parse(raw, &ORDER).unwrap();
    assert_eq!(
        query.condition(4),
        Some((
            "((o.quantity > CAST($4 AS BIGINT)) AND (o.number = CAST($5 AS TEXT)))".into(),
            vec![Bind::Int(5), Bind::Text("a&b".into())],
        ))
    );
    assert_eq!(
        query.order("o.created DESC, o.id"),
        "o.price DESC, o.quantity, o.updated NULLS FIRST, o.rate DESC NULLS LAST, \
         o.created DESC, o.id"
    );
    assert_eq!((query.skip(), query.top()), (2_147_483_647, 7));
}

#[test]
fn precedence() {
    let same = [
        (
            "open eq true or paid eq true and quantity gt 1",
            "(open eq true) or ((paid eq true) and (quantity gt 1))",
        ),
        (
            "open and paid or open and paid",
            "(open and paid) or (open and paid)",
        ),
        ("not open and paid", "(not open) and paid"),
        ("not open eq paid", "(not open) eq paid"),
        ("not quantity in (1, 2)", "not (quantity in (1, 2))"),
        ("not not open", "not (not open)"),
        ("open eq quantity gt 5", "open eq (quantity gt 5)"),
        ("open eq paid ne open", "(open eq paid) ne open"),
        ("open or open or paid", "(open or open) or paid"),
        ("open eq quantity in (1)", "open eq (quantity in (1))"),
        ("quantity EQ 1", "quantity eq 1"),
        ("open AND NOT paid Or TRUE", "(open and (not paid)) or true"),
    ];
    for (short, long) in same {
        assert_eq!(filter(short).unwrap(), filter(long).unwrap(), "{short}");
    }
}

#[test]
fn conditions() {
    let rows = [
        ("open", "(o.open <> 0)"),
        ("not paid", "(NOT (o.paid <> 0))"),
        ("null", "CAST(NULL AS BOOLEAN)"),
        ("remark eq null", "(o.remark IS NULL)"),
        ("null ne remark", "(o.remark IS NOT NULL)"),
        ("number eq null", "FALSE"),
        ("null eq null", "TRUE"),
        ("null ge null", "FALSE"),
        ("'a' ne null", "TRUE"),
        (
            "remark eq 'a'",
            "(o.remark IS NOT DISTINCT FROM CAST($1 AS TEXT))",
        ),
        (
            "remark ne 'a'",
            "(o.remark IS DISTINCT FROM CAST($1 AS TEXT))",
        ),
        ("weight lt 5", "((o.weight < CAST($1 AS BIGINT)) IS TRUE)"),
        ("5 lt quantity", "(o.quantity > CAST($1 AS BIGINT))"),
        ("1 eq 1", "TRUE"),
        ("1 gt 1.5", "FALSE"),
        ("'a' eq 'b'", "(CAST($1 AS TEXT) = CAST($2 AS TEXT))"),
        ("quantity eq 5.5", "FALSE"),
        ("quantity ge 5.5", "(o.quantity > CAST($1 AS BIGINT))"),
        ("quantity lt 1e300", "TRUE"),
        ("weight lt 1e300", "(o.weight IS NOT NULL)"),
        (
            "price eq rate",
            "((o.price / 1, o.price % 1) IS NOT DISTINCT FROM (o.rate / 100, o.rate % 100))",
        ),
        (
            "status in ('complete','establish')",
            "(o.status IN (CAST($1 AS TEXT), CAST($2 AS TEXT)))",
        ),
        (
            "mood in ('bad')",
            "((o.mood IN (CAST($1 AS TEXT))) IS TRUE)",
        ),
        (
            "mood in ('bad', null)",
            "((o.mood IN (CAST($1 AS TEXT))) IS NOT FALSE)",
        ),
        ("mood in (null)", "(o.mood IS NULL)"),
        ("quantity in (1.5)", "FALSE"),
        (
            "contains(number,'x')",
            "(instr(o.number, CAST($1 AS TEXT)) > 0)",
        ),
        (
            "contains(cast(id,'Edm.String'),'9c07')",
            "(instr(o.id, CAST($1 AS TEXT)) > 0)",
        ),
        (
            "cast(quantity, Edm.String) eq '5'",
            "(CAST(o.quantity AS TEXT) = CAST($1 AS TEXT))",
        ),
        (
            "lines/any()",
            "(EXISTS (SELECT 1 FROM lines d WHERE d.order_number = o.row_number))",
        ),
        (
            "lines/any(d: d/quantity gt quantity)",
            "(EXISTS (SELECT 1 FROM lines d WHERE d.order_number = o.row_number AND ((d.quantity > o.quantity)) IS TRUE))",
        ),
        (
            "lines/all(x:x/done)",
            "(NOT EXISTS (SELECT 1 FROM lines d WHERE d.order_number = o.row_number AND ((d.done <> 0)) IS NOT TRUE))",
        ),
    ];
    for (expression, expected) in rows {
        assert_eq!(sql(expression), expected, "{expression}");
    }
}

#[test]
fn literals_are_bound_as_they_are_stored() {
    let id = "6F9619FF-8B86-D011-B42D-00C04FC964FF";
    let text = |text: &str| Bind::Text(text.into());
    let rows = [
        (format!("id eq {id}"), text(&id.to_lowercase())),
        (
            "id eq abcdefab-8b86-d011-b42d-00c04fc964ff".into(),
            text("abcdefab-8b86-d011-b42d-00c04fc964ff"),
        ),
        (
            "number eq 'it''s 100% $1 ünï'".into(),
            text("it's 100% $1 ünï"),
        ),
        ("number eq ''".into(), text("")),
        ("price eq 12.5".into(), Bind::Int(1250)),
        ("price eq -12".into(), Bind::Int(-1200)),
        ("price eq 1.25e1".into(), Bind::Int(1250)),
        ("price gt 1.239".into(), Bind::Int(123)),
        ("price gt -1.239".into(), Bind::Int(-124)),
        ("weight eq 9223372036854775807".into(), Bind::Int(i64::MAX)),
        ("weight eq -9223372036854775808".into(), Bind::Int(i64::MIN)),
        ("cast(-007,'Edm.String') eq number".into(), text("-7")),
        ("created eq 1970-01-01T00:00:00Z".into(), Bind::Int(0)),
        (
            "created eq 1970-01-01T08:00:01.5+08:00".into(),
            Bind::Int(1_500_000),
        ),
        ("created eq 1969-12-31T23:59-00:01".into(), Bind::Int(0)),
        (
            "created eq 2026-06-02T00:00:00Z".into(),
            Bind::Int(1_780_358_400_000_000),
        ),
        (
            "created eq 2024-02-29t23:59:59.999999z".into(),
            Bind::Int(1_709_251_199_999_999),
        ),
        (
            "created eq 9999-12-31T23:59:59.999999Z".into(),
            Bind::Int(253_402_300_799_999_999),
        ),
        (
            "created eq 0000-01-01T00:00Z".into(),
            Bind::Int(-62_167_219_200_000_000),
        ),
        (
            "created gt 1970-01-01T00:00:00.0000005Z".into(),
            Bind::Int(0),
        ),
        (
            "created gt 1969-12-31T23:59:59.9999995Z".into(),
            Bind::Int(-1),
        ),
    ];
    for (expression, expected) in rows {
        assert_eq!(filter(&expression).unwrap().1, [expected], "{expression}");
    }
}

#[test]
fn a_bare_plus_in_an_offset_is_understood() {
    let raw = "$filter=created eq 1970-01-01T08:00:00+08:00 and open";
    let query = ListQuery::parse(raw, &ORDER).unwrap();
    assert_eq!(query.condition(1).unwrap().1, [Bind::Int(0)]);
}

#[test]
fn a_list_holds_as_many_members_as_the_node_limit_lets() {
    let list = |count| format!("quantity in ({})", vec!["1"; count].join(","));
    assert_eq!(filter(&list(98)).unwrap().1.len(), 98);
    assert!(filter_refusal(&list(99)).starts_with("The node count limit of '100'"));
}

#[test]
fn lists_in_lists_do_not_grow_the_sql() {
    let mut expression = "paid".to_owned();
    for _ in 0..20 {
        expression = format!("({expression} in (true, null, false))");
    }
    assert!(sql(&expression).len() < 2_000);
}
