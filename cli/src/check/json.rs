//! A check for programs.

use serde_json::{Map, Value, json};

use super::broker::About;
use super::capabilities;
use super::report::{Ended, Outcome, Report};

/// What it is and what it can do.
pub(super) fn about(about: &About) -> Map<String, Value> {
    let facts: Map<String, Value> = (about.product.facts.iter())
        .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
        .collect();
    let product = json!({
        "name": about.product.name,
        "version": about.product.version,
        "is_stand_in": about.product.is_stand_in,
        "facts": facts,
    });
    Map::from_iter([
        ("broker".to_owned(), about.shown.clone().into()),
        ("backend".to_owned(), about.capabilities.backend.into()),
        ("product".to_owned(), product),
        ("capabilities".to_owned(), capabilities::json(&about.capabilities)),
    ])
}

/// The whole report.
pub(super) fn of(report: &Report) -> Value {
    let guarantees = report.guarantees().map(|(guarantee, sum)| {
        json!({
            "id": guarantee.id(),
            "name": guarantee.name(),
            "verdict": sum.verdict().word(),
            "passed": sum.passed,
            "failed": sum.failed,
            "not_offered": sum.not_offered,
            "not_run": sum.not_run,
        })
    });
    let mut all = about(&report.about);
    all.extend([
        ("prefix".to_owned(), report.prefix.clone().into()),
        ("guarantees".to_owned(), guarantees.collect()),
        ("cases".to_owned(), report.cases.iter().map(case).collect()),
        ("made".to_owned(), report.made.clone().into()),
        ("left".to_owned(), report.left.clone().into()),
        ("interrupted".to_owned(), report.is_interrupted.into()),
        ("passed".to_owned(), report.is_passed().into()),
    ]);
    Value::Object(all)
}

fn case(case: &Ended) -> Value {
    let why = match &case.outcome {
        Outcome::Failed(why) => Some(why.as_str()),
        Outcome::NotRun(why) => Some(why.reason()),
        Outcome::Passed | Outcome::NotOffered => None,
    };
    json!({
        "layer": case.layer,
        "name": case.name,
        "guarantee": case.guarantee.id(),
        "verdict": case.outcome.verdict().word(),
        "why": why,
        "millis": case.took.as_millis() as u64,
    })
}
