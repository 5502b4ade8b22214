//! From a pipeline, a catalog and options to a run, and from its end to outputs.

#![expect(unsafe_code, reason = "outputs are collected from slots, by the rules of `slot.rs`")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::active::Active;
use super::watch::{Hooks, WatchRun};
use super::{Report, Run, RunOptions, Status};
use crate::dag::{Dag, Dataset, DatasetId, Kind, Node, NodeId, Selection};
use crate::dataset::AnyDataset;
use crate::io::Io;
use crate::memory::{Memory, State};
use crate::panics::caught;
use crate::slot::Readers;
use crate::{Catalog, Error, Outputs, Pipeline};

/// What a runner does with a run.
type Runner<'a> = &'a dyn Fn(&Run<'_>) -> Result<(), Error>;

/// Runs a whole pipeline and returns its outputs.
pub(crate) fn whole<C: Catalog + Sync, O: Outputs>(
    pipeline: &Pipeline<C, O>,
    catalog: &C,
    runner: Runner<'_>,
) -> Result<O, Error> {
    let collect = |run: &Run<'_>, io: &Io<'_>, error: Option<Error>| {
        if let Some(error) = error {
            return Err(error);
        }
        if !run.memory.is_all_completed() {
            let left_out = run.dag.nodes().filter(|node| run.memory.state(node.id().index()) != State::Completed);
            let nodes: Vec<String> = left_out.map(|node| node.to_string()).collect();
            if !nodes.is_empty() {
                return Err(Error::LeftOut { pipeline: pipeline.name().map(str::to_owned), nodes });
            }
        }
        Ok(pipeline.collect().whole(io))
    };
    // After a whole run, every value has been taken: by its last reader, or as a free output.
    let is_empty = |result: &Result<O, Error>| result.is_ok() && pipeline.collect().takes_all();
    start(pipeline, catalog, &RunOptions::new(), runner, collect, is_empty)?
}

/// Runs what the options and the runner choose, and reports.
pub(crate) fn report<C: Catalog + Sync, O: Outputs>(
    pipeline: &Pipeline<C, O>,
    catalog: &C,
    options: &RunOptions<'_>,
    runner: Runner<'_>,
) -> Result<Report<O>, Error> {
    let dag = pipeline.shared_dag()?;
    let collect = |run: &Run<'_>, io: &Io<'_>, error: Option<Error>| {
        let statuses = run.statuses(error.as_ref());
        let is_persisted = |name: &str| catalog.dataset(name).is_some_and(AnyDataset::is_persisted);
        let is_completed = |node: NodeId| run.memory.state(node.index()) == State::Completed;
        let whole = || Selection::whole(run.dag);
        let selection = run.selection.cloned().unwrap_or_else(whole);
        let hint = error.as_ref().and_then(|_| run.dag.resume_hint(&selection, is_completed, is_persisted));
        Report::new(pipeline.collect().partial(io), dag, statuses, error, hint)
    };
    let is_empty = |report: &Report<O>| report.is_whole() && pipeline.collect().takes_all();
    start(pipeline, catalog, options, runner, collect, is_empty)
}

impl Run<'_> {
    /// What became of each node, when the run is over; none if all are completed.
    fn statuses(&self, error: Option<&Error>) -> Option<Box<[Status]>> {
        if self.memory.is_all_completed() {
            return None;
        }
        let mut would_execute = self.would_execute.lock().unwrap_or_else(PoisonError::into_inner);
        would_execute.sort_unstable();
        let statuses: Box<[Status]> = self.dag.nodes().map(|node| self.status(node, &would_execute, error)).collect();
        statuses.iter().any(|&status| status != Status::Completed).then_some(statuses)
    }

    fn status(&self, node: Node<'_>, would_execute: &[NodeId], error: Option<&Error>) -> Status {
        let is_outside = |nodes: Option<&Selection>| nodes.is_some_and(|selection| !selection.contains(node.id()));
        match self.memory.state(node.id().index()) {
            State::Completed => Status::Completed,
            State::Failed | State::Running => Status::Failed,
            State::Waiting if would_execute.binary_search(&node.id()).is_ok() => Status::WouldExecute,
            _ if is_outside(self.sliced) => Status::NOT_SELECTED,
            _ if is_outside(self.selection) => Status::Skipped("no missing output needs it"),
            State::Orphaned => Status::Skipped("a node that it waits for failed"),
            _ => Status::Skipped(match error {
                Some(error) if error.is_cancellation() => "the run was cancelled",
                Some(_) => "the run failed",
                None => "the runner left it out",
            }),
        }
    }
}

/// Prepares a run, has it run, and has `collect` make a result of it before its memory is made ready for the next one. `is_empty`
/// tells from the result that no values are left in it.
fn start<C: Catalog + Sync, O: Outputs, T>(
    pipeline: &Pipeline<C, O>,
    catalog: &C,
    options: &RunOptions<'_>,
    runner: Runner<'_>,
    collect: impl FnOnce(&Run<'_>, &Io<'_>, Option<Error>) -> T,
    is_empty: impl FnOnce(&T) -> bool,
) -> Result<T, Error> {
    let dag = pipeline.dag()?;
    let chosen = select(pipeline, dag, catalog, options)?;
    let selection = chosen.as_ref().map(|chosen| &chosen.to_run);
    let plan = pipeline.plan();
    let mut memory = plan.memory();
    memory.expect_readers(dag, selection);
    let releases = if plan.passes_through_catalog() { Releases::new(dag, catalog, selection) } else { None };
    let nodes = Active {
        pipeline: pipeline.name(),
        plan,
        catalog,
        memory: &memory,
        is_async: options.is_async,
        #[cfg(feature = "process")]
        away: None,
    };
    let hooks = Hooks::new(&options.hooks);
    let run = Run {
        dag,
        nodes: &nodes,
        memory: &memory,
        selection,
        sliced: chosen.as_ref().map(|chosen| &chosen.sliced),
        hooks,
        keeps_going: options.keeps_going,
        outer_cancellation: options.cancellation.as_ref(),
        cancellation: OnceLock::new(),
        releases: releases.as_ref(),
        failures: Mutex::default(),
        would_execute: Mutex::default(),
    };
    let error = watched(&run, hooks, catalog, runner);
    // SAFETY: it is lent to the collection of the outputs. The runner has returned, so no node is executed any more: `Run` can neither be kept nor
    // moved to a thread that outlives the call.
    let io = unsafe { Io::new(&memory.slots, Readers::OnOneThread) };
    let result = collect(&run, &io, error);
    if !is_empty(&result) {
        memory.clear();
    }
    memory.restart();
    plan.keep(memory);
    Ok(result)
}

/// Nodes, where not all are to run.
struct Chosen {
    /// Those in the slice.
    sliced: Selection,
    /// Those of them whose outputs are not there already, if that counts.
    to_run: Selection,
}

/// The nodes that are to run, if not all.
fn select<C: Catalog, O: Outputs>(
    pipeline: &Pipeline<C, O>,
    dag: &Dag,
    catalog: &C,
    options: &RunOptions<'_>,
) -> Result<Option<Chosen>, Error> {
    if options.slice.is_whole() && !options.only_missing_outputs {
        return Ok(None);
    }
    let sliced = pipeline.select(&options.slice)?;
    let mut to_run = sliced.clone();
    if options.only_missing_outputs {
        let is_persisted = |name: &str| catalog.dataset(name).is_some_and(AnyDataset::is_persisted);
        let exists = |name: &str| catalog.dataset(name).map_or(Ok(false), AnyDataset::exists);
        let wanted = dag.free_outputs().filter(|_| pipeline.collect().takes_all()).map(Dataset::id);
        to_run = dag.missing_outputs(&sliced, is_persisted, exists, wanted)?;
    }
    let holds_nothing = |dataset: Dataset<'_>| {
        let dataset = (dataset.kind() == Kind::Catalog).then(|| catalog.dataset(dataset.name())).flatten();
        dataset.is_some_and(|dataset| dataset.is_kept_in_memory() && dataset.exists().is_ok_and(|exists| !exists))
    };
    dag.check_inputs_beside(&to_run, holds_nothing).map_err(|error| error.of_pipeline(pipeline.name()))?;
    Ok(Some(Chosen { sliced, to_run }))
}

/// Has the runner execute its nodes between the hooks of the run. All errors of the run are in the one that is returned.
fn watched<C: Catalog>(run: &Run<'_>, hooks: Hooks<'_>, catalog: &C, runner: Runner<'_>) -> Option<Error> {
    if hooks.is_empty() {
        return run.failures(runner(run).err());
    }
    let watch = WatchRun::new(hooks, run.pipeline(), run.dag);
    let result = watch.before(&catalog.datasets()).and_then(|()| runner(run));
    let error = run.failures(result.err());
    let told = watch.after(error.as_ref());
    error.or(told.err())
}

impl Run<'_> {
    /// What failed while the run kept going, and what ended it.
    fn failures(&self, end: Option<Error>) -> Option<Error> {
        let mut failures = std::mem::take(&mut *self.failures.lock().unwrap_or_else(PoisonError::into_inner));
        failures.extend(end);
        match failures.len() {
            0 => None,
            1 => failures.pop(),
            _ => Some(Error::Several { pipeline: self.pipeline().map(str::to_owned), errors: failures }),
        }
    }
}

impl Memory {
    /// Tells each slot how many readers it has in the next run: fewer than in the DAG, if some are not selected.
    fn expect_readers(&mut self, dag: &Dag, selection: Option<&Selection>) {
        let Some(selection) = selection else {
            if !std::mem::take(&mut self.is_of_a_slice) {
                return;
            }
            return self.expect(dag, |_| true);
        };
        self.is_of_a_slice = true;
        self.expect(dag, |reader| selection.contains(reader));
    }

    /// The slots are those of the DAG's datasets in memory, in the same order.
    fn expect(&mut self, dag: &Dag, runs: impl Fn(NodeId) -> bool) {
        let in_memory = dag.datasets().filter(|dataset| dataset.kind() == Kind::Memory);
        for (slot, dataset) in self.slots.iter_mut().zip(in_memory) {
            let n_readers = dataset.readers().filter(|reader| runs(reader.id())).count();
            slot.set_readers(u32::try_from(n_readers).unwrap_or(u32::MAX));
        }
    }
}

/// The datasets of the catalog that are released during the run. Kedro's rule: those that pass from node to node, each when its last
/// reader is done; never an input or an output of what runs.
pub(super) struct Releases<'r> {
    waiting: HashMap<DatasetId, Waiting<'r>>,
}

struct Waiting<'r> {
    dataset: &'r dyn AnyDataset,
    n_readers: AtomicUsize,
}

impl<'r> Releases<'r> {
    /// None if there is nothing to release.
    fn new<C: Catalog>(dag: &Dag, catalog: &'r C, selection: Option<&Selection>) -> Option<Self> {
        let runs = |node: Node<'_>| selection.is_none_or(|selection| selection.contains(node.id()));
        let passed = dag.datasets().filter(|dataset| dataset.kind() == Kind::Catalog && dataset.n_readers() > 0);
        let waiting = passed.filter(|dataset| dataset.writer().is_some_and(runs)).filter_map(|dataset| {
            let n_readers = dataset.readers().filter(|&reader| runs(reader)).count();
            let waiting = Waiting { dataset: catalog.dataset(dataset.name())?, n_readers: AtomicUsize::new(n_readers) };
            (n_readers > 0).then_some((dataset.id(), waiting))
        });
        let waiting: HashMap<_, _> = waiting.collect();
        (!waiting.is_empty()).then_some(Self { waiting })
    }

    /// Counts a node out that is done.
    pub(super) fn count_out(&self, node: Node<'_>) {
        for input in node.inputs() {
            if let Some(Waiting { dataset, n_readers }) = self.waiting.get(&input.id())
                && n_readers.fetch_sub(1, Ordering::AcqRel) == 1
            {
                // To let go of what is only kept to be faster cannot fail a node that is done.
                drop(caught(|| dataset.release()));
            }
        }
    }
}
