//! The trees of a page in a table, with the time that each took of the whole.

use maud::{Markup, html};

use super::Tree;
use super::stamp::duration;
use super::time_line::{Bar, Scale};

/// One row a tree.
pub(super) fn table(trees: &[Tree]) -> Markup {
    let from = trees.iter().map(|tree| tree.story.began_millis()).min().unwrap_or(0);
    let to = trees.iter().map(|tree| tree.story.ended_millis()).max().unwrap_or(0);
    let scale = Scale { from, to };
    html! {
        table.overview {
            caption { "When each ran, of " (duration(to.saturating_sub(from))) }
            thead { tr { th scope="col" { "Request" } th scope="col" { "Outcome" } th.when scope="col" { "When" } th.took scope="col" { "Took" } } }
            tbody {
                @for (at, tree) in trees.iter().enumerate() {
                    @let bar = Bar { tone: tree.tone, from: tree.story.began_millis(), to: tree.story.ended_millis() };
                    tr {
                        th scope="row" { a href={ "#t" (at + 1) } { (tree.heading) } }
                        td { (tree.tone.badge(tree.outcome)) }
                        td.when { (scale.draw(&[bar], &[])) }
                        td.took { (duration(tree.story.took_millis())) }
                    }
                }
            }
        }
    }
}
