//! Governed event handlers on the message broker a team already has.
//!
//! [`connect`] opens a broker by its URL; [`Governor`] puts contracts, a ledger and tools around it.
//! Everything of [`wingman_core`] and [`wingman_governance`] is reachable from here.

pub use wingman_adapters::Config;
pub use wingman_core::{self as core, Error, Kind, Result};
pub use wingman_governance::{self as governance, Governor};

use wingman_core::bus::Bus;

/// Connects to a broker by its URL: `memory://`, or `redis://host:port` with the feature `redis`.
///
/// A broker that is down is no error here: subscriptions keep trying and say so.
///
/// # Errors
/// [`Kind::Configuration`] for an unknown scheme or key, naming the known ones;
/// [`Kind::Unsupported`] for a scheme whose feature is off or that does not exist yet;
/// [`Kind::Unauthenticated`] if the broker does not know the credentials.
pub async fn connect(url: &str) -> Result<Bus> {
    Ok(Bus::new(wingman_adapters::open(url).await?))
}

/// Connects with settings: typed, or from a file by [`Config::from_file`] and [`Config::from_toml`].
///
/// # Errors
/// Those of [`connect`].
pub async fn connect_with(config: Config) -> Result<Bus> {
    Ok(Bus::new(wingman_adapters::open_with(config).await?))
}

/// The traits; the derive macros of the same names come from elsewhere, see [`prelude`].
mod traits {
    pub use wingman_core::event::Event;
    pub use wingman_core::handler::Emit;
}

/// What most programs use.
pub mod prelude {
    pub use crate::{Config, connect, connect_with};
    // The macros shadow those of the glob: these name `wingman_hub` in what they write.
    pub use crate::traits::*;
    pub use wingman_core::derive_for_hub::{HubEmit as Emit, HubEvent as Event};

    pub use wingman_core::bus::{Bus, Declared, Place, Queue};
    pub use wingman_core::event::{CloudEvent, Output};
    pub use wingman_core::handler::{Attempt, Failure, Fault, Incoming, Refusal};
    pub use wingman_governance::Governor;
    pub use wingman_governance::audit::{
        Account, ClaimType, Coherence, Proofs, SourceIntegrity, UncertaintyLevel,
    };
    pub use wingman_governance::contract::{Contracts, EventContract, HandlerContract, Level};
    pub use wingman_governance::handshake::{Answer, Approved};
    pub use wingman_governance::permission::{Tool, ToolError, Tools};
    pub use wingman_governance::rollback::Rollback;
    pub use wingman_governance::scope::Boundaries;
}
