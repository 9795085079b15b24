//! `wingman contracts schema`.

use std::path::Path;
use std::process::ExitCode;

use wingman_hub::governance::contract::DocumentKind;

use crate::arguments::{ContractDocument, SchemaArguments};
use crate::problem::Problem;
use crate::{open, print};

pub(super) fn run(arguments: &SchemaArguments) -> Result<ExitCode, Problem> {
    let kind = arguments.document.map(|document| match document {
        ContractDocument::Event => DocumentKind::Event,
        ContractDocument::Handler => DocumentKind::Handler,
    });
    match &arguments.out {
        None => print::line(text(kind.unwrap_or(DocumentKind::Any))),
        Some(folder) => write(kind, folder)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes one schema, or all of them.
fn write(kind: Option<DocumentKind>, folder: &Path) -> Result<(), Problem> {
    open::make_folder(folder)?;
    for kind in DocumentKind::ALL.into_iter().filter(|each| kind.is_none_or(|kind| kind == *each)) {
        let path = folder.join(kind.file_name());
        open::write(&path, &format!("{}\n", text(kind)))?;
        print::note(format!("wrote {}", path.display()));
    }
    Ok(())
}

fn text(kind: DocumentKind) -> String {
    format!("{:#}", kind.schema())
}
