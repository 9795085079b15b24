//! `wingman contracts export`.

use std::process::ExitCode;

use wingman_hub::governance::contract::Contracts;

use crate::arguments::{ExportArguments, ExportFormat};
use crate::problem::Problem;
use crate::{open, print};

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
            contracts.export(folder).map_err(|error| {
                Problem::new(format!("{} cannot be written: {error}", folder.display()))
                    .remedy("name a folder that can be made or written to")
            })?;
            print::note(format!("wrote {}", folder.join("contracts.yaml").display()));
        }
        (ExportFormat::Asyncapi, None) => print::line(format!("{:#}", contracts.to_asyncapi())),
        (ExportFormat::Asyncapi, Some(file)) => {
            open::write(file, &format!("{:#}\n", contracts.to_asyncapi()))?;
            print::note(format!("wrote {}", file.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn has_schemas(contracts: &Contracts) -> bool {
    contracts.events().any(|it| it.input_schema.is_some() || it.audit_artifact.is_some())
}
