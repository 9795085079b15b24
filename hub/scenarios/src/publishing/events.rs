//! The payloads of the publishing workflow.

use serde::{Deserialize, Serialize};
use wingman_core::event::Event;
use wingman_governance::digest::Digest;

/// An editor chose what to write about.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct TopicSelected {
    /// Which request of the run, from 1.
    pub number: u32,
    /// What it is about.
    pub title: String,
    /// The series that it is a part of.
    pub series: String,
    /// Which part, from 1; also the event's `sequence`.
    pub part: u32,
    /// Whose newsletter announces it.
    pub list: String,
}

/// A text at some stage. What a stage gives out is named by its digest, which the next stage repeats:
/// by these two fields the `chain` rule compares the steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The same at every stage.
    pub draft_id: String,
    /// What it is about.
    pub title: String,
    /// The text as this stage left it.
    pub text: String,
    /// Whose newsletter announces it.
    pub list: String,
    /// What this stage worked on.
    pub source_digest: String,
    /// What this stage gave out.
    pub draft_digest: String,
}

impl Draft {
    /// The draft with the text that a stage made of it.
    #[must_use]
    pub fn becomes(self, text: String) -> Self {
        let source_digest = self.draft_digest;
        Self { source_digest, draft_digest: digest(&text), text, ..self }
    }
}

/// The digest that names a text.
pub(super) fn digest(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}

/// There is a first text.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct DraftCreated(pub Draft);

/// Every claim has a source.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct DraftVerified(pub Draft);

/// A claim has no source.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct DraftDisputed {
    /// The draft as it was found.
    pub draft: Draft,
    /// The claim.
    pub reason: String,
}

/// The tone is that of the house.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct DraftPolished(pub Draft);

/// The sources are named.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct CitationsAttached(pub Draft);

/// A draft is ready for release.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct PublishPackageReady(pub Draft);

/// The page is on the site.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct ReleasePublished {
    /// Which draft.
    pub draft_id: String,
    /// What it is about.
    pub title: String,
    /// The name of the page.
    pub page: String,
    /// Whose newsletter announces it.
    pub list: String,
    /// What was released.
    pub draft_digest: String,
    /// The consequence class of the packager's contract.
    pub consequence_class: u8,
    /// Whether its rollback was ever tried out.
    pub rehearsed: bool,
}

/// A package was not released.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct ReleaseRefused {
    /// The primitive or rule that was not satisfied.
    pub code: String,
    /// In the engine's words.
    pub reason: String,
}

/// One channel has told of a release.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct ReleaseAnnounced {
    /// Which draft.
    pub draft_id: String,
    /// `index`, `feed` or `newsletter`.
    pub channel: String,
}

/// Every event type of the workflow; each has a topic of its name.
pub(super) const EVENT_TYPES: [&str; 10] = [
    TopicSelected::TYPE,
    DraftCreated::TYPE,
    DraftVerified::TYPE,
    DraftDisputed::TYPE,
    DraftPolished::TYPE,
    CitationsAttached::TYPE,
    PublishPackageReady::TYPE,
    ReleasePublished::TYPE,
    ReleaseRefused::TYPE,
    ReleaseAnnounced::TYPE,
];
