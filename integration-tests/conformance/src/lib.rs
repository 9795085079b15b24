//! The conformance suite: what every transport must do, as tables of cases that any test runner
//! can drive.
//!
//! An adapter author implements [`Backend`] for a broker that is running, and calls [`run_case`]
//! for each of [`TRANSPORT_CASES`]. A case needs capabilities; where they are absent, it checks
//! instead that asking for them is refused by type. Nothing is skipped.

mod actors;
mod backend;
mod case;
mod choices;
mod environment;
mod expect;
mod transport;

pub use backend::{Backend, Faults, Offer, Timing};
pub use case::{Case, Mode, Report, Run, run_case};
pub use environment::Environment;
pub use expect::{Failure, Verdict};
pub use transport::TRANSPORT_CASES;
