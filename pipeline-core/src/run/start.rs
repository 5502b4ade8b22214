//! From a pipeline, a catalog and options to a run, and from its end to outputs.

#![expect(unsafe_code, reason = "outputs are collected from slots, by the rules of `slot.rs`")]

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::active::Active;
use super::releases::Releases;
use super::watch::{Hooks, WatchRun};
use super::{Report, Run, RunOptions, Status, places};
use crate::dag::{Dag, Dataset, Kind, Node, NodeId, Selection};
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
    let begins = &pipeline.plan()?.begins;
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
        Ok(pipeline.collect().whole(io, begins))
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
    let (dag, begins) = (pipeline.shared_dag()?, &pipeline.plan()?.begins);
    let collect = |run: &Run<'_>, io: &Io<'_>, error: Option<Error>| {
        let statuses = run.statuses(error.as_ref());
        let is_persisted = |name: &str| catalog.dataset(name).is_some_and(<dyn AnyDataset>::is_persisted);
        let is_completed = |node: NodeId| run.memory.state(node.index()) == State::Completed;
        let whole = || Selection::whole(run.dag);
        let selection = run.selection.cloned().unwrap_or_else(whole);
        let hint = error.as_ref().and_then(|_| run.dag.resume_hint(&selection, is_completed, is_persisted));
        Report::new(pipeline.collect().partial(io, begins), dag, statuses, error, hint)
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
    let guard = |part| Guard { pipeline: pipeline.name(), part };
    let chosen = guard("the selection of nodes").call(|| select(pipeline, dag, catalog, options))?;
    let hooks = Hooks::new(&options.hooks, pipeline.name())?;
    let selection = chosen.as_ref().map(|chosen| &chosen.to_run);
    let plan = pipeline.plan()?;
    places::check(pipeline.name(), plan, dag, catalog, selection)?;
    let mut memory = plan.memory();
    memory.expect_readers(dag, selection);
    let releases = if plan.passes_through_catalog() {
        guard("the catalog").call(|| Ok(Releases::new(dag, catalog, selection)))?
    } else {
        None
    };
    let nodes = Active {
        pipeline: pipeline.name(),
        plan,
        catalog,
        memory: &memory,
        is_async: options.is_async,
        #[cfg(feature = "process")]
        away: None,
    };
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
        is_elsewhere: AtomicBool::new(false),
    };
    let error = watched(&run, hooks, catalog, runner);
    let synced = places::sync(&run, plan, catalog, options.is_durable);
    let error = error.or(synced.err());
    // SAFETY: it is lent to the collection of the outputs. The runner has returned, so no node is executed any more: `Run` can neither be kept nor
    // moved to a thread that outlives the call.
    let io = unsafe { Io::new(&memory.slots, Readers::OnOneThread) };
    let result = guard("the end of the run").call(|| Ok(collect(&run, &io, error)));
    if !result.as_ref().is_ok_and(is_empty) {
        memory.clear();
    }
    memory.restart();
    plan.keep(memory);
    result
}

/// Makes a panic outside of the nodes an error that names the pipeline. Each call of the user's code is guarded by itself, where more of its
/// place is known: this is for what is forgotten there, and for runners.
struct Guard<'a> {
    pipeline: Option<&'a str>,
    part: &'static str,
}

impl Guard<'_> {
    fn call<T>(self, body: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        caught(body).unwrap_or_else(|message| {
            let Self { pipeline, part } = self;
            Err(Error::RunPanicked { pipeline: pipeline.map(str::to_owned), part, message })
        })
    }
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
        let is_persisted = |name: &str| catalog.dataset(name).is_some_and(<dyn AnyDataset>::is_persisted);
        let exists = |name: &str| places::exists(pipeline.name(), dag, catalog, name);
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
    let guard = |part| Guard { pipeline: run.pipeline(), part };
    let runner = || guard("the runner").call(|| runner(run));
    if hooks.is_empty() {
        return run.failures(runner().err());
    }
    let watch = WatchRun::new(hooks, run.pipeline(), run.dag);
    let result = guard("the catalog").call(|| watch.before(&catalog.datasets())).and_then(|()| runner());
    let error = run.failures(result.err());
    let told = watch.after(error.as_ref());
    error.or(told.err())
}

impl Run<'_> {
    /// What failed while the run kept going, and what ended it.
    fn failures(&self, end: Option<Error>) -> Option<Error> {
        let mut failures = std::mem::take(&mut *self.failures.lock().unwrap_or_else(PoisonError::into_inner));
        match end {
            Some(Error::Several { errors, .. }) => failures.extend(errors),
            end => failures.extend(end),
        }
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
