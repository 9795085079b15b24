//! Connections that are cut while we prove who we are, and brokers that say nothing: the first looks like
//! credentials that are refused.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use wingman_core::message::Message;
use wingman_core::name::GroupName;
use wingman_core::transport::{
    Provision, Publisher, PublisherOptions, Subscriber, SubscriberOptions, Transport,
};
use wingman_core::{Kind, Retry};

use crate::doorkeeper::{Doorkeeper, INIT_PRODUCER_ID};
use crate::server::{PATIENCE, QUIET, Server, ack, take, until};

/// Longer than a client asks before it hears that it is refused, so that it does.
const HEARD: Duration = Duration::from_millis(400);
/// Longer than new clients ask one after the other, and shorter than with the pauses between them.
const UNTIL_THE_LAST: Duration = Duration::from_millis(1_000);

async fn keeper(server: &Server) -> Doorkeeper {
    let (_, port) = server.address().split_once(':').unwrap();
    Doorkeeper::before(port.parse::<u16>().unwrap() + 2).await
}

/// A topic that is there, and a transport to it by the doorkeeper.
async fn through(server: &Server, keeper: &Doorkeeper, settings: &str) -> Arc<dyn Transport> {
    drop(server.publisher().await);
    wingman_kafka::connect(&keeper.url(settings)).await.unwrap()
}

async fn publisher(transport: &dyn Transport, server: &Server) -> Box<dyn Publisher> {
    let options = PublisherOptions { provision: Provision::Never };
    transport.publisher(&server.topic, options).await.unwrap()
}

async fn publish(publisher: &dyn Publisher) {
    publisher.publish(&[Message::new("a")]).await.unwrap().remove(0).unwrap();
}

/// Waits for a delivery; that brokers are away meanwhile may be said, and nothing else.
async fn delivered(subscriber: &dyn Subscriber) {
    until("a delivery", async || match subscriber.receive(1.try_into().unwrap(), QUIET).await {
        Ok(came) => !came.is_empty(),
        Err(error) => {
            assert_eq!(error.kind(), Kind::Unavailable, "{error:?}");
            false
        }
    })
    .await;
}

pub(crate) async fn a_producer_that_is_cut_goes_on(server: Server) {
    let keeper = keeper(&server).await;
    let transport = through(&server, &keeper, "").await;
    let publisher = publisher(&*transport, &server).await;
    publish(&*publisher).await;
    assert_eq!(keeper.requests(INIT_PRODUCER_ID), 1);
    for round in 1..=3 {
        keeper.cut_next(1);
        keeper.end_all();
        // The first waits in the client until that has connected anew; others follow in its doubt.
        for _ in 0..3 {
            publish(&*publisher).await;
        }
        until("a cut", async || keeper.cut() == round).await;
        publish(&*publisher).await;
        transport.ping().await.unwrap();
    }
    assert_eq!(keeper.requests(INIT_PRODUCER_ID), 1, "it is the same producer");
    assert!(server.admin().delete_topic(&server.topic).await.unwrap());
}

pub(crate) async fn a_member_that_is_cut_goes_on(server: Server) {
    let keeper = keeper(&server).await;
    let transport = through(&server, &keeper, "session_millis=20000").await;
    let options = SubscriberOptions::default();
    let subscriber = transport.subscriber(&server.topic, &server.group, options).await.unwrap();
    server.publish(&["k:a"]).await;
    ack(&*subscriber, &take(&*subscriber, 1).await).await;
    keeper.cut_for(HEARD);
    keeper.end_all();
    until("cuts", async || keeper.cut() > 1).await;
    server.publish(&["k:b"]).await;
    delivered(&*subscriber).await;
    subscriber.close().await.unwrap();
    assert!(server.admin().delete_topic(&server.topic).await.unwrap());
}

/// A new client is asked only after a pause.
pub(crate) async fn who_is_let_in_later_is_not_refused(server: Server) {
    let keeper = keeper(&server).await;
    keeper.cut_for(UNTIL_THE_LAST);
    let transport = through(&server, &keeper, "").await;
    assert!(keeper.cut() > 0);
    transport.ping().await.unwrap();
    assert!(server.admin().delete_topic(&server.topic).await.unwrap());
}

pub(crate) async fn an_observer_that_is_cut_asks_again(server: Server) {
    let keeper = keeper(&server).await;
    let transport = through(&server, &keeper, "").await;
    let publisher = publisher(&*transport, &server).await;
    publish(&*publisher).await;
    keeper.cut_for(HEARD);
    let options = SubscriberOptions::default();
    drop(transport.subscriber(&server.topic, &server.group, options).await.unwrap());
    let cut = keeper.cut();
    assert!(cut > 0);
    keeper.cut_for(HEARD);
    let lag = transport.admin().unwrap().lag(&server.topic, &server.group).await.unwrap();
    assert_eq!(lag, Some(1));
    assert!(keeper.cut() > cut);
    publish(&*publisher).await;
    assert_eq!(keeper.requests(INIT_PRODUCER_ID), 1, "no client ended");
    assert!(server.admin().delete_topic(&server.topic).await.unwrap());
}

pub(crate) async fn many_publishers_knock_once(server: Server) {
    let keeper = keeper(&server).await;
    let transport = through(&server, &keeper, "reply_millis=3000&confirm_millis=50000").await;
    keeper.say_nothing(true);
    let before = keeper.connections();
    let mut publishing = JoinSet::new();
    for _ in 0..20 {
        let publisher = publisher(&*transport, &server).await;
        publishing.spawn(async move { publisher.publish(&[Message::new("a")]).await });
    }
    // Nothing waits for a confirm: nothing was sent.
    for published in publishing.join_all().await {
        let error = published.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "{error:?}");
        assert_eq!(error.retry(), Retry::Temporary { after: None });
    }
    // A client of one connection, and what the one before may open beside its first.
    let opened = keeper.connections() - before;
    assert!((1..5).contains(&opened), "{opened} connections");
    keeper.say_nothing(false);
    let publisher = publisher(&*transport, &server).await;
    until("a broker that answers", async || transport.ping().await.is_ok()).await;
    publish(&*publisher).await;
    assert_eq!(keeper.requests(INIT_PRODUCER_ID), 1);
    assert!(server.admin().delete_topic(&server.topic).await.unwrap());
}

/// A reply may take longer here than any test: a member and its end wait for none that does not come.
pub(crate) async fn a_member_goes_on_while_it_is_asked(server: Server) {
    let keeper = keeper(&server).await;
    let settings = "reply_millis=300000&session_millis=20000";
    let transport = through(&server, &keeper, settings).await;
    let options = SubscriberOptions::default();
    let subscriber = transport.subscriber(&server.topic, &server.group, options).await.unwrap();
    server.publish(&["k:a"]).await;
    ack(&*subscriber, &take(&*subscriber, 1).await).await;
    keeper.hold_questions();
    keeper.cut_for(HEARD);
    keeper.end_all();
    until("a knock", async || keeper.held() > 0).await;
    server.publish(&["k:b"]).await;
    delivered(&*subscriber).await;
    transport.close().await.unwrap();
    assert!(server.admin().delete_topic(&server.topic).await.unwrap());
}

/// One after the other they would take twice as long as is waited for here.
pub(crate) async fn closing_waits_for_all_members_at_once(server: Server) {
    let keeper = keeper(&server).await;
    let transport = through(&server, &keeper, "reply_millis=5000&session_millis=20000").await;
    let mut subscribers = Vec::new();
    for group in 0..8 {
        let (group, options) = (format!("group{group}"), SubscriberOptions::default());
        let group = GroupName::new(group).unwrap();
        subscribers.push(transport.subscriber(&server.topic, &group, options).await.unwrap());
    }
    server.publish(&["k:a"]).await;
    for subscriber in &subscribers {
        take(&**subscriber, 1).await;
    }
    keeper.say_nothing(true);
    tokio::time::timeout(PATIENCE, transport.close()).await.unwrap().unwrap();
    assert!(server.admin().delete_topic(&server.topic).await.unwrap());
}
