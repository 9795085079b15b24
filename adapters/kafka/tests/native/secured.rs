//! Over TLS by a CA of its own, with users that may do little: `brokers.sh up kafka-secured`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wingman_core::bus::{Bus, SubscriptionOptions};
use wingman_core::handler::IntoHandler as _;
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    Provision, PublisherOptions, Settle, Subscriber, SubscriberOptions, Transport,
};
use wingman_core::{Error, Kind, Retry};

use crate::server::{PATIENCE, QUIET, Server, ack, bodies, settle, take, until};

/// How soon whoever is refused at the start must know it, on a busy machine: without waiting out a reply.
const SOON: Duration = Duration::from_secs(8);

/// The URL for another user.
fn as_user(server: &Server, login: &str) -> String {
    server.url.replace("wingman:test@", &format!("{login}@"))
}

async fn limited(server: &Server) -> Arc<dyn Transport> {
    wingman_kafka::connect(&as_user(server, "limited:test")).await.unwrap()
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
    assert_eq!(server.transport.product().await.unwrap().name, "Kafka");
    let subscriber = join(&*server.transport, &server, Provision::Ensure).await.unwrap();
    server.publish(&["k:a", "k:b"]).await;
    let came = take(&*subscriber, 2).await;
    settle(&*subscriber, &came[0], Settle::Release).await.unwrap();
    let after = Settle::Retry { after: Duration::ZERO };
    settle(&*subscriber, &came[1], after).await.unwrap();
    let again = take(&*subscriber, 2).await;
    assert_eq!(bodies(&again), ["a", "b"]);
    ack(&*subscriber, &again).await;
    subscriber.close().await.unwrap();
    let (admin, topic, group) = (server.admin(), &server.topic, &server.group);
    assert_eq!(admin.lag(topic, group).await.unwrap(), Some(0));
    let found = admin.inspect(topic).await.unwrap().unwrap();
    assert_eq!(found.groups.as_deref(), Some(std::slice::from_ref(group)));
    assert!(admin.delete_group(topic, group).await.unwrap());
    assert!(admin.delete_topic(topic).await.unwrap());
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
    assert!(server.admin().delete_topic(&server.topic).await.unwrap());
}

fn assert_lacks(error: &Error, right: &str) {
    assert_eq!((error.kind(), error.retry()), (Kind::Forbidden, Retry::Permanent), "{error:?}");
    assert_eq!(error.context("right"), Some(right), "{error}");
}

/// Who may read may make a group, which is commits: there is no right for it alone.
pub(crate) async fn who_may_not_create_is_told_what_is_missing(server: Server) {
    let transport = limited(&server).await;
    let right = format!("Create on topic {}", server.topic);
    for error in [
        publish(&*transport, &server, Provision::Ensure).await.unwrap_err(),
        join(&*transport, &server, Provision::Ensure).await.unwrap_err(),
    ] {
        assert_lacks(&error, &right);
        assert_eq!(error.context("topic"), Some(server.topic.as_str()));
        assert!(error.context("or").unwrap().contains("provision = verify"), "{error}");
    }
    let verified = publish(&*transport, &server, Provision::Verify).await.unwrap_err();
    assert_eq!(verified.kind(), Kind::NotFound);
    assert_eq!(verified.context("topic"), Some(server.topic.as_str()));
    // The topic is there, its group is not.
    drop(server.publisher().await);
    let verified = join(&*transport, &server, Provision::Verify).await.unwrap_err();
    assert_eq!((verified.kind(), verified.context("group")), (Kind::NotFound, Some("workers")));
    let deleted = transport.admin().unwrap().delete_topic(&server.topic).await.unwrap_err();
    assert_lacks(&deleted, &format!("Delete on topic {}", server.topic));
    assert!(server.admin().delete_topic(&server.topic).await.unwrap());
}

pub(crate) async fn what_is_not_this_user_s_is_refused(mut server: Server) {
    let own = server.topic.clone();
    server.topic = TopicName::new(own.as_str().replace("secured-", "others-")).unwrap();
    drop(join(&*server.transport, &server, Provision::Ensure).await.unwrap());
    let transport = limited(&server).await;
    for provision in [Provision::Ensure, Provision::Verify, Provision::Never] {
        let error = publish(&*transport, &server, provision).await.unwrap_err();
        let right = if provision == Provision::Never { "Write" } else { "Describe" };
        assert_lacks(&error, &format!("{right} on topic {}", server.topic));
        let error = match join(&*transport, &server, provision).await {
            Err(error) => error,
            Ok(subscriber) => refused(&*subscriber).await,
        };
        let read = format!("Read on topic {0} and on group workers@{0}", server.topic);
        let right =
            if provision == Provision::Never { &read } else { error.context("right").unwrap() };
        assert_lacks(&error, right);
    }
    assert!(server.admin().delete_topic(&server.topic).await.unwrap());
    // A topic of its own, but not the group.
    server.topic = own;
    server.group = GroupName::new("strangers").unwrap();
    drop(server.publisher().await);
    let right = format!("Read on topic {0} and on group strangers@{0}", server.topic);
    assert_lacks(&join(&*transport, &server, Provision::Ensure).await.unwrap_err(), &right);
    let subscriber = join(&*transport, &server, Provision::Never).await.unwrap();
    assert_lacks(&refused(&*subscriber).await, &right);
    assert!(server.admin().delete_topic(&server.topic).await.unwrap());
}

/// What a subscriber ends with.
async fn refused(subscriber: &dyn Subscriber) -> Error {
    let mut error = None;
    until("an error", async || {
        error = subscriber.receive(1.try_into().unwrap(), QUIET).await.err();
        error.is_some()
    })
    .await;
    error.unwrap()
}

/// An error at once, and no try more. A broker that answers late is taken for one that is down, and
/// the next call says why it is not.
async fn refused_at_once(url: &str) -> Error {
    let began = Instant::now();
    let error = match wingman_kafka::connect(url).await {
        Err(error) => error,
        Ok(transport) => transport.ping().await.expect_err(url),
    };
    assert_eq!(error.retry(), Retry::Permanent, "{error:?}");
    assert!(began.elapsed() < SOON, "after {:?}: {error:?}", began.elapsed());
    error
}

pub(crate) async fn wrong_credentials_are_said_soon(server: Server) {
    for login in ["wingman:hunter2", "nobody:hunter2"] {
        let error = refused_at_once(&as_user(&server, login)).await;
        assert_eq!(error.kind(), Kind::Unauthenticated, "{error:?}");
        assert!(error.to_string().contains("credentials"), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
    // The broker takes another mechanism.
    let error = refused_at_once(&format!("{}&mechanism=PLAIN", server.url)).await;
    assert_eq!(error.kind(), Kind::Unauthenticated, "{error:?}");
}

/// The same for whoever asks for a kind, and not for whoever reads.
pub(crate) async fn a_server_that_is_not_trusted_is_refused_with_its_reason(server: Server) {
    let (place, _) = server.url.split_once('?').unwrap();
    let on = |further: u16| {
        let port: u16 = place.rsplit_once(':').unwrap().1.parse().unwrap();
        server.url.replace(&port.to_string(), &(port + further).to_string())
    };
    let unknown = "nobody trusted signed the broker's certificate";
    let elsewhere = "the broker's certificate is for another host";
    for (url, said, why) in [
        (server.url.replace("ca.pem", "stranger.pem"), unknown, "issuer certificate"),
        (format!("{place}?tls=true"), unknown, "issuer certificate"),
        (server.url.replace("localhost", "127.0.0.1"), elsewhere, "IP address mismatch"),
        (on(3), elsewhere, "hostname mismatch"),
        (on(2), "the broker's certificate is not valid now", "has expired"),
        // A server of which nothing is known does not hide it.
        (on(2).replace("@", "@localhost:1,"), "not valid now", "has expired"),
    ] {
        let error = refused_at_once(&url).await;
        assert_eq!(error.kind(), Kind::Unauthenticated, "{error:?}");
        assert!(error.to_string().contains(said), "{said:?} is not in {error}");
        assert!(error.context("why").unwrap().contains(why), "{why:?} is not in {error}");
    }
    let missing = refused_at_once(&server.url.replace("ca.pem", "none.pem")).await;
    assert_eq!(missing.kind(), Kind::Configuration);
    assert_eq!(missing.context("key"), Some("ca_file"));
}

pub(crate) async fn a_certificate_of_ours_is_shown(server: Server) {
    let with = |name: &str| {
        let (_, ca) = server.url.split_once("ca_file=").unwrap();
        let ca = ca.split('&').next().unwrap();
        let file = |end| ca.replace("ca.pem", &format!("{name}.{end}"));
        format!("{}&certificate_file={}&key_file={}", server.url, file("pem"), file("key"))
    };
    let transport = wingman_kafka::connect(&with("client")).await.unwrap();
    transport.ping().await.unwrap();
    // Under TLS 1.3 a client learns too late for a handshake that its certificate is refused.
    assert_looks_down(&with("expired")).await;
}

/// Such a broker looks like one that is down: it is said, and tried again.
async fn assert_looks_down(url: &str) {
    let transport = wingman_kafka::connect(&format!("{url}&reply_millis=2000")).await.unwrap();
    let error = transport.ping().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{error:?}");
    assert!(error.to_string().contains("does one side speak TLS"), "{error}");
    assert!(error.to_string().contains("refuse our certificate"), "{error}");
}

pub(crate) async fn a_port_of_the_other_way_is_said(server: Server) {
    let plain = std::env::var("WINGMAN_KAFKA_URL").expect("the plain broker runs beside it");
    let (place, _) = server.url.split_once('?').unwrap();
    for url in [format!("{plain}&tls=true"), format!("{place}?tls=false")] {
        assert_looks_down(&url).await;
    }
}

/// `brokers.sh` with these words.
async fn brokers(words: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integration-tests/brokers.sh");
    let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
    let run = move || Command::new(script).args(words).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Gives a user this password, for which it is made if it is not there.
async fn set_password(user: &str, password: &str) {
    let config = format!("SCRAM-SHA-512=[iterations=4096,password={password}]");
    let tool = ["ctl", "kafka-secured", "kafka.admin.ConfigCommand", "--alter"];
    let of = ["--add-config", &config, "--entity-type", "users", "--entity-name", user];
    brokers(&[&tool[..], &of].concat()).await;
}

async fn allow(user: &str, words: &[&str]) {
    let tool = ["ctl", "kafka-secured", "org.apache.kafka.tools.AclCommand", "--force", "--add"];
    let principal = format!("User:{user}");
    brokers(&[&tool[..], &["--allow-principal", &principal], words].concat()).await;
}

/// How often the broker's log tells of somebody that it refused.
fn refusals() -> usize {
    let home = std::env::var("BROKERS_HOME").map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.brokers"),
        PathBuf::from,
    );
    let log = std::fs::read_to_string(home.join("kafka-secured/log")).unwrap();
    log.matches("Failed authentication with").count()
}

/// A password is changed while a subscription and a publisher are at work.
pub(crate) async fn credentials_that_end_stop_whoever_uses_them(server: Server) {
    let user = server.topic.as_str();
    set_password(user, "old").await;
    let topic = ["--operation", "Create", "--operation", "Write", "--topic", user];
    allow(user, &topic).await;
    allow(user, &["--operation", "Read", "--topic", user, "--group", "*"]).await;
    let before = refusals();
    let bus =
        Bus::new(wingman_kafka::connect(&as_user(&server, &format!("{user}:old"))).await.unwrap());
    let idle = (|| async {}).into_handler();
    let options = SubscriptionOptions::new([server.topic.clone()], server.group.clone(), idle);
    let subscription = bus.subscribe(options).await.unwrap();
    bus.publish_message(&server.topic, Message::new("a")).await.unwrap();
    assert_eq!(refusals(), before);
    set_password(user, "new").await;
    let ended = tokio::time::timeout(PATIENCE, subscription.closed()).await.unwrap();
    assert_eq!(ended.unwrap_err().kind(), Kind::Unauthenticated);
    let error = bus.publish_message(&server.topic, Message::new("a")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthenticated);
    // Clients that end may try once more; then nobody tries any more.
    let mut tried = refusals();
    assert!(tried > before);
    until("the end of all attempts", async || {
        tokio::time::sleep(QUIET * 4).await;
        std::mem::replace(&mut tried, refusals()) == refusals()
    })
    .await;
    assert!(server.admin().delete_topic(&server.topic).await.unwrap());
}

/// A connection that is cut while it proves who we are looks refused.
pub(crate) async fn a_broker_that_restarts_refuses_nobody(server: Server) {
    let subscriber = join(&*server.transport, &server, Provision::Ensure).await.unwrap();
    brokers(&["restart", "kafka-secured"]).await;
    until("a confirm", async || {
        not_for_good(publish(&*server.transport, &server, Provision::Never).await).is_some()
    })
    .await;
    until("a delivery", async || {
        let came = subscriber.receive(1.try_into().unwrap(), QUIET).await;
        not_for_good(came).is_some_and(|came| !came.is_empty())
    })
    .await;
    subscriber.close().await.unwrap();
    // A client that asked before the restart may be told once that its connection is gone.
    until("the topic to be deleted", async || {
        not_for_good(server.admin().delete_topic(&server.topic).await).unwrap_or(false)
    })
    .await;
}

/// What came of a call, which may fail for now.
fn not_for_good<T>(result: wingman_core::Result<T>) -> Option<T> {
    result.inspect_err(|error| assert_ne!(error.retry(), Retry::Permanent, "{error:?}")).ok()
}
