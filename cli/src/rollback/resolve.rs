//! Deciding about an effect in quarantine: signed by a person who holds the role operator, and stamped.

use std::process::ExitCode;

use serde_json::json;
use wingman_hub::governance::governor::resolve;
use wingman_hub::governance::handshake::Approver;
use wingman_hub::governance::ledger::Reader;
use wingman_hub::governance::protocol::input::Resolved;
use wingman_hub::governance::protocol::row::{Effect, EffectKey, FenceState, Resolution};

use crate::arguments::{ListArguments, ResolveArguments};
use crate::problem::Problem;
use crate::{bytes, open, print};

/// Effects in quarantine among which one is looked for.
const FOUND_MAX: usize = 10_000;

pub(super) fn list(arguments: &ListArguments, json: bool) -> Result<ExitCode, Problem> {
    let effects = Reader::open(&arguments.ledger.url)?.quarantined(arguments.max)?;
    for effect in &effects {
        if json {
            print::json(&json!({
                "id": effect.key.to_string(), "correlation": effect.tree, "tool": effect.tool,
                "arguments": effect.arguments, "since_millis": effect.at_millis,
            }))?;
        } else {
            let since = bytes::time(effect.at_millis);
            print::line(format!(
                "{} {} of {}, since {since}",
                effect.key, effect.tool, effect.tree
            ));
            print::line(format!("  arguments {}", effect.arguments));
        }
    }
    if effects.is_empty() && !json {
        print::line("nothing waits for a person");
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn run(arguments: ResolveArguments, json: bool) -> Result<ExitCode, Problem> {
    let open::Operator { ledger, contracts, key } = open::operator(&arguments.operator).await?;
    let reader = ledger.reader();
    let effect = find(&reader, &arguments.effect)?;
    let resolution = Resolution::from(arguments.resolution);
    let name = key.verifier().name().to_string();
    let signed = Approver::new(&name, key).resolve(effect.key, resolution);
    let taken = told(resolve(&ledger, &contracts, signed).await?);
    let fence = reader.fence(&effect.tree)?.map(|fence| fence.state);
    ledger.close().await?;
    taken?;
    if json {
        print::json(&json!({
            "id": effect.key.to_string(), "state": resolution.as_str(), "correlation": effect.tree,
            "fence": fence,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    print::line(format!("{} is {}", effect.key, in_words(resolution)));
    if fence == Some(FenceState::Open) {
        print::line(format!(
            "the rollback of {} goes on in the process that has its tools",
            effect.tree
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn told(resolved: Resolved) -> Result<(), Problem> {
    match resolved {
        Resolved::Taken => Ok(()),
        Resolved::UnknownEffect => Err(Problem::new("there is no such effect")),
        Resolved::NotQuarantined => Err(Problem::new("it is not in quarantine any more")),
        Resolved::Already { resolution, by } => {
            Err(Problem::new(format!("it was decided before: {} by {by}", in_words(resolution))))
        }
        Resolved::NotEntitled { detail } => Err(Problem::new(detail).remedy(
            "sign with the key of a principal whose roles include operator in the contracts",
        )),
    }
}

/// What was decided, for people.
pub(crate) const fn in_words(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Undone => "undone by hand",
        Resolution::Accepted => "accepted as it is",
    }
}

/// The effect that is named: whole, any; by its beginning, one in quarantine.
fn find(reader: &Reader, start: &str) -> Result<Effect, Problem> {
    if let Some(effect) = whole(start).map(|key| reader.effect(key)).transpose()?.flatten() {
        return Ok(effect);
    }
    let mut found = reader.quarantined(FOUND_MAX)?;
    found.retain(|effect| is_named(effect, start));
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Problem::new(format!("no effect in quarantine is {start}"))
            .remedy("`wingman rollback quarantined --ledger URL` shows them")),
        _ => Err(Problem::usage(format!("more than one effect in quarantine is {start}"))
            .remedy("give more digits, or -INDEX behind them")),
    }
}

fn whole(name: &str) -> Option<EffectKey> {
    let (execution, index) = name.split_once('-')?;
    Some(EffectKey { execution: execution.parse().ok()?, index: index.parse().ok()? })
}

fn is_named(effect: &Effect, start: &str) -> bool {
    let execution = effect.key.execution.to_string();
    match start.split_once('-') {
        Some((execution_start, index)) => {
            execution.starts_with(execution_start) && index == effect.key.index.to_string()
        }
        None => execution.starts_with(start),
    }
}
