//! The oracle proven: each rule has broken variants, and the check that names them. Nothing in the
//! protocol knows of them: a saboteur stands between it and its rows, its inputs or its workers.

use std::rc::Rc;
use std::sync::Arc;

use wingman_core::event::CloudEvent;

use super::store::Store;
use super::world::World;
use super::{WORLD_STEPS, graph};
use crate::audit::stamp::{Fact, Stamp};
use crate::contract::{CoherenceForm, Contracts};
use crate::protocol::id::{EventKey, WorkerId, event_digest};
use crate::protocol::input::{Input, RunEnding};
use crate::protocol::row::{
    Automaton, DeadLetter, Decision, Effect, EffectState, Fate, Fence, FenceState, Key, ParkReason,
    Parked, Phase, Recorded, RefusalCode, Row, Scan,
};
use crate::protocol::settings::{Mode, Settings};
use crate::protocol::state::{Result, Rows};

/// Worlds within which a broken variant must be caught.
const WORLDS_MAX: u64 = 20;

/// A broken variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mutant {
    /// An event with a known identity counts as the known one, whatever its digest.
    TrustsIdentities,
    /// A late result is taken as that of the current attempt.
    TakesLateResults,
    /// Workers count as dead while they live.
    TakesOverTheLiving,
    /// Calls are made without their row.
    ForgetsIntents,
    /// What nobody saw happen is undone without a look.
    NeverProbes,
    /// A refusal is no outcome: it has no stamp.
    ForgetsStamps,
    /// Outcomes are judged again.
    JudgesAgain,
    /// A key's next row is sent although the last was not confirmed.
    SendsOutOfOrder,
    /// Outputs do not reach the outbox.
    LosesOutputs,
    /// What waits is acked, and its bytes are not kept.
    LosesParked,
    /// What waits is not woken.
    NeverWakes,
    /// What waits has no deadline.
    WaitsForEver,
    /// A plan that nobody answered counts as approved.
    InventsDecisions,
    /// An approval is good more than once.
    SpendsTwice,
    /// The place of a running number is not taken.
    ForgetsReservations,
    /// The first of two counts as finished before it is.
    JudgesArrivals,
    /// A fence is not seen by those who start.
    ForgetsFences,
    /// Effects are undone in the order in which they were made.
    UndoesForwards,
    /// Every tool counts as one that can undo.
    TrustsEveryUndo,
    /// What a fenced tree has done is left as it is.
    LosesUndos,
    /// A refused input leaves what it wrote.
    KeepsRefused,
    /// An event that nobody recorded counts as recorded.
    TrustsEveryone,
    /// A halt is not seen.
    ForgetsHalts,
    /// What is parked does not hold up its lane.
    ForgetsLanes,
    /// What ends in quarantine leaves its headers and key behind.
    LosesOriginals,
    /// Why attempts failed is not kept.
    LosesReasons,
    /// A letter that was replayed is replayed again.
    ReplaysTwice,
    /// A person's decision about a letter is not stamped.
    ForgetsReviews,
    /// What a person let out of the quarantine stays where it is.
    LosesReplays,
    /// In observe, what would be refused has no stamp.
    ForgetsObjections,
    /// In observe, something is refused.
    RefusesInObserve,
    /// A chain does not look at what its steps were made from.
    IgnoresDigests,
    /// A chain looks at some of its steps and takes the rest for done.
    SkipsSteps,
    /// A chain takes a step from an execution that refused.
    TakesRefusedSteps,
    /// What was undone goes on to count as finished.
    CountsTheUndone,
    /// What a contract asks for beside the outputs is not asked for.
    AsksForNothing,
    /// The fast form of coherence passes for the full one.
    TakesTheFastForm,
    /// What a run did that hands in nothing stands.
    KeepsTheUnaccounted,
    /// What was handed in is not kept.
    LosesEvidence,
    /// An effect about which a person decided counts as not decided.
    ResolvesTwice,
    /// A person's decision about an effect is not stamped.
    ForgetsResolutions,
    /// What waited for a person's decision goes on waiting.
    StaysStuck,
    /// Effects that a precedence rule put one after the other are undone in any order.
    ForgetsPrecedence,
}

impl Mutant {
    /// The mode of the worlds that it is caught in.
    const fn mode(self) -> Mode {
        match self {
            Self::ForgetsObjections | Self::RefusesInObserve => Mode::Observe,
            _ => Mode::Enforce,
        }
    }
}

/// What each variant breaks, and the checks of which one must name it.
const ALL: [(Mutant, &str, &[&str]); 43] = [
    (Mutant::TrustsIdentities, "R1", &["conflicts_never_start", "conflicts_are_filed"]),
    (Mutant::TakesLateResults, "R2", &["only_the_current_attempt"]),
    (Mutant::TakesOverTheLiving, "R2", &["no_takeover_of_the_living"]),
    (Mutant::ForgetsIntents, "R3", &["row_before_call"]),
    (Mutant::NeverProbes, "R3", &["probe_before_undo"]),
    (Mutant::ForgetsStamps, "R4", &["outcome_is_stamped"]),
    (Mutant::JudgesAgain, "G3", &["one_outcome"]),
    (Mutant::SendsOutOfOrder, "R5", &["publish_order"]),
    (Mutant::LosesOutputs, "G3", &["outputs_recorded"]),
    (Mutant::LosesParked, "T2", &["ack_after_durable"]),
    (Mutant::NeverWakes, "R6", &["woken_in_time"]),
    (Mutant::WaitsForEver, "R6", &["park_has_deadline"]),
    (Mutant::InventsDecisions, "G5", &["decision_is_told"]),
    (Mutant::SpendsTwice, "G5", &["spent_once"]),
    (Mutant::ForgetsReservations, "R7", &["ordering_rule"]),
    (Mutant::JudgesArrivals, "R7", &["ordering_rule"]),
    (Mutant::ForgetsFences, "R8", &["no_start_in_a_fence"]),
    (Mutant::UndoesForwards, "G8", &["undo_order"]),
    (Mutant::TrustsEveryUndo, "G8", &["undo_is_promised"]),
    (Mutant::LosesUndos, "G8", &["fence_undoes_all"]),
    (Mutant::KeepsRefused, "R9", &["refused_input_wrote"]),
    (Mutant::TrustsEveryone, "R12", &["provenance", "forgeries_are_filed"]),
    (Mutant::ForgetsHalts, "R13", &["no_start_while_halted", "no_intent_while_halted"]),
    (Mutant::ForgetsLanes, "T3", &["one_at_a_time", "first_start_order"]),
    (Mutant::LosesOriginals, "T6", &["letter_holds_original"]),
    (Mutant::LosesReasons, "T6", &["letter_tells_attempts"]),
    (Mutant::ReplaysTwice, "R1", &["replay_once"]),
    (Mutant::ForgetsReviews, "R1", &["replay_is_stamped"]),
    (Mutant::LosesReplays, "R1", &["replay_ends"]),
    (Mutant::ForgetsObjections, "observe", &["objection_is_stamped"]),
    (Mutant::RefusesInObserve, "observe", &["nothing_is_refused"]),
    (Mutant::IgnoresDigests, "G7", &["lineage"]),
    (Mutant::SkipsSteps, "G7", &["lineage"]),
    (Mutant::TakesRefusedSteps, "G7", &["lineage"]),
    (Mutant::CountsTheUndone, "R7", &["ordering_rule"]),
    (Mutant::AsksForNothing, "P-05", &["evidence_is_given", "evidence_is_kept"]),
    (Mutant::TakesTheFastForm, "P-05", &["evidence_is_given"]),
    (Mutant::KeepsTheUnaccounted, "P-05", &["unaccounted_is_undone"]),
    (Mutant::LosesEvidence, "P-05", &["evidence_is_kept"]),
    (Mutant::ResolvesTwice, "G8", &["resolved_once"]),
    (Mutant::ForgetsResolutions, "G8", &["resolution_is_stamped"]),
    (Mutant::StaysStuck, "G8", &["fence_closes", "fence_undoes_all"]),
    (Mutant::ForgetsPrecedence, "G8", &["undo_order"]),
];

/// Stands beside a world and breaks what its variant says; does nothing without one.
#[derive(Debug, Default)]
pub(super) struct Sabotage {
    mutant: Option<Mutant>,
    /// What the input in hand is about.
    event: Option<Arc<CloudEvent>>,
    asks: Option<WorkerId>,
    undoes: bool,
    fences: bool,
    /// Weaker contracts than those that the oracle knows.
    contracts: Option<Contracts>,
}

impl Sabotage {
    fn of(mutant: Mutant) -> Self {
        let contracts = match mutant {
            Mutant::IgnoresDigests => {
                Some(graph::contracts_with(&["Order", "Prepared", "Approved", "Shipped"], None))
            }
            Mutant::AsksForNothing => Some(graph::contracts_asking(None)),
            Mutant::TakesTheFastForm => Some(graph::contracts_asking(Some(CoherenceForm::Fast))),
            Mutant::SkipsSteps => Some(graph::contracts_with(&["Prepared", "Shipped"], None)),
            _ => None,
        };
        Self { mutant: Some(mutant), contracts, ..Self::default() }
    }

    /// The contracts that the protocol gets, if they are not the oracle's.
    pub(super) fn contracts(&self) -> Option<&Contracts> {
        self.contracts.as_ref()
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    pub(super) fn probes_first(&self, effect: &Effect) -> bool {
        effect.must_be_probed() && !self.is(Mutant::NeverProbes)
    }

    /// The settings as the protocol gets them.
    pub(super) fn settings(&self, settings: Settings) -> Settings {
        let mode = if self.is(Mutant::RefusesInObserve) { Mode::Enforce } else { settings.mode };
        Settings { mode, ..settings }
    }

    pub(super) fn keeps_refused(&self) -> bool {
        self.is(Mutant::KeepsRefused)
    }

    pub(super) fn ignores_order(&self) -> bool {
        self.is(Mutant::SendsOutOfOrder)
    }

    /// The input as the protocol gets it.
    pub(super) fn input(&mut self, input: &Input, store: &Store) -> Input {
        let mut input = input.clone();
        self.event = None;
        self.asks = None;
        self.undoes = matches!(input, Input::Undo { .. });
        self.fences = match &input {
            Input::Fence { .. } => true,
            Input::Conclude(it) => matches!(it.ending, RunEnding::Finished { fence: true, .. }),
            _ => false,
        };
        match &mut input {
            Input::Judge(arrival) => {
                self.event = arrival.event.as_ref().ok().cloned();
                self.asks = Some(arrival.claim.worker);
            }
            Input::Wake { claim, .. } => self.asks = Some(claim.worker),
            Input::Conclude(conclude) if self.is(Mutant::TakesLateResults) => {
                if let Some(Row::Execution(it)) = store.get(&Key::Execution(conclude.run.execution))
                    && let Phase::Started { claim, attempt } = it.phase
                {
                    conclude.run.claim = claim;
                    conclude.run.attempt = attempt;
                }
            }
            Input::Intend(intend) if self.is(Mutant::TrustsEveryUndo) => intend.can_undo = true,
            _ => {}
        }
        input
    }

    /// The rows as the protocol gets them.
    pub(super) fn rows<'a>(&'a self, store: &'a mut Store, now: u64) -> Saboteur<'a> {
        Saboteur { store, sabotage: self, now }
    }
}

/// Rows that hide, alter and drop.
pub(super) struct Saboteur<'a> {
    store: &'a mut Store,
    sabotage: &'a Sabotage,
    now: u64,
}

impl Saboteur<'_> {
    fn loaded(&self, mutant: Mutant, key: &Key, row: Option<Row>) -> Option<Row> {
        match (mutant, key, row) {
            (Mutant::TrustsIdentities, Key::Recorded(_), Some(Row::Recorded(row))) => {
                let digest = self.sabotage.event.as_ref().map(|it| event_digest(it));
                let digest = digest.unwrap_or(row.digest);
                Some(Row::Recorded(Recorded { digest, ..row }))
            }
            (Mutant::TrustsEveryone, Key::Recorded(_), None) => self.invented(),
            (Mutant::TakesOverTheLiving, Key::Worker(id), Some(Row::Worker(mut row)))
                if self.sabotage.asks.is_some_and(|it| it != *id) =>
            {
                row.expires_millis = 0;
                Some(Row::Worker(row))
            }
            (Mutant::JudgesAgain, Key::Execution(_), Some(Row::Execution(mut row)))
                if row.phase.is_outcome() =>
            {
                row.phase = Phase::Waiting;
                Some(Row::Execution(row))
            }
            (Mutant::InventsDecisions, Key::Plan(_), Some(Row::Plan(mut row)))
                if row.decision == Decision::Pending =>
            {
                row.decision = Decision::Approved {
                    by: "ada".to_owned(),
                    signature: String::new(),
                    at_millis: self.now,
                };
                Some(Row::Plan(row))
            }
            (Mutant::SpendsTwice, Key::Plan(_), Some(Row::Plan(mut row))) => {
                row.spent_by = None;
                Some(Row::Plan(row))
            }
            (Mutant::JudgesArrivals, Key::Automaton(scope), None) => {
                Some(Row::Automaton(Automaton {
                    scope: *scope,
                    position: 1,
                    running: None,
                    passed: Default::default(),
                }))
            }
            (Mutant::ReplaysTwice, Key::DeadLetter(_), Some(Row::DeadLetter(row)))
                if matches!(row.fate, Fate::Replayed { .. }) =>
            {
                Some(Row::DeadLetter(DeadLetter { fate: Fate::Waiting, ..row }))
            }
            (Mutant::TakesRefusedSteps, Key::Execution(_), Some(Row::Execution(mut row)))
                if row.who.handler == "spender"
                    && row.attempts > 0
                    && matches!(row.phase, Phase::Refused { .. })
                    && self.sabotage.event.as_ref().is_some_and(|it| it.ty() == "Shipped") =>
            {
                row.phase = Phase::Finished;
                Some(Row::Execution(row))
            }
            (Mutant::ResolvesTwice, Key::Effect(_), Some(Row::Effect(row)))
                if matches!(row.state, EffectState::Resolved { .. }) =>
            {
                Some(Row::Effect(Effect { state: EffectState::Quarantined, ..row }))
            }
            (Mutant::ForgetsFences, Key::Fence(_), _) if self.sabotage.asks.is_some() => None,
            (Mutant::ForgetsHalts, Key::Control(_), _) => None,
            (_, _, row) => row,
        }
    }

    fn invented(&self) -> Option<Row> {
        let event = self.sabotage.event.as_ref()?;
        if !event.source().starts_with("/wingman/") {
            return None;
        }
        Some(Row::Recorded(Recorded {
            key: EventKey::of(event),
            digest: event_digest(event),
            event_type: event.ty().to_owned(),
            tree: event.correlation().into(),
            cause: None,
            depth: 0,
            salt: event_digest(event),
            links: None,
            at_millis: self.now,
        }))
    }

    /// What is written instead of a row; `None` if nothing is.
    fn saved(&self, mutant: Mutant, row: Row) -> Option<Row> {
        match (mutant, row) {
            (Mutant::ForgetsIntents, Row::Effect(it)) if it.state == EffectState::Registered => {
                None
            }
            (Mutant::LosesUndos, Row::Effect(mut it))
                if self.sabotage.fences && matches!(it.state, EffectState::Pending { .. }) =>
            {
                it.state = EffectState::Applied;
                Some(Row::Effect(it))
            }
            (Mutant::KeepsTheUnaccounted, Row::Effect(mut it)) if self.is_unaccounted(&it) => {
                it.state = EffectState::Applied;
                Some(Row::Effect(it))
            }
            (Mutant::LosesOutputs, Row::Outbox(_))
            | (Mutant::LosesParked, Row::Parked(_))
            | (Mutant::LosesEvidence, Row::Evidence(_)) => None,
            (Mutant::StaysStuck, Row::Fence(it)) if self.is_stuck(&it) => None,
            (Mutant::NeverWakes, Row::Parked(it)) => Some(Row::Parked(self.asleep(it))),
            (Mutant::WaitsForEver, Row::Parked(mut it)) => {
                it.deadline_millis = u64::MAX / 4;
                Some(Row::Parked(it))
            }
            (Mutant::LosesOriginals, Row::DeadLetter(mut it)) => {
                it.original.headers.clear();
                it.original.key = None;
                Some(Row::DeadLetter(it))
            }
            (Mutant::LosesReasons, Row::DeadLetter(mut it)) => {
                it.attempts.clear();
                Some(Row::DeadLetter(it))
            }
            (Mutant::LosesReplays, Row::Execution(it)) if it.replay > 0 => None,
            (Mutant::LosesReplays, Row::Parked(it))
                if matches!(it.reason, ParkReason::Replay { .. }) =>
            {
                None
            }
            (Mutant::CountsTheUndone, Row::Automaton(mut it)) => {
                if let Some(Row::Automaton(before)) = self.store.get(&Key::Automaton(it.scope)) {
                    it.position = it.position.max(before.position);
                }
                Some(Row::Automaton(it))
            }
            (Mutant::ForgetsReservations, Row::Automaton(mut it)) => {
                it.running = None;
                Some(Row::Automaton(it))
            }
            (_, row) => Some(row),
        }
    }

    fn is_unaccounted(&self, effect: &Effect) -> bool {
        let phase = Phase::Refused { code: RefusalCode::Audit };
        matches!(effect.state, EffectState::Pending { failures: 0, .. })
            && matches!(self.store.get(&Key::Execution(effect.key.execution)),
                Some(Row::Execution(it)) if it.phase == phase)
    }

    fn is_stuck(&self, fence: &Fence) -> bool {
        matches!(self.store.get(&Key::Fence(fence.tree.clone())), Some(Row::Fence(it)) if it.state == FenceState::Stuck)
    }

    /// A row that was to be woken, as it was.
    fn asleep(&self, mut row: Parked) -> Parked {
        if let Some(Row::Parked(before)) = self.store.get(&Key::Parked(row.execution))
            && row.claim.is_none()
            && row.reason == before.reason
        {
            row.due_millis = before.due_millis;
        }
        row
    }
}

impl Rows for Saboteur<'_> {
    fn load(&mut self, key: &Key) -> Result<Option<Row>> {
        let row = self.store.load(key)?;
        Ok(match self.sabotage.mutant {
            Some(mutant) => self.loaded(mutant, key, row),
            None => row,
        })
    }

    fn save(&mut self, row: Row) -> Result<()> {
        let row = match self.sabotage.mutant {
            Some(mutant) => self.saved(mutant, row),
            None => Some(row),
        };
        row.map_or(Ok(()), |row| self.store.save(row))
    }

    fn remove(&mut self, key: &Key) -> Result<()> {
        self.store.remove(key)
    }

    fn scan(&mut self, scan: &Scan) -> Result<Vec<Row>> {
        let mut rows = self.store.scan(scan)?;
        match (self.sabotage.mutant, scan) {
            (Some(Mutant::UndoesForwards), Scan::EffectsIn { .. }) if self.sabotage.undoes => {
                for row in &mut rows {
                    if let Row::Effect(effect) = row {
                        effect.sequence = u64::from(u32::MAX) - effect.sequence;
                    }
                }
                rows.reverse();
            }
            (Some(Mutant::ForgetsPrecedence), Scan::ExecutionsIn { .. }) => {
                for row in &mut rows {
                    if let Row::Execution(execution) = row {
                        execution.needs.clear();
                    }
                }
            }
            (Some(Mutant::ForgetsLanes), Scan::ParkedLane { .. }) => rows.clear(),
            _ => {}
        }
        Ok(rows)
    }

    fn append(&mut self, stamp: &Stamp) -> Result<u64> {
        let drops = self.sabotage.mutant == Some(Mutant::ForgetsStamps);
        if drops && matches!(stamp.fact, Fact::Refused { .. } | Fact::Expired { .. }) {
            return Ok(0);
        }
        let noted = matches!(stamp.fact, Fact::WouldRefuse { .. });
        if noted && self.sabotage.mutant == Some(Mutant::ForgetsObjections) {
            return Ok(0);
        }
        let reviewed = matches!(stamp.fact, Fact::Replayed { .. } | Fact::Discarded { .. });
        if reviewed && self.sabotage.mutant == Some(Mutant::ForgetsReviews) {
            return Ok(0);
        }
        let resolved = matches!(stamp.fact, Fact::Resolved { .. });
        if resolved && self.sabotage.mutant == Some(Mutant::ForgetsResolutions) {
            return Ok(0);
        }
        self.store.append(stamp)
    }
}

/// The check that caught a variant, and after how many steps.
fn caught(mutant: Mutant) -> Option<(&'static str, &'static str, u64)> {
    let contracts = Rc::new(graph::contracts());
    let mut steps = 0;
    for seed in 1..=WORLDS_MAX {
        let mut world =
            World::new(seed, mutant.mode(), Rc::clone(&contracts), Sabotage::of(mutant));
        if let Err(violation) = world.run(WORLD_STEPS) {
            return Some((violation.rule, violation.check, steps + world.step));
        }
        steps += world.step;
    }
    None
}

#[test]
fn every_broken_variant_is_caught_by_the_check_that_names_it() {
    let judge = |(mutant, rule, checks): &(Mutant, &str, &[&str])| {
        let found = caught(*mutant);
        println!("{mutant:?}: {found:?}");
        let right = matches!(found, Some((by, check, _)) if by == *rule && checks.contains(&check));
        (!right).then(|| format!("{mutant:?} should fail {rule} {checks:?}, and {found:?} did"))
    };
    let (left, right) = ALL.split_at(ALL.len() / 2);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let left = scope.spawn(|| left.iter().filter_map(judge).collect::<Vec<_>>());
        let right: Vec<String> = right.iter().filter_map(judge).collect();
        let left = left.join().expect("worlds do not panic");
        left.into_iter().chain(right).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
