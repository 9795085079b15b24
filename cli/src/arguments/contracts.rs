//! What can be asked about contract files.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::LedgerArgument;

#[derive(Debug, Subcommand)]
pub(crate) enum Contracts {
    /// Read and check every contract of a folder, each by itself and all of them together.
    ///
    /// Errors are what is not loaded or can never run: handlers that nothing leads to, consumed types
    /// that nobody emits, chains that no handler makes. Warnings are what is probably not meant: types
    /// that nobody consumes, cascades that can go round, grants wider than the scope. Exit code 1 on
    /// errors.
    Lint {
        /// The folder.
        path: PathBuf,
        /// End with exit code 1 on warnings too.
        #[arg(long)]
        strict: bool,
    },
    /// Print the JSON Schema (2020-12) of contract files, for editors.
    Schema(SchemaArguments),
    /// Write the contracts of a folder in one form, or as an AsyncAPI 3.0 document.
    Export(ExportArguments),
    /// Propose contracts from what a ledger saw handlers do.
    ///
    /// Best after a run in mode observe, where nothing that a contract forgot is refused; a handler that
    /// has none yet starts by `handler: NAME` and what it consumes. Each grant has the stamps that it
    /// rests on; what was not seen is not granted. What only binds (mission, ordering, approvals) stays
    /// as declared. A handler whose types can emit more than was seen does not start by it: add what you
    /// mean. The ledger is verified first, as `wingman audit verify` does. Exit code 1 if it does not hold, or
    /// if what comes out does not load.
    Propose(ProposeArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  wingman demo --mode observe --out demo
  wingman contracts propose --ledger sqlite://demo/ledger.db --out proposed.yaml
  wingman contracts propose --ledger sqlite://demo/ledger.db --handler tool-executor
  wingman contracts propose --ledger sqlite://demo/ledger.db --checkpoint checkpoint.txt")]
pub(crate) struct ProposeArguments {
    #[command(flatten)]
    pub(crate) ledger: LedgerArgument,
    /// A checkpoint that was kept elsewhere: the log must contain what it signed.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// The contracts that are declared; `contracts` beside the ledger unless given.
    #[arg(long, value_name = "DIR")]
    pub(crate) contracts: Option<PathBuf>,
    /// Only this handler's; what has to change in events is said in comments. Otherwise events and
    /// handlers come as one file that takes the place of theirs.
    #[arg(long, value_name = "NAME")]
    pub(crate) handler: Option<String>,
    /// Where it goes; standard output unless given.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  wingman contracts schema --out contracts
  wingman contracts schema handler > handler.schema.json

An editor with a YAML language server reads the schema of a file from its first line:
  # yaml-language-server: $schema=contracts.schema.json")]
pub(crate) struct SchemaArguments {
    /// Which document; whatever a contract file may hold unless given.
    pub(crate) document: Option<ContractDocument>,
    /// Write files to this folder instead: contracts.schema.json, event.schema.json, handler.schema.json.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ContractDocument {
    /// The contract of an event type.
    Event,
    /// The contract of a handler.
    Handler,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  wingman contracts export demo/contracts
  wingman contracts export demo/contracts --out exported
  wingman contracts export demo/contracts --format asyncapi --out asyncapi.json")]
pub(crate) struct ExportArguments {
    /// The folder.
    #[arg(default_value = "contracts")]
    pub(crate) path: PathBuf,
    /// In which form.
    #[arg(long, default_value = "yaml")]
    pub(crate) format: ExportFormat,
    /// Where it goes: a folder for yaml, which gets contracts.yaml and the schemas; a file for asyncapi.
    /// Standard output unless given.
    #[arg(long, value_name = "PATH")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One field a line, everything sorted; reads back as the same contracts.
    Yaml,
    /// AsyncAPI 3.0 as JSON: channels, messages with their schemas, an operation for each type that a
    /// handler takes or gives; the rest as fields that begin with x-wingman-. Principals are left out.
    Asyncapi,
}
