//! Many keys, failing handlers and a broker that restarts, on two threads: nothing is lost (T1),
//! nothing overtakes within its key, and a key runs one at a time (T3).

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Dice, Job, job, within};
use crate::bus::RetrySchedule;
use crate::bus::backoff::seed;
use crate::handler::{Failure, Incoming};
use crate::testing::TestBus;

const KEYS: u32 = 10;
const NUMBERS: u32 = 30;

#[derive(Debug, Default)]
struct Record {
    /// The first time that each number of a key was handled, in order.
    first: HashMap<String, Vec<u32>>,
    done: HashSet<(String, u32)>,
    running: HashSet<String>,
}

impl Record {
    fn start(&mut self, key: &str, number: u32) {
        assert!(self.running.insert(key.to_owned()), "{key} ran twice at once");
        let first = self.first.entry(key.to_owned()).or_default();
        if !first.contains(&number) {
            first.push(number);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_overtakes() {
    let seed = seed();
    println!("seed {seed}");
    let dice = Arc::new(Mutex::new(Dice(seed)));
    let record = Arc::new(Mutex::new(Record::default()));
    let bus = TestBus::new();
    let handler = {
        let (dice, record) = (dice.clone(), record.clone());
        move |job: Incoming<Job>| {
            let (dice, record) = (dice.clone(), record.clone());
            async move {
                let key = job.key.clone();
                record.lock().unwrap().start(&key, job.number);
                let slow = dice.lock().unwrap().one_in(2);
                if slow {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                let fails = dice.lock().unwrap().one_in(8);
                let mut record = record.lock().unwrap();
                record.running.remove(&key);
                if fails {
                    return Err(Failure::environmental("bad luck"));
                }
                record.done.insert((key, job.number));
                Ok(())
            }
        }
    };
    let subscription = bus.subscribe_with("worker", handler, |options| {
        options.in_flight_max = NonZeroUsize::new(40).unwrap();
        options.retry = RetrySchedule::new([Duration::from_millis(10); 30]).unwrap();
    });
    let subscription = subscription.await.unwrap();
    for number in 0..NUMBERS {
        for key in 0..KEYS {
            bus.bus().publish(&job(&format!("k{key}"), number)).await.unwrap();
        }
        let restarts = dice.lock().unwrap().one_in(5);
        if restarts {
            bus.transport().restart();
        }
        bus.advance(Duration::from_millis(200)).await;
    }
    let all = (KEYS * NUMBERS) as usize;
    let finish = async {
        while record.lock().unwrap().done.len() < all {
            bus.advance(Duration::from_millis(100)).await;
        }
        while subscription.status().counts.in_flight() > 0 {
            bus.advance(Duration::from_millis(100)).await;
        }
    };
    within(finish).await;
    let record = record.lock().unwrap();
    for (key, first) in &record.first {
        assert!(first.is_sorted(), "seed {seed}: {key} {first:?}");
        assert_eq!(first.len(), NUMBERS as usize, "seed {seed}: {key}");
    }
    assert_eq!(subscription.status().counts.dead_lettered, 0);
}
