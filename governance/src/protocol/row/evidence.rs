//! What a finished execution handed in beside its outputs (P-05). Its texts are here; its stamp holds
//! their words and commitments.

use serde::{Deserialize, Serialize};

use super::super::id::{ExecutionId, TreeId};
use crate::audit::Coherence;
use crate::audit::stamp::{ArtifactMark, CoherenceMark, commit};
use crate::contract::CoherenceForm;
use crate::digest::Digest;

/// What one execution handed in and was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Which execution.
    pub execution: ExecutionId,
    /// Its tree.
    pub tree: TreeId,
    /// Hides the texts behind their commitments.
    pub salt: Digest,
    /// What it says of its output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coherence: Option<Said>,
    /// The document that its event asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
}

/// What an execution says of its output, in the form that its contract asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Which form was asked for.
    pub form: CoherenceForm,
    /// What it says.
    #[serde(flatten)]
    pub coherence: Coherence,
}

/// A document that an execution handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its name in the contract of the event.
    pub name: String,
    /// The document, JSON text.
    pub document: String,
}

impl Evidence {
    /// What the stamp says of the coherence.
    pub(crate) fn coherence_mark(&self) -> Option<CoherenceMark> {
        let Said { form, coherence } = self.coherence.as_ref()?;
        Some(CoherenceMark {
            form: *form,
            claim: coherence.claim,
            uncertainty: coherence.uncertainty.as_ref().map(|it| it.level),
            source: coherence.source_integrity,
            commitment: commit(&self.salt, &coherence.digest()),
        })
    }

    /// What the stamp says of the document.
    pub(crate) fn artifact_mark(&self) -> Option<ArtifactMark> {
        let Artifact { name, document } = self.artifact.as_ref()?;
        let fields = [name.as_bytes(), document.as_bytes()];
        let digest = Digest::of_fields("wingman/artifact/v1", &fields);
        Some(ArtifactMark { name: name.clone(), commitment: commit(&self.salt, &digest) })
    }
}
