//! The publishing workflow: a topic becomes a draft, which is verified, polished, cited, formatted
//! and released, and a release is announced on three channels. Every stage is code.
//!
//! Four topics show what event-driven work does to such a line of stages: part 2 of a series comes
//! before part 1 and waits for it; one of three channels is down and the others go on; and a draft
//! that was never verified is handed in for release, and refused by the lineage of its digests.

pub mod events;
pub mod handlers;
mod mail;
mod newsroom;

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use wingman_governance::audit::trace::Trace;
use wingman_governance::governor::Governor;
use wingman_governance::protocol::row::{FenceState, Phase};

use crate::approver::Answers;
use crate::report::Outcome;
use crate::run::RunError;
use crate::scenario::{Begin, Files, Scenario};
use crate::tools::{FileAction, FileTool, closed_port};
use mail::{MailServer, Newsletter};

/// The stages in their order, the three channels, and the one that should not be.
const HANDLERS: [&str; 10] = [
    "draft-writer",
    "fact-checker",
    "tone-editor",
    "citation-inserter",
    "final-formatter",
    handlers::PACKAGER,
    "site-indexer",
    "feed-writer",
    "newsletter-sender",
    "rush-desk",
];

const CONTRACTS: [(&str, &str); 4] = [
    ("events.yaml", include_str!("contracts/events.yaml")),
    ("handlers.yaml", include_str!("contracts/handlers.yaml")),
    ("schemas/topic.json", include_str!("contracts/schemas/topic.json")),
    ("schemas/draft.json", include_str!("contracts/schemas/draft.json")),
];

/// Pages of the four topics, their announcements, and the mail of the list whose server is up.
const MADE: [&str; 13] = [
    "site/tea-part-2-cooling.md",
    "site/tea-part-1-growing.md",
    "site/coffee-prices.md",
    "site/the-moon-of-tea.md",
    "site/index/tea-part-2-cooling.json",
    "site/index/tea-part-1-growing.json",
    "site/index/coffee-prices.json",
    "site/index/the-moon-of-tea.json",
    "site/feed/tea-part-2-cooling.xml",
    "site/feed/tea-part-1-growing.xml",
    "site/feed/coffee-prices.xml",
    "site/feed/the-moon-of-tea.xml",
    MAIL,
];

/// Where the mail server keeps what it gets.
const MAIL: &str = "mail/tea-friends.txt";

/// The publishing workflow.
#[derive(Debug, Clone, Copy)]
pub struct Publishing;

impl Scenario for Publishing {
    fn name(&self) -> &'static str {
        "publishing"
    }

    fn introduction(&self) -> &'static str {
        "4 topics, part 2 of a series first. Every stage is code here, people and models come later; \
         tools, mail, files and ledger are real."
    }

    fn requests(&self) -> &'static [&'static str] {
        &newsroom::TITLES
    }

    fn begin(&self, number: usize, run: &str) -> Begin {
        let (title, topic) = (newsroom::TITLES[number - 1], &newsroom::TOPICS[number - 1]);
        Begin {
            event_type: "TopicSelected",
            body: json!({
                "number": number,
                "title": title,
                "series": format!("{}-{run}", topic.series),
                "part": topic.part,
                "list": topic.list,
            }),
            sequence: Some(topic.part),
            arrives_first: topic.part > 1,
        }
    }

    fn handlers(&self) -> &'static [&'static str] {
        &HANDLERS
    }

    fn event_types(&self) -> &'static [&'static str] {
        &events::EVENT_TYPES
    }

    fn files(&self) -> Files {
        Files {
            contracts: &CONTRACTS,
            folders: &["site", "site/index", "site/feed", "mail"],
            work: &[],
            made: &MADE,
        }
    }

    fn govern(&self, governor: Governor, work: &Path) -> Result<Governor, RunError> {
        let create = || FileTool { folder: work.to_owned(), action: FileAction::Create };
        let newsletter =
            Newsletter { tea: MailServer::start(work.join(MAIL))?, coffee: closed_port()? };
        Ok(governor
            .tool("site.publish", create())
            .tool("index.add", create())
            .tool("feed.add", create())
            .tool("newsletter.send", newsletter)
            .handle(HANDLERS[0], handlers::draft_writer)
            .handle(HANDLERS[1], handlers::fact_checker)
            .handle(HANDLERS[2], handlers::tone_editor)
            .handle(HANDLERS[3], handlers::citation_inserter)
            .handle(HANDLERS[4], handlers::final_formatter)
            .handle(HANDLERS[5], handlers::release_packager)
            .handle(HANDLERS[6], handlers::site_indexer)
            .handle(HANDLERS[7], handlers::feed_writer)
            .handle(HANDLERS[8], handlers::newsletter_sender)
            .handle(HANDLERS[9], handlers::rush_desk))
    }

    fn script(&self) -> Option<Arc<dyn Answers>> {
        None
    }

    /// A release that one channel could not announce is released all the same, and said so.
    fn outcome(&self, trace: &Trace) -> Outcome {
        if trace.fence == Some(FenceState::Closed) {
            return Outcome::RolledBack;
        }
        let events = trace.events();
        let has = |ty: &str| events.iter().any(|event| event.event_type == ty);
        let given_up =
            trace.executions().iter().any(|it| matches!(it.phase, Phase::DeadLettered { .. }));
        match (has("ReleasePublished"), has("ReleaseRefused"), has("DraftDisputed")) {
            (true, _, _) if given_up => Outcome::Partial,
            (true, _, _) => Outcome::Completed,
            (false, true, _) => Outcome::Refused,
            (false, false, true) => Outcome::Rejected,
            (false, false, false) => Outcome::Unfinished,
        }
    }

    fn refusal_types(&self) -> &'static [&'static str] {
        &["DraftDisputed"]
    }
}
