//! What a verification found.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::id::LedgerId;
use crate::digest::Digest;
use crate::protocol::settings::Mode;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Every checkpoint is signed by the log's key.
    Signature,
    /// The stamps under each checkpoint give its root.
    Tree,
    /// The log has every stamp that a checkpoint covers: it was not rolled back.
    Rollback,
    /// The stored hashes are those of the stamps.
    Tiles,
    /// Indexes ascend without a gap, and times never go back.
    Order,
    /// What the database says beside a stamp is what the stamp says.
    Columns,
    /// Rows and stamps tell the same story: one outcome an execution, nothing without its stamp.
    Story,
}

impl Check {
    /// Every check.
    pub const ALL: [Self; 7] = [
        Self::Signature,
        Self::Tree,
        Self::Rollback,
        Self::Tiles,
        Self::Order,
        Self::Columns,
        Self::Story,
    ];

    /// The name, as people see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Tree => "tree",
            Self::Rollback => "rollback",
            Self::Tiles => "tiles",
            Self::Order => "order",
            Self::Columns => "columns",
            Self::Story => "story",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Which check found it.
    pub check: Check,
    /// What is wrong, and where.
    pub detail: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.detail)
    }
}

/// What a verification found (G2). It shows changes under the checkpoints that it was given; what the
/// owner of disk and key rewrote shows only against a checkpoint that somebody else kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Which ledger.
    pub ledger: LedgerId,
    /// The modes that its processes joined in.
    pub modes: BTreeSet<Mode>,
    /// The number of stamps.
    pub stamps: u64,
    /// The number of events that the log names as recorded or emitted.
    pub events_stamped: usize,
    /// How many stamps are under a checkpoint that holds.
    pub covered: u64,
    /// How many are not.
    pub uncovered: u64,
    /// The root of all stamps.
    pub root: Digest,
    /// The file that keeps the newest checkpoint: to be copied to where nobody can change both.
    pub checkpoint_file: PathBuf,
    /// What does not hold, at most ten of each check.
    pub problems: Vec<Problem>,
    /// Problems beyond those.
    pub problems_left_out: u64,
}

/// Problems that are listed of each check.
const LISTED_MAX: usize = 10;

impl Verification {
    /// Whether everything holds.
    pub const fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    /// Whether one check found nothing.
    pub fn holds(&self, check: Check) -> bool {
        self.problems.iter().all(|problem| problem.check != check)
    }

    pub(crate) fn report(&mut self, check: Check, detail: impl fmt::Display) {
        if self.problems.iter().filter(|it| it.check == check).count() < LISTED_MAX {
            self.problems.push(Problem { check, detail: detail.to_string() });
        } else {
            self.problems_left_out += 1;
        }
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ledger {} stamps", self.stamps)?;
        if self.uncovered > 0 {
            write!(f, ", {} not yet under a checkpoint", self.uncovered)?;
        }
        if !self.modes.is_empty() {
            let modes: Vec<&str> = self.modes.iter().map(|mode| mode.as_str()).collect();
            write!(f, " · {}", modes.join(" and "))?;
        }
        write!(f, " · root {}… · ", &self.root.to_string()[..8])?;
        let (sound, broken): (Vec<Check>, Vec<Check>) =
            Check::ALL.into_iter().partition(|check| self.holds(*check));
        let list = |checks: &[Check]| {
            checks.iter().map(|check| check.as_str()).collect::<Vec<_>>().join(", ")
        };
        if broken.is_empty() {
            return write!(f, "{} ok", list(&sound));
        }
        write!(f, "BROKEN: {}", list(&broken))?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))?;
        if self.problems_left_out > 0 {
            write!(f, "\n  and {} more", self.problems_left_out)?;
        }
        Ok(())
    }
}
