//! The page on which a form is filled in for a code.

use super::frame::{Frame, Notice, html, notice, status_of, too_many, trouble};
use super::text::readable;
use super::typed::{LARGEST, Sent, Typed};
use super::values::{kept_of, name_of, value_of};
use super::widgets::{Control, Kind, Widget, megabytes};
use super::words::{FillWords, Words};
use super::{Kind as Named, Visitor, keep_private, kind};
use crate::ask::{Ask, Sender};
use crate::nothing_here;
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use catalogue::openapi_v2::{CodeProblem, FieldIssue, FieldProblem, TimeProblem};
use catalogue::{OpenapiV2Error, Param as _};
use files::kind::sniff;
use forms::model::Person;
use forms::model::form::{Definition, Field, FieldType, Group};
use forms::model::value::Entry;
use forms::{Error, Fillable, Forms, Submission};
use kernel::Locale;
use serde_json::{Value, json};

/// The cookie that tells visitors apart who leave no phone number.
const COOKIE: &str = "forms_visitor";
/// The input that names what is filled in.
const ONCE: &str = "once";
/// Letters of its value.
const TICKET: usize = 22;
/// What the button says of a form that says nothing of it.
const UNSAID: &str = "提交";

#[derive(Template)]
#[template(path = "forms/fill.html")]
struct Page {
    frame: Frame,
    words: &'static FillWords,
    name: String,
    description: String,
    action: String,
    /// Names what is filled in here: sent twice, it is taken once.
    once: String,
    back: String,
    code: String,
    groups: Vec<Section>,
    sends_files: bool,
    submit: String,
    /// What is wrong: a field's id, its title and what is wrong with it.
    errors: Vec<(String, String, String)>,
}

/// Fields that are shown together.
struct Section {
    title: Option<String>,
    fields: Vec<Widget>,
}

/// The form that the address names, and who is in front of it.
struct Door {
    visitor: Visitor,
    fillable: Fillable,
}

impl Door {
    async fn enter(forms: &Forms, ask: &Ask) -> Result<Self, Response> {
        let visitor = Visitor::enter(forms, ask).await;
        let visitor = visitor.map_err(|error| trouble(ask, None, &error))?;
        // What is no number names no form.
        let tpl_id = ask.param("tpl_id").parse().unwrap_or(0);
        let scope = &visitor.scope;
        match forms.fillable(scope, ask.param("coding"), tpl_id).await {
            Ok(fillable) => Ok(Self { visitor, fillable }),
            Err(error) => Err(trouble(ask, Some(&visitor), &error)),
        }
    }

    fn home(&self) -> String {
        self.visitor.path(&self.fillable.code.coding)
    }

    fn action(&self) -> String {
        format!("{}/fill/{}", self.home(), self.fillable.template.tpl_id)
    }

    /// The form; with what was typed into it, and what is wrong with that.
    fn page(
        &self,
        forms: &Forms,
        ask: &Ask,
        typed: &Typed,
        issues: &[FieldIssue],
        status: StatusCode,
    ) -> Response {
        let words = Words::to(ask);
        let template = &self.fillable.template;
        let definition = template.definition.0.without_hidden();
        let widget = |field: &Field| {
            let of_field = issues.iter().filter(|i| i.field == field.field_title);
            let errors = of_field.map(|issue| said(ask, &issue.problem)).collect();
            Widget::new(field, typed, errors, words)
        };
        let section = |group: &Group| Section {
            title: Some(group.group_title.clone())
                .filter(|t| group.show_group_title && !t.is_empty()),
            fields: group.fields.iter().map(widget).collect(),
        };
        let groups: Vec<Section> = definition.groups.iter().map(section).collect();
        let fields = || groups.iter().flat_map(|group| &group.fields);
        let mut errors = Vec::new();
        for field in fields() {
            let of_field = field.errors.iter();
            errors.extend(of_field.map(|e| (field.id.clone(), field.title.clone(), e.clone())));
        }
        let title = match errors.is_empty() {
            true => template.name.clone(),
            false => format!("{}{}{}", words.wrong, words.colon, template.name),
        };
        let submit = match template.submit_button_title.as_str() {
            "" | UNSAID => words.fill.submit.to_owned(),
            title => title.to_owned(),
        };
        let page = Page {
            frame: Frame::new(ask, Some(&self.visitor), title),
            words: &words.fill,
            name: template.name.clone(),
            description: template.description.clone(),
            action: ask.link(&self.action()),
            once: match typed.text(ONCE) {
                known if is_ticket(known) => known.to_owned(),
                _ => forms.new_ticket(),
            },
            back: ask.link(&self.home()),
            code: self.fillable.code.title.clone(),
            sends_files: fields().any(Widget::sends_files),
            groups,
            submit,
            errors,
        };
        html(status, &page.frame, &page)
    }

    /// The page that says why the form is not taken.
    fn refusal(&self, ask: &Ask, refused: &OpenapiV2Error) -> Response {
        let words = Words::to(ask);
        let (status, body) = refused.respond(ask.locale());
        let fill = &words.fill;
        let (said, line) = match refused {
            OpenapiV2Error::FormNotAssigned => (&fill.not_assigned, String::new()),
            OpenapiV2Error::UserLimitReached { .. } => (&fill.by_person, body.message_detail),
            OpenapiV2Error::FormLimitReached { .. } => (&fill.by_all, body.message_detail),
            OpenapiV2Error::NotAtThisTime { problem } => {
                let line = match problem {
                    TimeProblem::NotYet { from } => (fill.not_yet)(&readable(from)),
                    TimeProblem::Over { until } => (fill.over)(&readable(until)),
                    TimeProblem::OutsideHours => fill.hours.to_owned(),
                };
                (&fill.not_now, line)
            }
            OpenapiV2Error::NotInThisCodeState {
                problem: CodeProblem::State { state },
            } => (&fill.not_now, (fill.code_state)(state)),
            OpenapiV2Error::NotInThisCodeState { .. } => (&fill.no_code, String::new()),
            other => return trouble(ask, Some(&self.visitor), &other.clone().into()),
        };
        let frame = Frame::new(ask, Some(&self.visitor), said.title);
        let notice = Notice::new(frame, [said.text.to_owned(), line]);
        let home = ask.link(&self.home());
        notice.offering(fill.back, home).answer(status_of(status))
    }
}

/// Whether the address is that of a form.
fn names_form(ask: &Ask) -> bool {
    let is_number = ask.param("tpl_id").bytes().all(|b| b.is_ascii_digit());
    kind(ask) == Some(Named::Code) && is_number
}

/// The form.
pub async fn page(State(forms): State<Forms>, ask: Ask) -> Response {
    if !names_form(&ask) {
        return nothing_here().await;
    }
    let page = match Door::enter(&forms, &ask).await {
        Ok(door) => match &door.fillable.refusal {
            Some(refused) => door.refusal(&ask, refused),
            None => door.page(&forms, &ask, &Typed::default(), &[], StatusCode::OK),
        },
        Err(page) => page,
    };
    keep_private(page)
}

/// Takes the filled form, and leads to the record.
pub async fn submit(State(forms): State<Forms>, ask: Ask, body: Body) -> Response {
    if !names_form(&ask) {
        httpkit::body::discard(body).await;
        return nothing_here().await;
    }
    keep_private(take(&forms, &ask, body).await)
}

async fn take(forms: &Forms, ask: &Ask, body: Body) -> Response {
    let words = Words::to(ask);
    let door = match Door::enter(forms, ask).await {
        Ok(door) => door,
        Err(page) => {
            httpkit::body::discard(body).await;
            return page;
        }
    };
    let visitor = &door.visitor;
    if ask.sender(&forms.config().public_url) == Sender::Other {
        httpkit::body::discard(body).await;
        let action = ask.link(&door.action());
        let notice = notice(ask, Some(visitor), &words.elsewhere);
        let notice = notice.offering(words.fill.back, action);
        return notice.answer(StatusCode::FORBIDDEN);
    }
    if let Some(page) = too_many(forms, ask, visitor).await {
        httpkit::body::discard(body).await;
        return page;
    }
    if let Some(refused) = &door.fillable.refusal {
        httpkit::body::discard(body).await;
        return door.refusal(ask, refused);
    }
    let kind = ask
        .header(header::CONTENT_TYPE.as_str())
        .unwrap_or_default();
    let Ok(mut typed) = Typed::read(kind, body).await else {
        let frame = Frame::new(ask, Some(visitor), words.fill.refused);
        let said = (words.too_large)(megabytes(LARGEST));
        let notice = Notice::new(frame, [said]);
        let notice = notice.offering(words.fill.back, ask.link(&door.action()));
        return notice.answer(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let once = typed.text(ONCE);
    // Filled in otherwise, it is another submission.
    let once = is_ticket(once).then(|| format!("{once}:{}", typed.digest()));
    let definition = door.fillable.template.definition.0.without_hidden();
    let entries = match entries(forms, &door, &definition, &mut typed).await {
        Ok(entries) => entries,
        Err(error) => return trouble(ask, Some(visitor), &error),
    };
    let (submitter, ticket) = submitter(forms, ask, &definition, &typed);
    let submission = Submission {
        code_id: door.fillable.code.code_id,
        tpl_id: door.fillable.template.tpl_id,
        entries,
        submitter,
        once,
    };
    match forms.submit(&visitor.scope, submission).await {
        Ok(submitted) => {
            let path = visitor.path(&submitted.record.coding);
            let location = ask.link(&format!("{path}?submitted=1"));
            let mut response =
                (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response();
            if let Some(cookie) = ticket.and_then(|ticket| cookie(forms, &ticket)) {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(Error::Refused(
            ref refused @ (OpenapiV2Error::RequiredFieldEmpty { ref issues }
            | OpenapiV2Error::FieldValidationFailed { ref issues }
            | OpenapiV2Error::ResourceExpired { ref issues }
            | OpenapiV2Error::DuplicateSubmission { ref issues }),
        )) => {
            let (status, _) = refused.respond(ask.locale());
            door.page(forms, ask, &typed, issues, status_of(status))
        }
        Err(Error::Refused(refused)) => door.refusal(ask, &refused),
        Err(error) => trouble(ask, Some(visitor), &error),
    }
}

/// What is wrong, in words for whoever typed it.
fn said(ask: &Ask, problem: &FieldProblem) -> String {
    let words = &Words::to(ask).fill;
    let text = match problem {
        // Of the widgets only those for numbers send what is none of the type's.
        FieldProblem::Shape { .. } => words.no_number.to_owned(),
        FieldProblem::UnknownUpload | FieldProblem::UploadKind => words.bad_file.to_owned(),
        problem => problem.text(ask.locale()).into_owned(),
    };
    if ask.locale() != Locale::En {
        return text;
    }
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

/// What was typed, as it is submitted. Files are kept, and `typed` names them from then on.
async fn entries(
    forms: &Forms,
    door: &Door,
    definition: &Definition,
    typed: &mut Typed,
) -> forms::Result<Vec<Entry>> {
    let sent = std::mem::take(&mut typed.files);
    let mut entries = Vec::new();
    for field in definition.fields() {
        if field.field_type == FieldType::Description {
            continue;
        }
        let name = name_of(field);
        let kept_name = kept_of(&name);
        let mut refused = Vec::new();
        for file in sent.iter().filter(|file| file.field == name) {
            match keep(forms, door, field.field_type, file).await? {
                Some(kept) => typed.add(kept_name.clone(), kept),
                // An upload that does not exist: the field is refused with all that is wrong with the others.
                None => refused.push(json!({ "upload_id": "-" })),
            }
        }
        let kept = typed.texts(&kept_name).map(|kept| {
            let (upload_id, title) = kept.split_once(':').unwrap_or((kept, ""));
            json!({ "upload_id": upload_id, "title": title })
        });
        let files: Vec<Value> = kept.chain(refused).collect();
        entries.push(Entry {
            field_id: field.field_id,
            field_type: field.field_type.name().to_owned(),
            field_value: value_of(field, typed, files),
        });
    }
    Ok(entries)
}

/// Keeps a file, which is named `id:name` from then on; `None`: the field takes no such file.
async fn keep(
    forms: &Forms,
    door: &Door,
    field_type: FieldType,
    file: &Sent,
) -> forms::Result<Option<String>> {
    let Some(bytes) = &file.bytes else {
        return Ok(None);
    };
    let wanted = match field_type {
        FieldType::Image | FieldType::Signature => "image/",
        FieldType::Video => "video/",
        FieldType::Audio => "audio/",
        FieldType::File => "",
        _ => return Ok(None),
    };
    let Some(content_type) = sniff(bytes).filter(|kind| kind.starts_with(wanted)) else {
        return Ok(None);
    };
    let (scope, name) = (&door.visitor.scope, file.name.clone());
    let kept = forms
        .create_upload(scope, name, content_type, bytes)
        .await?;
    Ok(Some(format!("{}:{}", kept.upload_id, kept.name)))
}

/// Who fills the form in: by the phone number typed, or else by a cookie, whose value is given back.
fn submitter(
    forms: &Forms,
    ask: &Ask,
    definition: &Definition,
    typed: &Typed,
) -> (Person, Option<String>) {
    let of = |types: &[FieldType], most: usize| {
        let mut fields = definition.fields();
        let field = fields.find(|field| types.contains(&field.field_type))?;
        let text: String = typed
            .text(&name_of(field))
            .trim()
            .chars()
            .take(most)
            .collect();
        Some(text.replace(char::is_control, " ")).filter(|text| !text.is_empty())
    };
    let names = [
        FieldType::Name,
        FieldType::CustomerName,
        FieldType::Recorder,
    ];
    let name = of(&names, 64);
    if let phone @ Some(_) = of(&[FieldType::Tel, FieldType::CustomerMobile], 32) {
        let id = None;
        return (Person { id, name, phone }, None);
    }
    let ticket = ticket(ask).map_or_else(|| forms.new_ticket(), str::to_owned);
    let visitor = Person {
        id: Some(format!("visitor:{ticket}")),
        name,
        phone: None,
    };
    (visitor, Some(ticket))
}

/// The value of the cookie, if it is one of ours.
fn ticket(ask: &Ask) -> Option<&str> {
    let cookies = ask.header(header::COOKIE.as_str())?.split(';');
    let mut pairs = cookies.filter_map(|pair| pair.trim().split_once('='));
    let (_, ticket) = pairs.find(|(name, _)| *name == COOKIE)?;
    is_ticket(ticket).then_some(ticket)
}

/// Whether the text looks like one of [`Forms::new_ticket`].
pub fn is_ticket(text: &str) -> bool {
    text.len() == TICKET && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn cookie(forms: &Forms, ticket: &str) -> Option<HeaderValue> {
    let is_secure = forms.config().public_url.starts_with("https://");
    let secure = if is_secure { "; Secure" } else { "" };
    let year = 365 * 24 * 3600;
    let cookie =
        format!("{COOKIE}={ticket}; Path=/; Max-Age={year}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).ok()
}
