//! Deciding about a dead letter: signed by a person who holds the role operator, and stamped.

use std::process::ExitCode;

use serde_json::json;
use wingman_hub::governance::governor::review;
use wingman_hub::governance::handshake::Approver;
use wingman_hub::governance::ledger::{Ledger, Reader};
use wingman_hub::governance::protocol::id::ExecutionId;
use wingman_hub::governance::protocol::input::{ReviewAct, Reviewed};

use super::{fate, find};
use crate::arguments::ReviewArguments;
use crate::problem::Problem;
use crate::{open, print};

pub(super) async fn run(
    arguments: ReviewArguments,
    act: ReviewAct,
    json: bool,
) -> Result<ExitCode, Problem> {
    let open::Operator { ledger, contracts, key } = open::operator(&arguments.operator).await?;
    let letter = find(&ledger.reader(), &arguments.id)?.execution;
    let name = key.verifier().name().to_string();
    let signed = Approver::new(&name, key).review(letter, act);
    let reviewed = review(&ledger, &contracts, signed).await?;
    let told = tell(&ledger, letter, reviewed, json);
    ledger.close().await?;
    told?;
    Ok(ExitCode::SUCCESS)
}

fn tell(
    ledger: &Ledger,
    letter: ExecutionId,
    reviewed: Reviewed,
    json: bool,
) -> Result<(), Problem> {
    let (execution, replay) = match reviewed {
        Reviewed::Replayed { execution, replay } => (execution, replay),
        Reviewed::Discarded if json => {
            return print::json(&json!({ "id": letter, "state": "discarded" }));
        }
        Reviewed::Discarded => {
            print::line(format!("{letter} is discarded; the digest of its payload stays"));
            return Ok(());
        }
        Reviewed::UnknownLetter => return Err(Problem::new("there is no such dead letter")),
        Reviewed::Already(earlier) => {
            return Err(Problem::new(format!("it was decided before: {}", fate(&earlier)))
                .remedy("a replay that fails is a dead letter of its own; replay that one"));
        }
        Reviewed::NotEntitled { detail } => {
            return Err(Problem::new(detail).remedy(
                "sign with the key of a principal whose roles include operator in the contracts",
            ));
        }
        Reviewed::NotReplayable { detail } => {
            return Err(Problem::new(format!("it cannot be replayed: {detail}")));
        }
    };
    let handler = ledger.reader().execution(execution)?.map(|it| it.who.handler);
    let handler = handler.unwrap_or_default();
    let running = runs(ledger, &ledger.reader(), &handler)?;
    if json {
        return print::json(&json!({
            "id": letter, "state": "replayed", "execution": execution, "replay": replay,
            "handler": handler, "running": running,
        }));
    }
    print::line(format!("{letter} is replayed as {execution}, replay {replay}"));
    if !running {
        print::line(format!(
            "no process on this ledger runs {handler} now; it starts when one does"
        ));
    }
    Ok(())
}

/// Whether some live process has the handler.
fn runs(ledger: &Ledger, reader: &Reader, handler: &str) -> Result<bool, Problem> {
    let now = ledger.now_millis();
    let mut live = reader.workers()?;
    live.retain(|it| it.expires_millis > now && !ledger.is_dead(it.id));
    Ok(live.iter().any(|it| it.handlers.iter().any(|has| has == handler)))
}
