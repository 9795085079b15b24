//! Members with a name of their own, which outlives their process.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use wingman_core::Kind;
use wingman_core::bus::{Bus, SubscriptionOptions};
use wingman_core::handler::{BoxFuture, Handler, Outcome, Request, Signature};
use wingman_core::transport::{Subscriber, SubscriberOptions};

use crate::process::{Place, command};
use crate::server::{QUIET, Server, ack, bodies, partitions, take, until};

const KEYS: usize = 40;
const MOST: NonZeroUsize = NonZeroUsize::new(2 * KEYS).unwrap();
/// How long a process is watched that must not spin, and the hundredths of a second that it may
/// work in that time.
const WATCHED: Duration = Duration::from_secs(2);
const TICKS_MAX: u64 = 20;

/// A member in a session that outlives the tests, under a name or none.
async fn member(server: &Server, name: Option<&str>) -> Box<dyn Subscriber> {
    let named = name.map(|name| format!("&instance={name}")).unwrap_or_default();
    let address = server.address();
    let settings = "session_millis=30000&heartbeat_millis=200&partitions=4";
    let url = format!("kafka://{address}?{settings}{named}");
    let transport = wingman_kafka::connect(&url).await.unwrap();
    let options = SubscriberOptions::default();
    transport.subscriber(&server.topic, &server.group, options).await.unwrap()
}

/// Publishes a message of each key.
async fn publish_round(server: &Server, round: &str) {
    let texts: Vec<_> = (0..KEYS).map(|key| format!("k{key}:{round}")).collect();
    server.publish(&texts).await;
}

/// Two members that share the partitions; which ones each of them has.
async fn share(server: &Server, one: &dyn Subscriber, two: &dyn Subscriber) -> [BTreeSet<u32>; 2] {
    let mut shares = [BTreeSet::new(), BTreeSet::new()];
    until("two partitions for each", async || {
        publish_round(server, "sharing").await;
        let mut seen = [Vec::new(), Vec::new()];
        until("the round", async || {
            for (member, seen) in [one, two].into_iter().zip(&mut seen) {
                let came = member.receive(MOST, QUIET / 7).await.unwrap();
                ack(member, &came).await;
                seen.extend(came);
            }
            seen.iter().map(Vec::len).sum::<usize>() >= KEYS
        })
        .await;
        shares = seen.map(|seen| partitions(&seen));
        shares.iter().all(|share| share.len() == 2) && shares[0].is_disjoint(&shares[1])
    })
    .await;
    shares
}

/// What of a round waits for the member that is away comes to nobody else, and to it when it is back.
pub(crate) async fn a_static_member_that_restarts_moves_nothing(server: Server) {
    let one = member(&server, Some("one")).await;
    let two = member(&server, Some("two")).await;
    let [its, others] = share(&server, &*one, &*two).await;
    one.close().await.unwrap();
    drop(one);
    publish_round(&server, "away").await;
    let mut held = Vec::new();
    let quiet = tokio::time::Instant::now() + QUIET * 4;
    while tokio::time::Instant::now() < quiet {
        held.extend(two.receive(MOST, QUIET).await.unwrap());
    }
    assert_eq!(partitions(&held), others, "the other one keeps what it has, and gets no more");
    let back = member(&server, Some("one")).await;
    let came = take(&*back, KEYS - held.len()).await;
    assert_eq!(partitions(&came), its, "it has what it had");
    assert!(bodies(&came).iter().all(|body| body == "away"));
    ack(&*back, &came).await;
    // Had anything moved meanwhile, these would be stale.
    ack(&*two, &held).await;
}

/// The control: without a name whoever leaves gives its partitions away.
pub(crate) async fn a_member_without_a_name_moves_its_partitions(server: Server) {
    let one = member(&server, None).await;
    let two = member(&server, None).await;
    let [its, _] = share(&server, &*one, &*two).await;
    one.close().await.unwrap();
    publish_round(&server, "away").await;
    let came = take(&*two, KEYS).await;
    assert!(partitions(&came).is_superset(&its));
}

/// Takes one delivery, is fenced off, says so, and how much it worked from then on.
#[allow(clippy::print_stdout, reason = "the test reads what it says")]
pub(crate) async fn be_fenced(place: Place) {
    let transport = wingman_kafka::connect(&place.url).await.unwrap();
    let options = SubscriberOptions::default();
    let subscriber = transport.subscriber(&place.topic, &place.group, options).await.unwrap();
    take(&*subscriber, 1).await;
    println!("is a member");
    let mut error = None;
    until("an error", async || {
        error = subscriber.receive(MOST, Duration::from_millis(100)).await.err();
        error.is_some()
    })
    .await;
    let error = error.unwrap();
    println!("{:?}: {error}", error.kind());
    let before = ticks();
    tokio::time::sleep(WATCHED).await;
    println!("{}", ticks() - before);
}

/// Hundredths of a second that this process has worked: `utime` and `stime` of proc(5).
fn ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // The name, in brackets, may hold anything.
    let fields = stat.rsplit_once(") ").unwrap().1.split(' ').collect::<Vec<_>>();
    fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum()
}

/// Two processes: the older one is told, by kind and in words, and does not spin.
pub(crate) async fn an_instance_name_has_one_process(server: Server) {
    let server = server.with("instance=one").await;
    server.publish(&["a"]).await;
    let mut older = command("namesake", &server).spawn().unwrap();
    let mut said = BufReader::new(older.stdout.take().unwrap()).lines();
    let first = tokio::task::spawn_blocking(move || (said.next().unwrap().unwrap(), said));
    let (line, said) = first.await.unwrap();
    assert_eq!(line, "is a member");
    let newer = server.join().await;
    let came = take(&*newer, 1).await;
    ack(&*newer, &came).await;
    let rest = tokio::task::spawn_blocking(move || said.map(Result::unwrap).collect::<Vec<_>>());
    let rest = rest.await.unwrap();
    assert!(older.wait().unwrap().success());
    assert!(rest[0].starts_with("Conflict: "), "{rest:?}");
    assert!(rest[0].contains("instance") && rest[0].contains(server.topic.as_str()), "{rest:?}");
    let worked: u64 = rest[1].parse().unwrap();
    assert!(worked <= TICKS_MAX, "it worked for {worked} hundredths of a second");
}

struct Finishes;

impl Handler for Finishes {
    fn signature(&self) -> Signature {
        Signature::default()
    }

    fn call(&self, _: Request) -> BoxFuture<Outcome> {
        Box::pin(std::future::ready(Outcome::Finished(Vec::new())))
    }
}

/// A program on the bus is not tried again for ever: its subscription ends with that error.
pub(crate) async fn a_bus_whose_name_is_taken_ends_and_says_so(server: Server) {
    let server = server.with("instance=one").await;
    let bus = Bus::new(wingman_kafka::connect(&server.url).await.unwrap());
    let (topic, group) = (server.topic.clone(), server.group.clone());
    let options = SubscriptionOptions::new([topic], group, Arc::new(Finishes));
    let older = bus.subscribe(options).await.unwrap();
    let lag = async || server.admin().lag(&server.topic, &server.group).await.unwrap();
    server.publish(&["not an event"]).await;
    until("what is published to be handled", async || lag().await == Some(0)).await;
    let newer = server.join().await;
    let error = older.closed().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict, "{error}");
    server.publish(&["for the newer"]).await;
    ack(&*newer, &take(&*newer, 1).await).await;
}
