//! Moves messages on one thread, for a counter of instructions to look at: `counted WORK MESSAGES` over
//! the memory transport, `counted kafka-WORK MESSAGES` over a cluster that Kafka's client simulates. The
//! works are those of [`main`]; `tests/counts` and `docs/benchmarks.md` say what comes of it.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use wingman_core::Result;
use wingman_core::bus::{Bus, BusOptions, PublishOptions, SubscriptionOptions};
use wingman_core::clock::Clock;
use wingman_core::event::{CloudEvent, Event, extension};
use wingman_core::handler::{Handler, Incoming, IntoHandler};
use wingman_core::memory::MemoryTransport;
use wingman_core::message::Message;
use wingman_core::transport::{Provision, PublisherOptions, Settle, SubscriberOptions, Transport};
use wingman_core::{Error, Kind};

/// Callers that publish at once.
const CALLERS: usize = 64;
const BATCH: NonZeroUsize = NonZeroUsize::new(256).unwrap();
/// Keys that the messages are spread over.
const KEYS: usize = 100;
const PAYLOAD_BYTES: usize = 1_024;

#[derive(Debug, Serialize, Deserialize, Event)]
struct Counted {
    text: String,
}

struct Work {
    bus: Bus,
    messages: Vec<Message>,
    provision: Provision,
    /// Lives as long as the work.
    _cluster: Option<MockCluster<'static, DefaultProducerContext>>,
}

/// What the counter sees without a work is in `driver`, too: each work but `publish` publishes by the
/// driver first, so that the differences between the others are what a layer adds.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, name, count] = &arguments[..] else {
        return usage();
    };
    let Ok(count) = count.parse() else {
        return usage();
    };
    let (name, opened) = match name.strip_prefix("kafka-") {
        Some(name) => (name, Work::simulated(count).await),
        None => (&**name, Work::in_memory(count)),
    };
    let mut work = match opened {
        Ok(work) => work,
        Err(error) => return failed(&error),
    };
    let done = match name {
        "publish" => work.publish().await,
        "driver" => work.driver().await,
        "consume" => work.consume((async || {}).into_handler()).await,
        "typed" => work.consume(typed.into_handler()).await,
        // Broken variants, which show what is seen: one allocation more, and one more reading of the
        // payload that allocates nothing.
        "allocating" => work.consume(allocate.into_handler()).await,
        "reading" => work.consume(read.into_handler()).await,
        _ => return usage(),
    };
    // The topic keeps its messages, and nobody frees them: at an orderly end they would be freed or not,
    // as the last tasks end sooner or later.
    std::process::exit(i32::from(done.is_err()))
}

fn messages(count: usize) -> Result<Vec<Message>> {
    let data = format!(r#"{{"text":"{}"}}"#, "x".repeat(PAYLOAD_BYTES));
    let message = |number: usize| {
        let mut event = CloudEvent::new(number.to_string(), "/counted", Counted::TYPE)?;
        event.set_extension(extension::PARTITION_KEY, (number % KEYS).to_string())?;
        event.with_json(data.clone()).to_message()
    };
    (0..count).map(message).collect()
}

async fn typed(counted: Incoming<Counted>) {
    std::hint::black_box(&counted.text);
}

async fn allocate() {
    std::hint::black_box(Box::new([0_u8; 64]));
}

async fn read(event: Arc<CloudEvent>) {
    let data = event.data.as_deref().unwrap_or_default();
    let read: serde_json::Result<IgnoredAny> = serde_json::from_slice(data);
    assert!(std::hint::black_box(read).is_ok());
}

impl Work {
    fn in_memory(count: usize) -> Result<Self> {
        let bus = Bus::new(MemoryTransport::new(Clock::system()));
        let provision = Provision::Ensure;
        Ok(Self { bus, messages: messages(count)?, provision, _cluster: None })
    }

    async fn simulated(count: usize) -> Result<Self> {
        let failed = |error| Error::new(Kind::Internal, "no cluster").because(error);
        let cluster = MockCluster::new(1).map_err(failed)?;
        let url = format!("kafka://{}", cluster.bootstrap_servers());
        // A simulated cluster makes nothing for whoever asks.
        let provision = Provision::Never;
        let publish = PublishOptions { provision, ..PublishOptions::default() };
        let options = BusOptions { publish, ..BusOptions::default() };
        let bus = Bus::with_options(wingman_kafka::connect(&url).await?, options);
        let topic = bus.topic_of(Counted::TYPE)?;
        cluster.create_topic(topic.as_str(), 1, 1).map_err(failed)?;
        Ok(Self { bus, messages: messages(count)?, provision, _cluster: Some(cluster) })
    }

    async fn publish(&mut self) -> Result<()> {
        let topic = self.bus.topic_of(Counted::TYPE)?;
        stream::iter(std::mem::take(&mut self.messages))
            .map(|message| self.bus.publish_message(&topic, message))
            .buffer_unordered(CALLERS)
            .try_for_each(async |_| Ok(()))
            .await
    }

    async fn fill(&self) -> Result<()> {
        let topic = self.bus.topic_of(Counted::TYPE)?;
        let options = PublisherOptions { provision: self.provision };
        let publisher = self.bus.transport().publisher(&topic, options).await?;
        for batch in self.messages.chunks(BATCH.get()) {
            publisher.publish(batch).await?.into_iter().collect::<Result<Vec<_>>>()?;
        }
        Ok(())
    }

    async fn driver(&self) -> Result<()> {
        self.fill().await?;
        let (topic, group) = (self.bus.topic_of(Counted::TYPE)?, self.bus.group_of("counted")?);
        let transport: &Arc<dyn Transport> = self.bus.transport();
        let options =
            SubscriberOptions { provision: self.provision, ..SubscriberOptions::default() };
        let subscriber = transport.subscriber(&topic, &group, options).await?;
        let mut left = self.messages.len();
        while left > 0 {
            let taken = subscriber.receive(BATCH, Duration::from_secs(1)).await?;
            let acks: Vec<_> = taken.into_iter().map(|it| (it.token, Settle::Ack)).collect();
            left -= subscriber.settle(&acks).await?.into_iter().filter(Result::is_ok).count();
        }
        Ok(())
    }

    async fn consume(&self, handler: Arc<dyn Handler>) -> Result<()> {
        self.fill().await?;
        let (topic, group) = (self.bus.topic_of(Counted::TYPE)?, self.bus.group_of("counted")?);
        let mut options = SubscriptionOptions::new([topic], group, handler);
        options.provision = self.provision;
        let subscription = self.bus.subscribe(options).await?;
        let count = self.messages.len() as u64;
        subscription.wait_until(|status| status.counts.acked >= count).await;
        Ok(())
    }
}

#[allow(clippy::print_stderr, reason = "told to whoever reads what was counted")]
fn failed(error: &Error) -> ExitCode {
    eprintln!("nothing to count on: {error}");
    ExitCode::FAILURE
}

#[allow(clippy::print_stderr, reason = "told to whoever called it wrongly")]
fn usage() -> ExitCode {
    eprintln!("usage: counted [kafka-]publish|driver|consume|typed|allocating|reading MESSAGES");
    ExitCode::from(2)
}
