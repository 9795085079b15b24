//! Workflows that demo, examples and tests share: what each brings along is a [`Scenario`], what all
//! do the same way is a [`Run`].

pub mod agent_loop;
mod approver;
mod folder;
pub mod publishing;
mod report;
mod run;
mod scenario;
pub mod tools;

pub use approver::Answers;
pub use folder::{Folder, FolderError};
pub use report::{Outcome, Report, RequestReport};
pub use run::{Run, RunError};
pub use scenario::{Begin, Files, Scenario};
