//! The tools of the agent loop: real files in a work folder, and a notifier that really connects.

mod files;
mod notify;

pub use files::{FileAction, FileTool};
pub use notify::Notify;
