//! What these pages say: one [`Words`] per language, so that a missing translation does not compile.

use crate::ask::Ask;
use kernel::Locale;

/// One text put into another.
type With = fn(&str) -> String;
/// Two texts put into another.
type With2 = fn(&str, &str) -> String;

/// A heading and what stands below it.
#[derive(Debug)]
pub struct Said {
    pub title: &'static str,
    pub text: &'static str,
}

/// All words of one language.
#[derive(Debug)]
pub struct Words {
    pub languages: &'static str,
    pub sign_out: &'static str,
    /// With how many minutes to wait.
    pub too_many: With,
    pub refused: &'static str,
    pub missing: Said,
    pub failed: Said,
    pub elsewhere: Said,
    pub sign_in: SignInWords,
    pub home: HomeWords,
    pub top_up: TopUpWords,
    pub charge: ChargeWords,
}

/// Signing in.
#[derive(Debug)]
pub struct SignInWords {
    pub title: &'static str,
    pub email: &'static str,
    pub password: &'static str,
    pub go: &'static str,
    pub both: &'static str,
    pub again: &'static str,
    pub register: &'static str,
}

/// The first page.
#[derive(Debug)]
pub struct HomeWords {
    pub title: &'static str,
    pub none: &'static str,
    /// With how many.
    pub more: With,
    pub disabled: &'static str,
    pub credits: &'static str,
    pub top_up: &'static str,
    pub records: &'static str,
    pub no_records: &'static str,
    pub order: &'static str,
    pub increase: &'static str,
    pub decrease: &'static str,
    pub charges: &'static str,
    pub no_charges: &'static str,
}

/// Buying credit.
#[derive(Debug)]
pub struct TopUpWords {
    pub title: &'static str,
    pub balance: &'static str,
    pub credits: &'static str,
    pub quantity: &'static str,
    /// With the price of one.
    pub price: With,
    pub limits: With2,
    pub not_in_range: With2,
    pub how: &'static str,
    pub by_gateway: &'static str,
    pub by_transfer: &'static str,
    pub go: &'static str,
    pub sent_before: &'static str,
    pub nowhere: &'static str,
    pub back: &'static str,
}

/// A charge.
#[derive(Debug)]
pub struct ChargeWords {
    pub title: &'static str,
    pub wait_payment: &'static str,
    pub complete: &'static str,
    pub fail: &'static str,
    pub cancelled: &'static str,
    pub expired: &'static str,
    pub waiting: Said,
    pub transfer: Said,
    /// With how much was added, and the balance.
    pub credited: With2,
    pub failed: Said,
    pub given_up: Said,
    pub too_late: Said,
    pub number: &'static str,
    pub buys: &'static str,
    /// With how many.
    pub credits: With,
    pub total: &'static str,
    pub made: &'static str,
    pub until: &'static str,
    pub gateway_number: &'static str,
    pub bank_account: &'static str,
    pub pay: &'static str,
    pub again: &'static str,
    pub reload: &'static str,
    pub give_up: &'static str,
    pub back: &'static str,
    pub hand_over: Said,
    pub to_gateway: &'static str,
    pub not_now: &'static str,
}

impl Words {
    /// In this language.
    pub const fn of(locale: Locale) -> &'static Self {
        match locale {
            Locale::En => &EN,
            Locale::ZhTw => &ZH_TW,
            Locale::ZhCn => &ZH_CN,
        }
    }

    /// In the language to answer in.
    pub const fn to(ask: &Ask) -> &'static Self {
        Self::of(ask.locale())
    }
}

static EN: Words = Words {
    languages: "Language",
    sign_out: "Sign out",
    too_many: |minutes| match minutes {
        "1" => "Too many attempts. Try again in a minute.".into(),
        _ => format!("Too many attempts. Try again in {minutes} minutes."),
    },
    refused: "This cannot be done",
    missing: Said {
        title: "Nothing is here",
        text: "Nothing has this address, or it belongs to somebody else.",
    },
    failed: Said {
        title: "Something went wrong",
        text: "This is our fault. Try again in a moment; what you have paid is not lost.",
    },
    elsewhere: Said {
        title: "Not sent from here",
        text: "The form did not come from this page, or the page was too old. Open the page again and send it from there.",
    },
    sign_in: SignInWords {
        title: "Sign in",
        email: "E-mail address",
        password: "Password",
        go: "Sign in",
        both: "Enter your e-mail address and your password.",
        again: "The page was too old. Sign in now.",
        register: "No account yet? Ask whoever gave you this address.",
    },
    home: HomeWords {
        title: "Your credit",
        none: "You belong to no organization yet.",
        more: |count| format!("And {count} more."),
        disabled: "disabled",
        credits: "credits",
        top_up: "Top up",
        records: "Last movements",
        no_records: "Nothing has moved yet.",
        order: "Order",
        increase: "Credit added",
        decrease: "Credit taken",
        charges: "Top-ups",
        no_charges: "No top-ups yet.",
    },
    top_up: TopUpWords {
        title: "Top up",
        balance: "Balance:",
        credits: "credits",
        quantity: "How many credits",
        price: |price| format!("One credit costs NT${price}."),
        limits: |least, most| format!("{least} to {most} at once."),
        not_in_range: |least, most| format!("Enter a whole number from {least} to {most}."),
        how: "How you pay",
        by_gateway: "Online, over PAYUNi",
        by_transfer: "By bank transfer",
        go: "Continue to payment",
        sent_before: "This form was sent before with another amount. Check it and send it again.",
        nowhere: "Credit cannot be bought here at present. Ask customer service.",
        back: "Back to your credit",
    },
    charge: ChargeWords {
        title: "Top-up",
        wait_payment: "Waiting for payment",
        complete: "Paid",
        fail: "Not paid",
        cancelled: "Cancelled",
        expired: "Expired",
        waiting: Said {
            title: "Waiting for your payment",
            text: "If you have just paid, this can take a moment; with a code for a shop or an ATM, until that has reported it.",
        },
        transfer: Said {
            title: "Waiting for your transfer",
            text: "Transfer the total and name the number below. The credit is added when we have seen the money.",
        },
        credited: |quantity, balance| {
            format!("{quantity} credits were added. The balance is now {balance} credits.")
        },
        failed: Said {
            title: "The payment failed",
            text: "Nothing was charged. You can try again, or pay in another way.",
        },
        given_up: Said {
            title: "The top-up was cancelled",
            text: "Nothing was charged.",
        },
        too_late: Said {
            title: "The top-up has expired",
            text: "Nobody paid in time. Nothing was charged.",
        },
        number: "Number",
        buys: "Buys",
        credits: |count| match count {
            "1" => "1 credit".into(),
            _ => format!("{count} credits"),
        },
        total: "Total",
        made: "Made",
        until: "Pay until",
        gateway_number: "PAYUNi number",
        bank_account: "Transfer to",
        pay: "Pay now",
        again: "Try again",
        reload: "Check again",
        give_up: "Cancel the top-up",
        back: "Back to your credit",
        hand_over: Said {
            title: "On to the payment",
            text: "You pay on the page of PAYUNi, and come back here afterwards.",
        },
        to_gateway: "Go to PAYUNi",
        not_now: "Not now",
    },
};

static ZH_TW: Words = Words {
    languages: "語言",
    sign_out: "登出",
    too_many: |minutes| format!("嘗試次數過多，請於 {minutes} 分鐘後再試。"),
    refused: "無法完成",
    missing: Said {
        title: "找不到頁面",
        text: "此網址沒有內容，或屬於其他人。",
    },
    failed: Said {
        title: "發生錯誤",
        text: "這是我們的問題。請稍後再試，已付的款項不會遺失。",
    },
    elsewhere: Said {
        title: "表單並非由此送出",
        text: "表單不是由本頁送出，或頁面已過期。請重新開啟頁面後再送出。",
    },
    sign_in: SignInWords {
        title: "登入",
        email: "電子郵件",
        password: "密碼",
        go: "登入",
        both: "請輸入電子郵件與密碼。",
        again: "頁面已過期，請現在登入。",
        register: "還沒有帳號嗎？請洽詢提供此網址的人。",
    },
    home: HomeWords {
        title: "您的點數",
        none: "您尚未加入任何組織。",
        more: |count| format!("另有 {count} 個。"),
        disabled: "已停用",
        credits: "點",
        top_up: "儲值",
        records: "最近異動",
        no_records: "尚無異動。",
        order: "訂單",
        increase: "增加點數",
        decrease: "扣除點數",
        charges: "儲值紀錄",
        no_charges: "尚無儲值。",
    },
    top_up: TopUpWords {
        title: "儲值",
        balance: "餘額：",
        credits: "點",
        quantity: "儲值點數",
        price: |price| format!("每點 NT${price}。"),
        limits: |least, most| format!("每次 {least} 至 {most} 點。"),
        not_in_range: |least, most| format!("請輸入 {least} 至 {most} 之間的整數。"),
        how: "付款方式",
        by_gateway: "線上付款（PAYUNi）",
        by_transfer: "銀行轉帳",
        go: "前往付款",
        sent_before: "此表單已用其他金額送出過。請確認後再送出一次。",
        nowhere: "目前無法在此購買點數，請洽客服。",
        back: "返回您的點數",
    },
    charge: ChargeWords {
        title: "儲值",
        wait_payment: "等待付款",
        complete: "已付款",
        fail: "付款失敗",
        cancelled: "已取消",
        expired: "已逾期",
        waiting: Said {
            title: "等待您付款",
            text: "若您剛完成付款，可能需要片刻；使用超商代碼或 ATM 時，須待對方回報。",
        },
        transfer: Said {
            title: "等待您轉帳",
            text: "請轉帳總額並註明下方編號。確認款項後即會增加點數。",
        },
        credited: |quantity, balance| format!("已增加 {quantity} 點，目前餘額 {balance} 點。"),
        failed: Said {
            title: "付款失敗",
            text: "未收取任何款項。您可以再試一次，或改用其他方式付款。",
        },
        given_up: Said {
            title: "儲值已取消",
            text: "未收取任何款項。",
        },
        too_late: Said {
            title: "儲值已逾期",
            text: "未在期限內付款，未收取任何款項。",
        },
        number: "編號",
        buys: "購買",
        credits: |count| format!("{count} 點"),
        total: "總額",
        made: "建立時間",
        until: "付款期限",
        gateway_number: "PAYUNi 序號",
        bank_account: "轉帳帳戶",
        pay: "立即付款",
        again: "再試一次",
        reload: "重新查詢",
        give_up: "取消儲值",
        back: "返回您的點數",
        hand_over: Said {
            title: "前往付款",
            text: "您將在 PAYUNi 的頁面付款，完成後會回到這裡。",
        },
        to_gateway: "前往 PAYUNi",
        not_now: "暫不付款",
    },
};

static ZH_CN: Words = Words {
    languages: "语言",
    sign_out: "退出登录",
    too_many: |minutes| format!("尝试次数过多，请于 {minutes} 分钟后再试。"),
    refused: "无法完成",
    missing: Said {
        title: "找不到页面",
        text: "此网址没有内容，或属于其他人。",
    },
    failed: Said {
        title: "发生错误",
        text: "这是我们的问题。请稍后再试，已付的款项不会丢失。",
    },
    elsewhere: Said {
        title: "表单并非由此提交",
        text: "表单不是由本页提交，或页面已过期。请重新打开页面后再提交。",
    },
    sign_in: SignInWords {
        title: "登录",
        email: "电子邮箱",
        password: "密码",
        go: "登录",
        both: "请输入电子邮箱和密码。",
        again: "页面已过期，请现在登录。",
        register: "还没有账号？请咨询提供此网址的人。",
    },
    home: HomeWords {
        title: "您的点数",
        none: "您尚未加入任何组织。",
        more: |count| format!("另有 {count} 个。"),
        disabled: "已停用",
        credits: "点",
        top_up: "充值",
        records: "最近变动",
        no_records: "暂无变动。",
        order: "订单",
        increase: "增加点数",
        decrease: "扣除点数",
        charges: "充值记录",
        no_charges: "暂无充值。",
    },
    top_up: TopUpWords {
        title: "充值",
        balance: "余额：",
        credits: "点",
        quantity: "充值点数",
        price: |price| format!("每点 NT${price}。"),
        limits: |least, most| format!("每次 {least} 至 {most} 点。"),
        not_in_range: |least, most| format!("请输入 {least} 至 {most} 之间的整数。"),
        how: "付款方式",
        by_gateway: "在线付款（PAYUNi）",
        by_transfer: "银行转账",
        go: "前往付款",
        sent_before: "此表单已用其他金额提交过。请确认后再提交一次。",
        nowhere: "目前无法在此购买点数，请联系客服。",
        back: "返回您的点数",
    },
    charge: ChargeWords {
        title: "充值",
        wait_payment: "等待付款",
        complete: "已付款",
        fail: "付款失败",
        cancelled: "已取消",
        expired: "已过期",
        waiting: Said {
            title: "等待您付款",
            text: "如果您刚完成付款，可能需要片刻；使用便利店代码或 ATM 时，须待对方回报。",
        },
        transfer: Said {
            title: "等待您转账",
            text: "请转账总额并注明下方编号。确认款项后即会增加点数。",
        },
        credited: |quantity, balance| format!("已增加 {quantity} 点，目前余额 {balance} 点。"),
        failed: Said {
            title: "付款失败",
            text: "未收取任何款项。您可以再试一次，或改用其他方式付款。",
        },
        given_up: Said {
            title: "充值已取消",
            text: "未收取任何款项。",
        },
        too_late: Said {
            title: "充值已过期",
            text: "未在期限内付款，未收取任何款项。",
        },
        number: "编号",
        buys: "购买",
        credits: |count| format!("{count} 点"),
        total: "总额",
        made: "创建时间",
        until: "付款期限",
        gateway_number: "PAYUNi 序号",
        bank_account: "转账账户",
        pay: "立即付款",
        again: "再试一次",
        reload: "重新查询",
        give_up: "取消充值",
        back: "返回您的点数",
        hand_over: Said {
            title: "前往付款",
            text: "您将在 PAYUNi 的页面付款，完成后会回到这里。",
        },
        to_gateway: "前往 PAYUNi",
        not_now: "暂不付款",
    },
};
