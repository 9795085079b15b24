//! P-05: who finishes has handed in all that its contracts ask for; it is kept, and the stamp commits to
//! it.

use serde_json::Value;

use super::{Oracle, Part};
use crate::audit::Coherence;
use crate::audit::stamp::{Fact, commit};
use crate::digest::Digest;
use crate::protocol::input::{Conclude, HandedIn, RunEnding};
use crate::protocol::row::{Evidence, Phase, RefusalCode, Row};

impl Oracle {
    pub(super) fn accounted(&mut self, conclude: &Conclude, part: &Part<'_>) {
        let id = conclude.run.execution;
        let Some(handler) = self.executions.get(&id).map(|seen| seen.handler) else {
            return;
        };
        let RunEnding::Finished { handed_in, .. } = &conclude.ending else {
            return;
        };
        let phase = part.changes.iter().find_map(|change| match change.after.as_deref() {
            Some(Row::Execution(it)) if it.id == id && it.phase.is_outcome() => Some(&it.phase),
            _ => None,
        });
        let complete = is_complete(handler, handed_in);
        match phase {
            Some(Phase::Finished) if !complete => {
                let detail = format!("{handler} finished and gave only {handed_in:?}");
                let check = ("P-05", "evidence_is_given");
                self.breach(part, &[RefusalCode::Audit.as_str()], check, id, detail);
            }
            Some(Phase::Finished) if asked(handler) && !is_kept(conclude, handed_in, part) => {
                let detail = format!("what {handler} gave is not kept as its stamp says");
                self.violate("P-05", "evidence_is_kept", Some(id), detail);
            }
            Some(Phase::Refused { code: RefusalCode::Audit }) if complete => {
                let detail = format!("{handler} gave all and is refused");
                self.violate("P-05", "the_complete_is_taken", Some(id), detail);
            }
            Some(_) | None => {}
        }
    }
}

/// Whether the contracts of the graph ask a handler for anything.
fn asked(handler: &str) -> bool {
    matches!(handler, "auditor" | "child" | "intake")
}

fn is_complete(handler: &str, given: &HandedIn) -> bool {
    let said = |text: &Option<String>| text.as_ref().is_some_and(|it| !it.trim().is_empty());
    let fast = |it: &Coherence| {
        let why = it.uncertainty.as_ref().map(|it| it.why.clone());
        !it.assumptions.is_empty() && said(&why) && said(&it.rollback) && said(&it.responsibility)
    };
    let full = |it: &Coherence| {
        fast(it)
            && it.claim.is_some()
            && it.source_integrity.is_some()
            && !it.failure_modes.is_empty()
            && said(&it.escalation)
    };
    match handler {
        "auditor" => given.coherence.as_ref().is_some_and(full),
        "child" => given.coherence.as_ref().is_some_and(fast),
        "intake" => given.artifact.as_ref().is_some_and(|text| {
            serde_json::from_str::<Value>(text).is_ok_and(|it| it.get("order").is_some())
        }),
        _ => true,
    }
}

fn is_kept(conclude: &Conclude, given: &HandedIn, part: &Part<'_>) -> bool {
    let id = conclude.run.execution;
    let kept = part.changes.iter().find_map(|change| match change.after.as_deref() {
        Some(Row::Evidence(it)) if it.execution == id => Some(it),
        _ => None,
    });
    let stamp = part.stamps.iter().find_map(|stamp| match &stamp.fact {
        Fact::Finished { coherence, artifact, .. } if stamp.execution == Some(id) => {
            let coherence = coherence.as_ref().map(|it| it.commitment);
            Some((coherence, artifact.as_ref().map(|it| it.commitment)))
        }
        _ => None,
    });
    kept.is_some_and(|kept| {
        let coherence = kept.coherence.as_ref().map(|it| &it.coherence);
        let artifact = kept.artifact.as_ref().map(|it| &it.document);
        let expected = (coherence.map(|it| of_coherence(kept, it)), of_artifact(kept));
        (coherence.is_none() || coherence == given.coherence.as_ref())
            && (artifact.is_none() || artifact == given.artifact.as_ref())
            && stamp == Some(expected)
    })
}

fn of_coherence(kept: &Evidence, coherence: &Coherence) -> Digest {
    let text = serde_json::to_string(coherence).expect("it has JSON");
    commit(&kept.salt, &Digest::of_fields("wingman/coherence/v1", &[text.as_bytes()]))
}

fn of_artifact(kept: &Evidence) -> Option<Digest> {
    let artifact = kept.artifact.as_ref()?;
    let fields = [artifact.name.as_bytes(), artifact.document.as_bytes()];
    Some(commit(&kept.salt, &Digest::of_fields("wingman/artifact/v1", &fields)))
}
