//! The subscribers of a transport, which end with it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Subscribers that were opened and may still live. It keeps none of them alive.
pub struct Seats<T>(Mutex<Vec<Weak<T>>>);

impl<T> Seats<T> {
    /// Notes one that was opened, and forgets those that are gone.
    pub fn add(&self, seat: &Arc<T>) {
        let mut seats = self.lock();
        seats.retain(|seat| seat.strong_count() > 0);
        seats.push(Arc::downgrade(seat));
    }

    /// Those that still live; they are not noted any more.
    pub fn take(&self) -> Vec<Arc<T>> {
        self.lock().drain(..).filter_map(|seat| seat.upgrade()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<T>>> {
        // A list of weak pointers is whole at any time.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Seats<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> fmt::Debug for Seats<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Seats").field(&self.lock().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lives_is_there_and_is_taken_once() {
        let seats = Seats::default();
        let (one, two) = (Arc::new(1), Arc::new(2));
        seats.add(&one);
        seats.add(&two);
        drop(one);
        seats.add(&Arc::new(3));
        assert_eq!(seats.take(), [two]);
        assert!(seats.take().is_empty());
    }
}
