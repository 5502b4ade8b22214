//! Nodes in worker processes.

mod child;
mod worker;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

use self::child::Gone;
use self::worker::{Lifeline, Worker};
use super::thread::{Hands, on_threads};
use super::{Runner, RunnerExt, Workers};
use crate::dag::NodeId;
use crate::portable::RunsInAnyProcess;
use crate::run::elsewhere::{Agreement, Made, Values};
use crate::worker::started_as_worker;
use crate::{Catalog, Error, Pipelines, Report, Run, RunOptions};

/// Executes nodes in worker processes: this executable, started again. What Kedro's `ParallelRunner` does with `multiprocessing`.
///
/// A node that aborts, is killed, or ends its process does not end the run's: it is an error of that node, with the signal or the exit
/// code and the end of what it wrote to its standard error, and a run that [keeps going](RunOptions::keep_going) goes on with a new worker.
///
/// # What it runs
///
/// Pipelines of a registry that is `#[portable]`, by their names. A worker makes the same registry, finds the pipeline, and has a
/// catalog as [`Pipelines::catalog`] makes it. [`worker::serve`](crate::worker::serve) in the first line of `main` does all of it; see
/// [`worker`](crate::worker), for tests too.
///
/// # What crosses
///
/// Values in memory cross by serde, and so do the datasets that the catalog keeps in memory: the run's own process loads and saves
/// these. What any process reaches, such as a file, each worker loads and saves itself; it must be at the same place in both
/// catalogs, which is checked. The parameters are those of the run's catalog. What cannot cross does not compile where the pipeline or its
/// registry is `#[portable]`.
///
/// Between two workers a value is only bytes, in memory that they share if there are many. The worker that has made a large value keeps it
/// for readers that it executes itself, and prefers those; they get the value as a node in the same process would: what others read too is
/// cloned for one that takes it by value. So a reader may see what serde leaves out, as a field with `#[serde(skip)]`, or may not.
///
/// # Hooks
///
/// are called in the process of the run. They see the values that cross; of a dataset that a worker loads or saves itself they hear nothing.
/// For them, each value in memory is made once more.
///
/// # Workers
///
/// start when there is a node for them, up to [`max_workers`](Self::max_workers), by default one for each CPU. They stay for the run
/// and end with it, however it ends. A node that asks its [`Cancellation`](crate::Cancellation) hears of a failure elsewhere in the run, but not that the
/// run was cancelled from outside: then it goes on to its end, and no other starts. Ctrl-C does not reach workers. What nodes print goes where this process prints; their standard input is empty.
#[derive(Clone, Debug, Default)]
pub struct ProcessRunner {
    workers: Workers,
    /// The test that serves.
    test: Option<String>,
}

impl ProcessRunner {
    /// A runner with a worker for each CPU.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many nodes are executed at a time at most. None at all is an error when it runs.
    #[must_use]
    pub fn max_workers(mut self, n_workers: usize) -> Self {
        self.workers = Workers::at_most(n_workers);
        self
    }

    /// Starts workers from an executable with tests: the test of this name, as `cargo test` prints it, calls
    /// [`worker::serve`](crate::worker::serve). What nodes print to the standard output is then lost, as it is mixed with what tests print.
    #[must_use]
    pub fn workers_of_test(mut self, name: impl Into<String>) -> Self {
        self.test = Some(name.into());
        self
    }

    /// Runs a whole pipeline of a registry. Its free outputs are dropped, since a registry does not know their types: see
    /// [`RunnerExt::run`] for a pipeline with outputs that is registered under its own name.
    ///
    /// # Errors
    ///
    /// Fails as [`RunnerExt::run`] does, if there is no pipeline of this name, or if no worker can be started.
    pub fn run<C: Catalog + Sync, R: RunsInAnyProcess>(
        &self,
        pipelines: &Pipelines<C, R>,
        name: &str,
        catalog: &C,
    ) -> Result<(), Error> {
        RunnerExt::run(self, pipelines.get(name)?, catalog)
    }

    /// Runs what the options choose of a pipeline, and reports what became of each node.
    ///
    /// # Errors
    ///
    /// Fails as [`RunnerExt::run_with`] does, or if there is no pipeline of this name.
    pub fn run_with<C: Catalog + Sync, R: RunsInAnyProcess>(
        &self,
        pipelines: &Pipelines<C, R>,
        name: &str,
        catalog: &C,
        options: &RunOptions<'_>,
    ) -> Result<Report, Error> {
        RunnerExt::run_with(self, pipelines.get(name)?, catalog, options)
    }

    /// The arguments with which a worker starts.
    fn arguments(&self) -> Vec<OsString> {
        match &self.test {
            Some(test) => [test.as_str(), "--exact", "--nocapture", "--include-ignored"].map(OsString::from).into(),
            None => vec!["pipeline-worker".into()],
        }
    }
}

impl Runner for ProcessRunner {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        let limit = self.workers.limit("ProcessRunner")?;
        let max_workers = limit.or_else(|| available_parallelism().ok().map(Into::into)).unwrap_or(1);
        let agreement = run.elsewhere().agreement()?;
        if started_as_worker().is_some() {
            // Or each worker would start others.
            let problem = "this process is a worker itself: its `main` does not begin with `worker::serve`".to_owned();
            return Err(Error::Worker { pipeline: run.pipeline().map(str::to_owned), problem });
        }
        let values = run.values_elsewhere();
        let max_workers = max_workers.min(run.dag().len()).max(1);
        let team =
            Team { runner: self, agreement: &agreement, values: &values, max_workers, lifelines: Mutex::default() };
        on_threads(run, max_workers, &team)
    }
}

/// The workers of one run; each is in the hand of a thread.
struct Team<'a> {
    runner: &'a ProcessRunner,
    agreement: &'a Agreement,
    values: &'a Values,
    max_workers: usize,
    lifelines: Mutex<Vec<Lifeline>>,
}

impl Hands for Team<'_> {
    type Hand = Option<Worker>;

    /// The node of whose inputs the worker has most. A worker alone has all that there is, and takes nodes in their order.
    fn choose(&self, run: &Run<'_>, ready: &BTreeSet<NodeId>, hand: &Option<Worker>) -> Option<NodeId> {
        let keeper = hand.as_ref().map(Worker::keeper).filter(|keeper| self.max_workers > 1 && keeper.keeps_any());
        let Some(keeper) = keeper else { return ready.first().copied() };
        let kept = |node: &NodeId| run.elsewhere().kept_for(node.index(), self.values, keeper);
        ready.iter().copied().max_by_key(|node| (kept(node), Reverse(*node)))
    }

    fn execute(&self, run: &Run<'_>, node: NodeId, hand: &mut Option<Worker>) -> Result<(), Error> {
        run.execute_elsewhere(node, self.values, &mut |inputs| {
            let pipeline = || run.pipeline().map(str::to_owned);
            // What ends a worker between two nodes is no mistake of the next one.
            let mut worker = match hand.take().map(|mut worker| (worker.has_ended(), worker)) {
                Some((false, worker)) => worker,
                _ => self.start().map_err(|problem| Error::Worker { pipeline: pipeline(), problem })?,
            };
            match worker.call(node, inputs) {
                Ok(outcome) => {
                    let by = Arc::clone(worker.keeper());
                    *hand = Some(worker);
                    outcome
                        .map(|outputs| Made { outputs, by })
                        .map_err(|told| told.into_error(pipeline(), run.dag().node(node).to_string()))
                }
                Err(_) => {
                    let Gone { how, stderr } = worker.gone();
                    Err(Error::WorkerDied { pipeline: pipeline(), node: run.dag().node(node).to_string(), how, stderr })
                }
            }
        })
    }

    fn rest(&self, hand: Option<Worker>) {
        if let Some(worker) = hand {
            worker.end();
        }
    }

    fn cancel(&self) {
        self.lifelines.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(Lifeline::cancel);
    }
}

impl Team<'_> {
    fn start(&self) -> Result<Worker, String> {
        let is_test = self.runner.test.is_some();
        let worker = Worker::start(&self.runner.arguments(), is_test, self.agreement)?;
        self.lifelines.lock().unwrap_or_else(PoisonError::into_inner).push(worker.lifeline());
        Ok(worker)
    }
}
