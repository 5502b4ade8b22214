//! Pipelines by name.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use crate::dataset::{AnyProcess, ThisProcess};
use crate::{Error, Outputs, Pipeline};

/// The pipelines of a program by name, over one type of catalog; what `pipelines!` makes. Kedro's pipeline registry.
///
/// ```
/// use pipeline_core::prelude::*;
///
/// catalog! { pub struct Catalog { A: Memory<i32> = Memory::new(1), B: Memory<i32>, C: Memory<i32> } }
/// fn identity<T>(value: T) -> T { value }
///
/// pipelines! {
///     pub fn pipelines() for Catalog {
///         ab = pipeline!< node(identity, [A] -> [B]) >,
///         bc = pipeline!< node(identity, [B] -> [C]) >,
///         __default__ = ab + bc,
///     }
/// }
///
/// # fn main() -> Result<(), pipeline_core::Error> {
/// let (pipelines, catalog) = (pipelines(), Catalog::default());
/// SequentialRunner::new().run(pipelines.get("__default__")?, &catalog)?;
/// assert_eq!(catalog.C.load().unwrap(), 1);
///
/// let error = pipelines.get("bd").unwrap_err();
/// assert_eq!(error.to_string(), "no pipeline is registered as `bd`; did you mean `bc`?");
/// # Ok(())
/// # }
/// ```
///
/// `#[portable]` before the function makes it a `Pipelines<Catalog, AnyProcess>`: all its pipelines can run in worker processes, and
/// what keeps one from it does not compile.
pub struct Pipelines<C, R = ThisProcess> {
    entries: Vec<Pipeline<C>>,
    catalog: fn() -> C,
    /// Where its pipelines can run.
    run_in: PhantomData<fn() -> R>,
}

impl<C> Pipelines<C> {
    /// An empty registry whose pipelines run over the catalog that `catalog` makes.
    pub fn new(catalog: fn() -> C) -> Self {
        Self { entries: Vec::new(), catalog, run_in: PhantomData }
    }

    /// Adds a pipeline, in the place of an earlier one of the same name.
    #[must_use]
    pub fn with<O: Outputs>(mut self, name: impl Into<Cow<'static, str>>, pipeline: Pipeline<C, O>) -> Self {
        self.insert(pipeline.without_outputs().named(name));
        self
    }
}

/// What `#[portable]` makes, which checks that each pipeline is.
#[doc(hidden)]
impl<C> Pipelines<C, AnyProcess> {
    /// As `new`.
    pub fn portable(catalog: fn() -> C) -> Self {
        Self { entries: Vec::new(), catalog, run_in: PhantomData }
    }
}

/// What `pipelines!` makes it with.
#[doc(hidden)]
impl<C, R> Pipelines<C, R> {
    /// Adds a pipeline.
    pub fn add<O: Outputs>(&mut self, name: &'static str, pipeline: Pipeline<C, O>) {
        self.insert(pipeline.without_outputs().named(name));
    }

    /// Adds the sum of these.
    pub fn add_sum<const N: usize>(&mut self, name: &'static str, terms: [Pipeline<C>; N]) {
        self.insert(terms.into_iter().sum::<Pipeline<C>>().named(name));
    }

    /// An earlier entry as a term of a sum.
    ///
    /// # Panics
    ///
    /// Panics if there are not so many.
    #[must_use]
    pub fn entry(&self, place: usize) -> Pipeline<C> {
        self.entries[place].clone()
    }
}

impl<C, R> Pipelines<C, R> {
    fn insert(&mut self, pipeline: Pipeline<C>) {
        match self.entries.iter_mut().find(|known| known.name() == pipeline.name()) {
            Some(known) => *known = pipeline,
            None => self.entries.push(pipeline),
        }
    }

    /// The pipeline of this name.
    ///
    /// # Errors
    ///
    /// Fails if there is none; the error has the nearest names.
    pub fn get(&self, name: &str) -> Result<&Pipeline<C>, Error> {
        self.entries.iter().find(|pipeline| pipeline.name() == Some(name)).ok_or_else(|| {
            let known: Vec<&str> = self.names().collect();
            let hint = pipeline_graph::did_you_mean(name, &known, "the registered pipelines");
            Error::UnknownPipeline { name: name.to_owned(), hint }
        })
    }

    /// The names, in the order of registration.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(Pipeline::name)
    }

    /// A new catalog: the default one, unless [`with_catalog`](Self::with_catalog) said otherwise.
    #[must_use]
    pub fn catalog(&self) -> C {
        (self.catalog)()
    }

    /// Makes catalogs in another way: for the command line, and in each worker process of a [`ProcessRunner`](crate::ProcessRunner).
    ///
    /// A worker is started without the arguments of the program, and with its environment: what decides where the files of a catalog are is to be
    /// in an environment variable. Parameters need no care, since workers get those of the run.
    #[must_use]
    pub fn with_catalog(self, catalog: fn() -> C) -> Self {
        Self { catalog, ..self }
    }
}

impl<C, R> fmt::Debug for Pipelines<C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
