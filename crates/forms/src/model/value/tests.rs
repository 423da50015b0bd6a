use super::*;
use crate::model::form::{Choice, Column, Group, Item, Rules, Settings};
use catalogue::Coded as _;
use proptest::prelude::*;
use serde_json::json;

fn field(field_id: i64, field_type: FieldType) -> Field {
    let option = |option_id, title: &str, is_other, parent_id| Choice {
        option_id,
        title: title.into(),
        is_other,
        parent_id,
    };
    let column = |column_id, title: &str, column_type: &str| Column {
        column_id,
        title: title.into(),
        column_type: column_type.into(),
        options: vec![option(1, "甲", false, None), option(2, "其他", true, None)],
    };
    let options = match field_type {
        FieldType::ChainedSelects => vec![
            option(1, "广东", false, None),
            option(2, "深圳", false, Some(1)),
            option(3, "江苏", false, None),
        ],
        _ => vec![
            option(1, "红", false, None),
            option(2, "绿", false, None),
            option(3, "其他", true, None),
        ],
    };
    Field {
        field_id,
        field_title: field_type.name().into(),
        field_desc: String::new(),
        field_type,
        field_short_name: String::new(),
        settings: Settings::default(),
        rules: Rules {
            options,
            items: vec![
                Item {
                    item_id: 1,
                    title: "灯".into(),
                },
                Item {
                    item_id: 2,
                    title: "门".into(),
                },
            ],
            columns: vec![
                column(1, "品名", "text"),
                column(2, "数量", "number"),
                column(3, "日期", "date"),
                column(4, "级别", "radio"),
                column(5, "标记", "checkbox"),
            ],
            ..Rules::default()
        },
    }
}

fn one(field: Field) -> Definition {
    Definition {
        groups: vec![Group {
            fields: vec![field],
            ..Group::default()
        }],
    }
}

fn every_type() -> Definition {
    let fields = FieldType::ALL.iter().zip(1..).map(|(kind, id)| {
        let mut field = field(id, *kind);
        field.settings.is_unique = true;
        field
    });
    Definition {
        groups: vec![Group {
            fields: fields.collect(),
            ..Group::default()
        }],
    }
}

fn entry(field_id: i64, field_type: FieldType, field_value: Value) -> Entry {
    Entry {
        field_id,
        field_type: field_type.name().into(),
        field_value,
    }
}

fn upload(id: &str) -> UploadState {
    let usable = |content_type: &str| UploadState::Usable {
        content_type: content_type.into(),
    };
    match id {
        "u0000000000000001" => usable("image/png"),
        "u0000000000000002" => usable("video/mp4"),
        "u0000000000000003" => UploadState::Expired,
        _ => UploadState::Unknown,
    }
}

/// The normalised value, or the code and what is wrong.
fn told(field: Field, value: Value) -> Result<Option<Value>, String> {
    let (id, kind) = (field.field_id, field.field_type);
    match check(&one(field), &[entry(id, kind, value)], false, &upload) {
        Ok(checked) => Ok(checked.filled.into_iter().next().map(|f| f.field_value)),
        Err(error) => {
            let (_, body) = error.respond(kernel::Locale::En);
            Err(format!("{}: {}", error.entry().code, body.message_detail))
        }
    }
}

fn code(kind: FieldType, value: Value) -> String {
    let told = told(field(1, kind), value).unwrap_err();
    told.split(':').next().unwrap_or_default().to_owned()
}

#[test]
fn values_are_kept_in_the_shape_of_their_type() {
    use FieldType::*;
    for (kind, given, kept) in [
        (Name, json!(" 张三\n"), json!("张三")),
        (Tel, json!("13800138000 "), json!("13800138000")),
        (
            Identity,
            json!("11010519491231002x"),
            json!("11010519491231002X"),
        ),
        (CarNumber, json!("粤b·12345"), json!("粤B12345")),
        (TextArea, json!("a\r\nb\u{0}"), json!("a\nb")),
        (
            Number,
            json!({"value": 30.6, "unit": "kg"}),
            json!({"value": 30.6}),
        ),
        (Number, json!({"value": 30.0}), json!({"value": 30})),
        (Date, json!("2026-06-01"), json!("2026-06-01")),
        (Time, json!("08:30"), json!("08:30")),
        (
            Sex,
            json!({"option_id": 2, "title": "女"}),
            json!({"option_id": 2}),
        ),
        (
            Radio,
            json!({"option_id": 1, "custom_text": " "}),
            json!({"option_id": 1}),
        ),
        (
            Radio,
            json!({"option_id": 3, "custom_text": " 船 "}),
            json!({"option_id": 3, "custom_text": "船"}),
        ),
        (
            Checkbox,
            json!({"values": [{"option_id": 3, "custom_text": "x"}, {"option_id": 1}]}),
            json!({"values": [{"option_id": 1}, {"option_id": 3, "custom_text": "x"}]}),
        ),
        (
            ChainedSelects,
            json!({"path": [1, 2]}),
            json!({"path": [1, 2]}),
        ),
        (
            Checklist,
            json!({"items": [{"item_id": 2, "value": 2, "remark": "坏"}, {"item_id": 1, "value": 1}]}),
            json!({"items": [{"item_id": 1, "value": 1}, {"item_id": 2, "value": 2, "remark": "坏"}]}),
        ),
        (
            Matrix,
            json!({"cells": [{"column_id": 2, "value": {"value": 2}}, {"column_id": 1, "value": " 笔"}, {"column_id": 3, "value": ""}]}),
            json!({"cells": [{"column_id": 1, "value": "笔"}, {"column_id": 2, "value": 2}]}),
        ),
        (
            DynamicMatrix,
            json!({"rows": [{"cells": []}, {"cells": [{"column_id": 4, "value": {"option_id": 1}}]}]}),
            json!({"rows": [{"cells": [{"column_id": 4, "value": {"option_id": 1}}]}]}),
        ),
        (
            Address,
            json!({"address": "深圳", "lat": 22.5, "log": 114.1}),
            json!({"address": "深圳", "lat": 22.5, "log": 114.1}),
        ),
        (OwnerAddress, json!("1-2-301"), json!("1-2-301")),
        (
            Image,
            json!([{"upload_id": "u0000000000000001", "size": 1}, {"url": "https://a.test/b.png", "title": "B"}]),
            json!([{"upload_id": "u0000000000000001"}, {"url": "https://a.test/b.png", "title": "B"}]),
        ),
    ] {
        assert_eq!(
            told(field(1, kind), given.clone()),
            Ok(Some(kept)),
            "{kind:?} {given}"
        );
    }
}

#[test]
fn what_says_nothing_is_left_out_or_refused_where_something_is_required() {
    for kind in FieldType::ALL
        .iter()
        .filter(|k| **k != FieldType::Description)
    {
        for nothing in [
            json!(null),
            json!(""),
            json!(" \u{3000}\u{0}"),
            json!([]),
            json!({}),
            json!([{}]),
            json!({"values": []}),
            json!({"rows": [{"cells": [{"column_id": 1, "value": null}]}]}),
        ] {
            assert_eq!(told(field(1, *kind), nothing.clone()), Ok(None));
            let mut required = field(1, *kind);
            required.settings.is_required = true;
            let refused = told(required, nothing).unwrap_err();
            assert_eq!(
                refused,
                format!("100308: {}: must be filled in", kind.name())
            );
        }
    }
    let unticked = json!({"items": [{"item_id": 1, "value": 0}]});
    assert_eq!(
        told(field(1, FieldType::Checklist), unticked.clone()),
        Ok(None)
    );
    let mut required = field(1, FieldType::Checklist);
    required.settings.is_required = true;
    assert!(told(required, unticked).unwrap_err().starts_with("100308"));
}

#[test]
fn absent_fields_are_missed_only_when_strict_or_when_nothing_is_there() {
    let mut definition = every_type();
    for field in &mut definition.groups[0].fields {
        field.settings.is_required = field.field_type == FieldType::Name;
    }
    let tel = [entry(2, FieldType::Tel, json!("13800138000"))];
    assert!(check(&definition, &tel, false, &upload).is_ok());
    for (entries, strict) in [(&tel[..], true), (&[], false), (&[], true)] {
        let refused = check(&definition, entries, strict, &upload).unwrap_err();
        assert_eq!(refused.entry().code, "100308");
    }
    assert_eq!(
        check(&every_type(), &[], true, &upload),
        Ok(Checked::default())
    );
}

#[test]
fn wrong_values_are_refused_with_their_code() {
    use FieldType::*;
    let empty = "100308";
    let wrong = "100309";
    let expired = "100310";
    for (kind, value, expected) in [
        (Name, json!(5), wrong),
        (Name, json!("x".repeat(501)), wrong),
        (TextArea, json!("x".repeat(5001)), wrong),
        (Tel, json!("12345"), wrong),
        (Identity, json!("110105194912310021"), wrong),
        (CarNumber, json!("ABC"), wrong),
        (Number, json!(5), wrong),
        (Number, json!({"value": "5"}), wrong),
        (Date, json!("2026-6-1"), wrong),
        (Time, json!("25:00"), wrong),
        (Radio, json!(1), wrong),
        (Radio, json!({"option_id": 9}), wrong),
        (Radio, json!({"option_id": "1"}), wrong),
        (Radio, json!({"option_id": 1, "custom_text": "x"}), wrong),
        (Radio, json!({"option_id": 3}), empty),
        (Radio, json!({"option_id": 3, "custom_text": " "}), empty),
        (
            Checkbox,
            json!({"values": [{"option_id": 1}, {"option_id": 1}]}),
            wrong,
        ),
        (
            Checkbox,
            json!({"values": [{"option_id": 9}, {"option_id": 3}]}),
            empty,
        ),
        (Checkbox, json!([{"option_id": 1}]), wrong),
        (ChainedSelects, json!({"path": [2]}), wrong),
        (ChainedSelects, json!({"path": [3, 2]}), wrong),
        (
            Checklist,
            json!({"items": [{"item_id": 9, "value": 1}]}),
            wrong,
        ),
        (
            Checklist,
            json!({"items": [{"item_id": 1, "value": 4}]}),
            wrong,
        ),
        (
            Checklist,
            json!({"items": [{"item_id": 1, "value": "1"}]}),
            wrong,
        ),
        (
            Matrix,
            json!({"cells": [{"column_id": 9, "value": "x"}]}),
            wrong,
        ),
        (
            Matrix,
            json!({"cells": [{"column_id": 2, "value": "x"}]}),
            wrong,
        ),
        (
            Matrix,
            json!({"cells": [{"column_id": 3, "value": "x"}]}),
            wrong,
        ),
        (
            Matrix,
            json!({"cells": [{"column_id": 4, "value": {"option_id": 2}}]}),
            empty,
        ),
        (
            Matrix,
            json!({"cells": [{"column_id": 1, "value": "x"}, {"column_id": 1, "value": "y"}]}),
            wrong,
        ),
        (DynamicMatrix, json!({"rows": [{"cells": 5}]}), wrong),
        (Address, json!({"lat": 1}), wrong),
        (Address, json!({"address": "x", "lat": 91}), wrong),
        (Image, json!([{"upload_id": "u0000000000000002"}]), wrong),
        (Image, json!([{"upload_id": "nothing"}]), wrong),
        (Image, json!([{"upload_id": "u0000000000000003"}]), expired),
        (
            Image,
            json!([{"url": "https://here.test/uploads/u0000000000000003?x=1"}]),
            expired,
        ),
        (
            Image,
            json!([{"upload_id": "u0000000000000003"}, {"upload_id": "nothing"}]),
            wrong,
        ),
        (Image, json!([{"url": "ftp://a.test/b.png"}]), wrong),
        (Image, json!([{"title": "x"}]), wrong),
        (Image, json!("https://a.test/b.png"), wrong),
        (
            Signature,
            json!([{"url": "https://a.test/1"}, {"url": "https://a.test/2"}]),
            wrong,
        ),
        (Description, json!("x"), wrong),
    ] {
        assert_eq!(code(kind, value.clone()), expected, "{kind:?} {value}");
    }
}

#[test]
fn rules_of_the_field_hold() {
    let number = |value: Value| {
        let mut field = field(1, FieldType::Number);
        (field.rules.min, field.rules.max) = (Some(0.0), Some(100.0));
        field.rules.decimals = Some(1);
        told(field, json!({ "value": value }))
    };
    assert!(number(json!(0)).is_ok() && number(json!(100)).is_ok() && number(json!(30.6)).is_ok());
    assert_eq!(
        number(json!(100.1)).unwrap_err(),
        "100309: number: must be from 0 to 100"
    );
    assert_eq!(
        number(json!(0.25)).unwrap_err(),
        "100309: number: must have at most 1 decimals"
    );
    let boxes = |ids: &[i64]| {
        let mut field = field(1, FieldType::Checkbox);
        (field.rules.min_count, field.rules.max_count) = (Some(2), Some(2));
        field.rules.options[2].is_other = false;
        let values: Vec<Value> = ids.iter().map(|id| json!({ "option_id": id })).collect();
        told(field, json!({ "values": values }))
    };
    assert!(boxes(&[1, 2]).is_ok());
    assert_eq!(boxes(&[1]).unwrap_err(), "100309: checkbox: takes 2 to 2");
    assert_eq!(
        boxes(&[1, 2, 3]).unwrap_err(),
        "100309: checkbox: takes 2 to 2"
    );
    let date = |text: &str| {
        let mut field = field(1, FieldType::Date);
        field.rules.format = Some("YYYY-MM".into());
        (field.rules.earliest, field.rules.latest) = (Some("2026-02".into()), None);
        told(field, json!(text))
    };
    assert!(date("2026-02").is_ok());
    assert_eq!(
        date("2026-01").unwrap_err(),
        "100309: date: must be from 2026-02 to …"
    );
    assert_eq!(
        date("2026-02-01").unwrap_err(),
        "100309: date: must be written as YYYY-MM"
    );
}

#[test]
fn the_first_field_decides_the_code_and_all_problems_are_told() {
    let mut definition = every_type();
    definition.groups[0].fields[0].settings.is_required = true;
    let wrong_type = Entry {
        field_type: "text".into(),
        ..entry(2, FieldType::Tel, json!("13800138000"))
    };
    let entries = [
        entry(99, FieldType::Name, json!("x")),
        wrong_type,
        entry(1, FieldType::Name, json!("")),
        entry(3, FieldType::Recorder, json!("a")),
        entry(3, FieldType::Recorder, json!("b")),
    ];
    let refused = check(&definition, &entries, false, &upload).unwrap_err();
    let (_, body) = refused.respond(kernel::Locale::En);
    insta::assert_snapshot!(
        format!("{:?} {}", body.error_code, body.message_detail),
        @"Some(100308) name: must be filled in; tel: is of the type tel; recorder: is given twice; 99: is no field of this form"
    );
}

#[test]
fn values_are_shown_in_words() {
    use FieldType::*;
    let definition = every_type();
    let shown = |kind: FieldType, field_value: Value| {
        let field = definition.fields().find(|f| f.field_type == kind).unwrap();
        shown(
            &definition,
            &Filled {
                field_id: field.field_id,
                field_title: String::new(),
                field_type: kind,
                field_value,
            },
        )
    };
    for (kind, value, expected) in [
        (Name, json!("张三"), "张三"),
        (Number, json!({"value": 30.6}), "30.6"),
        (Radio, json!({"option_id": 1}), "红"),
        (Radio, json!({"option_id": 77}), "77"),
        (
            Checkbox,
            json!({"values": [{"option_id": 1}, {"option_id": 3, "custom_text": "蓝"}]}),
            "红、蓝",
        ),
        (ChainedSelects, json!({"path": [1, 2]}), "广东/深圳"),
        (
            Checklist,
            json!({"items": [{"item_id": 1, "value": 1}, {"item_id": 2, "value": 3, "remark": "无"}]}),
            "灯：是、门：无需填写（无）",
        ),
        (
            Checklist,
            json!({"items": [{"item_id": 1, "value": 2}, {"item_id": 2, "value": 0}]}),
            "灯：否",
        ),
        (
            DynamicMatrix,
            json!({"rows": [{"cells": [{"column_id": 1, "value": "笔"}, {"column_id": 2, "value": 2}]}, {"cells": [{"column_id": 5, "value": {"values": [{"option_id": 1}]}}]}]}),
            "品名：笔、数量：2；标记：甲",
        ),
        (Address, json!({"address": "深圳", "lat": 1}), "深圳"),
        (
            Image,
            json!([{"url": "https://a.test/b", "title": "B"}, {"url": "https://a.test/c"}]),
            "B、https://a.test/c",
        ),
    ] {
        assert_eq!(shown(kind, value.clone()), expected, "{kind:?} {value}");
    }
}

#[test]
fn unique_values_are_compared_in_a_normal_form() {
    let mut unique = field(1, FieldType::Text);
    unique.settings.is_unique = true;
    let definition = one(unique);
    let hash = |text: &str| {
        let checked = check(
            &definition,
            &[entry(1, FieldType::Text, json!(text))],
            false,
            &upload,
        );
        unique_values(&definition, &checked.unwrap().filled)
    };
    let first = hash("Ab 12");
    assert_eq!(first.len(), 1);
    assert_eq!(
        (first[0].0, first[0].1.as_str(), first[0].2.len()),
        (1, "text", 64)
    );
    for same in ["ab  12 ", "ＡＢ　１２", "AB\t12"] {
        assert_eq!(hash(same), first, "{same}");
    }
    assert_ne!(hash("ab12"), first);
    assert_eq!(hash(" "), vec![]);
}

#[test]
fn uploads_are_found_before_they_are_checked() {
    let files = json!([
        {"upload_id": "u0000000000000001"},
        {"upload_id": "u0000000000000001"},
        {"url": "https://here.test/files/u0000000000000002?a"},
        {"url": "https://here.test/b.png"},
        {"upload_id": "x"},
        5
    ]);
    let entries = [
        entry(1, FieldType::Image, files),
        entry(2, FieldType::Name, json!("x")),
    ];
    assert_eq!(
        uploads_of(&entries),
        ["u0000000000000001", "u0000000000000002"]
    );
}

/// JSON that is near to what fields take.
fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>().prop_map(Value::from),
        Just(json!("13800138000")),
        Just(json!("11010519491231002x")),
        Just(json!("粤B·12345")),
        Just(json!("2026-06-01")),
        Just(json!("08:30")),
        Just(json!("u0000000000000001")),
        Just(json!("https://a.test/u0000000000000001")),
    ];
    let leaf = prop_oneof![
        2 => text,
        2 => (0_i64..5).prop_map(Value::from),
        1 => any::<f64>().prop_map(|f| json!(f)),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let names = prop::sample::select(vec![
        "option_id",
        "custom_text",
        "values",
        "value",
        "items",
        "item_id",
        "remark",
        "cells",
        "column_id",
        "rows",
        "address",
        "lat",
        "log",
        "path",
        "upload_id",
        "url",
        "title",
        "else",
    ]);
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..4).prop_map(|members| {
                members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            }),
        ]
    })
}

/// Values that fields take, with something odd in them at times.
fn likely_value() -> impl Strategy<Value = (FieldType, Value)> {
    let id = || 0_i64..5;
    let option = || {
        (id(), prop::option::of("[a-z ]{0,3}"))
            .prop_map(|(id, text)| json!({"option_id": id, "custom_text": text}))
    };
    let cell = move || {
        let value = prop_oneof![
            any_value(),
            option(),
            prop::collection::vec(option(), 0..3).prop_map(|v| json!({ "values": v }))
        ];
        (id(), value).prop_map(|(id, value)| json!({"column_id": id, "value": value, "x": 1}))
    };
    let cells =
        move || prop::collection::vec(cell(), 0..4).prop_map(|cells| json!({ "cells": cells }));
    prop_oneof![
        option().prop_map(|v| (FieldType::Radio, v)),
        prop::collection::vec(option(), 0..4).prop_map(|v| (FieldType::Checkbox, json!({ "values": v }))),
        prop::collection::vec(id(), 0..3).prop_map(|v| (FieldType::ChainedSelects, json!({ "path": v }))),
        prop::collection::vec((id(), id(), prop::option::of(any::<String>())), 0..3).prop_map(|items| {
            let items: Vec<Value> = items.into_iter().map(|(id, value, remark)| json!({"item_id": id, "value": value, "remark": remark})).collect();
            (FieldType::Checklist, json!({ "items": items }))
        }),
        cells().prop_map(|v| (FieldType::Matrix, v)),
        prop::collection::vec(cells(), 0..3).prop_map(|v| (FieldType::DynamicMatrix, json!({ "rows": v }))),
        any::<f64>().prop_map(|v| (FieldType::Number, json!({ "value": v }))),
        (any::<String>(), -100.0..100.0_f64).prop_map(|(text, lat)| (FieldType::Address, json!({"address": text, "lat": lat, "log": lat}))),
        any::<String>().prop_map(|text| (FieldType::TextArea, json!(text))),
        any::<String>().prop_map(|text| (FieldType::Text, json!(text))),
        (prop::sample::select(FieldType::ALL.to_vec()), any_value()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever is submitted is accepted or refused, and what was accepted is accepted again, unchanged.
    #[test]
    fn accepted_values_stay_as_they_are((kind, value) in likely_value()) {
        let definition = every_type();
        let field = definition.fields().find(|f| f.field_type == kind).unwrap();
        let given = [entry(field.field_id, kind, value)];
        uploads_of(&given);
        if let Ok(checked) = check(&definition, &given, false, &upload) {
            let again: Vec<Entry> = checked.filled.iter().map(|f| entry(f.field_id, f.field_type, f.field_value.clone())).collect();
            prop_assert_eq!(check(&definition, &again, false, &upload), Ok(checked.clone()));
            prop_assert_eq!(unique_values(&definition, &checked.filled).len(), checked.filled.len());
            for filled in &checked.filled {
                shown(&definition, filled);
            }
        }
    }
}
