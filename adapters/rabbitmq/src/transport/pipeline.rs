//! Several calls on one channel, without waiting for one before the next.

use std::pin::Pin;
use std::task::{Context, Waker};

use futures_util::future::MaybeDone;

/// Looks at each call once, in order: the client writes what it is asked to at the first look.
/// Whoever waits for a call then is woken by it.
pub(crate) fn begin<'a, F: Future + 'a>(
    calls: impl Iterator<Item = &'a mut Pin<Box<MaybeDone<F>>>>,
) {
    let mut context = Context::from_waker(Waker::noop());
    for call in calls {
        // What it says is kept until it is asked for.
        let _ = call.as_mut().poll(&mut context);
    }
}
