//! The nine error codes of subscription billing, and the body they come in.

use crate::{Coded, Param, errors, phrases};
use kernel::Locale;
use serde::Serialize;
use std::borrow::Cow;

phrases! {
    /// Why a request makes no sense as it stands.
    pub enum BadRequest {
        /// Fields that must be there are absent or blank.
        MissingFields(fields: Vec<String>) => { en: "Missing required fields: {fields}", zh_tw: "缺少必要欄位：{fields}", zh_cn: "缺少必填字段：{fields}" },
        /// One field of a group must be there, and none is.
        NeedsOneOf(fields: Vec<&'static str>) => { en: "Provide one of: {fields}", zh_tw: "請至少提供下列其中一項：{fields}", zh_cn: "请至少提供下列其中一项：{fields}" },
        /// The promotion code cannot be used here.
        PromotionCode { code: String, reason: PromotionRefusal } => { en: "Promotion code '{code}' is not valid: {reason}", zh_tw: "優惠碼「{code}」無法使用：{reason}", zh_cn: "优惠码“{code}”无法使用：{reason}" },
        /// There is a body, but it is not JSON.
        MalformedJson => { en: "The request body is not valid JSON", zh_tw: "請求主體不是有效的 JSON", zh_cn: "请求体不是有效的 JSON" },
        /// The body is JSON, but no object.
        NotAnObject => { en: "The request body must be a JSON object", zh_tw: "請求主體必須是 JSON 物件", zh_cn: "请求体必须是 JSON 对象" },
        /// Neither the request nor the portal's configuration says where the customer returns to.
        ReturnUrlMissing => { en: "Provide return_url, or set a default in the portal configuration", zh_tw: "請提供 return_url，或在 Portal 設定中指定預設網址", zh_cn: "请提供 return_url，或在 Portal 设置中指定默认网址" },
        /// What the request names is in a state that does not allow it.
        State(refusal: StateRefusal) => { en: "{refusal}", zh_tw: "{refusal}", zh_cn: "{refusal}" },
        /// The body has more than `limit` bytes.
        BodyTooLarge { limit: usize } => { en: "The request body is larger than {limit} bytes", zh_tw: "請求主體超過 {limit} 位元組", zh_cn: "请求体超过 {limit} 字节" },
        /// The idempotency key has no usable form.
        IdempotencyKeyMalformed => { en: "Idempotency-Key must have 1 to 255 visible ASCII characters", zh_tw: "Idempotency-Key 須為 1 至 255 個可見 ASCII 字元", zh_cn: "Idempotency-Key 须为 1 至 255 个可见 ASCII 字符" },
        /// The path exists, but not with this method.
        MethodNotAllowed => { en: "This path does not accept this method", zh_tw: "此路徑不接受這個 HTTP 方法", zh_cn: "此路径不接受这个 HTTP 方法" },
        /// The body did not arrive, or not in time.
        Timeout => { en: "The request did not arrive in time", zh_tw: "請求未能及時送達", zh_cn: "请求未能及时送达" },
    }
}

phrases! {
    /// Why a promotion code cannot be used.
    #[derive(Copy)]
    pub enum PromotionRefusal {
        /// No code of this name.
        NotFound => { en: "Code not found", zh_tw: "查無此優惠碼", zh_cn: "没有此优惠码" },
        /// Its time is over.
        Expired => { en: "Code has expired", zh_tw: "優惠碼已過期", zh_cn: "优惠码已过期" },
        /// Its time has not come.
        NotYetValid => { en: "Code is not valid yet", zh_tw: "優惠碼尚未生效", zh_cn: "优惠码尚未生效" },
        /// It, or its coupon, is switched off.
        Inactive => { en: "Code is not active", zh_tw: "優惠碼已停用", zh_cn: "优惠码已停用" },
        /// It has been redeemed as often as it may be.
        RedemptionLimit => { en: "Code has reached its redemption limit", zh_tw: "優惠碼已達使用次數上限", zh_cn: "优惠码已达使用次数上限" },
        /// This customer has redeemed it as often as one customer may.
        CustomerLimit => { en: "Customer has already used this code", zh_tw: "此顧客已達這組優惠碼的使用次數上限", zh_cn: "此顾客已达该优惠码的使用次数上限" },
        /// Its coupon is for other products.
        OtherProduct => { en: "Code is not valid for this product", zh_tw: "優惠碼不適用於此商品", zh_cn: "优惠码不适用于此商品" },
        /// It is for new, for existing, or for one certain customer.
        NotEligible => { en: "Customer is not eligible for this code", zh_tw: "此顧客不符合使用資格", zh_cn: "此顾客不符合使用资格" },
        /// The price is below the code's minimum.
        BelowMinimumAmount => { en: "Minimum amount not reached", zh_tw: "未達最低消費金額", zh_cn: "未达最低消费金额" },
    }
}

phrases! {
    /// What about the present state of an object does not allow the request.
    #[derive(Copy)]
    pub enum StateRefusal {
        /// The subscription has ended, or its end is set.
        SubscriptionCanceled => { en: "The subscription is already canceled", zh_tw: "訂閱已取消", zh_cn: "订阅已取消" },
        /// Only a canceled subscription can be reactivated.
        SubscriptionNotCanceled => { en: "The subscription is not canceled", zh_tw: "訂閱並未取消", zh_cn: "订阅并未取消" },
        /// The subscription is paused.
        SubscriptionPaused => { en: "The subscription is already paused", zh_tw: "訂閱已暫停", zh_cn: "订阅已暂停" },
        /// Only a paused subscription can be resumed.
        SubscriptionNotPaused => { en: "The subscription is not paused", zh_tw: "訂閱並未暫停", zh_cn: "订阅并未暂停" },
        /// The step needs a subscription that is being paid for.
        SubscriptionNotActive => { en: "The subscription is not active", zh_tw: "訂閱目前不是有效狀態", zh_cn: "订阅目前不是有效状态" },
        /// The subscription is to this product.
        SameProduct => { en: "The subscription already has this product", zh_tw: "訂閱目前就是此商品", zh_cn: "订阅目前就是此商品" },
        /// The customer has a subscription to the product aimed at.
        OtherSubscription => { en: "The customer has another subscription to this product", zh_tw: "顧客另有此商品的訂閱", zh_cn: "顾客另有此商品的订阅" },
        /// There is no switch to cancel.
        NothingScheduled => { en: "No change is scheduled for this subscription", zh_tw: "此訂閱沒有已排定的變更", zh_cn: "此订阅没有已排定的变更" },
        /// The checkout's time is over.
        CheckoutExpired => { en: "The checkout has expired", zh_tw: "結帳已逾時失效", zh_cn: "结账已超时失效" },
        /// The checkout is paid, canceled, or being paid.
        CheckoutNotPayable => { en: "The checkout cannot be paid in its present state", zh_tw: "結帳目前的狀態無法付款", zh_cn: "结账目前的状态无法付款" },
        /// The checkout is paid or canceled.
        CheckoutClosed => { en: "The checkout is already completed or canceled", zh_tw: "結帳已完成或已取消", zh_cn: "结账已完成或已取消" },
        /// As many payments were tried as one checkout may have.
        MaxAttempts => { en: "The checkout has used up its payment attempts", zh_tw: "結帳的付款次數已達上限", zh_cn: "结账的付款次数已达上限" },
        /// There is no card to charge.
        NoPaymentMethod => { en: "There is no payment method to charge", zh_tw: "沒有可供扣款的付款方式", zh_cn: "没有可供扣款的付款方式" },
        /// The refund is larger than what of the charge is left.
        RefundTooLarge => { en: "The refund exceeds what is left of the charge", zh_tw: "退款金額超過可退餘額", zh_cn: "退款金额超过可退余额" },
        /// The charge did not succeed, or is too old.
        NotRefundable => { en: "The charge cannot be refunded", zh_tw: "此筆扣款無法退款", zh_cn: "此笔扣款无法退款" },
        /// The invoice is paid or void.
        InvoiceNotPayable => { en: "The invoice cannot be paid in its present state", zh_tw: "帳單目前的狀態無法付款", zh_cn: "账单目前的状态无法付款" },
        /// The customer has fewer credits.
        InsufficientCredits => { en: "The customer does not have enough credits", zh_tw: "顧客的點數不足", zh_cn: "顾客的点数不足" },
        /// The product is of a type that the operation has no use for.
        ProductType => { en: "The product's type does not allow this", zh_tw: "此商品類型不支援這項操作", zh_cn: "此商品类型不支持这项操作" },
        /// The product is not on sale.
        ProductInactive => { en: "The product is not active", zh_tw: "商品已下架", zh_cn: "商品已下架" },
        /// The customer may not buy.
        CustomerBanned => { en: "The customer is banned", zh_tw: "此顧客已被停權", zh_cn: "此顾客已被停用" },
        /// Promotion codes still refer to the coupon.
        CouponInUse => { en: "The coupon is in use", zh_tw: "優惠券使用中", zh_cn: "优惠券使用中" },
        /// The coupon is switched off, expired or used up.
        CouponInactive => { en: "The coupon is not active", zh_tw: "優惠券已停用", zh_cn: "优惠券已停用" },
        /// The checkout has no coupon.
        NoCoupon => { en: "No coupon is applied", zh_tw: "目前沒有套用優惠", zh_cn: "目前没有使用优惠" },
        /// The payment link is switched off, or used up.
        PaymentLinkInactive => { en: "The payment link is not active", zh_tw: "付款連結已停用", zh_cn: "付款链接已停用" },
        /// The portal session was revoked, or its time is over.
        PortalSessionEnded => { en: "The portal session has ended", zh_tw: "Portal 連結已失效", zh_cn: "Portal 链接已失效" },
        /// The portal's configuration does not offer this.
        PortalFeatureOff => { en: "The portal does not offer this", zh_tw: "Portal 未開放此功能", zh_cn: "Portal 未开放此功能" },
        /// Deliveries to the endpoint are switched off.
        WebhookEndpointDisabled => { en: "The webhook endpoint is disabled", zh_tw: "Webhook 端點已停用", zh_cn: "Webhook 端点已停用" },
        /// Time can be moved in the sandbox only.
        ClockSandboxOnly => { en: "The clock can be moved in the sandbox only", zh_tw: "僅測試環境可調整時鐘", zh_cn: "仅测试环境可调整时钟" },
        /// Time only goes on.
        ClockBackwards => { en: "The clock can only be moved forward", zh_tw: "時鐘只能往後調整", zh_cn: "时钟只能向后调整" },
    }
}

phrases! {
    /// What is wrong with the key.
    #[derive(Copy)]
    pub enum UnauthorizedReason {
        /// There is none.
        Missing => { en: "Missing API key", zh_tw: "缺少 API Key", zh_cn: "缺少 API Key" },
        /// Nobody has it.
        Invalid => { en: "Invalid API key", zh_tw: "API Key 無效", zh_cn: "API Key 无效" },
        /// It was revoked.
        Revoked => { en: "API key has been revoked", zh_tw: "API Key 已撤銷", zh_cn: "API Key 已吊销" },
        /// Its time is over.
        Expired => { en: "API key has expired", zh_tw: "API Key 已過期", zh_cn: "API Key 已过期" },
        /// It is a key of the other environment.
        WrongEnvironment => { en: "API key belongs to the other environment", zh_tw: "API Key 屬於另一個環境", zh_cn: "API Key 属于另一个环境" },
    }
}

phrases! {
    /// Why a payment failed.
    #[derive(Copy)]
    pub enum PaymentFailure {
        /// PAYUNi refused it.
        PayuniDeclined => { en: "declined by PAYUNi", zh_tw: "PAYUNi 拒絕交易", zh_cn: "PAYUNi 拒绝交易" },
        /// The bank did not authorize it.
        Unapproved => { en: "not approved by the bank", zh_tw: "發卡銀行未核准", zh_cn: "发卡银行未批准" },
        /// The card has too little left.
        InsufficientFunds => { en: "insufficient funds", zh_tw: "餘額不足", zh_cn: "余额不足" },
        /// The bank refuses the card.
        CardDeclined => { en: "card declined", zh_tw: "卡片遭拒", zh_cn: "卡片被拒" },
        /// The card's time is over.
        ExpiredCard => { en: "card expired", zh_tw: "卡片已過期", zh_cn: "卡片已过期" },
        /// Number, expiry or security code is wrong.
        InvalidCard => { en: "invalid card details", zh_tw: "卡片資料有誤", zh_cn: "卡片信息有误" },
        /// PAYUNi or the bank could not be reached.
        NetworkError => { en: "network error", zh_tw: "網路異常", zh_cn: "网络异常" },
        /// PAYUNi or the bank did not answer in time.
        Timeout => { en: "no answer in time", zh_tw: "交易逾時", zh_cn: "交易超时" },
        /// The customer has fewer credits.
        InsufficientCredits => { en: "insufficient credits", zh_tw: "點數不足", zh_cn: "点数不足" },
        /// PAYUNi gave no reason that is known.
        Unknown => { en: "unknown reason", zh_tw: "原因不明", zh_cn: "原因不明" },
    }
}

impl PaymentFailure {
    /// As in `failure_code` and `failure.code`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::PayuniDeclined => "PAYUNI_DECLINED",
            Self::Unapproved => "UNAPPROVED",
            Self::InsufficientFunds => "INSUFFICIENT_FUNDS",
            Self::CardDeclined => "CARD_DECLINED",
            Self::ExpiredCard => "EXPIRED_CARD",
            Self::InvalidCard => "INVALID_CARD",
            Self::NetworkError => "NETWORK_ERROR",
            Self::Timeout => "TIMEOUT",
            Self::InsufficientCredits => "INSUFFICIENT_CREDITS",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The failure with this code.
    pub fn of_code(code: &str) -> Option<Self> {
        [
            Self::PayuniDeclined,
            Self::Unapproved,
            Self::InsufficientFunds,
            Self::CardDeclined,
            Self::ExpiredCard,
            Self::InvalidCard,
            Self::NetworkError,
            Self::Timeout,
            Self::InsufficientCredits,
            Self::Unknown,
        ]
        .into_iter()
        .find(|failure| failure.code() == code)
    }

    /// Whether the same card may be tried again.
    pub const fn can_retry(self) -> bool {
        matches!(self, Self::NetworkError | Self::Timeout)
    }
}

phrases! {
    /// What the key may not do.
    #[derive(Copy)]
    pub enum ForbiddenReason {
        /// A publishable key was sent.
        SecretKeyRequired => { en: "This endpoint requires a secret key", zh_tw: "此端點須使用 Secret Key", zh_cn: "此端点须使用 Secret Key" },
        /// A publishable key sent metadata.
        MetadataNeedsSecretKey => { en: "metadata requires a secret key", zh_tw: "帶入 metadata 須使用 Secret Key", zh_cn: "填写 metadata 须使用 Secret Key" },
        /// The key was made without this right.
        KeyLacksRight => { en: "This API key is not allowed to do this", zh_tw: "此 API Key 沒有執行這項操作的權限", zh_cn: "此 API Key 没有执行这项操作的权限" },
        /// The gateway shows no card form on pages of this site.
        OriginNotAllowed => { en: "Card forms are not allowed on this site", zh_tw: "此網域不允許使用信用卡表單", zh_cn: "此域名不允许使用信用卡表单" },
        /// The resource is not the caller's to use.
        Resource => { en: "Access denied to this resource", zh_tw: "無權存取此資源", zh_cn: "无权访问此资源" },
        /// The operation exists in the sandbox only.
        SandboxOnly => { en: "This is available in the sandbox only", zh_tw: "僅測試環境可使用", zh_cn: "仅测试环境可使用" },
    }
}

phrases! {
    /// What does not exist.
    #[derive(Copy)]
    pub enum Resource {
        /// A product that is on sale.
        Product => { en: "Product not found or inactive", zh_tw: "找不到商品，或商品已下架", zh_cn: "找不到商品，或商品已下架" },
        /// A customer.
        Customer => { en: "Customer not found", zh_tw: "找不到顧客", zh_cn: "找不到顾客" },
        /// A subscription.
        Subscription => { en: "Subscription not found", zh_tw: "找不到訂閱", zh_cn: "找不到订阅" },
        /// A checkout.
        Checkout => { en: "Checkout not found", zh_tw: "找不到結帳", zh_cn: "找不到结账" },
        /// A checkout session.
        CheckoutSession => { en: "Checkout session not found", zh_tw: "找不到結帳工作階段", zh_cn: "找不到结账会话" },
        /// An order.
        Order => { en: "Order not found", zh_tw: "找不到訂單", zh_cn: "找不到订单" },
        /// An invoice.
        Invoice => { en: "Invoice not found", zh_tw: "找不到帳單", zh_cn: "找不到账单" },
        /// A charge.
        Charge => { en: "Charge not found", zh_tw: "找不到扣款紀錄", zh_cn: "找不到扣款记录" },
        /// A refund.
        Refund => { en: "Refund not found", zh_tw: "找不到退款", zh_cn: "找不到退款" },
        /// A coupon.
        Coupon => { en: "Coupon not found", zh_tw: "找不到優惠券", zh_cn: "找不到优惠券" },
        /// A promotion code, by its id.
        PromotionCode => { en: "Promotion code not found", zh_tw: "找不到優惠碼", zh_cn: "找不到优惠码" },
        /// A payment link.
        PaymentLink => { en: "Payment link not found", zh_tw: "找不到付款連結", zh_cn: "找不到付款链接" },
        /// A portal session.
        PortalSession => { en: "Portal session not found", zh_tw: "找不到 Portal 工作階段", zh_cn: "找不到 Portal 会话" },
        /// A portal configuration.
        PortalConfiguration => { en: "Portal configuration not found", zh_tw: "找不到 Portal 設定", zh_cn: "找不到 Portal 设置" },
        /// A webhook endpoint.
        WebhookEndpoint => { en: "Webhook endpoint not found", zh_tw: "找不到 Webhook 端點", zh_cn: "找不到 Webhook 端点" },
        /// A webhook delivery.
        Delivery => { en: "Webhook delivery not found", zh_tw: "找不到 Webhook 傳送紀錄", zh_cn: "找不到 Webhook 投递记录" },
        /// An event.
        Event => { en: "Event not found", zh_tw: "找不到事件", zh_cn: "找不到事件" },
        /// An API key.
        ApiKey => { en: "API key not found", zh_tw: "找不到 API Key", zh_cn: "找不到 API Key" },
        /// A path that no operation answers.
        Route => { en: "There is no such endpoint", zh_tw: "沒有這個端點", zh_cn: "没有这个端点" },
    }
}

phrases! {
    /// What the request collides with.
    pub enum Conflict {
        /// The customer has a subscription to the product that has not ended.
        DuplicateSubscription { existing_subscription_id: String, status: &'static str } => { en: "Customer already has an active subscription to this product", zh_tw: "顧客已有此商品的有效訂閱", zh_cn: "顾客已有此商品的有效订阅" },
        /// The key belongs to another request.
        IdempotencyKeyReused => { en: "This Idempotency-Key was used for another request", zh_tw: "此 Idempotency-Key 已用於不同的請求", zh_cn: "此 Idempotency-Key 已用于不同的请求" },
        /// The request with this key is still being carried out.
        IdempotencyKeyInUse => { en: "A request with this Idempotency-Key is still being carried out", zh_tw: "使用此 Idempotency-Key 的請求仍在處理中", zh_cn: "使用此 Idempotency-Key 的请求仍在处理中" },
        /// Another object has this value of a field that must be unique.
        Taken(field: &'static str) => { en: "This {field} is already in use", zh_tw: "{field} 已被使用", zh_cn: "{field} 已被使用" },
        /// A payment of the same thing has not ended.
        PaymentInProgress => { en: "A payment is already in progress", zh_tw: "付款處理中", zh_cn: "付款处理中" },
        /// A refund of the same charge has not ended.
        RefundInProgress => { en: "A refund of this charge is already in progress", zh_tw: "此筆扣款的退款處理中", zh_cn: "此笔扣款的退款处理中" },
        /// The sandbox is still doing what its time has brought.
        ClockAdvancing => { en: "The clock is still being moved", zh_tw: "時鐘仍在調整中", zh_cn: "时钟仍在调整中" },
    }
}

phrases! {
    /// The JSON type that a value should have had.
    #[derive(Copy)]
    pub enum Expected {
        /// A string.
        Text => { en: "string", zh_tw: "字串", zh_cn: "字符串" },
        /// A whole number.
        Integer => { en: "integer", zh_tw: "整數", zh_cn: "整数" },
        /// `true` or `false`.
        Boolean => { en: "boolean", zh_tw: "布林值", zh_cn: "布尔值" },
        /// An object.
        Object => { en: "object", zh_tw: "物件", zh_cn: "对象" },
        /// An array.
        List => { en: "array", zh_tw: "陣列", zh_cn: "数组" },
    }
}

phrases! {
    /// What is wrong with a value.
    pub enum Problem {
        /// It must be there.
        Required => { en: "Required", zh_tw: "必填", zh_cn: "必填" },
        /// It has another JSON type.
        InvalidType { expected: Expected } => { en: "Expected {expected}", zh_tw: "須為{expected}", zh_cn: "须为{expected}" },
        /// It is no e-mail address.
        InvalidEmail => { en: "Invalid email format", zh_tw: "電子郵件格式錯誤", zh_cn: "电子邮件格式错误" },
        /// It is no absolute http or https URL.
        InvalidUrl => { en: "Invalid URL", zh_tw: "網址格式錯誤", zh_cn: "网址格式错误" },
        /// It is none of the values listed.
        InvalidEnum { allowed: Vec<&'static str> } => { en: "Expected one of: {allowed}", zh_tw: "須為下列其中之一：{allowed}", zh_cn: "须为下列之一：{allowed}" },
        /// The number is too small.
        TooSmall { min: i64 } => { en: "Must be at least {min}", zh_tw: "不得小於 {min}", zh_cn: "不得小于 {min}" },
        /// The number is too big.
        TooBig { max: i64 } => { en: "Must be at most {max}", zh_tw: "不得大於 {max}", zh_cn: "不得大于 {max}" },
        /// The text has too few characters.
        TooShort { min: i64 } => { en: "Must have at least {min} characters", zh_tw: "至少須有 {min} 個字元", zh_cn: "至少须有 {min} 个字符" },
        /// The text has too many characters.
        TooLong { max: i64 } => { en: "Must have at most {max} characters", zh_tw: "不得超過 {max} 個字元", zh_cn: "不得超过 {max} 个字符" },
        /// It is no ISO 8601 date-time.
        InvalidDate => { en: "Invalid date", zh_tw: "日期格式錯誤", zh_cn: "日期格式错误" },
        /// It is no length of time.
        InvalidDuration => { en: "Write a length of time such as 32d, 3h, 1mo or 1y2mo3d4h", zh_tw: "請填寫時間長度，例如 32d、3h、1mo 或 1y2mo3d4h", zh_cn: "请填写时间长度，例如 32d、3h、1mo 或 1y2mo3d4h" },
        /// It is not later than the other date.
        NotAfter { field: &'static str } => { en: "Must be later than {field}", zh_tw: "必須晚於 {field}", zh_cn: "必须晚于 {field}" },
        /// It has characters that it may not have.
        InvalidCharacters => { en: "Contains characters that are not allowed", zh_tw: "含有不允許的字元", zh_cn: "含有不允许的字符" },
        /// This field does not go with the rest of the request.
        NotAllowedHere => { en: "Not allowed here", zh_tw: "此處不可帶入", zh_cn: "此处不可填写" },
        /// An address that the server will not call: private, or not https.
        UnsafeUrl => { en: "Must be an https URL of a public host", zh_tw: "須為可公開連線的 https 網址", zh_cn: "须为可公开访问的 https 网址" },
    }
}

impl Problem {
    /// As in `details[].code`.
    pub const fn code(&self) -> &'static str {
        match self {
            // An e-mail address of the wrong form has this code in the documentation's example.
            Self::Required | Self::InvalidType { .. } | Self::InvalidEmail => "invalid_type",
            Self::InvalidUrl | Self::InvalidCharacters | Self::UnsafeUrl => "invalid_string",
            Self::InvalidEnum { .. } => "invalid_enum_value",
            Self::TooSmall { .. } | Self::TooShort { .. } => "too_small",
            Self::TooBig { .. } | Self::TooLong { .. } => "too_big",
            Self::InvalidDate | Self::InvalidDuration => "invalid_date",
            Self::NotAfter { .. } | Self::NotAllowedHere => "custom",
        }
    }
}

/// One item of the `details` of `validation_error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The field at fault, as the client spelled it: `email`, `items[1].price`.
    pub path: String,
    /// What is wrong with it.
    pub problem: Problem,
}

impl Issue {
    /// `problem` at `path`.
    pub fn at(path: impl Into<String>, problem: Problem) -> Self {
        Self {
            path: path.into(),
            problem,
        }
    }
}

impl Param for Vec<Issue> {
    const TYPE: &'static str = "Issue[]";
    fn text(&self, _: Locale) -> Cow<'_, str> {
        self.len().to_string().into()
    }
}

errors! {
    /// The error codes of subscription billing: its documentation lists exactly these nine.
    pub enum RecurError: Recur, pages: concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors/recur/") => {
        /// A parameter is missing or makes no sense, or the object's state does not allow the request.
        BadRequest { reason: BadRequest } = "bad_request" {
            status: 400, level: Top, retry: AfterFixingRequest,
            en: "{reason}", zh_tw: "{reason}", zh_cn: "{reason}",
        },
        /// The key is absent, unknown, revoked, expired, or of the other environment.
        Unauthorized { reason: UnauthorizedReason } = "unauthorized" {
            status: 401, level: Top, retry: AfterChange,
            en: "{reason}", zh_tw: "{reason}", zh_cn: "{reason}",
        },
        /// The payment failed.
        PaymentRequired { failure: PaymentFailure } = "payment_required" {
            status: 402, level: Top, retry: AfterChange,
            en: "Payment failed: {failure}", zh_tw: "付款失敗：{failure}", zh_cn: "付款失败：{failure}",
        },
        /// The key is right, but may not do this.
        Forbidden { reason: ForbiddenReason } = "forbidden" {
            status: 403, level: Top, retry: AfterFixingRequest,
            en: "{reason}", zh_tw: "{reason}", zh_cn: "{reason}",
        },
        /// What the request names does not exist, or belongs to somebody else.
        NotFound { what: Resource } = "not_found" {
            status: 404, level: Top, retry: AfterFixingRequest,
            en: "{what}", zh_tw: "{what}", zh_cn: "{what}",
        },
        /// The request collides with something that exists or is under way.
        Conflict { conflict: Conflict } = "conflict" {
            status: 409, level: Top, retry: AfterChange,
            en: "{conflict}", zh_tw: "{conflict}", zh_cn: "{conflict}",
        },
        /// At least one field breaks a rule; every one that does is listed.
        ValidationError { issues: Vec<Issue> } = "validation_error" {
            status: 422, level: Top, retry: AfterFixingRequest,
            en: "Invalid request parameters", zh_tw: "請求參數驗證失敗", zh_cn: "请求参数验证失败",
        },
        /// The key has used up the requests of this minute.
        RateLimitExceeded = "rate_limit_exceeded" {
            status: 429, level: Top, retry: Later,
            en: "Too many requests", zh_tw: "請求過於頻繁", zh_cn: "请求过于频繁",
        },
        /// Something that no rule foresaw: the cause is in the log under the incident, which the answer
        /// names in its `x-request-id` header only.
        InternalServerError { incident: String } = "internal_server_error" {
            status: 500, level: Top, retry: Later,
            en: "An unexpected error occurred", zh_tw: "發生未預期的錯誤", zh_cn: "发生未预期的错误",
        },
    }
}

/// The body of every refusal of the face.
#[derive(Debug, Serialize)]
pub struct ErrorResponse {
    /// The error, as documented.
    pub error: ErrorObject,
    /// `error.message` again: browser SDKs look for it here.
    pub message: String,
    /// `error.message` again, or what is wrong in one line: browser SDKs look for it here.
    pub details: String,
}

/// `error` of [`ErrorResponse`].
#[derive(Debug, Serialize)]
pub struct ErrorObject {
    /// For programs.
    pub code: &'static str,
    /// For people, in the language of the request.
    pub message: String,
    /// The code's page.
    pub doc_url: String,
    /// What is known beyond the message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
    /// `authentication_error`, `api_error` or `invalid_request_error`.
    pub r#type: &'static str,
}

/// One item of `error.details`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Detail {
    /// Of `validation_error`: one field at fault.
    Issue {
        /// The field, as the client spelled it.
        path: String,
        /// For people, in the language of the request.
        message: String,
        /// For programs.
        code: &'static str,
    },
    /// Of `payment_required`.
    Failure {
        /// For programs.
        failure_code: &'static str,
        /// For people, in the language of the request.
        failure_message: String,
        /// Whether the same card may be tried again.
        can_retry: bool,
    },
    /// Of `conflict`: the subscription that the customer has.
    Subscription {
        /// Its id.
        existing_subscription_id: String,
        /// `ACTIVE`, `TRIAL` or `PAST_DUE`.
        status: &'static str,
    },
}

impl RecurError {
    /// The status and body that answer this error. `base_url` is where this server is reached, without a slash at
    /// the end; empty for a `doc_url` that begins with the path.
    pub fn respond(&self, locale: Locale, base_url: &str) -> (u16, ErrorResponse) {
        let entry = self.entry();
        let message = self.message(locale);
        let body = ErrorResponse {
            error: ErrorObject {
                code: entry.code,
                message: message.clone(),
                doc_url: format!("{base_url}{}", entry.doc_path()),
                details: self.details(locale),
                r#type: match entry.status {
                    401 | 403 => "authentication_error",
                    500.. => "api_error",
                    _ => "invalid_request_error",
                },
            },
            details: self.in_one_line(locale).unwrap_or_else(|| message.clone()),
            message,
        };
        (entry.status, body)
    }

    /// What the browser SDKs show of a refusal whose message says too little.
    fn in_one_line(&self, locale: Locale) -> Option<String> {
        let Self::ValidationError { issues } = self else {
            return None;
        };
        let issues = issues
            .iter()
            .map(|issue| format!("{}: {}", issue.path, issue.problem.text(locale)));
        Some(issues.collect::<Vec<_>>().join("; "))
    }

    fn details(&self, locale: Locale) -> Vec<Detail> {
        match self {
            Self::ValidationError { issues } => issues
                .iter()
                .map(|issue| Detail::Issue {
                    path: issue.path.clone(),
                    message: issue.problem.text(locale).into_owned(),
                    code: issue.problem.code(),
                })
                .collect(),
            Self::PaymentRequired { failure } => vec![Detail::Failure {
                failure_code: failure.code(),
                failure_message: failure.text(locale).into_owned(),
                can_retry: failure.can_retry(),
            }],
            Self::Conflict {
                conflict:
                    Conflict::DuplicateSubscription {
                        existing_subscription_id,
                        status,
                    },
            } => vec![Detail::Subscription {
                existing_subscription_id: existing_subscription_id.clone(),
                status,
            }],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the documentation prints them: the code and the message.
    fn documented() -> Vec<RecurError> {
        vec![
            RecurError::BadRequest {
                reason: BadRequest::MissingFields(
                    ["sessionId", "productId", "email"]
                        .map(str::to_owned)
                        .to_vec(),
                ),
            },
            RecurError::Unauthorized {
                reason: UnauthorizedReason::Invalid,
            },
            RecurError::PaymentRequired {
                failure: PaymentFailure::CardDeclined,
            },
            RecurError::Forbidden {
                reason: ForbiddenReason::Resource,
            },
            RecurError::NotFound {
                what: Resource::Product,
            },
            RecurError::Conflict {
                conflict: Conflict::DuplicateSubscription {
                    existing_subscription_id: "sub_xxxxx".into(),
                    status: "ACTIVE",
                },
            },
            RecurError::ValidationError {
                issues: vec![Issue::at("email", Problem::InvalidEmail)],
            },
            RecurError::RateLimitExceeded,
            RecurError::InternalServerError {
                incident: "01999d1c-2f60-7c3a-9b52-6e0d4a8f1c77".into(),
            },
        ]
    }

    fn line(error: &RecurError, locale: Locale, base_url: &str) -> String {
        let (status, body) = error.respond(locale, base_url);
        format!("{status} {}", serde_json::to_string(&body).unwrap())
    }

    #[test]
    fn the_documented_examples_come_out_to_the_letter() {
        let lines: Vec<String> = documented()
            .iter()
            .map(|error| line(error, Locale::En, "http://localhost:8080"))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r##"
        400 {"error":{"code":"bad_request","message":"Missing required fields: sessionId, productId, email","doc_url":"http://localhost:8080/docs/errors/recur/bad_request","type":"invalid_request_error"},"message":"Missing required fields: sessionId, productId, email","details":"Missing required fields: sessionId, productId, email"}
        401 {"error":{"code":"unauthorized","message":"Invalid API key","doc_url":"http://localhost:8080/docs/errors/recur/unauthorized","type":"authentication_error"},"message":"Invalid API key","details":"Invalid API key"}
        402 {"error":{"code":"payment_required","message":"Payment failed: card declined","doc_url":"http://localhost:8080/docs/errors/recur/payment_required","details":[{"failure_code":"CARD_DECLINED","failure_message":"card declined","can_retry":false}],"type":"invalid_request_error"},"message":"Payment failed: card declined","details":"Payment failed: card declined"}
        403 {"error":{"code":"forbidden","message":"Access denied to this resource","doc_url":"http://localhost:8080/docs/errors/recur/forbidden","type":"authentication_error"},"message":"Access denied to this resource","details":"Access denied to this resource"}
        404 {"error":{"code":"not_found","message":"Product not found or inactive","doc_url":"http://localhost:8080/docs/errors/recur/not_found","type":"invalid_request_error"},"message":"Product not found or inactive","details":"Product not found or inactive"}
        409 {"error":{"code":"conflict","message":"Customer already has an active subscription to this product","doc_url":"http://localhost:8080/docs/errors/recur/conflict","details":[{"existing_subscription_id":"sub_xxxxx","status":"ACTIVE"}],"type":"invalid_request_error"},"message":"Customer already has an active subscription to this product","details":"Customer already has an active subscription to this product"}
        422 {"error":{"code":"validation_error","message":"Invalid request parameters","doc_url":"http://localhost:8080/docs/errors/recur/validation_error","details":[{"path":"email","message":"Invalid email format","code":"invalid_type"}],"type":"invalid_request_error"},"message":"Invalid request parameters","details":"email: Invalid email format"}
        429 {"error":{"code":"rate_limit_exceeded","message":"Too many requests","doc_url":"http://localhost:8080/docs/errors/recur/rate_limit_exceeded","type":"invalid_request_error"},"message":"Too many requests","details":"Too many requests"}
        500 {"error":{"code":"internal_server_error","message":"An unexpected error occurred","doc_url":"http://localhost:8080/docs/errors/recur/internal_server_error","type":"api_error"},"message":"An unexpected error occurred","details":"An unexpected error occurred"}
        "##);
    }

    #[test]
    fn a_failure_speaks_three_languages() {
        let failure = PaymentFailure::InsufficientFunds;
        let lines = Locale::ALL.map(|locale| {
            let error = RecurError::PaymentRequired { failure };
            line(&error, locale, "")
        });
        insta::assert_snapshot!(lines.join("\n"), @r##"
        402 {"error":{"code":"payment_required","message":"Payment failed: insufficient funds","doc_url":"/docs/errors/recur/payment_required","details":[{"failure_code":"INSUFFICIENT_FUNDS","failure_message":"insufficient funds","can_retry":false}],"type":"invalid_request_error"},"message":"Payment failed: insufficient funds","details":"Payment failed: insufficient funds"}
        402 {"error":{"code":"payment_required","message":"付款失敗：餘額不足","doc_url":"/docs/errors/recur/payment_required","details":[{"failure_code":"INSUFFICIENT_FUNDS","failure_message":"餘額不足","can_retry":false}],"type":"invalid_request_error"},"message":"付款失敗：餘額不足","details":"付款失敗：餘額不足"}
        402 {"error":{"code":"payment_required","message":"付款失败：余额不足","doc_url":"/docs/errors/recur/payment_required","details":[{"failure_code":"INSUFFICIENT_FUNDS","failure_message":"余额不足","can_retry":false}],"type":"invalid_request_error"},"message":"付款失败：余额不足","details":"付款失败：余额不足"}
        "##);
    }

    #[test]
    fn a_promotion_code_is_refused_in_the_documented_words() {
        let error = |locale| {
            RecurError::BadRequest {
                reason: BadRequest::PromotionCode {
                    code: "SUMMER".into(),
                    reason: PromotionRefusal::Expired,
                },
            }
            .message(locale)
        };
        assert_eq!(
            Locale::ALL.map(error),
            [
                "Promotion code 'SUMMER' is not valid: Code has expired",
                "優惠碼「SUMMER」無法使用：優惠碼已過期",
                "优惠码“SUMMER”无法使用：优惠码已过期",
            ]
        );
    }

    #[test]
    fn every_code_is_in_the_documentation_and_the_other_way_round() {
        let codes: Vec<&str> = documented().iter().map(|e| e.entry().code).collect();
        let table: Vec<&str> = RecurError::ENTRIES.iter().map(|e| e.code).collect();
        assert_eq!(codes, table);
    }
}
