//! The codes of codes, forms, certificates and their verification, and the body they come in.
//!
//! Six codes are the answer's own (`400` to `502`). The other thirty name a module's business error: they stand in
//! `error_code`, beside a top-level `code` that is also the HTTP status.

use crate::{Coded, Param, errors, phrases};
use kernel::Locale;
use serde::Serialize;
use std::borrow::Cow;

phrases! {
    /// What is wrong with a parameter.
    pub enum Problem {
        /// It must be there.
        Required => { en: "is required", zh_tw: "為必填", zh_cn: "为必填" },
        /// At least one of several must be there.
        NeedsOneOf(fields: Vec<&'static str>) => { en: "provide one of: {fields}", zh_tw: "請至少提供其中一項：{fields}", zh_cn: "请至少提供其中一项：{fields}" },
        /// It has another JSON type.
        InvalidType { expected: JsonType } => { en: "must be {expected}", zh_tw: "須為{expected}", zh_cn: "须为{expected}" },
        /// It is none of the values listed.
        NotOneOf { allowed: Vec<&'static str> } => { en: "must be one of: {allowed}", zh_tw: "須為下列其中之一：{allowed}", zh_cn: "须为下列之一：{allowed}" },
        /// The number is out of its range.
        OutOfRange { min: i64, max: i64 } => { en: "must be from {min} to {max}", zh_tw: "須介於 {min} 與 {max} 之間", zh_cn: "须介于 {min} 与 {max} 之间" },
        /// The text is too long or too short.
        Length { min: i64, max: i64 } => { en: "must have {min} to {max} characters", zh_tw: "須為 {min} 至 {max} 個字元", zh_cn: "须为 {min} 至 {max} 个字符" },
        /// The list has too many items.
        TooMany { max: i64 } => { en: "must have at most {max} items", zh_tw: "最多 {max} 項", zh_cn: "最多 {max} 项" },
        /// It is no time.
        InvalidTime => { en: "must be a unix timestamp or an ISO 8601 time", zh_tw: "須為 Unix 時間戳或 ISO 8601 時間", zh_cn: "须为 Unix 时间戳或 ISO 8601 时间" },
        /// The end comes before the start.
        NotAfter { field: &'static str } => { en: "must not be before {field}", zh_tw: "不得早於 {field}", zh_cn: "不得早于 {field}" },
        /// It has another form than it should.
        Malformed => { en: "is malformed", zh_tw: "格式不正確", zh_cn: "格式不正确" },
        /// It does not go with the rest of the request, or with what there is.
        Contradicts { other: Cow<'static, str> } => { en: "contradicts {other}", zh_tw: "與 {other} 不一致", zh_cn: "与 {other} 不一致" },
        /// It names something that does not exist.
        Unknown => { en: "does not exist", zh_tw: "不存在", zh_cn: "不存在" },
        /// Another one has this value.
        Taken => { en: "is already in use", zh_tw: "已被使用", zh_cn: "已被使用" },
        /// Records need what it would take away.
        InUse { names: String } => { en: "must keep {names}, which records still need", zh_tw: "須保留紀錄仍在使用的{names}", zh_cn: "须保留记录仍在使用的{names}" },
        /// A field that would be unique has a value in two records.
        HeldTwice { records: String } => { en: "is not possible: the records {records} hold the same value", zh_tw: "無法設定：紀錄 {records} 的值相同", zh_cn: "无法设置：记录 {records} 的值相同" },
        /// Nothing is sent to such an address.
        UnsafeUrl => { en: "must be an https URL of a public host", zh_tw: "須為可公開連線的 https 網址", zh_cn: "须为可公开访问的 https 网址" },
        /// The body is no JSON.
        NotJson => { en: "is not valid JSON", zh_tw: "不是有效的 JSON", zh_cn: "不是有效的 JSON" },
        /// The body is larger than may be.
        TooLarge { limit: usize } => { en: "is larger than {limit} bytes", zh_tw: "超過 {limit} 位元組", zh_cn: "超过 {limit} 字节" },
        /// The body did not arrive.
        Incomplete => { en: "did not arrive completely", zh_tw: "未完整送達", zh_cn: "未完整送达" },
        /// The state of what is named does not allow it.
        WrongState { state: Cow<'static, str> } => { en: "is not possible: {state}", zh_tw: "目前無法執行：{state}", zh_cn: "目前无法执行：{state}" },
        /// The file is no table that can be worked with.
        Sheet { problem: SheetProblem } => { en: "{problem}", zh_tw: "{problem}", zh_cn: "{problem}" },
        /// The `Idempotency-Key` belongs to another request.
        KeyReused => { en: "was used for another request", zh_tw: "已用於不同的請求", zh_cn: "已用于不同的请求" },
        /// The request with this `Idempotency-Key` was carried out, and nobody knows its answer.
        KeyCarriedOut => { en: "belongs to a request that was carried out, but whose answer was lost: look at what there is now", zh_tw: "所屬的請求已執行，但回應已遺失：請查詢目前的資料", zh_cn: "所属的请求已执行，但响应已丢失：请查询当前的数据" },
        /// The request with this `Idempotency-Key` is still being carried out.
        KeyInUse => { en: "belongs to a request that is still being carried out", zh_tw: "所屬的請求仍在處理中", zh_cn: "所属的请求仍在处理中" },
    }
}

phrases! {
    /// What is wrong with a table in a file.
    pub enum SheetProblem {
        /// It is no CSV or XLSX file, or a damaged one.
        Unreadable => { en: "is no CSV or XLSX file that can be read", zh_tw: "不是可讀取的 CSV 或 XLSX 檔案", zh_cn: "不是可读取的 CSV 或 XLSX 文件" },
        /// The text is in another encoding than UTF-8.
        Encoding => { en: "is not UTF-8 text", zh_tw: "不是 UTF-8 編碼的文字", zh_cn: "不是 UTF-8 编码的文本" },
        /// There is more in it than is worked with.
        TooMuch { limit: i64 } => { en: "unpacks to more than {limit} bytes", zh_tw: "解壓縮後超過 {limit} 位元組", zh_cn: "解压后超过 {limit} 字节" },
        /// Nothing is in it.
        NoHeader => { en: "has no header row", zh_tw: "沒有標題列", zh_cn: "没有表头行" },
        /// Nothing is beneath the header.
        NoRows => { en: "has no rows beneath the header", zh_tw: "標題列下沒有資料", zh_cn: "表头下没有数据行" },
        /// It has too many rows.
        TooManyRows { max: i64 } => { en: "has more than {max} rows", zh_tw: "超過 {max} 列", zh_cn: "超过 {max} 行" },
        /// It has too many columns.
        TooManyColumns { max: i64 } => { en: "has more than {max} columns", zh_tw: "超過 {max} 欄", zh_cn: "超过 {max} 列" },
        /// A column's title is no field of the form.
        UnknownColumn { name: String } => { en: "has a column \"{name}\" that is no field of the form", zh_tw: "的欄「{name}」不是此表單的欄位", zh_cn: "的列“{name}”不是该表单的字段" },
        /// More columns than fields have a title.
        ColumnTwice { name: String } => { en: "has the column \"{name}\" more than once", zh_tw: "的欄「{name}」重複", zh_cn: "的列“{name}”重复" },
    }
}

phrases! {
    /// The titles of columns that hold no field of a form.
    #[derive(Copy)]
    pub enum RecordColumn {
        /// The record's number.
        Number => { en: "Record number", zh_tw: "紀錄編號", zh_cn: "记录编号" },
        /// When it was made.
        SubmitAt => { en: "Submitted at", zh_tw: "提交時間", zh_cn: "提交时间" },
        /// The code's title.
        Code => { en: "Code", zh_tw: "二維碼", zh_cn: "二维码" },
        /// The name of whoever filled it in.
        Submitter => { en: "Submitted by", zh_tw: "填寫人", zh_cn: "填写人" },
        /// The phone number of whoever filled it in.
        Phone => { en: "Submitter's phone", zh_tw: "填寫人手機", zh_cn: "填写人手机" },
        /// How it came about.
        Method => { en: "Submitted by way of", zh_tw: "提交方式", zh_cn: "提交方式" },
        /// How far its approval is.
        Approval => { en: "Approval", zh_tw: "審核狀態", zh_cn: "审核状态" },
        /// The code of its certificate.
        Certificate => { en: "Certificate code", zh_tw: "憑證碼", zh_cn: "凭证码" },
        /// The status of its certificate.
        CertificateStatus => { en: "Certificate status", zh_tw: "憑證狀態", zh_cn: "凭证状态" },
    }
}

impl RecordColumn {
    /// Every one, in the order in which they stand.
    pub const ALL: [Self; 9] = [
        Self::Number,
        Self::SubmitAt,
        Self::Code,
        Self::Submitter,
        Self::Phone,
        Self::Method,
        Self::Approval,
        Self::Certificate,
        Self::CertificateStatus,
    ];
}

phrases! {
    /// How far the approval of a record is.
    #[derive(Copy)]
    pub enum Approval {
        /// The form has none.
        None => { en: "", zh_tw: "", zh_cn: "" },
        /// Somebody has to decide.
        Pending => { en: "Pending", zh_tw: "待審核", zh_cn: "待审核" },
        /// Every stage passed it.
        Approved => { en: "Approved", zh_tw: "審核通過", zh_cn: "审核通过" },
        /// A stage rejected it.
        Rejected => { en: "Rejected", zh_tw: "審核不通過", zh_cn: "审核不通过" },
    }
}

phrases! {
    /// The JSON type that a value should have.
    #[derive(Copy)]
    pub enum JsonType {
        /// A string.
        Text => { en: "a string", zh_tw: "字串", zh_cn: "字符串" },
        /// A whole number.
        Integer => { en: "an integer", zh_tw: "整數", zh_cn: "整数" },
        /// A finite number.
        Number => { en: "a number", zh_tw: "數字", zh_cn: "数字" },
        /// `true` or `false`.
        Boolean => { en: "a boolean", zh_tw: "布林值", zh_cn: "布尔值" },
        /// An object.
        Object => { en: "an object", zh_tw: "物件", zh_cn: "对象" },
        /// An array.
        List => { en: "an array", zh_tw: "陣列", zh_cn: "数组" },
    }
}

/// A parameter and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The parameter: `page_size`, `fields[1].field_id`.
    pub path: Cow<'static, str>,
    /// What is wrong with it.
    pub problem: Problem,
}

impl Issue {
    /// `problem` at `path`.
    pub fn at(path: impl Into<Cow<'static, str>>, problem: Problem) -> Self {
        Self {
            path: path.into(),
            problem,
        }
    }
}

impl Param for Vec<Issue> {
    const TYPE: &'static str = "Issue[]";
    fn text(&self, locale: Locale) -> Cow<'_, str> {
        let lines = self
            .iter()
            .map(|issue| format!("{} {}", issue.path, issue.problem.text(locale)));
        lines.collect::<Vec<_>>().join("; ").into()
    }
}

phrases! {
    /// How a value is written.
    #[derive(Copy)]
    pub enum ValueForm {
        /// Like a mobile number.
        Mobile => { en: "a mobile number of 11 digits", zh_tw: "11 位手機號碼", zh_cn: "11 位手机号" },
        /// Like an identity card's number.
        Identity => { en: "an identity number of 18 characters with the right check digit", zh_tw: "18 位且校驗碼正確的身分證號碼", zh_cn: "18 位且校验码正确的身份证号" },
        /// Like a car's plate.
        Plate => { en: "a car's plate", zh_tw: "車牌號碼", zh_cn: "车牌号" },
        /// Like a link.
        Link => { en: "an http or https address", zh_tw: "http 或 https 網址", zh_cn: "http 或 https 网址" },
        /// Like a number.
        Number => { en: "a number", zh_tw: "數字", zh_cn: "数字" },
        /// Titles with what belongs to them.
        Parts => { en: "written as title: value; title: value", zh_tw: "「標題：內容、標題：內容」", zh_cn: "“标题：内容、标题：内容”" },
        /// After a pattern: `YYYY-MM-DD`.
        Pattern(pattern: &'static str) => { en: "written as {pattern}", zh_tw: "{pattern}", zh_cn: "{pattern}" },
    }
}

phrases! {
    /// What is wrong with what was filled into a field of a form.
    pub enum FieldProblem {
        /// It must be filled in.
        Empty => { en: "must be filled in", zh_tw: "必須填寫", zh_cn: "必须填写" },
        /// The option "other" is chosen, and nothing says what.
        OtherWithoutText => { en: "say what \"other\" is", zh_tw: "選擇「其他」時須填寫內容", zh_cn: "选择“其他”时须填写内容" },
        /// The entry's `field_type` is not the form's.
        WrongType { expected: &'static str } => { en: "is of the type {expected}", zh_tw: "的類型應為 {expected}", zh_cn: "的类型应为 {expected}" },
        /// The form has no such field.
        UnknownField => { en: "is no field of this form", zh_tw: "不是此表單的欄位", zh_cn: "不是此表单的字段" },
        /// The field is not for filling in.
        NotFillable => { en: "cannot be filled in", zh_tw: "不可填寫", zh_cn: "不可填写" },
        /// The field stands in the request twice.
        Twice => { en: "is given twice", zh_tw: "重複出現", zh_cn: "重复出现" },
        /// The value has another JSON shape.
        Shape { expected: &'static str } => { en: "must have the shape {expected}", zh_tw: "的值須為 {expected}", zh_cn: "的值须为 {expected}" },
        /// It has another form than it should.
        Format { expected: ValueForm } => { en: "must be {expected}", zh_tw: "格式須為 {expected}", zh_cn: "格式须为 {expected}" },
        /// The field has no such option, item or column.
        UnknownPart { id: i64 } => { en: "has no option {id}", zh_tw: "沒有選項 {id}", zh_cn: "没有选项 {id}" },
        /// The field has no option with these words.
        UnknownChoice { text: String } => { en: "has no option \"{text}\"", zh_tw: "沒有選項「{text}」", zh_cn: "没有选项“{text}”" },
        /// Only the option "other" takes text.
        TextNotAllowed => { en: "only \"other\" takes a text of its own", zh_tw: "只有「其他」可以填寫文字", zh_cn: "只有“其他”可以填写文字" },
        /// An option stands in the value twice.
        PartTwice { id: i64 } => { en: "names option {id} twice", zh_tw: "的選項 {id} 重複", zh_cn: "的选项 {id} 重复" },
        /// Too few or too many are chosen.
        Count { min: i64, max: i64 } => { en: "takes {min} to {max}", zh_tw: "須為 {min} 至 {max} 項", zh_cn: "须为 {min} 至 {max} 项" },
        /// The text is too long.
        TooLong { max: i64 } => { en: "must have at most {max} characters", zh_tw: "不得超過 {max} 個字元", zh_cn: "不得超过 {max} 个字符" },
        /// The number or date is out of its range.
        Range { min: String, max: String } => { en: "must be from {min} to {max}", zh_tw: "須介於 {min} 與 {max} 之間", zh_cn: "须介于 {min} 与 {max} 之间" },
        /// The number has too many decimals.
        Decimals { max: i64 } => { en: "must have at most {max} decimals", zh_tw: "最多 {max} 位小數", zh_cn: "最多 {max} 位小数" },
        /// The upload does not exist.
        UnknownUpload => { en: "names an upload that does not exist", zh_tw: "所指的上傳檔案不存在", zh_cn: "所指的上传文件不存在" },
        /// The upload is of another kind than the field takes.
        UploadKind => { en: "does not take files of this kind", zh_tw: "不接受這類檔案", zh_cn: "不接受此类文件" },
        /// The upload's time is over.
        UploadExpired => { en: "names an upload that has expired", zh_tw: "所指的上傳檔案已過期", zh_cn: "所指的上传文件已过期" },
        /// Another record of the form has this value.
        Duplicate => { en: "was submitted before", zh_tw: "已有相同內容的提交", zh_cn: "已有相同内容的提交" },
    }
}

/// A field of a form and what is wrong with what was filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldIssue {
    /// The field's title, or its id where the form has none.
    pub field: String,
    /// What is wrong.
    pub problem: FieldProblem,
}

impl Param for Vec<FieldIssue> {
    const TYPE: &'static str = "FieldIssue[]";
    fn text(&self, locale: Locale) -> Cow<'_, str> {
        let lines = self
            .iter()
            .map(|issue| format!("{}: {}", issue.field, issue.problem.text(locale)));
        lines.collect::<Vec<_>>().join("; ").into()
    }
}

phrases! {
    /// What is wrong with the key.
    #[derive(Copy)]
    pub enum KeyProblem {
        /// There is none, or it is not a bearer token.
        Missing => { en: "Send the API key as Authorization: Bearer <key>", zh_tw: "請以 Authorization: Bearer <key> 帶入 API Key", zh_cn: "请用 Authorization: Bearer <key> 发送 API Key" },
        /// Nobody has it.
        Unknown => { en: "Nobody has this API key", zh_tw: "沒有這個 API Key", zh_cn: "没有这个 API Key" },
    }
}

phrases! {
    /// Why a key that exists does not count.
    #[derive(Copy)]
    pub enum KeyState {
        /// It is switched off.
        Disabled => { en: "The API key is disabled", zh_tw: "API Key 已停用", zh_cn: "API Key 已停用" },
        /// It was revoked.
        Revoked => { en: "The API key was revoked", zh_tw: "API Key 已撤銷", zh_cn: "API Key 已吊销" },
    }
}

phrases! {
    /// What does not exist, or is not the caller's to see.
    #[derive(Copy)]
    pub enum Resource {
        /// An operation.
        Method => { en: "There is no such method", zh_tw: "沒有這個方法", zh_cn: "没有这个方法" },
        /// A code.
        Code => { en: "Code not found", zh_tw: "找不到二維碼", zh_cn: "未找到二维码" },
        /// A category.
        Category => { en: "Category not found", zh_tw: "找不到目錄", zh_cn: "未找到目录" },
        /// A group of states.
        State => { en: "State not found", zh_tw: "找不到狀態", zh_cn: "未找到状态" },
        /// A key.
        ApiKey => { en: "API key not found", zh_tw: "找不到 API Key", zh_cn: "未找到 API Key" },
        /// An upload.
        Upload => { en: "Upload not found", zh_tw: "找不到上傳檔案", zh_cn: "未找到上传文件" },
        /// An import or export.
        Job => { en: "Job not found", zh_tw: "找不到這項工作", zh_cn: "未找到该任务" },
        /// A verification.
        Verification => { en: "Verification not found", zh_tw: "找不到這次核銷", zh_cn: "未找到该次核销" },
        /// An authorization code.
        Authorization => { en: "Authorization code not found", zh_tw: "找不到核銷授權碼", zh_cn: "未找到核销授权码" },
        /// A webhook endpoint.
        WebhookEndpoint => { en: "Webhook endpoint not found", zh_tw: "找不到 Webhook 端點", zh_cn: "未找到 Webhook 端点" },
        /// A delivery to a webhook endpoint.
        WebhookDelivery => { en: "Webhook delivery not found", zh_tw: "找不到這次 Webhook 推送", zh_cn: "未找到该次 Webhook 推送" },
        /// What belongs to the whole organization, for a key that sees a part of it.
        WholeOrganization => { en: "Webhooks belong to the whole organization, and this API key sees some of its projects only", zh_tw: "Webhook 屬於整個企業，而這把 API Key 只看得到部分專案", zh_cn: "Webhook 属于整个企业，而该 API Key 只能看到部分项目" },
        /// The upstream said that it is not there, in no words that could be read.
        Upstream => { en: "The upstream answered 404", zh_tw: "上游回應 404", zh_cn: "上游返回 404" },
    }
}

phrases! {
    /// How the upstream failed.
    #[derive(Copy)]
    pub enum UpstreamFault {
        /// No connection.
        Unreachable => { en: "The upstream cannot be reached", zh_tw: "無法連線至上游服務", zh_cn: "无法连接上游服务" },
        /// No answer in time.
        TimedOut => { en: "The upstream did not answer in time", zh_tw: "上游服務逾時未回應", zh_cn: "上游服务超时未响应" },
        /// The answer broke off, is too large, or is no JSON that could be read.
        Unreadable => { en: "The upstream's answer could not be read", zh_tw: "無法解析上游服務的回應", zh_cn: "无法解析上游服务的响应" },
        /// It has failed so often that it is left alone for a while.
        Resting => { en: "The upstream has failed repeatedly and is not asked at present", zh_tw: "上游服務連續失敗，暫停轉發", zh_cn: "上游服务连续失败，暂停转发" },
    }
}

phrases! {
    /// The right that a key lacks.
    #[derive(Copy)]
    pub enum MissingRight {
        /// To change something.
        Write => { en: "The key may only read", zh_tw: "此 Key 只能讀取", zh_cn: "此 Key 只能读取" },
        /// To set verifications back.
        Reverse => { en: "The key may not set verifications back: it lacks the right to reverse", zh_tw: "此 Key 沒有撤銷核銷的權限（reverse）", zh_cn: "此 Key 没有撤销核销的权限（reverse）" },
    }
}

phrases! {
    /// What was chosen that there is not.
    enum UnsupportedChoice {
        /// A version.
        Version { version: String } => { en: "{version} is not supported; use v1", zh_tw: "不支援 {version}，請使用 v1", zh_cn: "不支持 {version}，请使用 v1" },
        /// A format.
        Format { allowed: Vec<&'static str> } => { en: "format must be one of: {allowed}", zh_tw: "format 須為下列其中之一：{allowed}", zh_cn: "format 须为下列之一：{allowed}" },
    }
}

phrases! {
    /// A stretch of time in which submissions are counted.
    #[derive(Copy)]
    pub enum Period {
        /// A day.
        Day => { en: "a day", zh_tw: "每日", zh_cn: "每天" },
        /// A calendar month.
        Month => { en: "a month", zh_tw: "每月", zh_cn: "每月" },
        /// A calendar year.
        Year => { en: "a year", zh_tw: "每年", zh_cn: "每年" },
        /// Ever.
        Total => { en: "in all", zh_tw: "總計", zh_cn: "总计" },
    }
}

phrases! {
    /// Why it is not the time.
    pub enum TimeProblem {
        /// It begins later.
        NotYet { from: String } => { en: "Submissions begin at {from}", zh_tw: "{from} 起可提交", zh_cn: "{from} 起可提交" },
        /// It is over.
        Over { until: String } => { en: "Submissions ended at {until}", zh_tw: "提交已於 {until} 截止", zh_cn: "提交已于 {until} 截止" },
        /// It is outside the form's hours.
        OutsideHours => { en: "Submissions are taken at certain hours only", zh_tw: "僅在指定時段開放提交", zh_cn: "仅在指定时段开放提交" },
    }
}

phrases! {
    /// What about the code forbids submissions.
    pub enum CodeProblem {
        /// It is switched off.
        Disabled => { en: "The code is disabled", zh_tw: "二維碼已停用", zh_cn: "二维码已停用" },
        /// Its time is over.
        Expired => { en: "The code has expired", zh_tw: "二維碼已過期", zh_cn: "二维码已过期" },
        /// The operation needs another state.
        State { state: String } => { en: "The code's state \"{state}\" does not allow this", zh_tw: "二維碼目前的狀態「{state}」不允許提交", zh_cn: "二维码当前状态“{state}”不允许提交" },
    }
}

phrases! {
    /// Why a verification came to nothing.
    #[derive(Copy)]
    pub enum VerificationProblem {
        /// Another one was ahead.
        Overtaken => { en: "Another verification was ahead", zh_tw: "已有另一筆核銷先完成", zh_cn: "已有另一次核销先完成" },
        /// The `nonce` belongs to another request.
        NonceReused => { en: "The nonce was used for another verification", zh_tw: "nonce 已用於另一筆核銷", zh_cn: "nonce 已用于另一次核销" },
        /// The reversal comes too late.
        TooLate => { en: "The time in which it can be reversed is over", zh_tw: "已超過可撤銷核銷的時限", zh_cn: "已超过可撤销核销的时限" },
        /// It was reversed, or something came after it.
        NotLatest => { en: "It is not the certificate's latest verification", zh_tw: "不是此憑證最近一次的核銷", zh_cn: "不是该凭证最近一次核销" },
    }
}

phrases! {
    /// What is wrong with a certificate's code.
    #[derive(Copy)]
    pub enum CertificateProblem {
        /// It is no certificate's code.
        NoCertificate => { en: "This is not a certificate's code", zh_tw: "這不是憑證碼", zh_cn: "这不是凭证码" },
        /// It was not given out by this server.
        Forged => { en: "This code was not issued here", zh_tw: "此憑證碼並非由本站核發", zh_cn: "此凭证码并非由本站签发" },
        /// No certificate has it.
        Unknown => { en: "No certificate has this code", zh_tw: "查無此憑證", zh_cn: "没有此凭证" },
        /// The record waits for approval.
        NotApproved => { en: "The record is not approved yet, so it has no certificate", zh_tw: "紀錄尚待審核，還沒有憑證", zh_cn: "记录尚待审核，还没有凭证" },
        /// The record was rejected.
        Rejected => { en: "The record was rejected, so it has no certificate", zh_tw: "紀錄未通過審核，沒有憑證", zh_cn: "记录未通过审核，没有凭证" },
        /// The record has none.
        NotIssued => { en: "The record has no certificate", zh_tw: "此紀錄沒有憑證", zh_cn: "此记录没有凭证" },
        /// Its record was deleted.
        Deleted => { en: "The certificate's record was deleted", zh_tw: "憑證所屬的紀錄已刪除", zh_cn: "凭证所属的记录已删除" },
    }
}

phrases! {
    /// Why a certificate does not count any more.
    pub enum RevocationReason {
        /// What it was bought for was paid back.
        Refunded => { en: "the payment was refunded", zh_tw: "款項已退還", zh_cn: "款项已退还" },
        /// Its order was cancelled.
        OrderCancelled => { en: "the order was cancelled", zh_tw: "訂單已取消", zh_cn: "订单已取消" },
        /// The subscription that gave it is over.
        SubscriptionEnded => { en: "the subscription has ended", zh_tw: "訂閱已結束", zh_cn: "订阅已结束" },
        /// Another one took its place.
        Replaced => { en: "another certificate has replaced it", zh_tw: "已由另一張憑證取代", zh_cn: "已由另一张凭证取代" },
        /// In the words of whoever revoked it.
        Other { text: String } => { en: "{text}", zh_tw: "{text}", zh_cn: "{text}" },
    }
}

phrases! {
    /// Why the status allows no verification.
    pub enum StatusProblem {
        /// The flow is over.
        Final { status: String } => { en: "\"{status}\" is final", zh_tw: "「{status}」為最終狀態", zh_cn: "“{status}”为最终状态" },
        /// The certificate has another status than the caller thought.
        Unexpected { current: String, expected: String } => { en: "The status is \"{current}\", not \"{expected}\"", zh_tw: "目前狀態為「{current}」，不是「{expected}」", zh_cn: "当前状态为“{current}”，不是“{expected}”" },
        /// The certificate was revoked.
        Revoked { reason: RevocationReason } => { en: "The certificate was revoked: {reason}", zh_tw: "憑證已作廢：{reason}", zh_cn: "凭证已作废：{reason}" },
    }
}

phrases! {
    /// What is wrong with `action_type`.
    #[derive(Copy)]
    pub enum ActionProblem {
        /// There is no such action.
        Unknown => { en: "action_type must be set_certificate_status or set_next_certificate_status", zh_tw: "action_type 須為 set_certificate_status 或 set_next_certificate_status", zh_cn: "action_type 须为 set_certificate_status 或 set_next_certificate_status" },
        /// The form has this action switched off.
        SwitchedOff => { en: "The form has this action switched off", zh_tw: "此表單未啟用這種核銷方式", zh_cn: "该表单未启用此核销方式" },
    }
}

phrases! {
    /// What is wrong with the status aimed at.
    pub enum TargetProblem {
        /// The form has no such status.
        Unknown { status: String } => { en: "The form has no status \"{status}\"", zh_tw: "此表單沒有狀態「{status}」", zh_cn: "该表单没有状态“{status}”" },
        /// The certificate has it already.
        Same { status: String } => { en: "The certificate already has the status \"{status}\"", zh_tw: "憑證已是狀態「{status}」", zh_cn: "凭证已是状态“{status}”" },
        /// No step leads there.
        Unreachable { from: String, to: String } => { en: "No step leads from \"{from}\" to \"{to}\"", zh_tw: "無法由「{from}」切換至「{to}」", zh_cn: "无法由“{from}”切换到“{to}”" },
        /// No step leads on.
        NoNext { status: String } => { en: "No status follows \"{status}\"", zh_tw: "「{status}」之後沒有下一個狀態", zh_cn: "“{status}”之后没有下一个状态" },
    }
}

phrases! {
    /// What is wrong with an authorization code.
    #[derive(Copy)]
    pub enum AuthorizationProblem {
        /// The form wants one.
        Missing => { en: "An authorization code is needed", zh_tw: "需要核銷授權碼", zh_cn: "需要核销授权码" },
        /// Nobody gave it out.
        Unknown => { en: "Nobody gave out this authorization code", zh_tw: "沒有這個核銷授權碼", zh_cn: "没有此核销授权码" },
        /// It was taken back.
        Revoked => { en: "The authorization code was revoked", zh_tw: "核銷授權碼已撤銷", zh_cn: "核销授权码已吊销" },
        /// Its time is over.
        Expired => { en: "The authorization code has expired", zh_tw: "核銷授權碼已過期", zh_cn: "核销授权码已过期" },
        /// It has been used as often as it may be.
        UsedUp => { en: "The authorization code is used up", zh_tw: "核銷授權碼的使用次數已用完", zh_cn: "核销授权码的使用次数已用完" },
        /// It is for another form.
        OtherForm => { en: "The authorization code is for another form", zh_tw: "核銷授權碼屬於另一個表單", zh_cn: "核销授权码属于另一个表单" },
    }
}

errors! {
    /// The codes of OpenAPI V2: its documentation lists exactly these.
    pub enum OpenapiV2Error: OpenapiV2, pages: concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors/openapi_v2/") => {
        /// The request breaks a rule, in words that have no module code.
        BadRequest { message: String } = "400" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "{message}", zh_tw: "{message}", zh_cn: "{message}",
        },
        /// The key is absent or unknown.
        Unauthorized { problem: KeyProblem } = "401" {
            status: 401, level: Top, retry: AfterChange,
            en: "Invalid API key", zh_tw: "API Key 無效", zh_cn: "API Key 无效",
        },
        /// The key may only read.
        Forbidden { right: MissingRight } = "403" {
            status: 403, level: Top, retry: AfterChange,
            en: "No write permission", zh_tw: "沒有寫入權限", zh_cn: "无写权限",
        },
        /// What the request names does not exist, or the key does not see it.
        NotFound { what: Resource } = "404" {
            status: 404, level: Top, retry: AfterFixingRequest,
            en: "Resource not found or no permission", zh_tw: "資源不存在或無權限", zh_cn: "资源不存在或无权限",
        },
        /// The key has used up its requests for now.
        TooManyRequests = "429" {
            status: 429, level: Top, retry: Later,
            en: "Too many requests", zh_tw: "請求過於頻繁", zh_cn: "请求过于频繁",
        },
        /// The module behind the gateway does not answer, or not in words that can be read.
        BadGateway { fault: UpstreamFault } = "502" {
            status: 502, level: Top, retry: Later,
            en: "Upstream service temporarily unavailable", zh_tw: "上游服務暫時無法使用", zh_cn: "上游服务暂不可用",
        },
        /// Something that no rule foresaw: the cause is in the module's log under the incident.
        SystemError { incident: String } = "100300" {
            status: 502, level: Top, retry: Later,
            en: "System error", zh_tw: "系統錯誤", zh_cn: "系统错误",
        },
        /// At least one parameter is missing, of the wrong type or illegal; every one that is is listed.
        InvalidRequestParameters { issues: Vec<Issue> } = "100301" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "Invalid request parameters", zh_tw: "請求參數無效", zh_cn: "请求参数无效",
        },
        /// `version` is none that is spoken.
        UnsupportedVersion { version: String } = "100302" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "Unsupported version", zh_tw: "不支援的版本", zh_cn: "版本不支持",
        },
        /// The key sees no such record.
        RecordNotFound = "100303" {
            status: 404, level: Top, retry: AfterFixingRequest,
            en: "Record not found", zh_tw: "找不到紀錄", zh_cn: "记录未找到",
        },
        /// The key sees no such form.
        FormNotFound = "100304" {
            status: 404, level: Top, retry: AfterFixingRequest,
            en: "Form not found", zh_tw: "找不到表單", zh_cn: "表单未找到",
        },
        /// `format` is none that the method has.
        UnsupportedOutputFormat { allowed: Vec<&'static str> } = "100305" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "Unsupported output format", zh_tw: "不支援的輸出格式", zh_cn: "输出格式不支持",
        },
        /// No operation of the code has this form filled in.
        FormNotAssigned = "100306" {
            status: 400, level: Top, retry: AfterChange,
            en: "Form not assigned to this code", zh_tw: "二維碼未關聯此表單", zh_cn: "二维码未关联该表单",
        },
        /// Another record of the form has the same value in a field where each may stand once.
        DuplicateSubmission { issues: Vec<FieldIssue> } = "100307" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "Duplicate submission not allowed for this field", zh_tw: "此欄位不允許重複提交", zh_cn: "该字段不允许重复提交",
        },
        /// A field that must be filled in is empty.
        RequiredFieldEmpty { issues: Vec<FieldIssue> } = "100308" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "Required field is empty", zh_tw: "必填欄位為空", zh_cn: "必填字段为空",
        },
        /// What was filled into a field breaks the field's rules.
        FieldValidationFailed { issues: Vec<FieldIssue> } = "100309" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "Field validation failed", zh_tw: "欄位校驗失敗", zh_cn: "字段校验失败",
        },
        /// What the submission refers to has expired.
        ResourceExpired { issues: Vec<FieldIssue> } = "100310" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "Submitted resource has expired", zh_tw: "提交所依賴的資源已過期", zh_cn: "提交所依赖的资源已过期",
        },
        /// The person has submitted the form as often as one person may.
        UserLimitReached { limit: i64, period: Period } = "100311" {
            status: 400, level: Top, retry: AfterChange,
            en: "User submission limit reached", zh_tw: "使用者提交次數已達上限", zh_cn: "用户提交次数达到上限",
        },
        /// The form has been submitted for this code as often as it may be.
        FormLimitReached { limit: i64, period: Period } = "100312" {
            status: 400, level: Top, retry: AfterChange,
            en: "Form submission limit reached", zh_tw: "表單提交次數已達上限", zh_cn: "表单提交次数达到上限",
        },
        /// The form takes no submissions at this time.
        NotAtThisTime { problem: TimeProblem } = "100313" {
            status: 400, level: Top, retry: Later,
            en: "Submission not allowed at current time", zh_tw: "目前時間不允許提交", zh_cn: "当前时间不允许提交",
        },
        /// The code takes no submissions as it is.
        NotInThisCodeState { problem: CodeProblem } = "100314" {
            status: 400, level: Top, retry: AfterChange,
            en: "Submission not allowed in current code state", zh_tw: "目前二維碼狀態不允許提交", zh_cn: "当前二维码状态不允许提交",
        },
        /// The key exists, but does not count.
        ApiKeyDisabled { state: KeyState } = "100315" {
            status: 401, level: Top, retry: AfterChange,
            en: "API key invalid or disabled", zh_tw: "API Key 無效或已停用", zh_cn: "API Key 无效或已禁用",
        },
        /// What the request names belongs to another organization than the key.
        OrganizationMismatch = "100316" {
            status: 403, level: Top, retry: AfterFixingRequest,
            en: "API key org mismatch", zh_tw: "API Key 所屬企業與請求不符", zh_cn: "API Key 对应企业与请求不匹配",
        },
        /// The category has no code that the key sees.
        NoCodesInCategory = "100317" {
            status: 400, level: Top, retry: AfterChange,
            en: "No codes found in the selected category", zh_tw: "指定目錄下沒有可用的二維碼", zh_cn: "指定分类下没有可用二维码",
        },
        /// The category has more codes than one request may cover.
        TooManyCodes { limit: i64 } = "100318" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "Too many codes found in the selected category", zh_tw: "指定目錄下的二維碼過多", zh_cn: "命中二维码过多，超出系统限制",
        },
        /// A verification failed for a reason that no finer code names.
        VerificationFailed { problem: VerificationProblem } = "100319" {
            status: 400, level: Top, retry: AfterChange,
            en: "Certificate verification failed", zh_tw: "憑證核銷失敗", zh_cn: "凭证核销失败",
        },
        /// The code is no certificate's.
        InvalidCertificateCode { problem: CertificateProblem } = "100320" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "Invalid certificate code", zh_tw: "憑證碼無效", zh_cn: "凭证码无效",
        },
        /// The form's certificates are not for verification.
        VerificationNotEnabled = "100321" {
            status: 400, level: Top, retry: AfterChange,
            en: "Certificate verification is not enabled", zh_tw: "未啟用憑證核銷", zh_cn: "凭证未开启核销能力",
        },
        /// The certificate's record waits for approval, or was rejected.
        RecordNotApproved { status: String } = "100322" {
            status: 400, level: Top, retry: AfterChange,
            en: "Certificate record is not approved for verification", zh_tw: "憑證紀錄尚未審核通過", zh_cn: "凭证记录尚未审核通过，暂不可核销",
        },
        /// The certificate is of another form or code than the request is restricted to.
        ScopeMismatch { parameters: Vec<&'static str> } = "100323" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "Certificate does not match the requested scope", zh_tw: "憑證不符合請求的範圍", zh_cn: "凭证与请求范围不匹配",
        },
        /// The certificate's status allows no verification.
        NotInThisStatus { problem: StatusProblem } = "100324" {
            status: 400, level: Top, retry: AfterChange,
            en: "Certificate cannot be verified in current status", zh_tw: "目前的憑證狀態不允許核銷", zh_cn: "当前凭证状态不允许核销",
        },
        /// The action does not exist, or the form has it switched off.
        InvalidAction { problem: ActionProblem } = "100325" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "Invalid verification action", zh_tw: "核銷動作無效", zh_cn: "核销动作不支持",
        },
        /// The status aimed at does not exist, or no step leads there.
        InvalidTargetStatus { problem: TargetProblem } = "100326" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "Invalid target certificate status", zh_tw: "目標憑證狀態無效", zh_cn: "目标凭证状态无效",
        },
        /// The authorization code does not count.
        InvalidAuthorizationCode { problem: AuthorizationProblem } = "100327" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "Invalid verification authorization code", zh_tw: "核銷授權碼無效", zh_cn: "核销授权码无效或已过期",
        },
        /// Whoever verifies is none of the form's verifiers.
        NoPermissionToVerify = "100328" {
            status: 403, level: Top, retry: AfterChange,
            en: "No permission to verify this certificate", zh_tw: "沒有核銷此憑證的權限", zh_cn: "没有核销该凭证的权限",
        },
        /// The form wants to know who verifies.
        IdentityRequired { fields: Vec<&'static str> } = "100329" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "Identity information required before verification", zh_tw: "核銷前須提供身分資訊", zh_cn: "核销前需要先完善身份信息",
        },
    }
}

/// The body of every refusal of the face.
#[derive(Debug, Serialize)]
pub struct ErrorResponse {
    /// The HTTP status again.
    pub code: u16,
    /// The module's code, if it was the module that refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<u32>,
    /// The documented words, in the language of the request.
    pub message: String,
    /// What exactly is wrong, in the language of the request; empty where the message says it all.
    pub message_detail: String,
}

impl OpenapiV2Error {
    /// The module's code, for those that are not the gateway's own.
    pub fn error_code(&self) -> Option<u32> {
        self.entry()
            .code
            .parse()
            .ok()
            .filter(|code| *code >= 100_300)
    }

    /// The status and body that answer this error.
    pub fn respond(&self, locale: Locale) -> (u16, ErrorResponse) {
        let code = self.entry().status;
        let body = ErrorResponse {
            code,
            error_code: self.error_code(),
            message: self.message(locale),
            message_detail: self.detail(locale).into_owned(),
        };
        (code, body)
    }

    /// The documented words with what exactly is wrong, for people.
    pub fn in_full(&self, locale: Locale) -> String {
        let (message, detail) = (self.message(locale), self.detail(locale));
        if detail.is_empty() {
            message
        } else {
            format!("{message}: {detail}")
        }
    }

    /// What exactly is wrong; empty where the message says it all.
    fn detail(&self, locale: Locale) -> Cow<'_, str> {
        match self {
            Self::Unauthorized { problem } => problem.text(locale),
            Self::Forbidden { right } => right.text(locale),
            Self::NotFound { what } => what.text(locale),
            Self::BadGateway { fault } => fault.text(locale),
            Self::SystemError { incident } => incident.into(),
            Self::InvalidRequestParameters { issues } => issues.text(locale),
            Self::UnsupportedVersion { version } => {
                let version = version.clone();
                let choice = UnsupportedChoice::Version { version };
                choice.text(locale).into_owned().into()
            }
            Self::UnsupportedOutputFormat { allowed } => {
                let allowed = allowed.clone();
                let choice = UnsupportedChoice::Format { allowed };
                choice.text(locale).into_owned().into()
            }
            Self::DuplicateSubmission { issues }
            | Self::RequiredFieldEmpty { issues }
            | Self::FieldValidationFailed { issues }
            | Self::ResourceExpired { issues } => issues.text(locale),
            Self::UserLimitReached { limit, period } | Self::FormLimitReached { limit, period } => {
                format!("{limit}, {}", period.text(locale)).into()
            }
            Self::NotAtThisTime { problem } => problem.text(locale),
            Self::NotInThisCodeState { problem } => problem.text(locale),
            Self::ApiKeyDisabled { state } => state.text(locale),
            Self::TooManyCodes { limit } => limit.text(locale).into_owned().into(),
            Self::VerificationFailed { problem } => problem.text(locale),
            Self::InvalidCertificateCode { problem } => problem.text(locale),
            Self::RecordNotApproved { status } => status.into(),
            Self::ScopeMismatch { parameters } => parameters.text(locale),
            Self::NotInThisStatus { problem } => problem.text(locale),
            Self::InvalidAction { problem } => problem.text(locale),
            Self::InvalidTargetStatus { problem } => problem.text(locale),
            Self::InvalidAuthorizationCode { problem } => problem.text(locale),
            Self::IdentityRequired { fields } => fields.text(locale),
            Self::BadRequest { .. }
            | Self::TooManyRequests
            | Self::RecordNotFound
            | Self::FormNotFound
            | Self::FormNotAssigned
            | Self::OrganizationMismatch
            | Self::NoCodesInCategory
            | Self::VerificationNotEnabled
            | Self::NoPermissionToVerify => Cow::Borrowed(""),
        }
    }
}
