//! The governed process that the kill tests end with `kill -9`: a small workflow whose tools change
//! nothing but the notes of a recorder, and the two gaps that lie at the driver.

mod driver;
mod log;
mod tools;
pub mod workflow;

pub use driver::{AtDriver, Broken};
pub use log::Complaints;
pub use tools::{AFTER_UNDO, BEFORE_RETURN, Noted};
