//! Partitions move between the members of a group.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use wingman_core::Kind;
use wingman_core::transport::{Delivery, Settle, Subscriber};

use crate::server::{QUIET, Server, ack, bodies, partitions, settle, take, until};

const KEYS: usize = 30;

/// One member that holds a message of each key, in all three partitions.
async fn holding_all(server: &Server) -> (Box<dyn Subscriber>, Vec<Delivery>) {
    let member = server.join().await;
    let texts: Vec<_> = (0..KEYS).map(|key| format!("k{key}:{key}")).collect();
    server.publish(&texts).await;
    let held = take(&*member, KEYS).await;
    assert_eq!(partitions(&held).len(), 3, "thirty keys meet all partitions");
    (member, held)
}

/// The others begin to be refused while what runs may still be settled.
pub(crate) async fn a_partition_that_goes_waits_for_what_runs(server: Server) {
    let server = server.with("revoke_millis=3000&partitions=3").await;
    let (one, held) = holding_all(&server).await;
    assert!(held.iter().all(|delivery| one.holds(&delivery.token)));
    let two = server.join().await;
    until("a partition that goes", async || {
        held.iter().any(|delivery| !one.holds(&delivery.token))
    })
    .await;
    let most = NonZeroUsize::new(KEYS).unwrap();
    let early = two.receive(most, QUIET).await.unwrap();
    assert_eq!(bodies(&early), [""; 0], "nothing moves while something of it runs");
    ack(&*one, &held).await;
    server.publish(&(0..KEYS).map(|key| format!("k{key}:new")).collect::<Vec<_>>()).await;
    let mut came = Vec::new();
    until("work for both", async || {
        let to_one = one.receive(most, QUIET / 7).await.unwrap();
        let to_two = two.receive(most, QUIET / 7).await.unwrap();
        ack(&*one, &to_one).await;
        ack(&*two, &to_two).await;
        came.push((to_one.len(), to_two.len()));
        assert!(bodies(&to_one).iter().chain(&bodies(&to_two)).all(|body| body == "new"));
        came.iter().map(|(one, two)| one + two).sum::<usize>() == KEYS
    })
    .await;
    assert!(came.iter().any(|(_, two)| *two > 0), "{came:?}");
}

pub(crate) async fn what_is_not_settled_in_time_is_stale_and_comes_to_the_new_member(
    server: Server,
) {
    let server = server.with("revoke_millis=200&partitions=3").await;
    let (one, held) = holding_all(&server).await;
    let two = server.join().await;
    let first = take(&*two, 1).await;
    let gone = partitions(&first);
    let mut stale = BTreeSet::new();
    let mut kept = 0;
    for delivery in &held {
        match settle(&*one, delivery, Settle::Ack).await {
            Ok(()) => kept += 1,
            Err(error) => {
                assert_eq!(error.kind(), Kind::StaleLease);
                stale.insert(delivery.position);
            }
        }
    }
    assert!(kept > 0, "one member keeps some partitions");
    assert!(stale.iter().any(|position| gone.contains(&position.lane)));
    // What moved comes to the new member, all of it and nothing else.
    let mut again: BTreeSet<_> = first.iter().map(|delivery| delivery.position).collect();
    until("everything that moved", async || {
        let most = NonZeroUsize::new(KEYS).unwrap();
        let more = two.receive(most, QUIET / 7).await.unwrap();
        again.extend(more.iter().map(|delivery| delivery.position));
        again == stale
    })
    .await;
}
