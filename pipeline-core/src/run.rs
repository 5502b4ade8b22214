//! One run of a pipeline: what a runner gets to see of it, and the report of how it went.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use crate::body::{Failure, Io};
use crate::dag::{Dag, Dataset, Kind, NodeId};
use crate::dataset::AnyDataset;
use crate::memory::{Memory, State};
use crate::pipeline::Plan;
use crate::{Catalog, Error, Outputs, Pipeline};

/// A run, as a [`Runner`](crate::Runner) sees it: the DAG, and a way to execute its nodes.
///
/// *When and where* a node is executed is all that a runner decides. That it is executed once, after the nodes that it waits for,
/// is checked here; loading, saving, errors and panics are the same for every runner.
#[derive(Debug)]
pub struct Run<'r> {
    dag: &'r Dag,
    nodes: &'r dyn Execute,
    would_execute: Mutex<Vec<NodeId>>,
}

impl<'r> Run<'r> {
    /// The DAG of what is to run.
    #[must_use]
    pub fn dag(&self) -> &'r Dag {
        self.dag
    }

    /// The name of the pipeline, if it has one.
    #[must_use]
    pub fn pipeline(&self) -> Option<&'r str> {
        self.nodes.pipeline()
    }

    /// Executes a node: loads its inputs, calls its function, saves its outputs. May be called from any thread.
    ///
    /// # Errors
    ///
    /// Fails if an input cannot be loaded, if the function fails or panics, or if an output cannot be saved. Fails too if
    /// the node has been executed before, or if a node that it waits for has not.
    pub fn execute(&self, node: NodeId) -> Result<(), Error> {
        self.check_turn(node)?;
        self.nodes.execute(node.index())
    }

    /// A node waits for the writers of its inputs.
    fn check_turn(&self, node: NodeId) -> Result<(), Error> {
        let writers = self.dag.node(node).inputs().filter_map(|input| Some((input, input.writer()?)));
        for (input, writer) in writers {
            if self.nodes.state(writer.id().index()) != State::Completed {
                return Err(Error::OutOfTurn {
                    pipeline: self.pipeline().map(str::to_owned),
                    node: self.dag.node(node).to_string(),
                    when: format!("before the node that writes its input `{input}`"),
                });
            }
        }
        Ok(())
    }

    /// Executes all nodes on this thread, in the order of the DAG, up to the first error. Cheaper than a loop over
    /// [`execute`](Self::execute).
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute).
    pub fn execute_in_order(&self) -> Result<(), Error> {
        (0..self.dag.len()).try_for_each(|node| self.nodes.execute(node))
    }

    /// Says that the runner would execute a node, but for that it only tells what it would do.
    pub fn would_execute(&self, node: NodeId) {
        self.would_execute.lock().unwrap_or_else(PoisonError::into_inner).push(node);
    }

    /// A dataset of the catalog, to ask whether it exists.
    #[must_use]
    pub fn dataset(&self, name: &str) -> Option<&'r dyn AnyDataset> {
        self.nodes.dataset(name)
    }
}

/// What executes nodes, whatever the catalog's type is.
trait Execute: fmt::Debug + Sync {
    fn execute(&self, node: usize) -> Result<(), Error>;
    fn state(&self, node: usize) -> State;
    fn pipeline(&self) -> Option<&str>;
    fn dataset(&self, name: &str) -> Option<&dyn AnyDataset>;
}

/// A pipeline with the catalog and the memory of one run.
struct Active<'r, C> {
    pipeline: Option<&'r str>,
    plan: &'r Plan<C>,
    catalog: &'r C,
    memory: &'r Memory,
}

impl<C: Catalog + Sync> Execute for Active<'_, C> {
    fn execute(&self, node: usize) -> Result<(), Error> {
        let (part, place) = self.plan.origin(node);
        if !self.memory.start(node) {
            return Err(self.out_of_turn(part, place, "twice".to_owned()));
        }
        let slots_from = self.plan.slots_from[part];
        let part_of_plan = &self.plan.parts[part];
        let io = Io { slots: &self.memory.slots[slots_from..slots_from + part_of_plan.slots.len()] };
        // A panic leaves slots as any failure does; the run ends, and its memory is cleared.
        let result = catch_unwind(AssertUnwindSafe(|| part_of_plan.nodes[place].call(self.catalog, &io)));
        self.memory.finish(node, matches!(result, Ok(Ok(()))));
        match result {
            Ok(Ok(())) => Ok(()),
            Ok(Err(failure)) => Err(self.failed(part, place, *failure)),
            Err(payload) => Err(self.panicked(part, place, payload.as_ref())),
        }
    }

    fn state(&self, node: usize) -> State {
        self.memory.state(node)
    }

    fn pipeline(&self) -> Option<&str> {
        self.pipeline
    }

    fn dataset(&self, name: &str) -> Option<&dyn AnyDataset> {
        self.catalog.dataset(name)
    }
}

impl<C> Active<'_, C> {
    #[cold]
    fn failed(&self, part: usize, place: usize, failure: Failure) -> Error {
        let pipeline = self.pipeline.map(str::to_owned);
        let node = self.node(part, place);
        let dataset_name = |id: u32| {
            let dataset = self.plan.parts[part].dag.datasets().nth(id as usize);
            dataset.map_or("", Dataset::name).to_owned()
        };
        match failure {
            Failure::Function(source) => Error::Node { pipeline, node, source },
            Failure::Load(id, source) => {
                Error::Load { pipeline, node, dataset: dataset_name(id), source: source.named_around() }
            }
            Failure::Save(id, source) => {
                Error::Save { pipeline, node, dataset: dataset_name(id), source: source.named_around() }
            }
        }
    }

    #[cold]
    fn panicked(&self, part: usize, place: usize, payload: &(dyn Any + Send)) -> Error {
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "it gave no message".to_owned());
        Error::Panicked { pipeline: self.pipeline.map(str::to_owned), node: self.node(part, place), message }
    }

    #[cold]
    fn out_of_turn(&self, part: usize, place: usize, when: String) -> Error {
        Error::OutOfTurn { pipeline: self.pipeline.map(str::to_owned), node: self.node(part, place), when }
    }

    fn node(&self, part: usize, place: usize) -> String {
        self.plan.parts[part].dag.nodes().nth(place).map(|node| node.to_string()).unwrap_or_default()
    }
}

impl<C> fmt::Debug for Active<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Active").field("pipeline", &self.pipeline).finish_non_exhaustive()
    }
}

/// Runs a whole pipeline and returns its outputs.
pub(crate) fn whole<C: Catalog + Sync, O: Outputs>(
    pipeline: &Pipeline<C, O>,
    catalog: &C,
    runner: &(impl Fn(&Run<'_>) -> Result<(), Error> + ?Sized),
) -> Result<O, Error> {
    let run_all = |run: &Run<'_>, memory: &Memory| {
        runner(run)?;
        let left_out = nodes_in(run.dag, |node| memory.state(node) != State::Completed);
        if left_out.is_empty() {
            Ok(pipeline.collect().whole(&Io { slots: &memory.slots }))
        } else {
            Err(Error::LeftOut { pipeline: pipeline.name().map(str::to_owned), nodes: left_out })
        }
    };
    // After a whole run, every value has been taken: by its last reader, or as a free output.
    with_memory(pipeline, catalog, run_all, |result| result.is_ok() && pipeline.collect().takes_all())?
}

/// Runs what the runner chooses and reports.
pub(crate) fn report<C: Catalog + Sync, O: Outputs>(
    pipeline: &Pipeline<C, O>,
    catalog: &C,
    runner: &(impl Fn(&Run<'_>) -> Result<(), Error> + ?Sized),
) -> Result<Report<O>, Error> {
    let run_some = |run: &Run<'_>, memory: &Memory| {
        let error = runner(run).err();
        let outputs = pipeline.collect().partial(&Io { slots: &memory.slots });
        let would_execute = run.would_execute.lock().unwrap_or_else(PoisonError::into_inner);
        let status = |node: NodeId| match memory.state(node.index()) {
            State::Completed => Status::Completed,
            State::Failed | State::Running => Status::Failed,
            State::Waiting if would_execute.contains(&node) => Status::WouldExecute,
            State::Waiting => {
                Status::Skipped(if error.is_some() { "the run failed" } else { "the runner left it out" })
            }
        };
        let nodes = run.dag.nodes().map(|node| (node.to_string(), status(node.id()))).collect();
        Report { outputs, nodes, error }
    };
    with_memory(pipeline, catalog, run_some, |_| false)
}

/// Lends the memory of a run to `body`, and has it as new afterwards; `is_empty` tells from the result that no values are left in it.
fn with_memory<C: Catalog + Sync, O: Outputs, T>(
    pipeline: &Pipeline<C, O>,
    catalog: &C,
    body: impl FnOnce(&Run<'_>, &Memory) -> T,
    is_empty: impl FnOnce(&T) -> bool,
) -> Result<T, Error> {
    let dag = pipeline.dag()?;
    let plan = pipeline.plan();
    let memory = plan.memory();
    let active = Active { pipeline: pipeline.name(), plan, catalog, memory: &memory };
    let run = Run { dag, nodes: &active, would_execute: Mutex::default() };
    let result = body(&run, &memory);
    release(dag, catalog);
    if !is_empty(&result) {
        memory.clear();
    }
    memory.restart();
    plan.keep(memory);
    Ok(result)
}

/// Kedro's rule: what passed between nodes through the catalog is released, but never an input or an output of the pipeline.
fn release<C: Catalog + Sync>(dag: &Dag, catalog: &C) {
    let passed = |dataset: &Dataset<'_>| dataset.writer().is_some() && dataset.n_readers() > 0;
    for dataset in dag.datasets().filter(|dataset| dataset.kind() == Kind::Catalog).filter(passed) {
        if let Some(dataset) = catalog.dataset(dataset.name()) {
            dataset.release();
        }
    }
}

fn nodes_in(dag: &Dag, chosen: impl Fn(usize) -> bool) -> Vec<String> {
    dag.nodes().filter(|node| chosen(node.id().index())).map(|node| node.to_string()).collect()
}

/// How a node fared in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Its function was called and its outputs are saved.
    Completed,
    /// It could not be executed to its end.
    Failed,
    /// The runner only tells what it would do, as `DryRunner`.
    WouldExecute,
    /// It was not executed, and why.
    Skipped(&'static str),
}

/// What became of a run: of each node, of the free outputs, and the error that ended it.
///
/// Its `Display` is in Kedro's words.
#[derive(Debug)]
pub struct Report<O: Outputs = ()> {
    /// The free outputs, each in an `Option`.
    pub outputs: O::Partial,
    nodes: Vec<(String, Status)>,
    error: Option<Error>,
}

impl<O: Outputs> Report<O> {
    /// The nodes as Kedro prints them, in the order of execution, and how each fared.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (&str, Status)> {
        self.nodes.iter().map(|(node, status)| (node.as_str(), *status))
    }

    /// The error that ended the run.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// The error that ended the run, or the report of one that met none.
    ///
    /// # Errors
    ///
    /// Returns the error that ended the run.
    pub fn into_result(self) -> Result<Self, Error> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }

    fn with_status(&self, wanted: Status) -> impl Iterator<Item = &str> {
        self.nodes().filter(move |&(_, status)| status == wanted).map(|(node, _)| node)
    }
}

impl<O: Outputs> fmt::Display for Report<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_would = self.with_status(Status::WouldExecute).count();
        if n_would > 0 {
            write!(f, "Actual run would execute {n_would} node{}:", if n_would == 1 { "" } else { "s" })?;
            return self.with_status(Status::WouldExecute).try_for_each(|node| write!(f, "\n{node}"));
        }
        let n_completed = self.with_status(Status::Completed).count();
        write!(f, "Completed {n_completed} out of {} nodes", self.nodes.len())?;
        for (node, status) in self.nodes() {
            match status {
                Status::Failed => write!(f, "\nfailed: {node}")?,
                Status::Skipped(why) => write!(f, "\nskipped, because {why}: {node}")?,
                Status::Completed | Status::WouldExecute => {}
            }
        }
        Ok(())
    }
}
