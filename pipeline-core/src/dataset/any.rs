//! A dataset whatever it holds, and the one place where a run asks something of one.

use std::any::Any;
use std::path::Path;

use super::Dataset;
use super::sealed::{Process, Reach};
use crate::DatasetError;
use crate::panics::caught;

/// Any dataset, whatever it holds: what can be asked of it without its value. Every [`Dataset`] is one.
///
/// The questions are methods of `dyn AnyDataset`, not of this trait: so `.exists()` of a dataset of a
/// known type is that of [`Dataset`], also where all of [`dataset`](crate::dataset) is imported. A panic
/// of the dataset becomes an error here.
///
/// ```
/// use pipeline_core::dataset::*;
///
/// let memory = Memory::new(1);
/// assert!(memory.exists()?);
/// let any: &dyn AnyDataset = &memory;
/// assert!(any.exists()?);
/// assert_eq!(any.describe(), "in memory");
/// assert!(!any.is_persisted());
/// # Ok::<(), pipeline_core::DatasetError>(())
/// ```
pub trait AnyDataset: ErasedDataset {}

#[diagnostic::do_not_recommend]
impl<D: Dataset> AnyDataset for D {}

impl dyn AnyDataset + '_ {
    /// As [`Dataset::describe`]. If that panics, this says so.
    #[must_use]
    pub fn describe(&self) -> String {
        asked("describe", || self.erased_describe()).unwrap_or_else(|error| format!("({error})"))
    }

    /// As [`Dataset::exists`].
    ///
    /// # Errors
    ///
    /// Fails if the place cannot be reached, or if the dataset panics.
    pub fn exists(&self) -> Result<bool, DatasetError> {
        asked("exists", || self.erased_exists())?
    }

    /// As [`Dataset::release`]. A release that panics has no other effect: memory that cannot be released does
    /// not fail a node that is done.
    pub fn release(&self) {
        drop(caught(|| self.erased_release()));
    }

    /// As [`Dataset::file`].
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.erased_file()
    }

    /// As [`Dataset::is_durable`]. A dataset that panics there is not.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        caught(|| self.erased_is_durable()).unwrap_or(false)
    }

    /// As [`Dataset::shares_its_place`]. A dataset that panics there does not.
    #[must_use]
    pub fn shares_its_place(&self) -> bool {
        caught(|| self.erased_shares_its_place()).unwrap_or(false)
    }

    /// As [`Dataset::is_persisted`]. A dataset that panics there is not.
    #[must_use]
    pub fn is_persisted(&self) -> bool {
        caught(|| self.erased_is_persisted()).unwrap_or(false)
    }

    /// Whether any process that has the same catalog reaches the value: its reach is
    /// [`AnyProcess`](super::AnyProcess).
    #[must_use]
    pub fn is_reached_by_any_process(&self) -> bool {
        self.erased_reach() == Process::Any
    }

    /// Whether only this process can use it: its reach is [`ThisProcess`](super::ThisProcess).
    #[must_use]
    pub fn lives_in_this_process_only(&self) -> bool {
        self.erased_reach() == Process::This
    }

    /// Whether its value is in the memory of the process that holds it and nowhere else, as that of
    /// [`Memory`](super::Memory) is.
    #[must_use]
    pub fn is_kept_in_memory(&self) -> bool {
        self.erased_reach() == Process::Holding && !self.is_persisted()
    }

    /// Where it is, if any process can reach it there; or the name of its type, if it does not
    /// [say](Dataset::describe) where. A dataset without size has nothing to say: it is the same everywhere.
    #[cfg(feature = "process")]
    pub(crate) fn place_for_any_process(&self) -> Option<Result<String, &'static str>> {
        self.is_reached_by_any_process().then(|| self.erased_place())
    }

    /// The dataset as what it is.
    pub(crate) fn as_any(&self) -> &dyn Any {
        self.erased_as_any()
    }
}

/// Asks something of a dataset that may panic instead of an answer.
fn asked<T>(method: &str, ask: impl FnOnce() -> T) -> Result<T, DatasetError> {
    caught(ask).map_err(|said| DatasetError::new(format!("its `{method}` panicked: {said}")))
}

/// A dataset whose type is forgotten. Its methods are called in this file only.
#[expect(unnameable_types, reason = "a sealed trait is unnameable on purpose")]
pub trait ErasedDataset: Send + Sync {
    fn erased_describe(&self) -> String;
    fn erased_exists(&self) -> Result<bool, DatasetError>;
    fn erased_release(&self);
    fn erased_file(&self) -> Option<&Path>;
    fn erased_is_durable(&self) -> bool;
    fn erased_shares_its_place(&self) -> bool;
    fn erased_is_persisted(&self) -> bool;
    fn erased_reach(&self) -> Process;
    fn erased_place(&self) -> Result<String, &'static str>;
    fn erased_as_any(&self) -> &dyn Any;
}

#[diagnostic::do_not_recommend]
impl<D: Dataset> ErasedDataset for D {
    fn erased_describe(&self) -> String {
        self.describe()
    }
    fn erased_exists(&self) -> Result<bool, DatasetError> {
        self.exists()
    }
    fn erased_release(&self) {
        self.release();
    }
    fn erased_file(&self) -> Option<&Path> {
        self.file()
    }
    fn erased_is_durable(&self) -> bool {
        self.is_durable()
    }
    fn erased_shares_its_place(&self) -> bool {
        self.shares_its_place()
    }
    fn erased_is_persisted(&self) -> bool {
        self.is_persisted()
    }
    fn erased_reach(&self) -> Process {
        <D::Reach as Reach>::FROM
    }
    fn erased_place(&self) -> Result<String, &'static str> {
        let (place, name) = (self.describe(), std::any::type_name::<D>());
        if size_of::<D>() > 0 && place == name { Err(name) } else { Ok(place) }
    }
    fn erased_as_any(&self) -> &dyn Any {
        self
    }
}
