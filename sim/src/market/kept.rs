//! A map that can go back.

use std::collections::{BTreeMap, VecDeque};

/// A map with its recent history: what was changed since each of the last checkpoints can be undone. Without a checkpoint
/// nothing is remembered.
#[derive(Clone, Debug)]
pub(super) struct Kept<K, V> {
    map: BTreeMap<K, V>,
    /// What was there before each change, since each checkpoint; oldest first.
    frames: VecDeque<Vec<(K, Option<V>)>>,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self { map: BTreeMap::new(), frames: VecDeque::new() }
    }
}

impl<K: Ord + Clone, V: Clone> Kept<K, V> {
    pub(super) fn map(&self) -> &BTreeMap<K, V> {
        &self.map
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.map.get(key)
    }

    /// The value under `key`, to be changed.
    pub(super) fn edit(&mut self, key: &K) -> Option<&mut V> {
        let value = self.map.get_mut(key)?;
        if let Some(frame) = self.frames.back_mut() {
            frame.push((key.clone(), Some(value.clone())));
        }
        Some(value)
    }

    /// The value under `key`, to be changed; a default one if there is none.
    pub(super) fn edit_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        if let Some(frame) = self.frames.back_mut() {
            frame.push((key.clone(), self.map.get(&key).cloned()));
        }
        self.map.entry(key).or_default()
    }

    pub(super) fn set(&mut self, key: K, value: V) {
        let old = self.map.insert(key.clone(), value);
        self.remember(key, old);
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let old = self.map.remove(key)?;
        self.remember(key.clone(), Some(old.clone()));
        Some(old)
    }

    /// From here on changes can be undone. Only the last `keep` checkpoints are kept.
    pub(super) fn checkpoint(&mut self, keep: usize) {
        self.frames.push_back(Vec::new());
        while self.frames.len() > keep {
            self.frames.pop_front();
        }
    }

    /// Undoes everything since the last checkpoint.
    pub(super) fn revert(&mut self) {
        let changes = self.frames.pop_back().unwrap_or_default();
        for (key, old) in changes.into_iter().rev() {
            match old {
                Some(value) => self.map.insert(key, value),
                None => self.map.remove(&key),
            };
        }
    }

    fn remember(&mut self, key: K, old: Option<V>) {
        if let Some(frame) = self.frames.back_mut() {
            frame.push((key, old));
        }
    }
}
