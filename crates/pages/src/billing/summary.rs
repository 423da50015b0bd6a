//! What is bought, and what it costs now and later.

use super::text;
use super::words::{Summary as SummaryWords, Words};
use askama::Template;
use billing::model::Purpose;
use billing::model::discount::{Effect, Repeat};
use billing::repo::{Checkout, Product};
use kernel::{Locale, Timestamp};
use std::time::Duration;

/// The order summary.
#[derive(Template)]
#[template(path = "billing/summary.html")]
pub struct Summary {
    words: &'static SummaryWords,
    product: String,
    description: Option<String>,
    /// The price, with the length of a period.
    price: String,
    trial: Option<String>,
    subtotal: String,
    code: Option<Code>,
    total_label: &'static str,
    pub total: String,
    notes: Vec<String>,
    takes_codes: bool,
}

/// A code that was entered.
struct Code {
    code: String,
    off: Option<String>,
}

impl Summary {
    /// Of a checkout of `product` at `now`.
    pub fn new(locale: Locale, checkout: &Checkout, product: &Product, now: Timestamp) -> Self {
        let words = &Words::of(locale).summary;
        let is_subscription = checkout.purpose == Purpose::Subscription;
        let interval = product.interval().filter(|_| is_subscription);
        let applied = checkout.coupon.0.as_ref().map(|applied| &applied.terms);
        let own_trial = product.trial_days.unwrap_or(0);
        let trial = match applied {
            _ if !is_subscription => 0,
            Some(terms) => terms.trial_days(own_trial),
            None => own_trial,
        };
        let verifies = checkout.charged != checkout.amount();
        let price = text::money(checkout.price);
        let mut notes = Vec::new();
        if checkout.purpose == Purpose::Setup {
            notes.push(words.setup.to_owned());
        }
        if let Some(interval) = interval {
            let every = text::period(&words.every, interval);
            if trial > 0 {
                let end = now.plus(Duration::from_secs(u64::from(trial) * 24 * 3600));
                notes.push((words.after_trial)(&text::day(end, locale), &price, &every));
            }
            match applied.filter(|_| checkout.amount_off > 0) {
                Some(terms) => notes.push(match (terms.effect, terms.duration) {
                    (Effect::FirstPeriodPrice(first), _) => {
                        (words.first_period)(&text::money(first), &price, &every)
                    }
                    (_, Repeat::Once) => (words.first_only)(&price, &every),
                    (_, Repeat::Repeating(periods)) => {
                        (words.first_periods)(periods, &price, &every)
                    }
                    (_, Repeat::Forever) => words.all_periods.to_owned(),
                }),
                None if trial == 0 => notes.push((words.renews)(&price, &every)),
                None => {}
            }
            if let Some(days) = applied.and_then(|terms| terms.bonus_trial_days) {
                notes.push((words.bonus_days)(days));
            }
            if let Some(months) = applied.and_then(|terms| terms.bonus_months) {
                notes.push((words.bonus_months)(months));
            }
        }
        if verifies {
            notes.push((words.verification)(&text::money(checkout.charged)));
        }
        Self {
            product: product.name.clone(),
            description: product
                .description
                .clone()
                .filter(|text| !text.trim().is_empty()),
            price: match interval {
                Some(interval) => format!("{price} {}", text::period(&words.per, interval)),
                None => price.clone(),
            },
            trial: (trial > 0).then(|| (words.trial)(trial)),
            subtotal: price,
            code: applied.map(|terms| Code {
                code: terms
                    .promotion_code
                    .clone()
                    .unwrap_or_else(|| terms.name.clone()),
                off: (checkout.amount_off > 0).then(|| text::money(-checkout.amount_off)),
            }),
            total_label: if verifies {
                words.due_today
            } else {
                words.total
            },
            // What only verifies the card is given back.
            total: text::money(if verifies { 0 } else { checkout.charged }),
            notes,
            takes_codes: checkout.purpose != Purpose::Setup,
            words,
        }
    }
}
