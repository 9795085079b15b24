//! T6: what a handler gives up on is kept as it was received, and leaves the quarantine only by the
//! hand of somebody entitled, once (R1).

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use wingman_core::event::CloudEvent;
use wingman_core::handler::{Failure, Incoming};
use wingman_core::message::{Headers, Message};
use wingman_governance::contract::{
    Contracts, EventContract, FailureMode, HandlerContract, KeyAfterFailure, Level,
};
use wingman_governance::handshake::Approver;
use wingman_governance::ledger::{LedgerErrorKind, Reader};
use wingman_governance::permission::Tools;
use wingman_governance::protocol::id::ExecutionId;
use wingman_governance::protocol::input::{ReviewAct, Reviewed};
use wingman_governance::protocol::row::{DeadLetter, DeadReason, Fate, Phase};
use wingman_governance::protocol::settings::Settings;
use wingman_governance::{Governor, Running};

use crate::people::{key, principal};
use crate::world::{Asked, Counting, World, asked, smuggle, until, until_settled};

/// A handler that fails until it is mended, and the people around it.
struct Clinic {
    world: World,
    ill: Arc<AtomicBool>,
    calls: Arc<AtomicU32>,
    operator: Approver,
    guest: Approver,
}

impl Clinic {
    /// Attempts fail with these pauses between them.
    fn new(pauses: &[Duration]) -> Self {
        let (olga, gus) = (key("olga"), key("gus"));
        let retry = FailureMode { retry: pauses.to_vec(), key: KeyAfterFailure::Continue };
        let contracts = Contracts::builder()
            .event(EventContract::new("Asked", 1).purpose("Q").external().failure_mode(retry))
            .handler(HandlerContract::new("patient").mission("Answer").consumes("Asked"))
            .principal(principal(&olga, "operator"))
            .principal(principal(&gus, "guest"));
        Self {
            world: World::with(contracts.build().unwrap()),
            ill: Arc::new(AtomicBool::new(true)),
            calls: Arc::default(),
            operator: Approver::new("olga", olga),
            guest: Approver::new("gus", gus),
        }
    }

    /// Another process on the ledger.
    async fn start(&self) -> Running {
        let (ill, calls) = (Arc::clone(&self.ill), Arc::clone(&self.calls));
        Governor::around(self.world.bus(), &self.world.url())
            .contracts(Arc::clone(&self.world.contracts))
            .handle("patient", move |_: Incoming<Asked>| {
                let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
                let ill = ill.load(Ordering::SeqCst);
                async move {
                    if ill { Err(Failure::environmental(format!("ill {call}"))) } else { Ok(()) }
                }
            })
            .start()
            .await
            .unwrap()
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }
}

/// A message whose every part is odd: none of it survives being made anew from the decoded event.
fn odd_message() -> Message {
    let mut headers = Headers::builder();
    for (name, value) in [
        ("ce_specversion", &b"1.0"[..]),
        ("ce_id", b"1"),
        ("ce_source", b"/test"),
        ("ce_type", b"Asked"),
        ("content-type", b"application/json"),
        ("x-odd", b"\xff\x00"),
        ("x-odd", b"twice"),
    ] {
        headers.push(name, value).unwrap();
    }
    Message::new(Bytes::from_static(b"{ \"question\" : 1 }\n"))
        .with_key(&b"key-1"[..])
        .with_headers(headers.build())
}

async fn only_letter(reader: &Reader) -> DeadLetter {
    until("it is quarantined", || reader.dead_letters(10).unwrap().len() == 1).await;
    reader.dead_letters(10).unwrap().remove(0)
}

fn assert_is_odd(letter: &DeadLetter) {
    let original = &letter.original;
    assert_eq!(original.topic, "Asked");
    assert!(!original.position.is_empty());
    assert_eq!(&original.payload[..], b"{ \"question\" : 1 }\n");
    assert_eq!(original.key.as_deref(), Some("a2V5LTE="));
    let odd: Vec<_> = original.headers.iter().filter(|(name, _)| name == "x-odd").collect();
    assert_eq!(odd.len(), 2, "{original:?}");
    assert_eq!(odd[0].1, "/wA=");
    assert_eq!(original.to_message().unwrap(), odd_message());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_holds_what_was_received_and_every_attempt() {
    let clinic = Clinic::new(&[Duration::from_millis(1), Duration::from_millis(2)]);
    let running = clinic.start().await;
    smuggle(&clinic.world, "Asked", odd_message()).await;
    let letter = only_letter(&running.ledger().reader()).await;
    assert_eq!((letter.reason, &*letter.detail), (DeadReason::Exhausted, "ill 3"));
    assert_is_odd(&letter);
    let told: Vec<_> = letter.attempts.iter().map(|it| (it.attempt, it.reason.as_str())).collect();
    assert_eq!(told, [(1, "ill 1"), (2, "ill 2"), (3, "ill 3")]);
    assert!(letter.attempts.iter().all(|it| it.worker.is_some() && it.at_millis > 0));
    let event = CloudEvent::from_json(&letter.event).unwrap();
    assert_eq!((event.id(), event.source()), ("1", "/test"));
    running.stop().await;
}

/// The broker's copy was acked when it was parked, by a process that is gone by then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_received_outlives_parking_and_the_process() {
    let clinic = Clinic::new(&[Duration::from_millis(40)]);
    let settings = Settings { hold_max: Duration::from_millis(1), ..Settings::default() };
    let clinic_world = &clinic.world;
    let governor = || {
        Governor::around(clinic_world.bus(), &clinic_world.url())
            .contracts(Arc::clone(&clinic_world.contracts))
            .settings(settings)
            .handle("patient", |_: Incoming<Asked>| async {
                Err::<(), _>(Failure::environmental("ill"))
            })
    };
    let first = governor().start().await.unwrap();
    smuggle(clinic_world, "Asked", odd_message()).await;
    let reader = first.ledger().reader();
    until("it is parked", || reader.parked(10).unwrap().len() == 1).await;
    first.stop().await;
    let second = governor().start().await.unwrap();
    let letter = only_letter(&second.ledger().reader()).await;
    assert_is_odd(&letter);
    assert_eq!(letter.attempts.len(), 2);
    second.stop().await;
}

/// What somebody damaged in the ledger's file harms itself and nobody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_parked_rows_end_in_quarantine_and_the_rest_is_woken() {
    let clinic = Clinic::new(&[]);
    let running = clinic.start().await;
    for number in 1..=3 {
        running.publish(asked(&number.to_string(), number)).await.unwrap();
    }
    let reader = running.ledger().reader();
    until("all are quarantined", || reader.dead_letters(10).unwrap().len() == 3).await;
    running.stop().await;
    let letters = reader.dead_letters(10).unwrap();
    clinic.ill.store(false, Ordering::SeqCst);
    // Replayed while no process runs, they are parked.
    let idle = Governor::around(clinic.world.bus(), &clinic.world.url())
        .contracts(Arc::clone(&clinic.world.contracts))
        .start()
        .await
        .unwrap();
    for letter in &letters {
        let replay = clinic.operator.review(letter.execution, ReviewAct::Replay);
        let reviewed = idle.review(replay).await.unwrap();
        assert!(matches!(reviewed, Reviewed::Replayed { .. }), "{reviewed:?}");
    }
    idle.stop().await;
    let parked = reader.parked(10).unwrap();
    let ids: Vec<&[u8]> = parked.iter().map(|it| &it.execution.0.as_bytes()[..]).collect();
    let file = clinic.world.folder.path().join("ledger.db");
    let somebody = rusqlite::Connection::open(file).unwrap();
    somebody.execute("UPDATE parked SET message = x'ff' WHERE execution = ?1", [ids[0]]).unwrap();
    somebody.execute("DELETE FROM executions WHERE id = ?1", [ids[1]]).unwrap();
    drop(somebody);
    let running = clinic.start().await;
    until("the sound one ran", || clinic.calls() == 4).await;
    until("nothing is parked", || reader.parked(10).unwrap().is_empty()).await;
    let damaged = reader.dead_letters(10).unwrap();
    let damaged: Vec<_> = damaged.iter().filter(|it| it.reason == DeadReason::Damaged).collect();
    assert_eq!(damaged.len(), 2);
    assert!(damaged.iter().all(|it| !it.original.payload.is_empty()), "{damaged:?}");
    running.stop().await;
    assert_eq!(clinic.calls(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_is_signed_by_an_operator_runs_and_happens_once() {
    let clinic = Clinic::new(&[]);
    let running = clinic.start().await;
    smuggle(&clinic.world, "Asked", odd_message()).await;
    let reader = running.ledger().reader();
    let letter = only_letter(&reader).await.execution;
    clinic.ill.store(false, Ordering::SeqCst);

    let stranger = Approver::new("olga", key("olga"));
    let forged = running.review(stranger.review(letter, ReviewAct::Replay)).await.unwrap_err();
    assert_eq!(forged.kind(), LedgerErrorKind::Refused);
    let guest = running.review(clinic.guest.review(letter, ReviewAct::Replay)).await.unwrap();
    assert!(matches!(&guest, Reviewed::NotEntitled { detail } if detail.contains("operator")));
    assert_eq!(clinic.calls(), 1);

    let replay = |by: &Approver| by.review(letter, ReviewAct::Replay);
    let (execution, number) = match running.review(replay(&clinic.operator)).await.unwrap() {
        Reviewed::Replayed { execution, replay } => (execution, replay),
        other => panic!("{other:?}"),
    };
    assert_ne!(execution, letter);
    assert_eq!(number, 1);
    until("it ran again", || clinic.calls() == 2).await;
    until_settled(&reader).await;
    let replayed = reader.execution(execution).unwrap().unwrap();
    assert_eq!((replayed.phase, replayed.replay), (Phase::Finished, 1));
    assert_eq!(replayed.replays, Some(letter));
    let first = reader.execution(letter).unwrap().unwrap();
    assert!(matches!(first.phase, Phase::DeadLettered { .. }), "an outcome stays");
    match running.review(replay(&clinic.operator)).await.unwrap() {
        Reviewed::Already(Fate::Replayed { execution: earlier, by, .. }) => {
            assert_eq!((earlier, by.as_str()), (execution, "olga"));
        }
        other => panic!("{other:?}"),
    }
    running.stop().await;
    assert_eq!(clinic.calls(), 2);
    let stamp = stamped(&reader, letter, "replayed").unwrap();
    assert!(stamp.contains("by olga") && stamp.contains(&execution.to_string()), "{stamp}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_waits_for_a_process_and_a_failed_one_is_another_letter() {
    let clinic = Clinic::new(&[]);
    let running = clinic.start().await;
    smuggle(&clinic.world, "Asked", odd_message()).await;
    let letter = only_letter(&running.ledger().reader()).await.execution;
    let replay = clinic.operator.review(letter, ReviewAct::Replay);
    let Reviewed::Replayed { execution, .. } = running.review(replay).await.unwrap() else {
        panic!("it is replayed");
    };
    let reader = running.ledger().reader();
    until("it failed again", || reader.dead_letters(10).unwrap().len() == 2).await;
    running.stop().await;
    let again = reader.dead_letter(execution).unwrap().unwrap();
    assert_is_odd(&again);
    assert_eq!(again.attempts.len(), 1);

    clinic.ill.store(false, Ordering::SeqCst);
    let running = clinic.start().await;
    let replay = clinic.operator.review(execution, ReviewAct::Replay);
    let reviewed = running.review(replay).await.unwrap();
    assert!(matches!(reviewed, Reviewed::Replayed { replay: 2, .. }), "{reviewed:?}");
    until("it ran", || clinic.calls() == 3).await;
    until_settled(&running.ledger().reader()).await;
    running.stop().await;
}

/// R3 across a replay: what was done is not done again, and its result is at hand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_goes_on_from_the_calls_of_its_letter() {
    let olga = key("olga");
    let once = FailureMode { retry: Vec::new(), key: KeyAfterFailure::Continue };
    let patient = HandlerContract::new("patient").mission("Act").consumes("Asked");
    let contracts = Contracts::builder()
        .event(EventContract::new("Asked", 1).purpose("Q").external().failure_mode(once))
        .handler(patient.tool("count", Level::Write))
        .principal(principal(&olga, "operator"));
    let world = World::with(contracts.build().unwrap());
    let (calls, results) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&results);
    let act = move |_: Incoming<Asked>, tools: Tools| {
        let seen = Arc::clone(&seen);
        async move {
            let told = tools.call("count", json!({ "step": 1 })).await;
            let told = told.map_err(Failure::structural)?;
            seen.lock().unwrap().push(told);
            let first = seen.lock().unwrap().len() == 1;
            if first { Err(Failure::environmental("ill")) } else { Ok(()) }
        }
    };
    let running = Governor::around(world.bus(), &world.url())
        .contracts(Arc::clone(&world.contracts))
        .tool("count", Counting(Arc::clone(&calls)))
        .handle("patient", act)
        .start()
        .await
        .unwrap();
    running.publish(asked("1", 1)).await.unwrap();
    let reader = running.ledger().reader();
    let letter = only_letter(&reader).await.execution;
    let replay = Approver::new("olga", olga).review(letter, ReviewAct::Replay);
    let reviewed = running.review(replay).await.unwrap();
    assert!(matches!(reviewed, Reviewed::Replayed { .. }), "{reviewed:?}");
    until("it ran again", || results.lock().unwrap().len() == 2).await;
    until_settled(&reader).await;
    running.stop().await;
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    assert_eq!(*results.lock().unwrap(), [json!(0), json!(0)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_discarded_letter_keeps_its_digest_and_nothing_else() {
    let clinic = Clinic::new(&[]);
    let running = clinic.start().await;
    smuggle(&clinic.world, "Asked", odd_message()).await;
    let reader = running.ledger().reader();
    let letter = only_letter(&reader).await;
    let id = letter.execution;
    let discard = clinic.operator.review(id, ReviewAct::Discard);
    assert_eq!(running.review(discard).await.unwrap(), Reviewed::Discarded);
    let gone = reader.dead_letter(id).unwrap().unwrap();
    assert!(gone.original.payload.is_empty() && gone.event.is_empty());
    assert!(gone.original.headers.is_empty() && gone.original.key.is_none());
    let digest = wingman_governance::digest::Digest::of(&letter.original.payload);
    assert!(matches!(&gone.fate, Fate::Discarded { by, payload_digest, .. }
        if by == "olga" && *payload_digest == digest));
    for act in [ReviewAct::Replay, ReviewAct::Discard] {
        let again = running.review(clinic.operator.review(id, act)).await.unwrap();
        assert!(matches!(again, Reviewed::Already(Fate::Discarded { .. })), "{again:?}");
    }
    assert!(stamped(&reader, id, "discarded").unwrap().contains("commitment"));
    running.stop().await;
    assert_eq!(clinic.calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_no_identity_is_not_replayed() {
    let clinic = Clinic::new(&[]);
    let running = clinic.start().await;
    smuggle(&clinic.world, "Asked", Message::new(&b"\xff not an event"[..])).await;
    let letter = only_letter(&running.ledger().reader()).await.execution;
    let replay = |letter: ExecutionId| clinic.operator.review(letter, ReviewAct::Replay);
    match running.review(replay(letter)).await.unwrap() {
        Reviewed::NotReplayable { detail } => assert!(detail.contains("publish it again")),
        other => panic!("{other:?}"),
    }
    let none = ExecutionId(wingman_governance::digest::Digest::of(b"none"));
    assert_eq!(running.review(replay(none)).await.unwrap(), Reviewed::UnknownLetter);
    running.stop().await;
}

fn stamped(reader: &Reader, execution: ExecutionId, kind: &str) -> Option<String> {
    let stamps = reader.stamps_of(execution, 100).unwrap();
    stamps.into_iter().find(|stamp| stamp.kind == kind).map(|stamp| stamp.text)
}
