//! The 44 result codes of the order platform, and the body they come in.

use crate::{Coded, Param, errors, phrases};
use kernel::{Credits, Locale};
use serde::Serialize;
use std::borrow::Cow;

/// The name of a property of the request, as in `validation_failed_responses[].property_name`:
/// a snake_case path such as `product_id` or `order_ids[1]`.
pub type Property = Cow<'static, str>;

/// One item of `validation_failed_responses`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The property at fault; `None` when it is the body as a whole.
    pub property: Option<Property>,
    /// What is wrong with it.
    pub error: PlatformError,
}

impl FieldError {
    /// `error` at `property`.
    pub fn at(property: impl Into<Property>, error: PlatformError) -> Self {
        Self {
            property: Some(property.into()),
            error,
        }
    }
}

impl Param for Vec<FieldError> {
    const TYPE: &'static str = "FieldError[]";
    fn text(&self, _: Locale) -> Cow<'_, str> {
        self.len().to_string().into()
    }
}

phrases! {
    /// What a request named that does not exist.
    #[derive(Copy)]
    pub enum Subject {
        /// A product.
        Product => { en: "product", zh_tw: "產品", zh_cn: "产品" },
        /// An order.
        Order => { en: "order", zh_tw: "訂單", zh_cn: "订单" },
        /// An account.
        Account => { en: "account", zh_tw: "帳號", zh_cn: "账号" },
        /// A private key.
        PrivateKey => { en: "private key", zh_tw: "private key", zh_cn: "private key" },
        /// A session.
        Session => { en: "session", zh_tw: "登入階段", zh_cn: "登录会话" },
        /// A file.
        File => { en: "file", zh_tw: "檔案", zh_cn: "文件" },
        /// A purchase of credit.
        Charge => { en: "credit charge", zh_tw: "儲值單", zh_cn: "充值单" },
        /// A path and method that no operation answers.
        Operation => { en: "operation", zh_tw: "操作", zh_cn: "操作" },
    }
}

phrases! {
    /// What a value should have been.
    #[derive(Copy)]
    pub enum Format {
        /// A whole JSON number.
        Integer => { en: "a whole number", zh_tw: "整數", zh_cn: "整数" },
        /// A JSON string.
        Text => { en: "a string", zh_tw: "字串", zh_cn: "字符串" },
        /// A JSON array.
        List => { en: "a list", zh_tw: "陣列", zh_cn: "数组" },
        /// A UUID.
        Uuid => { en: "a UUID", zh_tw: "UUID", zh_cn: "UUID" },
        /// A mobile barcode.
        MobileBarcode => { en: "/ and seven of 0-9 A-Z . + -", zh_tw: "/ 加上 7 碼 0-9 A-Z . + -", zh_cn: "/ 加上 7 位 0-9 A-Z . + -" },
        /// A citizen digital certificate.
        CitizenCertificate => { en: "two capital letters and 14 digits", zh_tw: "2 碼大寫英文加 14 碼數字", zh_cn: "2 位大写英文加 14 位数字" },
        /// A love code.
        LoveCode => { en: "3 to 7 digits", zh_tw: "3 至 7 碼數字", zh_cn: "3 至 7 位数字" },
        /// Lines of one kind cannot be with lines of another.
        MixedTaxes => { en: "taxable lines together with either zero-rated or tax-free ones", zh_tw: "應稅品項搭配零稅率或免稅品項其中一種", zh_cn: "应税项目搭配零税率或免税项目其中一种" },
        /// Text without control characters.
        PlainText => { en: "text without control characters", zh_tw: "不含控制字元的文字", zh_cn: "不含控制字符的文字" },
        /// What does not go with the rest.
        Absent => { en: "absent: it means nothing here", zh_tw: "不可帶入：在此沒有意義", zh_cn: "不可填写：在此没有意义" },
        /// An absolute URL.
        Url => { en: "an absolute http or https URL", zh_tw: "完整的 http 或 https 網址", zh_cn: "完整的 http 或 https 网址" },
        /// The end of a bank account's number.
        FiveDigits => { en: "5 digits", zh_tw: "5 位數字", zh_cn: "5 位数字" },
        /// A date-time.
        DateTime => { en: "an ISO 8601 date-time with an offset", zh_tw: "含時區位移的 ISO 8601 日期時間", zh_cn: "含时区偏移的 ISO 8601 日期时间" },
        /// The body.
        JsonObject => { en: "a JSON object in UTF-8", zh_tw: "UTF-8 編碼的 JSON 物件", zh_cn: "UTF-8 编码的 JSON 对象" },
        /// The content type of the body.
        JsonContentType => { en: "application/json", zh_tw: "application/json", zh_cn: "application/json" },
        /// The code in a text message.
        VerificationCode => { en: "the code that was sent last, while it is valid", zh_tw: "最近一次寄出且仍有效的驗證碼", zh_cn: "最近一次发送且仍有效的验证码" },
        /// A uniform number.
        TaxId => { en: "a valid uniform number of 8 digits", zh_tw: "8 碼且檢查碼正確的統一編號", zh_cn: "8 位且校验码正确的统一编号" },
        /// A JSON boolean.
        Boolean => { en: "true or false", zh_tw: "true 或 false", zh_cn: "true 或 false" },
        /// An idempotency key.
        IdempotencyKey => { en: "1 to 255 visible ASCII characters", zh_tw: "1 至 255 個可見 ASCII 字元", zh_cn: "1 至 255 个可见 ASCII 字符" },
    }
}

phrases! {
    /// Why an order could not be made although its fields are right.
    #[derive(Copy)]
    pub enum OrderRefusal {
        /// The product is not on sale.
        OffSale => { en: "the product is not on sale", zh_tw: "產品目前未開放販售", zh_cn: "产品目前未开放销售" },
        /// The product belongs to another order endpoint.
        WrongProductType => { en: "the product is ordered through another endpoint", zh_tw: "此產品須使用其他下單端點", zh_cn: "此产品须使用其他下单端点" },
        /// Runs were asked of a product that delivers at once.
        NoDripFeed => { en: "the product cannot be delivered in runs", zh_tw: "此產品不支援分批投放", zh_cn: "此产品不支持分批投放" },
        /// The supplier refuses the link.
        LinkRefused => { en: "the supplier refuses the link", zh_tw: "供應商拒絕此連結", zh_cn: "供应商拒绝此链接" },
        /// The supplier still has an order for the link.
        LinkDuplicate => { en: "an order for this link is still running", zh_tw: "此連結仍有進行中的訂單", zh_cn: "此链接仍有进行中的订单" },
        /// The supplier refuses a comment.
        CommentRefused => { en: "the supplier refuses a comment", zh_tw: "供應商拒絕其中的留言", zh_cn: "供应商拒绝其中的评论" },
        /// The supplier refuses for another reason.
        SupplierRefused => { en: "the supplier refuses the order", zh_tw: "供應商拒絕此訂單", zh_cn: "供应商拒绝此订单" },
        /// The product cannot be refilled.
        NotRefillable => { en: "the product cannot be refilled", zh_tw: "此產品不支援補量", zh_cn: "此产品不支持补量" },
        /// The product cannot be cancelled.
        NotCancelable => { en: "the product cannot be cancelled", zh_tw: "此產品不支援取消", zh_cn: "此产品不支持取消" },
        /// The order has ended.
        AlreadyEnded => { en: "the order has already ended", zh_tw: "訂單已結束", zh_cn: "订单已结束" },
        /// The order has not been completed.
        NotCompleted => { en: "the order is not complete yet", zh_tw: "訂單尚未完成", zh_cn: "订单尚未完成" },
    }
}

phrases! {
    /// Why a file could not be taken.
    #[derive(Copy)]
    pub enum UploadRefusal {
        /// The body is no form with files.
        NoForm => { en: "the body is not multipart/form-data with a boundary", zh_tw: "內容不是帶有 boundary 的 multipart/form-data", zh_cn: "内容不是带有 boundary 的 multipart/form-data" },
        /// The body is broken.
        Malformed => { en: "the body is broken or did not arrive in full", zh_tw: "內容已損壞或未完整送達", zh_cn: "内容已损坏或未完整送达" },
        /// There is no part with the file.
        NoFile => { en: "there is no part named file", zh_tw: "沒有名為 file 的部分", zh_cn: "没有名为 file 的部分" },
        /// There is more than one.
        SeveralFiles => { en: "there is more than one part named file", zh_tw: "名為 file 的部分超過一個", zh_cn: "名为 file 的部分超过一个" },
        /// There are too many other parts, or too long ones.
        TooManyParts => { en: "the form has too many parts besides the file, or too long ones", zh_tw: "表單除檔案外的部分過多或過長", zh_cn: "表单除文件外的部分过多或过长" },
        /// The file has no content.
        Empty => { en: "the file is empty", zh_tw: "檔案是空的", zh_cn: "文件是空的" },
        /// The file is too large.
        TooLarge { largest: i64 } => { en: "the file has more than {largest} bytes", zh_tw: "檔案超過 {largest} 位元組", zh_cn: "文件超过 {largest} 字节" },
        /// The file is of another kind.
        TypeNotAllowed => { en: "only PNG, JPEG, GIF, WebP and PDF are taken", zh_tw: "僅接受 PNG、JPEG、GIF、WebP 與 PDF", zh_cn: "仅接受 PNG、JPEG、GIF、WebP 和 PDF" },
        /// The sender says that it is of another kind than it is.
        TypeDisagrees => { en: "the content type that was sent is not that of the content", zh_tw: "宣告的內容類型與檔案內容不符", zh_cn: "声明的内容类型与文件内容不符" },
        /// Too much waits for being attached.
        TooMuchWaiting => { en: "too many files wait to be attached to something", zh_tw: "尚未附加的檔案過多", zh_cn: "尚未附加的文件过多" },
        /// The storage does not take it.
        NotStored => { en: "it could not be stored", zh_tw: "無法儲存", zh_cn: "无法存储" },
    }
}

phrases! {
    /// What excludes what.
    #[derive(Copy)]
    pub enum Conflict {
        /// A link and a username.
        LinkAndUsername => { en: "Send either link or username, not both.", zh_tw: "link 與 username 只能擇一帶入。", zh_cn: "link 与 username 只能二选一。" },
        /// The address belongs to an account.
        EmailTaken => { en: "There is an account with this e-mail address already.", zh_tw: "此電子郵件地址已有帳號。", zh_cn: "此电子邮件地址已有账号。" },
        /// A donation and a carrier or business number.
        DonationAndOther => { en: "A donated invoice has neither carrier nor tax id.", zh_tw: "捐贈發票不可帶入載具或統一編號。", zh_cn: "捐赠发票不可填写载具或统一编号。" },
        /// A carrier that the receive type does not use.
        CarrierWithoutUse => { en: "carrier_id goes with mobile_barcode or citizen_certificate only.", zh_tw: "carrier_id 僅適用於 mobile_barcode 或 citizen_certificate。", zh_cn: "carrier_id 仅适用于 mobile_barcode 或 citizen_certificate。" },
        /// The key belongs to another request.
        IdempotencyKeyReused => { en: "This Idempotency-Key was used for another request.", zh_tw: "此 Idempotency-Key 已用於不同的請求。", zh_cn: "此 Idempotency-Key 已用于不同的请求。" },
        /// The request with this key is still being carried out.
        IdempotencyKeyInUse => { en: "A request with this Idempotency-Key is still being carried out.", zh_tw: "使用此 Idempotency-Key 的請求仍在處理中。", zh_cn: "使用此 Idempotency-Key 的请求仍在处理中。" },
    }
}

phrases! {
    /// What somebody shows to be let in.
    #[derive(Copy)]
    pub enum Credential {
        /// An organization's key.
        PrivateKey => { en: "The private key is missing, unknown or no longer valid.", zh_tw: "private key 缺少、不存在或已失效。", zh_cn: "private key 缺失、不存在或已失效。" },
        /// A session's token.
        AccessToken => { en: "The access token is missing, unknown or no longer valid.", zh_tw: "access token 缺少、不存在或已失效。", zh_cn: "access token 缺失、不存在或已失效。" },
        /// An e-mail address and a password.
        Password => { en: "The e-mail address or the password is wrong.", zh_tw: "電子郵件地址或密碼錯誤。", zh_cn: "电子邮件地址或密码错误。" },
        /// The hash of a gateway's notice.
        NoticeHash => { en: "The hash of the notice does not match.", zh_tw: "通知的 HashInfo 驗證不符。", zh_cn: "通知的 HashInfo 验证不符。" },
    }
}

phrases! {
    /// Why there can be no invoice.
    #[derive(Copy)]
    pub enum InvoiceObstacle {
        /// The charge has one.
        AlreadyInvoiced => { en: "the charge has an invoice already", zh_tw: "此儲值單已有發票", zh_cn: "此充值单已有发票" },
        /// Nothing was paid.
        NoAmount => { en: "there is no amount to invoice", zh_tw: "沒有可開立的金額", zh_cn: "没有可开具的金额" },
        /// The server has no account with the provider.
        NotConfigured => { en: "this server has no account with the invoice provider", zh_tw: "伺服器未設定此發票服務商", zh_cn: "服务器未配置此发票服务商" },
    }
}

phrases! {
    /// Why an e-invoice provider has not done something.
    #[derive(Copy)]
    pub enum InvoiceRefusal {
        /// There is no number left.
        NumbersUsedUp => { en: "no invoice numbers are left for this period", zh_tw: "本期字軌號碼已用完", zh_cn: "本期字轨号码已用完" },
        /// The tax authority does not know the barcode or love code.
        UnknownCarrier => { en: "the carrier or love code is not registered", zh_tw: "載具或愛心碼未登錄", zh_cn: "载具或爱心码未登记" },
        /// The seller's account.
        Account => { en: "the provider does not accept the account of this server", zh_tw: "服務商不接受伺服器的帳號", zh_cn: "服务商不接受服务器的账号" },
        /// No such invoice there.
        NotFound => { en: "the provider does not find the invoice", zh_tw: "服務商查無此發票", zh_cn: "服务商查无此发票" },
        /// An allowance stands in the way.
        HasAllowance => { en: "the invoice has an allowance", zh_tw: "發票已有折讓", zh_cn: "发票已有折让" },
        /// The period is closed.
        TooLate => { en: "it is too late for that", zh_tw: "已超過期限", zh_cn: "已超过期限" },
        /// The tax authority does not have it yet.
        TooEarly => { en: "the tax authority does not have the invoice yet", zh_tw: "發票尚未上傳至財政部", zh_cn: "发票尚未上传至财政部" },
        /// More than there is.
        TooMuch => { en: "that is more than is left of the invoice", zh_tw: "超過發票剩餘金額", zh_cn: "超过发票剩余金额" },
        /// No paper.
        NotPrintable => { en: "there is no paper copy of it", zh_tw: "此發票沒有紙本", zh_cn: "此发票没有纸质件" },
        /// Something is wrong with it.
        Refused => { en: "the provider refuses it", zh_tw: "服務商拒絕", zh_cn: "服务商拒绝" },
        /// No such operation.
        NotOffered => { en: "the provider does not offer it", zh_tw: "服務商未提供此功能", zh_cn: "服务商未提供此功能" },
        /// No account any more.
        NotConfigured => { en: "this server has no account with the provider any more", zh_tw: "伺服器已無此服務商的設定", zh_cn: "服务器已无此服务商的配置" },
        /// Somebody else was there.
        VoidedElsewhere => { en: "it was voided at the provider", zh_tw: "已於服務商端作廢", zh_cn: "已在服务商端作废" },
        /// Silence.
        NoAnswer => { en: "the provider gives no answer that says whether it was done", zh_tw: "服務商未回覆是否完成", zh_cn: "服务商未回复是否完成" },
        /// A contradiction.
        Mismatch => { en: "the provider's answer contradicts what is stored", zh_tw: "服務商的回覆與已儲存的資料不符", zh_cn: "服务商的回复与已保存的数据不符" },
    }
}

phrases! {
    /// How an invoice stands, where that does not allow a step.
    #[derive(Copy)]
    pub enum InvoiceState {
        /// `draft`.
        Draft => { en: "it is a draft", zh_tw: "目前為草稿", zh_cn: "目前为草稿" },
        /// `issued`.
        Issued => { en: "it is issued", zh_tw: "已開立", zh_cn: "已开具" },
        /// `issue_failed`.
        IssueFailed => { en: "it has not been issued", zh_tw: "開立失敗", zh_cn: "开具失败" },
        /// `void`.
        Void => { en: "it is void", zh_tw: "已作廢", zh_cn: "已作废" },
        /// A call is under way.
        UnderWay => { en: "the provider is being asked at the moment", zh_tw: "正在等候服務商回覆", zh_cn: "正在等候服务商回复" },
        /// The last step has no answer.
        Open => { en: "it is not known yet whether the last step was done", zh_tw: "尚未得知上一步驟是否完成", zh_cn: "尚未得知上一步是否完成" },
    }
}

phrases! {
    /// Why only people can help.
    #[derive(Copy)]
    pub enum SupportReason {
        /// The supplier has no funds or no valid key for us.
        SupplierAccount => { en: "The supplier cannot take orders at present.", zh_tw: "供應商目前無法接單。", zh_cn: "供应商目前无法接单。" },
        /// The supplier does not answer, or not in a way we can read.
        SupplierUnavailable => { en: "The supplier does not answer.", zh_tw: "供應商沒有回應。", zh_cn: "供应商没有响应。" },
        /// Whoever tells robots from people does not answer.
        RobotCheckUnavailable => { en: "The robot check does not work at present.", zh_tw: "機器人驗證目前無法使用。", zh_cn: "机器人验证目前无法使用。" },
        /// Nobody has said where transfers go to.
        NoBankAccount => { en: "Transfers are not taken here.", zh_tw: "目前不接受銀行轉帳。", zh_cn: "目前不接受银行转账。" },
        /// The server is too busy to answer in time.
        Overloaded => { en: "The server did not finish in time.", zh_tw: "伺服器未能及時完成。", zh_cn: "服务器未能及时完成。" },
        /// No payment gateway is configured.
        NoPaymentGateway => { en: "Payment over PAYUNi is not available.", zh_tw: "目前無法使用 PAYUNi 付款。", zh_cn: "目前无法使用 PAYUNi 付款。" },
        /// The payment gateway does not answer, or not in a way we can read.
        PaymentGatewayUnavailable => { en: "PAYUNi does not answer.", zh_tw: "PAYUNi 沒有回應。", zh_cn: "PAYUNi 没有响应。" },
        /// A charge was tried to be paid too often.
        TooManyPayments => { en: "This charge was tried to be paid too often.", zh_tw: "此儲值單的付款嘗試次數過多。", zh_cn: "此充值单的付款尝试次数过多。" },
        /// The rate limit of the key is used up.
        TooManyRequests => { en: "Too many requests with this key.", zh_tw: "此金鑰的請求過於頻繁。", zh_cn: "此密钥的请求过于频繁。" },
    }
}

errors! {
    /// The result codes of the order platform: its documentation lists exactly these 44.
    pub enum PlatformError: Platform, pages: concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors/platform/") => {
        /// Something that no rule foresaw: the cause is in the log under the incident.
        UnHandleException { incident: String } = "un_handle_exception" {
            status: 500, level: Top, retry: Later,
            en: "An unexpected error occurred. Incident {incident}.",
            zh_tw: "發生未預期的錯誤。事件編號 {incident}。",
            zh_cn: "发生未预期的错误。事件编号 {incident}。",
        },
        /// At least one field breaks a rule; every one that does is listed.
        DataValidationFailed { items: Vec<FieldError> } = "data_validation_failed" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "Validation failed.",
            zh_tw: "資料驗證失敗。",
            zh_cn: "数据验证失败。",
        },
        /// A query option breaks a rule of OData or of the list.
        ODataFailed { detail: String } = "o_data_failed" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "The query options are not valid.",
            zh_tw: "OData 查詢參數驗證失敗。",
            zh_cn: "OData 查询参数验证失败。",
        },
        /// The key is absent, unknown, revoked or expired.
        TokenValidationFailed { what: Credential } = "token_validation_failed" {
            status: 401, level: Top, retry: AfterChange,
            en: "{what}",
            zh_tw: "{what}",
            zh_cn: "{what}",
        },
        /// What the request names does not exist, or belongs to somebody else.
        DataNotExist { what: Subject } = "data_not_exist" {
            status: 400, level: Both, retry: AfterFixingRequest,
            en: "This {what} does not exist.",
            zh_tw: "{what}不存在。",
            zh_cn: "{what}不存在。",
        },
        /// The captcha token was refused.
        RobotValidationFailed = "robot_validation_failed" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "The robot check was not passed.",
            zh_tw: "機器人驗證未通過。",
            zh_cn: "机器人验证未通过。",
        },
        /// The value is not one of the enum's.
        NotAllowedEnumValues { property: Property, allowed: String } = "not_allowed_enum_values" {
            status: 400, level: Field, retry: AfterFixingRequest,
            en: "{property} must be one of: {allowed}.",
            zh_tw: "{property} 必須為下列其中之一：{allowed}。",
            zh_cn: "{property} 必须为下列之一：{allowed}。",
        },
        /// The number is outside its range.
        ValueOutOfRange { property: Property, min: i64, max: i64 } = "value_out_of_range" {
            status: 400, level: Field, retry: AfterFixingRequest,
            en: "{property} must be between {min} and {max}.",
            zh_tw: "{property} 必須介於 {min} 與 {max} 之間。",
            zh_cn: "{property} 必须介于 {min} 与 {max} 之间。",
        },
        /// The file could not be taken.
        FailedToUploadFile { reason: UploadRefusal } = "failed_to_upload_file" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "The file could not be uploaded: {reason}.",
            zh_tw: "檔案上傳失敗：{reason}。",
            zh_cn: "文件上传失败：{reason}。",
        },
        /// The organization of the key is disabled.
        OrganizationDisable = "organization_disable" {
            status: 400, level: Top, retry: AfterChange,
            en: "The organization is disabled.",
            zh_tw: "組織已停用。",
            zh_cn: "组织已停用。",
        },
        /// The organization named is not the one of the key.
        OrganizationIdIncorrect = "organization_id_incorrect" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "organization_id is not the organization of this key.",
            zh_tw: "organization_id 與此金鑰所屬的組織不符。",
            zh_cn: "organization_id 与此密钥所属的组织不符。",
        },
        /// The list is empty.
        SequenceAtLeastOneElement { property: Property } = "sequence_at_least_one_element" {
            status: 400, level: Field, retry: AfterFixingRequest,
            en: "{property} must have at least one element.",
            zh_tw: "{property} 至少須有一個元素。",
            zh_cn: "{property} 至少须有一个元素。",
        },
        /// The total is larger than the balance.
        CreditNotEnough { needed: Credits, available: Credits } = "credit_not_enough" {
            status: 400, level: Top, retry: AfterChange,
            en: "Not enough credit: {needed} needed, {available} available.",
            zh_tw: "信用點數不足：需要 {needed}，目前可用 {available}。",
            zh_cn: "信用点数不足：需要 {needed}，当前可用 {available}。",
        },
        /// The product's state or the supplier does not allow the order.
        CreateOrderFailed { reason: OrderRefusal } = "create_order_failed" {
            status: 400, level: Both, retry: AfterChange,
            en: "The order failed: {reason}.",
            zh_tw: "訂單處理失敗：{reason}。",
            zh_cn: "订单处理失败：{reason}。",
        },
        /// The text is too short or too long.
        StringLengthOutOfRange { property: Property, min: i64, max: i64 } = "string_length_out_of_range" {
            status: 400, level: Both, retry: AfterFixingRequest,
            en: "{property} must have {min} to {max} characters.",
            zh_tw: "{property} 的長度必須介於 {min} 至 {max} 個字元。",
            zh_cn: "{property} 的长度必须介于 {min} 至 {max} 个字符。",
        },
        /// The field is absent, null or blank.
        FieldIsRequired { property: Property } = "field_is_required" {
            status: 400, level: Field, retry: AfterFixingRequest,
            en: "{property} is required.",
            zh_tw: "{property} 為必填。",
            zh_cn: "{property} 为必填。",
        },
        /// The address is not an e-mail address.
        InvalidEmailFormat { property: Property } = "invalid_email_format" {
            status: 400, level: Field, retry: AfterFixingRequest,
            en: "{property} is not a valid e-mail address.",
            zh_tw: "{property} 不是有效的電子郵件地址。",
            zh_cn: "{property} 不是有效的电子邮件地址。",
        },
        /// The value has the wrong form or JSON type.
        InvalidFormat { property: Property, expected: Format } = "invalid_format" {
            status: 400, level: Field, retry: AfterFixingRequest,
            en: "{property} must be {expected}.",
            zh_tw: "{property} 必須是{expected}。",
            zh_cn: "{property} 必须是{expected}。",
        },
        /// The file referred to is already attached to something.
        FileTypeMustBeTemp { property: Property } = "file_type_must_be_temp" {
            status: 400, level: Field, retry: AfterFixingRequest,
            en: "{property} must name a temporary file.",
            zh_tw: "{property} 必須為暫存檔案。",
            zh_cn: "{property} 必须为临时文件。",
        },
        /// The account is not a member of the organization.
        OrganizationNotBelongAccount = "organization_not_belong_account" {
            status: 400, level: Top, retry: AfterChange,
            en: "The organization does not belong to this account.",
            zh_tw: "此組織不屬於目前的帳號。",
            zh_cn: "此组织不属于当前账号。",
        },
        /// The number is valid but not a mobile number.
        MobilePhoneOnly { property: Property } = "mobile_phone_only" {
            status: 400, level: Field, retry: AfterFixingRequest,
            en: "{property} must be a mobile phone number.",
            zh_tw: "{property} 必須為行動電話號碼。",
            zh_cn: "{property} 必须为手机号码。",
        },
        /// The text is not a valid phone number.
        PhoneNumberInvalid { property: Property } = "phone_number_invalid" {
            status: 400, level: Field, retry: AfterFixingRequest,
            en: "{property} is not a valid phone number.",
            zh_tw: "{property} 不是有效的電話號碼。",
            zh_cn: "{property} 不是有效的电话号码。",
        },
        /// The e-invoice provider could not confirm the invoice.
        GetInvoiceFailed { reason: InvoiceRefusal } = "get_invoice_failed" {
            status: 400, level: Top, retry: Later,
            en: "The invoice could not be read from its provider: {reason}.",
            zh_tw: "發票查詢失敗：{reason}。",
            zh_cn: "发票查询失败：{reason}。",
        },
        /// The provider does not offer this way of receiving an invoice.
        InvoiceProviderNotAllowInvoiceReceiveType = "invoice_provider_not_allow_invoice_receive_type" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "The invoice provider does not offer this receive type.",
            zh_tw: "發票服務商不支援此發票領取方式。",
            zh_cn: "发票服务商不支持此发票领取方式。",
        },
        /// The provider does not offer this tax type.
        InvoiceProviderNotAllowInvoiceTaxType = "invoice_provider_not_allow_invoice_tax_type" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "The invoice provider does not offer this tax type.",
            zh_tw: "發票服務商不支援此課稅類別。",
            zh_cn: "发票服务商不支持此课税类别。",
        },
        /// The charge has an invoice already, or nothing to invoice.
        CreateInvoiceFailed { reason: InvoiceObstacle } = "create_invoice_failed" {
            status: 400, level: Top, retry: AfterChange,
            en: "The invoice could not be created: {reason}.",
            zh_tw: "發票建立失敗：{reason}。",
            zh_cn: "发票创建失败：{reason}。",
        },
        /// The organization has no such invoice.
        InvoiceNotFound = "invoice_not_found" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "This invoice does not exist.",
            zh_tw: "查無此發票。",
            zh_cn: "查无此发票。",
        },
        /// The invoice's status does not allow the step.
        InvoiceStatusIncorrect { state: InvoiceState } = "invoice_status_incorrect" {
            status: 400, level: Top, retry: AfterChange,
            en: "The status of the invoice does not allow this: {state}.",
            zh_tw: "發票狀態不允許此操作：{state}。",
            zh_cn: "发票状态不允许此操作：{state}。",
        },
        /// The provider refused to issue the invoice, or is down.
        IssueInvoiceFailed { reason: InvoiceRefusal } = "issue_invoice_failed" {
            status: 400, level: Top, retry: Later,
            en: "The invoice could not be issued: {reason}.",
            zh_tw: "發票開立失敗：{reason}。",
            zh_cn: "发票开立失败：{reason}。",
        },
        /// The provider refused to void the invoice.
        VoidInvoiceFailed { reason: InvoiceRefusal } = "void_invoice_failed" {
            status: 400, level: Top, retry: AfterChange,
            en: "The invoice could not be taken back: {reason}.",
            zh_tw: "發票作廢或折讓失敗：{reason}。",
            zh_cn: "发票作废或折让失败：{reason}。",
        },
        /// There is no paper copy of the invoice, or no address for it.
        GetInvoicePrintUrlFailed { reason: InvoiceRefusal } = "get_invoice_print_url_failed" {
            status: 400, level: Top, retry: AfterChange,
            en: "The invoice has no print address: {reason}.",
            zh_tw: "無法取得發票列印網址：{reason}。",
            zh_cn: "无法获取发票打印网址：{reason}。",
        },
        /// The charge's payment type does not allow the step.
        CreditChargePaymentTypeIncorrect = "credit_charge_payment_type_incorrect" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "The payment type of the charge does not allow this.",
            zh_tw: "儲值單的付款方式不允許此操作。",
            zh_cn: "充值单的付款方式不允许此操作。",
        },
        /// The charge's status does not allow the step.
        CreditChargeStatusIncorrect = "credit_charge_status_incorrect" {
            status: 400, level: Top, retry: AfterChange,
            en: "The status of the charge does not allow this.",
            zh_tw: "儲值單狀態不允許此操作。",
            zh_cn: "充值单状态不允许此操作。",
        },
        /// The charge is another organization's.
        CreditChargeNotBelongOrganization = "credit_charge_not_belong_organization" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "The charge does not belong to this organization.",
            zh_tw: "此儲值單不屬於目前的組織。",
            zh_cn: "此充值单不属于当前组织。",
        },
        /// The charge was made by another account.
        CreditChargeNotBelongAccount = "credit_charge_not_belong_account" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "The charge does not belong to this account.",
            zh_tw: "此儲值單不屬於目前的帳號。",
            zh_cn: "此充值单不属于当前账号。",
        },
        /// At least one element of a batch failed, so nothing was done.
        BatchOperationFailed { items: Vec<FieldError> } = "batch_operation_failed" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "{items} of the elements failed; nothing was changed.",
            zh_tw: "有 {items} 個項目失敗，未做任何變更。",
            zh_cn: "有 {items} 个项目失败，未做任何更改。",
        },
        /// The expiry date is not in the future.
        InvalidExpiryDate = "invalid_expiry_date" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "expiry_date must be in the future.",
            zh_tw: "expiry_date 必須晚於現在時間。",
            zh_cn: "expiry_date 必须晚于当前时间。",
        },
        /// Two things were sent that exclude each other.
        ConflictingParameters { conflict: Conflict } = "conflicting_parameters" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "{conflict}",
            zh_tw: "{conflict}",
            zh_cn: "{conflict}",
        },
        /// The quantity is below the product's minimum.
        BelowMinimumQuantity { min: i64 } = "below_minimum_quantity" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "The quantity is below the product's minimum of {min}.",
            zh_tw: "數量低於產品最低數量 {min}。",
            zh_cn: "数量低于产品最低数量 {min}。",
        },
        /// The quantity is above the product's maximum.
        ExceedsMaximumQuantity { max: i64 } = "exceeds_maximum_quantity" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "The quantity is above the product's maximum of {max}.",
            zh_tw: "數量高於產品最高數量 {max}。",
            zh_cn: "数量高于产品最高数量 {max}。",
        },
        /// Only people can help: the supplier's side is at fault, or a limit must be raised.
        ContactCustomerService { reason: SupportReason } = "contact_customer_service" {
            status: 400, level: Both, retry: Later,
            en: "{reason} Please contact customer service with the request and its time.",
            zh_tw: "{reason}請提供請求內容與時間點聯繫客服。",
            zh_cn: "{reason}请提供请求内容与时间点联系客服。",
        },
        /// The supplier no longer offers the product's service, or the product has none.
        IncorrectServiceId = "incorrect_service_id" {
            status: 400, level: Top, retry: AfterChange,
            en: "The supplier does not offer the service of this product.",
            zh_tw: "供應商未提供此產品對應的服務。",
            zh_cn: "供应商未提供此产品对应的服务。",
        },
        /// The supplier does not know the order, or was never given it.
        IncorrectOrderId = "incorrect_order_id" {
            status: 400, level: Both, retry: AfterChange,
            en: "The supplier does not know this order.",
            zh_tw: "供應商查無此訂單。",
            zh_cn: "供应商查无此订单。",
        },
        /// PAYUNi does not know the order, or no charge belongs to it.
        PayUniOrderNotFound = "pay_uni_order_not_found" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "PAYUNi has no such order.",
            zh_tw: "PAYUNi 查無此訂單。",
            zh_cn: "PAYUNi 查无此订单。",
        },
    }
}

/// The body of every refusal of the face (`ErrorResponse`).
#[derive(Debug, Serialize)]
pub struct ErrorResponse {
    /// For people, in the language of the request.
    pub message: String,
    /// For programs.
    pub result_code: &'static str,
    /// The fields at fault, when there are any.
    pub validation_failed_responses: Option<Vec<ValidationFailedResponse>>,
    /// What is wrong with the query options, when they are at fault.
    pub odata: Option<String>,
}

/// One field at fault.
#[derive(Debug, Serialize)]
pub struct ValidationFailedResponse {
    /// For programs.
    pub result_code: &'static str,
    /// For people, in the language of the request.
    pub message: String,
    /// The field; `null` when it is the body as a whole.
    pub property_name: Option<Property>,
}

impl PlatformError {
    /// A refusal that lists the fields at fault. Comments of a wrong length keep their own
    /// code on top when nothing else is wrong, as the documentation of custom comments has it.
    pub fn fields(mut items: Vec<FieldError>) -> Self {
        match items.as_slice() {
            [
                FieldError {
                    property: Some(property),
                    error: Self::StringLengthOutOfRange { .. },
                },
            ] if property == "comments" => items.remove(0).error,
            _ => Self::DataValidationFailed { items },
        }
    }

    /// The status and body that answer this error.
    pub fn respond(&self, locale: Locale) -> (u16, ErrorResponse) {
        let entry = self.entry();
        let item = |property: Option<&Property>, error: &Self| ValidationFailedResponse {
            result_code: error.entry().code,
            message: error.message(locale),
            property_name: property.cloned(),
        };
        let items = match self {
            Self::DataValidationFailed { items } | Self::BatchOperationFailed { items } => Some(
                items
                    .iter()
                    .map(|f| item(f.property.as_ref(), &f.error))
                    .collect(),
            ),
            Self::StringLengthOutOfRange { property, .. } => Some(vec![item(Some(property), self)]),
            _ => None,
        };
        let odata = match self {
            Self::ODataFailed { detail } => Some(detail.clone()),
            _ => None,
        };
        let body = ErrorResponse {
            message: self.message(locale),
            result_code: entry.code,
            validation_failed_responses: items,
            odata,
        };
        (entry.status, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_example_comes_out_to_the_letter() {
        let error = PlatformError::fields(vec![FieldError::at(
            "product_id",
            PlatformError::FieldIsRequired {
                property: "product_id".into(),
            },
        )]);
        let (status, body) = error.respond(Locale::En);
        assert_eq!(status, 400);
        assert_eq!(
            serde_json::to_string(&body).unwrap(),
            r#"{"message":"Validation failed.","result_code":"data_validation_failed","validation_failed_responses":[{"result_code":"field_is_required","message":"product_id is required.","property_name":"product_id"}],"odata":null}"#
        );
    }

    #[test]
    fn the_documentation_lists_44_codes() {
        assert_eq!(PlatformError::ENTRIES.len(), 44);
    }
}
