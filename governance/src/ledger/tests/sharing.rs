//! Several writers on one file.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Place, arrival, ask, handle_one, join, start};
use crate::ledger::verify;
use crate::protocol::id::WorkerId;
use crate::protocol::input::{Input, Judged, Reply};
use crate::protocol::row::Target;

#[tokio::test]
async fn two_ledgers_on_one_file_see_each_others_work_at_once() {
    let place = Place::new();
    let (one, two) = (place.open().await, place.open().await);
    assert_eq!(one.id(), two.id());
    let (first, second) = (join(&one).await, join(&two).await);
    assert!(first.epoch < second.epoch);
    let order = place.order();
    start(&one, first, &order).await;
    // The other process must not start what the first one runs.
    let held = ask(&two, arrival(second, &order)).await;
    assert!(matches!(held, Reply::Judged(Judged::Hold(_))), "{held:?}");
    ask(&two, Input::Command { target: Target::All, halt: true, by: "anna".into() }).await;
    let halted = ask(&one, arrival(first, &place.order())).await;
    assert!(matches!(halted, Reply::Judged(Judged::Hold(_))), "{halted:?}");
}

/// That there is none is remembered, and holds only until somebody writes.
#[tokio::test]
async fn a_fence_holds_for_a_ledger_that_knew_of_none() {
    let place = Place::new();
    let (one, two) = (place.open().await, place.open().await);
    let claim = join(&one).await;
    start(&one, claim, &place.order()).await;
    for fencing in [&two, &one] {
        let order = place.order();
        ask(fencing, Input::Fence { tree: order.correlation().into() }).await;
        let judged = ask(&one, arrival(claim, &order)).await;
        assert!(matches!(judged, Reply::Judged(Judged::Ack)), "{judged:?}");
        start(&one, claim, &place.order()).await;
    }
}

#[tokio::test]
async fn both_get_on_while_both_write_and_the_log_stays_one() {
    let place = std::sync::Arc::new(Place::new());
    let mut tasks = Vec::new();
    for _ in 0..2 {
        let place = std::sync::Arc::clone(&place);
        tasks.push(tokio::spawn(async move {
            let ledger = place.open().await;
            let claim = join(&ledger).await;
            for _ in 0..50 {
                handle_one(&place, &ledger, claim).await;
            }
            ledger.close().await.unwrap();
        }));
    }
    for task in tasks {
        tokio::time::timeout(std::time::Duration::from_secs(60), task).await.unwrap().unwrap();
    }
    // Opening recomputes the root and checks it against both checkpoints.
    place.open().await.close().await.unwrap();
}

/// The folder of the place that a child process works in.
const FOLDER: &str = "WINGMAN_LEDGER_TEST_FOLDER";

/// Runs one test of this file in a process of its own.
fn child(place: &Place, test: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("ledger::tests::sharing::{test}"), "--nocapture"])
        .env(FOLDER, place.file(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The place of the parent, in the child.
fn place_of_parent() -> Option<Place> {
    std::env::var_os(FOLDER).map(|folder| Place::of(folder.into()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_gets_in_while_one_writes_without_a_pause() {
    const TEST: &str = "another_process_gets_in_while_one_writes_without_a_pause";
    if let Some(place) = place_of_parent() {
        let ledger = place.open().await;
        let claim = join(&ledger).await;
        for _ in 0..10 {
            handle_one(&place, &ledger, claim).await;
        }
        ledger.close().await.unwrap();
        return;
    }
    let place = Arc::new(Place::new());
    let ledger = place.open().await;
    let claim = join(&ledger).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (place, ledger, stop) = (Arc::clone(&place), ledger.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    super::handle(&place, &ledger, claim, 50).await;
                }
            })
        })
        .collect();
    let mut other = child(&place, TEST);
    let started = Instant::now();
    let ended = tokio::task::spawn_blocking(move || other.wait()).await.unwrap().unwrap();
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(ended.success(), "the other process failed after {:?}", started.elapsed());
    ledger.close().await.unwrap();
    let found = verify(&place.url(), None).unwrap();
    assert!(found.is_sound(), "{found}");
}

#[tokio::test]
async fn a_killed_process_is_known_to_be_dead_at_once() {
    const TEST: &str = "a_killed_process_is_known_to_be_dead_at_once";
    if let Some(place) = place_of_parent() {
        let ledger = place.open().await;
        let worker = WorkerId(crate::digest::Digest::of(b"child"));
        let _lock = ledger.lock_worker(worker).unwrap();
        println!("locked");
        std::io::stdout().flush().unwrap();
        // Until the parent kills this process, or is gone itself.
        let _ = std::io::stdin().read_line(&mut String::new());
        return;
    }
    let place = Place::new();
    let ledger = place.open().await;
    let worker = WorkerId(crate::digest::Digest::of(b"child"));
    let mut other = child(&place, TEST);
    let lines = BufReader::new(other.stdout.take().unwrap()).lines();
    let locked = lines.map_while(Result::ok).any(|line| line.ends_with("locked"));
    assert!(locked);
    assert!(!ledger.is_dead(worker));
    other.kill().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    other.wait().unwrap();
    while !ledger.is_dead(worker) {
        assert!(Instant::now() < deadline, "its lock outlives it");
        std::thread::yield_now();
    }
}
