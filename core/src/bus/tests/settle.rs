//! Settlements: gathered, tried again, or too late.

use std::time::Duration;

use super::fake::{Fake, FakeTransport};
use super::{Job, job, within};
use crate::bus::{Bus, BusOptions, SubscriptionOptions};
use crate::error::{Error, Kind};
use crate::handler::{Incoming, IntoHandler};
use crate::transport::Settle;

#[tokio::test]
async fn a_settlement_is_tried_again_while_that_can_help() {
    let fake = Fake::new();
    let options = BusOptions { clock: fake.clock.clone(), ..BusOptions::default() };
    let bus = Bus::with_options(FakeTransport::over(&fake), options);
    let error = |kind| Error::new(kind, "scripted");
    fake.script().settles.extend([
        Err(error(Kind::Unavailable)),
        Ok(vec![
            Ok(()),
            Err(error(Kind::StaleLease)),
            Err(error(Kind::Timeout)),
            Err(error(Kind::Forbidden)),
        ]),
    ]);
    let handler = (|_: Incoming<Job>| async {}).into_handler();
    let topic = bus.topic_of("Job").unwrap();
    let options = SubscriptionOptions::new([topic], bus.group_of("worker").unwrap(), handler);
    let subscription = within(bus.subscribe(options)).await.unwrap();
    let deliveries = (1..=4).map(|n| fake.delivery(job("", n).to_message().unwrap(), n.into()));
    fake.receives(Ok(deliveries.collect()));
    let settle = async {
        while subscription.status().counts.received == 0
            || subscription.status().counts.in_flight() > 0
        {
            fake.clock.advance(Duration::from_millis(10));
            tokio::task::yield_now().await;
        }
    };
    within(settle).await;
    let status = subscription.status();
    assert_eq!((status.counts.acked, status.counts.stale, status.counts.unsettled), (2, 1, 1));
    assert_eq!(status.last_error.unwrap().kind(), Kind::Forbidden);
    assert_eq!(fake.script().settled, [(3, Settle::Ack)], "four in one call, then what was left");
    assert_eq!(status.counts.bytes, 0);
}
