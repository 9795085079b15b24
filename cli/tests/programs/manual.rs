//! Manual pages, judged by groff with every warning on.

use std::fs;
use std::process::Command;

use crate::process::Place;

#[test]
fn every_command_has_a_page_without_warnings() {
    let place = Place::new();
    place.run(&["man", "--out", "man"]).done();
    let mut names = Vec::new();
    for entry in fs::read_dir(place.path("man")).unwrap() {
        let path = entry.unwrap().path();
        let ended = Command::new("groff")
            .args(["-man", "-Tutf8", "-ww", "-z"])
            .arg(&path)
            .output()
            .expect("groff is missing: integration-tests/test.sh installs it");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && said.is_empty(), "{}: {said}", path.display());
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    for name in ["wingman.1", "wingman-demo.1", "wingman-audit-verify.1", "wingman-trace.1"] {
        assert!(names.iter().any(|it| it == name), "{name} is not among {names:?}");
    }
}
