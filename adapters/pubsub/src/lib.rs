//! Wingman on Google Cloud Pub/Sub.

#![doc = include_str!("../README.md")]

mod admin;
mod codec;
mod config;
mod error;
mod publisher;
mod subscriber;
mod transport;

pub use config::Config;
pub use transport::{connect, connect_with};
