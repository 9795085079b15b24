//! How often the unsettled deliveries of a partition were begun, kept in the metadata of its commit,
//! so that a delivery that ends its process is counted by the next one. Pure.
//!
//! What is written says three things: the attempts of single deliveries; whether the first unsettled
//! one was begun once more without that; and how many members in a row did not leave in order. The
//! deliveries that a dead member had begun cannot be told from each other: after that many deaths so
//! many of them, doubled each time, go one at a time and are entered before they are handed over.
//! So what kills is found, and what was merely beside it is counted at most once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Deliveries in one record: it stays below `offset.metadata.max.bytes`, 4,096 unless changed.
const ENTRIES_MAX: usize = 100;
/// Deaths in a row that make a difference.
const DEATHS_MAX: u32 = 12;
const VERSION: &str = "wingman1";

/// What a commit says of a partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Account {
    /// Attempts that count, of deliveries that are not settled.
    entries: BTreeMap<u64, u32>,
    /// May be handed over although it was begun before: that is on record.
    cleared: BTreeSet<u64>,
    /// The first delivery was begun once more.
    first_was_begun: bool,
    deaths: u32,
    /// So many deliveries still go one at a time.
    careful: u32,
    /// That this member has begun is on record, or cannot be.
    is_open: bool,
}

impl Account {
    /// Reads what a member before left; what others wrote there says nothing.
    pub(super) fn read(text: &str) -> Self {
        Self::parse(text).unwrap_or_default()
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.strip_prefix(VERSION)?.split_ascii_whitespace();
        let state = words.next()?;
        let deaths: u32 = words.next()?.parse().ok()?;
        let entry = |word: &str| {
            let (offset, attempts) = word.split_once(':')?;
            Some((offset.parse().ok()?, attempts.parse().ok()?))
        };
        let entries: BTreeMap<_, _> = words.map(entry).collect::<Option<_>>()?;
        let died = state != "left" && (state == "begun" || !entries.is_empty());
        let deaths = if died { (deaths + 1).min(DEATHS_MAX) } else { 0 };
        Some(Self {
            entries,
            first_was_begun: state == "begun",
            deaths,
            careful: if died { 1 << deaths } else { 0 },
            ..Self::default()
        })
    }

    /// What a member that goes on leaves, should it die now.
    pub(super) fn text(&self, first_is_begun: bool) -> String {
        self.written(if first_is_begun { "begun" } else { "idle" }, self.deaths)
    }

    /// What a member leaves that leaves in order.
    pub(super) fn parting(&self) -> String {
        self.written("left", 0)
    }

    fn written(&self, state: &str, deaths: u32) -> String {
        let mut text = format!("{VERSION} {state} {deaths}");
        for (offset, attempts) in self.entries.iter().take(ENTRIES_MAX) {
            // A string takes anything.
            let _ = write!(text, " {offset}:{attempts}");
        }
        text
    }

    /// A delivery came: how often it was begun before.
    pub(super) fn arrived(&mut self, offset: u64) -> u32 {
        if std::mem::take(&mut self.first_was_begun) {
            *self.entries.entry(offset).or_default() += 1;
        }
        self.entries.get(&offset).copied().unwrap_or_default()
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    pub(super) fn is_careful(&self) -> bool {
        self.careful > 0
    }

    /// Whether a delivery may be handed over, that was begun so often before.
    pub(super) fn allows(&self, offset: u64, before: u32) -> bool {
        self.is_open && (self.is_cleared(offset) || (before == 0 && !self.is_careful()))
    }

    pub(super) fn is_cleared(&self, offset: u64) -> bool {
        self.cleared.contains(&offset)
    }

    /// Deliveries with an entry.
    pub(super) fn offsets(&self) -> impl Iterator<Item = u64> {
        self.entries.keys().copied()
    }

    pub(super) fn holds(&self, offset: u64) -> bool {
        self.entries.contains_key(&offset)
    }

    /// Enters an attempt that is about to begin.
    pub(super) fn enter(&mut self, offset: u64, attempt: u32) {
        self.entries.insert(offset, attempt);
    }

    /// What was entered is on record, or cannot be: work goes on all the same.
    pub(super) fn recorded(&mut self, offsets: &[u64]) {
        self.is_open = true;
        self.cleared.extend(offsets);
    }

    pub(super) fn handed_over(&mut self, offset: u64) {
        self.cleared.remove(&offset);
        self.careful = self.careful.saturating_sub(1);
    }

    /// It waits again, after so many attempts.
    pub(super) fn came_back(&mut self, offset: u64, attempts: u32) {
        if attempts > 0 {
            self.entries.insert(offset, attempts)
        } else {
            self.entries.remove(&offset)
        };
    }

    pub(super) fn settled(&mut self, offset: u64) {
        self.entries.remove(&offset);
    }

    /// Nothing is left of what an earlier member may have died of.
    pub(super) fn all_is_well(&mut self) {
        (self.deaths, self.careful) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deaths_count_and_leaving_does_not() {
        let mut account = Account::read("");
        assert_eq!(account.arrived(7), 0);
        for deaths in 1..=3 {
            let text = if deaths == 1 { account.text(true) } else { account.text(false) };
            account = Account::read(&text);
            assert_eq!(account.arrived(7), deaths);
            assert_eq!((account.deaths, account.careful), (deaths, 1 << deaths));
            assert!(!account.allows(7, deaths) && !account.allows(8, 0), "one at a time");
            account.enter(7, deaths + 1);
            account.recorded(&[7]);
            assert!(account.allows(7, deaths) && !account.allows(8, 0));
        }
        account = Account::read(&account.parting());
        assert_eq!((account.arrived(7), account.deaths, account.careful), (4, 0, 0));
    }

    #[test]
    fn what_others_wrote_says_nothing() {
        for text in
            ["", "mine", "wingman1", "wingman1 begun", "wingman1 idle x", "wingman1 idle 0 7"]
        {
            assert_eq!(Account::read(text), Account::default(), "{text}");
        }
    }

    #[test]
    fn a_record_is_bounded() {
        let mut account = Account::default();
        (0..1_000).for_each(|nth| account.enter(u64::MAX - nth, u32::MAX));
        assert!(account.text(true).len() < 4_096);
    }
}
