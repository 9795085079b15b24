//! The page of a run: every request with all that followed from it.

use wingman_hub::governance::ledger::Reader;
use wingman_scenarios::RequestReport;

use crate::demo::Ended;
use crate::open;
use crate::page::{Evidence, Page, Story, Tone, Tree};
use crate::problem::Problem;

/// Writes it beside the ledger's folder.
pub(super) fn write(ended: &Ended, reader: &Reader) -> Result<(), Problem> {
    open::write(&ended.page, &page(ended, reader)?.render())
}

fn page(ended: &Ended, reader: &Reader) -> Result<Page, Problem> {
    let mut requests: Vec<&RequestReport> = ended.report.requests.iter().collect();
    requests.sort_by_key(|request| request.number);
    let trees = requests.iter().map(|request| tree(ended, reader, request));
    let trees: Vec<Tree> = trees.collect::<Result<_, _>>()?;
    let sum =
        |count: fn(&RequestReport) -> usize| requests.iter().map(|it| count(it)).sum::<usize>();
    let facts = vec![
        ("Mode", ended.mode.to_string()),
        ("Broker", ended.broker.clone()),
        ("Events", sum(|it| it.trace.events().len()).to_string()),
        ("Executions", sum(|it| it.trace.executions().len()).to_string()),
        ("Refusals", sum(|it| it.refusals).to_string()),
        ("Would refuse", sum(|it| it.would_refuse().len()).to_string()),
        ("Undone", sum(RequestReport::compensations).to_string()),
        ("Stamps", ended.verification.stamps.to_string()),
    ];
    let verified = (ended.verification.to_string(), ended.verification.is_sound());
    let evidence = Evidence {
        ledger: ended.ledger.clone(),
        stamps: ended.verification.stamps,
        verified: Some(verified),
        checkpoint: reader.checkpoint()?,
    };
    Ok(Page {
        title: format!("The {} demo", ended.scenario.name()),
        lead: ended.scenario.introduction().to_owned(),
        facts,
        trees,
        evidence,
    })
}

fn tree(ended: &Ended, reader: &Reader, request: &RequestReport) -> Result<Tree, Problem> {
    let text = ended.scenario.requests()[request.number - 1];
    Ok(Tree {
        heading: format!("#{} {text}", request.number),
        outcome: request.outcome.as_str(),
        tone: Tone::of_outcome(request.outcome),
        story: Story::read(reader, request.trace.clone())?,
    })
}
