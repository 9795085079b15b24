//! Tests of the bus as a whole: on the memory broker with a clock that stands still, or on a
//! broker that does what a script says.

mod drain;
mod fake;
mod gate;
mod leases;
mod letters;
mod order;
mod program;
mod publish;
mod publish_calls;
mod pump;
mod queue;
mod retry;
mod settle;
mod storm;

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::event::{CloudEvent, Event, extension};
use crate::testing::TestBus;

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Serialize, Deserialize, Event)]
struct Job {
    key: String,
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(name = "JobDone", version = 2)]
struct Done {
    number: u32,
}

/// What handlers saw, in order.
#[derive(Debug, Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// Waits with a bound.
/// A small generator, so that a failing run can be repeated by its seed.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    const fn one_in(&mut self, sides: u64) -> bool {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).is_multiple_of(sides)
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it did not happen in time")
}

fn job(key: &str, number: u32) -> CloudEvent {
    let payload = Job { key: key.into(), number };
    let mut event = CloudEvent::new(format!("{key}{number}"), "/test", Job::TYPE).unwrap();
    if !key.is_empty() {
        event.set_extension(extension::PARTITION_KEY, key).unwrap();
    }
    event.with_json(serde_json::to_vec(&payload).unwrap())
}

async fn publish_jobs(bus: &TestBus, jobs: &[(&str, u32)]) {
    for (key, number) in jobs {
        bus.bus().publish(&job(key, *number)).await.unwrap();
    }
}
