//! The brokers that a run selects by its environment: memory always, each other one by the URL of a
//! broker that is running. A selected broker that cannot be reached fails its tests.
//!
//! To add one: a module here with its [`Backend`], and an arm in `open`.

mod kafka;
mod memory;
mod pubsub;
mod rabbitmq;
mod redis;
mod script;
mod sns_sqs;

use std::sync::Arc;

use wingman_conformance::Backend;

pub use kafka::KafkaBackend;
pub use memory::MemoryBackend;
pub use pubsub::PubsubBackend;
pub use rabbitmq::RabbitBackend;
pub use redis::RedisBackend;
pub use sns_sqs::SnsSqsBackend;

/// The backends of each broker: what one of them lacks another one has.
pub const BROKERS: &[(&str, &[&str])] = &[
    ("kafka", &["kafka"]),
    ("memory", &["memory"]),
    ("pubsub", &["pubsub", "pubsub-emulator"]),
    ("rabbitmq", &["rabbitmq"]),
    ("redis", &["redis", "valkey"]),
    ("sns-sqs", &["sns-sqs", "sns-sqs-standard"]),
];

/// Backends in the order of the matrix's columns, with the variable that selects each.
const SELECTED_BY: &[(&str, &str)] = &[
    ("kafka", "WINGMAN_KAFKA_URL"),
    ("pubsub", "WINGMAN_PUBSUB_URL"),
    ("pubsub-emulator", "WINGMAN_PUBSUB_EMULATOR_URL"),
    ("rabbitmq", "WINGMAN_RABBITMQ_URL"),
    ("redis", "WINGMAN_REDIS_URL"),
    ("sns-sqs", "WINGMAN_SNS_SQS_URL"),
    ("sns-sqs-standard", "WINGMAN_SNS_SQS_URL"),
    ("valkey", "WINGMAN_VALKEY_URL"),
];

/// The selected backends, memory first.
///
/// # Panics
/// If a variable selects a backend that these tests do not know how to open.
pub fn selected() -> Vec<Arc<dyn Backend>> {
    let mut backends: Vec<Arc<dyn Backend>> = vec![Arc::new(MemoryBackend::new())];
    for (name, variable) in SELECTED_BY {
        if let Ok(url) = std::env::var(variable) {
            backends.push(open(name, &url));
        }
    }
    backends
}

/// What stands for the broker that a backend is on: two backends may share one.
pub fn broker_of(backend: &str) -> &str {
    let selected = SELECTED_BY.iter().find(|(name, _)| *name == backend);
    selected.map_or(backend, |(_, variable)| variable)
}

fn open(name: &str, url: &str) -> Arc<dyn Backend> {
    match name {
        "kafka" => Arc::new(KafkaBackend::new(url)),
        "pubsub" => Arc::new(PubsubBackend::pstest(url)),
        "pubsub-emulator" => Arc::new(PubsubBackend::emulator(url)),
        "rabbitmq" => Arc::new(RabbitBackend::new(url)),
        "redis" => Arc::new(RedisBackend::redis(url)),
        "sns-sqs" => Arc::new(SnsSqsBackend::fifo(url)),
        "sns-sqs-standard" => Arc::new(SnsSqsBackend::standard(url)),
        "valkey" => Arc::new(RedisBackend::valkey(url)),
        _ => panic!("{url} selects {name}, which these tests cannot open yet"),
    }
}
