//! From the query string of a URL to the values of the four options.

use super::{limits, text};

/// The options as the client gave them, decoded, with the numbers checked.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) filter: Option<String>,
    pub(super) orderby: Option<String>,
    pub(super) skip: i64,
    pub(super) top: i64,
}

/// Options of the standard this server does not offer, with the name their
/// refusal is worded with.
const REFUSED: [(&str, &str); 10] = [
    ("$select", "Select"),
    ("$expand", "Expand"),
    ("$count", "Count"),
    ("$search", "Search"),
    ("$apply", "Apply"),
    ("$format", "Format"),
    ("$compute", "Compute"),
    ("$skiptoken", "SkipToken"),
    ("$deltatoken", "DeltaToken"),
    ("$index", "Index"),
];

const OFFERED: [&str; 4] = ["$filter", "$orderby", "$skip", "$top"];

/// Reads a query string. Parameters that do not start with `$` are ignored.
pub(super) fn read(raw_query: &str) -> Result<Options, String> {
    let [filter, orderby, skip, top] = collect(raw_query)?;
    Ok(Options {
        filter,
        orderby,
        skip: skip.map_or(Ok(0), |value| read_skip(&value))?,
        top: top.map_or(Ok(limits::TOP), |value| read_top(&value))?,
    })
}

/// The values in the order of [`OFFERED`].
fn collect(raw_query: &str) -> Result<[Option<String>; 4], String> {
    let mut values = [const { None }; 4];
    for pair in raw_query.split('&') {
        let (raw_name, raw_value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(raw_name).ok_or(text::BAD_OPTION_NAME)?;
        if name.starts_with('$') {
            let slot = &mut values[offered(&name)?];
            if slot.is_some() {
                return Err(text::option_repeated(&name));
            }
            *slot = Some(read_value(&name, raw_value)?);
        }
    }
    Ok(values)
}

/// Where [`OFFERED`] has this option.
fn offered(name: &str) -> Result<usize, String> {
    if let Some(index) = OFFERED.iter().position(|offered| *offered == name) {
        return Ok(index);
    }
    let refused = REFUSED.iter().find(|(refused, _)| *refused == name);
    Err(refused.map_or_else(
        || text::option_unknown(name),
        |(_, kind)| text::option_refused(kind),
    ))
}

fn read_value(name: &str, raw: &str) -> Result<String, String> {
    let value = decode(raw)
        .filter(|value| !value.contains('\0'))
        .ok_or_else(|| text::option_not_text(name))?;
    if value.len() > limits::OPTION_BYTES {
        return Err(text::option_too_long(name));
    }
    if value.trim().is_empty() {
        return Err(text::option_empty(name));
    }
    Ok(value)
}

fn read_skip(value: &str) -> Result<i64, String> {
    count(value).ok_or_else(|| text::not_a_count(value, "$skip"))
}

fn read_top(value: &str) -> Result<i64, String> {
    let top = count(value)
        .filter(|top| *top > 0)
        .ok_or_else(|| text::not_a_count(value, "$top"))?;
    if top > limits::TOP {
        return Err(text::top_too_large(top));
    }
    Ok(top)
}

/// A whole number from 0 to the largest 32-bit one.
fn count(value: &str) -> Option<i64> {
    let digits = value.trim();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|count| *count <= limits::SKIP)
}

/// Undoes the percent-encoding; a plus sign stands for a space.
pub(super) fn decode(raw: &str) -> Option<String> {
    let mut bytes = raw.bytes();
    let mut decoded = Vec::with_capacity(raw.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => 16 * hex_digit(bytes.next()?)? + hex_digit(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}
