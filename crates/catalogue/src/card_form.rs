//! The codes that PAYUNi's card form reports to the page it stands on. They never travel through the server, so
//! they have no HTTP status.

use crate::errors;

errors! {
    /// The codes of the card form: the documentation of subscription billing lists exactly these nine.
    pub enum CardFormError: CardForm, pages: concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors/card_form/") => {
        /// Nobody gave out this token.
        Obj01001 = "OBJ01001" {
            status: 0, level: ClientSide, retry: AfterFixingRequest,
            en: "Token not found", zh_tw: "查無 Token", zh_cn: "没有此 Token",
        },
        /// The token does not look like one.
        Obj01002 = "OBJ01002" {
            status: 0, level: ClientSide, retry: AfterFixingRequest,
            en: "Token is malformed", zh_tw: "Token 格式錯誤", zh_cn: "Token 格式错误",
        },
        /// The token's time is over.
        Obj01003 = "OBJ01003" {
            status: 0, level: ClientSide, retry: WithNewToken,
            en: "Token has expired", zh_tw: "Token 已過期", zh_cn: "Token 已过期",
        },
        /// The token has served its payment.
        Obj01004 = "OBJ01004" {
            status: 0, level: ClientSide, retry: WithNewToken,
            en: "Token has already been used", zh_tw: "Token 已使用", zh_cn: "Token 已使用",
        },
        /// The shop that the token is for is not switched on at PAYUNi.
        Obj01005 = "OBJ01005" {
            status: 0, level: ClientSide, retry: AfterChange,
            en: "Shop is not enabled", zh_tw: "商店未啟用", zh_cn: "商店未启用",
        },
        /// The form has no token to work with.
        Iftrade04001 = "IFTRADE04001" {
            status: 0, level: ClientSide, retry: AfterFixingRequest,
            en: "No token", zh_tw: "未有 Token", zh_cn: "没有 Token",
        },
        /// The token has no card and settings yet.
        Iftrade04002 = "IFTRADE04002" {
            status: 0, level: ClientSide, retry: AfterFixingRequest,
            en: "No trade settings", zh_tw: "未有交易設定資料", zh_cn: "没有交易设置数据",
        },
        /// What the form was given cannot be decrypted.
        Def01001 = "DEF01001" {
            status: 0, level: ClientSide, retry: AfterChange,
            en: "Decryption failed", zh_tw: "資料解密失敗", zh_cn: "数据解密失败",
        },
        /// What the form was given cannot be decrypted.
        Def01002 = "DEF01002" {
            status: 0, level: ClientSide, retry: AfterChange,
            en: "Decryption failed", zh_tw: "資料解密失敗", zh_cn: "数据解密失败",
        },
    }
}
