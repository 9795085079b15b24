//! What can be asked about somebody's own broker.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  wingman check redis://127.0.0.1:6379
  wingman check amqp://user:password@127.0.0.1:5672 --report check.html
  wingman check kafka://127.0.0.1:9092 --read-only --topic orders
  wingman check amqp://127.0.0.1:5672 --read-only --topic legacy-orders --existing
  wingman check redis://127.0.0.1:6379 --json")]
pub(crate) struct Check {
    /// The broker, such as redis://host:port.
    #[arg(value_name = "URL")]
    pub(crate) broker: String,
    /// Create nothing: only say what it is, what it can do, and what there is of --topic.
    #[arg(long)]
    pub(crate) read_only: bool,
    /// With --read-only: a topic to look at; may be repeated. Exit code 1 if there is none.
    #[arg(long = "topic", value_name = "TOPIC", requires = "read_only")]
    pub(crate) topics: Vec<String>,
    /// The topics, queues or subscriptions to look at are a team's, under exactly these names.
    #[arg(long, requires = "topics")]
    pub(crate) existing: bool,
    /// Also write a report: JSON, or a page if the name ends in .html.
    #[arg(long, value_name = "FILE", conflicts_with = "read_only")]
    pub(crate) report: Option<PathBuf>,
    /// Print every case as it ends.
    #[arg(long, conflicts_with_all = ["read_only", "json"])]
    pub(crate) cases: bool,
    /// How long to wait for what must come, in seconds: more for a broker that is far. A case may take four
    /// times as long.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) patience: u64,
}
