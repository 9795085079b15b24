//! A check as a page that stands for itself.

use maud::{Markup, html};

use super::capabilities::{limits, supports, word};
use super::report::{Outcome, Report, Verdict};
use super::text;
use crate::page::{Tone, document};

/// The page as HTML.
pub(super) fn render(report: &Report) -> String {
    let title = format!("Check of {}", report.about.product.name);
    document(&title, &body(report, &title))
}

fn body(report: &Report, title: &str) -> Markup {
    let verdict = if report.is_interrupted {
        "interrupted"
    } else if report.is_passed() {
        "passed"
    } else {
        "failed"
    };
    html! {
        a.skip href="#guarantees" { "Skip to the guarantees" }
        header.page {
            p.over { "wingman check" }
            h1 { (title) " " (Tone::of_verdict(report.is_passed()).badge(verdict)) }
            p.lead { (text::product(&report.about.product)) " at " (report.about.shown) }
            dl.facts {
                @for (name, value) in &report.about.product.facts {
                    div { dt { (name) } dd { (value) } }
                }
                div { dt { "Cases" } dd { (report.sum().words()) } }
                div { dt { "Took" } dd { (report.took.as_secs()) " s" } }
            }
        }
        main #guarantees {
            (guarantees(report))
            (failures(report))
            (capabilities(report))
            (cases(report))
        }
        footer.page {
            p {
                "T1 to T6 are the guarantees of transport and bus by their ids. What did not run passes nothing: "
                @for (at, (why, count)) in report.not_run().enumerate() {
                    @if at > 0 { "; " }
                    (count) " cases, " (why.reason())
                }
                ". Everything that the check made was named " code { (report.prefix) "…" } "."
            }
        }
    }
}

fn guarantees(report: &Report) -> Markup {
    html! {
        h2 { "Guarantees" }
        table.overview {
            thead { tr { th scope="col" { "Id" } th scope="col" { "Guarantee" } th scope="col" { "Verdict" } th scope="col" { "Cases" } } }
            tbody {
                @for (guarantee, sum) in report.guarantees() {
                    tr {
                        th scope="row" { (guarantee.id()) }
                        td { (guarantee.name()) }
                        td { (badge(sum.verdict())) }
                        td { (sum.words()) }
                    }
                }
            }
        }
    }
}

fn failures(report: &Report) -> Markup {
    html! {
        @for (case, why) in report.failures() {
            h3 { (case.guarantee.id()) " " (case.guarantee.name()) " fails: " code { (case.layer) "::" (case.name) } }
            pre { (why) }
        }
        @if !report.left.is_empty() {
            h3 { "Left on the broker, to be removed by hand" }
            ul { @for left in &report.left { li { code { (left) } } } }
        }
    }
}

fn capabilities(report: &Report) -> Markup {
    html! {
        h2 { "What it can do" }
        table.overview {
            thead { tr { th scope="col" { "Capability" } th scope="col" { "How" } } }
            tbody {
                @for (name, support) in supports(&report.about.capabilities) {
                    tr { th scope="row" { (name.replace('_', " ")) } td { (word(support)) } }
                }
                @for (name, most) in limits(&report.about.capabilities) {
                    tr { th scope="row" { (name) ", at most" } td { (most) } }
                }
            }
        }
    }
}

fn cases(report: &Report) -> Markup {
    html! {
        h2 { "Cases" }
        table.overview {
            thead { tr { th scope="col" { "Case" } th scope="col" { "Of" } th scope="col" { "Verdict" } th.took scope="col" { "Took" } } }
            tbody {
                @for case in &report.cases {
                    tr {
                        th scope="row" { code { (case.layer) "::" (case.name) } }
                        td { (case.guarantee.id()) }
                        td {
                            (badge(case.outcome.verdict()))
                            @if let Outcome::NotRun(why) = &case.outcome { " " span.meta { (why.reason()) } }
                        }
                        td.took { (format!("{:.1} s", case.took.as_secs_f64())) }
                    }
                }
            }
        }
    }
}

fn badge(verdict: Verdict) -> Markup {
    let tone = match verdict {
        Verdict::Pass => Tone::Done,
        Verdict::Fail => Tone::Refused,
        Verdict::NotOffered | Verdict::NotRun => Tone::Open,
    };
    tone.badge(verdict.word())
}
