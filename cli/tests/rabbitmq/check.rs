//! `wingman check` where the way to the broker lies.

use std::time::Duration;

use crate::on_broker::cases;
use crate::process::Place;
use crate::proxy::Proxy;
use crate::{count, url};

/// Longer than a check takes on a busy machine.
const CHECK_TIME: Duration = Duration::from_secs(240);

#[test]
fn a_broker_that_confirms_what_is_unroutable_fails_t1_and_nothing_else() {
    let server = url().strip_prefix("amqp://").unwrap().split('/').next().unwrap().to_owned();
    let proxy = Proxy::to(server);
    let place = Place::new();
    let ended = place.start(&["check", &proxy.url(), "--json"]).end_within(CHECK_TIME);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let report = ended.json();
    let failed: Vec<_> = cases(&report)
        .iter()
        .filter(|case| case["verdict"] == "fail")
        .map(|case| (case["guarantee"].as_str().unwrap(), case["name"].as_str().unwrap()))
        .collect();
    assert_eq!(failed, [("T1", "a_publish_that_nobody_hears_says_so")], "{report}");
    assert_eq!(report["left"].as_array().map(Vec::len), Some(0), "{report}");
    let prefix = report["prefix"].as_str().unwrap();
    assert_eq!(count("list_queues", prefix) + count("list_exchanges", prefix), 0);
}
