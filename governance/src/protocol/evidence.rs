//! P-05: what a run hands in beside its outputs, judged by what its contracts ask for.

use super::input::{HandedIn, Objection};
use super::observe::upheld;
use super::row::{Artifact, Evidence, Execution, RefusalCode, Row, Said};
use super::state::{Result, State};
use crate::audit::stamp::{ArtifactMark, CoherenceMark};
use crate::audit::{COHERENCE_BYTES_MAX, Coherence};

/// What of it is taken.
#[derive(Default)]
pub(super) struct Taken {
    coherence: Option<Said>,
    artifact: Option<Artifact>,
}

/// What of it is taken, or all that stands in the way, in words. In observe that is noted instead, and
/// only what is complete is taken.
pub(super) fn judge(
    state: &State<'_>,
    execution: &Execution,
    handed_in: HandedIn,
    noted: &mut Vec<Objection>,
) -> std::result::Result<Taken, String> {
    let (mut taken, mut objections) = (Taken::default(), Vec::new());
    match coherence(state, execution, handed_in.coherence) {
        Ok(coherence) => taken.coherence = coherence,
        Err(detail) => objections.push((execution.who.handler.as_str(), detail)),
    }
    match artifact(state, execution, handed_in.artifact) {
        Ok(artifact) => taken.artifact = artifact,
        Err(detail) => objections.push((execution.event_type.as_str(), detail)),
    }
    let objection = |(about, detail)| Objection::of(RefusalCode::Audit, about, detail);
    let upheld = objections.into_iter().filter_map(|it| upheld(state, noted, objection(it)));
    let refused: Vec<String> = upheld.map(|it| it.detail).collect();
    if refused.is_empty() { Ok(taken) } else { Err(refused.join("; ")) }
}

/// Keeps what was taken, and returns what the stamp says of it.
pub(super) fn keep(
    state: &mut State<'_>,
    execution: &Execution,
    taken: Taken,
) -> Result<(Option<CoherenceMark>, Option<ArtifactMark>)> {
    let Taken { coherence, artifact } = taken;
    if coherence.is_none() && artifact.is_none() {
        return Ok((None, None));
    }
    let (tree, salt) = (execution.tree.clone(), state.salt());
    let evidence = Evidence { execution: execution.id, tree, salt, coherence, artifact };
    let marks = (evidence.coherence_mark(), evidence.artifact_mark());
    state.rows.save(Row::Evidence(evidence))?;
    Ok(marks)
}

/// What the handler's contract asks for.
fn coherence(
    state: &State<'_>,
    execution: &Execution,
    given: Option<Coherence>,
) -> std::result::Result<Option<Said>, String> {
    let handler = &execution.who.handler;
    let Some(form) = state.contracts.handler(handler).and_then(|it| it.coherence) else {
        return Ok(None);
    };
    let Some(coherence) = given else {
        return Err(format!("{handler} gives no coherence, and its contract asks for {form}"));
    };
    let lacking = coherence.lacks(form);
    if !lacking.is_empty() {
        return Err(format!("the {form} coherence of {handler} lacks {}", lacking.join(", ")));
    }
    let bytes = coherence.bytes();
    if bytes > COHERENCE_BYTES_MAX {
        let most = COHERENCE_BYTES_MAX;
        return Err(format!(
            "the coherence of {handler} has {bytes} bytes, and the most is {most}"
        ));
    }
    Ok(Some(Said { form, coherence }))
}

/// What the contract of the event asks for.
fn artifact(
    state: &State<'_>,
    execution: &Execution,
    given: Option<String>,
) -> std::result::Result<Option<Artifact>, String> {
    let (handler, event) = (&execution.who.handler, &execution.event_type);
    let asked = state.contracts.event(event).and_then(|it| it.audit_artifact.as_ref());
    let Some(name) = asked.map(|it| it.name.clone()) else {
        return Ok(None);
    };
    let Some(document) = given else {
        return Err(format!("{handler} hands in no {name}, and event {event} asks for it"));
    };
    let (bytes, most) = (document.len(), state.settings.output_bytes_max);
    if bytes > most {
        return Err(format!("the {name} of {handler} has {bytes} bytes, and the most is {most}"));
    }
    match state.contracts.validate_artifact(event, &document) {
        Ok(()) => Ok(Some(Artifact { name, document })),
        Err(wrong) => Err(format!("the {name} of {handler} {wrong}")),
    }
}
