//! `wingman check`: what a broker is, what it can do, and whether it keeps the guarantees.

mod broker;
mod capabilities;
mod format;
mod json;
mod look;
mod page;
mod report;
mod rights;
mod run;
mod stop;
mod text;

use std::process::ExitCode;
use std::time::Duration;

use crate::arguments::Check;
use crate::problem::Problem;
use crate::{open, print};

use broker::Broker;
use format::Format;
use stop::Stop;

pub(crate) async fn run(options: Check, json: bool) -> Result<ExitCode, Problem> {
    // A file that cannot be written is better known before the work than after it.
    let format = options.report.as_deref().map(Format::of).transpose()?;
    let broker = Broker::open(&options.broker, Duration::from_secs(options.patience)).await?;
    if options.read_only {
        return look::run(&broker, (&options.topics, options.existing), json).await;
    }
    let stop = Stop::on_signals()?;
    rights::try_all(&broker).await?;
    if !json {
        text::head(&broker.about);
        print::line("");
    }
    print::note(format!("topics and groups of this check are named {}…", broker.prefix()));
    let report = run::run(broker, stop, json, options.cases).await?;
    if json {
        print::json(&json::of(&report))?;
    } else {
        text::report(&report);
    }
    if let (Some(path), Some(format)) = (&options.report, format) {
        open::write(path, &format.render(&report)?)?;
        print::note(format!("wrote {}", path.display()));
    }
    if report.is_interrupted {
        return Err(Problem::new(match report.left.len() {
            0 => "interrupted; what the check made on the broker is removed".to_owned(),
            left => format!("interrupted; {left} topics or groups are left behind"),
        }));
    }
    Ok(if report.is_passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
