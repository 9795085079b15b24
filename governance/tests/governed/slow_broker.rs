//! R2: the lease of a process holds however long its broker takes to let it subscribe.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use wingman_core::bus::Bus;
use wingman_governance::ledger::Reader;
use wingman_governance::protocol::settings::Settings;

use crate::broker::Broker;
use crate::world::{World, kinds, until};

const LEASE: Duration = Duration::from_millis(900);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lease_is_renewed_while_the_broker_keeps_a_subscription_waiting() {
    let world = World::new();
    let gate = Arc::new(Semaphore::new(0));
    let slow = Broker { gate: Some(Arc::clone(&gate)), ..Broker::over(&world) };
    let settings = Settings { worker_lease: LEASE, ..Settings::default() };
    let governor = world.governor_on(Bus::new(Arc::new(slow))).settings(settings);
    let starting = tokio::spawn(governor.start());
    let url = world.url();
    let expiry = || Reader::open(&url).ok()?.workers().ok()?.pop().map(|it| it.expires_millis);
    until("it has joined", || expiry().is_some()).await;
    let first = expiry().unwrap();
    // Twice the lease: without renewal it would have ended.
    let later = first + 2 * LEASE.as_millis() as u64;
    until("its lease was renewed", || expiry().unwrap() >= later).await;
    assert!(!starting.is_finished(), "its broker keeps it waiting");
    gate.add_permits(Semaphore::MAX_PERMITS);
    let running = starting.await.unwrap().unwrap();
    let seen = kinds(&running.ledger().reader()).unwrap();
    running.stop().await;
    assert!(!seen.contains(&"worker_lost".to_owned()), "{seen:?}");
}
