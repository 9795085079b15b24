//! A broker that only one trial uses, and may end.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{self, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use super::{Broker, at};

/// A broker listens on its port and on some that follow it.
const PORTS: u16 = 4;
/// They are below those that connections are given as they come, on Linux and elsewhere: such a port may
/// be taken before its broker listens, or while it restarts.
const FIRST_PORT: u16 = 24_000;
const LAST_PORT: u16 = 32_000;
/// Places that are tried for them.
const TRIES: u32 = 50;

pub(in super::super) struct Own {
    name: &'static str,
    home: TempDir,
    port: u16,
}

impl Own {
    /// A broker of this name, which is not started yet.
    pub(in super::super) fn new(name: &'static str) -> Result<Self, String> {
        let home = TempDir::new().map_err(|error| error.to_string())?;
        Ok(Self { name, home, port: free_ports()? })
    }

    pub(in super::super) fn broker(&self) -> Result<Arc<dyn Broker>, String> {
        let urls = self.run("urls")?;
        let url = urls.trim().strip_prefix(self.name).ok_or_else(|| format!("no URL: {urls:?}"))?;
        Ok(at(self.name, url.trim().to_owned()))
    }

    /// Runs a command of `brokers.sh`, and returns what it says.
    pub(in super::super) fn run(&self, command: &str) -> Result<String, String> {
        let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("brokers.sh"))
            .args([command, self.name])
            .env("BROKERS_HOME", self.home.path())
            .env(format!("{}_PORT", self.name.to_uppercase()), self.port.to_string())
            .stdin(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("brokers.sh {command} {}: {said}", self.name))
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // The trial has its result already.
        let _ = self.run("down");
    }
}

/// The first of some free ports in a row, which no other trial of this process is given.
fn free_ports() -> Result<u16, String> {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let is_free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let rows = u32::from((LAST_PORT - FIRST_PORT) / PORTS);
    for _ in 0..TRIES {
        let row = process::id().wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed)) % rows;
        let first = FIRST_PORT + PORTS * row as u16;
        if (first..first + PORTS).all(is_free) {
            return Ok(first);
        }
    }
    Err(format!("no {PORTS} free ports in a row were found"))
}
