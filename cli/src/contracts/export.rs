//! `wingman contracts export`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use wingman_hub::governance::contract::Contracts;

use crate::arguments::{ExportArguments, ExportFormat};
use crate::problem::Problem;
use crate::{open, print};

/// The file that an export writes, beside `schemas`.
const CONTRACTS_FILE: &str = "contracts.yaml";

pub(super) fn run(arguments: &ExportArguments) -> Result<ExitCode, Problem> {
    let contracts = open::load(&arguments.path)?;
    match (arguments.format, &arguments.out) {
        (ExportFormat::Yaml, None) => {
            print::line(contracts.to_yaml().trim_end());
            if has_schemas(&contracts) {
                print::note("the schemas that it names come with --out DIR");
            }
        }
        (ExportFormat::Yaml, Some(folder)) => {
            check_apart(&arguments.path, folder)?;
            contracts.export(folder).map_err(|error| {
                Problem::new(format!("{} cannot be written: {error}", folder.display()))
                    .remedy("name a folder that can be made or written to")
            })?;
            print::note(format!("wrote {}", folder.join(CONTRACTS_FILE).display()));
        }
        (ExportFormat::Asyncapi, None) => print::line(format!("{:#}", contracts.to_asyncapi())),
        (ExportFormat::Asyncapi, Some(file)) => {
            open::write(file, &format!("{:#}\n", contracts.to_asyncapi()))?;
            print::note(format!("wrote {}", file.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What is exported is whole: beside other contract files each of it would be declared twice.
fn check_apart(from: &Path, folder: &Path) -> Result<(), Problem> {
    let is_source = fs::canonicalize(from)
        .and_then(|from| Ok(from == fs::canonicalize(folder)?))
        .unwrap_or(false);
    let other =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()).find(|it| {
            it.extension().is_some_and(|it| it == "yaml") && !it.ends_with(CONTRACTS_FILE)
        });
    let taken = match other {
        Some(file) => format!("{} is there", file.display()),
        None if is_source => format!("{} is what is exported", folder.display()),
        None => return Ok(()),
    };
    Err(Problem::usage(taken).remedy("name a new folder, or that of an earlier export"))
}

fn has_schemas(contracts: &Contracts) -> bool {
    contracts.events().any(|it| it.input_schema.is_some() || it.audit_artifact.is_some())
}
