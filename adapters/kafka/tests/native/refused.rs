//! What goes wrong has a kind.

use wingman_core::message::Message;
use wingman_core::transport::{Provision, PublisherOptions};
use wingman_core::{Kind, Retry};

use crate::server::{Server, bodies, take, until};

/// The listener of `brokers.sh` that asks who we are.
fn with_credentials(server: &Server, user: &str, settings: &str) -> String {
    let (host, port) = server.address().split_once(':').unwrap();
    let port = port.parse::<u16>().unwrap() + 2;
    format!("kafka://{user}@{host}:{port}?reply_millis=5000&{settings}")
}

pub(crate) async fn wrong_credentials_are_permanent(server: Server) {
    for mechanism in ["PLAIN", "SCRAM-SHA-512"] {
        let settings = format!("mechanism={mechanism}");
        let url = with_credentials(&server, "wingman:hunter2", &settings);
        let error = wingman_kafka::connect(&url).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unauthenticated, "{error:?}");
        assert_eq!(error.retry(), Retry::Permanent);
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}

pub(crate) async fn right_credentials_are_not(mut server: Server) {
    for mechanism in ["PLAIN", "SCRAM-SHA-512"] {
        let settings = format!("mechanism={mechanism}&session_millis=3000&heartbeat_millis=200");
        let url = with_credentials(&server, "wingman:test", &settings);
        let plain = std::mem::replace(&mut server.url, url);
        server.transport = wingman_kafka::connect(&server.url).await.unwrap();
        let subscriber = server.join().await;
        server.publish(&["k:a"]).await;
        assert_eq!(bodies(&take(&*subscriber, 1).await), ["a"]);
        subscriber.close().await.unwrap();
        assert!(server.admin().delete_topic(&server.topic).await.unwrap());
        server.url = plain;
    }
}

pub(crate) async fn a_publisher_without_its_topic_says_unroutable(server: Server) {
    let options = PublisherOptions { provision: Provision::Never };
    let publisher = server.transport.publisher(&server.topic, options).await.unwrap();
    let mut results = publisher.publish(&[Message::new("y")]).await.unwrap();
    assert_eq!(results.remove(0).unwrap_err().kind(), Kind::Unroutable);
    assert_eq!(server.admin().inspect(&server.topic).await.unwrap(), None);
}

pub(crate) async fn an_instance_name_has_one_process(server: Server) {
    let server = server.with("instance=one").await;
    let first = server.join().await;
    server.publish(&["a"]).await;
    take(&*first, 1).await;
    let _second = server.join().await;
    let most = std::num::NonZeroUsize::MIN;
    let mut error = None;
    until("an error", async || {
        error = first.receive(most, std::time::Duration::from_millis(100)).await.err();
        error.is_some()
    })
    .await;
    assert_eq!(error.unwrap().kind(), Kind::Conflict);
}
