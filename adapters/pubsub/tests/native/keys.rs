//! Many keys, and much that waits.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use wingman_core::message::Message;

use crate::server::{PATIENCE, QUIET, Server, ack, take};

/// More keys than one client is used for (1,000), each with a message before and one after it was made
/// anew.
pub(crate) async fn many_keys_keep_their_order_over_a_new_client(server: Server) {
    const KEYS: usize = 1_200;
    let subscriber = server.join().await;
    let publisher = server.publisher().await;
    for round in ["1", "2"] {
        let message = |key: usize| Message::new(round).with_key(format!("key-{key}"));
        let messages: Vec<_> = (0..KEYS).map(message).collect();
        for part in messages.chunks(400) {
            for result in publisher.publish(part).await.unwrap() {
                result.unwrap();
            }
        }
    }
    let mut seen: BTreeMap<Vec<u8>, String> = BTreeMap::new();
    let mut count = 0;
    while count < 2 * KEYS {
        let taken = take(&*subscriber, 1).await;
        for delivery in &taken {
            let key = delivery.message.key.clone().unwrap().to_vec();
            let round = String::from_utf8_lossy(&delivery.message.payload).into_owned();
            seen.entry(key).or_default().push_str(&round);
        }
        count += taken.len();
        ack(&*subscriber, &taken).await;
    }
    assert_eq!(seen.len(), KEYS);
    assert!(seen.values().all(|rounds| rounds == "12"), "out of order");
}

/// More than waits in a subscriber (1,000): the rest stays at the service until there is room.
pub(crate) async fn what_is_held_is_bounded_and_all_of_it_comes(server: Server) {
    const MESSAGES: usize = 2_500;
    let subscriber = server.join().await;
    let messages: Vec<_> = (0..MESSAGES).map(|number| Message::new(number.to_string())).collect();
    server.publish(&messages).await;
    let deadline = tokio::time::Instant::now() + PATIENCE * 3;
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < MESSAGES {
        assert!(tokio::time::Instant::now() < deadline, "only {} came", seen.len());
        let most = NonZeroUsize::new(500).unwrap();
        let taken = subscriber.receive(most, QUIET).await.unwrap();
        assert!(taken.len() <= 500);
        seen.extend(taken.iter().map(|it| it.message.payload.clone()));
        ack(&*subscriber, &taken).await;
    }
}
