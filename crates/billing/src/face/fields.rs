//! Reading the fields of a body or a query, in either casing, collecting everything that is wrong.
//!
//! What is absent is `bad_request`, what is there and wrong `validation_error`; the former is said first.

use crate::events;
use catalogue::RecurError;
use catalogue::recur::{BadRequest, Expected, Issue, Problem};
use kernel::Timestamp;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// Longest text, in characters, of a field that says nothing else.
const LONGEST_TEXT: usize = 500;
/// Longest address.
const LONGEST_URL: usize = 2048;
/// Most characters of an object that merchants fill as they like.
const LARGEST_OBJECT: usize = 10_000;

/// The fields of one request.
#[derive(Debug, Default)]
pub struct Fields {
    values: HashMap<String, Value>,
    /// Those that are said to be nothing.
    nulls: HashSet<String>,
    /// As the client spelled them.
    spelled: HashMap<String, String>,
    camel: bool,
    missing: Vec<String>,
    issues: Vec<Issue>,
}

impl Fields {
    /// The fields of a JSON object.
    pub fn of_body(object: Map<String, Value>) -> Self {
        // Without a field that shows it, the spelling of the browser SDK is assumed.
        let snake = object.keys().any(|name| name.contains('_'));
        let mut fields = Self {
            camel: !snake,
            ..Self::default()
        };
        for (name, value) in object {
            fields.insert(name, value);
        }
        fields
    }

    /// The fields of a query.
    pub fn of_query(query: &str) -> Self {
        let mut fields = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            fields.insert(name.into_owned(), Value::String(value.into_owned()));
        }
        fields
    }

    fn insert(&mut self, name: String, value: Value) {
        let snake = snake_case(&name);
        if value.is_null() {
            self.nulls.insert(snake);
            return;
        }
        self.values.insert(snake.clone(), value);
        self.spelled.insert(snake, name);
    }

    /// The name of a field as this client spells it.
    fn name(&self, name: &str) -> String {
        match self.spelled.get(name) {
            Some(spelled) => spelled.clone(),
            None if self.camel => camel_case(name),
            None => name.to_owned(),
        }
    }

    /// Whether a field is there.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A field that may be said to be nothing: `Some(None)`.
    pub fn nullable<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self, &str) -> Option<T>,
    ) -> Option<Option<T>> {
        if self.nulls.contains(name) {
            return Some(None);
        }
        read(self, name).map(Some)
    }

    /// Says that a field is missing.
    pub fn missing(&mut self, name: &str) {
        let name = self.name(name);
        self.missing.push(name);
    }

    /// Says what is wrong with a field.
    pub fn wrong(&mut self, name: &str, problem: Problem) {
        let path = self.name(name);
        self.issues.push(Issue { path, problem });
    }

    /// Ends the reading: everything that is missing, or else everything that is wrong.
    pub fn finish(&mut self) -> Result<(), RecurError> {
        if !self.missing.is_empty() {
            let reason = BadRequest::MissingFields(std::mem::take(&mut self.missing));
            return Err(RecurError::BadRequest { reason });
        }
        if !self.issues.is_empty() {
            return Err(RecurError::ValidationError {
                issues: std::mem::take(&mut self.issues),
            });
        }
        Ok(())
    }

    /// Trimmed text of at most so many characters; blank is absent.
    pub fn text_within(&mut self, name: &str, longest: usize) -> Option<String> {
        let text = match self.values.get(name)? {
            Value::String(text) => text.trim().to_owned(),
            _ => {
                self.wrong(
                    name,
                    Problem::InvalidType {
                        expected: Expected::Text,
                    },
                );
                return None;
            }
        };
        if text.is_empty() {
            return None;
        }
        if text.chars().count() > longest {
            let max = i64::try_from(longest).unwrap_or(i64::MAX);
            self.wrong(name, Problem::TooLong { max });
            return None;
        }
        if text.chars().any(char::is_control) {
            self.wrong(name, Problem::InvalidCharacters);
            return None;
        }
        Some(text)
    }

    /// Trimmed text.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.text_within(name, LONGEST_TEXT)
    }

    /// Text that must be there.
    pub fn required_text(&mut self, name: &str) -> String {
        let wrong = self.issues.len();
        let text = self.text(name);
        if text.is_none() && self.issues.len() == wrong {
            self.missing(name);
        }
        text.unwrap_or_default()
    }

    /// An email address.
    pub fn email(&mut self, name: &str) -> Option<String> {
        let text = self.text_within(name, 254)?;
        if email_address::EmailAddress::parse_with_options(&text, email_options()).is_ok() {
            return Some(text);
        }
        self.wrong(name, Problem::InvalidEmail);
        None
    }

    /// An absolute address, http or https.
    pub fn url(&mut self, name: &str) -> Option<String> {
        let text = self.text_within(name, LONGEST_URL)?;
        let usable = reqwest::Url::parse(&text.replace("{CHECKOUT_SESSION_ID}", "id"))
            .is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
        if usable {
            return Some(text);
        }
        self.wrong(name, Problem::InvalidUrl);
        None
    }

    /// A whole number within bounds.
    pub fn integer(&mut self, name: &str, min: i64, max: i64) -> Option<i64> {
        let number = match self.values.get(name)? {
            Value::Number(number) => number.as_i64(),
            // A query has only text.
            Value::String(text) if !text.is_empty() => text.parse().ok(),
            _ => None,
        };
        let Some(number) = number else {
            self.wrong(
                name,
                Problem::InvalidType {
                    expected: Expected::Integer,
                },
            );
            return None;
        };
        if number < min {
            self.wrong(name, Problem::TooSmall { min });
            return None;
        }
        if number > max {
            self.wrong(name, Problem::TooBig { max });
            return None;
        }
        Some(number)
    }

    /// A whole number within bounds that must be there.
    pub fn required_integer(&mut self, name: &str, min: i64, max: i64) -> i64 {
        if !self.has(name) {
            self.missing(name);
        }
        self.integer(name, min, max).unwrap_or(min)
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        match self.values.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text == "true" || text == "1" => Some(true),
            Value::String(text) if text == "false" || text == "0" => Some(false),
            _ => {
                self.wrong(
                    name,
                    Problem::InvalidType {
                        expected: Expected::Boolean,
                    },
                );
                None
            }
        }
    }

    /// One of some names, in any case.
    pub fn choice<T>(
        &mut self,
        name: &str,
        names: &'static [&'static str],
        of: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name)?;
        let chosen = of(&text)
            .or_else(|| of(&text.to_uppercase()))
            .or_else(|| of(&text.to_lowercase()));
        if chosen.is_none() {
            self.wrong(
                name,
                Problem::InvalidEnum {
                    allowed: names.to_vec(),
                },
            );
        }
        chosen
    }

    /// An object that the merchant fills as it likes.
    pub fn object(&mut self, name: &str) -> Option<Map<String, Value>> {
        match self.values.get(name)? {
            Value::Object(object) => {
                let object = object.clone();
                if serde_json::to_string(&object).map_or(0, |text| text.len()) > LARGEST_OBJECT {
                    let max = i64::try_from(LARGEST_OBJECT).unwrap_or(i64::MAX);
                    self.wrong(name, Problem::TooLong { max });
                    return None;
                }
                Some(object)
            }
            _ => {
                self.wrong(
                    name,
                    Problem::InvalidType {
                        expected: Expected::Object,
                    },
                );
                None
            }
        }
    }

    /// A list of texts, at most so many.
    pub fn texts(&mut self, name: &str, most: usize) -> Option<Vec<String>> {
        let texts = match self.values.get(name)? {
            Value::Array(items) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>(),
            _ => None,
        };
        match texts {
            Some(texts) if texts.len() <= most => Some(texts),
            Some(_) => {
                let max = i64::try_from(most).unwrap_or(i64::MAX);
                self.wrong(name, Problem::TooBig { max });
                None
            }
            None => {
                self.wrong(
                    name,
                    Problem::InvalidType {
                        expected: Expected::List,
                    },
                );
                None
            }
        }
    }

    /// A list of whole numbers within bounds, at most so many.
    pub fn integers(&mut self, name: &str, most: usize, min: i64, max: i64) -> Option<Vec<i64>> {
        let numbers = match self.values.get(name)? {
            Value::Array(items) if items.len() <= most => {
                items.iter().map(Value::as_i64).collect::<Option<Vec<_>>>()
            }
            _ => None,
        };
        let Some(numbers) = numbers else {
            self.wrong(
                name,
                Problem::InvalidType {
                    expected: Expected::List,
                },
            );
            return None;
        };
        if let Some(problem) = numbers.iter().find_map(|number| match number {
            number if *number < min => Some(Problem::TooSmall { min }),
            number if *number > max => Some(Problem::TooBig { max }),
            _ => None,
        }) {
            self.wrong(name, problem);
            return None;
        }
        Some(numbers)
    }

    /// An ISO 8601 date-time.
    pub fn date(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?;
        match text.parse() {
            Ok(time) => Some(time),
            Err(_) => {
                self.wrong(name, Problem::InvalidDate);
                None
            }
        }
    }
}

fn email_options() -> email_address::Options {
    email_address::Options::default()
        .with_required_tld()
        .without_domain_literal()
        .without_display_text()
}

/// `successUrl` is `success_url`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for (index, character) in name.chars().enumerate() {
        if character.is_ascii_uppercase() {
            if index > 0 {
                snake.push('_');
            }
            snake.push(character.to_ascii_lowercase());
        } else {
            snake.push(character);
        }
    }
    snake
}

/// `success_url` is `successUrl`.
fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for character in name.chars() {
        if character == '_' {
            upper = true;
        } else if upper {
            camel.push(character.to_ascii_uppercase());
            upper = false;
        } else {
            camel.push(character);
        }
    }
    camel
}

/// How a list is paged: `limit` and `starting_after`.
#[derive(Clone, Debug)]
pub struct PageOf {
    /// How many.
    pub limit: i64,
    /// The last id of the page before, or ''.
    pub after: String,
}

impl Fields {
    /// The page that is asked for.
    pub fn page(&mut self) -> PageOf {
        PageOf {
            limit: self.integer("limit", 1, 100).unwrap_or(10),
            after: self.text_within("starting_after", 64).unwrap_or_default(),
        }
    }
}

/// A page of a list, as the contract wraps it. `items` may hold one more than asked for: it shows that there are more.
pub fn page_of<T>(
    page: &PageOf,
    mut items: Vec<T>,
    object: impl Fn(&T) -> Value,
    livemode: bool,
) -> Map<String, Value> {
    let limit = usize::try_from(page.limit).unwrap_or(10);
    let has_more = items.len() > limit;
    items.truncate(limit);
    let data: Vec<Value> = items.iter().map(object).collect();
    let next = data
        .last()
        .filter(|_| has_more)
        .and_then(|last| last.get("id").cloned());
    let mut list = Map::new();
    list.insert("object".into(), "list".into());
    list.insert("data".into(), data.into());
    list.insert("has_more".into(), has_more.into());
    list.insert("next_cursor".into(), next.unwrap_or(Value::Null));
    list.insert("livemode".into(), livemode.into());
    list
}

/// The time, as the contract writes it.
pub fn time(at: Timestamp) -> Value {
    events::instant(at).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(body: Value) -> Fields {
        match body {
            Value::Object(object) => Fields::of_body(object),
            _ => Fields::default(),
        }
    }

    #[test]
    fn both_casings_are_read_and_echoed() {
        let mut camel = fields(json!({"customerEmail": "nobody", "successUrl": "x"}));
        camel.email("customer_email");
        camel.url("success_url");
        let Err(RecurError::ValidationError { issues }) = camel.finish() else {
            panic!()
        };
        let paths: Vec<&str> = issues.iter().map(|issue| issue.path.as_str()).collect();
        assert_eq!(paths, ["customerEmail", "successUrl"]);

        let mut snake = fields(json!({"customer_email": "a@example.com"}));
        assert_eq!(snake.email("customer_email").unwrap(), "a@example.com");
        snake.required_text("product_id");
        let Err(RecurError::BadRequest {
            reason: BadRequest::MissingFields(missing),
        }) = snake.finish()
        else {
            panic!()
        };
        assert_eq!(missing, ["product_id"]);
    }

    #[test]
    fn what_is_missing_is_said_before_what_is_wrong() {
        let mut fields = fields(json!({"email": 7}));
        fields.email("email");
        fields.required_text("session_id");
        assert!(matches!(
            fields.finish(),
            Err(RecurError::BadRequest { .. })
        ));
        assert!(matches!(
            fields.finish(),
            Err(RecurError::ValidationError { .. })
        ));
    }
}
