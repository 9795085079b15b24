//! A page about trees that stands for itself: one file, readable without network and without scripts.
//!
//! All of its text is escaped by the template macro, which does so with everything but what is marked;
//! marked are only the style sheet and the script, two files of this folder. A policy in the head lets
//! the browser run nothing else, should anything ever get past that.

mod causes;
mod event;
mod execution;
mod look;
mod notes;
mod overview;
mod stamp;
mod story;
mod time_line;
mod tone;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use wingman_hub::governance::digest::Digest;

pub(crate) use story::Story;
pub(crate) use tone::Tone;

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// What a page tells.
pub(crate) struct Page {
    /// Its heading.
    pub(crate) title: String,
    /// A sentence or two below it.
    pub(crate) lead: String,
    /// Names and values.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// The trees, in the order in which they are told.
    pub(crate) trees: Vec<Tree>,
    /// What stands behind it.
    pub(crate) evidence: Evidence,
}

/// A tree under a heading.
pub(crate) struct Tree {
    pub(crate) heading: String,
    pub(crate) outcome: &'static str,
    pub(crate) tone: Tone,
    pub(crate) story: Story,
}

/// How a reader can check a page.
pub(crate) struct Evidence {
    /// The ledger's URL, without secrets.
    pub(crate) ledger: String,
    /// The stamps that the ledger had when the page was made.
    pub(crate) stamps: u64,
    /// What a verification found, where one was made, and whether all was well.
    pub(crate) verified: Option<(String, bool)>,
    /// The newest checkpoint, a signed note.
    pub(crate) checkpoint: Option<String>,
}

impl Page {
    /// The page as HTML.
    pub(crate) fn render(&self) -> String {
        let body = html! {
            a.skip href="#trees" { "Skip to the trees" }
            (self.head())
            main #trees { (self.trees()) }
            (self.evidence.render())
        };
        document(&self.title, &body)
    }

    fn head(&self) -> Markup {
        html! {
            header.page {
                p.over { "wingman" @if self.trees.len() == 1 { " trace" } }
                h1 { (self.title) }
                @if !self.lead.is_empty() { p.lead { (self.lead) } }
                dl.facts {
                    @for (name, value) in &self.facts {
                        div { dt { (name) } dd { (value) } }
                    }
                }
                @if self.trees.len() > 1 { (overview::table(&self.trees)) }
                div.tools hidden {
                    button type="button" data-fold="open" { "Open everything" }
                    button type="button" data-fold="close" { "Fold everything" }
                }
            }
        }
    }

    fn trees(&self) -> Markup {
        html! {
            @for (at, tree) in self.trees.iter().enumerate() {
                section.tree id={ "t" (at + 1) } aria-labelledby={ "h" (at + 1) } {
                    div.title {
                        h2 id={ "h" (at + 1) } { (tree.heading) }
                        (tree.tone.badge(tree.outcome))
                        span.meta { (stamp::duration(tree.story.took_millis())) }
                    }
                    p.correlation { "correlation " code { (tree.story.trace.correlation) } }
                    (look::list(&tree.story))
                    (time_line::render(&tree.story))
                    h3 { "Causes and effects" }
                    (causes::render(&tree.story))
                    (tree.story.remarks())
                }
            }
        }
    }
}

impl Evidence {
    fn render(&self) -> Markup {
        html! {
            footer.page {
                h2 { "Evidence" }
                @if let Some((found, is_sound)) = &self.verified {
                    p.verified { (Tone::of_verdict(*is_sound).badge(if *is_sound { "verified" } else { "not sound" })) " " (found) }
                }
                p {
                    "A number such as " span.leaf { "74 3fe1c09a" }
                    " is a stamp: its place in the ledger's log, and the beginning of its leaf's hash. "
                    "The ledger had " (self.stamps) " of them when this page was made. The page shows what the ledger says; "
                    "this recomputes the log:"
                }
                pre { code { "wingman audit verify --ledger " (self.ledger) } }
                @if let Some(checkpoint) = &self.checkpoint {
                    p {
                        "The ledger's newest checkpoint, signed. Whoever keeps this page where the ledger's owner cannot "
                        "change it holds evidence: put these lines into a file and give it with " code { "--checkpoint FILE" } "."
                    }
                    pre.checkpoint { (checkpoint) }
                }
            }
        }
    }
}

/// A page with this body, which stands for itself.
pub(crate) fn document(title: &str, body: &Markup) -> String {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content=(concat!("wingman ", env!("CARGO_PKG_VERSION")));
                title { (title) " · wingman" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (body)
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
    .into_string()
}

/// The hash by which a policy names what stands in the page.
fn hash(text: &str) -> String {
    BASE64.encode(Digest::of(text.as_bytes()).as_bytes())
}
