//! Over TLS by a CA of its own, with users that may do little: `brokers.sh up rabbitmq-secured`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wingman_core::bus::{Bus, SubscriptionOptions};
use wingman_core::handler::IntoHandler as _;
use wingman_core::message::Message;
use wingman_core::transport::{
    Provision, PublisherOptions, Settle, Subscriber, SubscriberOptions, Transport,
};
use wingman_core::{Error, Kind, Retry};

use crate::server::{PATIENCE, QUIET, Server, ack, bodies, ctl_of, take};

/// The URL for another user.
fn as_user(server: &Server, login: &str) -> String {
    server.url.replace("wingman:test@", &format!("{login}@"))
}

async fn limited(server: &Server) -> Arc<dyn Transport> {
    wingman_rabbitmq::connect(&as_user(server, "limited:test")).await.unwrap()
}

async fn join(
    transport: &dyn Transport,
    server: &Server,
    provision: Provision,
) -> Result<Box<dyn Subscriber>, Error> {
    let options = SubscriberOptions { provision, ..SubscriberOptions::default() };
    transport.subscriber(&server.topic, &server.group, options).await
}

async fn publish(
    transport: &dyn Transport,
    server: &Server,
    provision: Provision,
) -> Result<(), Error> {
    let publisher = transport.publisher(&server.topic, PublisherOptions { provision }).await?;
    publisher.publish(&[Message::new("a").with_key("k")]).await?.remove(0).map(drop)
}

pub(crate) async fn what_the_readme_asks_for_is_enough(server: Server) {
    assert_eq!(server.transport.product().await.unwrap().name, "RabbitMQ");
    let subscriber = join(&*server.transport, &server, Provision::Ensure).await.unwrap();
    server.publish(&["k:a", "k:b"]).await;
    let came = take(&*subscriber, 2).await;
    let after = Settle::Retry { after: Duration::ZERO };
    let back = [(came[0].token.clone(), Settle::Release), (came[1].token.clone(), after)];
    assert!(subscriber.settle(&back).await.unwrap().iter().all(Result::is_ok));
    let again = take(&*subscriber, 2).await;
    assert_eq!(bodies(&again), ["a", "b"]);
    ack(&*subscriber, &again).await;
    subscriber.close().await.unwrap();
    let admin = server.transport.admin().unwrap();
    assert!(admin.delete_group(&server.topic, &server.group).await.unwrap());
    assert!(admin.delete_topic(&server.topic).await.unwrap());
}

pub(crate) async fn who_may_not_create_works_on_what_is_there(server: Server) {
    drop(join(&*server.transport, &server, Provision::Ensure).await.unwrap());
    let transport = limited(&server).await;
    for provision in [Provision::Never, Provision::Verify, Provision::Ensure] {
        let subscriber = join(&*transport, &server, provision).await.unwrap();
        publish(&*transport, &server, provision).await.unwrap();
        let came = take(&*subscriber, 1).await;
        let back = [(came[0].token.clone(), Settle::Retry { after: QUIET / 10 })];
        subscriber.settle(&back).await.unwrap().remove(0).unwrap();
        let again = take(&*subscriber, 1).await;
        assert_eq!(again[0].attempt.map(|it| it.get()), Some(2), "{provision:?}");
        ack(&*subscriber, &again).await;
        subscriber.close().await.unwrap();
    }
    let admin = server.transport.admin().unwrap();
    assert!(admin.delete_group(&server.topic, &server.group).await.unwrap());
    assert!(admin.delete_topic(&server.topic).await.unwrap());
}

pub(crate) async fn who_may_not_create_is_told_what_is_missing(server: Server) {
    let transport = limited(&server).await;
    let missing = |error: Error| {
        assert_eq!((error.kind(), error.retry()), (Kind::Forbidden, Retry::Permanent), "{error:?}");
        assert!(error.context("right").unwrap().starts_with("configure on"), "{error}");
        assert_eq!(error.context("topic"), Some(server.topic.as_str()));
        assert!(error.context("or").unwrap().contains("provision = verify"), "{error}");
    };
    missing(publish(&*transport, &server, Provision::Ensure).await.unwrap_err());
    missing(join(&*transport, &server, Provision::Ensure).await.unwrap_err());
    let verified = publish(&*transport, &server, Provision::Verify).await.unwrap_err();
    assert_eq!(verified.kind(), Kind::NotFound);
    assert_eq!(verified.context("topic"), Some(server.topic.as_str()));
    // The topic is there, its group is not.
    drop(server.publisher().await);
    missing(join(&*transport, &server, Provision::Ensure).await.unwrap_err());
    let verified = join(&*transport, &server, Provision::Verify).await.err();
    assert_eq!(verified.map(|error| error.kind()), Some(Kind::NotFound));
    assert!(server.transport.admin().unwrap().delete_topic(&server.topic).await.unwrap());
}

async fn refused(url: &str) -> Error {
    let error = wingman_rabbitmq::connect(url).await.expect_err(url);
    assert_eq!(error.retry(), Retry::Permanent, "{error:?}");
    error
}

pub(crate) async fn a_server_that_is_not_trusted_is_refused(server: Server) {
    let stranger = refused(&server.url.replace("ca.pem", "stranger.pem")).await;
    let system = refused(server.url.split('?').next().unwrap()).await;
    for error in [stranger, system] {
        assert_eq!(error.kind(), Kind::Unauthenticated, "{error:?}");
        assert!(error.to_string().contains("ca_file"), "{error}");
    }
    let address = refused(&server.url.replace("localhost", "127.0.0.1")).await;
    assert_eq!(address.kind(), Kind::Unauthenticated, "{address:?}");
    assert!(address.to_string().contains("another host"), "{address}");
    let missing = refused(&server.url.replace("ca.pem", "none.pem")).await;
    assert_eq!((missing.kind(), missing.context("key")), (Kind::Configuration, Some("ca_file")));
}

pub(crate) async fn a_certificate_of_ours_is_shown(server: Server) {
    let with = |name: &str| {
        let (_, ca) = server.url.split_once("ca_file=").unwrap();
        let file = |end| ca.replace("ca.pem", &format!("{name}.{end}"));
        format!("{}&certificate_file={}&key_file={}", server.url, file("pem"), file("key"))
    };
    let transport = wingman_rabbitmq::connect(&with("client")).await.unwrap();
    transport.ping().await.unwrap();
    for name in ["expired", "stranger"] {
        assert_is_or_looks_down(&with(name), Kind::Unauthenticated, "certificate_file").await;
    }
}

/// A server that only ends the connection looks like one that is down: it is said, and tried again.
pub(crate) async fn a_port_of_the_other_way_is_said(server: Server) {
    let plain = std::env::var("WINGMAN_RABBITMQ_URL").expect("the plain server runs beside it");
    let error = refused(&plain.replace("amqp://", "amqps://")).await;
    assert_eq!(error.kind(), Kind::Configuration, "{error:?}");
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
    let (place, _) = server.url.split_once('?').unwrap();
    let plain_to_tls = place.replace("amqps://", "amqp://") + "?connect_millis=2000";
    assert_is_or_looks_down(&plain_to_tls, Kind::Configuration, "TLS (amqps://)").await;
}

/// What the server says may be lost when it ends the connection at once: it looks like one that is down then.
async fn assert_is_or_looks_down(url: &str, kind: Kind, said: &str) {
    let error = match wingman_rabbitmq::connect(url).await {
        Ok(transport) => transport.ping().await.unwrap_err(),
        Err(error) => error,
    };
    let said = if error.kind() == kind { said } else { "does one side speak TLS" };
    assert!([kind, Kind::Unavailable].contains(&error.kind()), "{error:?}");
    assert!(error.to_string().contains(said), "{error}");
}

/// How often the server's log tells of a user that it refused.
fn refusals(user: &str) -> usize {
    let home = std::env::var("BROKERS_HOME").map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.brokers"),
        PathBuf::from,
    );
    let log = std::fs::read_to_string(home.join("rabbitmq-secured/log")).unwrap();
    log.matches(&format!("user '{user}' - invalid credentials")).count()
}

/// A password is changed while a subscription and a publisher are at work.
pub(crate) async fn credentials_that_end_stop_whoever_uses_them(server: Server) {
    let ctl = async |words: &[&str]| ctl_of("rabbitmq-secured", words).await;
    let user = server.topic.as_str();
    ctl(&["add_user", user, "old"]).await;
    ctl(&["set_permissions", user, ".*", ".*", ".*"]).await;
    let url = as_user(&server, &format!("{user}:old"));
    let bus = Bus::new(wingman_rabbitmq::connect(&url).await.unwrap());
    let idle = (|| async {}).into_handler();
    let options = SubscriptionOptions::new([server.topic.clone()], server.group.clone(), idle);
    let subscription = bus.subscribe(options).await.unwrap();
    ctl(&["change_password", user, "new"]).await;
    ctl(&["close_all_user_connections", user, "its password changed"]).await;
    let ended = tokio::time::timeout(PATIENCE, subscription.closed()).await.unwrap();
    assert_eq!(ended.unwrap_err().kind(), Kind::Unauthenticated);
    let error = bus.publish_message(&server.topic, Message::new("a")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthenticated);
    // Each tried once or twice, which the log tells a moment later, and nobody tries any more.
    let deadline = Instant::now() + PATIENCE;
    while refusals(user) < 2 {
        assert!(Instant::now() < deadline, "the log tells of {}", refusals(user));
        tokio::time::sleep(QUIET / 8).await;
    }
    tokio::time::sleep(QUIET * 2).await;
    let tried = refusals(user);
    assert!((2..=4).contains(&tried), "{tried} attempts");
    ctl(&["delete_user", user]).await;
    let admin = server.transport.admin().unwrap();
    admin.delete_group(&server.topic, &server.group).await.unwrap();
    admin.delete_topic(&server.topic).await.unwrap();
}
