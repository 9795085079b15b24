//! Broken variants.

use super::store::Store;
use crate::protocol::input::Input;
use crate::protocol::row::Effect;

#[derive(Debug, Default, Clone)]
pub(super) struct Sabotage;

impl Sabotage {
    pub(super) fn probes_first(&self, effect: &Effect) -> bool {
        effect.must_be_probed()
    }
    pub(super) fn keeps_refused(&self) -> bool {
        false
    }
    pub(super) fn ignores_order(&self) -> bool {
        false
    }
    pub(super) fn input(&mut self, input: &Input, _store: &Store) -> Input {
        input.clone()
    }
    pub(super) fn rows<'a>(&'a mut self, store: &'a mut Store, _now: u64) -> &'a mut Store {
        store
    }
}
