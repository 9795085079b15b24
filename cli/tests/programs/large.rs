//! A tree of 2,001 executions: its page has all of them, folded, and stays within its size.

use crate::browser::{PHONE, look};
use crate::ledgers::{self, LEAVES, PARTS};
use crate::pages::page_of;
use crate::process::Place;

/// What the documentation of `trace` says of pages: at most this much an execution, its event included.
const EXECUTION_BYTES_MAX: u64 = 3_072;

#[tokio::test(flavor = "multi_thread")]
async fn a_large_tree_renders_folded_and_within_its_size() {
    let place = Place::new();
    ledgers::large(&place).await;
    let page = page_of(&place, "large");
    let executions = u64::from(1 + PARTS + PARTS * LEAVES);
    let bytes = page.metadata().unwrap().len();
    println!("{bytes} bytes for {executions} executions: {} each", bytes / executions);
    assert!(bytes <= executions * EXECUTION_BYTES_MAX, "{bytes} bytes");
    let seen = look(&page, PHONE).well();
    let of = |kind: &str| seen.nodes().iter().filter(|it| it["kind"] == kind).count() as u64;
    // Each but the first follows from an event of its own.
    assert_eq!((of("execution"), of("event")), (executions, executions));
    let refused = seen.nodes().iter().filter(|it| it["badge"] == "refused P-01").count() as u32;
    assert_eq!(refused, (PARTS * LEAVES).div_ceil(7));
    // A reader meets a few of them at first.
    let at_first = seen.page["shownBefore"].as_u64().unwrap();
    assert!((1..200).contains(&at_first), "{at_first} executions are open at first");
}
