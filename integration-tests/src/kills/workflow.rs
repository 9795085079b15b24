//! `Work` → act: reserve, then charge → `Done` or, if the charge is declined, `Failed`. close ends
//! both; reverse answers a failure with a rollback, so that the reservation is undone.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use wingman_core::event::{CloudEvent, Event, extension};
use wingman_core::handler::{Emit, Failure, Incoming};
use wingman_governance::contract::{
    ContractErrors, Contracts, EventContract, FailureMode, HandlerContract, KeyAfterFailure, Level,
};
use wingman_governance::permission::{ToolError, Tools};
use wingman_governance::rollback::Rollback;

/// The tool that an undo takes back.
pub const RESERVE: &str = "stock.reserve";
/// The tool that may be declined.
pub const CHARGE: &str = "card.charge";
/// The handlers, each with what it consumes.
pub const HANDLERS: [(&str, &[&str]); 3] =
    [("act", &[Work::TYPE]), ("close", &[Done::TYPE, Failed::TYPE]), ("reverse", &[Failed::TYPE])];

/// Something is to be done; comes from outside.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct Work {
    /// Its event's id, which is its tree's name too.
    pub id: String,
    /// Whether the charge will be declined.
    pub declined: bool,
}

/// Reserved and charged.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct Done {
    /// Which work.
    pub id: String,
    /// The process that did it: what an attempt gives out differs from what any other would.
    pub by: u32,
}

/// Reserved and not charged.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct Failed {
    /// Which work.
    pub id: String,
    /// The process that did not.
    pub by: u32,
}

/// The end of a work, whatever it came to.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct Closed {
    /// The tree.
    pub id: String,
}

/// The reservation will be taken back.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct Reversed {
    /// How many effects there are to undo.
    pub effects: usize,
}

/// What act says.
#[derive(Debug, Emit)]
pub enum Acted {
    /// Both calls were made.
    Done(Done),
    /// The second was declined.
    Failed(Failed),
}

/// The contracts of the workflow. Failed attempts are tried again soon, since tests wait for it.
///
/// # Errors
/// None that a change of this file does not make.
pub fn contracts() -> Result<Contracts, ContractErrors> {
    let event = |name: &str| {
        EventContract::new(name, 1).purpose("A step of the kill tests").failure_mode(FailureMode {
            retry: vec![Duration::from_millis(100); 20],
            key: KeyAfterFailure::Continue,
        })
    };
    let handler = |name: &str, mission: &str| {
        let (_, types) = HANDLERS.iter().find(|(it, _)| *it == name).unwrap_or(&("", &[]));
        let contract = HandlerContract::new(name).mission(mission);
        types.iter().fold(contract, |contract, ty| contract.consumes(ty))
    };
    Contracts::builder()
        .event(event(Work::TYPE).external())
        .event(event(Done::TYPE).producer("act"))
        .event(event(Failed::TYPE).producer("act"))
        .event(event(Closed::TYPE).producer("close"))
        .event(event(Reversed::TYPE).producer("reverse"))
        .handler(
            handler("act", "Reserve and charge")
                .emits(Done::TYPE)
                .emits(Failed::TYPE)
                .tool(RESERVE, Level::Write)
                .tool(CHARGE, Level::Write),
        )
        .handler(handler("close", "Close a work").emits(Closed::TYPE))
        .handler(
            handler("reverse", "Take a reservation back")
                .emits(Reversed::TYPE)
                .tool("wingman.rollback", Level::Admin),
        )
        .build()
}

/// Reserves, then charges.
pub async fn act(work: Incoming<Work>, tools: Tools) -> Result<Acted, Failure> {
    let (id, by) = (work.id.clone(), std::process::id());
    let reserve = json!({ "work": id });
    tools.call(RESERVE, reserve).await.map_err(Failure::environmental)?;
    let charge = json!({ "work": id, "declined": work.declined });
    match tools.call(CHARGE, charge).await {
        Ok(_) => Ok(Acted::Done(Done { id, by })),
        Err(ToolError::NotDone(why)) if why == "declined" => Ok(Acted::Failed(Failed { id, by })),
        Err(error) => Err(Failure::environmental(error)),
    }
}

/// Ends what was done and what was not.
pub async fn close(ended: Arc<CloudEvent>) -> Closed {
    let id = ended.correlation().to_owned();
    Closed { id }
}

/// Asks for the tree to be undone.
pub async fn reverse(_: Incoming<Failed>, rollback: Rollback) -> Result<Reversed, Failure> {
    let plan = rollback.undo_tree()?;
    Ok(Reversed { effects: plan.undos.len() })
}

/// The event of a work: always the same bytes for the same id, as a producer that tries again sends
/// it. Every third is declined; three keys share the lanes.
///
/// # Errors
/// If the id cannot be one.
pub fn work(producer: &str, number: u32) -> wingman_core::Result<CloudEvent> {
    let id = format!("{producer}-{number}");
    let declined = is_declined(number);
    let data = json!({ "id": id, "declined": declined }).to_string();
    let mut event = CloudEvent::new(id.as_str(), format!("/kills/{producer}"), Work::TYPE)?;
    event.set_extension(extension::CORRELATION, id)?;
    event.set_extension(extension::PARTITION_KEY, key(number))?;
    Ok(event.with_json(data))
}

/// The key of the work of this number: its works are acted on one after the other.
pub fn key(number: u32) -> String {
    format!("key-{}", number % 3)
}

/// Whether the work of this number is declined.
pub const fn is_declined(number: u32) -> bool {
    number % 3 == 1
}
