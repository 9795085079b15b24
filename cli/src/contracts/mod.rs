//! `wingman contracts`.

mod export;
mod lint;
mod propose;
mod schema;

use std::process::ExitCode;

use crate::arguments::Contracts as Command;
use crate::problem::Problem;

pub(crate) fn run(command: Command, json: bool) -> Result<ExitCode, Problem> {
    match command {
        Command::Lint { path, strict } => lint::run(&path, strict, json),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Propose(arguments) => propose::run(&arguments, json),
    }
}
