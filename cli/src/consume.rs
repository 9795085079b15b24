//! `wingman consume`: what a group receives, one structured CloudEvent a line.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use wingman_hub::core::bus::Declared;
use wingman_hub::core::event::CloudEvent;
use wingman_hub::core::name::{GroupName, TopicName};
use wingman_hub::core::transport::{Delivery, Provision, Settle, Subscriber, SubscriberOptions};
use wingman_hub::core::{Kind, Retry};

use crate::arguments::Consume;
use crate::problem::Problem;
use crate::{open, print};

/// How long one look lasts; Ctrl-C is noticed between looks at the latest.
const LOOK: Duration = Duration::from_millis(500);

pub(crate) async fn run(options: Consume) -> Result<ExitCode, Problem> {
    open::other_process(&options.broker)?;
    let bus = wingman_hub::connect(&options.broker).await?;
    let topic = open::topic(&options.topic, options.existing)?;
    let (group, wanted) = if options.existing {
        // As it stands: other consumers go on beside this one, and a queue need not keep an order.
        let provision = Provision::Verify;
        let wanted =
            SubscriberOptions { ordered: false, provision, ..SubscriberOptions::default() };
        (GroupName::existing(&options.group)?, wanted)
    } else {
        // In order where the broker keeps one: a group is not to be asked for what it cannot do.
        let ordered = bus.transport().capabilities().order_by_key.is_supported();
        let wanted = SubscriberOptions { ordered, ..SubscriberOptions::default() };
        (GroupName::new(&options.group)?, wanted)
    };
    let subscriber = bus.transport().subscriber(&topic, &group, wanted).await?;
    let ended = tokio::select! {
        ended = print_all(&*subscriber, &topic, &options) => ended,
        _ = tokio::signal::ctrl_c() => Ok(()),
    };
    subscriber.close().await?;
    bus.close().await?;
    ended.map(|()| ExitCode::SUCCESS)
}

async fn print_all(
    subscriber: &dyn Subscriber,
    topic: &TopicName,
    options: &Consume,
) -> Result<(), Problem> {
    let mut left = options.max.unwrap_or(u64::MAX);
    let patience = options.wait.map(Duration::from_secs);
    let mut quiet_since = tokio::time::Instant::now();
    while left > 0 && patience.is_none_or(|patience| quiet_since.elapsed() < patience) {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(64);
        let max = NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN);
        let deliveries = match subscriber.receive(max, LOOK).await {
            Ok(deliveries) => deliveries,
            Err(error) if matches!(error.retry(), Retry::Temporary { .. }) => {
                print::note(format!("{error}; trying again"));
                tokio::time::sleep(LOOK).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        for delivery in deliveries {
            print_one(topic, &delivery)?;
            acked(subscriber.settle(&[(delivery.token, Settle::Ack)]).await?)?;
            left -= 1;
            quiet_since = tokio::time::Instant::now();
        }
    }
    Ok(())
}

/// A lease that ended meanwhile is no failure here: the message comes again, printed twice.
fn acked(results: Vec<wingman_hub::Result<()>>) -> Result<(), Problem> {
    match results.into_iter().find_map(Result::err) {
        Some(error) if error.kind() != Kind::StaleLease => Err(error.into()),
        Some(_) | None => Ok(()),
    }
}

/// What is not a CloudEvent is shown as one of type `wingman.raw`, with its bytes and the reason.
fn print_one(topic: &TopicName, delivery: &Delivery) -> Result<(), Problem> {
    let event = match CloudEvent::from_message(&delivery.message) {
        Ok(event) => event,
        Err(why) => {
            let source = format!("/topics/{topic}");
            let raw = Declared::bytes("wingman.raw", source, "application/octet-stream");
            let mut raw = raw.event(topic, delivery)?;
            raw.set_extension("reason", why.to_string().replace(char::is_control, " "))?;
            raw
        }
    };
    print::line(String::from_utf8_lossy(&event.to_json()?));
    Ok(())
}
