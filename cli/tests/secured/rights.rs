//! Who may do too little for a check is told so once, before any case fails for it.

use crate::brokers::Secured;
use crate::process::Place;

pub(crate) fn who_may_not_create(secured: &Secured) {
    let place = Place::new();
    let url = secured.as_user("limited:test");
    let [create, _] = secured.rights;
    let ended = place.run(&["check", &url]).refused(1, &[create, "use --read-only"]);
    assert!(!ended.out.contains("Guarantees"), "{ended:?}");
    let looked = place.run(&["check", &url, "--read-only"]).done();
    assert!(looked.out.contains("nothing was created"), "{looked:?}");
}

/// Where the right to remove is lacking, what was made to try it stands there then, and is named.
pub(crate) fn who_lacks_one(secured: &Secured) {
    let user = format!("maker-{}", std::process::id());
    (secured.make_user)(&user);
    let ended = Place::new().run(&["check", &secured.as_user(&format!("{user}:test"))]);
    let [_, right] = secured.rights;
    let ended = ended.refused(1, &[right, "use --read-only"]);
    assert!(!ended.out.contains("Guarantees"), "{ended:?}");
    let (_, prefix) = ended.err.split_once("groups named ").unwrap();
    let (prefix, _) = prefix.split_once('…').unwrap();
    let left = format!("the topic {prefix}-may-check is left behind");
    assert_eq!(ended.err.contains(&left), secured.left(prefix) > 0, "{ended:?}");
}
