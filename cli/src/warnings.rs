//! What the library warns of, such as a broker that is down: shown on standard error.

use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::print;

/// Shows warnings and errors from here on.
pub(crate) fn show() {
    // A second one in a process is refused; there is only this one.
    let _ = tracing::subscriber::set_global_default(Warnings);
}

/// Shows none from here on: what follows is provoked on purpose.
pub(crate) fn mute() {
    IS_MUTE.store(true, Ordering::Relaxed);
}

static IS_MUTE: AtomicBool = AtomicBool::new(false);

struct Warnings;

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // What a library of a library has to say is not for the user of this command.
        *metadata.level() <= Level::WARN && metadata.target().starts_with("wingman")
    }

    fn event(&self, event: &Event<'_>) {
        if IS_MUTE.load(Ordering::Relaxed) {
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        print::note(format!("warning: {}{}", text.message, text.fields));
    }

    // No spans are shown: all of them may share one identity.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing into a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, ", {name} {value:?}"),
        };
    }
}
