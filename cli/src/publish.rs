//! `wingman publish`: CloudEvents in, a receipt a line out.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use wingman_hub::core::bus::Bus;
use wingman_hub::core::event::{CloudEvent, extension};
use wingman_hub::core::name::TopicName;
use wingman_hub::core::transport::Confirmed;
use wingman_hub::governance::ledger::Ledger;
use wingman_hub::governance::protocol::input::{Input, Published, Reply};
use wingman_hub::governance::protocol::row::OutboxState;

use crate::arguments::Publish;
use crate::problem::Problem;
use crate::progress::Progress;
use crate::{open, print};

type Lines = tokio::io::Lines<Box<dyn tokio::io::AsyncBufRead + Unpin + Send>>;

pub(crate) async fn run(options: Publish, json: bool) -> Result<ExitCode, Problem> {
    open::other_process(&options.broker)?;
    let source = source(&options).await?;
    let target = Target::open(&options).await?;
    match source {
        Source::One(event) => target.send(&event).await?,
        Source::Lines { lines, whole_bytes } => {
            // Where the receipts go to a terminal, they are progress enough.
            let quiet = json || std::io::stdout().is_terminal();
            send_lines(&target, lines, whole_bytes, &Progress::new(quiet, "publishing")).await?;
        }
    }
    target.close().await?;
    Ok(ExitCode::SUCCESS)
}

/// A line that is wrong ends the command there: what came before has its receipts, and the line is
/// named, so that the rest can be sent again from it.
async fn send_lines(
    target: &Target,
    mut lines: Lines,
    whole_bytes: Option<u64>,
    progress: &Progress,
) -> Result<(), Problem> {
    let (mut number, mut sent, mut read_bytes) = (0_u64, 0_u64, 0);
    while let Some(line) = lines.next_line().await? {
        number += 1;
        read_bytes += line.len() as u64 + 1;
        if line.trim().is_empty() {
            continue;
        }
        let event = CloudEvent::from_json(line.as_bytes()).map_err(|error| {
            Problem::usage(format!("line {number} is not a structured CloudEvent: {error}")).remedy(
                format!(
                    "mend it and send again from line {number}: the lines before it have receipts"
                ),
            )
        })?;
        target.send(&event).await?;
        sent += 1;
        let words = || format!("{sent} events");
        match whole_bytes {
            Some(whole) => progress.at(read_bytes, whole, words),
            None => progress.say(words),
        }
    }
    Ok(())
}

enum Source {
    One(Box<CloudEvent>),
    /// Lines, and how many bytes they are in all, where that is known.
    Lines {
        lines: Lines,
        whole_bytes: Option<u64>,
    },
}

async fn source(options: &Publish) -> Result<Source, Problem> {
    if let Some(input) = &options.input {
        if input != "-" {
            return Err(Problem::usage(format!("unexpected argument {input:?}"))
                .remedy("use --file for a file, or - for standard input"));
        }
        let lines = lines(Box::new(BufReader::new(tokio::io::stdin())));
        return Ok(Source::Lines { lines, whole_bytes: None });
    }
    if let Some(path) = &options.file {
        let file = tokio::fs::File::open(path)
            .await
            .map_err(|error| Problem::new(format!("{}: {error}", path.display())))?;
        let whole_bytes = file.metadata().await.ok().filter(|it| it.is_file()).map(|it| it.len());
        let lines = lines(Box::new(BufReader::new(file)));
        return Ok(Source::Lines { lines, whole_bytes });
    }
    let Some(data) = &options.data else {
        return Err(Problem::usage("there is nothing to publish")
            .remedy("give --data JSON, --file NDJSON, or - for standard input"));
    };
    one(options, data).map(|event| Source::One(Box::new(event)))
}

fn lines(reader: Box<dyn tokio::io::AsyncBufRead + Unpin + Send>) -> Lines {
    reader.lines()
}

fn one(options: &Publish, data: &str) -> Result<CloudEvent, Problem> {
    serde_json::from_str::<serde_json::Value>(data)
        .map_err(|error| Problem::usage(format!("--data is not JSON: {error}")))?;
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(Problem::new)?;
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let ty = options.ty.as_deref().unwrap_or(&options.topic);
    let mut event = CloudEvent::new(id, options.source.as_str(), ty).map_err(Problem::usage)?;
    event.subject.clone_from(&options.subject);
    if let Some(key) = &options.key {
        event.set_extension(extension::PARTITION_KEY, key.as_str())?;
    }
    Ok(event.with_json(data.to_owned()))
}

struct Target {
    bus: Bus,
    topic: TopicName,
    structured: bool,
    ledger: Option<Ledger>,
    wait: Duration,
}

impl Target {
    async fn open(options: &Publish) -> Result<Self, Problem> {
        let bus = wingman_hub::connect(&options.broker).await?;
        let ledger = match &options.ledger {
            Some(url) => Some(open::governed(url, options.contracts.as_deref()).await?.0),
            None => None,
        };
        let topic = TopicName::new(&options.topic)?;
        let (structured, wait) = (options.structured, Duration::from_secs(options.wait));
        Ok(Self { bus, topic, structured, ledger, wait })
    }

    async fn send(&self, event: &CloudEvent) -> Result<(), Problem> {
        match &self.ledger {
            Some(ledger) => self.send_recorded(ledger, event).await,
            None => self.send_plain(event).await,
        }
    }

    async fn send_plain(&self, event: &CloudEvent) -> Result<(), Problem> {
        let message = match self.structured {
            true => event.to_structured_message()?,
            false => event.to_message()?,
        };
        let receipt = self.bus.publish_message(&self.topic, message).await?;
        let confirmed = match receipt.confirmed {
            Confirmed::Stored => "stored",
            Confirmed::NoGroup => "stored, no group listens",
        };
        let position = receipt.position.map(|position| position.to_string());
        print::json(
            &json!({ "id": event.id(), "source": event.source(), "topic": self.topic.as_str(), "position": position, "confirmed": confirmed }),
        )
    }

    /// Stamp and outbox first; then a process that relays for this ledger has to send it.
    async fn send_recorded(&self, ledger: &Ledger, event: &CloudEvent) -> Result<(), Problem> {
        let input = Input::Publish { event: Arc::new(event.clone()) };
        let sequence = match ledger.transact(vec![input]).await?.pop() {
            Some(Reply::Published(Published::Recorded(sequence))) => sequence,
            Some(Reply::Published(Published::Known)) => {
                return print::json(
                    &json!({ "id": event.id(), "source": event.source(), "recorded": "before" }),
                );
            }
            Some(Reply::Published(Published::Refused { code, detail })) => {
                return Err(Problem::new(format!("{code} {}: {detail}", event.ty())));
            }
            other => {
                return Err(Problem::new(format!("unexpected reply of the ledger: {other:?}")));
            }
        };
        let state = self.relayed(ledger, sequence).await?;
        print::json(
            &json!({ "id": event.id(), "source": event.source(), "recorded": sequence, "state": state }),
        )
    }

    async fn relayed(&self, ledger: &Ledger, sequence: u64) -> Result<OutboxState, Problem> {
        let reader = ledger.reader();
        let deadline = tokio::time::Instant::now() + self.wait;
        loop {
            match reader.outbox(sequence)?.map(|row| row.state) {
                Some(
                    state @ (OutboxState::Published
                    | OutboxState::Withheld
                    | OutboxState::Undeliverable),
                ) => {
                    return Ok(state);
                }
                Some(OutboxState::Unpublished | OutboxState::Publishing) | None => {}
            }
            if tokio::time::Instant::now() >= deadline {
                return Err(Problem::new("the event is recorded and not relayed yet").remedy(
                    "start a process that works on this ledger: it publishes what is recorded",
                ));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn close(self) -> Result<(), Problem> {
        if let Some(ledger) = self.ledger {
            ledger.close().await?;
        }
        Ok(self.bus.close().await?)
    }
}
