//! Any bytes, given to the parser of list queries.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orders::odata::{Bind, Collection, Entity, Field, Kind, ListQuery};

const fn field(name: &'static str, sql: &'static str, kind: Kind, nullable: bool) -> Field {
    Field {
        name,
        sql,
        kind,
        filter: true,
        sort: true,
        nullable,
    }
}

static LINE: Entity = Entity {
    name: "Line",
    fields: &[
        field("quantity", "d.quantity", Kind::Int32, false),
        field("note", "d.note", Kind::String, true),
    ],
    collections: &[],
};

static ORDER: Entity = Entity {
    name: "Order",
    fields: &[
        field("id", "o.id", Kind::Guid, false),
        field("remark", "o.remark", Kind::String, true),
        field("weight", "o.weight", Kind::Int64, true),
        field("price", "o.price", Kind::Decimal { scale: 2 }, false),
        field("rate", "o.rate", Kind::Decimal { scale: 4 }, true),
        field("paid", "o.paid", Kind::Boolean, true),
        field("created", "o.created", Kind::DateTime, false),
        field(
            "mood",
            "o.mood",
            Kind::Enum {
                type_name: "Mood",
                values: &["good", "bad"],
            },
            true,
        ),
    ],
    collections: &[Collection {
        name: "lines",
        from: "lines d",
        on: "d.order_id = o.id",
        entity: &LINE,
    }],
};

fuzz_target!(|data: &[u8]| {
    let Ok(source) = std::str::from_utf8(data) else {
        return;
    };
    check(source);
    for option in ["filter", "orderby", "skip", "top"] {
        check(&format!("${option}={source}"));
        check(&format!("${option}={}", encode(source)));
    }
});

/// Percent-encodes every byte.
fn encode(source: &str) -> String {
    source.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn check(raw_query: &str) {
    let query = match ListQuery::parse(raw_query, &ORDER) {
        Ok(query) => query,
        Err(refusal) => {
            assert!(!refusal.is_empty());
            return;
        }
    };
    assert!((1..=100).contains(&query.top()));
    assert!((0..=i64::from(i32::MAX)).contains(&query.skip()));
    assert!(is_clean(&query.order("o.id")));
    if let Some((sql, binds)) = query.condition(1) {
        check_condition(&sql, &binds);
    }
}

fn check_condition(sql: &str, binds: &[Bind]) {
    assert!(is_clean(sql), "{sql}");
    assert!(sql.len() < 20_000);
    let placeholders = sql.split("CAST($").skip(1);
    let numbers = placeholders.map(|rest| rest.split(' ').next().and_then(|n| n.parse().ok()));
    assert!(numbers.eq((1..=binds.len()).map(Some)), "{sql}");
    assert_eq!(sql.matches('$').count(), binds.len());
    for bind in binds {
        assert!(!matches!(bind, Bind::Text(text) if text.contains('\0')));
    }
}

fn is_clean(sql: &str) -> bool {
    sql.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_.,()<>=/% $".contains(&byte))
}
