//! A value in the catalog's memory.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::{Dataset, HoldingProcess, Load, Save, Shared};
use crate::DatasetError;
use crate::outputs::CanBeShared;

/// A value that the catalog keeps in memory: empty until it is saved, unless made with [`new`](Self::new).
///
/// The value needs no `Clone`: readers share it. A run releases a value that passes from node to node when its last
/// reader is done, as it does with what is in memory without an entry. A value stays if no node of the run
/// reads it, or if there was one before the run.
///
/// ```
/// use pipeline_core::dataset::{Load, Memory, Save};
///
/// let words = Memory::default();
/// assert_eq!(words.load().unwrap_err().to_string(), "nothing has been saved yet");
/// words.save(vec!["a", "b"])?;
/// assert_eq!(words.load()?.len(), 2);
/// # Ok::<(), pipeline_core::DatasetError>(())
/// ```
pub struct Memory<T> {
    name: Option<&'static str>,
    value: RwLock<Option<Arc<T>>>,
    /// Whether a value has been released, for the error of a load.
    is_released: AtomicBool,
}

impl<T> Memory<T> {
    /// A dataset that holds this value from the start.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self { name: None, value: RwLock::new(Some(Arc::new(value))), is_released: AtomicBool::new(false) }
    }

    fn replace(&self, value: Option<T>) {
        let mut kept = self.value.write().unwrap_or_else(PoisonError::into_inner);
        let earlier = std::mem::replace(&mut *kept, value.map(Arc::new));
        drop(kept);
        // Outside of the lock: dropping a value runs code that is not ours.
        drop(earlier);
    }

    fn get(&self) -> Option<Arc<T>> {
        self.value.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self { name: None, value: RwLock::default(), is_released: AtomicBool::new(false) }
    }
}

impl<T: CanBeShared> Dataset for Memory<T> {
    type Value = T;
    type Reach = HoldingProcess;

    fn describe(&self) -> String {
        "in memory".to_owned()
    }

    fn exists(&self) -> Result<bool, DatasetError> {
        Ok(self.get().is_some())
    }

    fn release(&self) {
        self.is_released.store(true, Ordering::Relaxed);
        self.replace(None);
    }

    fn named(self, name: &'static str) -> Self {
        Self { name: Some(name), ..self }
    }
}

impl<T: CanBeShared> Load for Memory<T> {
    type Loaded = Shared<T>;

    fn load(&self) -> Result<Shared<T>, DatasetError> {
        self.get().map(Shared::new).ok_or_else(|| {
            let is_released = self.is_released.load(Ordering::Relaxed);
            let cause =
                if is_released { "a run has released it after its last reader" } else { "nothing has been saved yet" };
            DatasetError::new(cause).of_dataset(self.name)
        })
    }
}

impl<T: CanBeShared> Save for Memory<T> {
    fn save(&self, value: T) -> Result<(), DatasetError> {
        self.replace(Some(value));
        Ok(())
    }
}

impl<T: fmt::Debug> fmt::Debug for Memory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Memory").field(&self.get()).finish()
    }
}
