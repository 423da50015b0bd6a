//! An organization of forms and certificates, with a code to scan and a form to fill in.

use anyhow::{Context, Result};
use forms::authorize::NewAuthorization;
use forms::model::certificate::{CertificateConfig, Verifiers};
use forms::model::code::{Element, FILL_FORM, Operation};
use forms::model::form::{Choice, Definition, Field, FieldType, Group, Rules, Settings};
use forms::model::value::Entry;
use forms::model::{CodeId, OrgId, Person, Right, TplId};
use forms::{Forms, NewCode, NewTemplate, Scope, Submission};
use kernel::Secret;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An organization to try things with.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Its id.
    pub org_id: OrgId,
    /// Its code, as it stands in addresses.
    pub org_code: String,
    /// A key with every right.
    pub api_key: Secret<String>,
    /// A key that may only read.
    pub read_only_key: Secret<String>,
    /// A code that is in use.
    pub code_id: CodeId,
    /// What its address ends with.
    pub qrcode: String,
    /// The form that can be filled in for it.
    pub tpl_id: TplId,
    /// The form's fields by name: `name`, `mobile`, `purpose`.
    pub fields: [(&'static str, i64); 3],
    /// The options of `purpose`, by name: `visit`, `other`.
    pub options: [(&'static str, i64); 2],
    /// A record of the form.
    pub record_id: i64,
    /// Its address.
    pub record_url: String,
    /// Its certificate, which nobody has verified.
    pub certificate_code: String,
    /// What lets anybody verify certificates of the form.
    pub authorization_code: String,
    /// The first key.
    pub api_key_id: i64,
    /// What that key sees.
    pub scope: Scope,
}

impl Organization {
    /// As scenarios name them.
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut variables: Vec<(String, String)> = [
            ("api_key", self.api_key.expose().clone()),
            ("read_only_key", self.read_only_key.expose().clone()),
            ("api_key_id", self.api_key_id.to_string()),
            ("org_id", self.org_id.to_string()),
            ("org_code", self.org_code.clone()),
            ("code_id", self.code_id.to_string()),
            ("qrcode", self.qrcode.clone()),
            ("tpl_id", self.tpl_id.to_string()),
            ("record_id", self.record_id.to_string()),
            ("record_url", self.record_url.clone()),
            ("certificate_code", self.certificate_code.clone()),
            ("authorization_code", self.authorization_code.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let parts = [("field", &self.fields[..]), ("option", &self.options[..])];
        for (kind, ids) in parts {
            let named = ids
                .iter()
                .map(|(name, id)| (format!("{kind}.{name}"), id.to_string()));
            variables.extend(named);
        }
        variables
    }
}

/// Makes an organization.
pub async fn organization(forms: &Forms, name: &str) -> Result<Organization> {
    let made = forms.create_organization(name).await?;
    let org_id = made.organization.org_id;
    let all = [Right::Read, Right::Write, Right::Reverse];
    let key = forms.create_key(org_id, "sandbox", &all, None).await?;
    let reader = forms
        .create_key(org_id, "sandbox, reading", &[Right::Read], None)
        .await?;
    let scope = Scope {
        org_id,
        org_code: made.organization.org_code.clone(),
        api_key_id: Some(key.key.api_key_id),
        project_ids: None,
        now: forms.now(),
    };
    let fields = ["name", "mobile", "purpose"].map(|name| (name, forms.new_id()));
    let options = ["visit", "other"].map(|name| (name, forms.new_id()));
    let template = NewTemplate {
        name: "Visitor registration".into(),
        description: "Register here; the certificate is your admission.".into(),
        submit_button_title: "Register".into(),
        definition: definition(forms.new_id(), &fields, &options),
        certificate: CertificateConfig {
            enabled: true,
            verifiers: Verifiers {
                api_keys: vec![key.key.api_key_id],
                allow_authorization_code: true,
                ..Verifiers::default()
            },
            title: "Admission".into(),
            ..CertificateConfig::default()
        },
        ..NewTemplate::default()
    };
    let tpl_id = forms.create_template(&scope, template).await?.tpl_id;
    let code = NewCode {
        project_id: None,
        category_id: None,
        title: "Front desk".into(),
        fields: Vec::new(),
        operations: vec![Operation {
            name: "Register".into(),
            description: "Before you go in".into(),
            elements: vec![Element {
                element_type: FILL_FORM,
                element_value: tpl_id,
            }],
            allowed_state_values: BTreeMap::new(),
        }],
        expire_at: None,
    };
    let code = forms.create_code(&scope, code).await?;
    let entry = |(name, field_id): (&str, i64), field_value: Value| Entry {
        field_id,
        field_type: match name {
            "name" => "name",
            "mobile" => "tel",
            _ => "radio",
        }
        .into(),
        field_value,
    };
    let submission = Submission {
        code_id: code.code_id,
        tpl_id,
        entries: vec![
            entry(fields[0], json!("Mei Lin")),
            entry(fields[1], json!("13800138000")),
            entry(fields[2], json!({"option_id": options[0].1})),
        ],
        submitter: Person {
            name: Some("Mei Lin".into()),
            ..Person::default()
        },
        once: None,
    };
    let submitted = forms.submit(&scope, submission).await?;
    let certificate = submitted
        .certificate
        .context("the record has a certificate")?;
    let new = NewAuthorization {
        tpl_id,
        holder: Person::default(),
        expire_at: None,
        max_uses: None,
    };
    let (_, authorization_code) = forms.authorize(&scope, new).await?;
    Ok(Organization {
        org_id,
        record_url: forms.public_url(&scope.org_code, &submitted.record.coding),
        org_code: scope.org_code.clone(),
        api_key: key.secret,
        read_only_key: reader.secret,
        code_id: code.code_id,
        qrcode: code.coding,
        tpl_id,
        fields,
        options,
        record_id: submitted.record.record_id,
        certificate_code: certificate.coding,
        authorization_code: authorization_code.expose().clone(),
        api_key_id: key.key.api_key_id,
        scope: scope.clone(),
    })
}

fn definition(
    group_id: i64,
    fields: &[(&'static str, i64); 3],
    options: &[(&'static str, i64); 2],
) -> Definition {
    let [name, mobile, purpose] = fields.map(|(_, field_id)| field_id);
    let [visit, other] = options.map(|(_, option_id)| option_id);
    let field = |field_id, field_title: &str, field_type| Field {
        field_id,
        field_title: field_title.into(),
        field_desc: String::new(),
        field_type,
        field_short_name: String::new(),
        settings: Settings::default(),
        rules: Rules::default(),
    };
    let choice = |option_id, title: &str, is_other| Choice {
        option_id,
        title: title.into(),
        is_other,
        parent_id: None,
    };
    Definition {
        groups: vec![Group {
            group_id,
            fields: vec![
                Field {
                    settings: Settings {
                        is_required: true,
                        ..Settings::default()
                    },
                    ..field(name, "Name", FieldType::Name)
                },
                Field {
                    settings: Settings {
                        is_unique: true,
                        ..Settings::default()
                    },
                    ..field(mobile, "Mobile", FieldType::Tel)
                },
                Field {
                    rules: Rules {
                        options: vec![choice(visit, "Visit", false), choice(other, "Other", true)],
                        ..Rules::default()
                    },
                    ..field(purpose, "Purpose", FieldType::Radio)
                },
            ],
            ..Group::default()
        }],
    }
}
