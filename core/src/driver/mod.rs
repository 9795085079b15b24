//! What drivers have in common, so that each adapter holds only what is its broker's own.

mod ascending;
mod batch;
mod door;
mod provision;
mod schedule;
mod seats;
pub mod settings;
pub mod tls;
mod watermark;

pub use ascending::Ascending;
pub use batch::{Batch, fits, unsent};
pub use door::{Door, Inside};
pub use provision::{
    lacking, may_not_create, ours, provision_group, provision_topic, published_elsewhere,
};
pub use schedule::{Back, Lease, Schedule};
pub use seats::Seats;
pub use watermark::Watermark;
