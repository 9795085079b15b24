//! `wingman check` where the broker, or the way to it, is not as it should be.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::on_broker::cases;
use crate::process::{Ended, Place};
use crate::proxy::{Lie, Proxy};
use crate::{address, ask, keys_of, url};

/// Each case may wait four times its patience for what never comes.
const CHECK_TIME: Duration = Duration::from_secs(240);

fn verdict<'a>(report: &'a Value, guarantee: &str) -> &'a Value {
    let guarantees = report["guarantees"].as_array().unwrap();
    &guarantees.iter().find(|it| it["id"] == guarantee).unwrap()["verdict"]
}

#[test]
fn a_broker_that_drops_every_tenth_message_fails_t1() {
    let proxy = Proxy::to(address(), Lie::DropsEveryTenth);
    let place = Place::new();
    let check = ["check", &proxy.url(), "--patience", "3", "--report", "check.json"];
    let Ended { code, out, .. } = place.start(&check).end_within(CHECK_TIME);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("T1 no loss fails: transport::parallel_publishers_lose_nothing"), "{out}");
    let report: Value = serde_json::from_str(&place.read("check.json")).unwrap();
    assert_eq!(verdict(&report, "T1"), "fail");
    assert_eq!(report["passed"], false);
    let lost = cases(&report).iter().find(|it| it["name"] == "parallel_publishers_lose_nothing");
    // Of eight times fifty messages on one stream.
    let why = lost.unwrap()["why"].as_str().unwrap();
    assert!(why.contains("expected 400 deliveries, seen 360"), "{why}");
    // What it made is removed although it failed.
    assert_eq!(report["left"].as_array().map(Vec::len), Some(0), "{report}");
    assert_eq!(keys_of(report["prefix"].as_str().unwrap()), 0);
}

/// The same way without a lie fails nothing.
#[test]
fn an_honest_way_to_the_broker_fails_nothing() {
    let proxy = Proxy::to(address(), Lie::None);
    let place = Place::new();
    let check = place.start(&["check", &proxy.url(), "--json"]);
    let report = check.end_within(CHECK_TIME).done().json();
    assert_eq!((&report["passed"], verdict(&report, "T1")), (&true.into(), &"pass".into()));
    assert!(proxy.messages() > 400);
}

#[test]
fn a_read_only_check_asks_only_what_changes_nothing() {
    let proxy = Proxy::to(address(), Lie::None);
    let check = ["check", &proxy.url(), "--read-only", "--topic", "nothing-of-this-name"];
    Place::new().run(&check).refused(1, &[]);
    let harmless = ["CLIENT", "EXISTS", "HELLO", "INFO", "PING", "TYPE", "XINFO", "XLEN"];
    let heard = proxy.heard();
    assert!(heard.contains(&"INFO".to_owned()), "{heard:?}");
    assert!(heard.iter().all(|name| harmless.contains(&name.as_str())), "{heard:?}");
}

#[test]
fn asked_twice_to_stop_it_ends_at_once() {
    let proxy = Proxy::to(address(), Lie::None);
    let place = Place::new();
    let mut check = place.start(&["check", &proxy.url(), "--cases"]);
    check.wait_for_output("pass");
    // Nothing can be removed any more: it would try for as long as it has patience.
    proxy.lies(Lie::Silent);
    check.signal("TERM");
    check.wait_for("removing what was made");
    let asked_again = Instant::now();
    check.signal("INT");
    let ended = check.end();
    let took = asked_again.elapsed();
    ended.refused(130, &["ended at once", "may be left on the broker"]);
    assert!(took < Duration::from_secs(5), "{took:?}");
}

/// A user who may make nothing is told so once, before any case fails for it.
#[test]
fn a_user_who_may_not_create_is_sent_to_read_only() {
    let user = format!("looker-{}", std::process::id());
    let rules = "on >secret ~elsewhere:* +@all";
    assert!(ask(&format!("ACL SETUSER {user} {rules}")).contains("+OK"));
    let url = url().replace("redis://", &format!("redis://{user}:secret@"));
    let place = Place::new();
    let refused = place.run(&["check", &url]);
    let looked = place.run(&["check", &url, "--read-only"]);
    ask(&format!("ACL DELUSER {user}"));
    refused.refused(1, &["use --read-only"]);
    let looked = looked.done();
    assert!(looked.out.contains("nothing was created"), "{looked:?}");
    assert!(!looked.out.contains("secret"), "{looked:?}");
}
