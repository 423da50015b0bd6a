//! ECPay's wire.

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
    provider: ProviderId::Ecpay,
    void_until: 13,
    remembers_allowances: false,
    void_after: None,
};
const CODES: Codes = Codes {
    numbers_used_up: "1100040",
    duplicate: "5070357",
    unavailable: "9000001",
    invalid: "5000022",
};
const TOLERANCE: u64 = 10 * 60;
const PRINT_LASTS: Duration = Duration::from_secs(60 * 60);
const LONGEST_REFERENCE: usize = 50;
const MOST_LINES: usize = 200;
/// Nobody has these keys.
const UNSEALED: &str = "AAAAAAAAAAAAAAAAAAAAAA==";

pub(super) fn routes() -> Router<EinvoiceProviders> {
    Router::new().route("/ecpay/B2CInvoice/{operation}", post(handle))
}

async fn handle(
    State(providers): State<EinvoiceProviders>,
    params: RawPathParams,
    body: Body,
) -> Answer {
    let operation = params.iter().map(|(_, name)| name.to_owned()).next();
    let operation = operation.unwrap_or_default();
    let body = read(body).await;
    let content = providers.opened(&body);
    let text = |name| {
        let data = content.as_ref();
        data.map(|data| data.text(name)).unwrap_or_default()
    };
    let about = match operation.as_str() {
        "Issue" => About::New(text("CustomerEmail")),
        _ => About::Issued {
            reference: text("RelateNumber"),
            number: text("InvoiceNo"),
        },
    };
    let fault = providers.fault_of(POLICY.provider, about, &CODES).await;
    let fault = fault.as_ref();
    answer(fault, providers.ecpay(&operation, content, fault)).await
}

/// What is asked for.
#[derive(Clone, Copy)]
enum Operation {
    Issue,
    GetIssue,
    Invalid,
    Allowance,
    AllowanceInvalid,
    InvoicePrint,
}

impl Operation {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "Issue" => Self::Issue,
            "GetIssue" => Self::GetIssue,
            "Invalid" => Self::Invalid,
            "Allowance" => Self::Allowance,
            "AllowanceInvalid" => Self::AllowanceInvalid,
            "InvoicePrint" => Self::InvoicePrint,
            _ => return None,
        })
    }

    fn refusal(self, denied: &Denied) -> Refusal {
        let (code, message) = match (denied, self) {
            (Denied::Duplicate(_), _) => (5070357, "B2C開立發票 自訂編號重覆，請重新設定"),
            (Denied::NumbersUsedUp, _) => (1100040, "發票字軌已用完"),
            (Denied::NotFound, Self::AllowanceInvalid) => (2000039, "查無折讓單資料，請確認!"),
            (Denied::NotFound, Self::GetIssue) => (2, "查無發票資料，請重新確認"),
            (Denied::NotFound, _) | (Denied::NotPrintable, _) => (1600003, "無發票號碼資料"),
            (Denied::AlreadyVoided, Self::AllowanceInvalid) => {
                (2000063, "該折讓單已作廢過，請確認")
            }
            (Denied::AlreadyVoided, _) => (5070453, "B2C作廢發票 該發票已被作廢過"),
            (Denied::HasAllowance, _) => (5070450, "該發票已被折讓過，無法直接作廢發票"),
            (Denied::TooLate | Denied::TooEarly, _) => (0, "已超過作廢期限"),
            (Denied::TooMuch, _) => (0, "折讓金額不可大於剩餘可折讓金額"),
        };
        Refusal::new(code, message)
    }
}

impl EinvoiceProviders {
    async fn ecpay(
        &self,
        operation: &str,
        content: Result<Fields, Refusal>,
        fault: Option<&EinvoiceFault>,
    ) -> Answer {
        let Some(operation) = Operation::of(operation) else {
            return Answer::Html;
        };
        let data = match content {
            Ok(data) => data,
            Err(refusal) => return self.unread(&refusal),
        };
        let outcome = match unless_refused(fault) {
            Ok(()) => self.carry_out(operation, data).await,
            Err(refusal) => Err(refusal.into()),
        };
        let content = match outcome {
            Ok(mut content) => {
                content["RtnCode"] = json!(1);
                content
            }
            Err(Failure::Store(error)) => return error.into(),
            Err(Failure::Denied(denied)) => refused(&operation.refusal(&denied)),
            Err(Failure::Refused(refusal)) => refused(&refusal),
        };
        let merchant = &self.shared.config.ecpay;
        let data = match fault == Some(&EinvoiceFault::Unsealed) {
            true => UNSEALED.to_owned(),
            false => merchant.encrypt(&content.to_string()),
        };
        self.enveloped(StatusCode::OK, 1, "Success", &data)
    }

    fn enveloped(&self, status: StatusCode, code: i64, message: &str, data: &str) -> Answer {
        let seconds = self.now().micros().div_euclid(1_000_000);
        Answer::Json(
            status,
            json!({
                "MerchantID": self.shared.config.ecpay.id(),
                "RpHeader": {"Timestamp": seconds},
                "TransCode": code,
                "TransMsg": message,
                "Data": data,
            }),
        )
    }

    fn unread(&self, refusal: &Refusal) -> Answer {
        let code = refusal.code.parse().unwrap_or_default();
        self.enveloped(
            StatusCode::INTERNAL_SERVER_ERROR,
            code,
            &refusal.message,
            "",
        )
    }

    /// The content of a request.
    fn opened(&self, body: &str) -> Result<Fields, Refusal> {
        let merchant = &self.shared.config.ecpay;
        let outer = Fields::of_json(body).unwrap_or_default();
        if outer.text("MerchantID") != merchant.id() {
            return Err(Refusal::new(115, "B2C/B2B功能尚未開通，請聯繫所屬業務"));
        }
        let header = outer.object("RqHeader").unwrap_or_default();
        if !self.is_timely(header.number("Timestamp"), TOLERANCE) {
            return Err(Refusal::new(
                104,
                "Timestamp is over 10 minutes than it just produced.",
            ));
        }
        let data = outer.text("Data");
        if data.is_empty() {
            return Err(Refusal::new(111, "The parameter [Data] cannot be empty."));
        }
        merchant
            .decrypt(&data)
            .and_then(|json| Fields::of_json(&json))
            .ok_or_else(|| Refusal::new(110, "The parameter [Data] decrypt fail."))
    }

    async fn carry_out(&self, operation: Operation, data: Fields) -> Result<Value, Failure> {
        let around = self.around();
        let (db, now) = (&self.shared.db, around.now);
        let number = data.text("InvoiceNo");
        match operation {
            Operation::Issue => {
                let order = order(&data)?;
                let invoice = db
                    .write(move |tx| books::issue(tx, POLICY.provider, order.clone(), &around))
                    .await?;
                Ok(json!({
                    "RtnMsg": "開立發票成功",
                    "InvoiceNo": invoice.number,
                    "InvoiceDate": date_time(invoice.issued_at),
                    "RandomNumber": invoice.random,
                }))
            }
            Operation::GetIssue => {
                let reference = data.text("RelateNumber");
                let found = db.read(move |tx| match reference.is_empty() {
                    true => repo::by_number(tx, POLICY.provider, &number),
                    false => repo::by_reference(tx, POLICY.provider, &reference),
                });
                let invoice = found.await?.ok_or(Denied::NotFound)?;
                Ok(self.described(&invoice))
            }
            Operation::Invalid => {
                if data.text("Reason").is_empty() {
                    return Err(Refusal::new(2000030, "作廢原因不可為空").into());
                }
                let day = data.text("InvoiceDate");
                let voided = db.write(move |tx| {
                    let found = repo::by_number(tx, POLICY.provider, &number)?;
                    let issued = found.map(|invoice| date_time(invoice.issued_at));
                    if !issued.is_some_and(|issued| issued.starts_with(&day) && day.len() >= 10) {
                        return Err(Denied::NotFound.into());
                    }
                    books::void(tx, &POLICY, &number, now)
                });
                let invoice = voided.await?;
                Ok(json!({"RtnMsg": "作廢成功", "InvoiceNo": invoice.number}))
            }
            Operation::Allowance => {
                let total = data.number("AllowanceAmount").unwrap_or_default();
                let serial = around.serial.clone();
                let invoice = db
                    .write(move |tx| books::allow(tx, &POLICY, &number, &serial, total))
                    .await?;
                Ok(json!({
                    "RtnMsg": "折讓成功",
                    "IA_Allow_No": around.serial,
                    "IA_Invoice_No": invoice.number,
                    "IA_Date": date_time(now),
                    "IA_Remain_Allowance_Amt": invoice.remaining(),
                }))
            }
            Operation::AllowanceInvalid => {
                let allowance = data.text("AllowanceNo");
                let invoice = db
                    .write(move |tx| {
                        books::void_allowance(tx, &POLICY, Some(&number), &allowance, now)
                    })
                    .await?;
                Ok(json!({"RtnMsg": "作廢折讓成功", "IA_Invoice_No": invoice.number}))
            }
            Operation::InvoicePrint => {
                let token = db
                    .write(move |tx| {
                        books::printable(tx, POLICY.provider, &number, PRINT_LASTS, &around)
                    })
                    .await?;
                let url = format!("{}/print/{token}", self.shared.config.public_url);
                Ok(json!({"RtnMsg": "成功", "InvoiceHtml": url}))
            }
        }
    }

    fn described(&self, invoice: &Invoice) -> Value {
        let config = &self.shared.config;
        let order = &invoice.order;
        let (carrier, love_code) = match &order.receive {
            Receive::Paper => ("", ""),
            Receive::Carrier(carrier) => (carrier.as_str(), ""),
            Receive::Donation(code) => ("", code.as_str()),
        };
        let proof = invoice.proof(&config.seller);
        let codes = proof
            .as_ref()
            .and_then(|p| p.qr(&config.qr_key, QR_CAPACITY));
        let [left, right] = codes.unwrap_or_default();
        json!({
            "RtnMsg": "查詢成功",
            "IIS_Mer_ID": config.ecpay.id(),
            "IIS_Number": invoice.number,
            "IIS_Relate_Number": order.reference,
            "IIS_Identifier": if order.buyer_ubn.is_empty() { "0000000000" } else { &order.buyer_ubn },
            "IIS_Create_Date": date_time(invoice.issued_at),
            "IIS_Random_Number": invoice.random,
            "IIS_Sales_Amount": order.total,
            "IIS_Tax_Amount": order.tax,
            "IIS_Tax_Type": order.tax_type,
            "IIS_Issue_Status": "1",
            "IIS_Invalid_Status": if invoice.voided_at.is_some() { "1" } else { "0" },
            "IIS_Upload_Status": "1",
            "IIS_Remain_Allowance_Amt": invoice.remaining(),
            "IIS_Carrier_Num": carrier,
            "IIS_Love_Code": love_code,
            "PosBarCode": proof.map(|proof| proof.barcode()).unwrap_or_default(),
            "QRCode_Left": left,
            "QRCode_Right": right,
        })
    }
}

fn refused(refusal: &Refusal) -> Value {
    let code = refusal.code.parse::<i64>().unwrap_or_default();
    json!({"RtnCode": code, "RtnMsg": refusal.message})
}

/// Checks in the order in which the live server is known to make them, as far as it is known.
fn order(data: &Fields) -> Result<Order, Refusal> {
    let text = |name: &str| data.text(name);
    let wrong = |code: i64, message: &str| Err(Refusal::new(code, message));
    let (reference, ubn) = (text("RelateNumber"), text("CustomerIdentifier"));
    if reference.is_empty() || reference.len() > LONGEST_REFERENCE {
        return wrong(2000001, "自訂編號格式錯誤");
    }
    if !ubn.is_empty() && ubn.parse::<Ubn>().is_err() {
        return wrong(2000006, "統一編號格式錯誤");
    }
    let print = text("Print") == "1";
    let contact = !text("CustomerPhone").is_empty() || !text("CustomerEmail").is_empty();
    if print && (text("CustomerName").is_empty() || text("CustomerAddr").is_empty() || !contact) {
        return wrong(2000010, "列印發票時，客戶名稱、地址及聯絡方式不可為空");
    }
    let (carrier_type, carrier) = (text("CarrierType"), text("CarrierNum"));
    let well_formed = match carrier_type.as_str() {
        "" => carrier.is_empty(),
        "1" => true,
        "2" => carrier.parse::<CitizenCertificate>().is_ok(),
        "3" => carrier.parse::<MobileBarcode>().is_ok(),
        _ => false,
    };
    if !well_formed {
        return wrong(2000017, "載具編號格式錯誤");
    }
    let on_carrier = !carrier_type.is_empty();
    if on_carrier && print && ubn.is_empty() {
        return wrong(5000015, "使用載具時不可列印");
    }
    let donated = text("Donation") == "1";
    if !ubn.is_empty() && !print && !on_carrier {
        return wrong(5000028, "有統一編號時，須列印或使用載具");
    }
    if donated && text("LoveCode").parse::<LoveCode>().is_err() {
        return wrong(2020001, "愛心碼錯誤");
    }
    let tax_type = text("TaxType");
    if !["1", "2", "3", "4", "9"].contains(&tax_type.as_str()) {
        return wrong(2000020, "課稅類別錯誤");
    }
    if ["2", "9"].contains(&tax_type.as_str()) && text("ClearanceMark").is_empty() {
        return wrong(5000007, "通關方式不可為空");
    }
    let items = data.list("Items");
    if items.is_empty() || items.len() > MOST_LINES {
        return wrong(2000025, "商品資料錯誤");
    }
    let mixed = tax_type == "9";
    if mixed && items.iter().any(|item| item.text("ItemTaxType").is_empty()) {
        return wrong(2000026, "混稅時商品課稅別不可為空");
    }
    let total = data.number("SalesAmount").unwrap_or(-1);
    let sum: f64 = items.iter().filter_map(|i| i.decimal("ItemAmount")).sum();
    #[expect(clippy::cast_precision_loss, reason = "amounts have at most 33 bits")]
    let differs = (total as f64 - sum).abs() >= 0.5;
    if total < 0 || (text("vat") != "0" && differs) {
        return wrong(5000022, "驗證發票金額發現錯誤，與商品合計金額不符");
    }
    Ok(Order {
        reference,
        buyer_ubn: ubn,
        buyer_name: text("CustomerName"),
        receive: match (donated, on_carrier) {
            (true, _) => Receive::Donation(text("LoveCode")),
            (_, true) => Receive::Carrier(carrier),
            _ => Receive::Paper,
        },
        tax_type,
        // In these books tax is not told apart.
        net: 0,
        tax: 0,
        total,
        lines: items.iter().map(line).collect(),
        request: String::new(),
        mail: text("CustomerEmail"),
    })
}

fn line(item: &Fields) -> Line {
    Line {
        name: item.text("ItemName"),
        count: item.number("ItemCount").unwrap_or(1),
        price: item.number("ItemPrice").unwrap_or_default(),
    }
}
