//! What a run is asked to do beside running all nodes.

use std::fmt;

use super::watch::name;
use crate::Cancellation;
use crate::dag::Slice;
use crate::hook::Hook;

/// What [`run_with`](crate::RunnerExt::run_with) does otherwise than a plain run: which nodes, what after a failure, and who is told.
///
/// ```
/// use pipeline_core::prelude::*;
/// use pipeline_core::{RunOptions, Status};
///
/// catalog! { struct Catalog { A: Memory<i32> = Memory::new(1), B: Memory<i32>, C: Memory<i32>, D: Memory<i32> } }
///
/// fn fail(_: i32) -> Result<i32, &'static str> { Err("never") }
/// fn double(x: i32) -> i32 { 2 * x }
///
/// # fn main() -> Result<(), pipeline_core::Error> {
/// let pipeline = pipeline! { node(fail?, [A] -> [B]), node(double, [B] -> [C]), node(double, [A] -> [D]) };
/// let catalog = Catalog::default();
///
/// // By default nothing starts after a failure. Here, what does not depend on it is run.
/// let report = SequentialRunner::new().run_with(&pipeline, &catalog, &RunOptions::new().keep_going())?;
/// let status: Vec<Status> = report.nodes().map(|(_, status)| status).collect();
/// assert_eq!(status, [Status::Failed, Status::Skipped("a node that it waits for failed"), Status::Completed]);
///
/// // A slice of the pipeline.
/// let slice = Slice::new().to_outputs(["D"]);
/// SequentialRunner::new().run_with(&pipeline, &catalog, &RunOptions::new().slice(slice))?.into_result()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct RunOptions<'a> {
    pub(super) slice: Slice,
    pub(super) only_missing_outputs: bool,
    pub(super) keeps_going: bool,
    pub(super) hooks: Vec<&'a dyn Hook>,
    pub(super) cancellation: Option<Cancellation>,
    pub(super) is_async: bool,
    pub(super) is_durable: bool,
}

impl<'a> RunOptions<'a> {
    /// A plain run.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs only the nodes that a slice selects. What they need of other nodes must be in the catalog.
    #[must_use]
    pub fn slice(mut self, slice: Slice) -> Self {
        self.slice = slice;
        self
    }

    /// Leaves out nodes whose outputs are there already, by Kedro's rule: see [`Dag::missing_outputs`](crate::Dag::missing_outputs).
    /// Free outputs are always made, since they are asked for, unless the pipeline is [without](crate::Pipeline::without_outputs) them.
    #[must_use]
    pub fn only_missing_outputs(mut self) -> Self {
        self.only_missing_outputs = true;
        self
    }

    /// After a failure goes on with all nodes that do not wait for the one that failed; the errors are reported together. By
    /// default a run fails fast: nothing new starts, and what is running is let finish.
    #[must_use]
    pub fn keep_going(mut self) -> Self {
        self.keeps_going = true;
        self
    }

    /// Has a hook called, after those that were added before.
    #[must_use]
    pub fn hook(mut self, hook: &'a dyn Hook) -> Self {
        self.hooks.push(hook);
        self
    }

    /// Ends the run before the next node when this is cancelled.
    #[must_use]
    pub fn cancelled_by(mut self, cancellation: &Cancellation) -> Self {
        self.cancellation = Some(cancellation.clone());
        self
    }

    /// Loads what one node reads from the catalog at the same time, and saves what it writes there at the same time, on threads that
    /// last as long as that: Kedro's `is_async`, for every runner. It pays where a node has several datasets that are slow to
    /// reach; a node with one input and one output in the catalog is executed as ever. Nodes do not overlap by it. In a worker process
    /// so are the datasets that it loads and saves itself, after those that the process of the run loads for it.
    ///
    /// Hooks are called on the thread that executes the node, in the order of the node's lists: before each load, when nothing is loaded
    /// yet; after each load, when all are there. With saves it is the same. Of several errors the first in the list is reported. All
    /// values are there before any is saved, and what can be saved is saved, also beside one that cannot.
    #[must_use]
    pub fn is_async(mut self) -> Self {
        self.is_async = true;
        self
    }

    /// Has the run wait at its end until all files that it has saved survive a power cut, and not
    /// only a kill of the process; each file and each folder is waited for once, and worker
    /// processes make no difference. Datasets that are no [file](crate::dataset::Dataset::file) are
    /// not concerned.
    ///
    /// A power cut before the end of the run may leave a file empty, on some file systems. A
    /// dataset that must be whole at any time is durable itself, which costs more, since each of
    /// its saves waits. See [`write_file`](crate::dataset::write_file) for what a save does
    /// otherwise.
    #[must_use]
    pub fn durable(mut self) -> Self {
        self.is_durable = true;
        self
    }
}

impl fmt::Debug for RunOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { slice, only_missing_outputs, keeps_going, hooks, cancellation, is_async, is_durable } = self;
        let hooks: Vec<String> = hooks.iter().map(|hook| name(*hook)).collect();
        f.debug_struct("RunOptions")
            .field("slice", slice)
            .field("only_missing_outputs", only_missing_outputs)
            .field("keeps_going", keeps_going)
            .field("hooks", &hooks)
            .field("cancellation", cancellation)
            .field("is_async", is_async)
            .field("is_durable", is_durable)
            .finish()
    }
}
