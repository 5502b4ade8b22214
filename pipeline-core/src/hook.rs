//! Hooks: code of yours that a run calls around nodes, loads and saves.

#[cfg(feature = "tracing")]
mod spans;

use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

#[cfg(feature = "tracing")]
pub use self::spans::Tracing;
use crate::dag::{Dag, Dataset, Node};
use crate::dataset::AnyDataset;
use crate::{BoxError, Error};

/// What a run calls at its events, as Kedro's hooks of the same names. Each method does nothing unless it is implemented.
///
/// Hooks are called in the order in which [`RunOptions::hook`](crate::RunOptions::hook) added them, on the thread that executes the
/// node. A method that returns a `Result` can veto what it is called before: its error is then the error of the node, or of the run.
/// A panic in a hook is an error too.
///
/// That holds for every runner. [`ProcessRunner`](crate::ProcessRunner#hooks) calls them in the process of the run, which then loads
/// and saves all datasets of the catalog itself.
///
/// A hook that was called before a node is called after it as well, with `after_node_run` or `on_node_error`, or both if a hook panics in the
/// first; so it is with a run. A load or a save that fails has no end of its own: it ends with its node. An error is told to all hooks, also to those that
/// a veto of another kept from being called before.
///
/// ```
/// use std::sync::Mutex;
/// use pipeline_core::hook::{Hook, NodeEvent};
/// use pipeline_core::prelude::*;
/// use pipeline_core::RunOptions;
///
/// /// Notes how long each node took.
/// #[derive(Default)]
/// struct Timings(Mutex<Vec<String>>);
///
/// impl Hook for Timings {
///     fn wants_timings(&self) -> bool { true }
///
///     fn after_node_run(&self, event: &NodeEvent<'_>) {
///         self.0.lock().unwrap().push(format!("{} took {:?}", event.node, event.took.unwrap()));
///     }
/// }
///
/// catalog! { struct Catalog { A: Memory<i32> = Memory::new(42) } }
///
/// # fn main() -> Result<(), pipeline_core::Error> {
/// let halving = pipeline! { node(|a: i32| a / 2, [A] -> [half]) };
/// let timings = Timings::default();
/// let options = RunOptions::new().hook(&timings);
/// SequentialRunner::new().run_with(&halving, &Catalog::default(), &options)?.into_result()?;
/// assert!(timings.0.lock().unwrap()[0].starts_with("<closure>([A]) -> [half] took "));
/// # Ok(())
/// # }
/// ```
pub trait Hook: Send + Sync {
    /// What errors call it: the name of its type, unless it says otherwise.
    fn name(&self) -> &str {
        let path = std::any::type_name::<Self>();
        path.rsplit("::").next().unwrap_or(path)
    }

    /// Whether `took` of its events is filled in. The clock is not read otherwise.
    fn wants_timings(&self) -> bool {
        false
    }

    /// Before all else in a run: the datasets of its catalog, with their names.
    fn after_catalog_created(&self, datasets: &[(&'static str, &dyn AnyDataset)]) {
        let _ = datasets;
    }

    /// Before the first node of a run.
    ///
    /// # Errors
    ///
    /// An error keeps the run from starting.
    fn before_pipeline_run(&self, event: &RunEvent<'_>) -> Result<(), BoxError> {
        let _ = event;
        Ok(())
    }

    /// After a run without an error.
    fn after_pipeline_run(&self, event: &RunEvent<'_>) {
        let _ = event;
    }

    /// After a run that failed.
    fn on_pipeline_error(&self, event: &RunEvent<'_>, error: &Error) {
        let _ = (event, error);
    }

    /// Before a node loads its inputs. If the node is tried again, this is before the first attempt, and what follows it is after the last
    /// one; the hooks of datasets are called in each.
    ///
    /// # Errors
    ///
    /// An error fails the node.
    fn before_node_run(&self, event: &NodeEvent<'_>) -> Result<(), BoxError> {
        let _ = event;
        Ok(())
    }

    /// After a node has saved its outputs.
    fn after_node_run(&self, event: &NodeEvent<'_>) {
        let _ = event;
    }

    /// After a node has failed.
    fn on_node_error(&self, event: &NodeEvent<'_>, error: &Error) {
        let _ = (event, error);
    }

    /// Before a node gets an input, from the catalog or from memory.
    ///
    /// # Errors
    ///
    /// An error fails the node.
    fn before_dataset_loaded(&self, event: &DatasetEvent<'_>) -> Result<(), BoxError> {
        let _ = event;
        Ok(())
    }

    /// After that, with the value.
    fn after_dataset_loaded(&self, event: &DatasetEvent<'_>, value: &dyn Any) {
        let _ = (event, value);
    }

    /// Before an output of a node goes to the catalog or to memory, with the value.
    ///
    /// # Errors
    ///
    /// An error fails the node.
    fn before_dataset_saved(&self, event: &DatasetEvent<'_>, value: &dyn Any) -> Result<(), BoxError> {
        let _ = (event, value);
        Ok(())
    }

    /// After that.
    fn after_dataset_saved(&self, event: &DatasetEvent<'_>) {
        let _ = event;
    }
}

/// Tells a run from all others of the process: hooks may be called by several at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RunId(u64);

impl RunId {
    /// That of a run without hooks.
    pub(crate) const NOBODY_ASKS: Self = Self(0);

    /// One that no other run has.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A run.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RunEvent<'a> {
    /// Which run it is.
    pub run: RunId,
    /// The name of the pipeline, if it has one.
    pub pipeline: Option<&'a str>,
    /// The DAG of the pipeline.
    pub dag: &'a Dag,
    /// How long it took, after it and for hooks that [want timings](Hook::wants_timings).
    pub took: Option<Duration>,
}

/// A node in a run.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NodeEvent<'a> {
    /// The run.
    pub run: RunId,
    /// The name of the pipeline, if it has one.
    pub pipeline: Option<&'a str>,
    /// The node.
    pub node: Node<'a>,
    /// How long it took, loading, saving and further attempts included, after it and for hooks that [want timings](Hook::wants_timings).
    pub took: Option<Duration>,
}

/// A dataset that a node loads or saves.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DatasetEvent<'a> {
    /// The run.
    pub run: RunId,
    /// The name of the pipeline, if it has one.
    pub pipeline: Option<&'a str>,
    /// The node.
    pub node: Node<'a>,
    /// The dataset.
    pub dataset: Dataset<'a>,
    /// How long it took, after it and for hooks that [want timings](Hook::wants_timings).
    pub took: Option<Duration>,
}
