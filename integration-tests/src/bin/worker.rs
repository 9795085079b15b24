//! One governed process of the kill tests.
//!
//! `worker --broker URL --ledger URL --namespace NAME --recorder ADDRESS --producers A,B --works N
//! [--stop-at GAP --occurrence N [--until FILE]] [--broken acks-first|sends-nothing]
//! [--lease-seconds N] [--slow-millis N]`
//!
//! It publishes the works of its producers, runs the workflow, and stops when its standard input
//! ends. At its gap it says so and stands still, to be killed, or until the file is there.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the test reads what it says")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use wingman_core::bus::Bus;
use wingman_core::handler::Incoming;
use wingman_core::name::Namespace;
use wingman_governance::ledger::{CheckpointEvery, Gap, Gaps};
use wingman_governance::permission::Tools;
use wingman_governance::protocol::input::Published;
use wingman_governance::protocol::settings::Settings;
use wingman_governance::{Governor, Running};
use wingman_tests::kills::workflow::{self, CHARGE, RESERVE, Work};
use wingman_tests::kills::{AFTER_UNDO, AtDriver, BEFORE_RETURN, Broken, Complaints, Noted};

/// How often a worker that stands still looks whether it may go on.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Short, so that a killed worker's work comes to the next one soon.
const WORKER_LEASE: Duration = Duration::from_secs(2);

type Stop = Arc<dyn Fn(&str) + Send + Sync>;
type Arguments = BTreeMap<String, String>;
type Failure = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    let run = |runtime: tokio::runtime::Runtime| runtime.block_on(run(&arguments()));
    match runtime.map_err(Failure::from).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), Failure> {
    tracing::subscriber::set_global_default(Complaints)?;
    let stop: Stop = Arc::new(stop_at(arguments)?);
    let gaps = Gaps::new({
        let stop = Arc::clone(&stop);
        move |gap| stop(gap.as_str())
    });
    let driver = wingman_adapters::open(get(arguments, "broker")?).await?;
    let transport = AtDriver { driver, gaps: gaps.clone(), broken: broken(arguments)? };
    let namespace = Namespace::new(get(arguments, "namespace")?)?;
    let bus = Bus::new(Arc::new(transport)).namespace(namespace);
    let running = governor(bus, gaps, &stop, arguments)?.start().await?;
    println!("ready");
    publish(&running, arguments).await?;
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    running.stop().await;
    Ok(())
}

fn governor(bus: Bus, gaps: Gaps, stop: &Stop, arguments: &Arguments) -> Result<Governor, Failure> {
    let recorder = get(arguments, "recorder")?.parse()?;
    let takes = match arguments.get("slow-millis") {
        Some(millis) => Duration::from_millis(millis.parse()?),
        None => Duration::ZERO,
    };
    let noted = |name: &'static str| {
        let stop = Arc::clone(stop);
        Noted::new(name, recorder, move || stop(AFTER_UNDO)).takes(takes)
    };
    let act = {
        let stop = Arc::clone(stop);
        move |work: Incoming<Work>, tools: Tools| {
            let stop = Arc::clone(&stop);
            async move {
                let acted = workflow::act(work, tools).await;
                stop(BEFORE_RETURN);
                acted
            }
        }
    };
    let worker_lease = match arguments.get("lease-seconds") {
        Some(seconds) => Duration::from_secs(seconds.parse()?),
        None => WORKER_LEASE,
    };
    let settings = Settings { worker_lease, ..Settings::default() };
    let every = CheckpointEvery { stamps: 16, time: Duration::from_millis(500) };
    Ok(Governor::around(bus, get(arguments, "ledger")?)
        .contracts(Arc::new(workflow::contracts()?))
        .settings(settings)
        .checkpoint_every(every)
        .subscriptions(|options| options.lease = Duration::from_secs(1))
        .gaps(gaps)
        .tool(RESERVE, noted(RESERVE))
        .tool(CHARGE, noted(CHARGE))
        .handle("act", act)
        .handle("close", workflow::close)
        .handle("reverse", workflow::reverse))
}

/// Publishes like a producer that tries again until it is told that its event is recorded.
async fn publish(running: &Running, arguments: &Arguments) -> Result<(), Failure> {
    let works: u32 = get(arguments, "works")?.parse()?;
    for producer in get(arguments, "producers")?.split(',') {
        for number in 0..works {
            let event = workflow::work(producer, number)?;
            match running.publish(event).await? {
                Published::Recorded(_) => println!("recorded {producer}-{number}"),
                Published::Known => println!("known {producer}-{number}"),
                Published::Refused { detail, .. } => return Err(detail.into()),
            }
        }
    }
    println!("published");
    Ok(())
}

/// Where this worker stands still: says so once, at the given occurrence of the given place.
fn stop_at(arguments: &Arguments) -> Result<impl Fn(&str) + Send + Sync + 'static, Failure> {
    let place = arguments.get("stop-at").cloned();
    let known = |place: &String| {
        [AFTER_UNDO, BEFORE_RETURN].contains(&place.as_str())
            || Gap::ALL.into_iter().any(|gap| gap.as_str() == place)
    };
    if let Some(unknown) = place.as_ref().filter(|place| !known(place)) {
        return Err(format!("there is no gap {unknown:?}").into());
    }
    let occurrence: u32 = match place {
        Some(_) => get(arguments, "occurrence")?.parse()?,
        None => 0,
    };
    let until = arguments.get("until").map(PathBuf::from);
    let stand_still = move || {
        while !until.as_ref().is_some_and(|file| file.exists()) {
            std::thread::sleep(LOOK_EVERY);
        }
    };
    let (reached, returning) = (AtomicU32::new(0), AtomicBool::new(false));
    Ok(move |here: &str| {
        let is_it = place.as_deref() == Some(here);
        if is_it && reached.fetch_add(1, Ordering::Relaxed) + 1 == occurrence {
            // Before a return it is not there yet: the writer goes on to its next checkpoint.
            if here == BEFORE_RETURN {
                returning.store(true, Ordering::Relaxed);
            } else {
                println!("at {here}");
            }
            stand_still();
        }
        if is_checkpoint(here) && returning.swap(false, Ordering::Relaxed) {
            println!("at {BEFORE_RETURN}");
            stand_still();
        }
    })
}

/// Whether the ledger's writer is there, between two transactions.
fn is_checkpoint(place: &str) -> bool {
    [Gap::CheckpointBeforeWrite, Gap::CheckpointAfterWrite].iter().any(|it| it.as_str() == place)
}

fn broken(arguments: &Arguments) -> Result<Option<Broken>, Failure> {
    match arguments.get("broken").map(String::as_str) {
        None => Ok(None),
        Some("acks-first") => Ok(Some(Broken::AcksFirst)),
        Some("sends-nothing") => Ok(Some(Broken::SendsNothing)),
        Some(other) => Err(format!("no driver is broken in the way {other:?}").into()),
    }
}

fn arguments() -> Arguments {
    let mut words = std::env::args().skip(1);
    let mut arguments = Arguments::new();
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        arguments.insert(name.trim_start_matches("--").to_owned(), value);
    }
    arguments
}

fn get<'a>(arguments: &'a Arguments, name: &str) -> Result<&'a str, Failure> {
    let value = arguments.get(name).map(String::as_str);
    value.ok_or_else(|| format!("--{name} is missing").into())
}
