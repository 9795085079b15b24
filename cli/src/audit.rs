//! `wingman audit`.

use std::path::Path;
use std::process::ExitCode;

use wingman_hub::governance::ledger::{LedgerError, Verification, verify_telling};

use crate::arguments::Audit;
use crate::problem::Problem;
use crate::progress::Progress;
use crate::{open, print};

/// Stamps that one page of `audit show` reads.
const PAGE: usize = 1_000;

pub(crate) async fn run(command: Audit, json: bool) -> Result<ExitCode, Problem> {
    match command {
        Audit::Verify { ledger, checkpoint } => check(&ledger.url, checkpoint.as_deref(), json),
        Audit::Show { ledger, correlation } => {
            show(&ledger.url, correlation.as_deref(), json).await
        }
    }
}

fn check(url: &str, checkpoint: Option<&Path>, json: bool) -> Result<ExitCode, Problem> {
    let found = verify(url, checkpoint, json)?;
    let sound = found.is_sound();
    if json {
        print::json(&found)?;
    } else {
        print::line(found.to_string());
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Verifies a ledger and shows how far it is.
pub(crate) fn verify(
    url: &str,
    checkpoint: Option<&Path>,
    json: bool,
) -> Result<Verification, LedgerError> {
    let progress = Progress::new(json, "verifying");
    verify_telling(url, checkpoint, &mut |done, of| {
        progress.at(done, of, || format!("{done} of {of} stamps"));
    })
}

async fn show(url: &str, correlation: Option<&str>, json: bool) -> Result<ExitCode, Problem> {
    let ledger = open::ledger(url).await?;
    let reader = ledger.reader();
    let mut from = 0;
    loop {
        let page = reader.stamps(correlation, from, PAGE)?;
        let Some(last) = page.last() else { break };
        from = last.index + 1;
        for stamp in &page {
            if json {
                print::json(stamp)?;
            } else {
                print::line(one_line(stamp.index, &stamp.text));
            }
        }
    }
    ledger.close().await?;
    Ok(ExitCode::SUCCESS)
}

/// The stamp without its domain, on one line.
fn one_line(index: u64, text: &str) -> String {
    let fields: Vec<&str> = text.lines().skip(1).collect();
    format!("{index} {}", fields.join(" · "))
}
