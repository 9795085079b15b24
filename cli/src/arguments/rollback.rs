//! What can be asked about the undoing of trees.

use clap::{Args, Subcommand, ValueEnum};
use wingman_hub::governance::protocol::row::Resolution;

use super::{LedgerArgument, ListArguments, OperatorArguments};

#[derive(Debug, Subcommand)]
pub(crate) enum Rollback {
    /// Show what would be undone, in which order.
    Plan(RollbackArguments),
    /// Fence the tree and wait until a process that has the tools has undone it.
    Run(RollbackArguments),
    /// Show effects that could be neither undone nor probed, oldest first: they wait for a person.
    Quarantined(ListArguments),
    /// Decide about one of them; once. The rollback that it held up goes on.
    Resolve(ResolveArguments),
}

#[derive(Debug, Args)]
pub(crate) struct RollbackArguments {
    /// Which tree.
    pub(crate) correlation: String,
    #[command(flatten)]
    pub(crate) ledger: LedgerArgument,
    /// How long to wait, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) wait: u64,
}

#[derive(Debug, Args)]
pub(crate) struct ResolveArguments {
    /// The effect, EXECUTION-INDEX; the beginning of the execution is enough, and without -INDEX where
    /// only one of its effects waits.
    pub(crate) effect: String,
    /// What is decided.
    #[arg(long = "as", value_name = "RESOLUTION")]
    pub(crate) resolution: Resolved,
    #[command(flatten)]
    pub(crate) operator: OperatorArguments,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Resolved {
    /// You undid it by hand, or it had never happened.
    Undone,
    /// It stays as it is.
    Accepted,
}

impl From<Resolved> for Resolution {
    fn from(resolved: Resolved) -> Self {
        match resolved {
            Resolved::Undone => Self::Undone,
            Resolved::Accepted => Self::Accepted,
        }
    }
}
