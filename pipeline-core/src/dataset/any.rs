//! A dataset whatever it holds, and the one place where a run asks something of one.

use std::any::Any;

use super::Dataset;
use super::sealed::{Reach, ReachedFrom};
use crate::DatasetError;
use crate::panics::caught;

/// Any dataset, whatever it holds: what can be asked of it without its value. Every [`Dataset`] is one.
///
/// What is asked is a method of `dyn AnyDataset`, not of this trait: so `.exists()` of a dataset of a known type is that of
/// [`Dataset`], also where all of [`dataset`](crate::dataset) is imported. A panic of the dataset becomes an error here.
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
pub trait AnyDataset: Erased {}

#[diagnostic::do_not_recommend]
impl<D: Dataset> AnyDataset for D {}

/// A [`Dataset`] without its types. Its methods are called in this file only.
#[expect(unnameable_types, reason = "a sealed trait is unnameable on purpose")]
pub trait Erased: Send + Sync {
    fn erased_describe(&self) -> String;
    fn erased_exists(&self) -> Result<bool, DatasetError>;
    fn erased_release(&self);
    fn erased_is_persisted(&self) -> bool;
    fn reached_from(&self) -> ReachedFrom;
    fn erased_as_any(&self) -> &dyn Any;
}

impl<D: Dataset> Erased for D {
    fn erased_describe(&self) -> String {
        self.describe()
    }

    fn erased_exists(&self) -> Result<bool, DatasetError> {
        self.exists()
    }

    fn erased_release(&self) {
        self.release();
    }

    fn erased_is_persisted(&self) -> bool {
        self.is_persisted()
    }

    fn reached_from(&self) -> ReachedFrom {
        D::Reach::FROM
    }

    fn erased_as_any(&self) -> &dyn Any {
        self
    }
}

impl<'d> dyn AnyDataset + 'd {
    /// As [`Dataset::describe`]. If that panics, this says so.
    #[must_use]
    pub fn describe(&self) -> String {
        self.try_describe().unwrap_or_else(|error| format!("({error})"))
    }

    /// As [`Dataset::exists`].
    ///
    /// # Errors
    ///
    /// Fails if the place cannot be reached, or if the dataset panics.
    pub fn exists(&self) -> Result<bool, DatasetError> {
        asked("exists", || self.erased_exists())?
    }

    /// As [`Dataset::release`]. A release that panics has no other effect: what is only kept in memory cannot fail a node that is done.
    pub fn release(&self) {
        drop(caught(|| self.erased_release()));
    }

    /// As [`Dataset::is_persisted`]. A dataset that panics there is not.
    #[must_use]
    pub fn is_persisted(&self) -> bool {
        caught(|| self.erased_is_persisted()).unwrap_or(false)
    }

    /// Whether only this process can use it: its reach is [`ThisProcess`](super::ThisProcess).
    #[must_use]
    pub fn lives_in_this_process_only(&self) -> bool {
        self.reached_from() == ReachedFrom::ThisProcess
    }

    /// Whether any process that has the same catalog reaches it: its reach is [`AnyProcess`](super::AnyProcess).
    #[must_use]
    pub fn is_reached_by_any_process(&self) -> bool {
        self.reached_from() == ReachedFrom::AnyProcess
    }

    /// Whether its value is in the memory of this process and nowhere else, as that of [`Memory`](super::Memory) is.
    #[must_use]
    pub fn is_kept_in_memory(&self) -> bool {
        self.reached_from() == ReachedFrom::HoldingProcess && !self.is_persisted()
    }

    /// As [`describe`](Self::describe), with a panic as an error.
    pub(crate) fn try_describe(&self) -> Result<String, DatasetError> {
        asked("describe", || self.erased_describe())
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
