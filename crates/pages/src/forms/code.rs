//! The page of a code: what it says, its states, and what can be done with it.

use super::Visitor;
use super::frame::{Frame, Link, html, trouble};
use super::words::{CodeWords, Words};
use crate::ask::Ask;
use crate::links::web_address;
use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use catalogue::openapi_v2::CodeProblem;
use forms::model::code::{ContentField, ContentKind};
use forms::{CodeView, Forms, OperationView};

#[derive(Template)]
#[template(path = "forms/code.html")]
struct Page {
    frame: Frame,
    words: &'static CodeWords,
    problem: Option<&'static str>,
    content: Vec<Content>,
    states: Vec<(String, String)>,
    operations: Vec<Operation>,
}

/// A field of a code's content.
struct Content {
    title: String,
    value: Value,
}

enum Value {
    Text(String),
    Link(String),
    Picture(String),
}

/// What can be done with the code.
struct Operation {
    name: String,
    description: String,
    forms: Vec<Link>,
    notes: Vec<String>,
}

/// The page of the code that the address names.
pub async fn page(forms: &Forms, ask: &Ask) -> Response {
    let visitor = match Visitor::enter(forms, ask).await {
        Ok(visitor) => visitor,
        Err(error) => return trouble(ask, None, &error),
    };
    match forms.code_view(&visitor.scope, ask.param("coding")).await {
        Ok(view) => {
            let page = Page::new(ask, &visitor, view);
            html(StatusCode::OK, &page.frame, &page)
        }
        Err(error) => trouble(ask, Some(&visitor), &error),
    }
}

/// The same as Markdown: in the organization's words, whatever the language.
pub async fn markdown(forms: &Forms, ask: &Ask) -> Response {
    let found = async {
        let visitor = Visitor::enter(forms, ask).await?;
        let coding = ask.param("coding").trim_end_matches(".md");
        forms.code_markdown(&visitor.scope, coding).await
    };
    match found.await {
        Ok(markdown) => {
            let kind = (header::CONTENT_TYPE, "text/markdown; charset=utf-8");
            ([kind], markdown).into_response()
        }
        Err(error) => trouble(ask, None, &error),
    }
}

impl Page {
    fn new(ask: &Ask, visitor: &Visitor, view: CodeView) -> Self {
        let words = &Words::to(ask).code;
        let home = visitor.path(&view.code.coding);
        let mut frame = Frame::new(ask, Some(visitor), view.code.title).indexed();
        frame.markdown = Some(format!("{home}.md"));
        let content = view.code.content.0.into_iter();
        let content = content
            .map(|field| Content::new(&mut frame, field))
            .collect();
        let is_in_use = view.problem.is_none();
        let operations = view.operations.into_iter();
        let operations = operations.map(|o| Operation::new(ask, words, &home, is_in_use, o));
        Self {
            problem: view.problem.map(|problem| match problem {
                CodeProblem::Disabled | CodeProblem::State { .. } => words.disabled,
                CodeProblem::Expired => words.expired,
            }),
            content,
            states: view.states,
            operations: operations.collect(),
            words,
            frame,
        }
    }
}

impl Content {
    fn new(frame: &mut Frame, field: ContentField) -> Self {
        let address = web_address(&field.value).is_some();
        let value = match field.kind {
            ContentKind::Image if address && frame.allow_picture(&field.value) => {
                Value::Picture(field.value)
            }
            ContentKind::Image | ContentKind::Url | ContentKind::File if address => {
                Value::Link(field.value)
            }
            _ => Value::Text(field.value),
        };
        Self {
            title: field.title,
            value,
        }
    }
}

impl Operation {
    fn new(
        ask: &Ask,
        words: &'static CodeWords,
        home: &str,
        is_in_use: bool,
        operation: OperationView,
    ) -> Self {
        let is_open = is_in_use && operation.is_allowed;
        let forms = operation.forms.into_iter().filter(|_| is_open);
        let closed = is_in_use && !operation.is_allowed;
        let states = operation.states.iter().map(|title| (words.by_staff)(title));
        Self {
            name: operation.name,
            description: operation.description,
            forms: forms
                .map(|(tpl_id, name)| Link {
                    label: (words.fill_in)(&name),
                    href: ask.link(&format!("{home}/fill/{tpl_id}")),
                })
                .collect(),
            notes: closed
                .then(|| words.not_in_this_state.to_owned())
                .into_iter()
                .chain(states)
                .collect(),
        }
    }
}
