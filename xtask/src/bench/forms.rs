//! What measuring forms and certificates needs: an organization with a form and a code, and the same in the bare database.

use super::{
    bare::{Row, filler},
    client::{Caller, Object, PLACEHOLDER, post},
    server::Server,
};
use anyhow::Result;
use serde_json::{Value, json};

/// A key, and the SHA-256 of it, which is what the database has.
const KEY: &str = "tk_bench0123456789abcdefghijklmnopqrstuvwxyzABCD";
const KEY_HASH: &str = "d73d4edd3bafc11f5e43f84a912940d0fb099d87985e9e8f51ca6f94012b105a";
/// The ids of organization, project and key; and of the bare database's form and code. Those that the server makes are larger.
const ORG: u64 = 1;
const PROJECT: u64 = 2;
const API_KEY: u64 = 3;
const TEMPLATE: u64 = 4;
const CODE: u64 = 5;
/// What certificates begin with.
pub const ISSUED: &str = "待核销";
/// What a verification gives them.
pub const VERIFIED: &str = "已核销";

/// The organization, as `tallystick` would make it: rows for the server's database before it starts.
pub fn organization() -> String {
    format!(
        "INSERT INTO forms_organizations (org_id, org_code, name, created_at) VALUES ({ORG}, 'oBench', 'Bench', 0); \
         INSERT INTO forms_projects (project_id, org_id, name, created_at) VALUES ({PROJECT}, {ORG}, 'Default', 0); \
         INSERT INTO forms_keys (api_key_id, org_id, name, token_hash, hint, rights, project_ids, state, created_at, updated_at) \
         VALUES ({API_KEY}, {ORG}, 'bench', '{KEY_HASH}', 'tk_', '[\"read\",\"write\"]', 'null', 'enabled', 0, 0); "
    )
}

/// A form that can be filled in for a code.
pub struct Form {
    tpl_id: i64,
    code_id: i64,
    /// The `fields` of a submission; a [`PLACEHOLDER`] in what must differ.
    fields: Value,
}

impl Form {
    /// Has the server make it: fields of several types, one required, one whose values must differ; records have certificates.
    pub fn create(server: &Server) -> Result<Self> {
        let field = |kind: &str, title: &str| json!({"field_type": kind, "field_title": title});
        let with = |mut field: Value, name: &str, value: Value| {
            field[name] = value;
            field
        };
        let required = json!({"is_required": true});
        let options = json!([{"title": "Meeting"}, {"title": "Delivery"}, {"title": "Other", "is_other": true}]);
        let form = json!({
            "name": "Visitor registration",
            "groups": [{"fields": [
                with(field("name", "Name"), "settings", required.clone()),
                with(field("tel", "Mobile"), "settings", required),
                with(field("job_number", "Badge"), "settings", json!({"is_unique": true})),
                with(field("radio", "Purpose"), "options", options.clone()),
                with(field("checkbox", "Brings"), "options", options),
                field("number", "Visitors"),
                field("textarea", "Note"),
            ]}],
            "certificate_config": {"enabled": true},
        });
        let mut caller = Caller::connect(server.port)?;
        let form = caller.object(&call("forms/create", &[], &form), 200)?;
        let tpl_id = form.number("/data/form/id")?;
        let code = json!({
            "title": "Front desk",
            "operations": [{"name": "Register", "elements": [{"element_type": 2, "element_value": tpl_id}]}],
        });
        let code = caller.object(&call("qrcodes/create", &[], &code), 200)?;
        Ok(Self {
            tpl_id,
            code_id: code.number("/data/meta/id")?,
            fields: fields(&form)?,
        })
    }

    /// A request that fills it in.
    pub fn submit(&self, headers: &[(&str, &str)]) -> String {
        self.submit_fields(headers, &self.fields)
    }

    /// One that leaves a required field empty.
    pub fn submit_without_name(&self) -> String {
        let mut fields = self.fields.clone();
        fields[0]["field_value"] = json!("");
        self.submit_fields(&[], &fields)
    }

    fn submit_fields(&self, headers: &[(&str, &str)], fields: &Value) -> String {
        let body = json!({
            "code_id": self.code_id,
            "tpl_id": self.tpl_id,
            "fields": fields,
            "submitter": {"name": "Mei Lin"},
        });
        call("record/addRecord", headers, &body)
    }
}

/// What is filled into the fields of the form that was made.
fn fields(form: &Object) -> Result<Value> {
    let option = |field: usize, option: usize| {
        form.number(&format!(
            "/data/groups/0/fields/{field}/options/{option}/option_id"
        ))
    };
    let values = [
        ("name", json!("Mei Lin")),
        ("tel", json!("13800138000")),
        ("job_number", json!(format!("V-{PLACEHOLDER}"))),
        ("radio", json!({"option_id": option(3, 0)?})),
        (
            "checkbox",
            json!({"values": [{"option_id": option(4, 1)?}, {"option_id": option(4, 2)?, "custom_text": "a ladder"}]}),
        ),
        ("number", json!({"value": 2})),
        ("textarea", json!("Two pallets for the workshop at gate 4")),
    ];
    let filled = values.into_iter().enumerate().map(|(n, (kind, value))| {
        let field_id = form.number(&format!("/data/groups/0/fields/{n}/field_id"))?;
        Ok(json!({"field_id": field_id, "field_type": kind, "field_value": value}))
    });
    filled.collect()
}

/// A request of a method.
pub fn call(method: &str, headers: &[(&str, &str)], body: &Value) -> String {
    let bearer = format!("Bearer {KEY}");
    let headers = [&[("authorization", bearer.as_str())], headers].concat();
    let path = format!("/api/v2/rpc/{method}");
    post(&path, &headers, "application/json", &body.to_string())
}

/// The bare database's form and code.
pub fn bare_form() -> String {
    format!(
        "INSERT INTO forms_templates (tpl_id, org_id, project_id, number, name, note, description, submit_button_title, definition, \
         limits, audit, certificate, settings, created_at, updated_at, active_at, deleted_at) VALUES ({TEMPLATE}, {ORG}, {PROJECT}, \
         'bare', 'Visitor registration', '', '', 'Submit', '{}', '{{}}', '{{}}', '{}', '{{}}', 0, 0, 0, NULL); \
         INSERT INTO forms_codes (code_id, org_id, project_id, category_id, coding, title, content, operations, states, status, \
         expire_at, created_at, updated_at) VALUES ({CODE}, {ORG}, {PROJECT}, NULL, 'qBare', 'Front desk', '[]', '{}', '{{}}', \
         'enabled', NULL, 0, 0); ",
        filler(1800),
        filler(400),
        filler(150)
    )
}

/// Random text: what it begins with is in no order of the ids.
fn mixed(before: &str, filling: usize) -> String {
    let filling = filler(filling);
    format!("'{before}' || substr(CAST(:id AS TEXT), 13) || '{filling}' || :id")
}

/// What the code of a certificate is, with 30 characters.
pub fn certificate_coding() -> String {
    mixed("v", 9)
}

/// A record. `number`: what its number is.
pub fn record(number: &str) -> Row {
    Row::new(
        "forms_records (record_id, org_id, project_id, tpl_id, code_id, kind, record_number, coding, method, submitter, api_key_id, \
         fields, audit_status, audit_level, audits, submit_at, updated_at, deleted_at)",
        format!(
            ":id, {ORG}, {PROJECT}, {TEMPLATE}, {CODE}, 0, 'L' || {number}, 'r' || substr(CAST(:id AS TEXT), 13) || \
             substr(CAST(:id AS TEXT), 5), 'API', '{}', {API_KEY}, '{}', 'none', 0, '[]', :now, :now, NULL",
            filler(18),
            filler(920)
        ),
    )
}

/// The certificate of [`record`].
pub fn certificate() -> Row {
    Row::new(
        "forms_certificates (certificate_id, org_id, record_id, tpl_id, code_id, coding, status, revoked, issued_at, updated_at)",
        format!(
            ":id, {ORG}, :id, {TEMPLATE}, {CODE}, {}, '{ISSUED}', NULL, :now, :now",
            certificate_coding()
        ),
    )
}

/// What submitting writes: the badge, which must differ from others; the number; record, certificate, and the text that the
/// record is found by.
pub fn submission() -> Vec<String> {
    let badge = format!(
        "INSERT INTO forms_unique_values (tpl_id, field_id, value_hash, record_id) VALUES ({TEMPLATE}, 6, {}, :id) \
         ON CONFLICT (tpl_id, field_id, value_hash) DO NOTHING",
        mixed("", 44)
    );
    let number = format!(
        "INSERT INTO forms_numbers (org_id, kind, last) VALUES ({ORG}, 'L', 1) \
         ON CONFLICT (org_id, kind) DO UPDATE SET last = forms_numbers.last + 1 RETURNING last AS next"
    );
    let text = Row::new(
        "forms_texts (rowid, text)",
        ":id, 'l' || :next || ' mei lin 13800138000 v-' || substr(CAST(:id AS TEXT), 7) || \
         ' meeting delivery、a ladder 2 two pallets for the workshop at gate 4 mei lin'",
    );
    vec![
        badge,
        number,
        record(":next").insert(),
        certificate().insert(),
        text.insert(),
    ]
}

/// What verifying asks and writes: the certificate with its record and form, its status, and the log.
pub fn verification() -> Vec<String> {
    let coding = certificate_coding();
    let find = format!(
        "SELECT c.certificate_id, c.org_id, c.record_id, c.tpl_id, c.code_id, c.coding, c.status, c.revoked, c.issued_at, \
         c.updated_at, r.project_id, r.record_number, r.coding, r.audit_status, r.submit_at, r.deleted_at, t.name, t.certificate, \
         t.deleted_at FROM forms_certificates c JOIN forms_records r ON r.record_id = c.record_id \
         JOIN forms_templates t ON t.tpl_id = c.tpl_id WHERE c.coding = {coding} AND c.org_id = {ORG}"
    );
    // Fails where there is no such certificate, or somebody verified it.
    let set = format!(
        "UPDATE forms_certificates SET status = '{VERIFIED}', updated_at = :now WHERE certificate_id = :id AND status = '{ISSUED}' \
         AND revoked IS NULL RETURNING 1 AS next"
    );
    let log = Row::new(
        "forms_verifications (verification_id, org_id, certificate_id, presented, outcome, error_code, from_status, to_status, \
         operator, api_key_id, authorization_id, nonce, request_hash, reverses, reason, at)",
        format!(
            ":id, {ORG}, :id, {coding}, 'verified', NULL, '{ISSUED}', '{VERIFIED}', '{{}}', {API_KEY}, NULL, NULL, '{}', NULL, \
             NULL, :now",
            filler(64)
        ),
    );
    vec![find, set, log.insert()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::bare::{Access, Bare};
    use rusqlite::Connection;

    fn database() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        let schema = include_str!("../../../crates/store/migrations/0005_forms.sql");
        let texts = "CREATE VIRTUAL TABLE forms_texts USING fts5(text, tokenize = 'trigram');";
        let schema = schema.replace("-- @full_text forms_texts", texts);
        db.execute_batch(&schema).unwrap();
        db.execute_batch(&organization()).unwrap();
        db.execute_batch(&bare_form()).unwrap();
        db
    }

    fn run(db: &Connection, transaction: Vec<String>, n: u64) -> Result<()> {
        Bare::of(Access::Write, &[transaction], 1).sqlite[0](db, n)
    }

    fn found(db: &Connection, rows: &str) -> i64 {
        let count = format!("SELECT COUNT(*) FROM {rows}");
        db.query_row(&count, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn the_bare_database_has_every_row_of_a_submission() {
        let db = database();
        for n in [1, 2] {
            run(&db, submission(), n).unwrap();
        }
        for rows in [
            "forms_records WHERE length(coding) = 17",
            "forms_certificates WHERE length(coding) = 30",
            "forms_unique_values WHERE length(value_hash) = 64",
            "forms_texts WHERE text LIKE '%v-0000000002%' OR text LIKE '%l1 mei lin%'",
        ] {
            assert_eq!(found(&db, rows), 2, "{rows}");
        }
        assert_eq!(found(&db, "forms_numbers WHERE last = 2"), 1);
    }

    #[test]
    fn the_bare_database_verifies_once() {
        let db = database();
        for _ in 0..2 {
            for row in [record(":id"), certificate()] {
                db.execute_batch(&row.series(1, 2)).unwrap();
            }
        }
        run(&db, verification(), 1).unwrap();
        run(&db, verification(), 2).unwrap();
        assert!(run(&db, verification(), 2).is_err(), "again");
        assert!(run(&db, verification(), 3).is_err(), "nobody made this one");
        let verified = format!("forms_certificates WHERE status = '{VERIFIED}'");
        assert_eq!(found(&db, &verified), 2);
        assert_eq!(found(&db, "forms_verifications"), 2);
    }

    #[test]
    fn pgbench_knows_every_variable() {
        for transaction in [submission(), verification()] {
            Bare::of(Access::Write, &[transaction], 1).assert_known_variables();
        }
    }
}
