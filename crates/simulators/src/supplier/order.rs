//! Orders: what the form of one must contain, and what is kept of it.

use super::form::Form;
use super::protocol::Refusal;
use super::{Service, ServiceKind};
use kernel::Timestamp;
use std::ops::RangeInclusive;
use std::time::Duration;

/// More units are never ordered at once, whatever the service says.
pub const MOST_UNITS: i64 = 1_000_000_000;
/// More runs, posts or minutes are not asked for.
pub const MOST_RUNS: i64 = 10_000_000;
const LONGEST_LINK: usize = 2048;

/// What is to be delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    pub service: i64,
    /// Link or, where there is none, user name.
    pub link: String,
    /// Units of each run or post.
    pub quantity: i64,
    /// Runs, or future posts.
    pub runs: i64,
    pub interval_minutes: i64,
    pub subscription: Option<Subscription>,
}

/// What only subscriptions have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscription {
    pub old_posts: i64,
    pub delay_minutes: i64,
    pub expires_at: Option<Timestamp>,
}

impl Task {
    pub fn total(&self) -> i64 {
        let posts = self.runs + self.subscription.map_or(0, |s| s.old_posts);
        self.quantity.saturating_mul(posts)
    }
}

/// What becomes of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Normal,
    /// Half is delivered.
    Partial,
    /// Canceled instead of started.
    Canceled,
    /// Never started.
    Never,
    /// The supplier knows nothing of it.
    Forgotten,
}

impl Fate {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Normal, "normal"),
        (Self::Partial, "partial"),
        (Self::Canceled, "canceled"),
        (Self::Never, "never"),
        (Self::Forgotten, "forgotten"),
    ];

    pub fn stored(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(fate, _)| *fate == self)
            .map_or("normal", |(_, text)| text)
    }

    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, stored)| *stored == text)
            .map(|(fate, _)| *fate)
    }
}

/// An order in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub number: i64,
    pub reference: Option<String>,
    pub task: Task,
    /// Price of 1000 units when it was ordered.
    pub rate: String,
    pub fate: Fate,
    pub created_at: Timestamp,
    pub stopped_at: Option<Timestamp>,
    pub times_received: i64,
    /// Whether the service can be refilled.
    pub refill: bool,
    /// Whether the service can be canceled.
    pub cancel: bool,
}

impl Order {
    #[cfg(test)]
    pub fn example() -> Self {
        Self {
            number: 1,
            reference: None,
            task: Task::default(),
            rate: "1".into(),
            fate: Fate::Normal,
            created_at: Timestamp::from_micros(0),
            stopped_at: None,
            times_received: 1,
            refill: false,
            cancel: false,
        }
    }
}

/// Reads the fields that an order for `service` has.
pub fn task(form: &Form, service: &Service, now: Timestamp) -> Result<Task, Refusal> {
    let mut task = Task {
        service: service.service,
        link: target(form, service.kind)?.to_owned(),
        runs: 1,
        ..Task::default()
    };
    match service.kind {
        ServiceKind::Default => {
            task.quantity = within_limits(form.get("quantity"), service)?;
            task.runs = optional(form, "runs", 1..=MOST_RUNS, Refusal::Runs)?.unwrap_or(1);
            if task.runs > 1 {
                if !service.dripfeed {
                    return Err(Refusal::Runs);
                }
                let interval = optional(form, "interval", 1..=MOST_RUNS, Refusal::Interval)?;
                task.interval_minutes = interval.ok_or(Refusal::Interval)?;
            }
        }
        ServiceKind::CommentLikes => {
            task.quantity = within_limits(form.get("quantity"), service)?;
            form.get("username").ok_or(Refusal::Username)?;
        }
        ServiceKind::CustomComments => {
            let comments = form.get("comments").ok_or(Refusal::Comment)?;
            let lines = comments.lines().filter(|line| !line.trim().is_empty());
            task.quantity = within_limits(Some(&lines.count().to_string()), service)?;
        }
        ServiceKind::Subscriptions => {
            let least = within_limits(form.get("min"), service)?;
            task.quantity = within_limits(form.get("max"), service)?;
            if least > task.quantity {
                return Err(Refusal::MinQuantity);
            }
            let posts = optional(form, "posts", 0..=MOST_RUNS, Refusal::Posts)?.unwrap_or(0);
            let old_posts = optional(form, "old_posts", 0..=MOST_RUNS, Refusal::Posts)?;
            let old_posts = old_posts.unwrap_or(0);
            // Without any number of posts, one is delivered.
            task.runs = if old_posts == 0 { posts.max(1) } else { posts };
            let delay = optional(form, "delay", 0..=MOST_RUNS, Refusal::Delay)?;
            let expires_at = form
                .get("expiry")
                .map(|text| end_of_day(text).filter(|end| *end > now))
                .map(|end| end.ok_or(Refusal::Expiry))
                .transpose()?;
            task.subscription = Some(Subscription {
                old_posts,
                delay_minutes: delay.ok_or(Refusal::Delay)?,
                expires_at,
            });
        }
    }
    Ok(task)
}

fn target(form: &Form, kind: ServiceKind) -> Result<&str, Refusal> {
    let (field, refusal) = match kind {
        ServiceKind::Subscriptions => ("username", Refusal::Username),
        _ => ("link", Refusal::Link),
    };
    form.get(field)
        .filter(|text| text.len() <= LONGEST_LINK && !text.chars().any(char::is_control))
        .ok_or(refusal)
}

/// A quantity. What is no number at all is as good as none.
fn within_limits(text: Option<&str>, service: &Service) -> Result<i64, Refusal> {
    let digits = text.filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    match digits.map(str::parse::<i64>) {
        None => Err(Refusal::MinQuantity),
        Some(Ok(quantity)) if quantity < service.min.max(1) => Err(Refusal::MinQuantity),
        Some(Ok(quantity)) if quantity <= service.max.min(MOST_UNITS) => Ok(quantity),
        Some(_) => Err(Refusal::MaxQuantity),
    }
}

fn optional(
    form: &Form,
    field: &str,
    range: RangeInclusive<i64>,
    refusal: Refusal,
) -> Result<Option<i64>, Refusal> {
    form.get(field)
        .map(|text| text.parse().ok().filter(|number| range.contains(number)))
        .map(|number| number.ok_or(refusal))
        .transpose()
}

/// The end of the day `d/m/Y` in Asia/Taipei.
fn end_of_day(text: &str) -> Option<Timestamp> {
    let mut parts = text.split('/');
    let mut part = |width: usize| {
        let text = parts.next()?;
        let digits = text.bytes().all(|b| b.is_ascii_digit()) && (1..=width).contains(&text.len());
        digits.then_some(text)
    };
    let (day, month, year) = (part(2)?, part(2)?, part(4)?);
    let start = format!("{year:0>4}-{month:0>2}-{day:0>2}T00:00:00+08:00");
    let start: Timestamp = start.parse().ok()?;
    parts
        .next()
        .is_none()
        .then(|| start.plus(Duration::from_secs(86_400)))
}

/// The price of `units` at `rate` for 1000, with five decimals. A rate that is no decimal number is 0.
pub fn charge(rate: &str, units: i64) -> String {
    let (whole, fraction) = rate.split_once('.').unwrap_or((rate, ""));
    let fraction: String = fraction.chars().chain("00000".chars()).take(5).collect();
    let rate: i128 = format!("{whole}{fraction}").parse().unwrap_or(0);
    let charge = rate.saturating_mul(units.into()) / 1000;
    format!("{}.{:05}", charge / 100_000, charge % 100_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_are_exact() {
        assert_eq!(charge("0.90", 1000), "0.90000");
        assert_eq!(charge("0.90", 157), "0.14130");
        assert_eq!(charge("12", 10), "0.12000");
        assert_eq!(charge("0.00001", 100_000), "0.00100");
        assert_eq!(charge("free", 100), "0.00000");
        assert_eq!(charge("", 100), "0.00000");
    }

    #[test]
    fn an_expiry_is_a_day_of_the_calendar() {
        let end: Timestamp = "2026-06-03T00:00:00+08:00".parse().unwrap();
        assert_eq!(end_of_day("02/06/2026"), Some(end));
        assert_eq!(end_of_day("2/6/2026"), Some(end));
        for bad in [
            "",
            "2026-06-02",
            "30/02/2026",
            "2/6/2026/1",
            "02/06/+026",
            "2/6",
            "a/b/c",
        ] {
            assert_eq!(end_of_day(bad), None, "{bad}");
        }
    }
}
