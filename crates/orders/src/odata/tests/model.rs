//! Whether a filter selects what OData says it selects: random expressions,
//! evaluated here over rows in memory and run as SQL over the same rows.

use super::{LINE, ORDER, encode};
use crate::odata::{Bind, Entity, Field, Kind, ListQuery};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use rusqlite::types::Value as Stored;
use rusqlite::{Connection, params_from_iter};

/// A value as OData sees it.
#[derive(Clone, Debug, PartialEq)]
enum Val {
    Null,
    /// Times ten to the power of twelve; moments count seconds.
    Number(i128),
    Text(String),
    Bool(bool),
}

/// Types that compare with one another.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Family {
    Text,
    Number,
    Moment,
    Guid,
    Bool,
    Status,
    Mood,
}

#[derive(Clone, Debug)]
enum Expr {
    Literal(String, Val),
    Column(&'static str),
    LineColumn(&'static str),
    Cast(Box<Expr>),
    Group(Box<Expr>),
    Not(Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Compare(&'static str, Box<Expr>, Box<Expr>),
    In(Box<Expr>, Vec<(String, Val)>),
    Contains(Box<Expr>, Box<Expr>),
    AnyAtAll,
    Any(Box<Expr>),
    All(Box<Expr>),
}

const GUIDS: [&str; 3] = [
    "9c07619f-8b86-4011-b42d-00c04fc964ff",
    "00000000-0000-0000-0000-00000000009c",
    "abcdefab-cdef-4bcd-8fab-cdefabcdefab",
];
const TEXTS: [&str; 8] = ["", "a", "A", "ab", "b'c''", "é%_ü", "5", "good"];
const NUMBERS: [&str; 20] = [
    "0",
    "1",
    "-1",
    "2",
    "5",
    "100",
    "0.5",
    "-0.5",
    "1.00",
    "1.25",
    "1.2345",
    "1.23456",
    "-1.2345",
    "12e-1",
    "9223372036854775807",
    "-9223372036854775808",
    "92233720368547758.07",
    "9223372036854775807.5",
    "1e25",
    "-1e25",
];
const MOMENTS: [(&str, i128); 7] = [
    ("1970-01-01T00:00:00Z", 0),
    ("1970-01-01T08:00+08:00", 0),
    ("1970-01-01T08:00:00.000001+08:00", 1_000_000),
    ("1970-01-01T00:00:00.0000005Z", 500_000),
    ("1969-12-31T23:59:59.9999995Z", -500_000),
    ("1969-12-31T14:59:59.999999-09:00", -1_000_000),
    ("2026-06-02T00:00:00Z", 1_780_358_400_000_000_000_000),
];
const INTEGERS: [i64; 9] = [0, 1, -1, 2, 5, 100, 125, i64::MAX, i64::MIN];
const MICROSECONDS: [i64; 4] = [0, 1, -1, 1_780_358_400_000_000];

/// `12.5` times ten to the power of twelve.
fn scaled(source: &str) -> i128 {
    let (mantissa, exponent) = source.split_once('e').unwrap_or((source, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let places = 12 + exponent.parse::<i32>().unwrap() - i32::try_from(fraction.len()).unwrap();
    let digits: i128 = format!("{whole}{fraction}").parse().unwrap();
    digits * 10_i128.pow(u32::try_from(places).unwrap())
}

fn family(kind: Kind) -> Family {
    match kind {
        Kind::Guid => Family::Guid,
        Kind::String => Family::Text,
        Kind::Int32 | Kind::Int64 | Kind::Decimal { .. } => Family::Number,
        Kind::Boolean => Family::Bool,
        Kind::DateTime => Family::Moment,
        Kind::Enum {
            type_name: "Mood", ..
        } => Family::Mood,
        Kind::Enum { .. } => Family::Status,
    }
}

// --- Expressions at random -------------------------------------------------

type Exprs = BoxedStrategy<Expr>;

fn quoted(text: &str) -> (String, Val) {
    let literal = format!("'{}'", text.replace('\'', "''"));
    (literal, Val::Text(text.into()))
}

fn literals(family: Family) -> Vec<(String, Val)> {
    let mut literals: Vec<_> = match family {
        Family::Text => TEXTS.map(quoted).to_vec(),
        Family::Status => ["establish", "processing", "complete"].map(quoted).to_vec(),
        Family::Mood => ["good", "bad"].map(quoted).to_vec(),
        Family::Number => NUMBERS
            .map(|number| (number.into(), Val::Number(scaled(number))))
            .to_vec(),
        Family::Moment => MOMENTS
            .map(|(moment, value)| (moment.into(), Val::Number(value)))
            .to_vec(),
        Family::Guid => GUIDS
            .map(|guid| (guid.to_uppercase(), Val::Text(guid.into())))
            .to_vec(),
        Family::Bool => [true, false]
            .map(|value| (value.to_string(), Val::Bool(value)))
            .to_vec(),
    };
    literals.push(("null".into(), Val::Null));
    literals
}

fn columns(in_lambda: bool, wanted: impl Fn(&Field) -> bool) -> Vec<Expr> {
    let usable = |field: &&'static Field| field.filter && wanted(field);
    let mut columns: Vec<_> = ORDER
        .fields
        .iter()
        .filter(usable)
        .map(|field| Expr::Column(field.name))
        .collect();
    if in_lambda {
        let line = LINE.fields.iter().filter(usable);
        columns.extend(line.map(|field| Expr::LineColumn(field.name)));
    }
    columns
}

fn castable(field: &Field) -> bool {
    !matches!(
        field.kind,
        Kind::Decimal { .. } | Kind::Boolean | Kind::DateTime
    )
}

/// Operands other than Boolean ones.
fn operands(family: Family, in_lambda: bool) -> Exprs {
    let literal = select(literals(family)).prop_map(|(text, value)| Expr::Literal(text, value));
    let column = select(columns(in_lambda, |field| {
        self::family(field.kind) == family
    }));
    if family != Family::Text {
        return prop_oneof![1 => literal, 3 => column].boxed();
    }
    let cast = select(columns(in_lambda, castable)).prop_map(|column| Expr::Cast(column.into()));
    let constants = [
        ("-007", Val::Number(scaled("-7"))),
        (GUIDS[0], Val::Text(GUIDS[0].into())),
        ("'good'", Val::Text("good".into())),
        ("null", Val::Null),
    ];
    let cast_literal = select(constants.to_vec())
        .prop_map(|(text, value)| Expr::Cast(Expr::Literal(text.into(), value).into()));
    prop_oneof![2 => literal, 4 => column, 2 => cast, 1 => cast_literal].boxed()
}

fn comparisons(family: Family, operand: Exprs) -> Exprs {
    let operators = match family {
        Family::Status | Family::Mood => vec!["eq", "ne"],
        _ => vec!["eq", "ne", "gt", "ge", "lt", "le"],
    };
    (select(operators), operand.clone(), operand)
        .prop_map(|(operator, left, right)| Expr::Compare(operator, left.into(), right.into()))
        .boxed()
}

fn lists(family: Family, needle: Exprs) -> Exprs {
    let members = proptest::collection::vec(select(literals(family)), 1..4);
    (needle, members)
        .prop_map(|(needle, members)| Expr::In(needle.into(), members))
        .boxed()
}

fn tests_of(family: Family, in_lambda: bool) -> Exprs {
    let operand = operands(family, in_lambda);
    prop_oneof![3 => comparisons(family, operand.clone()), 1 => lists(family, operand)].boxed()
}

fn leaves(in_lambda: bool) -> Exprs {
    let text = operands(Family::Text, in_lambda);
    let contains = (text.clone(), text).prop_map(|(a, b)| Expr::Contains(a.into(), b.into()));
    prop_oneof![
        2 => operands(Family::Bool, in_lambda),
        2 => contains,
        2 => tests_of(Family::Text, in_lambda),
        4 => tests_of(Family::Number, in_lambda),
        2 => tests_of(Family::Moment, in_lambda),
        1 => tests_of(Family::Guid, in_lambda),
        1 => tests_of(Family::Status, in_lambda),
        1 => tests_of(Family::Mood, in_lambda),
    ]
    .boxed()
}

fn conditions(depth: u32, in_lambda: bool) -> Exprs {
    if depth == 0 {
        return leaves(in_lambda);
    }
    let inner = conditions(depth - 1, in_lambda);
    let pair = (inner.clone(), inner.clone());
    let mut choices = vec![
        (3, leaves(in_lambda)),
        (2, inner.clone().prop_map(|a| Expr::Not(a.into())).boxed()),
        (1, inner.clone().prop_map(|a| Expr::Group(a.into())).boxed()),
        (
            3,
            pair.clone()
                .prop_map(|(a, b)| Expr::And(a.into(), b.into()))
                .boxed(),
        ),
        (
            3,
            pair.prop_map(|(a, b)| Expr::Or(a.into(), b.into())).boxed(),
        ),
        (1, comparisons(Family::Bool, inner.clone())),
        (1, lists(Family::Bool, inner)),
    ];
    if !in_lambda {
        let element = conditions(depth - 1, true);
        choices.push((1, Just(Expr::AnyAtAll).boxed()));
        choices.push((2, element.clone().prop_map(|a| Expr::Any(a.into())).boxed()));
        choices.push((2, element.prop_map(|a| Expr::All(a.into())).boxed()));
    }
    proptest::strategy::Union::new_weighted(choices).boxed()
}

// --- As OData text ---------------------------------------------------------

impl Expr {
    /// How tight it binds.
    fn level(&self) -> u8 {
        match self {
            Self::Or(..) => 1,
            Self::And(..) => 2,
            Self::Compare("eq" | "ne", ..) => 3,
            Self::Compare(..) => 4,
            Self::Not(_) => 5,
            Self::In(..) => 6,
            _ => 7,
        }
    }

    /// With no parentheses but the necessary ones.
    fn text(&self) -> String {
        let level = self.level();
        let binary = |left: &Self, operator: &str, right: &Self| {
            format!("{} {operator} {}", left.at(level), right.at(level + 1))
        };
        match self {
            Self::Literal(text, _) => text.clone(),
            Self::Column(name) => (*name).into(),
            Self::LineColumn(name) => format!("d/{name}"),
            Self::Cast(inner) => format!("cast({},'Edm.String')", inner.text()),
            Self::Group(inner) => format!("( {} )", inner.text()),
            Self::Not(inner) => format!("not {}", inner.at(level)),
            Self::Or(left, right) => binary(left, "or", right),
            Self::And(left, right) => binary(left, "and", right),
            Self::Compare(operator, left, right) => binary(left, operator, right),
            Self::In(needle, list) => {
                let members: Vec<_> = list.iter().map(|(text, _)| text.as_str()).collect();
                format!("{} in ({})", needle.at(level), members.join(","))
            }
            Self::Contains(text, part) => format!("contains({},{})", text.text(), part.text()),
            Self::AnyAtAll => "lines/any()".into(),
            Self::Any(inner) => format!("lines/any(d:{})", inner.text()),
            Self::All(inner) => format!("lines/all(d: {})", inner.text()),
        }
    }

    fn at(&self, level: u8) -> String {
        if self.level() < level {
            format!("({})", self.text())
        } else {
            self.text()
        }
    }
}

// --- What OData says -------------------------------------------------------

type Row = Vec<(&'static str, Kind, Stored)>;

#[derive(Debug)]
struct Order {
    row: Row,
    lines: Vec<Row>,
}

fn value(row: &Row, name: &str) -> Val {
    let (_, kind, stored) = row.iter().find(|(field, ..)| *field == name).unwrap();
    let places = match kind {
        Kind::Decimal { scale } => 12 - scale,
        Kind::DateTime => 6,
        _ => 12,
    };
    match stored {
        Stored::Null => Val::Null,
        Stored::Integer(flag) if *kind == Kind::Boolean => Val::Bool(*flag == 1),
        Stored::Integer(integer) => Val::Number(i128::from(*integer) * 10_i128.pow(places)),
        Stored::Text(text) => Val::Text(text.clone()),
        other => panic!("{other:?}"),
    }
}

fn eval(expr: &Expr, order: &Order, line: Option<&Row>) -> Val {
    let inner = |expr: &Expr| eval(expr, order, line);
    match expr {
        Expr::Literal(_, value) => value.clone(),
        Expr::Column(name) => value(&order.row, name),
        Expr::LineColumn(name) => value(line.unwrap(), name),
        Expr::Group(expr) => inner(expr),
        Expr::Cast(expr) => match inner(expr) {
            Val::Number(number) => Val::Text((number / scaled("1")).to_string()),
            other => other,
        },
        Expr::Not(expr) => match inner(expr) {
            Val::Bool(value) => Val::Bool(!value),
            _ => Val::Null,
        },
        Expr::And(left, right) => kleene(false, &inner(left), &inner(right)),
        Expr::Or(left, right) => kleene(true, &inner(left), &inner(right)),
        Expr::Compare(operator, left, right) => {
            Val::Bool(compare(operator, &inner(left), &inner(right)))
        }
        Expr::In(needle, list) => {
            let needle = inner(needle);
            Val::Bool(list.iter().any(|(_, member)| needle == *member))
        }
        Expr::Contains(text, part) => match (inner(text), inner(part)) {
            (Val::Text(text), Val::Text(part)) => Val::Bool(text.contains(&part)),
            _ => Val::Null,
        },
        Expr::AnyAtAll => Val::Bool(!order.lines.is_empty()),
        Expr::Any(expr) => {
            let holds = |line| eval(expr, order, Some(line)) == Val::Bool(true);
            Val::Bool(order.lines.iter().any(holds))
        }
        Expr::All(expr) => {
            let holds = |line| eval(expr, order, Some(line)) == Val::Bool(true);
            Val::Bool(order.lines.iter().all(holds))
        }
    }
}

/// `or` if `strong` is true, `and` if it is false.
fn kleene(strong: bool, left: &Val, right: &Val) -> Val {
    let sides = [left, right];
    if sides.contains(&&Val::Bool(strong)) {
        Val::Bool(strong)
    } else if sides.contains(&&Val::Null) {
        Val::Null
    } else {
        Val::Bool(!strong)
    }
}

fn compare(operator: &str, left: &Val, right: &Val) -> bool {
    let ordering = match (left, right) {
        (Val::Number(left), Val::Number(right)) => Some(left.cmp(right)),
        (Val::Text(left), Val::Text(right)) => Some(left.cmp(right)),
        (Val::Bool(left), Val::Bool(right)) => Some(left.cmp(right)),
        _ => None,
    };
    match operator {
        "eq" => left == right,
        "ne" => left != right,
        "gt" => ordering.is_some_and(|ordering| ordering.is_gt()),
        "ge" => ordering.is_some_and(|ordering| ordering.is_ge()),
        "lt" => ordering.is_some_and(|ordering| ordering.is_lt()),
        _ => ordering.is_some_and(|ordering| ordering.is_le()),
    }
}

// --- The rows --------------------------------------------------------------

/// Column values in no order, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn pick<T: Clone>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())].clone()
    }

    fn stored(&mut self, field: &Field) -> Stored {
        if field.nullable && self.below(3) == 0 {
            return Stored::Null;
        }
        match field.kind {
            Kind::Guid => Stored::Text(self.pick(&GUIDS).into()),
            Kind::String => Stored::Text(self.pick(&TEXTS).into()),
            Kind::Int32 => Stored::Integer(self.pick(&INTEGERS[..6])),
            Kind::Int64 | Kind::Decimal { .. } => Stored::Integer(self.pick(&INTEGERS)),
            Kind::Boolean => Stored::Integer(self.pick(&[0, 1])),
            Kind::DateTime => Stored::Integer(self.pick(&MICROSECONDS)),
            Kind::Enum { values, .. } => Stored::Text(self.pick(values).into()),
        }
    }

    fn row(&mut self, entity: &'static Entity) -> Row {
        let fields = entity.fields.iter();
        fields
            .map(|field| (field.name, field.kind, self.stored(field)))
            .collect()
    }
}

fn orders() -> Vec<Order> {
    let mut dice = Dice(7);
    (0..40)
        .map(|number| {
            let mut row = dice.row(&ORDER);
            row.push(("row_number", Kind::Int64, Stored::Integer(number)));
            let lines = (0..dice.below(4)).map(|_| dice.row(&LINE)).collect();
            Order { row, lines }
        })
        .collect()
}

fn ddl(table: &str, row: &Row) -> String {
    let column = |(name, kind, _): &(&str, Kind, Stored)| {
        let text = matches!(kind, Kind::Guid | Kind::String | Kind::Enum { .. });
        format!("{name} {}", if text { "TEXT" } else { "BIGINT" })
    };
    let columns: Vec<String> = row.iter().map(column).collect();
    format!("CREATE TABLE {table} ({})", columns.join(", "))
}

fn insert(database: &Connection, table: &str, row: &Row) {
    let marks = vec!["?"; row.len()].join(",");
    let sql = format!("INSERT INTO {table} VALUES ({marks})");
    let values = row.iter().map(|(_, _, stored)| stored);
    database.execute(&sql, params_from_iter(values)).unwrap();
}

/// Lines belong to orders by row number, as ids repeat among the few there are.
fn database(orders: &[Order]) -> Connection {
    let database = Connection::open_in_memory().unwrap();
    let lines_of = |order: &Order| -> Vec<Row> {
        let number = order.row.last().unwrap().2.clone();
        let mut lines = order.lines.clone();
        for line in &mut lines {
            line.push(("order_number", Kind::Int64, number.clone()));
        }
        lines
    };
    let lines: Vec<Row> = orders.iter().flat_map(lines_of).collect();
    database
        .execute(&ddl("orders", &orders[0].row), [])
        .unwrap();
    database.execute(&ddl("lines", &lines[0]), []).unwrap();
    for order in orders {
        insert(&database, "orders", &order.row);
    }
    for line in &lines {
        insert(&database, "lines", line);
    }
    database
}

fn select_rows(database: &Connection, condition: &str, binds: Vec<Bind>, order: &str) -> Vec<i64> {
    let sql = format!("SELECT o.row_number FROM orders o WHERE {condition} ORDER BY {order}");
    let values = binds.into_iter().map(|bind| match bind {
        Bind::Int(integer) => Stored::Integer(integer),
        Bind::Text(text) => Stored::Text(text),
    });
    let mut statement = database.prepare(&sql).unwrap();
    let rows = statement.query_map(params_from_iter(values), |row| row.get(0));
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn sql_selects_what_odata_says() {
    let orders = orders();
    let database = database(&orders);
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(10_000)
    };
    let property = |expr: Expr| {
        let text = expr.text();
        let raw = format!("$filter={}", encode(&text));
        let query = match ListQuery::parse(&raw, &ORDER) {
            Err(refusal) if refusal.starts_with("The node count limit") => return Ok(()),
            other => other.map_err(|refusal| TestCaseError::fail(format!("{refusal} {text}")))?,
        };
        let expected: Vec<i64> = (0..)
            .zip(&orders)
            .filter(|(_, order)| eval(&expr, order, None) == Val::Bool(true))
            .map(|(number, _)| number)
            .collect();
        let (sql, binds) = query.condition(1).unwrap();
        let found = select_rows(&database, &sql, binds, "o.row_number");
        prop_assert_eq!(found, expected, "{} as {}", text, sql);
        Ok(())
    };
    TestRunner::new(config)
        .run(&conditions(4, false), property)
        .unwrap();
}

#[test]
fn null_sorts_as_the_smallest() {
    let orders = orders();
    let database = database(&orders);
    for (key, descending) in [
        ("weight", false),
        ("weight desc", true),
        ("remark asc", false),
    ] {
        let query = ListQuery::parse(&format!("$orderby={key}"), &ORDER).unwrap();
        let found = select_rows(&database, "TRUE", Vec::new(), &query.order("o.row_number"));
        let name = key.split(' ').next().unwrap();
        let keys: Vec<Val> = found
            .iter()
            .map(|number| value(&orders[usize::try_from(*number).unwrap()].row, name))
            .collect();
        let pairs = keys.iter().zip(&keys[1..]);
        assert!(pairs.clone().any(|(a, b)| a != b));
        for (before, after) in pairs {
            let (low, high) = if descending {
                (after, before)
            } else {
                (before, after)
            };
            assert!(
                *low == Val::Null || compare("le", low, high),
                "{key}: {keys:?}"
            );
        }
    }
}
