//! Attempts are counted from member to member, a process that ends in mid-handler included.

use std::io::Write as _;

use wingman_core::transport::{Settle, SubscriberOptions};

use crate::process::{Place, command};
use crate::server::{Server, ack, bodies, settle, take, until};

/// Takes one delivery, says which, and ends as if killed.
pub(crate) async fn take_one_and_die(place: Place) {
    let transport = wingman_kafka::connect(&place.url).await.unwrap();
    let options = SubscriberOptions::default();
    let subscriber = transport.subscriber(&place.topic, &place.group, options).await.unwrap();
    let taken = take(&*subscriber, 1).await;
    let said = format!("{} {}\n", bodies(&taken)[0], taken[0].attempt.unwrap());
    std::io::stdout().write_all(said.as_bytes()).unwrap();
    std::process::abort();
}

/// What a process said that took one delivery and died of it.
async fn victim(server: &Server) -> String {
    let mut command = command("victim", server);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(crate) async fn a_delivery_that_ends_its_process_is_counted(server: Server) {
    let server = server.with("partitions=1").await;
    server.publish(&["k:poison", "k:after"]).await;
    for attempt in 1..=3 {
        assert_eq!(victim(&server).await, format!("poison {attempt}"));
    }
    let last = server.join().await;
    let taken = take(&*last, 1).await;
    assert_eq!((bodies(&taken), taken[0].attempt), (vec!["poison".to_owned()], 4.try_into().ok()));
    ack(&*last, &taken).await;
    let after = take(&*last, 1).await;
    assert_eq!((bodies(&after), after[0].attempt), (vec!["after".to_owned()], 1.try_into().ok()));
}

/// What came beside it was begun at most once more than it was.
pub(crate) async fn what_is_merely_beside_it_is_not(server: Server) {
    let server = server.with("partitions=1").await;
    server.publish(&["before", "poison", "after"]).await;
    for attempt in 1..=2 {
        assert_eq!(victim(&server).await, format!("before {attempt}"));
    }
    // This one lives: deliveries come one at a time until nothing is left of the dead.
    let last = server.join().await;
    for (body, attempt) in [("before", 3), ("poison", 1), ("after", 1)] {
        let taken = take(&*last, 1).await;
        let most = std::num::NonZeroUsize::new(9).unwrap();
        let more = last.receive(most, crate::server::QUIET / 7).await.unwrap();
        assert!(more.is_empty(), "one at a time");
        let seen = (bodies(&taken), taken[0].attempt);
        assert_eq!(seen, (vec![body.to_owned()], attempt.try_into().ok()));
        ack(&*last, &taken).await;
    }
}

pub(crate) async fn what_a_member_drops_unsettled_is_counted_and_what_it_releases_is_not(
    server: Server,
) {
    let server = server.with("partitions=1").await;
    server.publish(&["held", "released"]).await;
    for attempt in 1..=3 {
        let member = server.join().await;
        let taken = take(&*member, 2).await;
        let attempts: Vec<_> = taken.iter().map(|it| it.attempt.unwrap().get()).collect();
        assert_eq!(attempts, [attempt, 1]);
        settle(&*member, &taken[1], Settle::Release).await.unwrap();
        member.close().await.unwrap();
    }
}

/// It was interrupted by us, and may be long.
pub(crate) async fn a_partition_that_moves_counts_nothing(server: Server) {
    let server = server.with("partitions=2&revoke_millis=200").await;
    let texts: Vec<_> = (0..12).map(|key| format!("k{key}:{key}")).collect();
    server.publish(&texts).await;
    let one = server.join().await;
    let held = take(&*one, 12).await;
    let two = server.join().await;
    let mut moved = Vec::new();
    until("everything of a partition that moved", async || {
        let most = std::num::NonZeroUsize::new(12).unwrap();
        moved.extend(two.receive(most, crate::server::QUIET / 7).await.unwrap());
        let lost = held.iter().filter(|it| !one.holds(&it.token)).count();
        !moved.is_empty() && moved.len() == lost
    })
    .await;
    assert!(moved.iter().all(|it| it.attempt.unwrap().get() == 1));
}
