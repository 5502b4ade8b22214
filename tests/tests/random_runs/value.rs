//! What passes from node to node.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// All values of one origin that are not yet dropped.
#[derive(Default)]
pub(crate) struct Values {
    next: AtomicU64,
    alive: Mutex<HashSet<u64>>,
    n_dropped_twice: AtomicUsize,
}

/// Those that have come to this process from another.
pub(crate) static CROSSED: LazyLock<Arc<Values>> = LazyLock::new(Arc::default);

impl Values {
    fn alive(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self) -> u64 {
        let id = self.next.fetch_add(1, Ordering::SeqCst);
        self.alive().insert(id);
        id
    }

    pub(crate) fn n_alive(&self) -> usize {
        self.alive().len()
    }

    /// Whether each value was dropped once.
    pub(crate) fn are_all_dropped_once(&self) -> bool {
        self.n_alive() == 0 && self.n_dropped_twice.load(Ordering::SeqCst) == 0
    }
}

/// Says what it was made of, and when it is dropped.
pub(crate) struct Value {
    id: u64,
    /// On the heap, as what one passes mostly is.
    hash: Box<u64>,
    values: Arc<Values>,
}

impl Value {
    pub(crate) fn new(hash: u64, values: &Arc<Values>) -> Self {
        Self { id: values.add(), hash: Box::new(hash), values: Arc::clone(values) }
    }

    /// Of the node that made it, and of all that it read.
    pub(crate) fn hash(&self) -> u64 {
        *self.hash
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        Self::new(*self.hash, &self.values)
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        if !self.values.alive().remove(&self.id) {
            self.values.n_dropped_twice.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", *self.hash)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.hash.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(|hash| Self::new(hash, &CROSSED))
    }
}
