//! The `wingman` command.

mod approvals;
mod arguments;
mod audit;
mod bytes;
mod check;
mod completions;
mod consume;
mod contracts;
mod dead_letters;
mod demo;
mod interrupt;
mod man;
mod open;
mod page;
mod parked;
mod print;
mod problem;
mod progress;
mod publish;
mod rollback;
mod trace;
mod transcript;
mod warnings;

use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::Runtime;

use arguments::{Arguments, Command};
use problem::Problem;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    warnings::show();
    let ended = match Runtime::new() {
        Ok(runtime) => {
            let ended = runtime.block_on(run(arguments));
            // A thread that reads the terminal ends with the next line only: nobody waits for it.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(Problem::new(error)),
    };
    ended.unwrap_or_else(|problem| {
        print::error(&problem);
        ExitCode::from(problem.exit_code())
    })
}

async fn run(arguments: Arguments) -> Result<ExitCode, Problem> {
    let json = arguments.json;
    match arguments.command {
        Command::Demo(options) => demo::run(options, json).await,
        Command::Publish(options) => publish::run(options, json).await,
        Command::Consume(options) => consume::run(options).await,
        Command::Check(options) => check::run(options, json).await,
        Command::Audit(command) => audit::run(command, json).await,
        Command::Trace(options) => trace::run(options).await,
        Command::Rollback(command) => rollback::run(command, json).await,
        Command::Halt(options) => interrupt::run(options, true, json).await,
        Command::Resume(options) => interrupt::run(options, false, json).await,
        Command::Approvals(command) => approvals::run(command, json).await,
        Command::DeadLetters(command) => dead_letters::run(command, json).await,
        Command::Parked(command) => parked::run(command, json).await,
        Command::Contracts(command) => contracts::run(command, json),
        Command::Completions(options) => completions::run(&options),
        Command::Man(options) => man::run(&options),
    }
}
