//! Asking `brokers.sh` to end and start a broker.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;
use wingman_core::{Error, Kind, Result};

/// Runs the script with these arguments.
pub(super) async fn brokers(arguments: &[&str]) -> Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("brokers.sh");
    let output = Command::new(script)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| Error::new(Kind::Internal, "brokers.sh did not run").because(error))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Error::new(Kind::Internal, "brokers.sh failed").because(said))
}
