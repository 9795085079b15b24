//! The conformance suite: what every transport must do, and the bus on it, as tables of cases that
//! any test runner can drive.
//!
//! An adapter author implements [`Backend`] for a broker that is running, and calls [`run_case`]
//! for each of [`TRANSPORT_CASES`] and [`BUS_CASES`]. What runs the handlers of the latter is a
//! [`Harness`]: [`PlainBus`], or a governor. A case needs capabilities; where they are absent, it checks
//! instead that asking for them is refused by type. Nothing is skipped.

mod actors;
mod backend;
mod bus;
mod case;
mod choices;
mod environment;
mod expect;
mod footprint;
mod guarantee;
mod harness;
mod narrow;
mod transport;

pub use backend::{Backend, Faults, Lacks, Offer, Timing};
pub use bus::BUS_CASES;
pub use case::{Case, Mode, Report, Run, run_case, run_case_until};
pub use choices::Choices;
pub use environment::Environment;
pub use expect::{Failure, Verdict};
pub use guarantee::Guarantee;
pub use harness::{
    ASKED, GivenUp, Harness, LISTENER, PlainBus, Process, STRAY, TELLER, TOLD, Why, Work,
};
pub use transport::TRANSPORT_CASES;
