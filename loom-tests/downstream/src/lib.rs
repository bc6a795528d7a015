//! A cache whose values are made by blocking work on a pool, each key's once.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use poolbridge::{Executor, TaskError};

/// The door to threads and locks: loom's in models, std's for users.
mod sync {
    #[cfg(poolbridge_loom)]
    pub(crate) use loom::sync::{Arc, Condvar, Mutex};
    #[cfg(not(poolbridge_loom))]
    pub(crate) use std::sync::{Arc, Condvar, Mutex};
}

use sync::{Arc, Condvar, Mutex};

enum Entry<V> {
    /// Somebody loads it.
    Loading,
    Ready(V),
}

struct Shared<K, V> {
    entries: Mutex<HashMap<K, Entry<V>>>,
    ready: Condvar,
}

/// Values by key, made on first use.
pub struct Cache<K, V> {
    pool: Executor,
    shared: Arc<Shared<K, V>>,
}

impl<K, V> Clone for Cache<K, V> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), shared: Arc::clone(&self.shared) }
    }
}

impl<K, V> Cache<K, V>
where
    K: Hash + Eq + Clone + Send + 'static,
    V: Clone + Send + 'static,
{
    /// Loads on `pool`.
    pub fn new(pool: Executor) -> Self {
        let shared = Shared { entries: Mutex::new(HashMap::new()), ready: Condvar::new() };
        Self { pool, shared: Arc::new(shared) }
    }

    /// The value of `key`, made by `load` if nobody has it yet; waits for whoever is at it.
    pub fn get(&self, key: K, load: impl FnOnce() -> V + Send + 'static) -> Result<V, TaskError> {
        let mut entries = self.shared.entries.lock().unwrap();
        loop {
            match entries.get(&key) {
                Some(Entry::Ready(value)) => return Ok(value.clone()),
                Some(Entry::Loading) => entries = self.shared.ready.wait(entries).unwrap(),
                None => break,
            }
        }
        entries.insert(key.clone(), Entry::Loading);
        drop(entries);
        let outcome = self.pool.submit(load).wait();
        self.store(key, outcome)
    }

    /// As [`get`](Self::get), wrongly: two callers may both find nothing, and both load. No test with
    /// real threads is likely to show it; the model does.
    pub fn get_twice_at_times(
        &self,
        key: K,
        load: impl FnOnce() -> V + Send + 'static,
    ) -> Result<V, TaskError> {
        if let Some(Entry::Ready(value)) = self.shared.entries.lock().unwrap().get(&key) {
            return Ok(value.clone());
        }
        let outcome = self.pool.submit(load).wait();
        self.store(key, outcome)
    }

    /// As [`get`](Self::get), but gives up after `limit`, for everybody who waits for this load.
    pub async fn get_within(
        &self,
        key: K,
        limit: Duration,
        load: impl FnOnce() -> V + Send + 'static,
    ) -> Result<V, TaskError> {
        if let Some(Entry::Ready(value)) = self.shared.entries.lock().unwrap().get(&key) {
            return Ok(value.clone());
        }
        let outcome = self.pool.submit(load).timeout(limit).await;
        self.store(key, outcome)
    }

    fn store(&self, key: K, outcome: Result<V, TaskError>) -> Result<V, TaskError> {
        let mut entries = self.shared.entries.lock().unwrap();
        match &outcome {
            Ok(value) => entries.insert(key, Entry::Ready(value.clone())),
            // The next one tries again.
            Err(_) => entries.remove(&key),
        };
        self.shared.ready.notify_all();
        outcome
    }
}

#[cfg(all(test, not(poolbridge_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_and_kept() {
        let cache = Cache::new(Executor::threads().build().unwrap());
        assert_eq!(cache.get("a", || 1).unwrap(), 1);
        assert_eq!(cache.get("a", || 2).unwrap(), 1);
    }
}
