//! Wingman on Amazon SNS and SQS.

#![doc = include_str!("../README.md")]

mod admin;
mod codec;
mod config;
mod error;
mod publisher;
mod subscriber;
mod transport;

pub use config::{Config, Secret};
pub use transport::{Clients, connect, connect_with};
