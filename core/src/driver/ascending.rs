//! A map for numbers that are handed out in ascending order and given up in nearly that order, as
//! offsets are. What a search in a tree finds for each message is here where the number says.

use std::collections::VecDeque;

/// So few removed entries are not worth moving the others for.
const GAPS_FREE: usize = 64;

/// Removed entries stay as gaps until they are first or last, or more than the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ascending<V> {
    /// By number; neither the first nor the last is a gap.
    entries: VecDeque<(u64, Option<V>)>,
    gaps: usize,
}

impl<V> Default for Ascending<V> {
    fn default() -> Self {
        Self { entries: VecDeque::new(), gaps: 0 }
    }
}

impl<V> Ascending<V> {
    /// Cheap after all others, and into a gap; elsewhere what is behind it moves.
    pub fn insert(&mut self, number: u64, value: V) {
        match self.find(number) {
            Ok(at) => {
                let entry = &mut self.entries[at].1;
                self.gaps -= usize::from(entry.is_none());
                *entry = Some(value);
            }
            Err(at) if at == self.entries.len() => self.entries.push_back((number, Some(value))),
            Err(at) => self.entries.insert(at, (number, Some(value))),
        }
    }

    /// What stands at a number.
    pub fn get(&self, number: u64) -> Option<&V> {
        self.entries[self.find(number).ok()?].1.as_ref()
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, number: u64) -> Option<&mut V> {
        let at = self.find(number).ok()?;
        self.entries[at].1.as_mut()
    }

    /// Takes out what stands at a number.
    pub fn remove(&mut self, number: u64) -> Option<V> {
        let at = self.find(number).ok()?;
        let removed = self.entries[at].1.take()?;
        self.gaps += 1;
        while self.entries.pop_front_if(|(_, value)| value.is_none()).is_some() {
            self.gaps -= 1;
        }
        while self.entries.pop_back_if(|(_, value)| value.is_none()).is_some() {
            self.gaps -= 1;
        }
        if self.gaps > GAPS_FREE.max(self.len()) {
            self.entries.retain(|(_, value)| value.is_some());
            self.gaps = 0;
        }
        Some(removed)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len() - self.gaps
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The lowest number.
    pub fn first(&self) -> Option<u64> {
        self.entries.front().map(|(number, _)| *number)
    }

    /// All in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &V)> {
        self.entries.iter().filter_map(|(number, value)| Some((*number, value.as_ref()?)))
    }

    /// Where an entry is, or would be. Without numbers left out it is where the first one says.
    fn find(&self, number: u64) -> Result<usize, usize> {
        let Some((first, _)) = self.entries.front() else {
            return Err(0);
        };
        let Some(at) = number.checked_sub(*first) else {
            return Err(0);
        };
        // Numbers ascend: none is further behind than that.
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        match self.entries.get(at) {
            Some((found, _)) if *found == number => return Ok(at),
            _ => {}
        }
        if self.entries.back().is_some_and(|(last, _)| *last < number) {
            return Err(self.entries.len());
        }
        self.entries.binary_search_by_key(&number, |(number, _)| *number)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::choices::Choices;

    #[test]
    fn it_is_what_a_tree_is() {
        for seed in 0..2_000 {
            let mut choices = Choices(seed);
            let (mut ours, mut tree) = (Ascending::default(), BTreeMap::new());
            let mut next = choices.below(100);
            // Some leave nearly all numbers in order, some leave out many, some take out at random.
            let (leap, disorder) = (1 + choices.below(3), 1 + choices.below(400));
            for step in 0..600 {
                let any = choices.below(next + 2);
                let number = if choices.below(disorder) == 0 { any } else { next };
                if choices.below(2) == 0 {
                    next = next.max(number + 1 + choices.below(leap));
                    ours.insert(number, step);
                    tree.insert(number, step);
                } else {
                    let first = tree.keys().next().copied().unwrap_or(any);
                    let number = if choices.below(disorder) == 0 { any } else { first };
                    assert_eq!(ours.remove(number), tree.remove(&number), "seed {seed}");
                }
                assert_eq!(ours.get(any), tree.get(&any), "seed {seed}");
                assert_eq!(ours.get_mut(number), tree.get_mut(&number), "seed {seed}");
                let all = tree.iter().map(|(number, value)| (*number, value));
                assert!(ours.iter().eq(all), "seed {seed}");
                assert_eq!(ours.first(), tree.keys().next().copied(), "seed {seed}");
                assert_eq!((ours.len(), ours.is_empty()), (tree.len(), tree.is_empty()));
            }
        }
    }

    /// T4: one entry that stays does not keep the place of all that came and went behind it.
    #[test]
    fn what_is_removed_takes_no_room() {
        let mut map = Ascending::default();
        for number in 0..100_000_u64 {
            map.insert(number, ());
            if number > 0 && number % 1_000 != 0 {
                map.remove(number);
            }
            assert!(map.entries.len() <= 2 * map.len() + GAPS_FREE + 1);
        }
        assert_eq!(map.len(), 100);
    }
}
