//! What an execution says of its outcome: why it was refused, or what it handed in (P-05).

use wingman_hub::governance::audit::trace::ExecutionNode;

/// Characters of a document that a line shows.
const SHOWN_MAX: usize = 120;

/// Tells it line by line.
pub(crate) fn lines(execution: &ExecutionNode, mut tell: impl FnMut(String)) {
    if let Some(why) = &execution.refusal {
        tell(format!("because {why}"));
    }
    if let Some(said) = &execution.coherence {
        let coherence = &said.coherence;
        let claim = coherence.claim.map(|it| format!("{it}, ")).unwrap_or_default();
        if let Some(uncertainty) = &coherence.uncertainty {
            tell(format!("{claim}uncertainty {}: {}", uncertainty.level, uncertainty.why));
        }
        if let Some(source) = coherence.source_integrity {
            tell(format!("source {source}"));
        }
        let (assumptions, failures) = (&coherence.assumptions, &coherence.failure_modes);
        assumptions.iter().for_each(|it| tell(format!("assumes {it}")));
        failures.iter().for_each(|it| tell(format!("may fail: {it}")));
        let rest = [
            ("rollback", &coherence.rollback),
            ("responsibility", &coherence.responsibility),
            ("escalation", &coherence.escalation),
        ];
        for (name, text) in rest {
            text.iter().for_each(|text| tell(format!("{name} {text}")));
        }
    }
    if let Some(artifact) = &execution.artifact {
        let document = artifact.document.to_string();
        let shown: String = document.chars().take(SHOWN_MAX).collect();
        let more = if shown.len() < document.len() { "…" } else { "" };
        tell(format!("artifact {} {shown}{more}", artifact.name));
    }
}
