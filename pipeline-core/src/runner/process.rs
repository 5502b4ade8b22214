//! Nodes in worker processes.

mod child;
mod worker;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use self::child::Gone;
use self::worker::{Lifelines, NotStarted, Worker};
use super::thread::{Hands, on_threads};
use super::{Runner, RunnerExt, Workers};
use crate::dag::NodeId;
use crate::portable::RunsInAnyProcess;
use crate::run::elsewhere::{Agreement, Answer, Carried, Made, There, Values, Wanted};
use crate::worker::is_worker;
use crate::{Catalog, Error, Pipelines, Report, Run, RunOptions};

/// Executes nodes in worker processes: this executable, started again. What Kedro's `ParallelRunner` does with `multiprocessing`.
///
/// A node that aborts, is killed, or ends its process does not end the run's: it is an error of that node, with the signal or the exit
/// code and the end of what it wrote to its standard error. One with `retries` is tried again in a new worker, and a run that
/// [keeps going](RunOptions::keep_going) goes on.
///
/// # What it runs
///
/// Pipelines of a registry that is `#[portable]`, by their names. A worker makes the same registry, finds the pipeline, and has a
/// catalog as [`Pipelines::catalog`] makes it. [`worker::serve`](crate::worker::serve) in the first line of `main` does all of it; see
/// [`worker`](crate::worker), for tests too.
///
/// [`run_named`](Self::run_named) takes the registry and a name. [`run`](RunnerExt::run) takes a pipeline as that of any runner does, and
/// returns its free outputs; it must be in the registry, under its own name:
///
/// ```no_run
/// use pipeline_core::prelude::*;
/// use pipeline_core::worker;
///
/// catalog! { pub struct Catalog { xs: Memory<Vec<f64>> = Memory::new(vec![1.0, 5.0]) } }
///
/// pipeline! {
///     #[portable]
///     pub averaging for Catalog { node(mean, [xs] -> [mean: f64]) }
/// }
///
/// pipelines! {
///     #[portable]
///     fn pipelines() for Catalog { averaging = averaging() }
/// }
///
/// fn mean(xs: &[f64]) -> f64 { xs.iter().sum::<f64>() / xs.len() as f64 }
///
/// fn main() -> Result<(), pipeline_core::Error> {
///     worker::serve(&pipelines());
///
///     let outputs = ProcessRunner::new().run(&averaging(), &Catalog::default())?;
///     assert_eq!(outputs.mean, 3.0);
///     Ok(())
/// }
/// ```
///
/// # What crosses
///
/// Values in memory cross by serde, and so do the datasets that the catalog keeps in memory: the run's own process loads and saves
/// these. What any process reaches, such as a file, each worker loads and saves itself; it must be at the same place in both
/// catalogs, which is checked by what the dataset [says](crate::dataset::Dataset::describe). A dataset of your own that says nothing
/// is refused, unless its type has no size; one that says the same of different places cannot be seen through. Relative paths are
/// from the folder that the run starts in, also if a node goes to another. The parameters are those of the run's catalog. What
/// cannot cross does not compile where the pipeline or its registry is `#[portable]`.
///
/// A value is the same on the other side, or it is an error that names the dataset: however long it is, however deep it is nested,
/// and whatever serde can say, such as `Some(None)`, bits of a NaN, or fields that are flattened or untagged. What the type itself tells serde is
/// followed: a field with `#[serde(skip)]` comes back as its `Default`, one that `skip_serializing_if` leaves out as `default` says,
/// of an untagged enum the first variant that fits, and a `Serialize` of your own writes what it writes. Types that ask serde are
/// told that the form is for people.
///
/// Between two workers a value is only bytes, in memory that they share if there are many. The worker that has made a large value keeps it
/// for readers that it executes itself, and prefers those; they get the value as a node in the same process would: what others read too is
/// cloned for one that takes it by value. So a reader may see what serde leaves out, as a field with `#[serde(skip)]`, or may not.
///
/// An error is the same [variant](Error) with the same names, and that of a dataset has its path, line and column. An
/// [`io::Error`] stays one, with its kind, wherever it is among the causes. Of an error of another type its text and those of its causes are
/// left.
///
/// Only the worker answers. A process that a node forks off is ended when it returns from the node, before it saves anything.
///
/// # Hooks
///
/// are called in the process of the run, in the same order and with the same values as by any runner, and what they refuse does not
/// happen. For that, the run's own process loads and saves *every* dataset of the catalog in a run with hooks, also files, and each
/// value in memory is made once more. Then the values of files cross by serde too, and a `load` or `save` that takes the process
/// along takes that of the run. A dataset whose values serde cannot take is an error before anything starts.
///
/// # Workers
///
/// start when there is a node for them, up to [`max_workers`](Self::max_workers), by default one for each CPU. They stay for the run
/// and end with it, however it ends. What nodes print goes where this process prints; their standard input is empty.
///
/// A node that asks its [`Cancellation`](crate::Cancellation) hears of a failure elsewhere in the
/// run, and that the run is cancelled from outside. Ctrl-C reaches this process only: a node that
/// it lets finish is not disturbed. A signal that is sent to a worker itself ends it, and its node.
/// On Unix a worker is not in the foreground of the terminal, but what its nodes print there does
/// not stop it (`stty tostop`).
///
/// A node with a `timeout` may go on for half a second when its time is over, to end by itself. Then its worker is killed, and with it, on
/// Unix, the processes that the node has started; so are those of a node that takes its worker along, and of a run whose process ends. A file that
/// is being written then does not get its name, but what there is of it stays beside. The time in which a worker starts is not the node's.
///
/// No run waits without end for a worker that has nothing to do. One that has not started within a
/// minute is an error; one that is stopped (SIGSTOP) gets no node, and another is started; one that
/// does not end within three seconds after the run's last node, because it is stopped, or a library
/// or a `Drop` in it does not end, is killed with what it has started. A worker that is stopped in
/// the middle of a node is waited for, as a node that takes long: only a `timeout` tells them
/// apart.
///
/// Workers are connected by sockets that they start with. On Unix they need no folder for them, and
/// whatever is killed leaves nothing behind. A worker takes five open files and two threads of this
/// process, and one more for each large value; that there is no more of these, or no process, is an
/// [error](Error::Worker) that names the node and says which limit it is.
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

    /// Runs the whole pipeline of this name. That the registry is `#[portable]` is checked when it compiles. The pipeline's free outputs are
    /// dropped, since a registry does not know their types: [`RunnerExt::run`] takes the pipeline itself and returns them.
    ///
    /// # Errors
    ///
    /// Fails as [`RunnerExt::run`] does, if there is no pipeline of this name, or if no worker can be started.
    pub fn run_named<C: Catalog + Sync, R: RunsInAnyProcess>(
        &self,
        pipelines: &Pipelines<C, R>,
        name: &str,
        catalog: &C,
    ) -> Result<(), Error> {
        self.run(pipelines.get(name)?, catalog)
    }

    /// Runs what the options choose of the pipeline of this name, and reports what became of each node.
    ///
    /// # Errors
    ///
    /// Fails as [`RunnerExt::run_with`] does, or if there is no pipeline of this name.
    pub fn run_named_with<C: Catalog + Sync, R: RunsInAnyProcess>(
        &self,
        pipelines: &Pipelines<C, R>,
        name: &str,
        catalog: &C,
        options: &RunOptions<'_>,
    ) -> Result<Report, Error> {
        self.run_with(pipelines.get(name)?, catalog, options)
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
        let agreement = run.agreement_elsewhere()?;
        if is_worker() {
            // Or each worker would start others.
            let problem = "this process is a worker itself, and starts no others: a node cannot run a `ProcessRunner`, and `main` is to begin \
                 with `worker::serve`"
                .to_owned();
            return Err(Error::Worker {
                pipeline: run.pipeline().map(str::to_owned),
                node: None,
                problem,
                source: None,
            });
        }
        let values = run.values_elsewhere();
        let max_workers = max_workers.min(run.dag().len()).max(1);
        let lifelines = Arc::new(Lifelines::default());
        let heard = Arc::clone(&lifelines);
        let _listening = run.listen(move || heard.cancel());
        let team = Team { runner: self, agreement: &agreement, values: &values, max_workers, lifelines: &lifelines };
        on_threads(run, "ProcessRunner", max_workers, &team)
    }
}

/// How long after the end of its time a node is let go on, so that one that [asks](crate::Cancellation::of_this_node) can end by itself.
const GRACE: Duration = Duration::from_millis(500);

/// The workers of one run; each is in the hand of a thread.
struct Team<'a> {
    runner: &'a ProcessRunner,
    agreement: &'a Agreement,
    values: &'a Values,
    max_workers: usize,
    lifelines: &'a Lifelines,
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

    #[expect(unsafe_code, reason = "the run is asked for the order of its nodes all the same")]
    unsafe fn execute(&self, run: &Run<'_>, node: NodeId, hand: &mut Option<Worker>) -> Result<(), Error> {
        run.execute_elsewhere(node, self.values, &mut InHand { team: self, run, node, worker: hand })
    }

    fn rest(&self, hand: Option<Worker>) {
        if let Some(worker) = hand {
            worker.end();
        }
    }
}

/// The worker in the hand of a thread, for one node.
struct InHand<'h, 'r> {
    team: &'h Team<'h>,
    run: &'h Run<'r>,
    node: NodeId,
    worker: &'h mut Option<Worker>,
}

impl InHand<'_, '_> {
    fn pipeline(&self) -> Option<String> {
        self.run.pipeline().map(str::to_owned)
    }

    fn node(&self) -> String {
        self.run.dag().node(self.node).to_string()
    }

    /// The worker, or a new one: what ends a worker between two nodes is no mistake of the next one.
    fn ready(&mut self) -> Result<Worker, Error> {
        if let Some(mut worker) = self.worker.take()
            && !worker.is_lost()
        {
            return Ok(worker);
        }
        let Team { runner, agreement, lifelines, .. } = self.team;
        let worker = Worker::start(&runner.arguments(), runner.test.is_some(), agreement, lifelines).map_err(
            |NotStarted { problem, node_is_told, source }| {
                let node = node_is_told.then(|| self.node());
                Error::Worker { pipeline: self.pipeline(), node, problem, source }
            },
        )?;
        lifelines.add(&worker);
        if self.run.is_cancelled() {
            lifelines.cancel();
        }
        Ok(worker)
    }
}

impl There for InHand<'_, '_> {
    fn prepare(&mut self) -> Result<(), Error> {
        *self.worker = Some(self.ready()?);
        Ok(())
    }

    fn call(&mut self, inputs: &Carried<Wanted>, outputs: &[u32], deadline: Option<Instant>) -> Answer {
        let mut worker = match self.ready() {
            Ok(worker) => worker,
            Err(error) => return Answer::None(error),
        };
        let until = deadline.and_then(|deadline| deadline.checked_add(GRACE));
        let called = worker.call(self.node, inputs, outputs, until);
        if worker.has_cancelled() {
            self.run.cancel();
        }
        let error = match called {
            Ok(outcome) => {
                let by = Arc::clone(worker.keeper());
                *self.worker = Some(worker);
                return match outcome {
                    Ok(outputs) => Answer::Made(Made { outputs, by }),
                    Err(told) => Answer::Failed(told),
                };
            }
            Err(error) => error,
        };
        match error.kind() {
            ErrorKind::TimedOut => {
                worker.kill();
                Answer::TimeIsOver
            }
            ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
                let Gone { how, stderr } = worker.gone(&error);
                Answer::None(Error::WorkerDied { pipeline: self.pipeline(), node: self.node(), how, stderr })
            }
            kind => {
                // It lives, and nobody can rely on it.
                worker.kill();
                let what = if kind == ErrorKind::InvalidData {
                    "its worker process sent what is no answer to the call"
                } else {
                    "its inputs and outputs do not come to its worker process and back"
                };
                let source = io::Error::new(kind, format!("{what}: {error}")).into();
                Answer::None(Error::Node { pipeline: self.pipeline(), node: self.node(), source })
            }
        }
    }
}
