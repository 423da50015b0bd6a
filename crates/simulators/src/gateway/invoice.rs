//! Invoices that come with payments, and the notices that tell of them. Who makes them is Amego; the shop sees
//! nothing of that.

use super::charge::Circumstances;
use super::protocol::{enveloped, text};
use super::repo;
use super::trade::{Trade, TradeStatus};
use crate::einvoice::{
    self as books, Around, Denied, Failure, Invoice, Line, Order, QR_CAPACITY, Receive, date_time,
};
use ::einvoice::provider::ProviderId;
use ::einvoice::rules::amount::{Amounts, Pricing};
use ::einvoice::rules::carrier::{CitizenCertificate, LoveCode, MobileBarcode};
use ::einvoice::rules::proof::QrKey;
use ::einvoice::rules::tax::{LineTax, TaxType};
use ::einvoice::rules::ubn::{SellerUbn, Ubn};
use kernel::Timestamp;
use payuni::envelope::Shop;
use payuni::fields::Fields;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx};

/// A shop whose payments come with invoices.
#[derive(Clone, Debug)]
pub struct GatewayInvoices {
    /// The seller on them.
    pub seller: SellerUbn,
    /// The seller's key for the QR codes.
    pub qr_key: QrKey,
    /// How many numbers there are in a period.
    pub numbers: u32,
}

/// What the payment asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    carrier_type: String,
    carrier_info: String,
    buyer_name: String,
    email: String,
}

impl Wish {
    /// A payment without `CarrierType` asks for none.
    pub fn of(inner: &Fields) -> Option<Self> {
        let optional = |name| text(inner, name).unwrap_or_default().to_owned();
        Some(Self {
            carrier_type: text(inner, "CarrierType")?.to_owned(),
            carrier_info: optional("CarrierInfo"),
            buyer_name: optional("InvBuyerName"),
            email: optional("UsrMail"),
        })
    }

    /// What it comes to, or what is wrong with it, in the gateway's words.
    fn order(&self, trade: &Trade) -> Result<Order, &'static str> {
        let info = &self.carrier_info;
        let (receive, right) = match self.carrier_type.as_str() {
            "3J0002" => (
                Receive::Carrier(info.clone()),
                info.parse::<MobileBarcode>().is_ok(),
            ),
            "CQ0001" => (
                Receive::Carrier(info.clone()),
                info.parse::<CitizenCertificate>().is_ok(),
            ),
            "amego" => (
                Receive::Carrier(self.email.clone()),
                info.is_empty() && !self.email.is_empty(),
            ),
            "Donate" => (
                Receive::Donation(info.clone()),
                info.parse::<LoveCode>().is_ok(),
            ),
            "Company" => (Receive::Paper, info.parse::<Ubn>().is_ok()),
            _ => return Err("載具類型錯誤"),
        };
        if !right {
            return Err("載具內容格式錯誤");
        }
        if self.buyer_name.is_empty() {
            return Err("無買受人名稱");
        }
        let company = receive == Receive::Paper;
        let paid = [(LineTax::Taxable, trade.amount)];
        let amounts = Amounts::of(TaxType::Taxable, Pricing::Inclusive, paid);
        let amounts = amounts.map_err(|_| "金額錯誤")?;
        Ok(Order {
            reference: trade.mer_trade_no.clone(),
            buyer_ubn: if company { info.clone() } else { String::new() },
            buyer_name: self.buyer_name.clone(),
            receive,
            tax_type: "1".into(),
            // Told apart for companies only.
            net: if company { amounts.net() } else { 0 },
            tax: if company { amounts.tax } else { 0 },
            total: trade.amount,
            lines: vec![Line {
                name: trade.product.clone(),
                count: 1,
                price: trade.amount,
            }],
            request: String::new(),
            mail: String::new(),
        })
    }
}

/// Issues the invoice that a paid trade has asked for, and queues the notice of what became of it, due at `at`. A shop
/// that named no address gets the invoice and no notice.
pub fn issue(
    tx: &mut Tx<'_>,
    trade: &Trade,
    around: &Circumstances,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (Some(wish), Some((invoices, draw))) = (&trade.invoice, &around.invoices) else {
        return Ok(());
    };
    if trade.outcome != TradeStatus::Paid {
        return Ok(());
    }
    let then = Around {
        now: at,
        ..draw.clone()
    };
    let issued = match wish.order(trade) {
        Ok(order) => match books::issue(tx, ProviderId::Payuni, order, &then) {
            Ok(invoice) => Ok(invoice),
            Err(Failure::Store(error)) => return Err(error),
            Err(Failure::Denied(Denied::NumbersUsedUp)) => Err("字軌已用罄"),
            Err(Failure::Denied(_) | Failure::Refused(_)) => Err("發票開立失敗"),
        },
        Err(wrong) => Err(wrong),
    };
    let inner = match issued {
        Ok(invoice) => notice(&around.shop, trade, &invoice, invoices),
        Err(wrong) => head(&around.shop, trade, "FAIL", "C0401")
            .with("InvoiceInfo", wrong)
            .with("InvoiceStatus", "2"),
    };
    queue(tx, &around.shop, trade, "invoice", &inner, at)
}

/// Voids the invoice of a trade and queues the notice of it. Whether there was one.
pub fn void(
    tx: &mut Tx<'_>,
    shop: &Shop,
    invoices: &GatewayInvoices,
    mer_trade_no: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(trade) = repo::latest_trade(tx, mer_trade_no)? else {
        return Ok(false);
    };
    let voided = books::void_silently(tx, ProviderId::Payuni, mer_trade_no, now)?;
    let Some(invoice) = voided else {
        return Ok(false);
    };
    let inner = notice(shop, &trade, &invoice, invoices);
    queue(tx, shop, &trade, "invoice-void", &inner, now)?;
    Ok(true)
}

fn queue(
    tx: &mut Tx<'_>,
    shop: &Shop,
    trade: &Trade,
    event: &str,
    inner: &Fields,
    at: Timestamp,
) -> Result<(), StoreError> {
    let Some(url) = &trade.notify_url else {
        return Ok(());
    };
    let body = enveloped(shop, trade.channel.version(), inner).encode();
    let id = format!("{}-{event}", trade.trade_no);
    repo::insert_notify(tx, &id, &trade.trade_no, url, &body, at)
}

fn head(shop: &Shop, trade: &Trade, status: &str, kind: &str) -> Fields {
    Fields::new()
        .with("Status", status)
        .with("MerID", shop.mer_id())
        .with("TradeNo", &trade.trade_no)
        .with("MerTradeNo", &trade.mer_trade_no)
        .with("TradeAmt", trade.amount.to_string())
        .with("InvoiceNotifyType", kind)
}

fn notice(shop: &Shop, trade: &Trade, invoice: &Invoice, invoices: &GatewayInvoices) -> Fields {
    let (kind, info, status) = match invoice.voided_at {
        None => ("C0401", "開立成功", "1"),
        Some(_) => ("C0501", "作廢成功", "5"),
    };
    let order = &invoice.order;
    let proof = invoice.proof(&invoices.seller);
    let codes = proof
        .as_ref()
        .and_then(|proof| proof.qr(&invoices.qr_key, QR_CAPACITY));
    let [left, right] = codes.unwrap_or_default();
    head(shop, trade, "SUCCESS", kind)
        .with("InvoiceInfo", info)
        .with("InvoiceStatus", status)
        .with("InvoiceNo", &invoice.number)
        .with("InvoiceRandom", &invoice.random)
        .with("InvoiceTime", date_time(invoice.issued_at))
        .with("TaxType", &order.tax_type)
        .with("SalesAmt", (order.total - order.tax).to_string())
        .with("Barcode", proof.map(|p| p.barcode()).unwrap_or_default())
        .with("QrcodeLeft", left)
        .with("QrcodeRight", right)
}
