//! Who is not let in is told why, and does not go on trying.

use crate::brokers::Secured;
use crate::counter::Counter;
use crate::process::{Ended, Place};

/// How often a command may connect before it ends: clients pause a little longer each time, ask again before they
/// believe a refusal, and take a second look at what they do not trust. One that spins connects thousands of times.
const TAKEN_MAX: usize = 60;

pub(crate) fn a_wrong_password(secured: &Secured) {
    let url = secured.as_user("wingman:hunter2");
    let ended = check(&url).refused(1, &["does not accept these credentials"]);
    assert!(!format!("{ended:?}").contains("hunter2"), "{ended:?}");
}

pub(crate) fn an_unknown_authority(secured: &Secured) {
    let unknown =
        "nobody trusted signed the broker's certificate: name its CA's certificate as ca_file";
    let stranger = secured.url().replace("ca.pem", "stranger.pem");
    check(&stranger).refused(1, &[unknown]);
}

/// Also a broker that is down looks like that: what is said names both.
pub(crate) fn a_way_without_tls(secured: &Secured) {
    let (with, without) = secured.plain;
    let url = secured.url();
    let (before, files) = url.split_once("ca_file=").unwrap();
    let more = files.split_once('&').map_or("", |(_, more)| more);
    let url = format!("{before}{more}").replace(with, without);
    let ended = check(&url);
    assert!(matches!(ended.code, Some(1 | 2)), "{ended:?}");
    let said = ["does one side speak TLS", "TLS (amqps://)"];
    assert!(said.iter().any(|said| ended.err.contains(said)), "{ended:?}");
}

/// Checks a broker by a way that counts, and fails if it was taken too often or something was certified.
fn check(url: &str) -> Ended {
    let (_, rest) = url.split_once("@localhost:").unwrap();
    let port = &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())];
    let counter = Counter::to(port.parse().unwrap());
    let url = url.replace(&format!(":{port}"), &format!(":{}", counter.port()));
    let ended = Place::new().run(&["check", &url]);
    assert!(!ended.out.contains("Guarantees"), "{ended:?}");
    assert!((1..=TAKEN_MAX).contains(&counter.taken()), "{} times: {ended:?}", counter.taken());
    ended
}
