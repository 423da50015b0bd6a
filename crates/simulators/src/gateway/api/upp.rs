//! `upp`: a trade that the buyer pays on the gateway's own page.

use super::{Channel, Gateway, Order, binding, insert, new_trade, product};
use crate::gateway::protocol::{Failure, UPP, text};
use crate::gateway::trade::{Method, Trade};
use payuni::fields::Fields;
use std::time::Duration;

const DUPLICATE: u16 = 1007;
const MOST_SECONDS: u64 = 600;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// A number can be paid up to and including this time of its last day.
const LAST_SECOND: Duration = Duration::from_secs(24 * 3600 - 1);
/// Until when a number can be paid, unless the shop says so.
const NUMBER_DAYS: u32 = 7;

impl Gateway {
    /// Puts a trade for the hosted page in the books.
    pub(in crate::gateway) async fn upp(&self, inner: Fields) -> Result<Trade, Failure> {
        let any_amount = 1..=*Method::Card.amounts().end();
        let order = Order {
            mer_trade_no: UPP.mer_trade_no(&inner, (2002, 2003, 2004))?,
            amount: UPP.amount(&inner, (2005, 2006, 2007), any_amount)?,
            product: product(&inner).unwrap_or_default(),
            channel: Channel::HostedPage,
        };
        let methods = methods(&inner, order.amount);
        if methods.is_empty() {
            return Err(UPP.refuse(2022, "無可用支付工具").into());
        }
        let life = match text(&inner, "TradeLExpireSec").map(str::parse::<u64>) {
            None => MOST_SECONDS,
            Some(Err(_)) => return Err(UPP.refuse(2045, "交易有效秒數須為整數").into()),
            Some(Ok(seconds)) if (60..=MOST_SECONDS).contains(&seconds) => seconds,
            Some(Ok(_)) => return Err(UPP.refuse(2046, "交易有效秒數超出範圍").into()),
        };
        let around = self.circumstances();
        let number_expires_at = match text(&inner, "ExpireDate") {
            None => around
                .now
                .plus(DAY * NUMBER_DAYS)
                .day()
                .start()
                .plus(LAST_SECOND),
            Some(date) => format!("{date}T00:00:00+08:00")
                .parse::<kernel::Timestamp>()
                .map(|start| start.plus(LAST_SECOND))
                .ok()
                .filter(|end| *end > around.now)
                .ok_or_else(|| UPP.refuse(2042, "繳費期限錯誤"))?,
        };
        let wish = binding(&UPP, &inner, [2016, 2017, 2018, 2019, 2020])?;
        self.shared
            .db
            .write(move |tx| {
                let mut trade = new_trade(tx, &UPP, DUPLICATE, order.clone(), &inner, &around)?;
                trade.binding = wish.clone();
                trade.methods.clone_from(&methods);
                trade.expires_at = Some(around.now.plus(Duration::from_secs(life)));
                trade.number_expires_at = Some(number_expires_at);
                insert(tx, &UPP, DUPLICATE, &trade)?;
                Ok(trade)
            })
            .await
    }
}

/// The methods that the shop asks for (all if it names none) and that take the amount.
fn methods(inner: &Fields, amount: i64) -> Vec<Method> {
    let switches = [
        "Credit",
        "CreditInst",
        "CreditUnionPay",
        "ATM",
        "CVS",
        "ICash",
        "Aftee",
        "LinePay",
        "JKoPay",
        "ApplePay",
        "GooglePay",
        "SamsungPay",
    ];
    let on = |name: &str| text(inner, name).is_some_and(|value| value != "0");
    let all = !switches.iter().any(|name| on(name));
    [
        (
            Method::Card,
            on("Credit") || on("CreditInst") || on("CreditUnionPay"),
        ),
        (Method::Atm, on("ATM")),
        (Method::Cvs, on("CVS")),
    ]
    .into_iter()
    .filter(|(method, wanted)| (all || *wanted) && method.amounts().contains(&amount))
    .map(|(method, _)| method)
    .collect()
}
