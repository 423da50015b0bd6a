//! What people in front of public pages see and may do.

use crate::support::{Engine, World, both, certificates, field, operation, start};
use catalogue::OpenapiV2Error;
use catalogue::openapi_v2::{CodeProblem, Resource, TimeProblem};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::record::Json;
use tallystick_forms::model::Person;
use tallystick_forms::model::code::{CodeStatus, Element, UPDATE_STATE};
use tallystick_forms::model::form::{Field, FieldType};
use tallystick_forms::model::limits::{Limits, Window};
use tallystick_forms::model::value::Entry;
use tallystick_forms::repo::{Code, Template};
use tallystick_forms::{Error, Result, Scope, Submission, Submitted};

async fn public(world: &World) -> Scope {
    let found = world.forms.public_organization(&world.org.org_code).await;
    let (organization, scope) = found.unwrap().unwrap();
    assert_eq!(organization.name, "Test");
    assert_eq!((scope.api_key_id, scope.project_ids.as_ref()), (None, None));
    scope
}

fn required(mut field: Field) -> Field {
    field.settings.is_required = true;
    field
}

async fn submit(
    world: &World,
    code: &Code,
    form: &Template,
    typed: &[(i64, &str)],
) -> Result<Submitted> {
    let entries = typed.iter().map(|(field_id, text)| Entry {
        field_id: *field_id,
        field_type: "text".into(),
        field_value: Value::from(*text),
    });
    let new = Submission {
        code_id: code.code_id,
        tpl_id: form.tpl_id,
        entries: entries.collect(),
        submitter: Person::default(),
        once: None,
    };
    world.forms.submit(&public(world).await, new).await
}

both! {
    async fn nothing_required_is_left_out_and_nothing_hidden_is_filled_in(engine: Engine) {
        let world = World::new(engine).await;
        let mut hidden = required(field(3, "Grade", FieldType::Text));
        hidden.settings.is_hidden = true;
        let fields = vec![
            required(field(1, "Name", FieldType::Text)),
            field(2, "Team", FieldType::Text),
            hidden,
        ];
        let form = world.form(fields, |form| form.certificate = Json(certificates())).await;
        let code = world.code(&[form.tpl_id], |_| {}).await;
        let refused = submit(&world, &code, &form, &[(2, "Harbour")]).await.unwrap_err();
        assert!(matches!(&refused, Error::Refused(OpenapiV2Error::RequiredFieldEmpty { issues })
            if issues.len() == 1 && issues[0].field == "Name"), "{refused:?}");
        let refused = submit(&world, &code, &form, &[(1, "Mei"), (3, "A")]).await.unwrap_err();
        assert!(matches!(refused, Error::Refused(OpenapiV2Error::FieldValidationFailed { .. })));
        let made = submit(&world, &code, &form, &[(1, "Mei")]).await.unwrap();
        assert!(made.certificate.is_some());
        // Programs are asked for neither, unless the form says so.
        let body = json!({"code_id": code.code_id, "tpl_id": form.tpl_id, "fields": [
            {"field_id": 3, "field_type": "text", "field_value": "A"},
        ]});
        world.ok("record/addRecord", body).await;
    }

    async fn a_code_is_seen_with_what_can_be_done(engine: Engine) {
        let world = World::new(engine).await;
        let scope = public(&world).await;
        let form = world.form(vec![field(1, "Name", FieldType::Text)], |form| {
            form.limits = Json(Limits {
                window: Some(Window { start_at: Some(4_102_444_800), ..Window::default() }),
                ..Limits::default()
            });
        }).await;
        let gone = world.form(Vec::new(), |form| form.deleted_at = Some(start())).await;
        let other = world.form(Vec::new(), |_| {}).await;
        let values = ["Good".to_owned(), "Bad".to_owned()];
        let state = world.forms.create_state(&scope, "Condition", &values, None);
        let state = state.await.unwrap();
        let (id, good, bad) = (state.state_id, state.choices.0[0].id, state.choices.0[1].id);
        let code = world.code(&[], |code| {
            let mut guarded = operation(form.tpl_id);
            guarded.allowed_state_values.insert(id.to_string(), vec![bad]);
            let mut changing = operation(gone.tpl_id);
            changing.elements.push(Element { element_type: UPDATE_STATE, element_value: id });
            code.operations = Json(vec![guarded, changing]);
            code.states = Json(BTreeMap::from([(id.to_string(), good)]));
        }).await;
        let view = world.forms.code_view(&scope, &code.coding).await.unwrap();
        assert_eq!(view.states, [("Condition".to_owned(), "Good".to_owned())]);
        assert_eq!(view.problem, None);
        let [guarded, changing] = &view.operations[..] else { panic!() };
        assert_eq!(guarded.forms, [(form.tpl_id, "巡检表".to_owned())]);
        assert!(!guarded.is_allowed && changing.is_allowed);
        assert_eq!((changing.forms.len(), &changing.states[..]), (0, &["Condition".to_owned()][..]));

        let coding = &code.coding;
        let refusal = async |tpl_id| world.forms.fillable(&scope, coding, tpl_id).await.map(|f| f.refusal);
        let state = "Good".to_owned();
        let problem = CodeProblem::State { state };
        assert_eq!(refusal(form.tpl_id).await, Ok(Some(OpenapiV2Error::NotInThisCodeState { problem })));
        assert_eq!(refusal(other.tpl_id).await, Ok(Some(OpenapiV2Error::FormNotAssigned)));
        assert_eq!(refusal(gone.tpl_id).await, Err(OpenapiV2Error::FormNotFound.into()));
        let mut changed = code.clone();
        changed.states.0.insert(id.to_string(), bad);
        world.store(move |tx| changed.save(tx)).await;
        let from = "2100-01-01T08:00:00+08:00".to_owned();
        let problem = TimeProblem::NotYet { from };
        assert_eq!(refusal(form.tpl_id).await, Ok(Some(OpenapiV2Error::NotAtThisTime { problem })));

        let mut changed = code.clone();
        changed.status = CodeStatus::Disabled;
        world.store(move |tx| changed.save(tx)).await;
        let view = world.forms.code_view(&scope, coding).await.unwrap();
        assert_eq!(view.problem, Some(CodeProblem::Disabled));
        let markdown = world.forms.code_markdown(&scope, coding).await.unwrap();
        assert!(markdown.starts_with("# 1号灭火器\n"), "{markdown}");
        let (organization, ..) = world.other_organization().await;
        let elsewhere = world.forms.public_scope(&organization.org_code).await.unwrap().unwrap();
        let unseen = world.forms.code_view(&elsewhere, coding).await.unwrap_err();
        assert_eq!(unseen, Resource::Code.into());
        assert_eq!(world.forms.public_scope("oNobody12").await.unwrap(), None);
    }
}
