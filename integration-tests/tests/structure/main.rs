//! The rules of the code itself: how files look, who may depend on whom, and what may be pulled in.

mod allowed;
mod dependencies;
mod files;
mod licence;

use std::path::{Path, PathBuf};

/// The root of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("this crate is one level below the root").to_path_buf()
}

/// Fails with every finding at once, so that nobody mends them one by one.
#[track_caller]
fn assert_none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}
