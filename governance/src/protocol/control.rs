//! P-03: standing orders. A halt holds from its commit, because every start and intent reads it (R13).

use super::input::Reply;
use super::row::{Control, Row, Target};
use super::state::{Result, State};
use crate::audit::stamp::Fact;

pub(super) fn command(
    state: &mut State<'_>,
    target: Target,
    halt: bool,
    by: String,
) -> Result<Reply> {
    let version = state.count(|counters| &mut counters.control)?;
    let name = target.as_str().to_owned();
    let fact = if halt {
        Fact::Halted { target: name, by: by.clone(), version }
    } else {
        Fact::Resumed { target: name, by: by.clone(), version }
    };
    state.append(None, None, fact)?;
    let at_millis = state.now;
    state.rows.save(Row::Control(Control { target, halted: halt, version, by, at_millis }))?;
    Ok(Reply::Commanded(version))
}
