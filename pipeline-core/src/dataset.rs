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

            fn file(&self) -> Option<&Path> {
                Some(self.location.path())
            }

            fn is_durable(&self) -> bool {
                self.location.is_durable()
            }

            fn shares_its_place(&self) -> bool {
                self.location.shares_its_place()
            }
        }

        impl<$($generics)*> $dataset {
            /// Has each save wait until it survives a power cut, and not only a kill of the
            /// process: see [`write_file`](super::write_file).
            #[must_use]
            pub fn durable(mut self) -> Self {
                self.location = self.location.durable();
                self
            }

            /// Says that another entry of the catalog is meant to be the same file. Without it, a
            /// run that writes one of the two does not start: see [`Dataset::shares_its_place`].
            #[must_use]
            pub fn shares_its_place(mut self) -> Self {
                self.location = self.location.sharing_its_place();
                self
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($generics)*> FromLocation for $dataset {
            const IS_A_PATH: bool = true;

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
#[cfg(any(feature = "csv", feature = "json"))]
mod difference;
mod file;
#[cfg(any(feature = "csv", feature = "json"))]
mod fingerprint;
#[cfg(any(feature = "csv", feature = "json"))]
mod fold;
#[cfg(feature = "json")]
mod json;
mod lambda;
mod memory;
pub(crate) mod save;
mod signature;
mod text;

use std::fmt;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

pub use self::any::AnyDataset;
pub use self::bytes::Bytes;
#[cfg(feature = "csv")]
pub use self::csv::Csv;
#[cfg(feature = "json")]
pub use self::json::Json;
pub use self::lambda::Lambda;
pub use self::memory::Memory;
pub use self::save::{Writer, write_file, write_file_durably};
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

    /// Tells people where the data is: a path, an address, `in memory`. Without one of its own it is the name of the type.
    ///
    /// [`ProcessRunner`](crate::ProcessRunner) relies on it where any process reaches the data: a worker whose catalog has it at
    /// another place is refused, and so is a dataset that does not say. Two places are to have two descriptions.
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

    /// Whether a later run of the program finds what is saved. By default, all that is not in the memory of
    /// the process that holds it: what is [`AnyProcess`] or [`ThisProcess`].
    ///
    /// From where a value can be reached is another question: a table behind a session of this process
    /// persists, and a cache in a folder for temporary files may not. A run that makes
    /// [only what is missing](crate::RunOptions::only_missing_outputs) makes persisted outputs that do not
    /// [exist](Self::exists), and a failed run can be resumed behind persisted inputs. In Kedro a dataset that
    /// does not persist is `_EPHEMERAL`.
    fn is_persisted(&self) -> bool {
        <Self::Reach as sealed::Reach>::PERSISTS
    }

    /// Releases memory: drops a cache, or a value that does not [persist](Self::is_persisted).
    ///
    /// Called in a run for each dataset that passes from node to node, when its last reader is done; not for the pipeline's own inputs
    /// and outputs, nor for a dataset that does not persist and held a value before the run.
    fn release(&self) {}

    /// The file in which the value is, if it is in one: by it a run finds two entries of the
    /// catalog that are one file. A relative path is looked up from the current folder.
    fn file(&self) -> Option<&Path> {
        None
    }

    /// Whether each save waits until it survives a power cut. Then a run does not return before
    /// that either, in whatever process the dataset was saved; see [`file`](Self::file).
    fn is_durable(&self) -> bool {
        false
    }

    /// Whether another entry of the catalog may be at the same place, its [`file`](Self::file).
    ///
    /// A run that writes one of two such entries does not start unless one of the two says so:
    /// nothing orders the readers of one after the writer of the other. Two paths are one place if
    /// they lead to one file, by links of any kind too. Files that are not there yet are compared
    /// by their paths behind all links, and on Windows and macOS without regard to upper and lower
    /// case. A pipe or a device such as `/dev/null` is no place in this sense: several entries may
    /// write to it. Datasets of files say it with `shares_its_place()`:
    ///
    /// ```
    /// use pipeline_core::prelude::*;
    ///
    /// catalog! {
    ///     struct Catalog {
    ///         log: Text = "log.txt",
    ///         bytes_of_log: Bytes = Bytes::new("log.txt").shares_its_place(),
    ///     }
    /// }
    /// ```
    fn shares_its_place(&self) -> bool {
        false
    }

    /// Tells the dataset the name of its catalog entry, for its error messages.
    ///
    /// In a run, errors have the name anyway. `catalog.prices.load()` calls the dataset itself: one
    /// that is to name itself there too keeps the name, and gives it to
    /// [`DatasetError::of_dataset`].
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
    /// Whether a location is the path of a file. Two entries of a catalog at one literal path do not
    /// compile: nothing would say which nodes come first.
    const IS_A_PATH: bool = false;

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

/// Other processes reach the value through the process that holds it, as with a value in memory.
#[derive(Clone, Copy, Debug)]
pub struct HoldingProcess;

/// Only this process can use the value, as with a session or a handle. What Kedro calls `_SINGLE_PROCESS`.
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

    /// The processes that reach a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[expect(unnameable_types, reason = "a sealed trait is unnameable on purpose")]
    pub enum Process {
        Any,
        Holding,
        This,
    }

    #[expect(unnameable_types, reason = "a sealed trait is unnameable on purpose")]
    pub trait Reach {
        const FROM: Process;
        /// Whether later runs of the program find what is saved, if a dataset does not say otherwise.
        const PERSISTS: bool = true;
    }
    impl Reach for AnyProcess {
        const FROM: Process = Process::Any;
    }
    impl Reach for HoldingProcess {
        const FROM: Process = Process::Holding;
        const PERSISTS: bool = false;
    }
    impl Reach for ThisProcess {
        const FROM: Process = Process::This;
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
