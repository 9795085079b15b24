//! Looking only: nothing is created.

use std::process::ExitCode;

use serde_json::{Value, json};
use wingman_hub::core::name::TopicName;
use wingman_hub::core::transport::TopicInfo;

use super::broker::Broker;
use super::{json, text};
use crate::problem::Problem;
use crate::{open, print};

/// A topic and what there is of it.
type Seen = (TopicName, Option<TopicInfo>);

/// Says what the broker is, what it can do, and what there is of these topics.
pub(super) async fn run(
    broker: &Broker,
    (topics, existing): (&[String], bool),
    json: bool,
) -> Result<ExitCode, Problem> {
    let mut seen: Vec<Seen> = Vec::new();
    if !topics.is_empty() {
        let admin = broker.transport.admin()?;
        for topic in topics {
            let topic = open::topic(topic, existing)?;
            let info = admin.inspect(&topic).await?;
            seen.push((topic, info));
        }
    }
    broker.transport.close().await?;
    if json {
        let mut all = json::about(&broker.about);
        all.insert("topics".to_owned(), seen.iter().map(as_json).collect());
        print::json(&all)?;
    } else {
        text::head(&broker.about);
        seen.iter().for_each(show);
        print::line("");
        print::line("read-only: nothing was created, and no guarantee was tried");
    }
    let is_missing = seen.iter().any(|(_, info)| info.is_none());
    Ok(if is_missing { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn as_json((topic, info): &Seen) -> Value {
    let groups = info.as_ref().and_then(|info| info.groups.as_ref());
    let groups = groups.map(|groups| groups.iter().map(|group| group.as_str()).collect::<Vec<_>>());
    json!({
        "name": topic.as_str(),
        "exists": info.is_some(),
        "groups": groups,
        "messages": info.as_ref().and_then(|info| info.messages),
    })
}

fn show((topic, info): &Seen) {
    print::line("");
    let Some(info) = info else {
        print::line(format!("topic {topic}: there is none"));
        return;
    };
    let messages = info.messages.map_or("unknown".to_owned(), |count| count.to_string());
    print::line(format!("topic {topic}: messages {messages}"));
    match &info.groups {
        None => print::line("  its groups are not told"),
        Some(groups) if groups.is_empty() => print::line("  no groups"),
        Some(groups) => groups.iter().for_each(|group| print::line(format!("  group {group}"))),
    }
}
