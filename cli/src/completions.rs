//! `wingman completions`.

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::arguments::{Arguments, Completions};
use crate::bytes;
use crate::problem::Problem;

pub(crate) fn run(options: &Completions) -> Result<ExitCode, Problem> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Arguments::command(), "wingman", &mut script);
    bytes::raw(&script)?;
    Ok(ExitCode::SUCCESS)
}
