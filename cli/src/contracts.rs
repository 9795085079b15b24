//! `wingman contracts`.

use std::process::ExitCode;

use serde_json::json;

use crate::arguments::Contracts;
use crate::problem::Problem;
use crate::{open, print};

pub(crate) fn run(command: Contracts, json: bool) -> Result<ExitCode, Problem> {
    let Contracts::Lint { path } = command;
    let contracts = open::load(&path)?;
    let warnings: Vec<String> = contracts.warnings().iter().map(ToString::to_string).collect();
    let (events, handlers) = (contracts.events().count(), contracts.handlers().count());
    if json {
        let digest = contracts.digest();
        print::json(
            &json!({ "events": events, "handlers": handlers, "digest": digest, "warnings": warnings }),
        )?;
    } else {
        warnings.iter().for_each(|warning| print::line(format!("warning: {warning}")));
        print::line(format!("{events} event types, {handlers} handlers, no errors"));
    }
    Ok(ExitCode::SUCCESS)
}
