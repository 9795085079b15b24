//! `wingman contracts lint`.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use wingman_hub::governance::contract::{Contracts, Finding, Place, Severity};

use crate::print;
use crate::problem::Problem;

pub(super) fn run(path: &Path, strict: bool, json: bool) -> Result<ExitCode, Problem> {
    let (contracts, findings) = match Contracts::load(path) {
        Ok(contracts) => {
            let findings = contracts.lint();
            (Some(contracts), findings)
        }
        Err(errors) => (None, errors.iter().map(Finding::from).collect()),
    };
    let of = |severity| findings.iter().filter(move |it| it.kind.severity() == severity);
    let (errors, warnings) = (of(Severity::Error).count(), of(Severity::Warning).count());
    if json {
        let list = |severity| of(severity).map(as_json).collect::<Vec<_>>();
        print::json(&json!({
            "events": contracts.as_ref().map(|it| it.events().count()),
            "handlers": contracts.as_ref().map(|it| it.handlers().count()),
            "digest": contracts.as_ref().map(Contracts::digest),
            "errors": list(Severity::Error),
            "warnings": list(Severity::Warning),
        }))?;
    } else {
        findings.iter().for_each(show);
        let found = match (errors, warnings) {
            (0, 0) => "nothing to say".to_owned(),
            (errors, warnings) => format!("errors {errors} · warnings {warnings}"),
        };
        if let Some(contracts) = &contracts {
            let (events, handlers) = (contracts.events().count(), contracts.handlers().count());
            print::line(format!("{events} event types, {handlers} handlers: {found}"));
        } else {
            print::line(format!("not loaded: {found}"));
        }
    }
    let failed = errors > 0 || (strict && warnings > 0);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Errors go to standard error, where every command has them.
fn show(finding: &Finding) {
    let severity = finding.kind.severity();
    let text = format!("{}: {finding}", severity.as_str());
    match severity {
        Severity::Error => print::note(text),
        Severity::Warning => print::line(text),
    }
}

pub(super) fn as_json(finding: &Finding) -> Value {
    let (file, line, column) = match &finding.place {
        Place::Code => (None, None, None),
        Place::File(file) => (Some(file), None, None),
        Place::Line { file, line, column } => (Some(file), Some(line), Some(column)),
    };
    json!({
        "kind": finding.kind.as_str(),
        "file": file.map(AsRef::as_ref),
        "line": line,
        "column": column,
        "what": finding.what,
        "remedy": finding.remedy,
    })
}
