//! Text of others stays text: escaped, and where escaping failed, inert.

use std::fs;

use crate::browser::{DESKTOP, look};
use crate::ledgers::{self, HOSTILE};
use crate::pages::page_of;
use crate::process::Place;

#[tokio::test(flavor = "multi_thread")]
async fn names_and_texts_of_others_make_no_markup() {
    let place = Place::new();
    ledgers::hostile(&place).await;
    let page = page_of(&place, HOSTILE);
    let seen = look(&page, DESKTOP).well();
    assert_eq!(seen.page["isHacked"], false);
    // The page's own script, and nothing that the text would have made.
    let foreign = seen.page["foreign"].as_array().unwrap();
    assert_eq!(foreign.len(), 1, "{foreign:?}");
    assert!(foreign[0].as_str().unwrap().starts_with("<script>// Comfort only"), "{foreign:?}");
    assert_eq!(seen.page["resources"].to_string(), "[]");
    // It was all shown, character for character: by a refusal, a failure and a call.
    let notes: Vec<&str> = seen
        .nodes()
        .iter()
        .flat_map(|node| node["notes"].as_array().unwrap())
        .map(|note| note.as_str().unwrap())
        .collect();
    for beginning in ["P-01 ", "attempt 1 failed ", "applied echo "] {
        let shown = notes.iter().any(|it| it.starts_with(beginning) && it.contains(HOSTILE));
        assert!(shown, "{beginning:?} and the text are in no note: {notes:#?}");
    }
}

/// The second line of defence: a page into which markup did get runs and loads none of it.
#[test]
fn markup_that_got_into_a_page_is_inert() {
    let place = Place::with_demo();
    let page = place.path("demo/demo.html");
    let text = fs::read_to_string(&page).unwrap();
    let (head, body) = text.split_once("<main").unwrap();
    let spoilt = format!(
        "{head}<script>hacked=1</script><img src=x onerror=hacked=2><p style=position:fixed>x</p><main{body}"
    );
    fs::write(&page, spoilt).unwrap();
    let seen = look(&page, DESKTOP);
    assert_eq!(seen.page["isHacked"], false);
    assert_eq!(seen.page["foreign"].as_array().unwrap().len(), 4);
    for part in ["inline script", "inline event handler", "inline style", "Loading the image"] {
        let said = seen.complaints.iter().any(|it| it.contains(part) && it.contains("violates"));
        assert!(said, "{part:?} was not stopped: {:#?}", seen.complaints);
    }
}
