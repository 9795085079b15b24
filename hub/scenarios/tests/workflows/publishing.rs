//! The publishing workflow: part 2 waits for part 1, one channel fails alone, and what nobody
//! verified is not released.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use wingman_core::event::CloudEvent;
use wingman_governance::audit::trace::{ExecutionNode, Trace};
use wingman_governance::ledger::StampRow;
use wingman_governance::protocol::input::Published;
use wingman_governance::protocol::row::{DeadReason, EffectState, Phase, RefusalCode};
use wingman_scenarios::publishing::Publishing;
use wingman_scenarios::{Folder, Outcome, Report};

use crate::stage::{self, edit, outcome};

const CHAIN: &str = "ordering: [ { chain: [DraftCreated, DraftVerified, DraftPolished, \
                     CitationsAttached, PublishPackageReady], key: draft_id, digest: { from: \
                     source_digest, out: draft_digest } } ]\n";

async fn run(root: &Path) -> Report {
    stage::run(&Publishing, root).await
}

fn outcomes(report: &Report) -> [Outcome; 4] {
    [1, 2, 3, 4].map(|number| outcome(report, number))
}

fn trace(report: &Report, number: usize) -> &Trace {
    &stage::request(report, number).trace
}

fn execution<'a>(report: &'a Report, number: usize, handler: &str) -> &'a ExecutionNode {
    let executions = trace(report, number).executions();
    executions.into_iter().find(|it| it.handler == handler).unwrap()
}

fn file(root: &Path, name: &str) -> Option<String> {
    fs::read_to_string(root.join("work").join(name)).ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_topic_comes_to_its_end_and_the_site_tells_so() {
    let root = TempDir::new().unwrap();
    let report = run(root.path()).await;
    let expected = [Outcome::Completed, Outcome::Completed, Outcome::Partial, Outcome::Refused];
    assert_eq!(outcomes(&report), expected);
    let events: Vec<&str> =
        trace(&report, 2).events().into_iter().map(|it| it.event_type.as_str()).collect();
    let stages = [
        "TopicSelected",
        "DraftCreated",
        "DraftVerified",
        "DraftPolished",
        "CitationsAttached",
        "PublishPackageReady",
        "ReleasePublished",
    ];
    assert_eq!(events[..7], stages);
    let page = file(root.path(), "site/tea-part-1-growing.md").unwrap();
    let text = "# Tea, part 1: growing\n\nTea grows best in cool hills with much rain. [1]\n\n\
                [1] Lu Yu, The Classic of Tea, 760\n";
    assert_eq!(page, text);
    assert!(file(root.path(), "site/the-moon-of-tea.md").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_channel_fails_with_its_reason_and_the_others_succeed() {
    let root = TempDir::new().unwrap();
    let report = run(root.path()).await;
    let newsletter = execution(&report, 3, "newsletter-sender");
    assert_eq!(newsletter.phase, Phase::DeadLettered { reason: DeadReason::Exhausted });
    let reasons: Vec<&str> = newsletter.failures.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(reasons, ["connection refused"; 3]);
    assert!(newsletter.effects.iter().all(|it| it.state == EffectState::Void));
    for channel in ["site-indexer", "feed-writer"] {
        let execution = execution(&report, 3, channel);
        assert_eq!(execution.phase, Phase::Finished);
        assert_eq!(execution.effects[0].state, EffectState::Applied);
    }
    assert!(file(root.path(), "site/index/coffee-prices.json").is_some());
    assert!(file(root.path(), "site/feed/coffee-prices.xml").is_some());
    // The same handler succeeds where the server of the list is up.
    let mail = file(root.path(), "mail/tea-friends.txt").unwrap();
    assert_eq!(mail.lines().count(), 2, "{mail}");
    assert!(mail.contains("New: Tea, part 1: growing"), "{mail}");
}

/// The stamps say so: part 2 was parked, part 1 finished, part 2 started, in this order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_too_early_waits_until_what_is_before_it_has_finished() {
    let root = TempDir::new().unwrap();
    let started = stage::start(&Publishing, root.path()).await;
    let report = stage::finish(&Publishing, &started).await;
    let reader = started.running().ledger().reader();
    let stamp = |number: usize, kind: &str| -> StampRow {
        let writer = execution(&report, number, "draft-writer");
        let stamps = reader.stamps_of(writer.id, 100).unwrap();
        stamps.into_iter().find(|it| it.kind == kind).unwrap()
    };
    let parked = stamp(1, "parked");
    assert!(parked.text.contains("\nreason order\n"), "{}", parked.text);
    let (finished, woken) = (stamp(2, "finished"), stamp(1, "started"));
    assert!(parked.index < finished.index && finished.index < woken.index);
    let waits = &execution(&report, 1, "draft-writer").waits;
    let [wait] = &waits[..] else { panic!("{waits:?}") };
    assert_eq!(wait.millis, woken.at_millis - parked.at_millis);
    assert!(execution(&report, 2, "draft-writer").waits.is_empty());
    started.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_verified_is_refused_before_the_release_runs() {
    let root = TempDir::new().unwrap();
    let report = run(root.path()).await;
    let release = execution(&report, 4, "release-packager");
    assert_eq!(release.phase, Phase::Refused { code: RefusalCode::Order });
    assert_eq!((release.attempts, release.effects.len()), (0, 0));
    let told = &release.emitted[0];
    assert_eq!(told.event_type, "ReleaseRefused");
    let reason = told.data.as_ref().unwrap()["reason"].clone();
    assert_eq!(reason, "PublishPackageReady comes from DraftDisputed, not from CitationsAttached");
}

/// Neither may a program hand in a package as if it were the formatter's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_cannot_publish_a_package() {
    let root = TempDir::new().unwrap();
    let started = stage::start(&Publishing, root.path()).await;
    let event = CloudEvent::new("1", "/wingman/final-formatter", "PublishPackageReady").unwrap();
    let published = started.running().publish(event.with_json("{}")).await.unwrap();
    let Published::Refused { code, .. } = published else { panic!("{published:?}") };
    assert_eq!(code, RefusalCode::Scope);
    started.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_chain_in_its_contract_the_release_takes_everything() {
    let root = TempDir::new().unwrap();
    Folder::prepare(&Publishing, root.path(), None).unwrap();
    edit(root.path(), CHAIN, "");
    let report = run(root.path()).await;
    assert_eq!(outcome(&report, 4), Outcome::Completed);
    let page = file(root.path(), "site/the-moon-of-tea.md").unwrap();
    assert_eq!(page, "The moon is made of tea!");
}

/// A lineage is exactly the steps of the chain: one with more steps is refused too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_of_other_steps_refuses_the_rest() {
    let root = TempDir::new().unwrap();
    Folder::prepare(&Publishing, root.path(), None).unwrap();
    edit(root.path(), "DraftVerified, DraftPolished, CitationsAttached, Pub", "DraftVerified, Pub");
    let report = run(root.path()).await;
    assert_eq!(outcomes(&report), [Outcome::Refused; 4]);
    assert!(file(root.path(), "site/coffee-prices.md").is_none());
}

/// Each stage but the fact checker changes the text; a chain that wants it unchanged fails on the
/// digests alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_that_were_not_made_from_each_other_are_refused() {
    let root = TempDir::new().unwrap();
    Folder::prepare(&Publishing, root.path(), None).unwrap();
    edit(root.path(), "from: source_digest, out", "from: draft_digest, out");
    let report = run(root.path()).await;
    assert_eq!(outcomes(&report), [Outcome::Refused; 4]);
    let told = &execution(&report, 2, "release-packager").emitted[0];
    let reason = told.data.as_ref().unwrap()["reason"].clone();
    let expected = "PublishPackageReady.draft_digest is not CitationsAttached.draft_digest";
    assert_eq!(reason, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_grant_nothing_is_published() {
    let root = TempDir::new().unwrap();
    Folder::prepare(&Publishing, root.path(), None).unwrap();
    edit(root.path(), "site.publish: write", "site.publish: read");
    let report = run(root.path()).await;
    assert_eq!(outcomes(&report), [Outcome::Refused; 4]);
    let told = &execution(&report, 2, "release-packager").emitted[0];
    assert_eq!(told.data.as_ref().unwrap()["code"], "P-02");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_sequence_in_its_contract_nothing_waits() {
    let root = TempDir::new().unwrap();
    Folder::prepare(&Publishing, root.path(), None).unwrap();
    edit(root.path(), "ordering: [ { sequence: { key: series } } ]\n", "");
    let report = run(root.path()).await;
    assert_eq!(outcome(&report, 1), Outcome::Completed);
    assert!(execution(&report, 1, "draft-writer").waits.is_empty());
}
