//! Verifying certificates.

use super::{
    bare::{Access, Bare},
    client::{Client, Outcome, Request},
    engine::Check,
    forms::{Form, VERIFIED, bare_form, call, certificate, organization, record, verification},
    lab::{self, Lab, ROUNDS, memory_note},
    report::{Report, grouped},
    say,
    server::Server,
};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::time::Duration;

/// For a round of verifications.
const PATIENCE: Duration = Duration::from_secs(120);
/// So many certificates take turns where it does not matter which.
const SOME: usize = 1000;

#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    common: lab::Common,
    /// Certificates verified in a round
    #[arg(long, default_value_t = 16_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    verifications: u32,
}

pub fn run(options: &Options) -> Result<()> {
    lab::run(&options.common, "verify", "verifications", |lab, report| {
        measure(lab, usize::try_from(options.verifications)?, report)
    })
}

fn measure(mut lab: Lab, each: usize, report: &mut Report) -> Result<()> {
    lab.engine.change(&organization())?;
    let server = lab.serve(&[])?;
    let form = Form::create(&server)?;
    // One round to warm up, one with nonces, and a shorter one.
    let wanted = each * (ROUNDS + 2) + each / 8;
    let made = issue(&lab, &server, &form, wanted)?;
    server.stop()?;
    let codes = lab
        .engine
        .ask("SELECT string_agg(coding, ' ') FROM forms_certificates")?;
    let codes: Vec<&str> = codes.split(' ').collect();
    ensure!(codes.len() as u64 == made, "a certificate was not issued");
    lab.engine.copy_for_raw(&bare_form())?;

    let server = lab.serve(&[])?;
    let done = apply(&mut lab, &server, &codes, each, report)?;
    say("stopping the server");
    server.stop()?;
    say("checking the books");
    lab.engine
        .check(&checks(made, &done))
        .context("after the load the database is not as it should be")?;
    report.notes.push(format!(
        "Afterwards every acknowledged verification ({}) was in the log once, its certificate {VERIFIED}, and so was every refusal \
         ({}); all other certificates were as issued.",
        grouped(done.verified as f64),
        grouped(done.refused as f64)
    ));
    Ok(())
}

/// Has at least so many certificates issued; returns how many.
fn issue(lab: &Lab, server: &Server, form: &Form, wanted: usize) -> Result<u64> {
    say(&format!("issuing {} certificates", grouped(wanted as f64)));
    let mut client = Client::connect(server.port, lab.connections)?;
    let submit = Request::repeated([form.submit(&[])], 200, "\"certificate_code\":\"v");
    let mut made = 0;
    while made < wanted as u64 {
        let some = client.closed_loop(&submit, lab.connections, Duration::from_millis(200))?;
        some.fail_if_wrong()?;
        made += some.answered;
    }
    Ok(made)
}

/// How many the server has answered.
#[derive(Default)]
struct Done {
    verified: u64,
    refused: u64,
}

fn verify(code: &str, nonce: Option<&str>) -> String {
    let mut body = json!({"certificate_code": code, "action_type": "set_next_certificate_status"});
    if let Some(nonce) = nonce {
        body["nonce"] = json!(nonce);
    }
    call("record/verifyCertificate", &[], &body)
}

fn apply(
    lab: &mut Lab,
    server: &Server,
    codes: &[&str],
    each: usize,
    report: &mut Report,
) -> Result<Done> {
    let (half, quarter) = (lab.seconds / 2, lab.seconds / 4);
    let connections = lab.connections;
    let mut client = Client::connect(server.port, connections)?;
    std::thread::sleep(Duration::from_millis(300));
    let idle = server.memory()?.0;
    let mut left = codes.iter();
    let mut done = Done::default();
    let mut verifies = |client: &mut Client, connections, count, with_nonce: bool| {
        let requests = left.by_ref().take(count);
        let requests = requests.map(|code| verify(code, with_nonce.then_some(*code)));
        let request = Request::once_each(requests, 200, "\"is_final\":true");
        let outcome = client.closed_loop(&request, connections, PATIENCE)?;
        done.verified += outcome.answered;
        outcome.fail_if_wrong()?;
        Ok::<Outcome, anyhow::Error>(outcome)
    };
    let mut bare = bare();
    say("warming up");
    verifies(&mut client, connections, each, false)?;
    lab.engine.raw(&mut bare, quarter)?;
    let what = "certificates verified";
    let turns = lab.in_turns(what, server, &mut bare, quarter, |_| {
        verifies(&mut client, connections, each, false)
    })?;
    report.notes.push(format!(
        "Ratio: the server verified {} times as many certificates a second as {} found and wrote the same rows, in turns.",
        turns.ratio, turns.raw.what
    ));
    report.notes.push(format!(
        "Each certificate, of {}, was verified once, in no order of their codes.",
        grouped(codes.len() as f64)
    ));
    report.lines.push(turns.line);
    report.raw.push(turns.raw);
    let with_nonce = "certificates verified, each with a nonce";
    report
        .lines
        .push(lab.once(with_nonce, server, connections, || {
            verifies(&mut client, connections, each, true)
        })?);
    report.lines.push(lab.once(what, server, 1, || {
        verifies(&mut client, 1, each / 8, false)
    })?);

    // Those that were verified first.
    let again = codes.iter().take(SOME).map(|code| verify(code, None));
    let again = Request::repeated(again, 400, "\"error_code\":100324,");
    let what = "verification refused: 100324, verified before";
    report.lines.push(lab.once(what, server, connections, || {
        let outcome = client.closed_loop(&again, connections, half)?;
        done.refused += outcome.answered;
        outcome.fail_if_wrong()?;
        Ok(outcome)
    })?);
    // Those that were verified once and nothing else.
    let shown = codes.iter().skip(each).take(SOME).map(|code| {
        call(
            "record/getCertificate",
            &[],
            &json!({"certificate_code": code}),
        )
    });
    let shown = Request::repeated(shown, 200, "\"is_final\":true");
    let what = "certificate shown, with its history of one";
    report.lines.push(lab.once(what, server, connections, || {
        let outcome = client.closed_loop(&shown, connections, half)?;
        outcome.fail_if_wrong()?;
        Ok(outcome)
    })?);
    report.notes.push(memory_note(idle, server)?);
    say("the bare database in other ways");
    report
        .raw
        .extend(lab.engine.raw_variants(&mut bare, quarter)?);
    Ok(done)
}

fn bare() -> Bare {
    Bare {
        before: Some(|first, count| {
            let rows = [record(":id"), certificate()];
            rows.iter().map(|row| row.series(first, count)).collect()
        }),
        ..Bare::of(Access::Write, &[verification()], 1)
    }
}

/// What must hold after so many certificates were issued, and some of them verified.
fn checks(issued: u64, done: &Done) -> [Check; 5] {
    let check = |what, sql: String, wanted| Check { what, sql, wanted };
    let attempts = |outcome: &str| {
        format!("SELECT COUNT(*) FROM forms_verifications WHERE outcome = '{outcome}'")
    };
    [
        check(
            "certificates",
            "SELECT COUNT(*) FROM forms_certificates".into(),
            issued,
        ),
        check("verifications", attempts("verified"), done.verified),
        check("refusals", attempts("refused"), done.refused),
        check(
            "verified certificates",
            format!("SELECT COUNT(*) FROM forms_certificates WHERE status = '{VERIFIED}'"),
            done.verified,
        ),
        check(
            "certificates with one verification",
            format!(
                "SELECT COUNT(*) FROM forms_certificates c WHERE c.status = '{VERIFIED}' AND (SELECT COUNT(*) \
                 FROM forms_verifications v WHERE v.certificate_id = c.certificate_id AND v.outcome = 'verified') = 1"
            ),
            done.verified,
        ),
    ]
}
