//! The agent event loop: a request is filtered by scope and permission, planned, put before a person,
//! executed, recorded, and undone if it fails. Seven handlers, five requests at once.

mod approver;
pub mod events;
mod folder;
pub mod handlers;
mod interpret;
mod report;
mod run;
pub mod tools;

pub use approver::{Answers, Scripted};
pub use events::EVENT_TYPES;
pub use folder::{Folder, FolderError};
pub use handlers::EXECUTOR;
pub use interpret::REQUESTS;
pub use report::{Outcome, Report, RequestReport};
pub use run::{AgentLoop, HANDLERS, LoopError};
