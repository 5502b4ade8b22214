//! Datasets: where the data of a catalog's entries lives, and how it is loaded and saved.

/// The part of a dataset's traits that is the same for all that are one file.
macro_rules! file_dataset {
    ([$($generics:tt)*] $dataset:ty => $value:ty) => {
        impl<$($generics)*> Dataset for $dataset {
            type Value = $value;
            type Reach = AnyProcess;

            fn describe(&self) -> String {
                self.location.describe()
            }

            fn exists(&self) -> Result<bool, DatasetError> {
                self.location.exists()
            }

            fn named(mut self, name: &'static str) -> Self {
                self.location = self.location.named(name);
                self
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($generics)*> FromLocation for $dataset {
            fn from_location(location: &str) -> Self {
                Self::new(location)
            }
        }
    };
}
use file_dataset;

mod any;
mod bytes;
#[cfg(feature = "csv")]
mod csv;
mod file;
#[cfg(feature = "json")]
mod json;
mod lambda;
mod memory;
mod text;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

pub use self::any::AnyDataset;
pub use self::bytes::Bytes;
#[cfg(feature = "csv")]
pub use self::csv::Csv;
pub use self::file::{Writer, write_file};
#[cfg(feature = "json")]
pub use self::json::Json;
pub use self::lambda::Lambda;
pub use self::memory::Memory;
pub use self::text::Text;
use crate::DatasetError;

/// A place that holds a value of one type: an entry of a catalog.
///
/// What can be done with it is said by two more traits: [`Load`] and [`Save`]. A dataset without `Save` cannot be
/// an output, and the compiler says so. Kedro has the same methods on `AbstractDataset`.
///
/// # A dataset of your own
///
/// ```
/// use pipeline_core::dataset::{AnyProcess, Dataset, FromLocation, Load};
/// use pipeline_core::prelude::*;
/// use pipeline_core::DatasetError;
///
/// /// The number of lines in a file.
/// struct LineCount { path: String }
///
/// impl Dataset for LineCount {
///     type Value = usize;
///     type Reach = AnyProcess;
///     fn describe(&self) -> String { self.path.clone() }
/// }
///
/// impl Load for LineCount {
///     type Loaded = usize;
///     fn load(&self) -> Result<usize, DatasetError> {
///         let text = std::fs::read_to_string(&self.path).map_err(|error| DatasetError::new(error).at_path(&self.path))?;
///         Ok(text.lines().count())
///     }
/// }
///
/// impl FromLocation for LineCount {
///     fn from_location(location: &str) -> Self { Self { path: location.to_owned() } }
/// }
///
/// catalog! {
///     struct Catalog { lines: LineCount = "Cargo.toml" }
/// }
///
/// # fn main() -> Result<(), pipeline_core::Error> {
/// let counting = pipeline! { for Catalog; node(|lines: usize| lines > 0, [lines] -> [any]) };
/// assert!(SequentialRunner::new().run(&counting, &Catalog::default())?.any);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a dataset",
    label = "not a dataset",
    note = "an entry of a catalog is a dataset, such as `Memory<{Self}>`, `Json<{Self}>` or a type of your own that implements `Dataset`"
)]
pub trait Dataset: Send + Sync + 'static {
    /// What it holds.
    type Value: Send + Sync + 'static;

    /// From where the value can be reached: [`AnyProcess`], [`HoldingProcess`] or [`ThisProcess`].
    type Reach: Reach;

    /// Tells people where the data is: a path, an address, `in memory`.
    fn describe(&self) -> String {
        std::any::type_name::<Self>().to_owned()
    }

    /// Whether there is something to load. A dataset that cannot tell says no, as in Kedro.
    ///
    /// # Errors
    ///
    /// Fails if the place cannot be reached.
    fn exists(&self) -> Result<bool, DatasetError> {
        Ok(false)
    }

    /// Whether a later run of the program finds what is saved, which is another question than from where it can be
    /// [reached](Self::Reach): a table behind a session is of this process only, and persists.
    ///
    /// By default, all persists but what the process holds ([`HoldingProcess`]). What does not persist is written anew by a run of
    /// [only missing outputs](crate::RunOptions::only_missing_outputs) where it is needed, and a failed run is resumed from its
    /// writer: Kedro's `_EPHEMERAL`.
    fn is_persisted(&self) -> bool {
        <Self::Reach as sealed::Reach>::PERSISTS
    }

    /// Releases the memory that it holds: what it keeps only to be faster, or, as [`Memory`], the value itself. What is persisted
    /// stays.
    ///
    /// Called in a run for each dataset that passes from node to node, when its last reader is done; not for the pipeline's own inputs
    /// and outputs, and not for a value that does not persist and was there before the run.
    fn release(&self) {}

    /// Tells the dataset the name of its catalog entry, for its error messages.
    #[must_use]
    fn named(self, name: &'static str) -> Self
    where
        Self: Sized,
    {
        let _ = name;
        self
    }
}

/// A dataset that can be an input.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be loaded",
    label = "a node cannot read this dataset",
    note = "a dataset that nodes read implements `Load`"
)]
pub trait Load: Dataset {
    /// What loading returns: the value itself, or [`Shared`] if the dataset keeps it.
    type Loaded: Loaded<Self::Value>;

    /// Loads the value. Each reader loads anew.
    ///
    /// # Errors
    ///
    /// Fails if there is no value, or if it cannot be read.
    fn load(&self) -> Result<Self::Loaded, DatasetError>;
}

/// A dataset that can be an output.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be saved",
    label = "a node cannot write this dataset",
    note = "a dataset that nodes write implements `Save`; one that can only be read does not"
)]
pub trait Save: Dataset {
    /// Saves the value in the place of the earlier one.
    ///
    /// # Errors
    ///
    /// Fails if the value cannot be written; the earlier one is then still there.
    fn save(&self, value: Self::Value) -> Result<(), DatasetError>;
}

/// A dataset that `catalog!` can make from a location: `flowers: Csv<Flower> = "data/flowers.csv"`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not made from a location",
    label = "this dataset takes no location",
    note = "leave out `= \"…\"` for its default, or write an expression that makes one, such as `= Memory::new(…)`"
)]
pub trait FromLocation: Dataset + Sized {
    /// The dataset at a location, which is a path for all datasets of this crate.
    fn from_location(location: &str) -> Self;
}

/// A dataset that `catalog!` can make without a location: one with a `Default`, such as [`Memory`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` needs a location",
    label = "where is it?",
    note = "write `= \"path/of/the/data\"` after the type, or an expression that makes it; a type with a `Default` needs neither"
)]
pub trait NeedsNoLocation: Sized {
    /// The type's `Default`.
    #[doc(hidden)]
    #[must_use]
    fn make() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> NeedsNoLocation for T {
    fn make() -> Self {
        Self::default()
    }
}

/// From where the value of a dataset can be reached. Sealed; the three types that implement it are all there is.
pub trait Reach: sealed::Reach {}

/// Any process that has the same catalog reaches the value, as it does a file.
#[derive(Clone, Copy, Debug)]
pub struct AnyProcess;

/// Other processes reach the value through the process that holds it, as with a value in memory. It ends with that process, so it is
/// not [persisted](Dataset::is_persisted) unless the dataset says so.
#[derive(Clone, Copy, Debug)]
pub struct HoldingProcess;

/// Only this process can use the value, as with a session or a handle. What Kedro calls `_SINGLE_PROCESS`. Later runs find what is
/// saved, unless the dataset says that it is not [persisted](Dataset::is_persisted).
#[derive(Clone, Copy, Debug)]
pub struct ThisProcess;

impl Reach for AnyProcess {}
impl Reach for HoldingProcess {}
impl Reach for ThisProcess {}

/// What [`Load::load`] may return for a value of type `T`: `T`, or [`Shared<T>`](Shared). Sealed.
pub trait Loaded<T>: sealed::Loaded<T> {}

impl<T: Send + Sync + 'static> Loaded<T> for T {}
impl<T: Send + Sync + 'static> Loaded<T> for Shared<T> {}

/// A value that a dataset keeps and lends: `&T` by `Deref`.
///
/// ```
/// use pipeline_core::dataset::{Load, Memory, Save};
///
/// let answer = Memory::default();
/// answer.save(42)?;
/// assert_eq!(answer.load()?, 42);
/// assert_eq!(*answer.load()? + 1, 43);
/// # Ok::<(), pipeline_core::DatasetError>(())
/// ```
pub struct Shared<T>(Arc<T>);

impl<T> Shared<T> {
    /// Shares a value that is kept in an `Arc`.
    #[must_use]
    pub fn new(value: Arc<T>) -> Self {
        Self(value)
    }

    /// The `Arc` that holds the value.
    #[must_use]
    pub fn into_arc(self) -> Arc<T> {
        self.0
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> AsRef<T> for Shared<T> {
    fn as_ref(&self) -> &T {
        &self.0
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: PartialEq> PartialEq<T> for Shared<T> {
    fn eq(&self, other: &T) -> bool {
        *self.0 == *other
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: fmt::Display> fmt::Display for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a catalog does with a field, which must be a dataset. The one function that demands it, so that a field that is none is
/// one error.
#[doc(hidden)]
#[must_use]
pub const fn a_dataset<D: Dataset>() -> Field<D> {
    Field { named: D::named, any: |dataset| dataset }
}

/// See [`a_dataset`].
#[doc(hidden)]
#[derive(Debug)]
pub struct Field<D> {
    named: fn(D, &'static str) -> D,
    any: for<'a> fn(&'a D) -> &'a dyn AnyDataset,
}

impl<D> Field<D> {
    /// As [`Dataset::named`].
    pub fn named(self, dataset: D, name: &'static str) -> D {
        (self.named)(dataset, name)
    }

    /// The dataset as any.
    #[must_use]
    pub fn any(self, dataset: &D) -> &dyn AnyDataset {
        (self.any)(dataset)
    }
}

/// What [`Loaded`] and [`Reach`] do behind the scenes; a user can neither name nor implement these.
mod sealed {
    use super::{AnyProcess, Arc, HoldingProcess, Shared, ThisProcess};
    use crate::pass::{Held, KeptByTheCatalog, Owned};

    #[expect(unnameable_types, reason = "a sealed trait is unnameable on purpose")]
    pub trait Reach {
        /// Whether later runs of the program find what is saved, unless the dataset says otherwise.
        const PERSISTS: bool;
        /// From where the value is reached.
        const FROM: ReachedFrom;
    }
    impl Reach for AnyProcess {
        const PERSISTS: bool = true;
        const FROM: ReachedFrom = ReachedFrom::AnyProcess;
    }
    impl Reach for HoldingProcess {
        const PERSISTS: bool = false;
        const FROM: ReachedFrom = ReachedFrom::HoldingProcess;
    }
    impl Reach for ThisProcess {
        const PERSISTS: bool = true;
        const FROM: ReachedFrom = ReachedFrom::ThisProcess;
    }

    /// A [`Reach`] as a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[expect(unnameable_types, reason = "the constant of a sealed trait has it")]
    pub enum ReachedFrom {
        AnyProcess,
        HoldingProcess,
        ThisProcess,
    }

    #[expect(unnameable_types, reason = "a sealed trait is unnameable on purpose")]
    pub trait Loaded<T> {
        /// The input of a node that loads it.
        type Input: Held + Send + 'static;
        fn into_input(self) -> Self::Input;
        /// What stands for it while it is only asked which datasets a node loads.
        fn nothing() -> Self::Input;
        /// As if it had been loaded.
        fn from_value(value: T) -> Self;
    }

    impl<T: Send + Sync + 'static> Loaded<T> for T {
        type Input = Owned<T>;
        fn into_input(self) -> Owned<T> {
            Owned::new(self)
        }
        fn nothing() -> Owned<T> {
            Owned::nothing()
        }
        fn from_value(value: T) -> T {
            value
        }
    }

    impl<T: Send + Sync + 'static> Loaded<T> for Shared<T> {
        type Input = KeptByTheCatalog<Arc<T>>;
        fn into_input(self) -> KeptByTheCatalog<Arc<T>> {
            KeptByTheCatalog::new(self.into_arc())
        }
        fn nothing() -> KeptByTheCatalog<Arc<T>> {
            KeptByTheCatalog::nothing()
        }
        fn from_value(value: T) -> Self {
            Self::new(Arc::new(value))
        }
    }
}
pub(crate) use self::sealed::Loaded as IntoInput;
