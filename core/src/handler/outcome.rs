//! How a handler's run ends, and the return types that become it.

use std::borrow::Cow;
use std::fmt;

use super::Signature;
use crate::event::{Event, Output};

/// How a handler's run ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is done; these events follow from it. A typed failure event is an output too.
    Finished(Vec<Output>),
    /// It declined, which is an outcome and never tried again.
    Refused(Refusal),
    /// It did not succeed; environmental failures are tried again, structural ones are not.
    Failed(Failure),
}

/// A handler, or something that governs it, declined to act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The primitive that was not satisfied, such as `P-02`, or a code of the handler's own.
    pub code: Cow<'static, str>,
    /// What was asked and why it is refused, for people; not written into stamps.
    pub reason: String,
    /// The event that tells others.
    pub output: Option<Output>,
}

/// A run that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Whether trying again can help.
    pub kind: FailureKind,
    /// What happened, for people; kept with the dead letter, not written into stamps.
    pub reason: String,
}

/// Whether a failed run can succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// Time-outs, unavailability, overload: tried again by the retry schedule.
    Environmental,
    /// Schema, permission, a malformed body: goes to the dead letters at once.
    Structural,
}

impl Failure {
    /// A failure that trying again can mend.
    pub fn environmental(reason: impl fmt::Display) -> Self {
        Self { kind: FailureKind::Environmental, reason: reason.to_string() }
    }

    /// A failure that trying again cannot mend.
    pub fn structural(reason: impl fmt::Display) -> Self {
        Self { kind: FailureKind::Structural, reason: reason.to_string() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Failure {}

/// Events that follow from a run: `()`, an [`Event`], `Option`, `Vec`, tuples of them, and enums by
/// `#[derive(Emit)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned by a handler",
    note = "return `()`, an event, `Option`, `Vec` or a tuple of events, an enum with `#[derive(Emit)]`, or a `Result` of these"
)]
pub trait Emit: Send {
    /// Adds the events.
    ///
    /// # Errors
    /// A structural failure if a payload does not serialise.
    fn emit(self, outputs: &mut Vec<Output>) -> Result<(), Failure>;

    /// Adds the types that it can emit.
    fn types(types: &mut Vec<&'static str>);
}

impl Emit for () {
    fn emit(self, _: &mut Vec<Output>) -> Result<(), Failure> {
        Ok(())
    }

    fn types(_: &mut Vec<&'static str>) {}
}

impl<T: Event> Emit for T {
    fn emit(self, outputs: &mut Vec<Output>) -> Result<(), Failure> {
        outputs.push(Output::of(&self).map_err(Failure::structural)?);
        Ok(())
    }

    fn types(types: &mut Vec<&'static str>) {
        types.push(T::TYPE);
    }
}

impl<T: Emit> Emit for Option<T> {
    fn emit(self, outputs: &mut Vec<Output>) -> Result<(), Failure> {
        self.map_or(Ok(()), |event| event.emit(outputs))
    }

    fn types(types: &mut Vec<&'static str>) {
        T::types(types);
    }
}

impl<T: Emit> Emit for Vec<T> {
    fn emit(self, outputs: &mut Vec<Output>) -> Result<(), Failure> {
        self.into_iter().try_for_each(|event| event.emit(outputs))
    }

    fn types(types: &mut Vec<&'static str>) {
        T::types(types);
    }
}

macro_rules! emit_tuple {
    ($($name:ident $at:tt),+) => {
        impl<$($name: Emit),+> Emit for ($($name,)+) {
            fn emit(self, outputs: &mut Vec<Output>) -> Result<(), Failure> {
                $(self.$at.emit(outputs)?;)+
                Ok(())
            }

            fn types(types: &mut Vec<&'static str>) {
                $($name::types(types);)+
            }
        }
    };
}

emit_tuple!(A 0, B 1);
emit_tuple!(A 0, B 1, C 2);
emit_tuple!(A 0, B 1, C 2, D 3);

/// What a handler may return: anything that is [`Emit`], or a `Result` of it with a [`Failure`] or
/// a [`Refusal`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned by a handler",
    note = "return events (see `Emit`), or `Result<events, Failure>` or `Result<events, Refusal>`"
)]
pub trait IntoOutcome: Send {
    /// The outcome.
    fn into_outcome(self) -> Outcome;

    /// Adds what this return type tells of the handler.
    fn describe(signature: &mut Signature);
}

impl<T: Emit> IntoOutcome for T {
    fn into_outcome(self) -> Outcome {
        let mut outputs = Vec::new();
        match self.emit(&mut outputs) {
            Ok(()) => Outcome::Finished(outputs),
            Err(failure) => Outcome::Failed(failure),
        }
    }

    fn describe(signature: &mut Signature) {
        T::types(signature.emits.get_or_insert_default());
    }
}

/// What stands on the other side of a handler's `Result`.
pub trait IntoFault: Send {
    /// The outcome that it becomes.
    fn into_fault(self) -> Outcome;
}

/// Either of the two, for handlers that can end both ways.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// See [`Failure`].
    Failed(Failure),
    /// See [`Refusal`].
    Refused(Refusal),
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl IntoFault for Fault {
    fn into_fault(self) -> Outcome {
        match self {
            Self::Failed(failure) => Outcome::Failed(failure),
            Self::Refused(refusal) => Outcome::Refused(refusal),
        }
    }
}

impl IntoFault for Failure {
    fn into_fault(self) -> Outcome {
        Outcome::Failed(self)
    }
}

impl IntoFault for Refusal {
    fn into_fault(self) -> Outcome {
        Outcome::Refused(self)
    }
}

impl<T: Emit, E: IntoFault> IntoOutcome for Result<T, E> {
    fn into_outcome(self) -> Outcome {
        match self {
            Ok(events) => events.into_outcome(),
            Err(fault) => fault.into_fault(),
        }
    }

    fn describe(signature: &mut Signature) {
        T::describe(signature);
    }
}
