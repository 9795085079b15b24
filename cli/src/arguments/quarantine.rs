//! What can be asked about deliveries that wait, or were given up on.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::LedgerArgument;

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// Show what was given up on, newest first.
    List(ListArguments),
    /// Show one: its event, what was received, and each attempt.
    Show(ShowArguments),
    /// Give one to its handler again, in any process that runs it; once.
    ///
    /// Every check is made again. A call of a tool that an earlier attempt made is not repeated: its
    /// result is taken.
    Replay(ReviewArguments),
    /// Remove its bytes; final. Their digest stays.
    Discard(ReviewArguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Parked {
    /// Show what waits, for what, and until when; oldest first.
    List(ListArguments),
    /// Show one, with its bytes.
    Show(ShowArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    pub(crate) ledger: LedgerArgument,
    /// At most this many.
    #[arg(long, default_value_t = 100)]
    pub(crate) max: usize,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// Its identity, or the beginning of it.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) ledger: LedgerArgument,
    /// Write the payload to standard output as it was received, and nothing else.
    #[arg(long)]
    pub(crate) raw: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReviewArguments {
    /// Its identity, or the beginning of it.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) operator: OperatorArguments,
}

/// Who decides, on which ledger.
#[derive(Debug, Args)]
pub(crate) struct OperatorArguments {
    #[command(flatten)]
    pub(crate) ledger: LedgerArgument,
    /// The private key of a principal of the contracts who holds the role operator.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The contracts that name the principals; `contracts` beside the ledger unless given.
    #[arg(long, value_name = "DIR")]
    pub(crate) contracts: Option<PathBuf>,
}
