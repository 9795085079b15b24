//! P-02 Permission Boundary: tools, and the only way for a handler to use them.

mod call;
mod missing;
mod recover;
mod tool;

pub use call::Tools;
pub(crate) use call::idempotency_key;
pub(crate) use recover::recover;
pub use tool::{Call, Probed, Tool, ToolError, ToolRegistry};
