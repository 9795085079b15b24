//! Wingman on Apache Kafka.

#![doc = include_str!("../README.md")]

mod admin;
mod codec;
mod config;
mod error;
mod publisher;
mod subscriber;
mod transport;

pub use config::{Compression, Config, Mechanism, Secret};
pub use transport::{connect, connect_with};
