//! T1, R5: an output whose consumer has no group yet waits for it, where the broker keeps nothing for those who come
//! later; and if none comes the ledger says so.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use wingman_core::bus::Bus;
use wingman_governance::Running;
use wingman_governance::contract::{Contracts, EventContract, HandlerContract};
use wingman_governance::protocol::settings::Settings;

use crate::broker::{Broker, Silence};
use crate::world::{World, asked, kinds, until, until_settled};

/// A bus on a broker where nobody listens to `Told`.
fn silent_bus(world: &World) -> (Bus, Arc<Silence>) {
    let silence = Arc::new(Silence::default());
    *silence.topic.lock().unwrap() = Some("Told");
    let broker = Broker { silence: Some(Arc::clone(&silence)), ..Broker::over(world) };
    (Bus::new(Arc::new(broker)), silence)
}

/// A governor on such a broker, which has been asked.
async fn unheard(world: &World, unheard_max: Duration) -> (Running, Arc<Silence>) {
    let (bus, silence) = silent_bus(world);
    let settings = Settings { unheard_max, ..Settings::default() };
    let running = world.governor_on(bus.clone()).settings(settings).start().await.unwrap();
    bus.publish(&asked("1", 1)).await.unwrap();
    (running, silence)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_output_waits_until_its_consumer_listens() {
    let world = World::new();
    let started = Instant::now();
    let (running, silence) = unheard(&world, Duration::from_secs(600)).await;
    until("it was tried again", || silence.unheard.load(Ordering::SeqCst) >= 3).await;
    let tries = u128::from(silence.unheard.load(Ordering::SeqCst));
    assert!(
        tries <= 1 + started.elapsed().as_millis() / 250,
        "{tries} tries: four a second at most"
    );
    let reader = running.ledger().reader();
    assert!(!kinds(&reader).unwrap().contains(&"emitted".to_owned()), "nobody has it");
    *silence.topic.lock().unwrap() = None;
    until("it is heard", || world.heard() == 1).await;
    until_settled(&reader).await;
    assert!(kinds(&reader).unwrap().contains(&"emitted".to_owned()));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_output_that_no_consumer_came_for_is_undeliverable() {
    let world = World::new();
    let (running, _) = unheard(&world, Duration::ZERO).await;
    let reader = running.ledger().reader();
    until("it is told", || kinds(&reader).unwrap().contains(&"undeliverable".to_owned())).await;
    until_settled(&reader).await;
    assert_eq!(world.heard(), 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_output_that_nobody_is_to_consume_waits_for_nobody() {
    let contracts = Contracts::builder()
        .event(EventContract::new("Asked", 1).purpose("A question").external())
        .event(EventContract::new("Told", 1).purpose("An answer").producer("answerer"))
        .event(EventContract::new("Other", 1).purpose("Something else").external())
        .handler(HandlerContract::new("answerer").mission("Answer").consumes("Asked").emits("Told"))
        .handler(HandlerContract::new("listener").mission("Listen").consumes("Other"));
    let world = World::with(contracts.build().unwrap());
    let (bus, silence) = silent_bus(&world);
    let running = world.answerer_on(bus.clone()).start().await.unwrap();
    bus.publish(&asked("1", 1)).await.unwrap();
    let reader = running.ledger().reader();
    until("it has left", || kinds(&reader).unwrap().contains(&"emitted".to_owned())).await;
    assert_eq!(silence.unheard.load(Ordering::SeqCst), 1);
    running.stop().await;
}
