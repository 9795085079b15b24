//! Nothing that comes in is lost, and nothing that is wrong starts a handler (T6, R1, R12).

use bytes::Bytes;
use wingman_core::event::CloudEvent;
use wingman_core::message::Message;
use wingman_governance::protocol::input::Published;
use wingman_governance::protocol::row::{DeadReason, RefusalCode};

use crate::world::{World, asked, event, kinds, smuggle, until, until_settled};

async fn smuggle_event(world: &World, topic: &str, event: &CloudEvent) {
    smuggle(world, topic, event.to_message().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_genuine_event_goes_all_the_way_and_a_duplicate_only_acks() {
    let world = World::new();
    let running = world.start().await;
    for _ in 0..3 {
        smuggle_event(&world, "Asked", &asked("1", 7)).await;
    }
    until("the answer was heard", || world.heard() == 1).await;
    let reader = running.ledger().reader();
    until_settled(&reader).await;
    running.stop().await;
    assert_eq!((world.answered(), world.heard()), (1, 1));
    let kinds = kinds(&reader).unwrap();
    assert_eq!(kinds.iter().filter(|kind| *kind == "finished").count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_decode_is_quarantined_with_its_bytes() {
    let world = World::new();
    let running = world.start().await;
    smuggle(&world, "Asked", Message::new(&b"\xff not an event"[..])).await;
    smuggle(&world, "Asked", Message::new(Bytes::new())).await;
    let reader = running.ledger().reader();
    until("both are quarantined", || reader.dead_letters(10).unwrap().len() == 2).await;
    let letters = reader.dead_letters(10).unwrap();
    assert!(letters.iter().all(|letter| letter.reason == DeadReason::Malformed));
    assert!(letters.iter().any(|letter| &letter.original.payload[..] == b"\xff not an event"));
    assert!(letters.iter().all(|letter| letter.detail.contains("specversion")));
    running.stop().await;
    assert_eq!(world.answered(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_against_its_schema_is_quarantined_and_says_where() {
    let world = World::new();
    let running = world.start().await;
    smuggle_event(&world, "Asked", &event("1", "Asked", "{\"question\":-1}")).await;
    let reader = running.ledger().reader();
    until("it is quarantined", || reader.dead_letters(10).unwrap().len() == 1).await;
    let letter = reader.dead_letters(10).unwrap().remove(0);
    assert_eq!(letter.reason, DeadReason::SchemaMismatch);
    assert!(letter.detail.contains("/question"), "{}", letter.detail);
    assert_eq!(&letter.original.payload[..], b"{\"question\":-1}");
    running.stop().await;
    assert_eq!(world.answered(), 0);
}

/// Mere write access starts nothing: `Told` is the answerer's, and nothing recorded this one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_event_starts_nothing_and_suppresses_nothing() {
    let world = World::new();
    let running = world.start().await;
    smuggle_event(&world, "Told", &event("forged", "Told", "{\"answer\":1}")).await;
    let reader = running.ledger().reader();
    until("it is filed", || reader.dead_letters(10).unwrap().len() == 1).await;
    let letter = reader.dead_letters(10).unwrap().remove(0);
    assert_eq!(letter.reason, DeadReason::Unclaimed);
    assert_eq!(world.heard(), 0);
    running.publish(asked("1", 1)).await.unwrap();
    until("the genuine one is heard", || world.heard() == 1).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_event_under_a_known_identity_is_a_conflict() {
    let world = World::new();
    let running = world.start().await;
    running.publish(asked("1", 1)).await.unwrap();
    until("it is answered", || world.answered() == 1).await;
    match running.publish(asked("1", 2)).await.unwrap() {
        Published::Refused { code, .. } => assert_eq!(code, RefusalCode::IdentityConflict),
        other => panic!("{other:?}"),
    }
    smuggle_event(&world, "Asked", &asked("1", 3)).await;
    let reader = running.ledger().reader();
    until("it is filed", || reader.dead_letters(10).unwrap().len() == 1).await;
    running.stop().await;
    assert_eq!(world.answered(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_publishes_only_what_comes_from_outside() {
    let world = World::new();
    let running = world.start().await;
    let code_of = |published| match published {
        Published::Refused { code, detail } => (code, detail),
        other => panic!("{other:?}"),
    };
    let told = running.publish(event("1", "Told", "{\"answer\":1}")).await.unwrap();
    let (code, detail) = code_of(told);
    assert_eq!(code, RefusalCode::Scope);
    assert!(detail.contains("answerer"), "{detail}");
    let unknown = running.publish(event("2", "Unheard", "{}")).await.unwrap();
    assert_eq!(code_of(unknown).0, RefusalCode::Unrecorded);
    let wrong = running.publish(event("3", "Asked", "{}")).await.unwrap();
    assert!(code_of(wrong).1.contains("question"));
    running.stop().await;
    assert_eq!(world.answered(), 0);
}
