use super::print;
use anyhow::Result;
use catalogue::{Entry, Level, Retry};
use kernel::Locale;
use std::fmt::Write as _;

#[derive(clap::Args)]
pub struct Explain {
    /// The code, as code or face/code
    code: String,
    /// Language: en, zh-TW or zh-CN
    #[arg(long, default_value = "en", value_parser = locale)]
    lang: Locale,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub struct Errors {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub struct Openapi {
    /// The face
    #[arg(value_parser = ["platform", "recur", "openapi_v2"])]
    face: String,
}

fn locale(text: &str) -> Result<Locale, String> {
    Locale::from_tag(text).ok_or_else(|| "the languages are en, zh-TW and zh-CN".into())
}

impl Explain {
    pub fn run(self) -> Result<()> {
        match catalogue::find(&self.code) {
            Ok(entry) if self.json => print(&format!("{:#}", entry.to_json()))?,
            Ok(entry) => print(&page(entry, self.lang))?,
            Err(near) => anyhow::bail!(super::no_such_code(&self.code, &near)),
        }
        Ok(())
    }
}

fn page(entry: &Entry, lang: Locale) -> String {
    let page = entry.page();
    let level = match entry.level {
        Level::Top => "top level",
        Level::Field => "in validation_failed_responses",
        Level::Both => "top level or in validation_failed_responses",
        Level::ClientSide => "in the browser only",
    };
    let http = match entry.http_status() {
        Some(status) => format!("{status}, {level}"),
        None => format!("none, {level}"),
    };
    let retry = match entry.retry {
        Retry::AfterFixingRequest => "after changing the request",
        Retry::AfterChange => "after something else has changed",
        Retry::Later => "later",
        Retry::WithNewToken => "with a new token",
    };
    let mut text = format!(
        "{}\n\n  HTTP     {http}\n  message  {}\n  retry    {retry}\n\n{}\n",
        entry.path(),
        entry.message(lang),
        page.section(lang),
    );
    match page.scenario {
        Some(scenario) => {
            let _ = write!(
                text,
                "\nSee it happen: tallystick trigger {}\n",
                entry.path()
            );
            for line in scenario.lines() {
                let _ = writeln!(text, "  {line}");
            }
        }
        None => {
            let _ = writeln!(text, "\n{}", no_scenario(entry));
        }
    }
    text
}

/// What to say of a code that no request causes.
pub fn no_scenario(entry: &Entry) -> String {
    match entry.level {
        Level::ClientSide => format!(
            "This code arises in the browser; no request causes it. To see it happen:\n{}",
            entry.page().remark
        ),
        Level::Top | Level::Field | Level::Both => {
            "No request causes this code in this release.".to_owned()
        }
    }
}

impl Errors {
    pub fn run(self) -> Result<()> {
        if self.json {
            return print(&format!("{:#}", catalogue::errors_json()));
        }
        let mut text = String::new();
        for entry in catalogue::entries() {
            let mark = if entry.reachable() { ' ' } else { '-' };
            let status = entry.http_status().map(|status| status.to_string());
            let _ = writeln!(
                text,
                "{mark} {:<9} {:<3} {:<48} {}",
                entry.face.name(),
                status.as_deref().unwrap_or_default(),
                entry.code,
                entry.message(Locale::En)
            );
        }
        text.push_str("\n- : not reachable in this release.  More: tallystick explain CODE\n");
        print(&text)
    }
}

impl Openapi {
    pub fn run(self) -> Result<()> {
        let document = match self.face.as_str() {
            "recur" => billing::face::document(),
            "openapi_v2" => forms::face::document(),
            _ => orders::face::document(),
        };
        print(&format!("{document:#}"))
    }
}
