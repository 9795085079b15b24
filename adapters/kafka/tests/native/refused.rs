//! What goes wrong has a kind.

use wingman_core::message::Message;
use wingman_core::transport::{Provision, PublisherOptions};
use wingman_core::{Kind, Retry};

use crate::server::{Server, bodies, take};

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
