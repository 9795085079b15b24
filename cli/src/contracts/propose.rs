//! `wingman contracts propose`.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use wingman_hub::governance::contract::{Contracts, Finding, Severity};
use wingman_hub::governance::ledger::Reader;
use wingman_hub::governance::proposal::Proposal;

use super::lint;
use crate::arguments::ProposeArguments;
use crate::problem::Problem;
use crate::{open, print};

pub(super) fn run(arguments: &ProposeArguments, json: bool) -> Result<ExitCode, Problem> {
    let url = &arguments.ledger.url;
    let reader = Reader::open(url)?;
    let contracts = open::load_for(url, arguments.contracts.as_deref())?;
    let handler = arguments.handler.as_deref();
    let proposal = Proposal::read(&reader, &contracts, handler)?;
    if proposal.handlers().is_empty() {
        return Err(nobody(&reader, &contracts, handler)?);
    }
    let findings: Vec<Finding> = match proposal.contracts() {
        Ok(set) => set.lint(),
        Err(errors) => errors.iter().map(Finding::from).collect(),
    };
    let text = match handler {
        Some(_) => proposal.handlers_to_yaml(),
        None => proposal.to_yaml(),
    };
    if json {
        print::json(&as_json(&proposal, &findings, &text))?;
    } else {
        for finding in &findings {
            print::note(format!("{}: {finding}", finding.kind.severity().as_str()));
        }
    }
    write(arguments.out.as_deref(), &text, json)?;
    let failed = findings.iter().any(|it| it.kind.severity() == Severity::Error);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// With `--json` the text is a member of what is printed.
fn write(out: Option<&Path>, text: &str, json: bool) -> Result<(), Problem> {
    match out {
        Some(file) => {
            open::write(file, text)?;
            print::note(format!("wrote {}", file.display()));
        }
        None if json => {}
        None => print::line(text.trim_end()),
    }
    Ok(())
}

/// There is nothing to propose.
fn nobody(
    reader: &Reader,
    contracts: &Contracts,
    handler: Option<&str>,
) -> Result<Problem, Problem> {
    let all = Proposal::read(reader, contracts, None)?;
    let names: Vec<&str> = all.handlers().keys().map(String::as_str).collect();
    Ok(match handler {
        Some(handler) if !names.is_empty() => {
            Problem::new(format!("the ledger saw no run of handler {handler}"))
                .remedy(format!("it saw {}", names.join(", ")))
        }
        Some(_) | None => Problem::new("the ledger saw no handler run")
            .remedy("let them run first, best in mode observe: `wingman demo --mode observe`"),
    })
}

fn as_json(proposal: &Proposal, findings: &[Finding], text: &str) -> Value {
    let handlers = proposal.handlers().iter().map(|(name, proposed)| {
        let value = json!({
            "seen": proposed.seen,
            "changes": proposed.changes,
            "declared": proposed.is_declared,
            "in_force": proposed.is_in_force,
            "digest": proposed.contract.digest(),
        });
        (name.clone(), value)
    });
    let list = |severity| {
        let of = findings.iter().filter(|it| it.kind.severity() == severity);
        of.map(lint::as_json).collect::<Vec<_>>()
    };
    json!({
        "handlers": handlers.collect::<serde_json::Map<_, _>>(),
        "errors": list(Severity::Error),
        "warnings": list(Severity::Warning),
        "yaml": text,
    })
}
