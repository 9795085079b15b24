//! What else may happen to the broker of a governed process: it restarts, it dies, it is not there
//! yet, it does not know us.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};

use libtest_mimic::{Failed, Trial};
use tempfile::TempDir;

use super::broker::Broker;
use super::scene::Scene;
use super::{finish, judged};

/// Works that are under way while the broker goes.
const LOAD: u32 = 24;

pub(super) fn trials() -> Vec<Trial> {
    let trial = |name: &str, run: fn() -> Result<(), String>| {
        Trial::test(format!("redis::{name}"), move || run().map_err(Failed::from))
    };
    vec![
        trial("restarted under load", || goes_under_load(&[&["restart", "redis"]])),
        trial("killed under load", || goes_under_load(&[&["kill", "redis"], &["up", "redis"]])),
        trial("down at start", down_at_start),
        trial("refuses the credentials", refuses_the_credentials),
    ]
}

fn goes_under_load(commands: &[&[&str]]) -> Result<(), String> {
    let redis = OwnRedis::new()?;
    redis.run(&["up", "redis"])?;
    let mut scene = Scene::new(commands[0][0], redis.broker(), LOAD);
    let producers = ["load".to_owned()];
    let mut worker = scene.worker(&producers, None);
    worker.wait_for(&format!("recorded load-{}", LOAD / 2))?;
    for command in commands {
        redis.run(command)?;
    }
    judged(&mut scene, worker).map(drop)
}

/// It keeps trying and says so; what was published meanwhile goes out when the broker is there.
fn down_at_start() -> Result<(), String> {
    let redis = OwnRedis::new()?;
    let mut scene = Scene::new("down", redis.broker(), LOAD);
    let mut worker = scene.worker(&["early".to_owned()], None);
    worker.wait_for(&format!("recorded early-{}", LOAD - 1))?;
    scene.wait_for_complaint("cannot be reached")?;
    redis.run(&["up", "redis"])?;
    judged(&mut scene, worker).map(drop)
}

/// It stops and says so, without the password.
fn refuses_the_credentials() -> Result<(), String> {
    let selected = Broker::selected();
    let url = selected.url.replacen("redis://", "redis://nobody:hunter2@", 1);
    let mut scene = Scene::new("credentials", Broker { url }, 1);
    let mut worker = scene.worker(&["nobody".to_owned()], None);
    let status = worker.ended()?;
    let complaints = scene.complaints();
    if status.success() || complaints.is_empty() || complaints.contains("hunter2") {
        return Err(format!("it ended with {status} and said {complaints:?}"));
    }
    // With the right ones the same ledger and the same works go through.
    scene.broker = selected;
    finish(&mut scene, &["nobody".to_owned()]).map(drop)
}

/// A Redis that only one trial uses, and may end.
struct OwnRedis {
    home: TempDir,
    port: String,
}

impl OwnRedis {
    fn new() -> Result<Self, String> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr());
        let port = free.map_err(|error| error.to_string())?.port().to_string();
        let home = TempDir::new().map_err(|error| error.to_string())?;
        Ok(Self { home, port })
    }

    fn broker(&self) -> Broker {
        Broker { url: format!("redis://127.0.0.1:{}", self.port) }
    }

    fn run(&self, arguments: &[&str]) -> Result<(), String> {
        let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("brokers.sh"))
            .args(arguments)
            .env("BROKERS_HOME", self.home.path())
            .env("REDIS_PORT", &self.port)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr);
        output
            .status
            .success()
            .then_some(())
            .ok_or_else(|| format!("brokers.sh {arguments:?}: {said}"))
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        // The trial has its result already.
        let _ = self.run(&["down", "redis"]);
    }
}
