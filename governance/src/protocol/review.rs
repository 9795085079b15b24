//! Dead letters are a quarantine: only a person who is entitled lets anything out of it, or throws it
//! away, once, and that is stamped (T6, R1).

use wingman_core::event::CloudEvent;

use super::id::ExecutionId;
use super::input::{ReviewAct, Reviewed};
use super::outcome::{Received, Remains};
use super::park::{self, Terms};
use super::row::{DeadLetter, Execution, Fate, ParkReason, Phase, Row, Scan};
use super::state::{Result, State};
use crate::audit::stamp::{Fact, commit};
use crate::digest::Digest;

/// The role whose holders decide about dead letters and effects in quarantine.
pub const OPERATOR: &str = "operator";

/// Takes a decision. The caller has verified that `by` signed it.
pub(super) fn review(
    state: &mut State<'_>,
    letter: ExecutionId,
    act: ReviewAct,
    by: String,
    signature: String,
) -> Result<Reviewed> {
    let Some(letter) = state.dead_letter(letter)? else {
        return Ok(Reviewed::UnknownLetter);
    };
    if let Some(detail) = not_entitled(state, &by) {
        return Ok(Reviewed::NotEntitled { detail });
    }
    if letter.fate != Fate::Waiting {
        return Ok(Reviewed::Already(letter.fate));
    }
    match act {
        ReviewAct::Replay => replay(state, letter, by, signature),
        ReviewAct::Discard => discard(state, letter, by, signature),
    }
}

/// Why somebody may not decide what holders of the role [`OPERATOR`] decide.
pub(super) fn not_entitled(state: &State<'_>, by: &str) -> Option<String> {
    match state.contracts.principal(by) {
        None => Some(format!("{by} is not among the principals of the contracts")),
        Some(principal) if !principal.roles.contains(OPERATOR) => {
            Some(format!("{by} does not hold the role {OPERATOR}"))
        }
        Some(_) => None,
    }
}

/// The event is parked under the next replay number of its identity: any process that has the handler
/// wakes it, whatever broker brought it, and every check is made again.
fn replay(
    state: &mut State<'_>,
    letter: DeadLetter,
    by: String,
    signature: String,
) -> Result<Reviewed> {
    let (dead, event) = match replayable(state, &letter)? {
        Ok(found) => found,
        Err(detail) => return Ok(Reviewed::NotReplayable { detail }),
    };
    let replay = dead.replay + 1;
    let id = ExecutionId::of(&dead.who, &event, replay);
    let at_millis = state.now;
    let mut execution = Execution {
        id,
        replay,
        replays: Some(dead.id),
        phase: Phase::Waiting,
        failures: Vec::new(),
        effects: 0,
        refusal: None,
        would_refuse: Vec::new(),
        moves: Vec::new(),
        first_millis: at_millis,
        at_millis,
        stamp: None,
        ..dead
    };
    let fact = Fact::Replayed { by: by.clone(), replay, into: id };
    state.append(Some(letter.execution), Some(execution.tree.clone()), fact)?;
    let after = match execution.lane() {
        Some(lane) => state.executions(&Scan::StartedIn { lane })?,
        None => Vec::new(),
    };
    let reason = ParkReason::Replay { after: after.into_iter().map(|it| it.id).collect() };
    let remains = Remains { event: Some(&event), received: Received::Kept(&letter.original) };
    let terms = Terms::now(state);
    park::park(state, &mut execution, &event, reason, terms, remains)?;
    let fate = Fate::Replayed { execution: id, by, signature, at_millis };
    state.rows.save(Row::DeadLetter(DeadLetter { fate, ..letter }))?;
    Ok(Reviewed::Replayed { execution: id, replay })
}

/// The execution that ended in quarantine and its event, or why it cannot be replayed.
fn replayable(
    state: &mut State<'_>,
    letter: &DeadLetter,
) -> Result<Result<(Execution, CloudEvent), String>> {
    let no = |detail: &str| Ok(Err(detail.to_owned()));
    let Ok(event) = CloudEvent::from_json(&letter.event) else {
        return no("it is not a CloudEvent; mend its producer and publish it again");
    };
    let Some(dead) = state.execution(letter.execution)? else {
        return no("its execution is not in the ledger");
    };
    if dead.id != ExecutionId::of(&dead.who, &event, dead.replay) {
        return no(
            "it was filed without an identity, because it was not recorded under this ledger, \
                   or its type has no contract; publish it again once it can be admitted",
        );
    }
    if state.fence(dead.tree.clone())?.is_some() {
        return no("P-06 its tree is being undone");
    }
    if park::is_full(state)? {
        return no("the ledger has no room for another parked delivery; try again later");
    }
    Ok(Ok((dead, event)))
}

/// The bytes go, a commitment to them stays in the log.
fn discard(
    state: &mut State<'_>,
    letter: DeadLetter,
    by: String,
    signature: String,
) -> Result<Reviewed> {
    let payload_digest = Digest::of(&letter.original.payload);
    let execution = state.execution(letter.execution)?;
    let recorded = match &execution {
        Some(execution) => state.recorded(execution.event)?,
        None => None,
    };
    let salt = recorded.map_or_else(|| state.salt(), |it| it.salt);
    let commitment = commit(&salt, &payload_digest);
    let fact = Fact::Discarded { by: by.clone(), commitment };
    state.append(Some(letter.execution), execution.map(|it| it.tree), fact)?;
    let at_millis = state.now;
    let fate = Fate::Discarded { by, signature, at_millis, payload_digest };
    let mut gone = DeadLetter { fate, ..letter };
    gone.event = bytes::Bytes::new();
    gone.original.payload = bytes::Bytes::new();
    gone.original.headers.clear();
    gone.original.key = None;
    state.rows.save(Row::DeadLetter(gone))?;
    Ok(Reviewed::Discarded)
}
