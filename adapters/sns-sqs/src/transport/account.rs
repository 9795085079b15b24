//! What the parts of one transport share: clients, limits, and what things are called in the account.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::OnceCell;
use wingman_core::driver::{Door, Seats};
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{Limits, Product};
use wingman_core::{Error, Kind, Result};

use super::Clients;
use crate::admin::names;
use crate::config::Config;
use crate::error::{Doing, from_native};
use crate::publisher::BATCH_MESSAGES_MAX;
use crate::subscriber::Seat;

/// The longest visibility time-out, and the longest a message may be in flight (SQS quotas).
const VISIBILITY_MAX: Duration = Duration::from_secs(43_200);

#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) clients: Clients,
    pub(crate) config: Config,
    pub(crate) door: Door,
    /// Partition and number.
    identity: OnceCell<(String, String)>,
    pub(super) seats: Seats<Seat>,
}

impl Account {
    pub(super) async fn new(config: Config) -> Result<Self> {
        Ok(Self {
            clients: Clients::new(&config).await?,
            door: Door::new("sns-sqs transport"),
            identity: OnceCell::new(),
            seats: Seats::default(),
            config,
        })
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            payload_bytes_max: self.config.payload_bytes_max,
            batch_messages_max: BATCH_MESSAGES_MAX,
            publish_calls_max: None,
            headers_max: None,
            delay_max: Some(VISIBILITY_MAX),
            lease_max: Some(VISIBILITY_MAX),
            hold_max: Some(VISIBILITY_MAX),
        }
    }

    /// The topic's name as ARN.
    pub(crate) async fn topic_arn(&self, topic: &TopicName) -> Result<String> {
        self.arn("sns", &names::of_topic(topic, self.config.fifo)).await
    }

    /// The ARN of a group's queue.
    pub(crate) async fn queue_arn(&self, topic: &TopicName, group: &GroupName) -> Result<String> {
        self.arn("sqs", &self.queue_name(topic, group)).await
    }

    /// A team's topic is its queue.
    pub(crate) fn queue_name(&self, topic: &TopicName, group: &GroupName) -> String {
        match topic.is_existing() {
            true => topic.to_string(),
            false => names::of_queue(topic, group, self.config.fifo),
        }
    }

    async fn arn(&self, service: &str, name: &str) -> Result<String> {
        let (partition, account) = self.identity.get_or_try_init(|| self.identify()).await?;
        let region = self.clients.region();
        Ok(format!("arn:{partition}:{service}:{region}:{account}:{name}"))
    }

    /// Who the credentials are of, unless the configuration says whose topics are meant.
    async fn identify(&self) -> Result<(String, String)> {
        const OPERATION: &str = "identify";
        if let Some(account) = &self.config.account {
            return Ok((partition(self.clients.region()).to_owned(), account.clone()));
        }
        let told = self.clients.sts.get_caller_identity().send().await;
        let told = told.map_err(|error| {
            from_native(Doing::Reading, OPERATION, error)
                .with("hint", "with ?account=… nobody has to be asked")
        })?;
        let partition = told.arn().and_then(|arn| arn.split(':').nth(1)).map(str::to_owned);
        partition.zip(told.account).ok_or_else(|| {
            let why = "the service did not tell the account: give it as ?account=…";
            Error::new(Kind::Configuration, why).during(OPERATION)
        })
    }

    /// One round trip. Credentials that may not list queues were recognised all the same.
    pub(super) async fn ping(&self) -> Result<()> {
        let asked = self.clients.sqs.list_queues().queue_name_prefix("wingman-ping").max_results(1);
        match asked.send().await.map_err(|error| from_native(Doing::Reading, "ping", error)) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == Kind::Forbidden => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Where the services are, and whose topics are meant.
    pub(super) async fn product(&self) -> Result<Product> {
        let (_, account) = self.identity.get_or_try_init(|| self.identify()).await?;
        self.ping().await?;
        let endpoint = self.config.endpoint.as_deref().unwrap_or("AWS");
        let kind = if self.config.fifo { "FIFO" } else { "standard" };
        Ok(Product::named("SNS and SQS")
            .with("region", self.clients.region())
            .with("account", account)
            .with("endpoint", endpoint)
            .with("topics", kind))
    }

    pub(super) async fn close(&self) {
        self.door.shut();
        let seats = self.seats.take();
        join_all(seats.iter().map(|seat| seat.leave())).await;
        self.door.emptied(self.config.reply_time()).await;
    }
}

/// The partition of a region (AWS documentation, "Partitions").
fn partition(region: &str) -> &'static str {
    const BY_PREFIX: [(&str, &str); 5] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eusc-", "aws-eusc"),
    ];
    let found = BY_PREFIX.iter().find(|(prefix, _)| region.starts_with(prefix));
    found.map_or("aws", |(_, partition)| partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_in_their_partitions() {
        for (region, expected) in [
            ("eu-central-1", "aws"),
            ("us-east-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
        ] {
            assert_eq!(partition(region), expected);
        }
    }
}
