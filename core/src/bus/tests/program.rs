//! The ten-line program and the derive macros.

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::{Done, Job, Seen, publish_jobs, within};
use crate::error::Kind;
use crate::event::{CloudEvent, Event};
use crate::handler::{Emit, Incoming, IntoHandler};
use crate::testing::TestBus;

#[derive(Serialize, Deserialize, Event)]
struct Odd {
    number: u32,
}

#[derive(Emit)]
enum Sorted {
    Even(Done),
    Odd(Odd),
    Nothing(()),
}

async fn sort(job: Incoming<Job>) -> Sorted {
    let number = job.number;
    match number {
        0 => Sorted::Nothing(()),
        number if number % 2 == 0 => Sorted::Even(Done { number }),
        number => Sorted::Odd(Odd { number }),
    }
}

#[test]
fn derives_name_types_and_versions() {
    assert_eq!((Done::TYPE, Done::VERSION), ("JobDone", 2));
    assert_eq!((Odd::TYPE, Odd::VERSION), ("Odd", 1));
    let signature = sort.into_handler().signature();
    assert_eq!(signature.emits, Some(vec!["JobDone", "Odd"]));
}

#[tokio::test]
async fn handlers_feed_each_other_until_the_signal() {
    let test = TestBus::new();
    let seen = Seen::default();
    let note = seen.clone();
    let (stop, stopped) = oneshot::channel::<()>();
    let bus = test.bus().clone();
    bus.handle("sort", sort).handle("count", move |done: Incoming<Done>| {
        note.note(done.number.to_string());
        async {}
    });
    let program = tokio::spawn(async move { bus.run_until(stopped).await });
    publish_jobs(&test, &[("a", 0), ("a", 1), ("a", 2), ("a", 4)]).await;
    within(async {
        while seen.all().len() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    test.until_idle().await;
    stop.send(()).unwrap();
    within(program).await.unwrap().unwrap();
    assert_eq!(seen.all(), ["2", "4"]);
    assert_eq!(test.events("Odd").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_program_that_cannot_work_says_why() {
    let bus = TestBus::new();
    let never = || std::future::pending::<()>();
    let error = within(bus.bus().run_until(never())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Configuration);
    bus.bus().handle("any", |_: std::sync::Arc<CloudEvent>| async {});
    let error = within(bus.bus().run_until(never())).await.unwrap_err();
    assert!(error.to_string().contains("any event"), "{error}");
    bus.bus().handle("twice", sort).handle("twice", sort);
    let error = within(bus.bus().run_until(never())).await.unwrap_err();
    assert!(error.to_string().contains("one name"), "{error}");
}
