//! From the syntax tree of a filter to SQL, checking names and types.

use super::number::{Floor, Number};
use super::parser::{Comparison, Expr, Literal, Logical, Quantifier};
use super::sql::Fragment;
use super::{Collection, Entity, Field, Kind, text};

/// Checks a filter and writes it as a condition.
pub(super) fn filter(expr: Expr, entity: &'static Entity) -> Result<Fragment, String> {
    let scope = Scope {
        entity,
        range: None,
    };
    predicate(scope.operand(expr)?, text::FILTER_NOT_BOOLEAN).map(|condition| condition.sql)
}

/// Something with a value.
enum Operand {
    Literal(Literal),
    Value(Value),
}

/// An SQL expression. That of a Boolean is an SQL boolean, and null only if
/// OData has null there too.
struct Value {
    kind: Kind,
    sql: Fragment,
    nullable: bool,
}

/// What a name means.
enum Property {
    Field(&'static Field),
    Collection(&'static Collection),
}

/// What the names of an expression refer to.
struct Scope<'a> {
    entity: &'static Entity,
    /// Inside `any` and `all`: the range variable and what it stands for.
    range: Option<(&'a str, &'static Entity)>,
}

type Compiled<T = Value> = Result<T, String>;

impl Scope<'_> {
    fn operand(&self, expr: Expr) -> Compiled<Operand> {
        Ok(Operand::Value(match expr {
            Expr::Literal(literal) => return Ok(Operand::Literal(literal)),
            Expr::Path(path) => self.field(&path)?,
            Expr::Call { name, arguments } => self.call(&name, arguments)?,
            Expr::Not(inner) => negation(self.operand(*inner)?)?,
            Expr::Logical {
                operator,
                left,
                right,
            } => logical(operator, self.operand(*left)?, self.operand(*right)?)?,
            Expr::Comparison {
                operator,
                left,
                right,
            } => comparison(operator, self.operand(*left)?, self.operand(*right)?)?,
            Expr::In { needle, list } => membership(self.operand(*needle)?, list)?,
            Expr::Lambda {
                path,
                quantifier,
                predicate,
            } => self.lambda(&path, quantifier, predicate)?,
        }))
    }

    fn field(&self, path: &[String]) -> Compiled {
        match self.resolve(path)? {
            Property::Field(field) if field.filter => Ok(column(field)),
            Property::Field(Field { name, .. }) | Property::Collection(Collection { name, .. }) => {
                Err(text::property_refused(name, "$filter"))
            }
        }
    }

    fn resolve(&self, path: &[String]) -> Compiled<Property> {
        let (entity, path) = match (self.range, path) {
            (Some((variable, element)), [first, rest @ ..]) if variable == first => (element, rest),
            _ => (self.entity, path),
        };
        let Some((name, rest)) = path.split_first() else {
            let variable = self.range.map_or("", |(variable, _)| variable);
            return Err(text::property_refused(variable, "$filter"));
        };
        let property = property(entity, name)?;
        match (&property, rest.first()) {
            (_, None) => Ok(property),
            (Property::Field(field), Some(next)) => {
                Err(text::unknown_property(next, type_name(field.kind)))
            }
            (Property::Collection(_), Some(next)) => Err(text::property_of_collection(next)),
        }
    }

    fn call(&self, name: &str, arguments: Vec<Expr>) -> Compiled {
        match name {
            "contains" => self.contains(arguments),
            "cast" => self.cast(arguments),
            _ if NOT_OFFERED.contains(&name) => Err(text::function_refused(name)),
            _ => Err(text::function_unknown(name)),
        }
    }

    fn contains(&self, arguments: Vec<Expr>) -> Compiled {
        let refusal = || {
            let signature = "contains(Edm.String Nullable=true, Edm.String Nullable=true)";
            text::no_signature("contains", signature)
        };
        let [text, part] = <[Expr; 2]>::try_from(arguments).map_err(|_| refusal())?;
        let text = string(self.operand(text)?).ok_or_else(refusal)?;
        let part = string(self.operand(part)?).ok_or_else(refusal)?;
        Ok(boolean(
            Fragment::from("(instr(")
                .then(text.sql)
                .then(", ")
                .then(part.sql)
                .then(") > 0)"),
            text.nullable || part.nullable,
        ))
    }

    fn cast(&self, arguments: Vec<Expr>) -> Compiled {
        let refusal = || text::no_signature("cast", CAST_SIGNATURES);
        let [operand, target] = <[Expr; 2]>::try_from(arguments).map_err(|_| refusal())?;
        let operand = self.operand(operand)?;
        match is_string_type(&target) {
            true => as_string(operand).ok_or_else(refusal),
            false => Err(refusal()),
        }
    }

    fn lambda(
        &self,
        path: &[String],
        quantifier: Quantifier,
        body: Option<(String, Box<Expr>)>,
    ) -> Compiled {
        let Property::Collection(collection) = self.resolve(path)? else {
            return Err(text::NOT_A_COLLECTION.to_owned());
        };
        if self.range.is_some() {
            return Err(text::lambda_too_deep());
        }
        let body = body
            .map(|(variable, body)| self.element_condition(&variable, *body, collection))
            .transpose()?;
        Ok(boolean(exists(quantifier, collection, body), false))
    }

    fn element_condition(
        &self,
        variable: &str,
        body: Expr,
        collection: &Collection,
    ) -> Compiled<Fragment> {
        let scope = Scope {
            entity: self.entity,
            range: Some((variable, collection.entity)),
        };
        predicate(scope.operand(body)?, text::LAMBDA_NOT_BOOLEAN).map(|condition| condition.sql)
    }
}

/// Functions of the standard this server does not offer.
const NOT_OFFERED: [&str; 37] = [
    "startswith",
    "endswith",
    "substringof",
    "matchesPattern",
    "length",
    "indexof",
    "substring",
    "tolower",
    "toupper",
    "trim",
    "concat",
    "replace",
    "hassubset",
    "hassubsequence",
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "fractionalseconds",
    "totalseconds",
    "totaloffsetminutes",
    "date",
    "time",
    "now",
    "maxdatetime",
    "mindatetime",
    "round",
    "floor",
    "ceiling",
    "isof",
    "case",
    "iif",
    "geo.distance",
    "geo.length",
    "geo.intersects",
];

const CAST_SIGNATURES: &str = "cast(Edm.Guid, Edm.String); cast(Edm.String, Edm.String); \
     cast(Edm.Int32, Edm.String); cast(Edm.Int64, Edm.String); cast(an enumeration, Edm.String)";

fn property(entity: &'static Entity, name: &str) -> Compiled<Property> {
    let field = entity.fields.iter().find(|field| field.name == name);
    let collection = || entity.collections.iter().find(|many| many.name == name);
    field
        .map(Property::Field)
        .or_else(|| collection().map(Property::Collection))
        .ok_or_else(|| text::unknown_property(name, entity.name))
}

fn column(field: &Field) -> Value {
    let sql = match field.kind {
        Kind::Boolean => Fragment::from("(").then(field.sql).then(" <> 0)"),
        _ => Fragment::from(field.sql),
    };
    Value {
        kind: field.kind,
        sql,
        nullable: field.nullable,
    }
}

fn exists(quantifier: Quantifier, from: &Collection, body: Option<Fragment>) -> Fragment {
    let (open, close) = match quantifier {
        Quantifier::Any => ("(EXISTS (SELECT 1 FROM ", ") IS TRUE"),
        Quantifier::All => ("(NOT EXISTS (SELECT 1 FROM ", ") IS NOT TRUE"),
    };
    let rows = Fragment::from(open)
        .then(from.from)
        .then(" WHERE ")
        .then(from.on);
    let rows = match body {
        Some(body) => rows.then(" AND (").then(body).then(close),
        None => rows,
    };
    rows.then("))")
}

fn boolean(sql: impl Into<Fragment>, nullable: bool) -> Value {
    Value {
        kind: Kind::Boolean,
        sql: sql.into(),
        nullable,
    }
}

fn constant(value: bool) -> Value {
    boolean(if value { "TRUE" } else { "FALSE" }, false)
}

/// The operand as a condition, or the refusal.
fn predicate(operand: Operand, refusal: &str) -> Compiled {
    truth(operand).map_err(|_| refusal.to_owned())
}

/// The operand as a Boolean, or its type.
fn truth(operand: Operand) -> Result<Value, &'static str> {
    match operand {
        Operand::Literal(Literal::Null) => Ok(boolean("CAST(NULL AS BOOLEAN)", true)),
        Operand::Literal(Literal::Boolean(value)) => Ok(constant(value)),
        Operand::Value(value) if value.kind == Kind::Boolean => Ok(value),
        other => Err(operand_type(&other)),
    }
}

fn negation(operand: Operand) -> Compiled {
    let inner = truth(operand).map_err(|found| text::unary_type_clash(found, "Not"))?;
    let sql = Fragment::from("(NOT ").then(inner.sql).then(")");
    Ok(boolean(sql, inner.nullable))
}

fn logical(operator: Logical, left: Operand, right: Operand) -> Compiled {
    let (kind, sql) = match operator {
        Logical::And => ("And", " AND "),
        Logical::Or => ("Or", " OR "),
    };
    let types = (operand_type(&left), operand_type(&right));
    let clash = |_| text::type_clash(types.0, types.1, kind);
    let left = truth(left).map_err(clash)?;
    let right = truth(right).map_err(clash)?;
    Ok(boolean(
        left.sql.then(sql).then(right.sql).grouped(),
        left.nullable || right.nullable,
    ))
}

/// A string that is text to the database too; null is taken for one.
fn string(operand: Operand) -> Option<Value> {
    match operand {
        Operand::Literal(Literal::Null) => Some(text_value("CAST(NULL AS TEXT)".into(), true)),
        Operand::Literal(Literal::Text(text)) => Some(text_value(Fragment::string(text), false)),
        Operand::Value(value) if value.kind == Kind::String => Some(value),
        _ => None,
    }
}

fn text_value(sql: Fragment, nullable: bool) -> Value {
    Value {
        kind: Kind::String,
        sql,
        nullable,
    }
}

/// What `cast(.., 'Edm.String')` gives.
fn as_string(operand: Operand) -> Option<Value> {
    match operand {
        Operand::Literal(Literal::Guid(guid)) => Some(text_value(Fragment::string(guid), false)),
        Operand::Literal(Literal::Number(number)) => {
            let digits = number.integer()?.to_string();
            Some(text_value(Fragment::string(digits), false))
        }
        Operand::Value(value) => value_as_string(value),
        other => string(other),
    }
}

fn value_as_string(value: Value) -> Option<Value> {
    let sql = match value.kind {
        Kind::Guid | Kind::String | Kind::Enum { .. } => value.sql,
        Kind::Int32 | Kind::Int64 => Fragment::from("CAST(").then(value.sql).then(" AS TEXT)"),
        Kind::Decimal { .. } | Kind::Boolean | Kind::DateTime => return None,
    };
    Some(text_value(sql, value.nullable))
}

/// Whether this names the type of strings, quoted or not.
fn is_string_type(expr: &Expr) -> bool {
    const NAME: &str = "Edm.String";
    match expr {
        Expr::Literal(Literal::Text(name)) => name == NAME,
        Expr::Path(path) => path.len() == 1 && path[0] == NAME,
        _ => false,
    }
}

fn comparison(operator: Comparison, left: Operand, right: Operand) -> Compiled {
    check_types(operator, &left, &right)?;
    match (left, right) {
        (Operand::Literal(Literal::Null), other) | (other, Operand::Literal(Literal::Null)) => {
            Ok(null_test(operator, other))
        }
        (Operand::Literal(left), Operand::Literal(right)) => {
            Ok(compare_literals(operator, left, right))
        }
        (Operand::Value(value), Operand::Literal(literal)) => {
            compare_literal(operator, value, literal)
        }
        (Operand::Literal(literal), Operand::Value(value)) => {
            compare_literal(operator.flipped(), value, literal)
        }
        (Operand::Value(left), Operand::Value(right)) => Ok(compare_values(operator, left, right)),
    }
}

fn check_types(operator: Comparison, left: &Operand, right: &Operand) -> Compiled<()> {
    let ordered = !matches!(operator, Comparison::Equal | Comparison::NotEqual);
    let (left_family, right_family) = (family(left), family(right));
    let null = left_family == Family::Null || right_family == Family::Null;
    let unordered = |family| matches!(family, Family::Enum(_));
    if !comparable(&left_family, &right_family)
        || (ordered && !null && (unordered(left_family) || unordered(right_family)))
    {
        let (left, right) = (operand_type(left), operand_type(right));
        return Err(text::type_clash(left, right, operator.kind()));
    }
    Ok(())
}

/// Types that compare with one another.
#[derive(Debug, PartialEq, Eq)]
enum Family {
    Null,
    Boolean,
    Guid,
    Moment,
    Number,
    Text,
    /// A string that may become a member of an enumeration.
    TextLiteral,
    Enum(&'static str),
    /// Compares with nothing: whose midnight would it mean?
    Date,
}

fn comparable(left: &Family, right: &Family) -> bool {
    use Family::{Date, Enum, Null, Text, TextLiteral};
    match (left, right) {
        (Date, _) | (_, Date) => false,
        (Null, _) | (_, Null) => true,
        (TextLiteral, Text | Enum(_)) | (Text | Enum(_), TextLiteral) => true,
        _ => left == right,
    }
}

fn family(operand: &Operand) -> Family {
    match operand {
        Operand::Literal(literal) => literal_family(literal),
        Operand::Value(value) => kind_family(value.kind),
    }
}

fn literal_family(literal: &Literal) -> Family {
    match literal {
        Literal::Null => Family::Null,
        Literal::Boolean(_) => Family::Boolean,
        Literal::Text(_) => Family::TextLiteral,
        Literal::Guid(_) => Family::Guid,
        Literal::Number(_) => Family::Number,
        Literal::Moment(_) => Family::Moment,
        Literal::Date => Family::Date,
    }
}

fn kind_family(kind: Kind) -> Family {
    match kind {
        Kind::Guid => Family::Guid,
        Kind::String => Family::Text,
        Kind::Int32 | Kind::Int64 | Kind::Decimal { .. } => Family::Number,
        Kind::Boolean => Family::Boolean,
        Kind::DateTime => Family::Moment,
        Kind::Enum { type_name, .. } => Family::Enum(type_name),
    }
}

/// The name a type has in texts.
fn operand_type(operand: &Operand) -> &'static str {
    match operand {
        Operand::Literal(literal) => literal_type(literal),
        Operand::Value(value) => type_name(value.kind),
    }
}

fn literal_type(literal: &Literal) -> &'static str {
    match literal {
        Literal::Null => "Null",
        Literal::Boolean(_) => "Edm.Boolean",
        Literal::Text(_) => "Edm.String",
        Literal::Guid(_) => "Edm.Guid",
        Literal::Moment(_) => "Edm.DateTimeOffset",
        Literal::Date => "Edm.Date",
        Literal::Number(number) => match number.integer() {
            Some(value) if i32::try_from(value).is_ok() => "Edm.Int32",
            Some(_) => "Edm.Int64",
            None => "Edm.Decimal",
        },
    }
}

fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Guid => "Edm.Guid",
        Kind::String => "Edm.String",
        Kind::Int32 => "Edm.Int32",
        Kind::Int64 => "Edm.Int64",
        Kind::Decimal { .. } => "Edm.Decimal",
        Kind::Boolean => "Edm.Boolean",
        Kind::DateTime => "Edm.DateTimeOffset",
        Kind::Enum { type_name, .. } => type_name,
    }
}

/// A comparison of the operand with null.
fn null_test(operator: Comparison, operand: Operand) -> Value {
    let known = match &operand {
        Operand::Literal(literal) => Some(literal_family(literal) == Family::Null),
        Operand::Value(value) => (!value.nullable).then_some(false),
    };
    match (operator, operand, known) {
        (Comparison::Equal, Operand::Value(value), None) => postfix(value, " IS NULL"),
        (Comparison::NotEqual, Operand::Value(value), None) => postfix(value, " IS NOT NULL"),
        (Comparison::Equal, _, known) => constant(known == Some(true)),
        (Comparison::NotEqual, _, known) => constant(known == Some(false)),
        _ => constant(false),
    }
}

/// A test that is never null itself.
fn postfix(value: Value, test: &'static str) -> Value {
    boolean(value.sql.then(test).grouped(), false)
}

/// The two are of one family.
fn compare_literals(operator: Comparison, left: Literal, right: Literal) -> Value {
    match (left, right) {
        (Literal::Number(left), Literal::Number(right))
        | (Literal::Moment(left), Literal::Moment(right)) => {
            constant(operator.holds(left.compare(&right)))
        }
        (left, right) => compare_values(operator, literal_value(left), literal_value(right)),
    }
}

/// The two are of one family.
fn compare_literal(operator: Comparison, value: Value, literal: Literal) -> Compiled {
    Ok(match (value.kind, literal) {
        (_, Literal::Number(number) | Literal::Moment(number)) => {
            compare_number(operator, value, &number)
        }
        (Kind::Enum { values, .. }, Literal::Text(text)) => {
            compare_values(operator, value, enum_value(values, text)?)
        }
        (_, literal) => compare_values(operator, value, literal_value(literal)),
    })
}

/// A literal of a type the database has. Null and the numbers, which every
/// caller has dealt with, have none.
fn literal_value(literal: Literal) -> Value {
    match literal {
        Literal::Boolean(value) => constant(value),
        Literal::Text(text) | Literal::Guid(text) => text_value(Fragment::string(text), false),
        Literal::Null | Literal::Number(_) | Literal::Moment(_) | Literal::Date => {
            boolean("CAST(NULL AS BOOLEAN)", true)
        }
    }
}

fn enum_value(values: &[&str], text: String) -> Compiled {
    match values.contains(&text.as_str()) {
        true => Ok(text_value(Fragment::string(text), false)),
        false => Err(text::bad_enum_constant(&text)),
    }
}

/// How many decimal digits the integers of this kind keep.
fn scale(kind: Kind) -> u32 {
    match kind {
        Kind::Decimal { scale } => scale,
        Kind::DateTime => 6,
        _ => 0,
    }
}

fn floor(number: &Number, kind: Kind) -> Floor {
    number.floor_at(i32::try_from(scale(kind)).unwrap_or(i32::MAX))
}

/// Compares with a number that may lie between or beyond what the column holds.
fn compare_number(operator: Comparison, value: Value, number: &Number) -> Value {
    use Comparison::{Equal, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual, NotEqual};
    let (operator, bound) = match (floor(number, value.kind), operator) {
        (Floor::At { value, exact: true }, operator) => (operator, value),
        (_, Equal) => return constant(false),
        (_, NotEqual) => return constant(true),
        (Floor::At { value, .. }, LessThan | LessThanOrEqual) => (LessThanOrEqual, value),
        (Floor::At { value, .. }, GreaterThan | GreaterThanOrEqual) => (GreaterThan, value),
        (Floor::Above, LessThan | LessThanOrEqual)
        | (Floor::Below, GreaterThan | GreaterThanOrEqual) => {
            return null_test(NotEqual, Operand::Value(value));
        }
        (Floor::Above | Floor::Below, _) => return constant(false),
    };
    let bound = Value {
        kind: value.kind,
        sql: Fragment::integer(bound),
        nullable: false,
    };
    compare_values(operator, value, bound)
}

fn compare_values(operator: Comparison, left: Value, right: Value) -> Value {
    let nullable = left.nullable || right.nullable;
    let (left, right) = aligned(left, right);
    let sql = left.then(sql_operator(operator, nullable)).then(right);
    let equality = matches!(operator, Comparison::Equal | Comparison::NotEqual);
    match nullable && !equality {
        true => postfix(boolean(sql.grouped(), true), " IS TRUE"),
        false => boolean(sql.grouped(), false),
    }
}

fn sql_operator(operator: Comparison, nullable: bool) -> &'static str {
    match operator {
        Comparison::Equal if nullable => " IS NOT DISTINCT FROM ",
        Comparison::NotEqual if nullable => " IS DISTINCT FROM ",
        Comparison::Equal => " = ",
        Comparison::NotEqual => " <> ",
        Comparison::GreaterThan => " > ",
        Comparison::GreaterThanOrEqual => " >= ",
        Comparison::LessThan => " < ",
        Comparison::LessThanOrEqual => " <= ",
    }
}

/// Columns of different scale cannot be multiplied to the same one without
/// overflow; quotient and remainder compare exactly instead.
fn aligned(left: Value, right: Value) -> (Fragment, Fragment) {
    let (left_scale, right_scale) = (scale(left.kind), scale(right.kind));
    let common = left_scale.min(right_scale);
    if left_scale == right_scale {
        return (left.sql, right.sql);
    }
    (
        split(left.sql, left_scale - common),
        split(right.sql, right_scale - common),
    )
}

fn split(sql: Fragment, digits: u32) -> Fragment {
    let power = power_of_ten(digits);
    Fragment::from("(")
        .then(sql.clone())
        .then(" / ")
        .then(power)
        .then(", ")
        .then(sql)
        .then(" % ")
        .then(power)
        .then(")")
}

fn power_of_ten(digits: u32) -> &'static str {
    const LONGEST: &str = "1000000000000000000";
    let length = usize::try_from(digits).map_or(LONGEST.len(), |digits| digits + 1);
    &LONGEST[..length.min(LONGEST.len())]
}

fn membership(needle: Operand, list: Vec<Literal>) -> Compiled {
    let null = list.iter().any(is_null);
    let known = list.into_iter().filter(|member| !is_null(member));
    match needle {
        Operand::Literal(Literal::Null) => Ok(constant(null)),
        Operand::Literal(literal) => among_literals(literal, known),
        Operand::Value(value) => {
            let members: Compiled<Vec<_>> = known.map(|known| member(&value, known)).collect();
            Ok(among(value, members?.into_iter().flatten(), null))
        }
    }
}

fn is_null(literal: &Literal) -> bool {
    matches!(literal, Literal::Null)
}

fn among_literals(needle: Literal, list: impl Iterator<Item = Literal>) -> Compiled {
    let equals = list.map(|member| {
        let needle = Operand::Literal(needle.clone());
        comparison(Comparison::Equal, needle, Operand::Literal(member)).map(|test| test.sql)
    });
    let tests: Vec<Fragment> = equals.collect::<Result<_, _>>()?;
    match tests.is_empty() {
        true => Ok(constant(false)),
        false => Ok(boolean(Fragment::join(tests, " OR ").grouped(), false)),
    }
}

/// A member of a list as SQL, or nothing if the value can never equal it.
fn member(value: &Value, literal: Literal) -> Compiled<Option<Fragment>> {
    if !comparable(&kind_family(value.kind), &literal_family(&literal)) {
        let found = literal_type(&literal);
        return Err(text::type_clash(type_name(value.kind), found, "Equal"));
    }
    Ok(match (value.kind, literal) {
        (kind, Literal::Number(number) | Literal::Moment(number)) => match floor(&number, kind) {
            Floor::At { value, exact: true } => Some(Fragment::integer(value)),
            _ => None,
        },
        (Kind::Enum { values, .. }, Literal::Text(text)) => Some(enum_value(values, text)?.sql),
        (_, literal) => Some(literal_value(literal).sql),
    })
}

/// `IN` names the value once, or lists inside lists would grow without limit.
fn among(value: Value, members: impl Iterator<Item = Fragment>, null: bool) -> Value {
    let members = Fragment::join(members, ", ");
    let nullable = value.nullable;
    if members.is_empty() {
        return match null {
            true => null_test(Comparison::Equal, Operand::Value(value)),
            false => constant(false),
        };
    }
    let test = boolean(
        value.sql.then(" IN ").then(members.grouped()).grouped(),
        nullable,
    );
    match (nullable, null) {
        (false, _) => test,
        (true, true) => postfix(test, " IS NOT FALSE"),
        (true, false) => postfix(test, " IS TRUE"),
    }
}
