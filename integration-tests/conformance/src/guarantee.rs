//! What a case stands for: the guarantees of `docs/guarantees.md`, by id.

use std::fmt;

/// A guarantee of transport and bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guarantee {
    /// T1: what publish confirmed reaches every existing group, and a confirm says who listens.
    NoLoss,
    /// T2: only a valid ack ends a delivery.
    AckAfterEffect,
    /// T3: a key's deliveries come in order, one at a time.
    KeyOrder,
    /// T4: what is in flight is bounded.
    Bounded,
    /// T5: on shutdown everything is finished or handed back.
    Drain,
    /// T6: what cannot be handled ends in the dead letters.
    Poison,
    /// Whatever else the transport contract says.
    Contract,
}

impl Guarantee {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::NoLoss,
        Self::AckAfterEffect,
        Self::KeyOrder,
        Self::Bounded,
        Self::Drain,
        Self::Poison,
        Self::Contract,
    ];

    /// Its id.
    pub const fn id(self) -> &'static str {
        match self {
            Self::NoLoss => "T1",
            Self::AckAfterEffect => "T2",
            Self::KeyOrder => "T3",
            Self::Bounded => "T4",
            Self::Drain => "T5",
            Self::Poison => "T6",
            Self::Contract => "contract",
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoLoss => "no loss",
            Self::AckAfterEffect => "ack after effect",
            Self::KeyOrder => "key order",
            Self::Bounded => "bounded",
            Self::Drain => "drain",
            Self::Poison => "poison",
            Self::Contract => "the rest of the transport contract",
        }
    }
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
