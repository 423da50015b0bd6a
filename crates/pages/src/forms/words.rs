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
    /// Before a list of what is wrong.
    pub wrong: &'static str,
    pub required: &'static str,
    pub optional: &'static str,
    /// Between a title and what is said of it.
    pub colon: &'static str,
    /// Between things of one kind.
    pub comma: &'static str,
    pub missing: Said,
    pub failed: Said,
    pub elsewhere: Said,
    pub too_many: Said,
    /// With how many megabytes are too many.
    pub too_large: fn(usize) -> String,
    pub code: CodeWords,
    pub fill: FillWords,
    pub record: RecordWords,
    pub certificate: CertificateWords,
}

/// The page of a code.
#[derive(Debug)]
pub struct CodeWords {
    pub states: &'static str,
    pub operations: &'static str,
    pub disabled: &'static str,
    pub expired: &'static str,
    pub not_in_this_state: &'static str,
    /// With a state's title.
    pub by_staff: With,
    /// With a form's name.
    pub fill_in: With,
    pub picture: &'static str,
}

/// The page on which a form is filled in.
#[derive(Debug)]
pub struct FillWords {
    pub submit: &'static str,
    pub back: &'static str,
    /// With the option's words.
    pub other: With,
    pub choose: &'static str,
    /// What can be said of an item of a checklist: 1, 2, 3.
    pub marks: [&'static str; 3],
    pub remark: &'static str,
    /// With its number.
    pub row: With,
    pub several: &'static str,
    /// With the largest size.
    pub files: fn(usize) -> String,
    pub signature: &'static str,
    pub kept: &'static str,
    pub mobile: &'static str,
    pub identity: &'static str,
    pub no_number: &'static str,
    pub bad_file: &'static str,
    pub not_assigned: Said,
    pub by_person: Said,
    pub by_all: Said,
    pub not_now: Said,
    pub not_yet: With,
    pub over: With,
    pub hours: &'static str,
    pub no_code: Said,
    /// With the state's words.
    pub code_state: With,
    pub refused: &'static str,
}

/// The page of a record.
#[derive(Debug)]
pub struct RecordWords {
    pub title: With,
    pub thanks: &'static str,
    pub keep_address: &'static str,
    pub number: &'static str,
    pub form: &'static str,
    pub of_code: &'static str,
    pub submitted: &'static str,
    pub status: &'static str,
    pub pending: &'static str,
    pub approved: &'static str,
    pub rejected: &'static str,
    pub pending_certificate: &'static str,
    pub fields: &'static str,
    pub nothing: &'static str,
    pub certificate: &'static str,
    pub open_certificate: &'static str,
    pub file: &'static str,
}

/// The page of a certificate.
#[derive(Debug)]
pub struct CertificateWords {
    pub title: &'static str,
    pub scan: &'static str,
    /// The statuses that certificates have when a form names none: before and after.
    pub unsaid: [&'static str; 2],
    /// Why a code was not taken: none was typed, none is like it.
    pub no_code: &'static str,
    pub must_be_there: &'static str,
    pub valid: Said,
    pub used: Said,
    /// With the reason.
    pub revoked: With,
    pub revoked_title: &'static str,
    pub waiting: Said,
    pub rejected: Said,
    pub not_for_verification: Said,
    pub status: &'static str,
    pub record: &'static str,
    pub issued: &'static str,
    pub last: &'static str,
    /// With the status before and after.
    pub step: With2,
    pub details: &'static str,
    pub verify: &'static str,
    pub verify_intro: &'static str,
    pub code: &'static str,
    pub name: &'static str,
    pub phone: &'static str,
    /// With the next status.
    pub go: With,
    /// With the status before and after.
    pub verified: With2,
    pub not_verified: &'static str,
}

/// The statuses of a form that names none.
const UNSAID: [&str; 2] = ["待核销", "已核销"];

impl CertificateWords {
    /// A status for people: the form's own word, unless it says none.
    pub fn status<'a>(&self, status: &'a str) -> &'a str
    where
        'static: 'a,
    {
        let unsaid = UNSAID.iter().zip(self.unsaid);
        let mut known = unsaid.filter(|(name, _)| **name == status);
        known.next().map_or(status, |(_, words)| words)
    }
}

impl Words {
    /// The words of a language.
    pub const fn of(locale: Locale) -> &'static Self {
        match locale {
            Locale::En => &EN,
            Locale::ZhTw => &ZH_TW,
            Locale::ZhCn => &ZH_CN,
        }
    }

    /// The words of the language that a request is answered in.
    pub const fn to(ask: &Ask) -> &'static Self {
        Self::of(ask.locale())
    }
}

static EN: Words = Words {
    languages: "Language",
    wrong: "Please check what you entered",
    required: "required",
    optional: "optional",
    colon: ": ",
    comma: ", ",
    missing: Said {
        title: "Nothing is here",
        text: "The address may be incomplete, or what it led to was deleted.",
    },
    failed: Said {
        title: "Something went wrong",
        text: "Nothing was saved. Please try again in a moment.",
    },
    elsewhere: Said {
        title: "This form was sent from another page",
        text: "Open the page again and fill the form in there.",
    },
    too_many: Said {
        title: "Too many forms from here",
        text: "Wait a minute, then send the form again. What you typed is still there if you go back.",
    },
    too_large: |most| {
        format!(
            "What you sent is larger than {most} MB in all, or did not arrive completely. Please go back and send less at once."
        )
    },
    code: CodeWords {
        states: "Current state",
        operations: "What you can do",
        disabled: "This code is not in use at present.",
        expired: "This code is no longer in use.",
        not_in_this_state: "Not possible in the current state.",
        by_staff: |title| format!("Staff update “{title}” in this step."),
        fill_in: |name| format!("Fill in: {name}"),
        picture: "Open the picture",
    },
    fill: FillWords {
        submit: "Submit",
        back: "Back",
        other: |option| format!("{option}: please say what"),
        choose: "Choose…",
        marks: ["Yes", "No", "Not applicable"],
        remark: "Remark",
        row: |number| format!("Row {number}"),
        several: "You may choose several.",
        files: |most| format!("At most {most} MB a file."),
        signature: "A picture of the signature.",
        kept: "Received; untick what should not be sent:",
        mobile: "11 digits",
        identity: "18 characters",
        no_number: "must be a number",
        bad_file: "This kind of file is not accepted, or the file is too large",
        not_assigned: Said {
            title: "This form cannot be filled in here",
            text: "The code does not offer it any more.",
        },
        by_person: Said {
            title: "You have submitted this form already",
            text: "Each person may submit it only so many times:",
        },
        by_all: Said {
            title: "This form takes no more submissions",
            text: "It may be submitted only so many times:",
        },
        not_now: Said {
            title: "This form cannot be filled in now",
            text: "",
        },
        not_yet: |from| format!("It can be filled in from {from}."),
        over: |until| format!("It could be filled in until {until}."),
        hours: "It can be filled in at certain hours only.",
        no_code: Said {
            title: "This form cannot be filled in now",
            text: "The code is not in use.",
        },
        code_state: |state| format!("The current state “{state}” does not allow it."),
        refused: "Your submission was not saved",
    },
    record: RecordWords {
        title: |number| format!("Record {number}"),
        thanks: "Thank you. Your submission was saved.",
        keep_address: "Keep this page's address if you want to look at it again; whoever has it sees this page.",
        number: "Number",
        form: "Form",
        of_code: "Code",
        submitted: "Submitted",
        status: "Approval",
        pending: "Waiting for approval",
        approved: "Approved",
        rejected: "Not approved",
        pending_certificate: "Your certificate appears on this page once the record is approved.",
        fields: "What was filled in",
        nothing: "Nothing is shown here.",
        certificate: "Certificate",
        open_certificate: "Open the certificate",
        file: "File",
    },
    certificate: CertificateWords {
        title: "Certificate",
        scan: "The certificate's QR code",
        unsaid: ["Not used", "Used"],
        no_code: "Type the authorization code.",
        must_be_there: "Must be filled in",
        valid: Said {
            title: "Valid",
            text: "This certificate has not been used up.",
        },
        used: Said {
            title: "Used",
            text: "This certificate was verified and cannot be used again.",
        },
        revoked: |reason| format!("Reason: {reason}"),
        revoked_title: "Revoked",
        waiting: Said {
            title: "Waiting for approval",
            text: "The record has not been approved yet.",
        },
        rejected: Said {
            title: "Not approved",
            text: "The record was not approved.",
        },
        not_for_verification: Said {
            title: "Not for verification",
            text: "Certificates of this form are not verified.",
        },
        status: "Status",
        record: "Record",
        issued: "Issued",
        last: "Last verification",
        step: |from, to| format!("{from} → {to}"),
        details: "Details",
        verify: "Verify with an authorization code",
        verify_intro: "For staff: the authorization code is given out by the organization.",
        code: "Authorization code",
        name: "Your name",
        phone: "Your phone number",
        go: |next| format!("Set to “{next}”"),
        verified: |from, to| format!("Verified: “{from}” became “{to}”."),
        not_verified: "Not verified",
    },
};

static ZH_TW: Words = Words {
    languages: "語言",
    wrong: "請檢查填寫的內容",
    required: "必填",
    optional: "選填",
    colon: "：",
    comma: "、",
    missing: Said {
        title: "找不到內容",
        text: "網址可能不完整，或內容已刪除。",
    },
    failed: Said {
        title: "發生錯誤",
        text: "資料沒有儲存，請稍後再試。",
    },
    elsewhere: Said {
        title: "此表單由其他頁面送出",
        text: "請重新開啟頁面並在該頁填寫。",
    },
    too_many: Said {
        title: "短時間內送出太多次",
        text: "請等一分鐘後再送出。返回上一頁，已填寫的內容仍會保留。",
    },
    too_large: |most| {
        format!("送出的內容總計超過 {most} MB，或未完整送達。請返回上一頁並減少檔案。")
    },
    code: CodeWords {
        states: "目前狀態",
        operations: "可進行的操作",
        disabled: "此二維碼目前停用。",
        expired: "此二維碼已過期。",
        not_in_this_state: "目前的狀態不允許此操作。",
        by_staff: |title| format!("此步驟由工作人員更新「{title}」。"),
        fill_in: |name| format!("填寫：{name}"),
        picture: "開啟圖片",
    },
    fill: FillWords {
        submit: "提交",
        back: "返回",
        other: |option| format!("{option}：請說明"),
        choose: "請選擇…",
        marks: ["是", "否", "無需填寫"],
        remark: "備註",
        row: |number| format!("第 {number} 列"),
        several: "可複選。",
        files: |most| format!("每個檔案不超過 {most} MB。"),
        signature: "請上傳簽名的圖片。",
        kept: "已收到下列檔案，不需送出的請取消勾選：",
        mobile: "11 位數字",
        identity: "18 個字元",
        no_number: "須為數字",
        bad_file: "不接受這類檔案，或檔案過大",
        not_assigned: Said {
            title: "無法在此填寫此表單",
            text: "此二維碼已不提供此表單。",
        },
        by_person: Said {
            title: "您已提交過此表單",
            text: "每人可提交的次數：",
        },
        by_all: Said {
            title: "此表單已不再接受提交",
            text: "可提交的總次數：",
        },
        not_now: Said {
            title: "目前無法填寫此表單",
            text: "",
        },
        not_yet: |from| format!("{from} 起開放填寫。"),
        over: |until| format!("填寫已於 {until} 截止。"),
        hours: "僅在指定時段開放填寫。",
        no_code: Said {
            title: "目前無法填寫此表單",
            text: "此二維碼未在使用中。",
        },
        code_state: |state| format!("目前的狀態「{state}」不允許填寫。"),
        refused: "您的提交沒有儲存",
    },
    record: RecordWords {
        title: |number| format!("紀錄 {number}"),
        thanks: "謝謝，您的提交已儲存。",
        keep_address: "若需再次查看，請保存本頁網址；任何擁有網址的人都能看到本頁。",
        number: "編號",
        form: "表單",
        of_code: "二維碼",
        submitted: "提交時間",
        status: "審核",
        pending: "待審核",
        approved: "審核通過",
        rejected: "審核不通過",
        pending_certificate: "審核通過後，憑證會顯示在本頁。",
        fields: "填寫內容",
        nothing: "沒有可顯示的內容。",
        certificate: "憑證",
        open_certificate: "開啟憑證",
        file: "檔案",
    },
    certificate: CertificateWords {
        title: "憑證",
        scan: "憑證的二維碼",
        unsaid: ["待核銷", "已核銷"],
        no_code: "請輸入核銷授權碼。",
        must_be_there: "必填",
        valid: Said {
            title: "有效",
            text: "此憑證尚未使用完畢。",
        },
        used: Said {
            title: "已使用",
            text: "此憑證已核銷，無法再次使用。",
        },
        revoked: |reason| format!("原因：{reason}"),
        revoked_title: "已作廢",
        waiting: Said {
            title: "待審核",
            text: "紀錄尚未審核通過。",
        },
        rejected: Said {
            title: "審核不通過",
            text: "紀錄未通過審核。",
        },
        not_for_verification: Said {
            title: "不供核銷",
            text: "此表單的憑證不進行核銷。",
        },
        status: "狀態",
        record: "紀錄",
        issued: "核發時間",
        last: "最近一次核銷",
        step: |from, to| format!("{from} → {to}"),
        details: "內容",
        verify: "以授權碼核銷",
        verify_intro: "供工作人員使用：授權碼由企業提供。",
        code: "核銷授權碼",
        name: "您的姓名",
        phone: "您的手機號碼",
        go: |next| format!("設為「{next}」"),
        verified: |from, to| format!("核銷成功：「{from}」已變更為「{to}」。"),
        not_verified: "未核銷",
    },
};

static ZH_CN: Words = Words {
    languages: "语言",
    wrong: "请检查填写的内容",
    required: "必填",
    optional: "选填",
    colon: "：",
    comma: "、",
    missing: Said {
        title: "未找到内容",
        text: "网址可能不完整，或内容已被删除。",
    },
    failed: Said {
        title: "出错了",
        text: "数据没有保存，请稍后再试。",
    },
    elsewhere: Said {
        title: "此表单由其他页面发出",
        text: "请重新打开页面并在该页填写。",
    },
    too_many: Said {
        title: "短时间内提交太多次",
        text: "请等一分钟后再提交。返回上一页，已填写的内容仍会保留。",
    },
    too_large: |most| {
        format!("发送的内容总计超过 {most} MB，或未完整送达。请返回上一页并减少文件。")
    },
    code: CodeWords {
        states: "当前状态",
        operations: "可进行的操作",
        disabled: "此二维码目前已停用。",
        expired: "此二维码已过期。",
        not_in_this_state: "当前状态不允许此操作。",
        by_staff: |title| format!("此步骤由工作人员更新“{title}”。"),
        fill_in: |name| format!("填写：{name}"),
        picture: "打开图片",
    },
    fill: FillWords {
        submit: "提交",
        back: "返回",
        other: |option| format!("{option}：请说明"),
        choose: "请选择…",
        marks: ["是", "否", "无需填写"],
        remark: "备注",
        row: |number| format!("第 {number} 行"),
        several: "可多选。",
        files: |most| format!("每个文件不超过 {most} MB。"),
        signature: "请上传签名的图片。",
        kept: "已收到下列文件，不需要提交的请取消勾选：",
        mobile: "11 位数字",
        identity: "18 位",
        no_number: "须为数字",
        bad_file: "不接受此类文件，或文件过大",
        not_assigned: Said {
            title: "无法在此填写该表单",
            text: "该二维码已不再提供此表单。",
        },
        by_person: Said {
            title: "您已提交过此表单",
            text: "每人可提交的次数：",
        },
        by_all: Said {
            title: "此表单已不再接受提交",
            text: "可提交的总次数：",
        },
        not_now: Said {
            title: "目前无法填写此表单",
            text: "",
        },
        not_yet: |from| format!("{from} 起开放填写。"),
        over: |until| format!("填写已于 {until} 截止。"),
        hours: "仅在指定时段开放填写。",
        no_code: Said {
            title: "目前无法填写此表单",
            text: "该二维码未在使用中。",
        },
        code_state: |state| format!("当前状态“{state}”不允许填写。"),
        refused: "您的提交没有保存",
    },
    record: RecordWords {
        title: |number| format!("记录 {number}"),
        thanks: "谢谢，您的提交已保存。",
        keep_address: "如需再次查看，请保存本页网址；任何拥有网址的人都能看到本页。",
        number: "编号",
        form: "表单",
        of_code: "二维码",
        submitted: "提交时间",
        status: "审核",
        pending: "待审核",
        approved: "审核通过",
        rejected: "审核不通过",
        pending_certificate: "审核通过后，凭证会显示在本页。",
        fields: "填写内容",
        nothing: "没有可显示的内容。",
        certificate: "凭证",
        open_certificate: "打开凭证",
        file: "文件",
    },
    certificate: CertificateWords {
        title: "凭证",
        scan: "凭证的二维码",
        unsaid: ["待核销", "已核销"],
        no_code: "请输入核销授权码。",
        must_be_there: "必填",
        valid: Said {
            title: "有效",
            text: "此凭证尚未使用完毕。",
        },
        used: Said {
            title: "已使用",
            text: "此凭证已核销，不能再次使用。",
        },
        revoked: |reason| format!("原因：{reason}"),
        revoked_title: "已作废",
        waiting: Said {
            title: "待审核",
            text: "记录尚未审核通过。",
        },
        rejected: Said {
            title: "审核不通过",
            text: "记录未通过审核。",
        },
        not_for_verification: Said {
            title: "不供核销",
            text: "该表单的凭证不进行核销。",
        },
        status: "状态",
        record: "记录",
        issued: "签发时间",
        last: "最近一次核销",
        step: |from, to| format!("{from} → {to}"),
        details: "内容",
        verify: "用授权码核销",
        verify_intro: "供工作人员使用：授权码由企业提供。",
        code: "核销授权码",
        name: "您的姓名",
        phone: "您的手机号",
        go: |next| format!("设为“{next}”"),
        verified: |from, to| format!("核销成功：“{from}”已变为“{to}”。"),
        not_verified: "未核销",
    },
};
