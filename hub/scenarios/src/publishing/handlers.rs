//! The stages, and what follows from a release. All of them are code; where people and models will
//! stand, the system does not care who performs a stage, only that its contract is honoured.

use wingman_core::event::Output;
use wingman_core::handler::{Emit, Failure, Fault, Incoming, Refusal};
use wingman_governance::permission::{ToolError, Tools};
use wingman_governance::scope::Boundaries;

use super::events::{
    CitationsAttached, Draft, DraftCreated, DraftDisputed, DraftPolished, DraftVerified,
    PublishPackageReady, ReleaseAnnounced, ReleasePublished, ReleaseRefused, TopicSelected, digest,
};
use super::newsroom;

/// The stage that publishes.
pub const PACKAGER: &str = "release-packager";

/// Draft Writer.
pub async fn draft_writer(topic: Incoming<TopicSelected>) -> DraftCreated {
    let text = newsroom::draft(&topic.title);
    DraftCreated(Draft {
        draft_id: topic.event.correlation().to_owned(),
        title: topic.title.clone(),
        list: topic.list.clone(),
        source_digest: digest(&topic.title),
        draft_digest: digest(&text),
        text,
    })
}

/// What the Fact Checker says.
#[derive(Debug, Emit)]
pub enum Checked {
    /// Every claim has a source.
    Verified(DraftVerified),
    /// One has none.
    Disputed(DraftDisputed),
}

/// Fact Checker. It changes nothing: what it gives out is what it was given.
pub async fn fact_checker(created: Incoming<DraftCreated>) -> Checked {
    let draft = created.into_payload().0;
    match newsroom::source(&draft.text) {
        Ok(_) => {
            let text = draft.text.clone();
            Checked::Verified(DraftVerified(draft.becomes(text)))
        }
        Err(claim) => {
            let reason = format!("no source says {claim:?}");
            Checked::Disputed(DraftDisputed { draft, reason })
        }
    }
}

/// Tone Editor.
pub async fn tone_editor(verified: Incoming<DraftVerified>) -> DraftPolished {
    let draft = verified.into_payload().0;
    let text = draft.text.replace('!', ".");
    DraftPolished(draft.becomes(text))
}

/// Citation Inserter.
pub async fn citation_inserter(
    polished: Incoming<DraftPolished>,
) -> Result<CitationsAttached, Failure> {
    let draft = polished.into_payload().0;
    let source = newsroom::source(&draft.text)
        .map_err(|claim| Failure::structural(format!("no source says {claim:?}")))?;
    let text = format!("{} [1]\n\n[1] {source}\n", draft.text);
    Ok(CitationsAttached(draft.becomes(text)))
}

/// Final Formatter.
pub async fn final_formatter(cited: Incoming<CitationsAttached>) -> PublishPackageReady {
    let draft = cited.into_payload().0;
    let text = format!("# {}\n\n{}", draft.title, draft.text);
    PublishPackageReady(draft.becomes(text))
}

/// The handler that should not be: in a hurry, it hands in a disputed draft as if it were ready. Its
/// contract allows the event; the chain at the release does not.
pub async fn rush_desk(disputed: Incoming<DraftDisputed>) -> PublishPackageReady {
    let draft = disputed.into_payload().draft;
    let text = draft.text.clone();
    PublishPackageReady(draft.becomes(text))
}

/// Release Packager: the only stage that changes anything outside.
pub async fn release_packager(
    package: Incoming<PublishPackageReady>,
    bounds: Boundaries,
    tools: Tools,
) -> Result<ReleasePublished, Fault> {
    let Draft { draft_id, title, text, list, draft_digest, .. } = package.into_payload().0;
    // The chain is one of digests; this is what ties it to the words.
    if digest(&text) != draft_digest {
        return Err(Failure::structural("the text is not the one that the digest names").into());
    }
    let page = newsroom::page(&title);
    let arguments = serde_json::json!({ "target": format!("site/{page}.md"), "content": text });
    match tools.call("site.publish", arguments).await {
        Ok(_) => Ok(ReleasePublished {
            consequence_class: bounds.consequence_class(PACKAGER).unwrap_or_default(),
            rehearsed: false,
            draft_id,
            title,
            page,
            list,
            draft_digest,
        }),
        Err(ToolError::Denied { code, reason }) => Err(refusal(code, reason)?.into()),
        Err(error) => Err(failure(error).into()),
    }
}

/// Adds a release to the site's index.
pub async fn site_indexer(
    release: Incoming<ReleasePublished>,
    tools: Tools,
) -> Result<ReleaseAnnounced, Failure> {
    let entry = serde_json::json!({ "title": release.title, "digest": release.draft_digest });
    let target = format!("site/index/{}.json", release.page);
    let arguments = serde_json::json!({ "target": target, "content": entry.to_string() });
    tools.call("index.add", arguments).await.map_err(failure)?;
    Ok(announced(&release, "index"))
}

/// Adds a release to the feed.
pub async fn feed_writer(
    release: Incoming<ReleasePublished>,
    tools: Tools,
) -> Result<ReleaseAnnounced, Failure> {
    let item =
        format!("<item><title>{}</title><guid>{}</guid></item>\n", release.title, release.page);
    let target = format!("site/feed/{}.xml", release.page);
    let arguments = serde_json::json!({ "target": target, "content": item });
    tools.call("feed.add", arguments).await.map_err(failure)?;
    Ok(announced(&release, "feed"))
}

/// Tells a list's readers; what is sent cannot be unsent.
pub async fn newsletter_sender(
    release: Incoming<ReleasePublished>,
    tools: Tools,
) -> Result<ReleaseAnnounced, Failure> {
    let content = format!("New: {}", release.title);
    let arguments = serde_json::json!({ "target": release.list, "content": content });
    tools.call("newsletter.send", arguments).await.map_err(failure)?;
    Ok(announced(&release, "newsletter"))
}

fn announced(release: &ReleasePublished, channel: &str) -> ReleaseAnnounced {
    ReleaseAnnounced { draft_id: release.draft_id.clone(), channel: channel.to_owned() }
}

fn refusal(code: &'static str, reason: String) -> Result<Refusal, Failure> {
    let event = ReleaseRefused { code: code.to_owned(), reason: reason.clone() };
    let output = Output::of(&event).map_err(Failure::structural)?;
    Ok(Refusal { code: code.into(), reason, output: Some(output) })
}

/// What may work the next time is tried again as the contract says; a denial never is.
fn failure(error: ToolError) -> Failure {
    match error {
        ToolError::Denied { code, reason } => Failure::structural(format!("{code} {reason}")),
        ToolError::NotDone(reason) | ToolError::Unknown(reason) | ToolError::Lost(reason) => {
            Failure::environmental(reason)
        }
    }
}
