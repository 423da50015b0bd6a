//! The parameters of a method. What is wrong with them is collected: [`Params::finish`] tells all of it.

use crate::Result;
use catalogue::openapi_v2::{Issue, JsonType, Problem};
use kernel::Timestamp;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Ids are whole numbers from 1 to here: JavaScript's numbers hold no larger ones.
pub const LARGEST_ID: i64 = (1 << 53) - 1;

/// Deepest nesting of a body.
const DEEPEST: usize = 32;

/// The parameters of a method. Names that nobody asks for are tolerated. `null` is like absence.
#[derive(Debug, Default)]
pub struct Params {
    map: Map<String, Value>,
    path: String,
    issues: Vec<Issue>,
}

impl Params {
    /// Reads a body: a JSON object, or nothing.
    pub fn of_body(body: &[u8]) -> Result<Self> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        let refuse = |problem| Err(crate::Error::at("body", problem));
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) if map.values().all(|value| is_shallow(value, DEEPEST)) => {
                Ok(Self::of(map))
            }
            Ok(Value::Object(_)) => refuse(Problem::Malformed),
            Ok(_) => refuse(Problem::InvalidType {
                expected: JsonType::Object,
            }),
            Err(_) => refuse(Problem::NotJson),
        }
    }

    /// The members of an object.
    pub fn of(map: Map<String, Value>) -> Self {
        Self {
            map,
            ..Self::default()
        }
    }

    /// The path of a parameter.
    pub fn path(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Notes what is wrong with a parameter.
    pub fn issue(&mut self, name: &str, problem: Problem) {
        let path = self.path(name);
        self.issues.push(Issue::at(path, problem));
    }

    /// Ends the reading: everything that is wrong, or nothing.
    pub fn finish(self) -> Result<()> {
        if self.issues.is_empty() {
            Ok(())
        } else {
            Err(self.issues.into())
        }
    }

    /// Takes what is wrong out, to be told with what is wrong elsewhere.
    pub fn take_issues(&mut self) -> Vec<Issue> {
        std::mem::take(&mut self.issues)
    }

    /// Whether the parameter is there.
    pub fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    /// The value as it is.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// The value, taken out; `null` when there is none.
    pub fn take(&mut self, name: &str) -> Value {
        self.map.get_mut(name).map(Value::take).unwrap_or_default()
    }

    fn typed<T>(
        &mut self,
        name: &str,
        expected: JsonType,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(name)?;
        let read = read(value);
        if read.is_none() {
            self.issue(name, Problem::InvalidType { expected });
        }
        read
    }

    fn required<T>(&mut self, name: &str, value: Option<T>) -> Option<T> {
        if value.is_none() && !self.has(name) {
            self.issue(name, Problem::Required);
        }
        value
    }

    /// A whole number from `min` to `max`.
    pub fn integer(&mut self, name: &str, min: i64, max: i64) -> Option<i64> {
        let value = self.typed(name, JsonType::Integer, integer)?;
        if (min..=max).contains(&value) {
            return Some(value);
        }
        self.issue(name, Problem::OutOfRange { min, max });
        None
    }

    /// An id.
    pub fn id(&mut self, name: &str) -> Option<i64> {
        self.integer(name, 1, LARGEST_ID)
    }

    /// An id that must be there; 0 when it is not, which [`Self::finish`] tells.
    pub fn required_id(&mut self, name: &str) -> i64 {
        let id = self.id(name);
        self.required(name, id).unwrap_or_default()
    }

    /// An id, or 0 for none: what takes a reference away.
    pub fn id_or_none(&mut self, name: &str) -> Option<Option<i64>> {
        let id = self.integer(name, 0, LARGEST_ID)?;
        Some((id != 0).then_some(id))
    }

    /// A time, or 0 for none: what takes a time away.
    pub fn time_or_none(&mut self, name: &str) -> Option<Option<Timestamp>> {
        if self.value(name).and_then(Value::as_i64) == Some(0) {
            return Some(None);
        }
        self.time(name).map(Some)
    }

    /// A text of at most `max` characters, without the blanks around it.
    pub fn text(&mut self, name: &str, max: i64) -> Option<String> {
        let text = self.typed(name, JsonType::Text, |value| {
            value.as_str().map(|text| text.trim().to_owned())
        })?;
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        if length > max || text.contains('\0') {
            self.issue(name, Problem::Length { min: 0, max });
            return None;
        }
        Some(text)
    }

    /// A text of 1 to `max` characters that must be there; empty when it is not, which [`Self::finish`] tells.
    pub fn required_text(&mut self, name: &str, max: i64) -> String {
        let text = self.text(name, max);
        let text = self.required(name, text);
        if text.as_ref().is_some_and(String::is_empty) {
            self.issue(name, Problem::Length { min: 1, max });
        }
        text.unwrap_or_default()
    }

    /// `true` or `false`, or 1 or 0.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        self.typed(name, JsonType::Boolean, |value| match value {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) => match number.as_i64() {
                Some(0) => Some(false),
                Some(1) => Some(true),
                _ => None,
            },
            _ => None,
        })
    }

    /// A finite number.
    pub fn number(&mut self, name: &str) -> Option<f64> {
        self.typed(name, JsonType::Number, |value| {
            value.as_f64().filter(|number| number.is_finite())
        })
    }

    /// One of some words.
    pub fn one_of(&mut self, name: &str, allowed: &[&'static str]) -> Option<&'static str> {
        let text = self.typed(name, JsonType::Text, |value| {
            value.as_str().map(str::to_owned)
        })?;
        let found = allowed.iter().find(|word| **word == text).copied();
        if found.is_none() {
            let allowed = allowed.to_vec();
            self.issue(name, Problem::NotOneOf { allowed });
        }
        found
    }

    /// A time: unix seconds, as a number or a text, or ISO 8601; without an offset it is at +08:00.
    pub fn time(&mut self, name: &str) -> Option<Timestamp> {
        let time = time(self.value(name)?);
        if time.is_none() {
            self.issue(name, Problem::InvalidTime);
        }
        time
    }

    /// The parameters of a nested object.
    pub fn object(&mut self, name: &str) -> Option<Self> {
        let map = self.typed(name, JsonType::Object, |value| value.as_object().cloned())?;
        Some(Self {
            map,
            path: self.path(name),
            issues: Vec::new(),
        })
    }

    /// Takes over what is wrong with a nested object.
    pub fn absorb(&mut self, mut nested: Self) {
        self.issues.append(&mut nested.issues);
    }

    /// The items of a list of at most `max`, taken out of it.
    pub fn list(&mut self, name: &str, max: usize) -> Option<Vec<Value>> {
        let length = self.typed(name, JsonType::List, |value| value.as_array().map(Vec::len))?;
        if length > max {
            let max = i64::try_from(max).unwrap_or(i64::MAX);
            self.issue(name, Problem::TooMany { max });
            return None;
        }
        let list = self.map.get_mut(name)?.as_array_mut()?;
        Some(std::mem::take(list))
    }

    /// The items of a list of objects, each with its path.
    pub fn objects(&mut self, name: &str, max: usize) -> Option<Vec<Self>> {
        let list = self.list(name, max)?;
        let mut objects = Vec::with_capacity(list.len());
        for (index, item) in list.into_iter().enumerate() {
            let path = format!("{}[{index}]", self.path(name));
            match item {
                Value::Object(map) => objects.push(Self {
                    map,
                    path,
                    issues: Vec::new(),
                }),
                _ => self.issues.push(Issue::at(
                    path,
                    Problem::InvalidType {
                        expected: JsonType::Object,
                    },
                )),
            }
        }
        Some(objects)
    }

    /// The items of a list of texts, each of 1 to `longest` characters.
    pub fn texts(&mut self, name: &str, max: usize, longest: i64) -> Option<Vec<String>> {
        let list = self.list(name, max)?;
        let members = list.into_iter().enumerate();
        let mut items = Self {
            map: members
                .map(|(index, item)| (format!("{name}[{index}]"), item))
                .collect(),
            path: self.path.clone(),
            issues: Vec::new(),
        };
        let texts = (0..items.map.len())
            .map(|index| items.required_text(&format!("{name}[{index}]"), longest))
            .collect();
        self.absorb(items);
        Some(texts)
    }

    /// The items of a list of ids.
    pub fn ids(&mut self, name: &str, max: usize) -> Option<Vec<i64>> {
        let list = self.list(name, max)?;
        let mut ids = Vec::with_capacity(list.len());
        for (index, item) in list.iter().enumerate() {
            match integer(item) {
                Some(id) if (1..=LARGEST_ID).contains(&id) => ids.push(id),
                _ => self.issues.push(Issue::at(
                    Cow::Owned(format!("{}[{index}]", self.path(name))),
                    Problem::InvalidType {
                        expected: JsonType::Integer,
                    },
                )),
            }
        }
        Some(ids)
    }
}

/// A whole number, also one written `3.0`.
fn integer(value: &Value) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked to be whole and in range"
    )]
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
    })
}

fn time(value: &Value) -> Option<Timestamp> {
    let seconds = |seconds: i64| {
        (0..=253_402_300_799)
            .contains(&seconds)
            .then(|| Timestamp::from_micros(seconds * 1_000_000))
    };
    match value {
        Value::Number(number) => seconds(number.as_i64()?),
        Value::String(text) => {
            let text = text.trim();
            if let Ok(number) = text.parse() {
                return seconds(number);
            }
            let spaced = text.replacen(' ', "T", 1);
            let whole = match spaced.len() {
                10 => format!("{spaced}T00:00:00+08:00"),
                16 => format!("{spaced}:00+08:00"),
                19 => format!("{spaced}+08:00"),
                _ => spaced,
            };
            whole.parse().ok()
        }
        _ => None,
    }
}

fn is_shallow(value: &Value, left: usize) -> bool {
    match value {
        Value::Array(items) => left > 0 && items.iter().all(|item| is_shallow(item, left - 1)),
        Value::Object(map) => left > 0 && map.values().all(|item| is_shallow(item, left - 1)),
        _ => true,
    }
}
