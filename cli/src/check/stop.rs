//! How a check is stopped: asked once, it removes what it made; asked again, it ends at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::print;
use crate::problem::Problem;

/// As shells count a program that Ctrl-C ended.
const EXIT_CODE: i32 = 130;

/// Whether somebody asked for an end.
#[derive(Debug, Clone)]
pub(super) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Asked for by Ctrl-C (SIGINT) or SIGTERM.
    pub(super) fn on_signals() -> Result<Self, Problem> {
        let (asked, stop) = watch::channel(false);
        let mut signals = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::spawn(async move {
            either(&mut signals).await;
            print::note("interrupted: removing what was made; once more ends it at once");
            asked.send_replace(true);
            either(&mut signals).await;
            print::note("ended at once: topics and groups of this check may be left on the broker");
            std::process::exit(EXIT_CODE);
        });
        Ok(Self(stop))
    }

    /// Whether it was asked for.
    pub(super) fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when it is asked for.
    pub(super) async fn asked(&mut self) {
        if self.0.wait_for(|asked| *asked).await.is_err() {
            // Nobody is left to ask.
            std::future::pending().await
        }
    }
}

async fn either((interrupt, terminate): &mut (Signal, Signal)) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
