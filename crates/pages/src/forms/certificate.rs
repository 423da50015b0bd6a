//! The page of a certificate: whether it counts, and a form for staff who verify it with an authorization code.

use super::fill::is_ticket;
use super::frame::{Frame, html, notice, status_of, too_many, trouble};
use super::record::picture_of;
use super::shown::{Kind, People, Shown, fields};
use super::text::time;
use super::typed::Typed;
use super::words::{CertificateWords, Words};
use super::{Kind as Named, Visitor, keep_private, kind};
use crate::ask::Ask;
use crate::nothing_here;
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use catalogue::{Coded as _, OpenapiV2Error, Param as _};
use forms::certificate::Shown as Found;
use forms::model::certificate::SET_NEXT;
use forms::model::{AuditStatus, Person};
use forms::repo::{Outcome, Standing};
use forms::verify::{Action, Request};
use forms::voucher::revocation;
use forms::{Error, Forms, NamedRecord};

#[derive(Template)]
#[template(path = "forms/certificate.html")]
struct Page {
    frame: Frame,
    words: &'static CertificateWords,
    title: String,
    body: String,
    tone: &'static str,
    verdict: &'static str,
    verdict_text: String,
    status: String,
    record: String,
    issued: String,
    picture: String,
    /// The last step and when it was made.
    last: Option<(String, String)>,
    /// What was just done.
    done: Option<String>,
    fields: Vec<Shown>,
    /// Why it was not verified, where there is no form to say it.
    refusal: Option<String>,
    form: Option<VerifyForm>,
}

/// The form for staff.
struct VerifyForm {
    action: String,
    ticket: String,
    go: String,
    is_identity_required: bool,
    code: String,
    name: String,
    phone: String,
    /// Why it was refused.
    refusal: Option<String>,
    lacks_name: bool,
    lacks_phone: bool,
}

/// What a certificate is worth.
enum Worth {
    Valid,
    Used,
    Revoked(String),
    Waiting,
    Rejected,
    NotForVerification,
}

impl Worth {
    fn of(standing: &Standing) -> Self {
        let (certificate, config) = (&standing.certificate, &standing.config);
        let status = config.status(&certificate.status);
        if let Some(reason) = &certificate.revoked {
            Self::Revoked(reason.clone())
        } else if status.is_some_and(|status| status.is_final) {
            Self::Used
        } else if standing.audit_status == AuditStatus::Rejected {
            Self::Rejected
        } else if !standing.audit_status.is_good() {
            Self::Waiting
        } else if !config.enabled || !config.verifiable || standing.form_deleted {
            Self::NotForVerification
        } else {
            Self::Valid
        }
    }
}

/// A certificate, and who is in front of it.
struct Door {
    visitor: Visitor,
    found: Found,
    fields: Vec<Shown>,
}

impl Door {
    async fn enter(forms: &Forms, ask: &Ask) -> Result<Self, Response> {
        let visitor = Visitor::enter(forms, ask).await;
        let visitor = visitor.map_err(|error| trouble(ask, None, &error))?;
        let found = async {
            let scope = &visitor.scope;
            let coding = ask.param("coding").to_owned();
            let found = forms.certificate(scope, Some(coding), None).await?;
            let named = NamedRecord {
                record_id: Some(found.standing.certificate.record_id),
                address: None,
            };
            Ok((found, forms.record(scope, named).await?))
        };
        match found.await {
            Ok((found, record)) => Ok(Self {
                fields: fields(&record, People::Masked, Words::to(ask)),
                visitor,
                found,
            }),
            Err(error) => Err(trouble(ask, Some(&visitor), &error)),
        }
    }

    fn path(&self) -> String {
        self.visitor.path(&self.found.standing.certificate.coding)
    }

    /// The status that staff with an authorization code can set; `None`: none.
    fn next(&self) -> Option<&str> {
        let standing = &self.found.standing;
        let config = &standing.config;
        let is_offered = config.verifiers.allow_authorization_code
            && config.methods.iter().any(|method| method == SET_NEXT)
            && matches!(Worth::of(standing), Worth::Valid);
        let status = config.status(&standing.certificate.status)?;
        status
            .next
            .first()
            .filter(|_| is_offered)
            .map(String::as_str)
    }

    /// The page; after a refusal with what was typed and why.
    fn page(
        self,
        forms: &Forms,
        ask: &Ask,
        typed: &Typed,
        refused: Option<&OpenapiV2Error>,
    ) -> Response {
        let words = &Words::to(ask).certificate;
        let form = self.next().map(|next| {
            let ticket = Some(typed.text("ticket")).filter(|ticket| is_ticket(ticket));
            let lacks = |name: &str| {
                matches!(refused, Some(OpenapiV2Error::IdentityRequired { fields })
                    if fields.contains(&name))
            };
            VerifyForm {
                action: ask.link(&format!("{}/verify", self.path())),
                ticket: ticket.map_or_else(|| forms.new_ticket(), str::to_owned),
                go: (words.go)(words.status(next)),
                is_identity_required: self.found.standing.config.require_identity,
                code: typed.text("code").to_owned(),
                name: typed.text("name").to_owned(),
                phone: typed.text("phone").to_owned(),
                refusal: refused.map(|refused| said(ask, refused, typed.text("code"))),
                lacks_name: lacks("operator.name"),
                lacks_phone: lacks("operator.phone"),
            }
        });
        let refusal = refused.filter(|_| form.is_none());
        let refusal = refusal.map(|r| said(ask, r, typed.text("code")));
        let standing = &self.found.standing;
        let (tone, verdict, verdict_text) = match Worth::of(standing) {
            Worth::Valid => ("good", words.valid.title, words.valid.text.to_owned()),
            Worth::Used => ("plain", words.used.title, words.used.text.to_owned()),
            Worth::Revoked(reason) => {
                let reason = Some(reason).filter(|reason| !reason.is_empty());
                let reason = reason.map(|stored| revocation(&stored));
                let reason = reason.map(|reason| (words.revoked)(&reason.text(ask.locale())));
                ("bad", words.revoked_title, reason.unwrap_or_default())
            }
            Worth::Waiting => ("plain", words.waiting.title, words.waiting.text.to_owned()),
            Worth::Rejected => ("bad", words.rejected.title, words.rejected.text.to_owned()),
            Worth::NotForVerification => {
                let said = &words.not_for_verification;
                ("plain", said.title, said.text.to_owned())
            }
        };
        let mut history = self.found.history.iter();
        let last = history.find(|entry| entry.outcome != Outcome::Refused);
        let from = last.and_then(|last| last.from_status.as_deref());
        let to = last.and_then(|last| last.to_status.as_deref());
        let [from, to] = [from, to].map(|status| words.status(status.unwrap_or_default()));
        let is_done = last.is_some_and(|last| last.outcome == Outcome::Verified)
            && ask.query("verified") == "1"
            && refused.is_none();
        let title = match (standing.config.title.as_str(), standing.form_name.as_str()) {
            ("", "") => words.title,
            ("", name) => name,
            (title, _) => title,
        };
        let page = Page {
            frame: Frame::new(ask, Some(&self.visitor), title),
            title: title.to_owned(),
            body: standing.config.body.clone(),
            tone,
            verdict,
            verdict_text,
            status: words.status(&standing.certificate.status).to_owned(),
            record: standing.record_number.clone(),
            issued: time(standing.certificate.issued_at),
            picture: picture_of(&self.visitor, &standing.certificate.coding),
            last: last.map(|last| ((words.step)(from, to), time(last.at))),
            done: is_done.then(|| (words.verified)(from, to)),
            refusal,
            form,
            words,
            fields: self.fields,
        };
        let status = refused.map_or(StatusCode::OK, |refused| {
            status_of(refused.respond(ask.locale()).0)
        });
        html(status, &page.frame, &page)
    }
}

/// Why a certificate was not verified.
fn said(ask: &Ask, refused: &OpenapiV2Error, code: &str) -> String {
    let words = Words::to(ask);
    let message = refused.message(ask.locale());
    match refused {
        // Its details are names of parameters.
        OpenapiV2Error::IdentityRequired { .. } => message,
        OpenapiV2Error::InvalidAuthorizationCode { .. } if code.is_empty() => {
            words.certificate.no_code.to_owned()
        }
        refused => {
            let (_, body) = refused.respond(ask.locale());
            match body.message_detail.as_str() {
                "" => message,
                detail => format!("{message}{}{detail}", words.colon),
            }
        }
    }
}

/// The page of the certificate that the address names.
pub async fn page(forms: &Forms, ask: &Ask) -> Response {
    match Door::enter(forms, ask).await {
        Ok(door) => door.page(forms, ask, &Typed::default(), None),
        Err(page) => page,
    }
}

/// Verifies the certificate for whoever has an authorization code.
pub async fn verify(State(forms): State<Forms>, ask: Ask, body: Body) -> Response {
    if kind(&ask) != Some(Named::Certificate) {
        httpkit::body::discard(body).await;
        return nothing_here().await;
    }
    keep_private(take(&forms, &ask, body).await)
}

async fn take(forms: &Forms, ask: &Ask, body: Body) -> Response {
    let form = ask.form(&forms.config().public_url, body).await;
    let door = match Door::enter(forms, ask).await {
        Ok(door) => door,
        Err(page) => return page,
    };
    if let Some(page) = too_many(forms, ask, &door.visitor).await {
        return page;
    }
    let Ok(form) = form else {
        let words = Words::to(ask);
        let notice = notice(ask, Some(&door.visitor), &words.elsewhere);
        let notice = notice.offering(words.fill.back, ask.link(&door.path()));
        return notice.answer(StatusCode::FORBIDDEN);
    };
    let typed = Typed::of(form.as_bytes());
    let text = |name: &str, most: usize| {
        let text = typed.text(name).trim().replace(char::is_control, " ");
        Some(text.chars().take(most).collect::<String>()).filter(|text| !text.is_empty())
    };
    let ticket = Some(typed.text("ticket")).filter(|ticket| is_ticket(ticket));
    let request = Request {
        presented: door.found.standing.certificate.coding.clone(),
        action: Some(Action::Next),
        // Nobody verifies here without one, whoever they say they are.
        authorization_code: Some(text("code", 64).unwrap_or_default()),
        operator: Person {
            id: None,
            name: text("name", 64),
            phone: text("phone", 32),
        },
        // A form that is sent twice takes one step.
        nonce: ticket.map(|ticket| format!("page:{ticket}")),
        ..Request::default()
    };
    match forms.verify(&door.visitor.scope, request).await {
        Ok(_) => {
            let location = ask.link(&format!("{}?verified=1", door.path()));
            (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
        }
        Err(Error::Refused(refused)) => {
            // What it was refused for may be what somebody else did to it a moment ago.
            match Door::enter(forms, ask).await {
                Ok(door) => door.page(forms, ask, &typed, Some(&refused)),
                Err(page) => page,
            }
        }
        Err(error) => trouble(ask, Some(&door.visitor), &error),
    }
}
