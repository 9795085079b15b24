//! The page of a check, as a browser shows it.

use crate::browser::{DESKTOP, PHONE, View, look};
use crate::process::Place;

#[test]
fn the_page_of_a_check_shows_every_guarantee_on_phones_and_in_both_schemes() {
    let place = Place::new();
    let check = ["check", "memory://", "--patience", "10", "--report", "check.html"];
    place.run(&check).done();
    let page = place.path("check.html");
    for view in [DESKTOP, PHONE, View { is_dark: true, ..PHONE }] {
        let seen = look(&page, view).well();
        let headings = seen.page["headings"].to_string();
        for part in ["Check of memory", "Guarantees", "What it can do", "Cases"] {
            assert!(headings.contains(part), "{part:?} is not in {headings}");
        }
    }
}
