//! How a customer gets e-invoices (統一發票).

use super::subscriptions::{Posted, conclude, posted};
use super::{Visitor, enter, refuse_unless, stay};
use crate::ask::Ask;
use crate::billing::frame::{Action, Frame, Policy, html, trouble};
use crate::query;
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use billing::Billing;
use billing::einvoices::BuyerChoice;
use billing::face::Fields;
use catalogue::recur::Problem;
use einvoice::invoice::{DraftReceive, Field, Violation};
use kernel::Locale;

/// What stands on the page.
pub struct EinvoiceWords {
    pub title: &'static str,
    intro: &'static str,
    pub how: &'static str,
    /// The choice not to choose, at a checkout.
    unchanged: &'static str,
    save: &'static str,
    pub saved: &'static str,
    ways: [&'static str; WAYS.len()],
    labels: [&'static str; FIELDS.len()],
    hints: [&'static str; FIELDS.len()],
    /// Before what is wrong.
    wrong: &'static str,
    not_offered: &'static str,
    needs_email: &'static str,
}

/// The ways to get one, as the form sends them.
const WAYS: [&str; 6] = [
    "member",
    "mobile_barcode",
    "citizen_certificate",
    "donation",
    "company",
    "paper",
];
/// The form's fields besides, and their greatest length.
const FIELDS: [(&str, usize); 5] = [
    ("carrier", 16),
    ("love_code", 7),
    ("ubn", 8),
    ("invoice_name", 60),
    ("address", 100),
];

static EN: EinvoiceWords = EinvoiceWords {
    title: "E-invoices",
    intro: "How you get the uniform invoices of what you pay from now on.",
    how: "How to get them",
    unchanged: "As I have chosen before, or by e-mail",
    save: "Save",
    saved: "Your invoices come this way from now on.",
    ways: [
        "By e-mail, in an account with the invoice provider",
        "On a mobile barcode",
        "On a citizen digital certificate",
        "Donate them",
        "To a company",
        "On paper",
    ],
    labels: [
        "Carrier",
        "Love code",
        "Business number",
        "Name on the invoice",
        "Address",
    ],
    hints: [
        "For a mobile barcode “/” and 7 characters, for a certificate 2 letters and 14 digits.",
        "For a donation: 3 to 7 digits.",
        "For a company: 8 digits.",
        "For a company, its name.",
        "For a company or on paper.",
    ],
    wrong: "Please check:",
    not_offered: "This way is not offered here.",
    needs_email: "For this we need your e-mail address.",
};

static ZH_TW: EinvoiceWords = EinvoiceWords {
    title: "電子發票",
    intro: "設定之後付款的統一發票如何開立給您。",
    how: "開立方式",
    unchanged: "沿用先前的設定，否則以電子郵件通知",
    save: "儲存",
    saved: "之後的發票將依此方式開立。",
    ways: [
        "會員載具，以電子郵件通知",
        "手機條碼載具",
        "自然人憑證條碼載具",
        "捐贈發票",
        "公司戶（統一編號）",
        "紙本發票",
    ],
    labels: ["載具條碼", "愛心碼", "統一編號", "發票抬頭", "地址"],
    hints: [
        "手機條碼為「/」加 7 碼；自然人憑證為 2 個字母加 14 個數字。",
        "捐贈時填寫，3 至 7 個數字。",
        "公司戶填寫，8 個數字。",
        "公司戶填寫公司名稱。",
        "公司戶或紙本發票填寫。",
    ],
    wrong: "請檢查：",
    not_offered: "此商店不提供這種開立方式。",
    needs_email: "此方式需要您的電子郵件地址。",
};

static ZH_CN: EinvoiceWords = EinvoiceWords {
    title: "电子发票",
    intro: "设置之后付款的统一发票如何开具给您。",
    how: "开具方式",
    unchanged: "沿用之前的设置，否则以电子邮件通知",
    save: "保存",
    saved: "之后的发票将按此方式开具。",
    ways: [
        "会员载具，以电子邮件通知",
        "手机条码载具",
        "自然人凭证条码载具",
        "捐赠发票",
        "公司（统一编号）",
        "纸质发票",
    ],
    labels: ["载具条码", "爱心码", "统一编号", "发票抬头", "地址"],
    hints: [
        "手机条码为“/”加 7 位；自然人凭证为 2 个字母加 14 个数字。",
        "捐赠时填写，3 至 7 个数字。",
        "公司填写，8 个数字。",
        "公司填写公司名称。",
        "公司或纸质发票填写。",
    ],
    wrong: "请检查：",
    not_offered: "此商店不提供这种开具方式。",
    needs_email: "此方式需要您的电子邮件地址。",
};

pub fn words(locale: Locale) -> &'static EinvoiceWords {
    match locale {
        Locale::En => &EN,
        Locale::ZhTw => &ZH_TW,
        Locale::ZhCn => &ZH_CN,
    }
}

/// A way to get one.
pub struct Way {
    pub value: &'static str,
    pub label: &'static str,
    chosen: bool,
}

/// A field of the form.
pub struct Input {
    pub name: &'static str,
    pub longest: usize,
    pub label: &'static str,
    pub hint: &'static str,
    value: String,
}

/// The same form at a checkout.
pub struct AtCheckout {
    pub words: &'static EinvoiceWords,
    pub ways: Vec<Way>,
    pub fields: Vec<Input>,
}

impl AtCheckout {
    /// With nothing chosen.
    pub fn new(locale: Locale) -> Self {
        let words = words(locale);
        let (mut ways, fields) = inputs(words, &Shown::default());
        let unchanged = Way {
            value: "",
            label: words.unchanged,
            chosen: true,
        };
        ways.insert(0, unchanged);
        Self {
            words,
            ways,
            fields,
        }
    }
}

/// What the checkout's script sends: nothing is chosen, or what.
pub fn chosen(fields: &mut Fields) -> Option<BuyerChoice> {
    let way = fields.text_within("receive", 40);
    let way = way.filter(|way| !way.is_empty())?;
    let mut value = |name| fields.text_within(name, 200).unwrap_or_default();
    let values = FIELDS.map(|(name, _)| value(name));
    Some(Shown { way, values }.choice())
}

/// What is wrong with it, said beside the checkout's fields.
pub fn refuse(fields: &mut Fields, wrong: &[Violation]) {
    for violation in wrong {
        let name = match violation.field {
            Field::Carrier => FIELDS[0].0,
            Field::LoveCode => FIELDS[1].0,
            Field::BuyerUbn => FIELDS[2].0,
            Field::BuyerName => FIELDS[3].0,
            Field::BuyerAddress => FIELDS[4].0,
            Field::BuyerEmail => "email",
            _ => "receive",
        };
        let problem = match violation.problem {
            einvoice::invoice::Problem::Missing => Problem::Required,
            einvoice::invoice::Problem::NotOffered => Problem::NotAllowedHere,
            _ => Problem::InvalidCharacters,
        };
        fields.wrong(name, problem);
    }
}

fn inputs(words: &EinvoiceWords, shown: &Shown) -> (Vec<Way>, Vec<Input>) {
    let ways = WAYS.iter().zip(words.ways).map(|(value, label)| Way {
        value,
        label,
        chosen: shown.way == *value,
    });
    let fields = FIELDS.iter().zip(words.labels).zip(words.hints);
    let fields = fields.zip(shown.values.clone());
    let fields = fields.map(|(((field, label), hint), value)| Input {
        name: field.0,
        longest: field.1,
        label,
        hint,
        value,
    });
    (ways.collect(), fields.collect())
}

#[derive(Template)]
#[template(path = "billing/einvoice.html")]
struct Page {
    frame: Frame,
    words: &'static EinvoiceWords,
    action: String,
    session: String,
    ways: Vec<Way>,
    fields: Vec<Input>,
    alert: Option<String>,
    leave: Action,
}

/// What the form shows: the way, and the fields' values.
#[derive(Default)]
struct Shown {
    way: String,
    values: [String; FIELDS.len()],
}

impl Shown {
    fn of(choice: BuyerChoice) -> Self {
        let mut shown = Self::default();
        let way = match choice.receive {
            DraftReceive::Paper if choice.ubn.is_some() => "company",
            DraftReceive::Paper => "paper",
            DraftReceive::Member => "member",
            DraftReceive::MobileBarcode(carrier) => {
                shown.values[0] = carrier;
                "mobile_barcode"
            }
            DraftReceive::CitizenCertificate(carrier) => {
                shown.values[0] = carrier;
                "citizen_certificate"
            }
            DraftReceive::Donation(code) => {
                shown.values[1] = code;
                "donation"
            }
        };
        shown.way = way.to_owned();
        shown.values[2] = choice.ubn.unwrap_or_default();
        shown.values[3] = choice.name.unwrap_or_default();
        shown.values[4] = choice.address.unwrap_or_default();
        shown
    }

    fn typed(form: &str) -> Self {
        let value = |name: &str| query::value(form, name).trim().to_owned();
        Self {
            way: value("receive"),
            values: FIELDS.map(|(name, _)| value(name)),
        }
    }

    /// What is left empty, or belongs to another way, does not count.
    fn choice(&self) -> BuyerChoice {
        let [carrier, love_code, ubn, name, address] = self.values.clone();
        let company = self.way == "company";
        BuyerChoice {
            receive: match self.way.as_str() {
                "member" => DraftReceive::Member,
                "mobile_barcode" => DraftReceive::MobileBarcode(carrier.to_ascii_uppercase()),
                "citizen_certificate" => {
                    DraftReceive::CitizenCertificate(carrier.to_ascii_uppercase())
                }
                "donation" => DraftReceive::Donation(love_code),
                _ => DraftReceive::Paper,
            },
            name: Some(name).filter(|name| !name.is_empty()),
            address: Some(address).filter(|address| !address.is_empty()),
            ubn: company.then_some(ubn),
        }
    }
}

fn show(
    ask: &Ask,
    visitor: &Visitor,
    status: StatusCode,
    shown: &Shown,
    alert: Option<String>,
) -> Response {
    let words = words(ask.locale());
    let (ways, fields) = inputs(words, shown);
    let page = Page {
        frame: Frame::new(ask, Some(&visitor.shop), words.title),
        words,
        action: visitor.link(ask, "/einvoice"),
        session: visitor.session.portal_session_id.to_string(),
        ways,
        fields,
        alert,
        leave: Action {
            label: ask.words().back.to_owned(),
            href: visitor.link(ask, ""),
        },
    };
    html(status, &page.frame, &page)
}

/// What is wrong, in the words of the form.
fn alert_of(words: &EinvoiceWords, wrong: &[Violation]) -> String {
    let mut labels = Vec::new();
    for violation in wrong {
        let label = match violation.field {
            Field::Carrier => words.labels[0],
            Field::LoveCode => words.labels[1],
            Field::BuyerUbn => words.labels[2],
            Field::BuyerName => words.labels[3],
            Field::BuyerAddress => words.labels[4],
            Field::BuyerEmail => return words.needs_email.to_owned(),
            _ => return words.not_offered.to_owned(),
        };
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    format!("{} {}", words.wrong, labels.join(", "))
}

/// Shows how the customer gets e-invoices.
pub async fn page(State(billing): State<Billing>, mut ask: Ask) -> Response {
    let visitor = match enter(&billing, &mut ask).await {
        Ok(visitor) => visitor,
        Err(error) => return trouble(&ask, None, Policy::default(), &error),
    };
    let found = async {
        refuse_unless(visitor.settings.einvoices.is_some())?;
        let customer = visitor.session.customer_id;
        billing.einvoice_buyer(&visitor.scope, customer).await
    };
    match found.await {
        Ok(choice) => {
            let shown = choice.map(Shown::of).unwrap_or_default();
            show(&ask, &visitor, StatusCode::OK, &shown, None)
        }
        Err(error) => stay(&billing, &ask, &visitor, &error).await,
    }
}

/// Has the customer get them in another way.
pub async fn change(State(billing): State<Billing>, mut ask: Ask, body: Body) -> Response {
    let Posted { visitor, form } = match posted(&billing, &mut ask, body).await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let shown = Shown::typed(&form);
    let changed = async {
        refuse_unless(visitor.settings.einvoices.is_some())?;
        let customer = visitor.session.customer_id;
        billing
            .choose_einvoice(&visitor.scope, customer, shown.choice())
            .await
    };
    match changed.await {
        Ok(Ok(())) => conclude(&billing, &ask, &visitor, Ok("einvoice")).await,
        Ok(Err(wrong)) => {
            let alert = alert_of(words(ask.locale()), &wrong);
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            show(&ask, &visitor, status, &shown, Some(alert))
        }
        Err(error) => conclude(&billing, &ask, &visitor, Err(error)).await,
    }
}
