//! What a governed run carries: who it is, and the way back to ledger, tools and contracts.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wingman_core::handler::{Failure, Request};

use super::core::Core;
use crate::protocol::id::HandlerName;
use crate::protocol::input::{Delivered, HandedIn, Objection, Started};
use crate::protocol::settings::Mode;

/// Objections that one run takes down; those of tool calls are stamped with the calls.
const OBJECTIONS_MAX: usize = 64;

/// One run of a handler, shared by its extractors.
pub(crate) struct RunContext {
    pub(crate) core: Arc<Core>,
    pub(crate) who: HandlerName,
    pub(crate) started: Started,
    /// What was received; `None` for a parked delivery, which the ledger has.
    pub(crate) delivered: Option<Arc<Delivered>>,
    calls: AtomicU32,
    fence: AtomicBool,
    interrupted: AtomicBool,
    objections: Mutex<Vec<Objection>>,
    handed_in: Mutex<HandedIn>,
}

impl RunContext {
    pub(crate) fn new(
        core: Arc<Core>,
        who: HandlerName,
        started: Started,
        delivered: Option<Arc<Delivered>>,
    ) -> Self {
        let (calls, fence) = (AtomicU32::new(0), AtomicBool::new(false));
        let interrupted = AtomicBool::new(false);
        let (objections, handed_in) = (Mutex::default(), Mutex::default());
        Self { core, who, started, delivered, calls, fence, interrupted, objections, handed_in }
    }

    /// The context of a request; a failure if its handler is not governed.
    pub(crate) fn of(request: &Request) -> Result<Arc<Self>, Failure> {
        request
            .context
            .clone()
            .and_then(|context| context.downcast::<Self>().ok())
            .ok_or_else(|| Failure::structural("this argument needs a governor around the bus"))
    }

    /// The number of the next tool call of this attempt.
    pub(crate) fn next_call(&self) -> u32 {
        self.calls.fetch_add(1, Ordering::Relaxed)
    }

    /// Asks for the tree to be fenced when this run finishes.
    pub(crate) fn request_fence(&self) {
        self.fence.store(true, Ordering::Relaxed);
    }

    pub(crate) fn wants_fence(&self) -> bool {
        self.fence.load(Ordering::Relaxed)
    }

    /// Whether what the engines refuse is only noted; then it is taken down here, and stamped when the
    /// run ends.
    pub(crate) fn only_observes(&self, objection: impl FnOnce() -> Objection) -> bool {
        match self.core.settings.mode {
            Mode::Enforce => false,
            Mode::Observe => {
                let mut objections = self.objections();
                if objections.len() < OBJECTIONS_MAX {
                    objections.push(objection());
                }
                true
            }
        }
    }

    /// What was taken down so far.
    pub(crate) fn take_objections(&self) -> Vec<Objection> {
        std::mem::take(&mut self.objections())
    }

    fn objections(&self) -> MutexGuard<'_, Vec<Objection>> {
        self.objections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the handler gives beside its outputs (P-05).
    pub(crate) fn handed_in(&self) -> MutexGuard<'_, HandedIn> {
        self.handed_in.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A halt stopped this run at a tool call: it begins again after the resume, and no attempt
    /// counts (G6).
    pub(crate) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}
