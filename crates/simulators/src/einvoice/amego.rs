//! Amego's wire.

use super::EinvoiceProviders;
use super::books::{self, Denied, Invoice, Line, Order, Policy, QR_CAPACITY, Receive, date_time};
use super::faults::{About, Codes, EinvoiceFault};
use super::fields::{Fields, list_of_json};
use super::protocol::{Answer, Failure, Refusal, answer, read, unless_refused};
use super::repo;
use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, State};
use axum::http::StatusCode;
use axum::routing::post;
use einvoice::provider::ProviderId;
use einvoice::rules::carrier::{CitizenCertificate, LoveCode, MobileBarcode};
use einvoice::rules::period::Date;
use einvoice::rules::ubn::Ubn;
use serde_json::{Value, json};
use std::time::Duration;
use subtle::ConstantTimeEq as _;

const POLICY: Policy = Policy {
    provider: ProviderId::Amego,
    void_until: 15,
    remembers_allowances: true,
    void_after: None,
};
const CODES: Codes = Codes {
    numbers_used_up: "3040191",
    duplicate: "3040171",
    unavailable: "21",
    invalid: "99",
};
const TOLERANCE: u64 = 60;
const PRINT_LASTS: Duration = Duration::from_secs(10 * 60);
const LONGEST_REFERENCE: usize = 40;
const LONGEST_ALLOWANCE_NUMBER: usize = 16;
const NOBODY: &str = "0000000000";

pub(super) fn routes() -> Router<EinvoiceProviders> {
    Router::new().route("/amego/json/{operation}", post(handle))
}

async fn handle(
    State(providers): State<EinvoiceProviders>,
    params: RawPathParams,
    body: Body,
) -> Answer {
    let operation = params.iter().map(|(_, name)| name.to_owned()).next();
    let operation = operation.unwrap_or_default();
    let Some(operation) = Operation::of(&operation) else {
        return Answer::Html;
    };
    let data = providers.signed(&read(body).await);
    let data_text = data.as_deref().unwrap_or_default();
    let listed = || list_of_json(data_text)?.into_iter().next();
    let fields = Fields::of_json(data_text)
        .or_else(listed)
        .unwrap_or_default();
    let about = match operation {
        Operation::Issue => About::New(fields.text("BuyerEmailAddress")),
        _ => About::Issued {
            reference: fields.text("order_id"),
            number: invoice_number(&fields),
        },
    };
    let fault = providers.fault_of(POLICY.provider, about, &CODES).await;
    let fault = fault.as_ref();
    answer(fault, providers.amego(operation, data, fault)).await
}

#[derive(Clone, Copy)]
enum Operation {
    Issue,
    Query,
    Void,
    Allowance,
    VoidAllowance,
    File,
}

impl Operation {
    /// By its present or its former name.
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "f0401" | "c0401" => Self::Issue,
            "invoice_query" => Self::Query,
            "f0501" | "c0501" => Self::Void,
            "g0401" | "d0401" => Self::Allowance,
            "g0501" | "d0501" => Self::VoidAllowance,
            "invoice_file" => Self::File,
            _ => return None,
        })
    }

    fn refusal(self, denied: &Denied) -> Refusal {
        let (code, message) = match (denied, self) {
            (Denied::Duplicate(_), Self::Allowance) => (4_040_161, "AllowanceNumber 重複"),
            (Denied::Duplicate(_), _) => (3_040_171, "OrderId 重複"),
            (Denied::NumbersUsedUp, _) => (3_040_191, "取號失敗"),
            (Denied::NotFound, Self::Void) => (3_050_125, "發票不存在"),
            (Denied::NotFound, Self::Allowance) => (4_040_156, "原發票不存在"),
            (Denied::NotFound, _) => (71, "查無資料"),
            (Denied::AlreadyVoided, Self::Allowance) => (4_040_152, "原發票已作廢"),
            (Denied::AlreadyVoided, Self::VoidAllowance) => (4_050_131, "折讓單已作廢"),
            (Denied::AlreadyVoided, _) => (3_050_122, "發票已作廢"),
            (Denied::HasAllowance, _) => (3_050_141, "已存在折讓單"),
            (Denied::TooLate, _) => (3_050_126, "已超過作廢期限"),
            (Denied::TooEarly, _) => (3_050_121, "發票開立中"),
            (Denied::TooMuch, _) => (4_040_163, "折讓金額超過"),
            (Denied::NotPrintable, _) => (53, "發票無法列印"),
        };
        Refusal::new(code, message)
    }
}

impl EinvoiceProviders {
    async fn amego(
        &self,
        operation: Operation,
        data: Result<String, Refusal>,
        fault: Option<&EinvoiceFault>,
    ) -> Answer {
        let data = data.and_then(|data| unless_refused(fault).map(|()| data));
        let outcome = match data {
            Ok(data) => self.execute(operation, &data).await,
            Err(refusal) => Err(refusal.into()),
        };
        let refusal = match outcome {
            Ok(_) if fault == Some(&EinvoiceFault::Unsealed) => {
                return Answer::Json(StatusCode::OK, json!({"msg": ""}));
            }
            Ok(mut answer) => {
                answer["code"] = 0.into();
                answer["msg"] = "".into();
                return Answer::Json(StatusCode::OK, answer);
            }
            Err(Failure::Store(error)) => return error.into(),
            Err(Failure::Denied(denied)) => operation.refusal(&denied),
            Err(Failure::Refused(refusal)) => refusal,
        };
        let code: i64 = refusal.code.parse().unwrap_or(20);
        Answer::Json(
            StatusCode::OK,
            json!({"code": code, "msg": refusal.message}),
        )
    }

    /// The data of a request.
    fn signed(&self, body: &str) -> Result<String, Refusal> {
        let seller = &self.shared.config.amego;
        let form = Fields::of_form(body);
        let text = |name: &str| form.text(name);
        if text("invoice").is_empty() {
            return Err(Refusal::new(11, "統一編號不可為空"));
        }
        if text("invoice") != seller.ubn().as_str() {
            return Err(Refusal::new(12, "統一編號錯誤"));
        }
        let time = form.number("time");
        if !self.is_timely(time, TOLERANCE) {
            return Err(Refusal::new(15, "time 錯誤"));
        }
        let (data, given) = (text("data"), text("sign"));
        let expected = seller.sign(&data, time.unwrap_or_default());
        if !bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
            return Err(Refusal::new(16, "sign 簽名錯誤"));
        }
        Ok(data)
    }

    async fn execute(&self, operation: Operation, data: &str) -> Result<Value, Failure> {
        let around = self.around();
        let (db, now) = (&self.shared.db, around.now);
        let object = || Fields::of_json(data).ok_or_else(|| Refusal::new(17, "data 格式錯誤"));
        // One at a time in the list, as our callers have it.
        let only = |code: i64| {
            let list = list_of_json(data).filter(|list| list.len() == 1);
            let first = list.and_then(|list| list.into_iter().next());
            first.ok_or_else(|| Refusal::new(code, "data 欄位資料應為陣列字串"))
        };
        match operation {
            Operation::Issue => {
                let order = order(&object()?)?;
                let invoice = db
                    .write(move |tx| books::issue(tx, POLICY.provider, order.clone(), &around))
                    .await?;
                Ok(self.issued(&invoice))
            }
            Operation::Query => {
                let fields = object()?;
                let found = match fields.text("type").as_str() {
                    "order" => {
                        let reference = fields.text("order_id");
                        db.read(move |tx| repo::by_reference(tx, POLICY.provider, &reference))
                            .await?
                    }
                    "invoice" => {
                        let number = fields.text("invoice_number");
                        db.read(move |tx| repo::by_number(tx, POLICY.provider, &number))
                            .await?
                    }
                    _ => return Err(Refusal::new(31, "type 查詢類型不存在").into()),
                };
                Ok(json!({"data": described(&found.ok_or(Denied::NotFound)?)}))
            }
            Operation::Void => {
                let number = only(3_050_112)?.text("CancelInvoiceNumber");
                db.write(move |tx| books::void(tx, &POLICY, &number, now))
                    .await?;
                Ok(json!({}))
            }
            Operation::Allowance => {
                let (allowance, number, total) = allowance(&only(23)?)?;
                db.write(move |tx| books::allow(tx, &POLICY, &number, &allowance, total))
                    .await?;
                Ok(json!({}))
            }
            Operation::VoidAllowance => {
                let number = only(23)?.text("CancelAllowanceNumber");
                db.write(move |tx| books::void_allowance(tx, &POLICY, None, &number, now))
                    .await?;
                Ok(json!({}))
            }
            Operation::File => {
                let number = object()?.text("invoice_number");
                let token = db
                    .write(move |tx| {
                        books::printable(tx, POLICY.provider, &number, PRINT_LASTS, &around)
                    })
                    .await?;
                let url = format!("{}/print/{token}", self.shared.config.public_url);
                Ok(json!({"data": {"file_url": url}}))
            }
        }
    }

    fn issued(&self, invoice: &Invoice) -> Value {
        let config = &self.shared.config;
        let proof = invoice.proof(&config.seller);
        let codes = proof
            .as_ref()
            .and_then(|p| p.qr(&config.qr_key, QR_CAPACITY));
        let [left, right] = codes.unwrap_or_default();
        json!({
            "invoice_number": invoice.number,
            "invoice_time": invoice.issued_at.micros().div_euclid(1_000_000),
            "random_number": invoice.random,
            "barcode": proof.map(|proof| proof.barcode()).unwrap_or_default(),
            "qrcode_left": left,
            "qrcode_right": right,
        })
    }
}

fn described(invoice: &Invoice) -> Value {
    let order = &invoice.order;
    let day = |time| Date::of(time).compact().parse::<i64>().unwrap_or_default();
    let time = date_time(invoice.issued_at);
    json!({
        "invoice_number": invoice.number,
        "invoice_type": if invoice.voided_at.is_some() { "C0501" } else { "C0401" },
        "invoice_status": 99,
        "invoice_date": day(invoice.issued_at),
        "invoice_time": time.get(11..).unwrap_or_default(),
        "buyer_identifier": if order.buyer_ubn.is_empty() { NOBODY } else { &order.buyer_ubn },
        "buyer_name": order.buyer_name,
        "sales_amount": order.net,
        "tax_type": order.tax_type,
        "tax_amount": order.tax,
        "total_amount": order.total,
        "random_number": invoice.random,
        "cancel_date": invoice.voided_at.map_or(0, day),
        "order_id": order.reference,
    })
}

fn order(fields: &Fields) -> Result<Order, Refusal> {
    let text = |name: &str| fields.text(name);
    let number = |name: &str| fields.number(name).unwrap_or(-1);
    let wrong = |code: i64, message: &str| Err(Refusal::new(code, message));
    let (reference, buyer) = (text("OrderId"), text("BuyerIdentifier"));
    if reference.is_empty() || reference.chars().count() > LONGEST_REFERENCE {
        return wrong(3_040_112, "OrderId 不可為空或過長");
    }
    let company = buyer != NOBODY;
    if company && buyer.parse::<Ubn>().is_err() {
        return wrong(3_040_122, "BuyerIdentifier 格式錯誤");
    }
    if ["", "0", "00", "000", "0000"].contains(&text("BuyerName").as_str()) {
        return wrong(3_040_123, "BuyerName 不可為空或過長");
    }
    let (kind, carrier, love_code) = (text("CarrierType"), text("CarrierId1"), text("NPOBAN"));
    let well_formed = match kind.as_str() {
        "" => carrier.is_empty(),
        "3J0002" => carrier.parse::<MobileBarcode>().is_ok(),
        "CQ0001" => carrier.parse::<CitizenCertificate>().is_ok(),
        "amego" => !carrier.is_empty(),
        _ => false,
    };
    if !well_formed || text("CarrierId2") != carrier {
        return wrong(3_040_132, "載具號碼不存在");
    }
    let donates = love_code.parse::<LoveCode>().is_ok() && !company;
    if !love_code.is_empty() && !donates {
        return wrong(3_040_137, "NPOBAN 不存在");
    }
    if text("DetailVat") == "0" && !company {
        return wrong(3_040_162, "只有打統編發票， 才可以用未稅單價及小計");
    }
    let tax_type = text("TaxType");
    if !["1", "2", "3", "4", "9"].contains(&tax_type.as_str()) {
        return wrong(3_040_172, "TaxType 錯誤");
    }
    let [sales, free, zero, tax, total] = [
        "SalesAmount",
        "FreeTaxSalesAmount",
        "ZeroTaxSalesAmount",
        "TaxAmount",
        "TotalAmount",
    ]
    .map(number);
    let parts = [sales, free, zero, tax];
    let items = fields.list("ProductItem");
    let sum: f64 = items.iter().filter_map(|item| item.decimal("Amount")).sum();
    // Prices without tax leave the tax to the total.
    let gross = match text("DetailVat").as_str() {
        "0" => total - tax,
        _ => total,
    };
    #[expect(clippy::cast_precision_loss, reason = "amounts have at most 33 bits")]
    let differs = (gross as f64 - sum).abs() >= 1.0;
    if parts.iter().any(|part| *part < 0) || parts.iter().sum::<i64>() != total || differs {
        return wrong(3_040_174, "SalesAmount 錯誤");
    }
    if zero > 0 && text("CustomsClearanceMark").is_empty() {
        return wrong(3_040_179, "若為零稅率發票，通關方式註記必填");
    }
    Ok(Order {
        reference,
        buyer_ubn: if company { buyer } else { String::new() },
        buyer_name: text("BuyerName"),
        receive: match (kind.is_empty(), love_code.is_empty()) {
            (_, false) => Receive::Donation(love_code),
            (false, _) => Receive::Carrier(carrier),
            _ => Receive::Paper,
        },
        tax_type,
        net: if company { total - tax } else { 0 },
        tax,
        total,
        lines: items.iter().map(line).collect(),
        request: String::new(),
        mail: text("BuyerEmailAddress"),
    })
}

fn line(item: &Fields) -> Line {
    Line {
        name: item.text("Description"),
        count: item.number("Quantity").unwrap_or(1),
        price: item.number("UnitPrice").unwrap_or_default(),
    }
}

/// The number of a new allowance, its invoice, and its total with tax.
/// The invoice that a request names, each in its own way.
fn invoice_number(fields: &Fields) -> String {
    let own = ["invoice_number", "CancelInvoiceNumber"].map(|name| fields.text(name));
    let items = fields.list("ProductItem").into_iter();
    let original = items.map(|item| item.text("OriginalInvoiceNumber"));
    let mut numbers = own.into_iter().chain(original);
    numbers
        .find(|number| !number.is_empty())
        .unwrap_or_default()
}

fn allowance(fields: &Fields) -> Result<(String, String, i64), Refusal> {
    let number = fields.text("AllowanceNumber");
    if number.is_empty() || number.len() > LONGEST_ALLOWANCE_NUMBER {
        return Err(Refusal::new(4_040_111, "AllowanceNumber 不可為空或過長"));
    }
    let items = fields.list("ProductItem");
    let sum = |name: &str| {
        items
            .iter()
            .map(|item| item.number(name))
            .sum::<Option<i64>>()
    };
    let (net, tax) = (fields.number("TotalAmount"), fields.number("TaxAmount"));
    if sum("Amount") != net || sum("Tax") != tax {
        return Err(Refusal::new(4_040_174, "TotalAmount 錯誤"));
    }
    let invoice = items.first().map(|item| item.text("OriginalInvoiceNumber"));
    let total = net.zip(tax).map(|(net, tax)| net + tax);
    match (invoice, total) {
        (Some(invoice), Some(total)) => Ok((number, invoice, total)),
        _ => Err(Refusal::new(4_040_141, "ProductItem 不可為空")),
    }
}
