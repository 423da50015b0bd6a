//! What these pages say: one [`Words`] per language, so that a missing translation does not compile.

use crate::ask::Ask;
use kernel::Locale;

/// One text put into another.
pub type With = fn(&str) -> String;
/// Two texts put into another.
pub type With2 = fn(&str, &str) -> String;
/// A number put into a text.
pub type Count = fn(u32) -> String;

/// All words of one language.
#[derive(Debug)]
pub struct Words {
    pub languages: &'static str,
    pub sandbox: &'static str,
    pub optional: &'static str,
    pub required: &'static str,
    pub busy: &'static str,
    pub back: &'static str,
    pub return_to: With,
    pub window_closed: Said,
    pub network: &'static str,
    pub failed: Said,
    pub missing: Said,
    pub unavailable: Said,
    pub checkout: Checkout,
    pub summary: Summary,
    pub card: CardWords,
    pub portal: Portal,
    pub status: Statuses,
    pub receipt: ReceiptWords,
    /// What a purchase is had by showing.
    pub certificate: &'static str,
}

/// A heading and what stands below it.
#[derive(Debug)]
pub struct Said {
    pub title: &'static str,
    pub text: &'static str,
}

/// The checkout page.
#[derive(Debug)]
pub struct Checkout {
    pub title: With,
    pub contact: &'static str,
    pub email: &'static str,
    pub email_settled: &'static str,
    pub name: &'static str,
    pub pay: &'static str,
    pub save_card: &'static str,
    pub cancel: &'static str,
    pub needs_script: &'static str,
    pub needs_email: &'static str,
    /// With why.
    pub declined: With,
    pub declined_retry: &'static str,
    pub declined_other: &'static str,
    pub expired: Said,
    pub closed: Said,
    pub attempts: Said,
    pub thanks: Said,
    /// With the address.
    pub thanks_to: With,
    pub verifying: Said,
    pub pending: Said,
    pub challenge: Said,
    pub challenge_go: &'static str,
    pub duplicate: &'static str,
    pub duplicate_refunded: &'static str,
    pub duplicate_untouched: &'static str,
    pub duplicate_next: &'static str,
}

/// The order summary.
#[derive(Debug)]
pub struct Summary {
    pub title: &'static str,
    pub plan: &'static str,
    pub subtotal: &'static str,
    pub total: &'static str,
    pub due_today: &'static str,
    pub code: &'static str,
    pub code_hint: &'static str,
    pub apply: &'static str,
    pub remove: &'static str,
    /// After a price: each period.
    pub per: Per,
    /// In a sentence: each period.
    pub every: Per,
    pub trial: Count,
    /// From a day on, a price each period.
    pub after_trial: fn(&str, &str, &str) -> String,
    pub bonus_days: Count,
    pub bonus_months: Count,
    /// With the first price, then a price each period.
    pub first_period: fn(&str, &str, &str) -> String,
    /// With a price each period.
    pub first_only: With2,
    /// With how many, then a price each period.
    pub first_periods: fn(u32, &str, &str) -> String,
    pub all_periods: &'static str,
    /// With a price each period.
    pub renews: With2,
    /// With an amount.
    pub verification: With,
    pub setup: &'static str,
}

/// How the length of a period is said.
#[derive(Debug)]
pub struct Per {
    pub day: Count,
    pub week: Count,
    pub month: Count,
    pub year: Count,
}

/// The card form.
#[derive(Debug)]
pub struct CardWords {
    pub title: &'static str,
    pub number: &'static str,
    pub expiry: &'static str,
    pub cvc: &'static str,
    pub loading: &'static str,
    pub security: &'static str,
    pub unavailable: &'static str,
    pub renewed: &'static str,
    pub wrong: &'static str,
}

/// The portal.
#[derive(Debug)]
pub struct Portal {
    pub title: &'static str,
    pub ended: Said,
    pub subscriptions: &'static str,
    pub none: &'static str,
    /// With the day and the amount.
    pub next_charge: With2,
    /// With the day.
    pub ends_on: With,
    pub ended_on: With,
    pub trial_until: With,
    /// With the day until which the right lasts.
    pub past_due: With,
    /// With the plan and the day.
    pub scheduled: With2,
    pub unschedule: &'static str,
    pub cancel: &'static str,
    pub cancel_title: With,
    /// With the day.
    pub cancel_later: With,
    pub cancel_now: &'static str,
    pub keep: &'static str,
    pub resume: &'static str,
    pub switch: &'static str,
    pub switch_title: &'static str,
    pub switch_intro: With,
    pub no_other_plan: &'static str,
    pub current: &'static str,
    pub choose: &'static str,
    pub preview_now: &'static str,
    /// With the day.
    pub preview_later: With,
    pub preview_charge: &'static str,
    pub preview_credit: &'static str,
    pub preview_left: With,
    /// With a price each period.
    pub preview_then: With2,
    pub confirm_switch: &'static str,
    pub card: &'static str,
    pub no_card: &'static str,
    /// With the last four digits.
    pub card_ending: With,
    /// With `MM/YY`.
    pub card_expires: With,
    pub change_card: &'static str,
    pub add_card: &'static str,
    pub save_card: &'static str,
    pub card_intro: With,
    pub history: &'static str,
    pub nothing_paid: &'static str,
    pub receipt: &'static str,
    pub not_allowed: &'static str,
    pub elsewhere: &'static str,
    pub done: Done,
}

/// What was done.
#[derive(Debug)]
pub struct Done {
    pub canceled: &'static str,
    pub resumed: &'static str,
    pub switched: &'static str,
    pub scheduled: &'static str,
    pub unscheduled: &'static str,
    pub card: &'static str,
}

/// Where subscriptions, orders and invoices stand.
#[derive(Debug)]
pub struct Statuses {
    pub pending: &'static str,
    pub trial: &'static str,
    pub active: &'static str,
    pub ending: &'static str,
    pub past_due: &'static str,
    pub paused: &'static str,
    pub canceled: &'static str,
    pub expired: &'static str,
    pub paid: &'static str,
    pub open: &'static str,
    pub refunded: &'static str,
    pub partially_refunded: &'static str,
    pub uncollectible: &'static str,
}

/// A receipt.
#[derive(Debug)]
pub struct ReceiptWords {
    pub title: &'static str,
    pub number: &'static str,
    pub paid_on: &'static str,
    pub paid_with: &'static str,
    pub billed_to: &'static str,
    pub period: &'static str,
    pub discount: &'static str,
    pub credit: &'static str,
    pub refunded: &'static str,
    pub print: &'static str,
}

impl Words {
    pub const fn of(locale: Locale) -> &'static Self {
        match locale {
            Locale::En => &EN,
            Locale::ZhTw => &ZH_TW,
            Locale::ZhCn => &ZH_CN,
        }
    }
}

impl Ask {
    /// The words of the language to answer in.
    pub(in crate::billing) const fn words(&self) -> &'static Words {
        Words::of(self.locale())
    }
}

static EN: Words = Words {
    languages: "Language",
    sandbox: "Test mode: no money moves. Use a test card.",
    optional: "optional",
    required: "Required",
    busy: "One moment…",
    back: "Back",
    return_to: |name| format!("Return to {name}"),
    window_closed: Said {
        title: "You can close this window",
        text: "The bank has answered. The page you came from goes on by itself.",
    },
    network: "The connection was lost. Check it and try again.",
    failed: Said {
        title: "Something went wrong",
        text: "This is our fault, not yours. Try again in a moment.",
    },
    missing: Said {
        title: "Page not found",
        text: "This address does not lead anywhere. Check that it is complete, or go back to the shop and begin again.",
    },
    unavailable: Said {
        title: "Not available",
        text: "This cannot be bought here any more. Ask the shop for a new link.",
    },
    checkout: Checkout {
        title: |name| format!("Pay {name}"),
        contact: "Contact",
        email: "Email",
        email_settled: "This address belongs to the order and cannot be changed here.",
        name: "Name",
        pay: "Confirm payment",
        save_card: "Save card",
        cancel: "Cancel and go back",
        needs_script: "The card form needs JavaScript. Switch it on in your browser and load this page again.",
        needs_email: "Enter an email address",
        declined: |reason| format!("The payment was not made: {reason}."),
        declined_retry: "Try again in a moment.",
        declined_other: "Try another card, or ask your bank.",
        expired: Said {
            title: "This page has expired",
            text: "No payment was made. Go back to the shop and begin again.",
        },
        closed: Said {
            title: "This page is closed",
            text: "Nothing can be paid here any more.",
        },
        attempts: Said {
            title: "Too many attempts",
            text: "The payment was tried too often on this page. No money was taken. Go back to the shop and begin again.",
        },
        thanks: Said {
            title: "Thank you",
            text: "Everything is paid. You can close this page.",
        },
        thanks_to: |email| format!("The order is kept under {email}."),
        verifying: Said {
            title: "Waiting for your bank",
            text: "Finish the check in the window of your bank. This page goes on by itself.",
        },
        pending: Said {
            title: "The payment is being processed",
            text: "The bank has not answered yet. Do not pay again: this page goes on by itself as soon as it does.",
        },
        challenge: Said {
            title: "Your bank wants to know it is you",
            text: "Continue to the page of your bank to confirm the payment.",
        },
        challenge_go: "Continue to the bank",
        duplicate: "You already have this subscription",
        duplicate_refunded: "You have an active subscription to this plan, so this payment is given back in full. How fast it arrives depends on your bank.",
        duplicate_untouched: "You have an active subscription to this plan. Nothing was charged.",
        duplicate_next: "You need not do anything. To change the plan or the card, use the account page of the shop.",
    },
    summary: Summary {
        title: "Order summary",
        plan: "Plan",
        subtotal: "Subtotal",
        total: "Total",
        due_today: "Due today",
        code: "Promotion code",
        code_hint: "Enter a code",
        apply: "Apply",
        remove: "Remove",
        per: Per {
            day: |n| slash(n, "day"),
            week: |n| slash(n, "week"),
            month: |n| slash(n, "month"),
            year: |n| slash(n, "year"),
        },
        every: Per {
            day: |n| every(n, "day"),
            week: |n| every(n, "week"),
            month: |n| every(n, "month"),
            year: |n| every(n, "year"),
        },
        trial: |days| format!("{days}-day free trial"),
        after_trial: |day, money, every| format!("From {day}: {money} {every}, until you cancel."),
        bonus_days: |days| format!("The code adds {} of trial.", counted(days, "day")),
        bonus_months: |months| format!("The code adds {} at no charge.", counted(months, "month")),
        first_period: |first, money, every| {
            format!("{first} for the first period, then {money} {every}.")
        },
        first_only: |money, every| {
            format!("The discount is for the first period; then {money} {every}.")
        },
        first_periods: |n, money, every| {
            format!("The discount is for the first {n} periods; then {money} {every}.")
        },
        all_periods: "The discount is for every period.",
        renews: |money, every| format!("Renews at {money} {every}, until you cancel."),
        verification: |money| {
            format!("To verify the card, {money} is charged and given back at once.")
        },
        setup: "Your card is saved for later payments.",
    },
    card: CardWords {
        title: "Card",
        number: "Card number",
        expiry: "Expiry",
        cvc: "Security code",
        loading: "Loading the card form…",
        security: "Your card goes straight to PAYUNi, encrypted. Neither this page nor the shop sees its number.",
        unavailable: "The card form cannot be loaded. Check your connection and load the page again.",
        renewed: "The card form was renewed. Enter your card again.",
        wrong: "Something about the card is not right. Check number, expiry and security code.",
    },
    portal: Portal {
        title: "Your subscriptions",
        ended: Said {
            title: "This link has expired",
            text: "For your safety it counts for a short time only. Go back to the shop and open the page again.",
        },
        subscriptions: "Subscriptions",
        none: "There is no subscription.",
        next_charge: |day, money| format!("Next charge: {money} on {day}"),
        ends_on: |day| format!("Ends on {day}. Nothing more is charged."),
        ended_on: |day| format!("Ended on {day}"),
        trial_until: |day| format!("Free until {day}"),
        past_due: |day| {
            format!("The last charge failed. Change your card by {day} to keep the subscription.")
        },
        scheduled: |plan, day| format!("Changes to {plan} on {day}"),
        unschedule: "Do not change",
        cancel: "Cancel subscription",
        cancel_title: |plan| format!("Cancel {plan}?"),
        cancel_later: |day| {
            format!(
                "You can use it until {day}. Nothing more is charged. Until then you can take this back."
            )
        },
        cancel_now: "It ends at once and cannot be taken back.",
        keep: "Keep it",
        resume: "Reactivate",
        switch: "Change plan",
        switch_title: "Change plan",
        switch_intro: |plan| {
            format!("You have {plan} now. Before anything changes you see what it costs.")
        },
        no_other_plan: "There is no other plan.",
        current: "Current plan",
        choose: "Choose",
        preview_now: "Due now",
        preview_later: |day| format!("The change is made on {day}. Nothing is charged before."),
        preview_charge: "New plan",
        preview_credit: "Unused time of the old plan",
        preview_left: |money| format!("{money} is left over and taken off the next charge."),
        preview_then: |money, every| format!("Afterwards: {money} {every}."),
        confirm_switch: "Confirm the change",
        card: "Card",
        no_card: "No card is saved.",
        card_ending: |four| format!("Card ending in {four}"),
        card_expires: |month| format!("expires {month}"),
        change_card: "Change card",
        add_card: "Add a card",
        save_card: "Save card",
        card_intro: |money| {
            format!(
                "The new card pays for all your subscriptions here. To verify it, {money} is charged and given back at once."
            )
        },
        history: "Billing history",
        nothing_paid: "Nothing has been paid yet.",
        receipt: "Receipt",
        not_allowed: "The shop does not offer this here.",
        elsewhere: "The form did not come from this page. Load the page again.",
        done: Done {
            canceled: "The subscription is canceled.",
            resumed: "The subscription goes on.",
            switched: "The plan is changed.",
            scheduled: "The plan changes at the end of the period.",
            unscheduled: "The plan stays as it is.",
            card: "The new card is saved.",
        },
    },
    status: Statuses {
        pending: "Not paid",
        trial: "Trial",
        active: "Active",
        ending: "Ending",
        past_due: "Past due",
        paused: "Paused",
        canceled: "Canceled",
        expired: "Expired",
        paid: "Paid",
        open: "Open",
        refunded: "Refunded",
        partially_refunded: "Partly refunded",
        uncollectible: "Not paid",
    },
    certificate: "Certificate",
    receipt: ReceiptWords {
        title: "Receipt",
        number: "Number",
        paid_on: "Paid on",
        paid_with: "Paid with",
        billed_to: "Customer",
        period: "Period",
        discount: "Discount",
        credit: "Credit",
        refunded: "Refunded",
        print: "Print",
    },
};

fn slash(n: u32, unit: &str) -> String {
    if n == 1 {
        format!("/ {unit}")
    } else {
        format!("/ {n} {unit}s")
    }
}

fn every(n: u32, unit: &str) -> String {
    if n == 1 {
        format!("every {unit}")
    } else {
        format!("every {n} {unit}s")
    }
}

fn counted(n: u32, unit: &str) -> String {
    if n == 1 {
        format!("{n} {unit}")
    } else {
        format!("{n} {unit}s")
    }
}

fn each(n: u32, one: &str, many: &str) -> String {
    if n == 1 {
        format!("每{one}")
    } else {
        format!("每 {n} {many}")
    }
}

fn within(n: u32, one: &str, many: &str) -> String {
    if n == 1 {
        format!("/ {one}")
    } else {
        format!("/ {n} {many}")
    }
}

static ZH_TW: Words = Words {
    languages: "語言",
    sandbox: "測試模式：不會實際扣款，請使用測試卡號。",
    optional: "選填",
    required: "必填",
    busy: "處理中…",
    back: "返回",
    return_to: |name| format!("返回 {name}"),
    window_closed: Said {
        title: "你可以關閉這個視窗",
        text: "銀行已回覆，原本的頁面會自動繼續。",
    },
    network: "連線中斷，請檢查網路後再試一次。",
    failed: Said {
        title: "系統發生錯誤",
        text: "這不是你的問題，請稍後再試。",
    },
    missing: Said {
        title: "找不到頁面",
        text: "這個網址沒有對應的頁面。請確認網址完整，或回到商家網站重新開始。",
    },
    unavailable: Said {
        title: "目前無法購買",
        text: "這個連結已無法購買，請向商家索取新的連結。",
    },
    checkout: Checkout {
        title: |name| format!("付款給 {name}"),
        contact: "聯絡資訊",
        email: "電子郵件",
        email_settled: "此信箱屬於這筆訂單，無法在此變更。",
        name: "姓名",
        pay: "確認付款",
        save_card: "儲存卡片",
        cancel: "取消並返回",
        needs_script: "信用卡表單需要 JavaScript。請在瀏覽器中開啟後重新載入本頁。",
        needs_email: "請輸入電子郵件",
        declined: |reason| format!("付款未成功：{reason}。"),
        declined_retry: "請稍後再試一次。",
        declined_other: "請改用其他卡片，或洽詢發卡銀行。",
        expired: Said {
            title: "結帳頁面已失效",
            text: "尚未付款。請回到商家網站重新開始。",
        },
        closed: Said {
            title: "結帳頁面已關閉",
            text: "這裡已無法付款。",
        },
        attempts: Said {
            title: "付款次數過多",
            text: "此頁面的付款次數已達上限，沒有扣款。請回到商家網站重新開始。",
        },
        thanks: Said {
            title: "付款完成",
            text: "謝謝你的購買，可以關閉這個頁面了。",
        },
        thanks_to: |email| format!("訂單登記於 {email}。"),
        verifying: Said {
            title: "等待銀行驗證",
            text: "請在銀行的視窗完成驗證，本頁會自動繼續。",
        },
        pending: Said {
            title: "付款處理中",
            text: "銀行尚未回覆。請勿重複付款，收到結果後本頁會自動繼續。",
        },
        challenge: Said {
            title: "銀行需要確認是你本人",
            text: "請前往銀行頁面確認這筆付款。",
        },
        challenge_go: "前往銀行驗證",
        duplicate: "你已經訂閱這個方案",
        duplicate_refunded: "你已有此方案的有效訂閱，這筆款項會全額退回，實際入帳時間依發卡銀行而定。",
        duplicate_untouched: "你已有此方案的有效訂閱，這次沒有扣款。",
        duplicate_next: "不需要再做任何事。若要變更方案或卡片，請到商家網站的帳戶頁面。",
    },
    summary: Summary {
        title: "訂單摘要",
        plan: "方案",
        subtotal: "小計",
        total: "總計",
        due_today: "今日應付",
        code: "優惠碼",
        code_hint: "輸入優惠碼",
        apply: "套用",
        remove: "移除",
        per: Per {
            day: |n| within(n, "日", "日"),
            week: |n| within(n, "週", "週"),
            month: |n| within(n, "月", "個月"),
            year: |n| within(n, "年", "年"),
        },
        every: Per {
            day: |n| each(n, "日", "日"),
            week: |n| each(n, "週", "週"),
            month: |n| each(n, "月", "個月"),
            year: |n| each(n, "年", "年"),
        },
        trial: |days| format!("免費試用 {days} 天"),
        after_trial: |day, money, every| format!("{day}起{every} {money}，直到取消訂閱。"),
        bonus_days: |days| format!("優惠碼加贈試用 {days} 天。"),
        bonus_months: |months| format!("優惠碼加贈 {months} 個月。"),
        first_period: |first, money, every| format!("首期 {first}，之後{every} {money}。"),
        first_only: |money, every| format!("首期享優惠，之後{every} {money}。"),
        first_periods: |n, money, every| format!("前 {n} 期享優惠，之後{every} {money}。"),
        all_periods: "每期皆享優惠。",
        renews: |money, every| format!("{every}自動扣款 {money}，直到取消訂閱。"),
        verification: |money| format!("為驗證卡片會扣款 {money}，並立即退還。"),
        setup: "卡片會保留供日後付款使用。",
    },
    card: CardWords {
        title: "信用卡資訊",
        number: "卡號",
        expiry: "有效期限",
        cvc: "安全碼",
        loading: "正在載入信用卡表單…",
        security: "卡片資料加密後直接送往 PAYUNi，本頁與商家都不會看到完整卡號。",
        unavailable: "無法載入信用卡表單，請檢查網路後重新載入本頁。",
        renewed: "信用卡表單已更新，請重新輸入卡片資料。",
        wrong: "卡片資料有誤，請檢查卡號、有效期限與安全碼。",
    },
    portal: Portal {
        title: "我的訂閱",
        ended: Said {
            title: "連結已失效",
            text: "為了安全，這個連結只在短時間內有效。請回到商家網站重新開啟。",
        },
        subscriptions: "訂閱",
        none: "目前沒有訂閱。",
        next_charge: |day, money| format!("下次扣款：{day}，{money}"),
        ends_on: |day| format!("將於 {day}結束，不會再扣款。"),
        ended_on: |day| format!("已於 {day}結束"),
        trial_until: |day| format!("免費試用至 {day}"),
        past_due: |day| format!("上次扣款失敗，請在 {day}前更新卡片以保留訂閱。"),
        scheduled: |plan, day| format!("將於 {day}變更為 {plan}"),
        unschedule: "取消變更",
        cancel: "取消訂閱",
        cancel_title: |plan| format!("要取消 {plan} 嗎？"),
        cancel_later: |day| format!("你可以使用到 {day}，之後不會再扣款。在那之前都可以恢復。"),
        cancel_now: "訂閱會立即結束，且無法恢復。",
        keep: "保留訂閱",
        resume: "恢復訂閱",
        switch: "變更方案",
        switch_title: "變更方案",
        switch_intro: |plan| format!("目前方案為 {plan}。確認前會先顯示費用。"),
        no_other_plan: "沒有其他方案。",
        current: "目前方案",
        choose: "選擇",
        preview_now: "立即應付",
        preview_later: |day| format!("將於 {day}變更，在此之前不會扣款。"),
        preview_charge: "新方案",
        preview_credit: "原方案未使用的部分",
        preview_left: |money| format!("餘額 {money} 會從下次扣款中扣除。"),
        preview_then: |money, every| format!("之後{every} {money}。"),
        confirm_switch: "確認變更",
        card: "付款卡片",
        no_card: "尚未儲存卡片。",
        card_ending: |four| format!("卡號末四碼 {four}"),
        card_expires: |month| format!("有效期限 {month}"),
        change_card: "更換卡片",
        add_card: "新增卡片",
        save_card: "儲存卡片",
        card_intro: |money| {
            format!("新卡片會用於你在此商家的所有訂閱。為驗證卡片會扣款 {money}，並立即退還。")
        },
        history: "帳單紀錄",
        nothing_paid: "尚無付款紀錄。",
        receipt: "收據",
        not_allowed: "商家未開放此功能。",
        elsewhere: "此表單並非來自本頁，請重新載入。",
        done: Done {
            canceled: "訂閱已取消。",
            resumed: "訂閱已恢復。",
            switched: "方案已變更。",
            scheduled: "方案將於本期結束時變更。",
            unscheduled: "方案維持不變。",
            card: "新卡片已儲存。",
        },
    },
    status: Statuses {
        pending: "未付款",
        trial: "試用中",
        active: "使用中",
        ending: "即將結束",
        past_due: "逾期未付",
        paused: "已暫停",
        canceled: "已取消",
        expired: "已到期",
        paid: "已付款",
        open: "待付款",
        refunded: "已退款",
        partially_refunded: "部分退款",
        uncollectible: "未付款",
    },
    certificate: "憑證",
    receipt: ReceiptWords {
        title: "收據",
        number: "編號",
        paid_on: "付款日期",
        paid_with: "付款方式",
        billed_to: "顧客",
        period: "期間",
        discount: "優惠折抵",
        credit: "餘額折抵",
        refunded: "已退款",
        print: "列印",
    },
};

static ZH_CN: Words = Words {
    languages: "语言",
    sandbox: "测试模式：不会实际扣款，请使用测试卡号。",
    optional: "选填",
    required: "必填",
    busy: "处理中…",
    back: "返回",
    return_to: |name| format!("返回 {name}"),
    window_closed: Said {
        title: "你可以关闭这个窗口",
        text: "银行已答复，原来的页面会自动继续。",
    },
    network: "连接中断，请检查网络后再试一次。",
    failed: Said {
        title: "系统出现错误",
        text: "这不是你的问题，请稍后再试。",
    },
    missing: Said {
        title: "找不到页面",
        text: "这个网址没有对应的页面。请确认网址完整，或回到商家网站重新开始。",
    },
    unavailable: Said {
        title: "目前无法购买",
        text: "这个链接已无法购买，请向商家索取新的链接。",
    },
    checkout: Checkout {
        title: |name| format!("付款给 {name}"),
        contact: "联系信息",
        email: "电子邮件",
        email_settled: "此邮箱属于这笔订单，无法在此更改。",
        name: "姓名",
        pay: "确认付款",
        save_card: "保存卡片",
        cancel: "取消并返回",
        needs_script: "信用卡表单需要 JavaScript。请在浏览器中开启后重新载入本页。",
        needs_email: "请输入电子邮件",
        declined: |reason| format!("付款未成功：{reason}。"),
        declined_retry: "请稍后再试一次。",
        declined_other: "请改用其他卡片，或咨询发卡银行。",
        expired: Said {
            title: "结账页面已失效",
            text: "尚未付款。请回到商家网站重新开始。",
        },
        closed: Said {
            title: "结账页面已关闭",
            text: "这里已无法付款。",
        },
        attempts: Said {
            title: "付款次数过多",
            text: "此页面的付款次数已达上限，没有扣款。请回到商家网站重新开始。",
        },
        thanks: Said {
            title: "付款完成",
            text: "感谢你的购买，可以关闭这个页面了。",
        },
        thanks_to: |email| format!("订单登记在 {email}。"),
        verifying: Said {
            title: "等待银行验证",
            text: "请在银行的窗口完成验证，本页会自动继续。",
        },
        pending: Said {
            title: "付款处理中",
            text: "银行尚未答复。请勿重复付款，收到结果后本页会自动继续。",
        },
        challenge: Said {
            title: "银行需要确认是你本人",
            text: "请前往银行页面确认这笔付款。",
        },
        challenge_go: "前往银行验证",
        duplicate: "你已经订阅这个方案",
        duplicate_refunded: "你已有此方案的有效订阅，这笔款项会全额退回，实际到账时间取决于发卡银行。",
        duplicate_untouched: "你已有此方案的有效订阅，这次没有扣款。",
        duplicate_next: "不需要再做任何事。若要更改方案或卡片，请到商家网站的账户页面。",
    },
    summary: Summary {
        title: "订单摘要",
        plan: "方案",
        subtotal: "小计",
        total: "总计",
        due_today: "今日应付",
        code: "优惠码",
        code_hint: "输入优惠码",
        apply: "使用",
        remove: "移除",
        per: Per {
            day: |n| within(n, "天", "天"),
            week: |n| within(n, "周", "周"),
            month: |n| within(n, "月", "个月"),
            year: |n| within(n, "年", "年"),
        },
        every: Per {
            day: |n| each(n, "天", "天"),
            week: |n| each(n, "周", "周"),
            month: |n| each(n, "月", "个月"),
            year: |n| each(n, "年", "年"),
        },
        trial: |days| format!("免费试用 {days} 天"),
        after_trial: |day, money, every| format!("{day}起{every} {money}，直到取消订阅。"),
        bonus_days: |days| format!("优惠码加赠试用 {days} 天。"),
        bonus_months: |months| format!("优惠码加赠 {months} 个月。"),
        first_period: |first, money, every| format!("首期 {first}，之后{every} {money}。"),
        first_only: |money, every| format!("首期享优惠，之后{every} {money}。"),
        first_periods: |n, money, every| format!("前 {n} 期享优惠，之后{every} {money}。"),
        all_periods: "每期均享优惠。",
        renews: |money, every| format!("{every}自动扣款 {money}，直到取消订阅。"),
        verification: |money| format!("为验证卡片会扣款 {money}，并立即退还。"),
        setup: "卡片会保留供日后付款使用。",
    },
    card: CardWords {
        title: "信用卡信息",
        number: "卡号",
        expiry: "有效期限",
        cvc: "安全码",
        loading: "正在载入信用卡表单…",
        security: "卡片信息加密后直接发往 PAYUNi，本页与商家都不会看到完整卡号。",
        unavailable: "无法载入信用卡表单，请检查网络后重新载入本页。",
        renewed: "信用卡表单已更新，请重新输入卡片信息。",
        wrong: "卡片信息有误，请检查卡号、有效期限与安全码。",
    },
    portal: Portal {
        title: "我的订阅",
        ended: Said {
            title: "链接已失效",
            text: "为了安全，这个链接只在短时间内有效。请回到商家网站重新打开。",
        },
        subscriptions: "订阅",
        none: "目前没有订阅。",
        next_charge: |day, money| format!("下次扣款：{day}，{money}"),
        ends_on: |day| format!("将于 {day}结束，不会再扣款。"),
        ended_on: |day| format!("已于 {day}结束"),
        trial_until: |day| format!("免费试用至 {day}"),
        past_due: |day| format!("上次扣款失败，请在 {day}前更新卡片以保留订阅。"),
        scheduled: |plan, day| format!("将于 {day}更改为 {plan}"),
        unschedule: "取消更改",
        cancel: "取消订阅",
        cancel_title: |plan| format!("要取消 {plan} 吗？"),
        cancel_later: |day| format!("你可以使用到 {day}，之后不会再扣款。在那之前都可以恢复。"),
        cancel_now: "订阅会立即结束，且无法恢复。",
        keep: "保留订阅",
        resume: "恢复订阅",
        switch: "更改方案",
        switch_title: "更改方案",
        switch_intro: |plan| format!("目前方案为 {plan}。确认前会先显示费用。"),
        no_other_plan: "没有其他方案。",
        current: "目前方案",
        choose: "选择",
        preview_now: "立即应付",
        preview_later: |day| format!("将于 {day}更改，在此之前不会扣款。"),
        preview_charge: "新方案",
        preview_credit: "原方案未使用的部分",
        preview_left: |money| format!("余额 {money} 会从下次扣款中扣除。"),
        preview_then: |money, every| format!("之后{every} {money}。"),
        confirm_switch: "确认更改",
        card: "付款卡片",
        no_card: "尚未保存卡片。",
        card_ending: |four| format!("卡号末四位 {four}"),
        card_expires: |month| format!("有效期限 {month}"),
        change_card: "更换卡片",
        add_card: "添加卡片",
        save_card: "保存卡片",
        card_intro: |money| {
            format!("新卡片会用于你在此商家的所有订阅。为验证卡片会扣款 {money}，并立即退还。")
        },
        history: "账单记录",
        nothing_paid: "尚无付款记录。",
        receipt: "收据",
        not_allowed: "商家未开放此功能。",
        elsewhere: "此表单并非来自本页，请重新载入。",
        done: Done {
            canceled: "订阅已取消。",
            resumed: "订阅已恢复。",
            switched: "方案已更改。",
            scheduled: "方案将于本期结束时更改。",
            unscheduled: "方案维持不变。",
            card: "新卡片已保存。",
        },
    },
    status: Statuses {
        pending: "未付款",
        trial: "试用中",
        active: "使用中",
        ending: "即将结束",
        past_due: "逾期未付",
        paused: "已暂停",
        canceled: "已取消",
        expired: "已到期",
        paid: "已付款",
        open: "待付款",
        refunded: "已退款",
        partially_refunded: "部分退款",
        uncollectible: "未付款",
    },
    certificate: "凭证",
    receipt: ReceiptWords {
        title: "收据",
        number: "编号",
        paid_on: "付款日期",
        paid_with: "付款方式",
        billed_to: "顾客",
        period: "期间",
        discount: "优惠抵扣",
        credit: "余额抵扣",
        refunded: "已退款",
        print: "打印",
    },
};
