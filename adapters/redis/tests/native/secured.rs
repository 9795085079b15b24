//! Over TLS by a CA of its own, with users that may do little: `brokers.sh up redis-secured`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use redis::Value;
use wingman_core::bus::{Bus, SubscriptionOptions};
use wingman_core::handler::IntoHandler as _;
use wingman_core::message::Message;
use wingman_core::name::TopicName;
use wingman_core::transport::{
    Provision, PublisherOptions, Settle, Subscriber, SubscriberOptions, Transport,
};
use wingman_core::{Error, Kind, Retry};

use crate::server::{PATIENCE, QUIET, Server, ack, bodies, raw, settle, take};

/// The URL for another user.
fn as_user(server: &Server, login: &str) -> String {
    server.url.replace("wingman:test@", &format!("{login}@"))
}

async fn limited(server: &Server) -> Arc<dyn Transport> {
    wingman_redis::connect(&as_user(server, "limited:test")).await.unwrap()
}

async fn admin(server: &Server) -> Arc<dyn Transport> {
    wingman_redis::connect(&as_user(server, "admin:test")).await.unwrap()
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
    let subscriber = join(&*server.transport, &server, Provision::Ensure).await.unwrap();
    server.publish(&["k:a", "k:b"]).await;
    let came = take(&*subscriber, 2).await;
    settle(&*subscriber, &came[0], Settle::Release).await.unwrap();
    let after = Settle::Retry { after: Duration::ZERO };
    settle(&*subscriber, &came[1], after).await.unwrap();
    let again = take(&*subscriber, 2).await;
    assert_eq!(bodies(&again), ["a", "b"]);
    subscriber.extend(&[again[0].token.clone()], PATIENCE).await.unwrap().remove(0).unwrap();
    ack(&*subscriber, &again).await;
    subscriber.close().await.unwrap();
    let admin = server.transport.admin().unwrap();
    assert_eq!(admin.lag(&server.topic, &server.group).await.unwrap(), Some(0));
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
        let after = Settle::Retry { after: QUIET / 10 };
        settle(&*subscriber, &came[0], after).await.unwrap();
        let again = take(&*subscriber, 1).await;
        assert_eq!(again[0].attempt.map(|it| it.get()), Some(2), "{provision:?}");
        ack(&*subscriber, &again).await;
        subscriber.close().await.unwrap();
    }
    assert!(server.transport.admin().unwrap().delete_topic(&server.topic).await.unwrap());
}

pub(crate) async fn who_may_not_create_is_told_what_is_missing(server: Server) {
    let transport = limited(&server).await;
    let missing = |error: Error| {
        assert_eq!((error.kind(), error.retry()), (Kind::Forbidden, Retry::Permanent), "{error:?}");
        assert_eq!(error.context("right"), Some("+xgroup|create"));
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
    let verified = join(&*transport, &server, Provision::Verify).await.unwrap_err();
    assert_eq!(verified.context("group"), Some(server.group.as_str()));
    assert!(server.transport.admin().unwrap().delete_topic(&server.topic).await.unwrap());
}

pub(crate) async fn what_is_not_this_user_s_is_refused(mut server: Server) {
    let others = server.topic.as_str().replace("secured-", "others-");
    server.topic = TopicName::new(others).unwrap();
    drop(join(&*server.transport, &server, Provision::Ensure).await.unwrap());
    let transport = limited(&server).await;
    for provision in [Provision::Ensure, Provision::Verify, Provision::Never] {
        let error = publish(&*transport, &server, provision).await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (Kind::Forbidden, Retry::Permanent), "{error:?}");
        let error = match join(&*transport, &server, provision).await {
            Err(error) => error,
            Ok(subscriber) => subscriber.receive(1.try_into().unwrap(), QUIET).await.unwrap_err(),
        };
        assert_eq!((error.kind(), error.retry()), (Kind::Forbidden, Retry::Permanent), "{error:?}");
    }
    assert!(server.transport.admin().unwrap().delete_topic(&server.topic).await.unwrap());
}

async fn refused(url: &str) -> Error {
    let error = wingman_redis::connect(url).await.expect_err(url);
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
    let transport = wingman_redis::connect(&with("client")).await.unwrap();
    transport.ping().await.unwrap();
    for name in ["expired", "stranger"] {
        let error = refused(&with(name)).await;
        assert_eq!(error.kind(), Kind::Unauthenticated, "{error:?}");
        assert!(error.to_string().contains("certificate_file"), "{error}");
    }
}

/// Such a server looks like one that is down: it is said, and tried again.
pub(crate) async fn a_port_of_the_other_way_is_said(server: Server) {
    let plain = std::env::var("WINGMAN_REDIS_URL").expect("the plain server runs beside it");
    let tls_to_plain = plain.replace("redis://", "rediss://") + "?connect_millis=500";
    let (place, _) = server.url.split_once('?').unwrap();
    let plain_to_tls = place.replace("rediss://", "redis://");
    for url in [tls_to_plain, plain_to_tls] {
        let error = wingman_redis::connect(&url).await.unwrap().ping().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "{error:?}");
        assert!(error.to_string().contains("does one side speak TLS"), "{error}");
    }
}

/// How often somebody was refused by the server.
async fn refusals(admin: &dyn Transport, user: &str) -> u64 {
    let log: Vec<HashMap<String, Value>> = raw(admin, &["ACL", "LOG", "1000"]).await;
    let text = |entry: &HashMap<String, Value>, key: &str| -> String {
        redis::from_redis_value(entry[key].clone()).unwrap()
    };
    let of_user =
        log.iter().filter(|it| text(it, "username") == user && text(it, "reason") == "auth");
    of_user.map(|it| text(it, "count").parse::<u64>().unwrap()).sum()
}

/// A password is changed while a subscription and a publisher are at work.
pub(crate) async fn credentials_that_end_stop_whoever_uses_them(server: Server) {
    let admin = admin(&server).await;
    let user = server.topic.as_str();
    let () = raw(&*admin, &["ACL", "SETUSER", user, "on", ">old", "~*", "+@all"]).await;
    let url = as_user(&server, &format!("{user}:old"));
    let bus = Bus::new(wingman_redis::connect(&url).await.unwrap());
    let idle = (|| async {}).into_handler();
    let options = SubscriptionOptions::new([server.topic.clone()], server.group.clone(), idle);
    let subscription = bus.subscribe(options).await.unwrap();
    let () = raw(&*admin, &["ACL", "SETUSER", user, "<old", ">new"]).await;
    let _: u64 = raw(&*admin, &["CLIENT", "KILL", "USER", user]).await;
    let ended = tokio::time::timeout(PATIENCE, subscription.closed()).await.unwrap();
    assert_eq!(ended.unwrap_err().kind(), Kind::Unauthenticated);
    let error = bus.publish_message(&server.topic, Message::new("a")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthenticated);
    // Each tried once or twice, and nobody tries any more.
    let tried = refusals(&*admin, user).await;
    assert!((1..=4).contains(&tried), "{tried} attempts");
    tokio::time::sleep(QUIET * 2).await;
    assert_eq!(refusals(&*admin, user).await, tried);
    let _: u64 = raw(&*admin, &["ACL", "DELUSER", user]).await;
    assert!(server.transport.admin().unwrap().delete_topic(&server.topic).await.unwrap());
}
