//! Runners: who decides when and where the nodes of a pipeline are executed.

#[cfg(any(feature = "rayon", all(loom, test)))]
mod deque;
mod dry;
#[cfg(feature = "rayon")]
mod parallel;
#[cfg(feature = "process")]
mod process;
mod sequential;
mod thread;

pub use self::dry::DryRunner;
#[cfg(feature = "rayon")]
pub use self::parallel::ParallelRunner;
#[cfg(feature = "process")]
pub use self::process::ProcessRunner;
pub use self::sequential::SequentialRunner;
pub use self::thread::ThreadRunner;
use crate::cancellation::was_told;
use crate::run::{self, Report, Run, RunOptions};
use crate::{Catalog, Error, Outputs, Pipeline};

/// Decides when and where the nodes of a pipeline are executed.
///
/// # A runner of your own
///
/// It gets a [`Run`] and executes [its nodes](Run::nodes), each once and after those that it waits
/// for. This one tells what it does:
///
/// ```
/// use pipeline_core::prelude::*;
/// use pipeline_core::{Error, Run};
///
/// struct TellingRunner;
///
/// impl Runner for TellingRunner {
///     fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
///         for node in run.nodes() {
///             println!("Running node: {node}");
///             run.execute(node.id())?;
///         }
///         Ok(())
///     }
/// }
///
/// catalog! { struct Catalog { A: Memory<i32> = Memory::new(42) } }
///
/// # fn main() -> Result<(), Error> {
/// let halving = pipeline! { for Catalog; node(|a: i32| a / 2, [A] -> [half]) };
/// assert_eq!(TellingRunner.run(&halving, &Catalog::default())?.half, 21);
/// # Ok(())
/// # }
/// ```
pub trait Runner {
    /// Executes nodes of the run. Returning an error ends the run with it.
    ///
    /// # Errors
    ///
    /// Fails as [`Run::execute`] does, or for reasons of its own.
    fn execute(&self, run: &Run<'_>) -> Result<(), Error>;
}

impl<R: Runner + ?Sized> Runner for &R {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        (**self).execute(run)
    }
}

impl<R: Runner + ?Sized> Runner for Box<R> {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        (**self).execute(run)
    }
}

/// What every [`Runner`] can do with a pipeline, `dyn Runner` included.
pub trait RunnerExt: Runner {
    /// Runs the whole pipeline and returns its free outputs, a typed field each.
    ///
    /// # Errors
    ///
    /// Fails if a node fails, if a dataset cannot be loaded or saved, if the parts of a sum do not fit together, or if
    /// the runner leaves nodes out.
    fn run<C: Catalog + Sync, O: Outputs>(&self, pipeline: &Pipeline<C, O>, catalog: &C) -> Result<O, Error> {
        run::whole(pipeline, catalog, &|run: &Run<'_>| self.execute(run))
    }

    /// Runs what the runner chooses of the pipeline, and reports what became of each node. For runners that may leave nodes out,
    /// as [`DryRunner`] does.
    ///
    /// # Errors
    ///
    /// Fails if the parts of a sum do not fit together, so that nothing could start. An error during the run is in the report.
    fn run_report<C: Catalog + Sync, O: Outputs>(
        &self,
        pipeline: &Pipeline<C, O>,
        catalog: &C,
    ) -> Result<Report<O>, Error> {
        self.run_with(pipeline, catalog, &RunOptions::new())
    }

    /// Runs what the options and the runner choose of the pipeline, and reports what became of each node.
    ///
    /// # Errors
    ///
    /// Fails if nothing could start: if the parts of a sum do not fit together, if the slice names what there is not, or if what it
    /// selects needs values that would be in memory only. An error during the run is in the report.
    fn run_with<C: Catalog + Sync, O: Outputs>(
        &self,
        pipeline: &Pipeline<C, O>,
        catalog: &C,
        options: &RunOptions<'_>,
    ) -> Result<Report<O>, Error> {
        run::report(pipeline, catalog, options, &|run: &Run<'_>| self.execute(run))
    }
}

impl<R: Runner + ?Sized> RunnerExt for R {}

/// How many workers a runner may have.
#[derive(Clone, Copy, Debug, Default)]
struct Workers {
    max: Option<usize>,
}

impl Workers {
    fn at_most(n_workers: usize) -> Self {
        Self { max: Some(n_workers) }
    }

    /// The limit, if there is one.
    fn limit(self, runner: &'static str) -> Result<Option<usize>, Error> {
        if self.max == Some(0) { Err(Error::NoWorkers { runner }) } else { Ok(self.max) }
    }
}

/// The errors of nodes that several workers execute, in the order in which they happened.
#[derive(Default)]
struct Failures {
    errors: Vec<Error>,
}

impl Failures {
    /// Adds one, on the thread that has executed its node. After the first, a node that was not
    /// started is none of its own, nor is one that was told to end and returned early: such an
    /// error is returned, to be [discarded](discard) where no lock is held.
    #[must_use]
    fn add(&mut self, error: Error) -> Option<Error> {
        let follows = match &error {
            Error::Cancelled { .. } => true,
            Error::Node { .. } => was_told(),
            _ => false,
        };
        if follows && !self.is_empty() {
            return Some(error);
        }
        self.errors.push(error);
        None
    }

    fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    fn into_result(mut self, run: &Run<'_>) -> Result<(), Error> {
        match self.errors.len() {
            0 | 1 => self.errors.pop().map_or(Ok(()), Err),
            _ => Err(Error::Several { pipeline: run.pipeline().map(str::to_owned), errors: self.errors }),
        }
    }
}
