//! A value in the catalog's memory.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Dataset, HoldingProcess, Load, Save, Shared};
use crate::DatasetError;
use crate::outputs::CanBeShared;

/// A value that the catalog keeps in memory: empty until it is saved, unless made with [`new`](Self::new).
///
/// The value needs no `Clone`: readers share it. A run that writes it and reads it releases it after its last reader, as what is in
/// memory only; a value that was there before the run, and one that no node of the run reads, stay when the run is over.
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
}

impl<T> Memory<T> {
    /// A dataset that holds this value from the start.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self { name: None, value: RwLock::new(Some(Arc::new(value))) }
    }

    fn get(&self) -> Option<Arc<T>> {
        self.value.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self { name: None, value: RwLock::default() }
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
        let value = self.value.write().unwrap_or_else(PoisonError::into_inner).take();
        // Out of the lock: dropping a value runs code that is not ours.
        drop(value);
    }

    fn named(self, name: &'static str) -> Self {
        Self { name: Some(name), ..self }
    }
}

impl<T: CanBeShared> Load for Memory<T> {
    type Loaded = Shared<T>;

    fn load(&self) -> Result<Shared<T>, DatasetError> {
        let value = self.get();
        value.map(Shared::new).ok_or_else(|| DatasetError::new("nothing has been saved yet").of_dataset(self.name))
    }
}

impl<T: CanBeShared> Save for Memory<T> {
    fn save(&self, value: T) -> Result<(), DatasetError> {
        let value = Some(Arc::new(value));
        let earlier = std::mem::replace(&mut *self.value.write().unwrap_or_else(PoisonError::into_inner), value);
        // Out of the lock: dropping a value runs code that is not ours.
        drop(earlier);
        Ok(())
    }
}

impl<T: fmt::Debug> fmt::Debug for Memory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Memory").field(&self.get()).finish()
    }
}
