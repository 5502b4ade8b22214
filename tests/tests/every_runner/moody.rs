//! A dataset that does what it is told, and counts how often it is let go.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pipeline_core::DatasetError;
use pipeline_core::dataset::{AnyProcess, Dataset, Load, Save};

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Well,
    FailsToLoad,
    FailsToSave,
    PanicsOnLoad,
    PanicsOnSave,
}

/// Holds a number, as if it were on a disk.
#[derive(Default)]
pub(crate) struct Moody {
    mood: Mutex<Mood>,
    value: Mutex<Option<i32>>,
    n_releases: Arc<AtomicUsize>,
}

impl Moody {
    pub(crate) fn holding(value: i32) -> Self {
        Self { value: Mutex::new(Some(value)), ..Self::default() }
    }

    pub(crate) fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }

    pub(crate) fn n_releases(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.n_releases)
    }

    fn fails(&self, fails: Mood, panics: Mood) -> Result<(), DatasetError> {
        let mood = *self.mood.lock().unwrap_or_else(PoisonError::into_inner);
        if mood == panics {
            // As a panic, but that nothing is printed.
            std::panic::resume_unwind(Box::new("in a bad mood"));
        }
        if mood == fails { Err("in a bad mood".into()) } else { Ok(()) }
    }
}

impl Dataset for Moody {
    type Value = i32;
    type Reach = AnyProcess;

    fn exists(&self) -> Result<bool, DatasetError> {
        Ok(self.value.lock().unwrap_or_else(PoisonError::into_inner).is_some())
    }

    fn release(&self) {
        self.n_releases.fetch_add(1, Ordering::SeqCst);
        // A run does not care.
        std::panic::resume_unwind(Box::new("let go"));
    }
}

impl Load for Moody {
    type Loaded = i32;

    fn load(&self) -> Result<i32, DatasetError> {
        self.fails(Mood::FailsToLoad, Mood::PanicsOnLoad)?;
        let value = *self.value.lock().unwrap_or_else(PoisonError::into_inner);
        value.ok_or_else(|| "nothing was saved".into())
    }
}

impl Save for Moody {
    fn save(&self, value: i32) -> Result<(), DatasetError> {
        self.fails(Mood::FailsToSave, Mood::PanicsOnSave)?;
        *self.value.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        Ok(())
    }
}
