//! Filling forms in.

use super::{
    bare::{Access, Bare},
    client::{Client, Outcome, PLACEHOLDER, Request},
    engine::Check,
    forms::{Form, bare_form, organization, submission},
    lab::{self, Lab, memory_note},
    report::{Line, Report, grouped},
    say,
    server::Server,
};
use anyhow::{Context, Result};
use std::time::Duration;

#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    common: lab::Common,
}

pub fn run(options: &Options) -> Result<()> {
    lab::run(&options.common, "submit", "submissions", measure)
}

fn measure(mut lab: Lab, report: &mut Report) -> Result<()> {
    lab.engine.change(&organization())?;
    let server = lab.serve(&[])?;
    let form = Form::create(&server)?;
    server.stop()?;
    lab.engine.copy_for_raw(&bare_form())?;

    let server = lab.serve(&[])?;
    let acknowledged = apply(&mut lab, &server, &form, report)?;
    say("stopping the server");
    server.stop()?;
    say("checking the books");
    lab.engine
        .check(&checks(acknowledged))
        .context("after the load the database is not as it should be")?;
    report.notes.push(format!(
        "Afterwards every acknowledged record ({}) was there once, with the next number, one certificate, its badge, which no \
         other has, and its text; none that was refused was.",
        grouped(acknowledged as f64)
    ));
    Ok(())
}

/// Returns how many records were acknowledged.
fn apply(lab: &mut Lab, server: &Server, form: &Form, report: &mut Report) -> Result<u64> {
    let (half, quarter) = (lab.seconds / 2, lab.seconds / 4);
    let connections = lab.connections;
    let mut client = Client::connect(server.port, connections)?;
    std::thread::sleep(Duration::from_millis(300));
    let idle = server.memory()?.0;
    let issued = "\"certificate_code\":\"v";
    let submit = Request::repeated([form.submit(&[])], 200, issued);
    let mut acknowledged = 0;
    let mut submits = |client: &mut Client, request: &Request, connections, time| {
        let outcome = client.closed_loop(request, connections, time)?;
        acknowledged += outcome.answered;
        outcome.fail_if_wrong()?;
        Ok::<Outcome, anyhow::Error>(outcome)
    };
    let mut bare = Bare::of(Access::Write, &[submission()], 1);
    say("warming up");
    submits(&mut client, &submit, connections, quarter)?;
    lab.engine.raw(&mut bare, quarter)?;

    let turns = lab.in_turns("records submitted", server, &mut bare, quarter, |_| {
        submits(&mut client, &submit, connections, half)
    })?;
    let rate = turns.line.per_second / 2.0;
    report.notes.push(format!(
        "Ratio: the server took {} times as many submissions a second as {} wrote the same rows, in turns.",
        turns.ratio, turns.raw.what
    ));
    report.notes.push(
        "One form and one code: seven fields are checked, two of them required and one unique; each record gets a number, a \
         certificate and a text to be found by."
            .into(),
    );
    let loaded = memory_note(idle, server)?;
    report.lines.push(turns.line);
    report.raw.push(turns.raw);

    let key = format!("submission-{PLACEHOLDER}");
    let keyed = form.submit(&[("idempotency-key", &key)]);
    let keyed = Request::repeated([keyed], 200, issued);
    let what = "records submitted, each with an Idempotency-Key";
    report.lines.push(lab.once(what, server, connections, || {
        submits(&mut client, &keyed, connections, half)
    })?);
    report
        .lines
        .push(lab.once("records submitted", server, 1, || {
            submits(&mut client, &submit, 1, half)
        })?);
    let what = "records submitted at half of the peak, fixed schedule";
    let mut on_schedule = 0;
    report.lines.push(lab.once(what, server, connections, || {
        let outcome = client.open_loop(&submit, rate, lab.seconds)?;
        on_schedule = outcome.answered;
        outcome.fail_if_wrong()?;
        Ok(outcome)
    })?);
    report
        .lines
        .push(refusals(lab, server, &mut client, form, half)?);
    report.notes.push(loaded);
    say("the bare database in other ways");
    report
        .raw
        .extend(lab.engine.raw_variants(&mut bare, quarter)?);
    Ok(acknowledged + on_schedule)
}

fn refusals(
    lab: &Lab,
    server: &Server,
    client: &mut Client,
    form: &Form,
    time: Duration,
) -> Result<Line> {
    let request = Request::repeated([form.submit_without_name()], 400, "\"error_code\":100308,");
    let what = "submission refused: 100308, a required field is empty";
    lab.once(what, server, lab.connections, || {
        let outcome = client.closed_loop(&request, lab.connections, time)?;
        outcome.fail_if_wrong()?;
        Ok(outcome)
    })
}

/// What must hold after so many records.
fn checks(records: u64) -> [Check; 6] {
    let check = |what, sql: &str| Check {
        what,
        sql: sql.to_owned(),
        wanted: records,
    };
    [
        check("records", "SELECT COUNT(*) FROM forms_records"),
        check(
            "the last number",
            "SELECT COALESCE(MAX(last), 0) FROM forms_numbers WHERE kind = 'L'",
        ),
        check("certificates", "SELECT COUNT(*) FROM forms_certificates"),
        check("badges", "SELECT COUNT(*) FROM forms_unique_values"),
        check("texts", "SELECT COUNT(*) FROM forms_texts"),
        check(
            "records with their certificate, badge and text",
            "SELECT COUNT(*) FROM forms_records r JOIN forms_certificates c ON c.record_id = r.record_id \
             JOIN forms_unique_values u ON u.record_id = r.record_id JOIN forms_texts t ON t.rowid = r.record_id",
        ),
    ]
}
