//! `wingman contracts propose`.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use wingman_hub::governance::contract::{Finding, Severity};
use wingman_hub::governance::ledger::Reader;
use wingman_hub::governance::proposal::Proposal;

use super::lint;
use crate::arguments::ProposeArguments;
use crate::problem::Problem;
use crate::progress::Progress;
use crate::{audit, open, print};

pub(super) fn run(arguments: &ProposeArguments, json: bool) -> Result<ExitCode, Problem> {
    let url = &arguments.ledger.url;
    let reader = Reader::open(url)?;
    let contracts = open::load_for(url, arguments.contracts.as_deref())?;
    let handler = arguments.handler.as_deref();
    let stamps = verified(arguments, json)?;
    let progress = Progress::new(json, "reading");
    let mut tell = |done| progress.at(done, stamps, || format!("{done} of {stamps} stamps"));
    let proposal = Proposal::read(&reader, &contracts, handler, &mut tell)?;
    drop(progress);
    if proposal.handlers().is_empty() {
        return Err(nobody(&proposal, handler));
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

/// The number of stamps. What grants something rests on them, so that a ledger that does not verify
/// proposes nothing.
fn verified(arguments: &ProposeArguments, json: bool) -> Result<u64, Problem> {
    let found = audit::verify(&arguments.ledger.url, arguments.checkpoint.as_deref(), json)?;
    if !found.is_sound() {
        let why = format!("nothing is proposed from a ledger that does not verify\n{found}");
        return Err(Problem::new(why).remedy(
            "find out who changed it; propose from a copy that verifies, or let the handlers run anew",
        ));
    }
    if found.uncovered > 0 {
        print::note(format!(
            "{} of {} stamps are under no checkpoint yet",
            found.uncovered, found.stamps
        ));
    }
    Ok(found.stamps)
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
fn nobody(proposal: &Proposal, handler: Option<&str>) -> Problem {
    let names = proposal.saw();
    match handler {
        Some(handler) if !names.is_empty() => {
            Problem::new(format!("the ledger saw no run of handler {handler}"))
                .remedy(format!("it saw {}", names.join(", ")))
        }
        Some(_) | None => Problem::new("the ledger saw no handler run")
            .remedy("let them run first, best in mode observe: `wingman demo --mode observe`"),
    }
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
