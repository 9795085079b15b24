//! How far long work is: on standard error, only where that is a terminal, and never beside JSON.

use std::io::{IsTerminal as _, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that takes less is over before anybody wonders.
const AFTER: Duration = Duration::from_millis(300);

/// How it looks where the whole is known, and where it is not.
const COUNTED: &str = "{prefix} {wide_bar} {msg} {elapsed}";
const UNCOUNTED: &str = "{spinner} {prefix} {msg} {elapsed}";

/// The bar that is on the terminal now, so that other lines go beside it.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Progress of one piece of work; gone from the terminal when it is dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    began: Instant,
    is_wanted: bool,
}

impl Progress {
    /// Work that has begun.
    pub(crate) fn new(json: bool, what: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_prefix(what);
        Self { bar, began: Instant::now(), is_wanted: !json && stderr().is_terminal() }
    }

    /// Whether there is anybody to see it.
    pub(crate) fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// So much of so much is done, in words too.
    pub(crate) fn at(&self, done: u64, of: u64, words: impl FnOnce() -> String) {
        if self.is_due() {
            self.bar.set_length(of);
            self.bar.set_position(done.min(of));
            self.show(COUNTED, words());
        }
    }

    /// It goes on, nobody knows for how long.
    pub(crate) fn say(&self, words: impl FnOnce() -> String) {
        if self.is_due() {
            self.show(UNCOUNTED, words());
        }
    }

    fn is_due(&self) -> bool {
        self.is_wanted && self.began.elapsed() >= AFTER
    }

    fn show(&self, template: &str, words: String) {
        if self.bar.is_hidden() {
            // Both templates are good: a test shows them.
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.bar.set_style(style.progress_chars("━╸ "));
            }
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            *shown() = Some(self.bar.clone());
        }
        self.bar.set_message(words);
        self.bar.tick();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        *shown() = None;
    }
}

/// Writes something to a terminal that may show progress.
pub(crate) fn aside<T>(write: impl FnOnce() -> T) -> T {
    let bar = shown().clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

fn shown() -> std::sync::MutexGuard<'static, Option<ProgressBar>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_templates_are_good() {
        for template in [COUNTED, UNCOUNTED] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
