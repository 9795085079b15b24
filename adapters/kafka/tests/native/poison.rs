//! What ends its process again and again ends among the dead letters (T6).

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use wingman_core::bus::dead_letter::{self, Cause, DeadLetter};
use wingman_core::bus::{Bus, RetrySchedule, SubscriptionOptions};
use wingman_core::event::{CloudEvent, extension};
use wingman_core::handler::{BoxFuture, Handler, Outcome, Request, Signature};
use wingman_core::name::TopicName;
use wingman_core::transport::SubscriberOptions;

use crate::process::{Place, command};
use crate::server::{QUIET, Server, take};

const TYPE: &str = "native.Work";
/// Runs that the bus allows without a retry of its own: see its `judge`.
const DEATHS: u32 = 17;
/// Processes after which the test gives up.
const PROCESSES_MAX: u32 = 25;

/// Ends its process at the poison, and says so when it handled anything else.
struct Dies;

impl Handler for Dies {
    fn signature(&self) -> Signature {
        Signature { consumes: vec![TYPE], ..Signature::default() }
    }

    #[allow(clippy::print_stdout, reason = "the test reads what it says")]
    fn call(&self, request: Request) -> BoxFuture<Outcome> {
        if request.event.id() == "poison" {
            std::process::abort();
        }
        println!("handled {}", request.event.id());
        Box::pin(std::future::ready(Outcome::Finished(Vec::new())))
    }
}

/// Runs the handler until standard input ends.
pub(crate) async fn handle(place: Place) {
    let bus = Bus::new(wingman_kafka::connect(&place.url).await.unwrap());
    let mut options = SubscriptionOptions::new([place.topic], place.group, Arc::new(Dies));
    options.retry = RetrySchedule::new([]).unwrap();
    let subscription = bus.subscribe(options).await.unwrap();
    let until_end = || std::io::stdin().read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(until_end).await.unwrap().unwrap();
    subscription.drain(Duration::from_secs(5)).await;
    bus.close().await.unwrap();
}

/// What a process handled before it died, or before it handled the last event and was told to end.
fn run_once(server: &Server) -> (Vec<String>, bool) {
    let mut process = command("handler", server).stdin(Stdio::piped()).spawn().unwrap();
    let mut handled = Vec::new();
    for line in BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok) {
        handled.push(line);
        if handled.last().is_some_and(|line| line == "handled after") {
            drop(process.stdin.take());
        }
    }
    (handled, process.wait().unwrap().success())
}

/// Under a name, so that the next process has the partition at once.
pub(crate) async fn what_ends_its_process_again_and_again_is_a_dead_letter(server: Server) {
    let server = server.with("partitions=1&instance=one").await;
    let publisher = server.publisher().await;
    let event = |id: &str| {
        let mut event = CloudEvent::new(id, "/native", TYPE).unwrap();
        event.set_extension(extension::PARTITION_KEY, "k").unwrap();
        event.with_json(format!("\"{id}\"")).to_message().unwrap()
    };
    let sent = [event("poison"), event("after")];
    for result in publisher.publish(&sent).await.unwrap() {
        result.unwrap();
    }
    let server = Arc::new(server);
    let (mut deaths, mut handled) = (0, Vec::new());
    while handled.is_empty() {
        assert!(deaths < PROCESSES_MAX, "no end after {deaths} deaths");
        let server = server.clone();
        let ran = tokio::task::spawn_blocking(move || run_once(&server));
        let (lines, ended_well) = ran.await.unwrap();
        deaths += u32::from(!ended_well);
        handled = lines;
    }
    assert_eq!((deaths, handled), (DEATHS, vec!["handled after".to_owned()]));
    let letters = TopicName::new(format!("{}{}", server.topic, dead_letter::SUFFIX)).unwrap();
    let options = SubscriberOptions::default();
    let reader = server.transport.subscriber(&letters, &server.group, options).await.unwrap();
    let found = take(&*reader, 1).await.remove(0).message;
    assert_eq!((&found.key, &found.payload), (&sent[0].key, &sent[0].payload));
    let letter = DeadLetter::from_message(&found).unwrap().unwrap();
    let last = letter.attempts.last().unwrap();
    assert_eq!((last.cause, last.attempt), (Cause::Crashing, DEATHS + 1), "{}", last.reason);
    let most = std::num::NonZeroUsize::new(9).unwrap();
    assert!(reader.receive(most, QUIET).await.unwrap().is_empty(), "one letter");
}
