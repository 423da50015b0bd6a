//! ezPay's wire.

use super::EinvoiceProviders;
use super::books::{self, Denied, Invoice, Line, Order, Policy, QR_CAPACITY, Receive, date_time};
use super::faults::{About, Codes, EinvoiceFault};
use super::fields::Fields;
use super::protocol::{Answer, Failure, Refusal, answer, read, unless_refused};
use super::repo;
use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, State};
use axum::http::StatusCode;
use axum::routing::post;
use einvoice::provider::ProviderId;
use einvoice::rules::carrier::{CitizenCertificate, LoveCode, MobileBarcode};
use einvoice::rules::ubn::Ubn;
use serde_json::{Value, json};
use std::time::Duration;

const POLICY: Policy = Policy {
    provider: ProviderId::Ezpay,
    void_until: 14,
    remembers_allowances: false,
    // The tax authority has it from six o'clock of the next day on.
    void_after: Some(Duration::from_secs(30 * 60 * 60)),
};
const CODES: Codes = Codes {
    numbers_used_up: "INV90006",
    duplicate: "LIB10003",
    unavailable: "NOR10001",
    invalid: "INV10013",
};
const TOLERANCE: u64 = 30 * 60;
const LONGEST_REFERENCE: usize = 20;
const LONGEST_REASON: usize = 20;

pub(super) fn routes() -> Router<EinvoiceProviders> {
    Router::new().route("/ezpay/Api/{operation}", post(handle))
}

async fn handle(
    State(providers): State<EinvoiceProviders>,
    params: RawPathParams,
    body: Body,
) -> Answer {
    let operation = params.iter().map(|(_, name)| name.to_owned()).next();
    let operation = operation.unwrap_or_default();
    let Some((operation, version)) = Operation::of(&operation) else {
        return Answer::Html;
    };
    let content = providers.form(&read(body).await, version);
    let text = |name| {
        let content = content.as_ref();
        content
            .map(|(fields, _)| fields.text(name))
            .unwrap_or_default()
    };
    let about = match operation {
        Operation::Issue => About::New(text("BuyerEmail")),
        _ => About::Issued {
            reference: text("MerchantOrderNo"),
            number: text("InvoiceNumber"),
        },
    };
    let fault = providers.fault_of(POLICY.provider, about, &CODES).await;
    let fault = fault.as_ref();
    answer(fault, providers.ezpay(operation, content, fault)).await
}

#[derive(Clone, Copy, PartialEq)]
enum Operation {
    Issue,
    Search,
    Invalid,
    Allowance,
    AllowanceInvalid,
}

impl Operation {
    /// With the version it has.
    fn of(name: &str) -> Option<(Self, &'static str)> {
        Some(match name {
            "invoice_issue" => (Self::Issue, "1.5"),
            "invoice_search" => (Self::Search, "1.3"),
            "invoice_invalid" => (Self::Invalid, "1.0"),
            "allowance_issue" => (Self::Allowance, "1.3"),
            "allowanceInvalid" => (Self::AllowanceInvalid, "1.0"),
            _ => return None,
        })
    }

    fn refusal(self, denied: &Denied) -> Refusal {
        let (code, message) = match (denied, self) {
            (Denied::Duplicate(_), _) => ("LIB10003", "商店自訂編號重覆"),
            (Denied::NumbersUsedUp, _) => ("INV90006", "可開立張數已用罄"),
            (Denied::NotFound, Self::AllowanceInvalid) => ("IAI10002", "查詢折讓失敗"),
            (Denied::NotFound | Denied::NotPrintable, _) => ("INV20006", "查無發票資料"),
            (Denied::AlreadyVoided, Self::AllowanceInvalid) => ("IAI10004", "折讓已作廢"),
            (Denied::AlreadyVoided, _) => ("LIB10005", "發票已作廢過"),
            (Denied::HasAllowance, _) => ("LIB10007", "無法作廢"),
            (Denied::TooLate, _) => ("LIB10008", "超過可作廢期限"),
            (Denied::TooEarly, _) => ("LIB10009", "發票已開立，但未上傳至財政部，無法作廢"),
            (Denied::TooMuch, _) => ("INV10012", "折讓金額錯誤"),
        };
        Refusal::new(code, message)
    }
}

impl EinvoiceProviders {
    async fn ezpay(
        &self,
        operation: Operation,
        content: Result<(Fields, String), Refusal>,
        fault: Option<&EinvoiceFault>,
    ) -> Answer {
        let content = content.and_then(|content| unless_refused(fault).map(|()| content));
        let outcome = match content {
            Ok((fields, plain)) => self.perform(operation, fields, plain).await,
            Err(refusal) => Err(refusal.into()),
        };
        let refusal = match outcome {
            Ok((message, mut result)) => {
                if fault == Some(&EinvoiceFault::Unsealed) {
                    result["CheckCode"] = "0".repeat(64).into();
                }
                // As a text of JSON.
                let result = result.to_string();
                return Answer::Json(
                    StatusCode::OK,
                    json!({"Status": "SUCCESS", "Message": message, "Result": result}),
                );
            }
            Err(Failure::Store(error)) => return error.into(),
            Err(Failure::Denied(denied)) => operation.refusal(&denied),
            Err(Failure::Refused(refusal)) => refusal,
        };
        Answer::Json(
            StatusCode::OK,
            json!({"Status": refusal.code, "Message": refusal.message, "Result": ""}),
        )
    }

    /// The fields of a request, and the form they came in.
    fn form(&self, body: &str, version: &str) -> Result<(Fields, String), Refusal> {
        let merchant = &self.shared.config.ezpay;
        let outer = Fields::of_form(body);
        if outer.text("MerchantID_") != merchant.id() {
            return Err(Refusal::new("KEY10006", "商店未申請啟用電子發票"));
        }
        let post_data = outer.text("PostData_");
        if post_data.is_empty() {
            return Err(Refusal::new("KEY10011", "資料不齊全"));
        }
        let plain = merchant.decrypt(&post_data);
        let plain = plain.ok_or_else(|| Refusal::new("KEY10002", "資料解密錯誤"))?;
        let fields = Fields::of_form(&plain);
        if fields.text("RespondType") != "JSON" || fields.text("Version") != version {
            return Err(Refusal::new("KEY10004", "資料不齊全"));
        }
        if !self.is_timely(fields.number("TimeStamp"), TOLERANCE) {
            return Err(Refusal::new("KEY10007", "頁面停留超過 30 分鐘"));
        }
        Ok((fields, plain))
    }

    async fn perform(
        &self,
        operation: Operation,
        fields: Fields,
        plain: String,
    ) -> Result<(&'static str, Value), Failure> {
        let around = self.around();
        let (db, now) = (&self.shared.db, around.now);
        let id = self.shared.config.ezpay.id();
        match operation {
            Operation::Issue => {
                let order = Order {
                    request: plain,
                    ..order(&fields)?
                };
                let issued = db.write(move |tx| {
                    let issued = books::issue(tx, POLICY.provider, order.clone(), &around);
                    match issued {
                        // What is sent again to the letter is answered again.
                        Err(Failure::Denied(Denied::Duplicate(other)))
                            if other.order.request == order.request =>
                        {
                            Ok(*other)
                        }
                        other => other,
                    }
                });
                Ok(("電子發票開立成功", self.result(&issued.await?)))
            }
            Operation::Search => {
                let invoice = self.searched(&fields).await?;
                let mut result = self.result(&invoice);
                result["InvoiceStatus"] = match invoice.voided_at {
                    Some(_) => "2".into(),
                    None => "1".into(),
                };
                result["UploadStatus"] = "1".into();
                Ok(("查詢成功", result))
            }
            Operation::Invalid => {
                let (number, reason) = (fields.text("InvoiceNumber"), fields.text("InvalidReason"));
                if number.is_empty() || reason.is_empty() || reason.len() > LONGEST_REASON {
                    return Err(Refusal::new("INV70001", "欄位資料格式錯誤").into());
                }
                let invoice = db
                    .write(move |tx| books::void(tx, &POLICY, &number, now))
                    .await?;
                Ok((
                    "作廢發票成功",
                    json!({"MerchantID": id, "InvoiceNumber": invoice.number, "CreateTime": date_time(now)}),
                ))
            }
            Operation::Allowance => {
                let (number, total) = allowance(&fields)?;
                let reference = fields.text("MerchantOrderNo");
                let serial = format!("A{}", around.serial);
                let theirs = serial.clone();
                let made = db.write(move |tx| {
                    let invoice = books::allow(tx, &POLICY, &number, &theirs, total)?;
                    match invoice.order.reference == reference {
                        true => Ok(invoice),
                        false => Err(Failure::from(Denied::NotFound)),
                    }
                });
                let invoice = made.await?;
                Ok((
                    "發票折讓開立成功",
                    json!({
                        "MerchantID": id, "AllowanceNo": serial, "InvoiceNumber": invoice.number,
                        "MerchantOrderNo": invoice.order.reference, "AllowanceAmt": total,
                        "RemainAmt": invoice.remaining(),
                    }),
                ))
            }
            Operation::AllowanceInvalid => {
                let (number, reason) = (fields.text("AllowanceNo"), fields.text("InvalidReason"));
                if number.is_empty() || reason.is_empty() {
                    return Err(Refusal::new("IAI10001", "資料不齊全").into());
                }
                let voided = number.clone();
                db.write(move |tx| books::void_allowance(tx, &POLICY, None, &voided, now))
                    .await?;
                Ok((
                    "作廢折讓成功",
                    json!({"MerchantID": id, "AllowanceNo": number, "CreateTime": date_time(now)}),
                ))
            }
        }
    }

    async fn searched(&self, fields: &Fields) -> Result<Invoice, Failure> {
        let (reference, total) = (fields.text("MerchantOrderNo"), fields.number("TotalAmt"));
        let (number, random) = (fields.text("InvoiceNumber"), fields.text("RandomNum"));
        let by_number = fields.text("SearchType") == "0";
        let found = self.shared.db.read(move |tx| match by_number {
            true => repo::by_number(tx, POLICY.provider, &number),
            false => repo::by_reference(tx, POLICY.provider, &reference),
        });
        let found = found.await?.filter(|invoice| match by_number {
            true => invoice.random == random,
            false => Some(invoice.order.total) == total,
        });
        Ok(found.ok_or(Denied::NotFound)?)
    }

    fn result(&self, invoice: &Invoice) -> Value {
        let config = &self.shared.config;
        let order = &invoice.order;
        // Its own number of the transaction, as long as the invoice exists.
        let trans_no = format!(
            "{}{}",
            invoice.number.get(2..).unwrap_or_default(),
            invoice.random
        );
        let total = order.total.to_string();
        let code = config
            .ezpay
            .check_code(&order.reference, &trans_no, &total, &invoice.random);
        let proof = invoice.proof(&config.seller);
        let codes = proof
            .as_ref()
            .and_then(|p| p.qr(&config.qr_key, QR_CAPACITY));
        let [left, right] = codes.unwrap_or_default();
        json!({
            "MerchantID": config.ezpay.id(),
            "InvoiceTransNo": trans_no,
            "MerchantOrderNo": order.reference,
            "TotalAmt": order.total,
            "InvoiceNumber": invoice.number,
            "RandomNum": invoice.random,
            "CreateTime": date_time(invoice.issued_at),
            "CheckCode": code,
            "BarCode": proof.map(|proof| proof.barcode()).unwrap_or_default(),
            "QRcodeL": left,
            "QRcodeR": right,
        })
    }
}

fn order(fields: &Fields) -> Result<Order, Refusal> {
    let text = |name: &str| fields.text(name);
    let wrong = |code: &str, message: &str| Err(Refusal::new(code, message));
    let reference = text("MerchantOrderNo");
    let is_word = reference
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if reference.is_empty() || reference.len() > LONGEST_REFERENCE || !is_word {
        return wrong("INV10014", "商店自訂編號格式錯誤");
    }
    let company = text("Category") == "B2B";
    let ubn = text("BuyerUBN");
    let printed = text("PrintFlag") == "Y";
    if text("BuyerName").is_empty()
        || text("Status") != "1"
        || (company && (ubn.parse::<Ubn>().is_err() || !printed))
        || (!company && !ubn.is_empty())
    {
        return wrong("INV10013", "發票欄位資料不齊全或格式錯誤");
    }
    let (carrier_type, carrier, love_code) =
        (text("CarrierType"), text("CarrierNum"), text("LoveCode"));
    let well_formed = match carrier_type.as_str() {
        "" => true,
        "0" => carrier.parse::<MobileBarcode>().is_ok(),
        "1" => carrier.parse::<CitizenCertificate>().is_ok(),
        "2" => !text("BuyerEmail").is_empty(),
        _ => false,
    };
    let ways = [printed, !carrier_type.is_empty(), !love_code.is_empty()];
    let one_way = ways.into_iter().filter(|way| *way).count() == 1;
    let donates = love_code.is_empty() || love_code.parse::<LoveCode>().is_ok();
    if !well_formed || !one_way || !donates {
        return wrong("INV10013", "發票欄位資料不齊全或格式錯誤");
    }
    let number = |name: &str| fields.number(name).unwrap_or(-1);
    let (net, tax, total) = (number("Amt"), number("TaxAmt"), number("TotalAmt"));
    let tax_type = text("TaxType");
    let parts = match tax_type.as_str() {
        "1" | "3" => true,
        "2" => !text("CustomsClearance").is_empty(),
        "9" => !company && number("AmtSales") + number("AmtZero") + number("AmtFree") == net,
        _ => false,
    };
    if net < 0 || tax < 0 || net + tax != total || !parts {
        return wrong("INV10012", "發票金額、課稅別驗證錯誤");
    }
    Ok(Order {
        reference,
        buyer_ubn: ubn,
        buyer_name: text("BuyerName"),
        receive: match (carrier_type.is_empty(), love_code.is_empty()) {
            (_, false) => Receive::Donation(love_code),
            (false, _) => Receive::Carrier(carrier),
            _ => Receive::Paper,
        },
        lines: lines(fields, tax_type == "9")?,
        tax_type,
        net,
        tax,
        total,
        request: String::new(),
        mail: text("BuyerEmail"),
    })
}

/// Each price times its count is its amount, and no line lacks a field.
fn lines(fields: &Fields, mixed: bool) -> Result<Vec<Line>, Refusal> {
    let column =
        |name: &str| -> Vec<String> { fields.text(name).split('|').map(str::to_owned).collect() };
    let [names, counts, units, prices, amounts] =
        ["ItemName", "ItemCount", "ItemUnit", "ItemPrice", "ItemAmt"].map(column);
    let rows = names.len();
    let columns = [&counts, &units, &prices, &amounts];
    let taxed = !mixed || column("ItemTaxType").len() == rows;
    if columns.iter().any(|column| column.len() != rows) || names.contains(&String::new()) || !taxed
    {
        return Err(Refusal::new("INV10003", "商品資訊格式錯誤"));
    }
    let numbers = counts.iter().zip(&prices).zip(&amounts);
    names
        .iter()
        .zip(numbers)
        .map(|(name, ((count, price), amount))| {
            let whole = |text: &str| text.parse::<i64>().ok();
            let (count, price) = (whole(count), whole(price));
            let product = count.zip(price).and_then(|(c, p)| c.checked_mul(p));
            match (count, price) {
                (Some(count), Some(price)) if product == whole(amount) => Ok(Line {
                    name: name.clone(),
                    count,
                    price,
                }),
                _ => Err(Refusal::new("INV10004", "商品小計計算錯誤")),
            }
        })
        .collect()
}

/// The invoice and the total of a new allowance.
fn allowance(fields: &Fields) -> Result<(String, i64), Refusal> {
    lines(fields, false)?;
    let sum = |name: &str| -> Option<i64> {
        let numbers = fields.text(name);
        let numbers = numbers.split('|').map(|n| n.parse::<i64>().ok());
        numbers.sum()
    };
    let total = fields.number("TotalAmt");
    let parts = sum("ItemAmt").zip(sum("ItemTaxAmt"));
    match total {
        Some(total) if parts.map(|(net, tax)| net + tax) == Some(total) => {
            Ok((fields.text("InvoiceNo"), total))
        }
        _ => Err(Refusal::new("INV10012", "折讓金額驗證錯誤")),
    }
}
