//! Opening what several commands need: a ledger that exists, and the contracts beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wingman_hub::core::name::TopicName;
use wingman_hub::governance::audit::SigningKey;
use wingman_hub::governance::contract::Contracts;
use wingman_hub::governance::ledger::{Ledger, LedgerOptions};

use crate::arguments::OperatorArguments;
use crate::problem::Problem;

/// Opens a ledger that exists, without contracts: for commands that judge nothing.
pub(crate) async fn ledger(url: &str) -> Result<Ledger, Problem> {
    let none = Contracts::builder().build().map_err(Problem::new)?;
    Ok(Ledger::open(url, LedgerOptions::new(Arc::new(none))).await?)
}

/// Opens a ledger that exists, with the contracts given or found beside it.
pub(crate) async fn governed(
    url: &str,
    folder: Option<&Path>,
) -> Result<(Ledger, Arc<Contracts>), Problem> {
    let contracts = load_for(url, folder)?;
    let options = LedgerOptions::new(Arc::clone(&contracts));
    Ok((Ledger::open(url, options).await?, contracts))
}

/// A ledger that exists, its contracts, and the key of somebody who decides there.
pub(crate) struct Operator {
    pub(crate) ledger: Ledger,
    pub(crate) contracts: Arc<Contracts>,
    pub(crate) key: SigningKey,
}

/// Opens what a decision of an operator needs.
pub(crate) async fn operator(arguments: &OperatorArguments) -> Result<Operator, Problem> {
    let folder = arguments.contracts.as_deref();
    let (ledger, contracts) = governed(&arguments.ledger.url, folder).await?;
    let key = SigningKey::load(&arguments.key).map_err(Problem::new)?;
    Ok(Operator { ledger, contracts, key })
}

/// Reads the contracts given or found beside a ledger.
pub(crate) fn load_for(url: &str, folder: Option<&Path>) -> Result<Arc<Contracts>, Problem> {
    load(&folder.map_or_else(|| beside(url), Path::to_path_buf))
}

/// Reads contracts, with every mistake that they have.
pub(crate) fn load(folder: &Path) -> Result<Arc<Contracts>, Problem> {
    Contracts::load(folder).map(Arc::new).map_err(Problem::new)
}

/// Writes a file, or says which one could not be written.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Problem> {
    std::fs::write(path, text)
        .map_err(|error| Problem::new(format!("{} cannot be written: {error}", path.display())))
}

/// Makes a folder, or says which one could not be made.
pub(crate) fn make_folder(path: &Path) -> Result<(), Problem> {
    std::fs::create_dir_all(path)
        .map_err(|error| Problem::new(format!("{} cannot be made: {error}", path.display())))
}

/// Refuses a broker that lives in one process only: this command could not reach it.
pub(crate) fn other_process(url: &str) -> Result<(), Problem> {
    if url.starts_with("memory://") {
        return Err(Problem::usage("memory:// lives in one process, and this is another")
            .remedy("name a broker that both can reach, such as redis://127.0.0.1:6379"));
    }
    Ok(())
}

/// A topic of ours, or what a team has under exactly this name.
pub(crate) fn topic(name: &str, existing: bool) -> wingman_hub::Result<TopicName> {
    if existing { TopicName::existing(name) } else { TopicName::new(name) }
}

/// A broker's URL without what stands before its host, and without its settings: secrets never show.
pub(crate) fn without_secrets(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let rest = rest.split('?').next().unwrap_or_default();
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            format!("{scheme}://{host}")
        }
        None => url.to_owned(),
    }
}

/// The folder `contracts` beside the file of a ledger.
fn beside(url: &str) -> PathBuf {
    let path = Path::new(url.split_once("://").map_or(url, |(_, path)| path));
    path.parent().unwrap_or(Path::new(".")).join("contracts")
}
