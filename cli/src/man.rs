//! `wingman man`.

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::arguments::{Arguments, Man};
use crate::print;
use crate::problem::Problem;

pub(crate) fn run(options: &Man) -> Result<ExitCode, Problem> {
    let out = &options.out;
    std::fs::create_dir_all(out)
        .and_then(|()| clap_mangen::generate_to(Arguments::command(), out))
        .map_err(|error| Problem::new(format!("{}: {error}", out.display())))?;
    print::note(format!("wrote manual pages to {}", out.display()));
    Ok(ExitCode::SUCCESS)
}
