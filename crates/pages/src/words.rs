//! What the pages say apart from the texts of the codes: one [`Words`] per language, so that a
//! missing translation does not compile.

use catalogue::{Face, Level, Retry};
use kernel::Locale;

/// A thing said briefly, where room is short, and as a sentence.
#[derive(Debug)]
pub struct Wording {
    pub short: &'static str,
    pub long: &'static str,
}

#[derive(Debug)]
pub struct Levels {
    top: Wording,
    field: Wording,
    both: Wording,
    client_side: Wording,
}

#[derive(Debug)]
pub struct Retries {
    after_fixing_request: Wording,
    after_change: Wording,
    later: Wording,
    with_new_token: Wording,
}

#[derive(Debug)]
pub struct Faces {
    platform: Wording,
    recur: Wording,
    card_form: Wording,
    openapi_v2: Wording,
}

/// All words of one language.
#[derive(Debug)]
pub struct Words {
    /// The language's own name.
    pub language: &'static str,
    pub languages: &'static str,
    pub skip: &'static str,
    pub site: &'static str,
    pub title: &'static str,
    pub intro: &'static str,
    pub search: &'static str,
    pub search_hint: &'static str,
    pub search_button: &'static str,
    pub status_filter: &'static str,
    pub any_status: &'static str,
    pub no_status: &'static str,
    pub clear: &'static str,
    /// How many codes a list shows, of how many.
    pub count: fn(usize, usize) -> String,
    pub nothing_found: &'static str,
    pub near: &'static str,
    pub code: &'static str,
    pub status: &'static str,
    pub level: &'static str,
    pub cause: &'static str,
    pub unreachable: &'static str,
    pub unreachable_long: &'static str,
    pub retry: &'static str,
    pub message: &'static str,
    pub message_intro: &'static str,
    pub params: &'static str,
    pub example: &'static str,
    pub browser_example: &'static str,
    pub scenario: &'static str,
    pub scenario_command: &'static str,
    pub scenario_intro: &'static str,
    pub neighbours: &'static str,
    pub previous: &'static str,
    pub next: &'static str,
    pub all_codes: &'static str,
    pub missing_title: &'static str,
    /// That there is no such code.
    pub missing: fn(&str) -> String,
    levels: Levels,
    retries: Retries,
    faces: Faces,
}

impl Words {
    pub const fn of(locale: Locale) -> &'static Self {
        match locale {
            Locale::En => &EN,
            Locale::ZhTw => &ZH_TW,
            Locale::ZhCn => &ZH_CN,
        }
    }

    pub const fn level(&self, level: Level) -> &Wording {
        match level {
            Level::Top => &self.levels.top,
            Level::Field => &self.levels.field,
            Level::Both => &self.levels.both,
            Level::ClientSide => &self.levels.client_side,
        }
    }

    pub const fn retry(&self, retry: Retry) -> &Wording {
        match retry {
            Retry::AfterFixingRequest => &self.retries.after_fixing_request,
            Retry::AfterChange => &self.retries.after_change,
            Retry::Later => &self.retries.later,
            Retry::WithNewToken => &self.retries.with_new_token,
        }
    }

    pub const fn face(&self, face: Face) -> &Wording {
        match face {
            Face::Platform => &self.faces.platform,
            Face::Recur => &self.faces.recur,
            Face::CardForm => &self.faces.card_form,
            Face::OpenapiV2 => &self.faces.openapi_v2,
        }
    }
}

const EN: Words = Words {
    language: "English",
    languages: "Languages",
    skip: "Skip to the content",
    site: "Error reference",
    title: "Error codes",
    intro: "Every code that the documented contracts know: what causes it, what to do about it, and a request that brings it about.",
    search: "Search",
    search_hint: "Code, message or cause",
    search_button: "Search",
    status_filter: "HTTP status",
    any_status: "Any",
    no_status: "None",
    clear: "Show all codes",
    count: |shown, all| match (shown, all) {
        (1, 1) => "1 code".to_owned(),
        (shown, all) if shown == all => format!("{all} codes"),
        (shown, all) => format!("{shown} of {all} codes"),
    },
    nothing_found: "No code matches this search.",
    near: "Did you mean",
    code: "Code",
    status: "Status",
    level: "Where it stands",
    cause: "Cause",
    unreachable: "Not reachable yet",
    unreachable_long: "This server does not answer with this code yet. It has a page because the contract documents the code.",
    retry: "Does a retry help?",
    message: "Message",
    message_intro: "In the language that the request accepts. Decide by the code, not by the message.",
    params: "Placeholders",
    example: "Example answer",
    browser_example: "In the browser’s console",
    scenario: "See it happen",
    scenario_command: "Bring it about yourself:",
    scenario_intro: "What it sends and what comes back.",
    neighbours: "Neighbouring codes",
    previous: "Previous",
    next: "Next",
    all_codes: "All codes",
    missing_title: "No such code",
    missing: |asked| format!("The reference has no page for “{asked}”."),
    levels: Levels {
        top: Wording {
            short: "Answer",
            long: "The answer’s own code",
        },
        field: Wording {
            short: "Field",
            long: "One item in the list of failed fields",
        },
        both: Wording {
            short: "Answer or field",
            long: "The answer’s own code, or one item in the list of failed fields",
        },
        client_side: Wording {
            short: "Browser",
            long: "In the buyer’s browser; it never travels through this server",
        },
    },
    retries: Retries {
        after_fixing_request: Wording {
            short: "No",
            long: "Not before the request itself is changed.",
        },
        after_change: Wording {
            short: "Not yet",
            long: "Once something outside the request has changed: credit, a product’s state, a key, a card.",
        },
        later: Wording {
            short: "Yes, later",
            long: "Send it again later, with the same Idempotency-Key.",
        },
        with_new_token: Wording {
            short: "Yes, with a new token",
            long: "Get a new token first, then open the card form again.",
        },
    },
    faces: Faces {
        platform: Wording {
            short: "Order platform",
            long: "The codes of /platform/*.",
        },
        recur: Wording {
            short: "Recur: subscription billing",
            long: "The codes of /v1/*.",
        },
        card_form: Wording {
            short: "Card form (PAYUNi SDK)",
            long: "The codes that the card form reports to the page in the buyer’s browser. They never travel through this server.",
        },
        openapi_v2: Wording {
            short: "OpenAPI V2: forms and certificates",
            long: "The codes of /api/v2/rpc/*: six of the answer itself, and the error_code of the module behind it.",
        },
    },
};

const ZH_TW: Words = Words {
    language: "繁體中文",
    languages: "語言",
    skip: "跳至主要內容",
    site: "錯誤碼參考",
    title: "錯誤碼",
    intro: "各 API 文件所列的全部錯誤碼：發生原因、處理方式，以及能實際重現的請求。",
    search: "搜尋",
    search_hint: "錯誤碼、訊息或原因，不限語言",
    search_button: "搜尋",
    status_filter: "HTTP 狀態碼",
    any_status: "全部",
    no_status: "無",
    clear: "顯示全部錯誤碼",
    count: |shown, all| {
        if shown == all {
            format!("共 {all} 個錯誤碼")
        } else {
            format!("{all} 個錯誤碼中的 {shown} 個")
        }
    },
    nothing_found: "沒有符合的錯誤碼。",
    near: "您要找的是不是",
    code: "錯誤碼",
    status: "狀態碼",
    level: "出現位置",
    cause: "原因",
    unreachable: "尚無法觸發",
    unreachable_long: "此伺服器目前還不會回傳這個錯誤碼；因為 API 文件列有此碼，所以保留這一頁。",
    retry: "重試有用嗎？",
    message: "訊息",
    message_intro: "依請求的 Accept-Language 決定語言。程式請以錯誤碼判斷，不要比對訊息。",
    params: "代入值",
    example: "回應範例",
    browser_example: "瀏覽器主控台的內容",
    scenario: "實際重現",
    scenario_command: "親自試一次：",
    scenario_intro: "送出的請求與收到的回應如下。",
    neighbours: "前後錯誤碼",
    previous: "上一個",
    next: "下一個",
    all_codes: "全部錯誤碼",
    missing_title: "查無此錯誤碼",
    missing: |asked| format!("沒有「{asked}」的說明頁。"),
    levels: Levels {
        top: Wording {
            short: "回應",
            long: "整個回應的錯誤碼",
        },
        field: Wording {
            short: "欄位",
            long: "錯誤欄位清單中的一項",
        },
        both: Wording {
            short: "回應或欄位",
            long: "整個回應的錯誤碼，或錯誤欄位清單中的一項",
        },
        client_side: Wording {
            short: "瀏覽器",
            long: "買家的瀏覽器，不經過這台伺服器",
        },
    },
    retries: Retries {
        after_fixing_request: Wording {
            short: "沒有用",
            long: "請先修正請求內容。",
        },
        after_change: Wording {
            short: "暫時沒有用",
            long: "須等請求以外的條件改變，例如點數餘額、產品狀態、金鑰或另一張卡片。",
        },
        later: Wording {
            short: "有用，請稍後",
            long: "稍後以相同的 Idempotency-Key 重新送出。",
        },
        with_new_token: Wording {
            short: "有用，須換新 Token",
            long: "請先取得新的 Token，再重新開啟信用卡表單。",
        },
    },
    faces: Faces {
        platform: Wording {
            short: "訂單平台",
            long: "/platform/* 的錯誤碼。",
        },
        recur: Wording {
            short: "Recur：訂閱收款",
            long: "/v1/* 的錯誤碼。",
        },
        card_form: Wording {
            short: "信用卡表單（PAYUNi SDK）",
            long: "信用卡表單在買家的瀏覽器中回報給網頁的錯誤碼，不經過這台伺服器。",
        },
        openapi_v2: Wording {
            short: "OpenAPI V2：表單與憑證",
            long: "/api/v2/rpc/* 的錯誤碼：六個頂層 code，以及模組的 error_code。",
        },
    },
};

const ZH_CN: Words = Words {
    language: "简体中文",
    languages: "语言",
    skip: "跳到主要内容",
    site: "错误码参考",
    title: "错误码",
    intro: "各 API 文档所列的全部错误码：产生原因、处理方式，以及能实际复现的请求。",
    search: "搜索",
    search_hint: "错误码、消息或原因，不限语言",
    search_button: "搜索",
    status_filter: "HTTP 状态码",
    any_status: "全部",
    no_status: "无",
    clear: "显示全部错误码",
    count: |shown, all| {
        if shown == all {
            format!("共 {all} 个错误码")
        } else {
            format!("{all} 个错误码中的 {shown} 个")
        }
    },
    nothing_found: "没有符合的错误码。",
    near: "您要找的是不是",
    code: "错误码",
    status: "状态码",
    level: "出现位置",
    cause: "原因",
    unreachable: "暂无法触发",
    unreachable_long: "此服务器目前还不会返回这个错误码；因为 API 文档列有此码，所以保留这一页。",
    retry: "重试有用吗？",
    message: "消息",
    message_intro: "语言由请求的 Accept-Language 决定。程序请以错误码判断，不要比对消息。",
    params: "代入值",
    example: "响应示例",
    browser_example: "浏览器控制台的内容",
    scenario: "实际复现",
    scenario_command: "亲自试一次：",
    scenario_intro: "发送的请求与收到的响应如下。",
    neighbours: "前后错误码",
    previous: "上一个",
    next: "下一个",
    all_codes: "全部错误码",
    missing_title: "没有此错误码",
    missing: |asked| format!("没有“{asked}”的说明页。"),
    levels: Levels {
        top: Wording {
            short: "响应",
            long: "整个响应的错误码",
        },
        field: Wording {
            short: "字段",
            long: "错误字段列表中的一项",
        },
        both: Wording {
            short: "响应或字段",
            long: "整个响应的错误码，或错误字段列表中的一项",
        },
        client_side: Wording {
            short: "浏览器",
            long: "买家的浏览器，不经过这台服务器",
        },
    },
    retries: Retries {
        after_fixing_request: Wording {
            short: "没有用",
            long: "请先修正请求内容。",
        },
        after_change: Wording {
            short: "暂时没有用",
            long: "须等请求以外的条件改变，例如点数余额、产品状态、密钥或另一张卡片。",
        },
        later: Wording {
            short: "有用，请稍后",
            long: "稍后以相同的 Idempotency-Key 重新发送。",
        },
        with_new_token: Wording {
            short: "有用，须换新 Token",
            long: "请先获取新的 Token，再重新打开信用卡表单。",
        },
    },
    faces: Faces {
        platform: Wording {
            short: "订单平台",
            long: "/platform/* 的错误码。",
        },
        recur: Wording {
            short: "Recur：订阅收款",
            long: "/v1/* 的错误码。",
        },
        card_form: Wording {
            short: "信用卡表单（PAYUNi SDK）",
            long: "信用卡表单在买家的浏览器中报告给网页的错误码，不经过这台服务器。",
        },
        openapi_v2: Wording {
            short: "OpenAPI V2：表单与凭证",
            long: "/api/v2/rpc/* 的错误码：六个顶层 code，以及模块的 error_code。",
        },
    },
};
