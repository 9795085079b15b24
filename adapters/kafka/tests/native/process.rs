//! Tests that need processes of their own: this program again, told what to be.

use std::process::{Command, Stdio};

use wingman_core::name::{GroupName, TopicName};

use crate::server::Server;
use crate::{counted, members, poison};

/// Set for such a process: what it is to be, its topic, and the URL of its broker.
const ROLE: &str = "WINGMAN_KAFKA_ROLE";

/// Where such a process works.
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) topic: TopicName,
    pub(crate) group: GroupName,
}

/// Does what this process was told to, if it was told anything, and ends it.
pub(crate) async fn play_if_asked() {
    let Ok(asked) = std::env::var(ROLE) else {
        return;
    };
    let mut words = asked.splitn(3, ' ').map(str::to_owned);
    let mut next = || words.next().unwrap();
    let (role, topic, url) = (next(), next(), next());
    let (topic, group) = (TopicName::new(topic).unwrap(), GroupName::new("workers").unwrap());
    let place = Place { url, topic, group };
    match &*role {
        "victim" => counted::take_one_and_die(place).await,
        "namesake" => members::be_fenced(place).await,
        "handler" => poison::handle(place).await,
        _ => panic!("there is no role {role}"),
    }
    std::process::exit(0);
}

/// This program in a role, at the place of a test.
pub(crate) fn command(role: &str, server: &Server) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(ROLE, format!("{role} {} {}", server.topic, server.url));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}
