//! What the log says that handlers did: every number here is counted from stamps, and names the first
//! and the last of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::contract::Level;
use crate::ledger::{LedgerError, Reader, StampRow};
use crate::protocol::id::{EventKey, ExecutionId};
use crate::protocol::row::{EffectKey, EffectState, Execution, UndoKind};
use crate::rollback::TOOL;

/// How many stamps are read at a time.
const PAGE: usize = 1_000;

/// How often something was seen, and where in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sight {
    /// How often.
    pub count: u64,
    /// The index of the first stamp that says so.
    pub first: u64,
    /// The index of the last one.
    pub last: u64,
}

/// The most that was seen of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Most {
    /// How much.
    pub value: u32,
    /// The index of the first stamp that says so.
    pub stamp: u64,
}

/// How a tool was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToolUse {
    /// The highest level at which it was called, once the process had it.
    pub level: Level,
    /// Its calls.
    pub calls: Sight,
    /// Whether some call may have done something: not each was found to have changed nothing.
    pub happened: bool,
    /// What could be done about its calls: `compensatable`, `irreversible`, or `nothing to undo`.
    pub undo: BTreeSet<&'static str>,
}

impl ToolUse {
    /// Whether every call asked for a tool that the process did not have.
    pub(super) fn was_lacked(&self, tool: &str) -> bool {
        is_lacked(tool, self.level, self.happened)
    }
}

/// What a process does not have is judged at the highest level, and never does anything.
fn is_lacked(tool: &str, level: Level, happened: bool) -> bool {
    tool != TOOL && level == Level::Admin && !happened
}

/// What one handler was seen to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// The types of events for which it was started.
    pub consumed: BTreeMap<String, Sight>,
    /// The types of events that it gave out.
    pub emitted: BTreeMap<String, Sight>,
    /// Those of them after which a run gave out more.
    pub not_last: BTreeSet<String>,
    /// The tools that it called.
    pub tools: BTreeMap<String, ToolUse>,
    /// The most executions between the first event of a tree and one of its own.
    pub depth: Option<Most>,
    /// The most events that one run gave out.
    pub fanout: Option<Most>,
    /// What gates noted and let pass, by code and what it was about.
    pub noted: BTreeMap<String, BTreeMap<String, Sight>>,
    /// The digests of the contracts by which its runs were judged.
    pub contracts: BTreeSet<String>,
}

/// Reads the whole log, a page at a time, telling after each how many stamps were read; what is kept grows
/// with handlers, types and tools only.
pub(super) fn read(
    reader: &Reader,
    tell: &mut dyn FnMut(u64),
) -> Result<BTreeMap<String, Seen>, LedgerError> {
    let mut sighting = Sighting { reader, handlers: BTreeMap::new(), latest: None };
    let mut from = 0;
    loop {
        let page = reader.stamps(None, from, PAGE)?;
        let Some(last) = page.last() else {
            return Ok(sighting.handlers);
        };
        from = last.index + 1;
        for stamp in &page {
            sighting.take(stamp)?;
        }
        tell(from);
    }
}

struct Sighting<'a> {
    reader: &'a Reader,
    handlers: BTreeMap<String, Seen>,
    /// The execution of the stamp before: most have the next one, too.
    latest: Option<Execution>,
}

impl Sighting<'_> {
    fn take(&mut self, stamp: &StampRow) -> Result<(), LedgerError> {
        // Told of an execution: what has none is the log's own or a person's.
        let Some(id) = stamp.execution else {
            return Ok(());
        };
        match stamp.kind.as_str() {
            "started" => self.started(id, stamp),
            "finished" => self.finished(id, stamp),
            "recorded" => self.recorded(id, stamp),
            "intended" => self.intended(id, stamp),
            "fenced" => self.fenced(id, stamp),
            "would_refuse" => self.noted(id, stamp),
            _ => Ok(()),
        }
    }

    fn started(&mut self, id: ExecutionId, stamp: &StampRow) -> Result<(), LedgerError> {
        let Some(execution) = self.execution(id)? else { return Ok(()) };
        let (event_type, depth) = (execution.event_type.clone(), execution.depth);
        let seen = self.seen(&execution);
        see(&mut seen.consumed, event_type, stamp.index);
        most(&mut seen.depth, depth, stamp.index);
        seen.contracts.extend(field(&stamp.text, "contract").map(str::to_owned));
        Ok(())
    }

    /// Its outputs in order: `KEY:COMMITMENT`, separated by commas.
    fn finished(&mut self, id: ExecutionId, stamp: &StampRow) -> Result<(), LedgerError> {
        let Some(execution) = self.execution(id)? else { return Ok(()) };
        let outputs = field(&stamp.text, "outputs").unwrap_or_default();
        let mut types = Vec::new();
        for output in outputs.split(',').filter(|it| !it.is_empty()) {
            types.extend(self.type_of(output.split(':').next().unwrap_or_default())?);
        }
        let seen = self.seen(&execution);
        let count = u32::try_from(types.len()).unwrap_or(u32::MAX);
        most(&mut seen.fanout, count, stamp.index);
        if let Some((_, before)) = types.split_last() {
            seen.not_last.extend(before.iter().cloned());
        }
        types.into_iter().for_each(|ty| see(&mut seen.emitted, ty, stamp.index));
        Ok(())
    }

    /// An event that no finish lists: it tells of a refusal.
    fn recorded(&mut self, id: ExecutionId, stamp: &StampRow) -> Result<(), LedgerError> {
        let Some(execution) = self.execution(id)? else { return Ok(()) };
        let ty = self.type_of(field(&stamp.text, "event").unwrap_or_default())?;
        let seen = self.seen(&execution);
        if let Some(ty) = ty {
            see(&mut seen.emitted, ty, stamp.index);
            most(&mut seen.fanout, 1, stamp.index);
        }
        Ok(())
    }

    fn intended(&mut self, id: ExecutionId, stamp: &StampRow) -> Result<(), LedgerError> {
        let Some(execution) = self.execution(id)? else { return Ok(()) };
        let named = field(&stamp.text, "level").and_then(Level::named);
        let index = field(&stamp.text, "index").and_then(|it| it.parse().ok());
        let (Some(tool), Some(level), Some(index)) = (field(&stamp.text, "tool"), named, index)
        else {
            return Ok(());
        };
        let effect = self.reader.effect(EffectKey { execution: id, index })?;
        let happened = effect.as_ref().is_none_or(|it| it.state != EffectState::Void);
        let undo = effect.map(|it| match it.undo {
            UndoKind::None => "nothing to undo",
            UndoKind::Compensatable => "compensatable",
            UndoKind::Irreversible => "irreversible",
        });
        self.call(&execution, tool, (level, stamp.index), happened, undo);
        Ok(())
    }

    /// A handler that has a tree undone uses the tool that is built in.
    fn fenced(&mut self, id: ExecutionId, stamp: &StampRow) -> Result<(), LedgerError> {
        let Some(execution) = self.execution(id)? else { return Ok(()) };
        let at = (Level::Admin, stamp.index);
        self.call(&execution, TOOL, at, true, Some("nothing to undo"));
        Ok(())
    }

    fn call(
        &mut self,
        execution: &Execution,
        tool: &str,
        (level, stamp): (Level, u64),
        happened: bool,
        undo: Option<&'static str>,
    ) {
        let tools = &mut self.seen(execution).tools;
        let calls = Sight { count: 0, first: stamp, last: stamp };
        let use_of = tools.entry(tool.to_owned()).or_insert(ToolUse {
            level,
            calls,
            happened: false,
            undo: BTreeSet::new(),
        });
        if use_of.was_lacked(tool) {
            use_of.level = level;
        } else if !is_lacked(tool, level, happened) {
            use_of.level = use_of.level.max(level);
        }
        use_of.happened |= happened;
        use_of.undo.extend(undo);
        again(&mut use_of.calls, stamp);
    }

    fn noted(&mut self, id: ExecutionId, stamp: &StampRow) -> Result<(), LedgerError> {
        let Some(execution) = self.execution(id)? else { return Ok(()) };
        if let (Some(code), Some(about)) = (field(&stamp.text, "code"), field(&stamp.text, "about"))
        {
            let noted = self.seen(&execution).noted.entry(code.to_owned()).or_default();
            see(noted, about.to_owned(), stamp.index);
        }
        Ok(())
    }

    fn seen(&mut self, execution: &Execution) -> &mut Seen {
        self.handlers.entry(execution.who.handler.to_string()).or_default()
    }

    fn execution(&mut self, id: ExecutionId) -> Result<Option<Execution>, LedgerError> {
        if self.latest.as_ref().is_none_or(|it| it.id != id) {
            self.latest = self.reader.execution(id)?;
        }
        Ok(self.latest.clone())
    }

    fn type_of(&self, key: &str) -> Result<Option<String>, LedgerError> {
        let Ok(key) = key.parse::<EventKey>() else { return Ok(None) };
        Ok(self.reader.recorded(key)?.map(|it| it.event_type))
    }
}

/// The value of a stamp's line.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
}

fn see(among: &mut BTreeMap<String, Sight>, what: String, stamp: u64) {
    let never = Sight { count: 0, first: stamp, last: stamp };
    again(among.entry(what).or_insert(never), stamp);
}

fn again(sight: &mut Sight, stamp: u64) {
    sight.count += 1;
    sight.last = stamp;
}

fn most(so_far: &mut Option<Most>, value: u32, stamp: u64) {
    if so_far.is_none_or(|it| it.value < value) {
        *so_far = Some(Most { value, stamp });
    }
}
