//! What can be asked of `wingman`.

mod check;
mod contracts;
mod quarantine;
mod rollback;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use wingman_scenarios::agent_loop::AgentLoop;
use wingman_scenarios::publishing::Publishing;

pub(crate) use check::Check;
pub(crate) use contracts::{
    ContractDocument, Contracts, ExportArguments, ExportFormat, ProposeArguments, SchemaArguments,
};
pub(crate) use quarantine::{
    DeadLetters, ListArguments, OperatorArguments, Parked, ReviewArguments, ShowArguments,
};
pub(crate) use rollback::{ResolveArguments, Rollback, RollbackArguments};

/// Governed event handlers on the message broker a team already has.
#[derive(Debug, Parser)]
#[command(
    name = "wingman",
    version,
    about,
    propagate_version = true,
    after_help = "Examples:
  wingman demo
  wingman demo --broker redis://127.0.0.1:6379 --out demo
  wingman check redis://127.0.0.1:6379
  wingman trace CORRELATION --ledger sqlite://demo/ledger.db
  wingman audit verify --ledger sqlite://demo/ledger.db --checkpoint checkpoint.txt

Exit codes: 0 done, 1 failed or not sound, 2 not understood."
)]
pub(crate) struct Arguments {
    /// Print JSON for programs instead of text for people.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a scenario: real broker, ledger, tools and files; scripted handlers.
    Demo(Demo),
    /// Publish CloudEvents and print a receipt a line.
    Publish(Publish),
    /// Print what a group receives, one CloudEvent in JSON a line; acked after printing.
    Consume(Consume),
    /// Certify a broker: what it is, what it can do, and whether it keeps the guarantees.
    ///
    /// Runs the conformance cases of transport and bus under names of its own, and removes what it made,
    /// also when it is interrupted. Cases that restart the broker or cut connections are not run. Exit code
    /// 0 only if no case failed and nothing is left.
    Check(Check),
    /// Check or show the log.
    #[command(
        subcommand,
        after_help = "Examples:
  wingman audit verify --ledger sqlite://demo/ledger.db --checkpoint checkpoint.txt
  wingman audit show --ledger sqlite://demo/ledger.db | tail -20"
    )]
    Audit(Audit),
    /// Show what followed from a request.
    Trace(Trace),
    /// Plan or run the undoing of a tree, and decide about what could not be undone.
    #[command(
        subcommand,
        after_help = "Examples:
  wingman rollback plan CORRELATION --ledger sqlite://demo/ledger.db
  wingman rollback run CORRELATION --ledger sqlite://demo/ledger.db
  wingman rollback quarantined --ledger sqlite://demo/ledger.db
  wingman rollback resolve 6553f1-0 --as undone --ledger sqlite://demo/ledger.db --key demo/demo-approver.key"
    )]
    Rollback(Rollback),
    /// Stop new work of a handler, or of all, in every process on the ledger.
    #[command(after_help = "Examples:
  wingman halt tool-executor --ledger sqlite://demo/ledger.db
  wingman halt --as ada --ledger sqlite://demo/ledger.db")]
    Halt(Interrupt),
    /// Allow new work again.
    #[command(after_help = "Examples:
  wingman resume tool-executor --ledger sqlite://demo/ledger.db
  wingman resume --ledger sqlite://demo/ledger.db")]
    Resume(Interrupt),
    /// List and answer plans that wait for a person.
    #[command(
        subcommand,
        after_help = "Examples:
  wingman approvals list --ledger sqlite://demo/ledger.db
  wingman approvals approve 9c1e --ledger sqlite://demo/ledger.db --key demo/demo-approver.key
  wingman approvals deny 9c1e --ledger sqlite://demo/ledger.db --key demo/demo-approver.key"
    )]
    Approvals(Approvals),
    /// Look at deliveries that were given up on, and decide about them.
    ///
    /// Of governed handlers, in their ledger. What a handler without a governor gives up on goes to the
    /// topic NAME.dead-letters on the broker: `wingman consume` reads it.
    #[command(
        subcommand,
        after_help = "Examples:
  wingman dead-letters list --ledger sqlite://demo/ledger.db
  wingman dead-letters show 6553f1 --ledger sqlite://demo/ledger.db --raw > payload
  wingman dead-letters replay 6553f1 --ledger sqlite://demo/ledger.db --key demo/demo-approver.key"
    )]
    DeadLetters(DeadLetters),
    /// Look at deliveries that wait in a ledger.
    #[command(
        subcommand,
        after_help = "Examples:
  wingman parked list --ledger sqlite://demo/ledger.db
  wingman parked show 6553f1 --ledger sqlite://demo/ledger.db"
    )]
    Parked(Parked),
    /// Check contract files, describe them to editors, write them in another form, or propose them.
    #[command(
        subcommand,
        after_help = "Examples:
  wingman contracts lint demo/contracts
  wingman contracts lint demo/contracts --strict --json
  wingman contracts schema --out demo/contracts
  wingman contracts export demo/contracts --format asyncapi --out asyncapi.json
  wingman contracts propose --ledger sqlite://demo/ledger.db --out proposed.yaml"
    )]
    Contracts(Contracts),
    /// Print what completes this command in a shell.
    #[command(after_help = "Examples:
  wingman completions bash > /etc/bash_completion.d/wingman
  wingman completions zsh > ~/.zfunc/_wingman
  wingman completions fish > ~/.config/fish/completions/wingman.fish")]
    Completions(Completions),
    /// Write manual pages, one a command.
    #[command(after_help = "Example:
  wingman man --out /usr/local/share/man/man1 && man wingman-demo")]
    Man(Man),
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Which shell.
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The folder that they go to; made if it is missing.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  wingman demo
  wingman demo --scenario publishing
  wingman demo --interactive
  wingman demo --mode observe
  wingman demo --out demo && edit demo/contracts/handlers.yaml && wingman demo --out demo
  wingman demo --broker redis://127.0.0.1:6379 --json")]
pub(crate) struct Demo {
    /// Which workflow.
    #[arg(long, default_value = "agent-loop")]
    pub(crate) scenario: Scenario,
    /// The broker: memory:// or redis://host:port.
    #[arg(long, value_name = "URL", default_value = "memory://")]
    pub(crate) broker: String,
    /// The ledger; in --out unless given.
    #[arg(long, value_name = "URL")]
    pub(crate) ledger: Option<String>,
    /// Contracts to enforce instead of the scenario's own.
    #[arg(long, value_name = "DIR")]
    pub(crate) contracts: Option<PathBuf>,
    /// Where contracts, work files, keys and ledger go; a new demo-XXXX unless given.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// What becomes of what the contracts refuse.
    #[arg(long, default_value = "enforce")]
    pub(crate) mode: DemoMode,
    /// Keep topics and groups on the broker.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Ask a person for YES instead of the script.
    #[arg(long)]
    pub(crate) interactive: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum DemoMode {
    /// It is stamped and told, and happens all the same.
    Observe,
    /// It does not happen.
    Enforce,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Scenario {
    /// Seven handlers, five requests at once.
    AgentLoop,
    /// From a topic to a release in six stages, and three channels that announce it.
    Publishing,
}

impl Scenario {
    /// The library that does it.
    pub(crate) fn scenario(self) -> &'static dyn wingman_scenarios::Scenario {
        match self {
            Self::AgentLoop => &AgentLoop,
            Self::Publishing => &Publishing,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  wingman publish --broker redis://127.0.0.1:6379 --topic OrderPlaced --type OrderPlaced --data '{\"id\":7}'
  wingman publish --broker redis://127.0.0.1:6379 --topic OrderPlaced --file events.ndjson
  cat events.ndjson | wingman publish --broker redis://127.0.0.1:6379 --topic OrderPlaced -")]
pub(crate) struct Publish {
    /// The broker, such as redis://host:port.
    #[arg(long, value_name = "URL")]
    pub(crate) broker: String,
    /// Where to; with --ledger the type's own topic, whatever stands here.
    #[arg(long, value_name = "TOPIC")]
    pub(crate) topic: String,
    /// The CloudEvents type; the topic's name unless given.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) ty: Option<String>,
    /// The CloudEvents source: who says so.
    #[arg(long, default_value = "/wingman/cli")]
    pub(crate) source: String,
    /// The CloudEvents subject: what it is about.
    #[arg(long)]
    pub(crate) subject: Option<String>,
    /// The ordering key.
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// The body of one event.
    #[arg(long, value_name = "JSON", conflicts_with_all = ["file", "input"])]
    pub(crate) data: Option<String>,
    /// Structured CloudEvents, one JSON object a line.
    #[arg(long, value_name = "NDJSON")]
    pub(crate) file: Option<PathBuf>,
    /// `-` reads structured CloudEvents from standard input.
    #[arg(value_name = "-", conflicts_with = "file")]
    pub(crate) input: Option<String>,
    /// Send in structured mode, the whole event as JSON in the payload, for readers that want it so.
    #[arg(long, conflicts_with = "ledger")]
    pub(crate) structured: bool,
    /// Stamp and record each event in this ledger first, and wait until it was relayed.
    #[arg(long, value_name = "URL")]
    pub(crate) ledger: Option<String>,
    /// Contracts that the ledger's types come from; `contracts` beside the ledger unless given.
    #[arg(long, value_name = "DIR", requires = "ledger")]
    pub(crate) contracts: Option<PathBuf>,
    /// How long to wait for each receipt, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) wait: u64,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  wingman consume --broker redis://127.0.0.1:6379 --topic OrderPlaced --group peek --max 10 --wait 5
  wingman consume --broker amqp://127.0.0.1:5672 --topic legacy-orders --group peek --existing --max 1")]
pub(crate) struct Consume {
    /// The broker, such as redis://host:port.
    #[arg(long, value_name = "URL")]
    pub(crate) broker: String,
    /// Which topic.
    #[arg(long, value_name = "TOPIC")]
    pub(crate) topic: String,
    /// Each group gets everything; made if it is missing, from the oldest message on.
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: String,
    /// What a team has under exactly these names: nothing is made, and what is printed is taken from it.
    /// Where the queue itself is the group (RabbitMQ, SQS, Pub/Sub), --group is any name.
    #[arg(long)]
    pub(crate) existing: bool,
    /// Stop after this many.
    #[arg(long)]
    pub(crate) max: Option<u64>,
    /// Stop when nothing came for this many seconds.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) wait: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct LedgerArgument {
    /// The ledger, such as sqlite://demo/ledger.db
    #[arg(long = "ledger", value_name = "URL")]
    pub(crate) url: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Recompute the whole log; exit code 0 only if nothing is wrong.
    Verify {
        #[command(flatten)]
        ledger: LedgerArgument,
        /// A checkpoint that was kept elsewhere: the log must contain what it signed.
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
    },
    /// Print stamps, oldest first.
    Show {
        #[command(flatten)]
        ledger: LedgerArgument,
        /// Only those of one tree.
        #[arg(long, value_name = "ID")]
        correlation: Option<String>,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  wingman trace CORRELATION --ledger sqlite://demo/ledger.db
  wingman trace CORRELATION --ledger sqlite://demo/ledger.db --format html --out trace.html
  wingman trace CORRELATION --ledger sqlite://demo/ledger.db --format mermaid")]
pub(crate) struct Trace {
    /// Which tree.
    pub(crate) correlation: String,
    #[command(flatten)]
    pub(crate) ledger: LedgerArgument,
    /// What to print.
    #[arg(long, default_value = "tree")]
    pub(crate) format: TraceFormat,
    /// Where the page goes; standard output unless given.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum TraceFormat {
    /// Lines for a terminal.
    Tree,
    /// A page that stands for itself: no network, no scripts needed, for phones too; up to 10,000 events
    /// and executions, at most 3 KiB an execution where events are small.
    Html,
    /// A Mermaid flow chart for documents.
    Mermaid,
    /// One JSON object.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Interrupt {
    /// The handler; all of them unless given.
    pub(crate) handler: Option<String>,
    #[command(flatten)]
    pub(crate) ledger: LedgerArgument,
    /// Who says so; stamped.
    #[arg(long = "as", value_name = "NAME", default_value = "operator")]
    pub(crate) by: String,
    /// How long to wait for confirmations, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    pub(crate) wait: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Approvals {
    /// Show plans that nobody has decided.
    List {
        #[command(flatten)]
        ledger: LedgerArgument,
    },
    /// Answer YES.
    Approve(AnswerArguments),
    /// Answer NO.
    Deny(AnswerArguments),
}

#[derive(Debug, Args)]
pub(crate) struct AnswerArguments {
    /// The plan's digest, or the beginning of it.
    pub(crate) plan: String,
    #[command(flatten)]
    pub(crate) ledger: LedgerArgument,
    /// The private key of a principal of the contracts.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The contracts that name the principals; `contracts` beside the ledger unless given.
    #[arg(long, value_name = "DIR")]
    pub(crate) contracts: Option<PathBuf>,
}
