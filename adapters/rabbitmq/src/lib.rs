//! Wingman on RabbitMQ.
#![doc = include_str!("../README.md")]

mod admin;
mod codec;
mod config;
mod error;
mod publisher;
mod subscriber;
mod transport;

pub use config::{Config, Order, Secret};
pub use transport::{connect, connect_with};
