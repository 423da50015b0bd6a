//! Runs the scenario of an error page against a server.
//!
//! ```text
//! # given: an organization with 50 credits
//! POST /platform/order/ch2/default
//! x-api-key: {{private_key}}
//! content-type: application/json
//!
//! {"product_id": "{{product.default}}", "link": "https://example.com/p/1", "quantity": 1000}
//!
//! => 400 credit_not_enough
//! ```
//! `# given:` lines name fixtures, which the server's sandbox sets up and which set variables. Then come
//! requests, each with what is expected of its answer: `=> STATUS [CODE [> FIELD_CODE PROPERTY]]`, where PROPERTY is
//! `-` for null: the face's own name of the field, be it `property_name` or `path`. `# keep: NAME = PATH` makes a variable of a part of the answer.

use anyhow::{Context, Result, bail, ensure};
use reqwest::Method;
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;

/// A scenario, parsed.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// The fixtures, in order.
    pub givens: Vec<String>,
    /// The requests, in order.
    pub steps: Vec<Step>,
}

/// One request and what is expected of its answer.
#[derive(Clone, Debug)]
pub struct Step {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
    expected: Vec<Expected>,
    keep: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
struct Expected {
    status: u16,
    code: Option<String>,
    field: Option<(String, Option<String>)>,
}

/// What was sent and what came back.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// The request, as in an `.http` file.
    pub request: String,
    /// Its HTTP status.
    pub status: u16,
    /// The answer's body.
    pub response: String,
}

/// What came of a scenario.
#[derive(Clone, Debug)]
pub struct Run {
    /// Every request and its answer.
    pub exchanges: Vec<Exchange>,
    /// What was not as expected; `None` when all was.
    pub failure: Option<String>,
}

impl Run {
    /// The status of the last answer.
    pub fn status(&self) -> u16 {
        self.exchanges.last().map_or(0, |e| e.status)
    }

    /// Whether the last answer has this code, on top or as a field's.
    pub fn emitted(&self, code: &str) -> bool {
        let Some(last) = self.exchanges.last() else {
            return false;
        };
        let body: Value = serde_json::from_str(&last.response).unwrap_or_default();
        codes_of(&body).any(|found| found == code)
            || failed_fields(&body).any(|(field, _)| field == code)
    }
}

impl Scenario {
    /// Parses the text between the fences of a page.
    pub fn parse(text: &str) -> Result<Self> {
        let mut scenario = Self::default();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if let Some(given) = line.strip_prefix("# given:") {
                scenario.givens.push(given.trim().to_owned());
            } else if line.is_empty() || line.starts_with('#') {
                continue;
            } else {
                let step = Step::parse(line, &mut lines);
                scenario
                    .steps
                    .push(step.with_context(|| format!("in the request `{line}`"))?);
            }
        }
        ensure!(!scenario.steps.is_empty(), "the scenario has no request");
        Ok(scenario)
    }

    /// Runs the scenario against the server at `base_url`, which must have its sandbox open.
    pub async fn run(&self, client: &reqwest::Client, base_url: &str) -> Result<Run> {
        let mut variables = given(client, base_url, &self.givens).await?;
        variables.insert(
            "unknown_id".into(),
            "00000000-0000-7000-8000-000000000000".into(),
        );
        variables.insert("text.10001".into(), "x".repeat(10_001));
        let mut run = Run {
            exchanges: Vec::new(),
            failure: None,
        };
        for step in &self.steps {
            let exchange = step.send(client, base_url, &variables).await?;
            let body = serde_json::from_str(&exchange.response).unwrap_or(Value::Null);
            run.failure = step.check(exchange.status, &body);
            run.exchanges.push(exchange);
            if run.failure.is_some() {
                break;
            }
            for (name, path) in &step.keep {
                let value = at(&body, path);
                let value = value.with_context(|| format!("the answer has no `{path}`"))?;
                variables.insert(name.clone(), value);
            }
        }
        Ok(run)
    }
}

/// Has the sandbox set up fixtures; returns the variables that they set.
async fn given(
    client: &reqwest::Client,
    base_url: &str,
    givens: &[String],
) -> Result<HashMap<String, String>> {
    let url = format!("{base_url}/sandbox/given");
    let answer = client
        .post(&url)
        .json(&serde_json::json!({ "given": givens }))
        .send()
        .await
        .with_context(|| format!("no server answers at {base_url}"))?;
    if answer.status() == reqwest::StatusCode::NOT_FOUND {
        bail!(
            "the server at {base_url} has no sandbox, so fixtures cannot be set up: start it with `tallystick demo`, or `tallystick serve --sandbox`"
        );
    }
    let status = answer.status();
    let text = answer.text().await?;
    ensure!(status.is_success(), "the sandbox refused: {text}");
    serde_json::from_str(&text).context("the sandbox's answer")
}

impl Step {
    fn parse<'a>(
        first: &str,
        lines: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>,
    ) -> Result<Self> {
        let (method, path) = first.split_once(' ').context("a request is METHOD PATH")?;
        let mut step = Self {
            method: method.parse().context("the method")?,
            path: path.trim().to_owned(),
            headers: Vec::new(),
            body: String::new(),
            expected: Vec::new(),
            keep: Vec::new(),
        };
        while let Some(line) = lines.next_if(|l| !l.is_empty() && !l.starts_with("=>")) {
            let (name, value) = line.split_once(':').context("a header is NAME: VALUE")?;
            step.headers
                .push((name.trim().to_owned(), value.trim().to_owned()));
        }
        let mut body = Vec::new();
        while let Some(line) = lines.next_if(|l| !l.starts_with("=>")) {
            body.push(line);
        }
        step.body = body.join("\n").trim().to_owned();
        while let Some(line) = lines.next_if(|l| l.starts_with("=>") || l.starts_with("# keep:")) {
            if let Some(expected) = line.strip_prefix("=>") {
                step.expected.push(Expected::parse(expected)?);
            } else if let Some(keep) = line.strip_prefix("# keep:") {
                let (name, path) = keep.split_once('=').context("keep is NAME = PATH")?;
                step.keep
                    .push((name.trim().to_owned(), path.trim().to_owned()));
            }
        }
        ensure!(
            !step.expected.is_empty(),
            "nothing is expected of the answer"
        );
        Ok(step)
    }

    async fn send(
        &self,
        client: &reqwest::Client,
        base_url: &str,
        variables: &HashMap<String, String>,
    ) -> Result<Exchange> {
        let path = fill(&self.path, variables)?;
        let body = fill(&self.body, variables)?;
        let mut request = client.request(self.method.clone(), format!("{base_url}{path}"));
        let mut shown = format!("{} {path}\n", self.method);
        for (name, value) in &self.headers {
            let value = fill(value, variables)?;
            shown.push_str(&format!("{name}: {value}\n"));
            request = request.header(name, value);
        }
        if !body.is_empty() {
            shown.push_str(&format!("\n{body}\n"));
            // Forms of several parts have lines of their own kind.
            let body = match self.is_multipart() {
                true => body.replace('\n', "\r\n") + "\r\n",
                false => body,
            };
            request = request.body(body);
        }
        let response = request.send().await?;
        Ok(Exchange {
            request: shown,
            status: response.status().as_u16(),
            response: response.text().await?,
        })
    }

    fn is_multipart(&self) -> bool {
        self.headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("content-type") && value.starts_with("multipart/")
        })
    }

    fn check(&self, status: u16, body: &Value) -> Option<String> {
        self.expected
            .iter()
            .find(|expected| !expected.holds(status, body))
            .map(|expected| format!("expected {expected}, got {status} {body}"))
    }
}

impl Expected {
    fn parse(text: &str) -> Result<Self> {
        let (top, field) = match text.split_once('>') {
            Some((top, field)) => (top, Some(field)),
            None => (text, None),
        };
        let mut words = top.split_whitespace();
        let status = words
            .next()
            .context("an expectation begins with a status")?;
        let field = match field.map(|f| f.split_whitespace().collect::<Vec<_>>()) {
            None => None,
            Some(words) => match words.as_slice() {
                [code, "-"] => Some(((*code).to_owned(), None)),
                [code, property] => Some(((*code).to_owned(), Some((*property).to_owned()))),
                _ => bail!("a field's expectation is > CODE PROPERTY"),
            },
        };
        Ok(Self {
            status: status.parse().context("the status")?,
            code: words.next().map(str::to_owned),
            field,
        })
    }

    fn holds(&self, status: u16, body: &Value) -> bool {
        let code = self.code.as_deref();
        let field = self.field.as_ref().is_none_or(|(code, property)| {
            failed_fields(body).any(|field| field == (code, property.as_deref()))
        });
        status == self.status && (code.is_none() || code == code_of(body).as_deref()) && field
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {}",
            self.status,
            self.code.as_deref().unwrap_or_default()
        )?;
        if let Some((code, property)) = &self.field {
            write!(f, " > {code} {}", property.as_deref().unwrap_or("-"))?;
        }
        Ok(())
    }
}

/// The code of an answer, whichever face gave it.
fn code_of(body: &Value) -> Option<String> {
    codes_of(body).next()
}

/// Every code that stands for the whole answer, the most telling first.
fn codes_of(body: &Value) -> impl Iterator<Item = String> {
    let places = [
        &body["result_code"],
        &body["error"]["code"],
        &body["error_code"],
        &body["code"],
    ];
    places.into_iter().filter_map(|code| match code {
        Value::String(code) => Some(code.clone()),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    })
}

/// The code and the name of every field that an answer finds fault with, whichever face gave it.
fn failed_fields(body: &Value) -> impl Iterator<Item = (&str, Option<&str>)> {
    [
        (
            &body["validation_failed_responses"],
            "result_code",
            "property_name",
        ),
        (&body["error"]["details"], "code", "path"),
    ]
    .into_iter()
    .flat_map(|(items, code, name)| {
        let items = items.as_array().into_iter().flatten();
        items.filter_map(move |item| Some((item[code].as_str()?, item[name].as_str())))
    })
}

fn fill(text: &str, variables: &HashMap<String, String>) -> Result<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").context("`{{` without `}}`")?;
        let value = variables.get(name.trim());
        filled.push_str(before);
        filled.push_str(value.with_context(|| format!("there is no variable `{name}`"))?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// The text at a path such as `value[0].order_id`.
fn at(body: &Value, path: &str) -> Option<String> {
    let pointer: String = path
        .split(['.', '['])
        .map(|part| format!("/{}", part.trim_end_matches(']')))
        .collect();
    match body.pointer(&pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_with_a_scenario_parses() {
        for entry in catalogue::entries() {
            if let Some(text) = entry.page().scenario {
                Scenario::parse(text).unwrap_or_else(|e| panic!("{}: {e:#}", entry.path()));
            }
        }
    }

    #[test]
    fn an_expectation_that_does_not_hold_is_noticed() {
        let expected =
            Expected::parse(" 400 data_validation_failed > field_is_required link").unwrap();
        let body = |property: &str| {
            serde_json::json!({"result_code": "data_validation_failed", "validation_failed_responses":
                [{"result_code": "field_is_required", "property_name": property}]})
        };
        assert!(expected.holds(400, &body("link")));
        assert!(!expected.holds(400, &body("username")));
        assert!(!expected.holds(422, &body("link")));
        assert!(!expected.holds(400, &Value::Null));
    }

    #[test]
    fn answers_of_both_faces_are_read() {
        let expected = Expected::parse(" 422 validation_error > invalid_type email").unwrap();
        let issue = catalogue::recur::Issue::at("email", catalogue::recur::Problem::InvalidEmail);
        let error = catalogue::RecurError::ValidationError {
            issues: vec![issue],
        };
        let (status, body) = error.respond(kernel::Locale::En, "");
        let body = serde_json::to_value(body).unwrap();
        assert!(expected.holds(status, &body));
        let other = Expected::parse("422 validation_error > invalid_type name").unwrap();
        assert!(!other.holds(status, &body));
        assert!(!expected.holds(status, &serde_json::json!({ "error": "text" })));

        let run = |response: String| Run {
            exchanges: vec![Exchange {
                request: String::new(),
                status,
                response,
            }],
            failure: None,
        };
        assert!(run(body.to_string()).emitted("validation_error"));
        assert!(!run(body.to_string()).emitted("bad_request"));
        assert!(!run("no JSON".into()).emitted("validation_error"));
    }
}
