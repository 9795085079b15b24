//! A check for people at a terminal.

use wingman_hub::core::transport::Product;

use super::broker::About;
use super::capabilities::{limits, supports, word};
use super::report::{Ended, Report};
use crate::print::line;

/// What it is and what it can do.
pub(super) fn head(about: &About) {
    line(format!("{} at {}", product(&about.product), about.shown));
    for (name, value) in &about.product.facts {
        line(format!("  {name}: {}", value.escape_debug()));
    }
    line("");
    line("It can do");
    for (name, support) in supports(&about.capabilities) {
        line(format!("  {:<18} {}", name.replace('_', " "), word(support)));
    }
    let limits = limits(&about.capabilities);
    let limits: Vec<_> = limits.iter().map(|(name, most)| format!("{name} {most}")).collect();
    line(format!("  {:<18} {}", "at most", limits.join(", ")));
}

/// Its name and version in one.
pub(super) fn product(product: &Product) -> String {
    let version = product.version.as_deref().unwrap_or("(it tells no version)");
    format!("{} {version}", product.name).escape_debug().to_string()
}

/// A case as it ends.
pub(super) fn case(ended: &Ended) -> String {
    let Ended { layer, name, guarantee, outcome, took } = ended;
    let (word, seconds) = (outcome.verdict().word(), took.as_secs_f64());
    format!("{word:<12} {:<9} {layer}::{name} {seconds:.1} s", guarantee.id())
}

/// What the cases came to.
pub(super) fn report(report: &Report) {
    line("Guarantees");
    for (guarantee, sum) in report.guarantees() {
        let (id, name, word) = (guarantee.id(), guarantee.name(), sum.verdict().word());
        line(format!("  {id:<9} {name:<35} {word:<12} {}", sum.words()));
    }
    for (case, why) in report.failures() {
        line("");
        let (id, what) = (case.guarantee.id(), case.guarantee.name());
        line(format!("{id} {what} fails: {}::{}", case.layer, case.name));
        line(format!("  {}", why.escape_debug()));
    }
    if !report.left.is_empty() {
        line("");
        line("Left on the broker, to be removed by hand");
        report.left.iter().for_each(|left| line(format!("  {}", left.escape_debug())));
    }
    line("");
    for (why, count) in report.not_run() {
        line(format!("{count} cases not run: {}", why.reason()));
    }
    let (count, words) = (report.cases.len(), report.sum().words());
    line(format!("{count} cases in {:.0} s: {words}", report.took.as_secs_f64()));
}
