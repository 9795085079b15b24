//! Coherence (P-05): what a handler says its output is worth, and what becomes of it if it is wrong.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::contract::CoherenceForm;
use crate::digest::Digest;

/// What all its texts together may have, in bytes of JSON.
pub const COHERENCE_BYTES_MAX: usize = 16 * 1_024;

/// Declares the words of an enumerated field; a stamp holds them as they stand here.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$each])* #[serde(rename = $word)] $variant,)*
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $word,)*
                })
            }
        }
    };
}

words! {
    /// What kind of claim an output makes.
    ClaimType {
        /// It is so.
        Fact = "fact",
        /// It follows from what is so.
        Inference = "inference",
        /// It should be done so.
        Recommendation = "recommendation",
        /// It may be so.
        Speculation = "speculation",
    }
}

words! {
    /// How uncertain an output is.
    UncertaintyLevel {
        /// Hardly.
        Low = "low",
        /// Somewhat.
        Medium = "medium",
        /// Very.
        High = "high",
    }
}

words! {
    /// Where what an output rests on comes from.
    SourceIntegrity {
        /// The handler saw or made it itself.
        FirstHand = "first_hand",
        /// Somebody handed it in.
        Provided = "provided",
        /// The web.
        Web = "web",
        /// The handler's own reasoning.
        InternalReasoning = "internal_reasoning",
        /// Nobody can tell.
        Unknown = "unknown",
    }
}

/// How uncertain, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uncertainty {
    /// How much.
    pub level: UncertaintyLevel,
    /// Why.
    pub why: String,
}

/// What a handler says about its output. Its contract says which of it is asked for
/// ([`CoherenceForm`]); a text of white space says nothing, and where there is nothing to say, `none`
/// says so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Coherence {
    /// What kind of claim it makes.
    pub claim: Option<ClaimType>,
    /// What it takes for granted.
    pub assumptions: Vec<String>,
    /// How uncertain it is, and why.
    pub uncertainty: Option<Uncertainty>,
    /// Where what it rests on comes from.
    pub source_integrity: Option<SourceIntegrity>,
    /// How it can go wrong.
    pub failure_modes: Vec<String>,
    /// How it is taken back.
    pub rollback: Option<String>,
    /// Who answers for it.
    pub responsibility: Option<String>,
    /// What has to be brought before a person.
    pub escalation: Option<String>,
}

impl Coherence {
    /// Says what kind of claim it makes.
    pub fn claim(mut self, claim: ClaimType) -> Self {
        self.claim = Some(claim);
        self
    }

    /// Adds something that it takes for granted.
    pub fn assumption(mut self, assumption: impl Into<String>) -> Self {
        self.assumptions.push(assumption.into());
        self
    }

    /// Says how uncertain it is, and why.
    pub fn uncertainty(mut self, level: UncertaintyLevel, why: impl Into<String>) -> Self {
        self.uncertainty = Some(Uncertainty { level, why: why.into() });
        self
    }

    /// Says where what it rests on comes from.
    pub fn source(mut self, source: SourceIntegrity) -> Self {
        self.source_integrity = Some(source);
        self
    }

    /// Adds a way in which it can go wrong.
    pub fn failure_mode(mut self, failure_mode: impl Into<String>) -> Self {
        self.failure_modes.push(failure_mode.into());
        self
    }

    /// Says how it is taken back.
    pub fn rollback(mut self, rollback: impl Into<String>) -> Self {
        self.rollback = Some(rollback.into());
        self
    }

    /// Says who answers for it.
    pub fn responsibility(mut self, holder: impl Into<String>) -> Self {
        self.responsibility = Some(holder.into());
        self
    }

    /// Says what has to be brought before a person.
    pub fn escalation(mut self, trigger: impl Into<String>) -> Self {
        self.escalation = Some(trigger.into());
        self
    }

    /// The fields that a form asks for and that say nothing, by name; none if it is complete.
    pub fn lacks(&self, form: CoherenceForm) -> Vec<&'static str> {
        let said = |text: &Option<String>| text.as_deref().is_some_and(says);
        let listed = |texts: &[String]| !texts.is_empty() && texts.iter().all(|it| says(it));
        let why = self.uncertainty.as_ref().map_or("", |it| &it.why);
        let fast = [
            ("assumptions", listed(&self.assumptions)),
            ("uncertainty", self.uncertainty.is_some()),
            ("uncertainty.why", self.uncertainty.is_none() || says(why)),
            ("rollback", said(&self.rollback)),
            ("responsibility", said(&self.responsibility)),
        ];
        let full = [
            ("claim", self.claim.is_some()),
            ("source_integrity", self.source_integrity.is_some()),
            ("failure_modes", listed(&self.failure_modes)),
            ("escalation", said(&self.escalation)),
        ];
        let more = match form {
            CoherenceForm::Fast => &full[..0],
            CoherenceForm::Full => &full[..],
        };
        let asked = fast.iter().chain(more);
        asked.filter(|(_, is_there)| !is_there).map(|(field, _)| *field).collect()
    }

    /// Its size in bytes of JSON; see [`COHERENCE_BYTES_MAX`].
    pub fn bytes(&self) -> usize {
        self.to_json().len()
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest::of_fields("wingman/coherence/v1", &[self.to_json().as_bytes()])
    }

    /// Fields in the order of their declaration, so that equal ones have equal digests.
    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and words always have JSON")
    }
}

fn says(text: &str) -> bool {
    !text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fast() -> Coherence {
        Coherence::default()
            .assumption("the price list is current")
            .uncertainty(UncertaintyLevel::Low, "a person wrote it")
            .rollback("the file is restored")
            .responsibility("ada")
    }

    #[test]
    fn each_form_names_what_it_lacks() {
        let all_fast = ["assumptions", "uncertainty", "rollback", "responsibility"];
        assert_eq!(Coherence::default().lacks(CoherenceForm::Fast), all_fast);
        assert_eq!(fast().lacks(CoherenceForm::Fast), [""; 0]);
        let more = ["claim", "source_integrity", "failure_modes", "escalation"];
        assert_eq!(fast().lacks(CoherenceForm::Full), more);
        let full = fast()
            .claim(ClaimType::Recommendation)
            .source(SourceIntegrity::Provided)
            .failure_mode("the list is old")
            .escalation("a price doubles");
        assert_eq!(full.lacks(CoherenceForm::Full), [""; 0]);
    }

    #[test]
    fn white_space_says_nothing() {
        let vague = fast()
            .assumption(" ")
            .uncertainty(UncertaintyLevel::High, "\n")
            .rollback("")
            .responsibility("\t");
        let lacking = ["assumptions", "uncertainty.why", "rollback", "responsibility"];
        assert_eq!(vague.lacks(CoherenceForm::Fast), lacking);
    }
}
