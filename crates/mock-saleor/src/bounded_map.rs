//! A map of bounded size: when it is full, the oldest entry makes room.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Entries by key, at most `cap` of them.
pub(super) struct BoundedMap<K, V> {
    entries: HashMap<K, (u64, V)>,
    /// Keys by age; a pair whose number is no longer the entry's own is a leftover.
    ages: VecDeque<(u64, K)>,
    next: u64,
    cap: usize,
}

impl<K: Hash + Eq + Clone, V> BoundedMap<K, V> {
    pub(super) fn new(cap: usize) -> Self {
        BoundedMap {
            entries: HashMap::new(),
            ages: VecDeque::new(),
            next: 0,
            cap: cap.max(1),
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|(_, value)| value)
    }

    /// The entry, made young and empty if there is none.
    pub(super) fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        if !self.contains(&key) {
            self.insert(key.clone(), V::default());
        }
        &mut self.entries.entry(key).or_default().1
    }

    pub(super) fn contains(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Puts an entry in as the youngest; returns the oldest one if it had to leave for it.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<(K, V)> {
        let number = self.next;
        self.next += 1;
        self.entries.insert(key.clone(), (number, value));
        self.ages.push_back((number, key));
        if self.ages.len() > 2 * self.cap + 16 {
            let entries = &self.entries;
            self.ages
                .retain(|(number, key)| entries.get(key).is_some_and(|(n, _)| n == number));
        }
        if self.entries.len() > self.cap {
            self.evict()
        } else {
            None
        }
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key).map(|(_, value)| value)
    }

    fn evict(&mut self) -> Option<(K, V)> {
        while let Some((number, key)) = self.ages.pop_front() {
            if self.entries.get(&key).is_some_and(|(n, _)| *n == number) {
                return self.remove(&key).map(|value| (key, value));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_leaves_first() {
        let mut map = BoundedMap::new(2);
        assert!(map.insert("a", 1).is_none());
        assert!(map.insert("b", 2).is_none());
        assert_eq!(map.insert("c", 3), Some(("a", 1)));
        assert_eq!(
            (map.get(&"a"), map.get(&"b"), map.len()),
            (None, Some(&2), 2)
        );
    }

    #[test]
    fn coming_and_going_does_not_grow_it() {
        let mut map = BoundedMap::new(4);
        for n in 0..1000 {
            map.insert(n, n);
            map.remove(&n);
        }
        assert_eq!(map.len(), 0);
        assert!(map.ages.len() <= 2 * 4 + 17);
    }
}
