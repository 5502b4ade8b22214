//! One run of a pipeline, as its runner sees it.

#![expect(unsafe_code, reason = "to execute a node relies on the rules of `slot.rs`, and this is what keeps them")]

mod active;
mod attempt;
#[cfg(feature = "rayon")]
mod each;
#[cfg(feature = "process")]
pub(crate) mod elsewhere;
#[cfg(feature = "process")]
pub(crate) mod in_worker;
mod options;
mod places;
mod releases;
mod report;
mod start;
mod together;
#[cfg(feature = "process")]
mod values;
mod watch;

use std::fmt;
use std::sync::atomic::AtomicBool;
#[cfg(feature = "process")]
use std::sync::atomic::Ordering;
use std::sync::{Mutex, OnceLock, PoisonError};

use self::active::Execute;
#[cfg(feature = "process")]
use self::elsewhere::{Agreement, Elsewhere, There, Values};
pub use self::options::RunOptions;
pub(crate) use self::places::Outside;
use self::releases::Releases;
pub use self::report::{Report, Status};
pub(crate) use self::start::{report, whole};
pub(crate) use self::together::{Ahead, LoadAny, SaveAny};
use self::watch::Hooks;
pub(crate) use self::watch::Watch;
#[cfg(feature = "process")]
use crate::cancellation::Listening;
use crate::dag::{Dag, Kind, Node, NodeId, Selection};
use crate::dataset::AnyDataset;
use crate::memory::{Memory, State};
use crate::panics::caught;
use crate::{Cancellation, Error};

/// A run, as a [`Runner`](crate::Runner) sees it: the DAG, and a way to execute its nodes.
///
/// *When and where* a node is executed is all that a runner decides. That it is executed once, after the nodes that it waits for,
/// is checked here; loading, saving, hooks, errors and panics are the same for every runner, and so is what
/// [`RunOptions`] ask for: a node that is not to run (because it is not selected, or waits for one that failed in a run
/// that keeps going) is passed over when it is executed.
pub struct Run<'r> {
    dag: &'r Dag,
    nodes: &'r dyn Execute,
    memory: &'r Memory,
    /// The nodes that are to run, if not all.
    selection: Option<&'r Selection>,
    /// The nodes in the slice, if not all; of them, those whose outputs are there already may be left out.
    sliced: Option<&'r Selection>,
    hooks: Hooks<'r>,
    keeps_going: bool,
    /// By which it can be cancelled from outside.
    outer_cancellation: Option<&'r Cancellation>,
    /// What its nodes ask: made when the first one may, since most never do.
    cancellation: OnceLock<Cancellation>,
    releases: Option<&'r Releases<'r>>,
    failures: Mutex<Vec<Error>>,
    would_execute: Mutex<Vec<NodeId>>,
    /// Whether other processes execute its nodes.
    is_elsewhere: AtomicBool,
}

/// What is to be done with a node whose turn it is.
enum Turn {
    Execute,
    PassOver(State),
}

impl<'r> Run<'r> {
    /// The DAG of the pipeline.
    #[must_use]
    pub fn dag(&self) -> &'r Dag {
        self.dag
    }

    /// The nodes that are to run, in the order of the DAG: all, or those that [`RunOptions`] select.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = Node<'r>> {
        let selection = self.selection;
        self.dag.nodes().filter(move |node| selection.is_none_or(|selection| selection.contains(node.id())))
    }

    /// The name of the pipeline, if it has one.
    #[must_use]
    pub fn pipeline(&self) -> Option<&'r str> {
        self.nodes.pipeline()
    }

    /// Executes a node: loads its inputs, calls its function, saves its outputs, and again if it fails and has retries. May be called from
    /// any thread.
    ///
    /// # Errors
    ///
    /// Fails if an input cannot be loaded, if the function fails or panics, or if an output cannot be saved, unless the run
    /// [keeps going](RunOptions::keep_going). Fails too if the run has been cancelled, if the node has been executed before, or if a
    /// node that it waits for has not.
    pub fn execute(&self, node: NodeId) -> Result<(), Error> {
        let node = self.dag.node(node);
        match self.turn(node)? {
            // SAFETY: it is the node's turn.
            Turn::Execute => self.within(|| unsafe { self.execute_in_turn(node.id().index()) }),
            Turn::PassOver(state) => {
                self.pass_over(node, state);
                Ok(())
            }
        }
    }

    fn pass_over(&self, node: Node<'_>, state: State) {
        if self.memory.pass_over(node.id().index(), state) && state == State::Orphaned {
            // SAFETY: all that it waits for are done or skipped, and the node has been skipped just now, so it is never executed.
            unsafe { self.count_out(node) };
        }
    }

    /// As [`execute`](Self::execute), in another process.
    #[cfg(feature = "process")]
    pub(crate) fn execute_elsewhere(&self, node: NodeId, values: &Values, there: &mut dyn There) -> Result<(), Error> {
        // SAFETY: `in_turn` calls it for the node whose turn it is, which is executed now.
        let execute =
            |node: usize| unsafe { self.nodes.elsewhere().execute_elsewhere(node, self.hooks, values, there) };
        let node = self.dag.node(node);
        match self.turn(node)? {
            // SAFETY: it is the node's turn.
            Turn::Execute => unsafe { self.in_turn(node.id().index(), execute) },
            Turn::PassOver(state) => {
                self.pass_over(node, state);
                if state == State::Orphaned {
                    self.elsewhere().count_out(node.id().index(), values);
                }
                Ok(())
            }
        }
    }

    /// Where its values are while other processes execute its nodes.
    #[cfg(feature = "process")]
    pub(crate) fn values_elsewhere(&self) -> Values {
        self.is_elsewhere.store(true, Ordering::Relaxed);
        self.elsewhere().values(self.selection)
    }

    /// What other processes must agree to, to execute its nodes.
    #[cfg(feature = "process")]
    pub(crate) fn agreement_elsewhere(&self) -> Result<Agreement, Error> {
        self.elsewhere().agreement(self.hooks, self.selection)
    }

    /// What executes nodes in other processes.
    #[cfg(feature = "process")]
    pub(crate) fn elsewhere(&self) -> &'r dyn Elsewhere {
        self.nodes.elsewhere()
    }

    /// Counts a node out that will not read its inputs: they were kept for it too.
    ///
    /// # Safety
    ///
    /// All that it waits for are done or skipped. The node has been skipped, and is counted out once (rule 3 of `slot.rs`).
    #[cold]
    unsafe fn count_out(&self, node: Node<'_>) {
        let in_memory = || self.dag.datasets().filter(|dataset| dataset.kind() == Kind::Memory);
        for (slot, dataset) in self.memory.slots.iter().zip(in_memory()) {
            // Once a reading: a node that names a dataset twice was to read it twice.
            for _ in node.inputs().filter(|input| input.id() == dataset.id()) {
                // A value that panics when it is dropped is gone too.
                // SAFETY: the node is a reader of the slot, once for each time that it names it, and as the caller promises.
                drop(caught(|| unsafe { slot.count_out() }));
            }
        }
        if let Some(releases) = self.releases {
            releases.count_out(node);
        }
    }

    /// A node waits for the writers of its inputs.
    fn turn(&self, node: Node<'_>) -> Result<Turn, Error> {
        let is_selected = |node: Node<'_>| self.selection.is_none_or(|selection| selection.contains(node.id()));
        let mut turn = Turn::Execute;
        for (input, writer) in node.inputs().filter_map(|input| Some((input, input.writer()?))) {
            match self.memory.state(writer.id().index()) {
                // A runner that goes through `nodes` passes over no other.
                State::Waiting if !is_selected(writer) => {}
                State::Waiting | State::Running => {
                    return Err(self.out_of_turn(node, format!("before the node that writes its input `{input}`")));
                }
                State::Failed | State::Orphaned => turn = Turn::PassOver(State::Orphaned),
                State::Completed | State::LeftOut => {}
            }
        }
        if !is_selected(node) {
            turn = Turn::PassOver(State::LeftOut);
        }
        Ok(turn)
    }

    /// Executes a node whose turn it is.
    ///
    /// # Safety
    ///
    /// As [`in_turn`](Self::in_turn).
    unsafe fn execute_in_turn(&self, node: usize) -> Result<(), Error> {
        // SAFETY: as the caller promises; and `in_turn` calls it once, for the node that it has started.
        unsafe { self.in_turn(node, |node| self.nodes.execute(node, self.hooks)) }
    }

    /// Has a node executed, whose turn it is. `execute` is called once in a run for a node, since only one caller starts it.
    ///
    /// # Safety
    ///
    /// All nodes that it waits for are done, and what they did happens before this.
    unsafe fn in_turn(&self, node: usize, execute: impl FnOnce(usize) -> Result<(), Error>) -> Result<(), Error> {
        if self.is_cancelled() {
            return Err(self.cancelled(node));
        }
        if !self.memory.start(node) {
            return Err(self.out_of_turn(self.node(node), "twice".to_owned()));
        }
        // A node's own panics are caught where its failure has a name; this is for all that is called around it.
        let result = caught(|| execute(node)).unwrap_or_else(|message| Err(self.panicked(node, message)));
        self.memory.set(node, if result.is_ok() { State::Completed } else { State::Failed });
        if let Some(releases) = self.releases {
            releases.count_out(self.node(node));
        }
        match result {
            Err(error) if self.keeps_going => {
                self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(error);
                Ok(())
            }
            result => result,
        }
    }

    /// Lets the nodes that `body` executes on this thread ask whether the run has been cancelled.
    pub(crate) fn within<T>(&self, body: impl FnOnce() -> T) -> T {
        self.cancellation().within(body)
    }

    fn cancellation(&self) -> &Cancellation {
        self.cancellation.get_or_init(|| Cancellation::inside(self.outer_cancellation))
    }

    /// Tells running nodes that the run ends, and lets no other start.
    pub(crate) fn cancel(&self) {
        self.cancellation().cancel();
    }

    /// Has `call` called when the run is cancelled, by itself or from outside; see [`Cancellation::listen`].
    #[cfg(feature = "process")]
    pub(crate) fn listen(&self, call: impl Fn() + Send + Sync + 'static) -> Listening {
        self.cancellation().listen(call)
    }

    /// As [`execute`](Self::execute), for a runner of this crate that has seen to the order itself, and calls it [within](Self::within) the run.
    ///
    /// # Safety
    ///
    /// The runner has executed all nodes that this one waits for; each call returned `Ok`, and happens before this one.
    pub(crate) unsafe fn execute_ready(&self, node: NodeId) -> Result<(), Error> {
        // SAFETY: where all nodes run up to the first error, `Ok` says that a node is done.
        if self.is_plain() { unsafe { self.execute_in_turn(node.index()) } } else { self.execute(node) }
    }

    /// Whether all nodes are to run, up to the first error.
    fn is_plain(&self) -> bool {
        self.selection.is_none() && !self.keeps_going
    }

    /// Whether there is nothing to do or to ask between two nodes.
    fn goes_straight_on(&self) -> bool {
        let asks_or_releases = self.outer_cancellation.is_some() || self.releases.is_some();
        self.is_plain() && !asks_or_releases && self.nodes.can_execute_all()
    }

    /// Executes all nodes on this thread, in the order of the DAG, up to the first error. Cheaper than a loop over
    /// [`execute`](Self::execute).
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute).
    pub fn execute_in_order(&self) -> Result<(), Error> {
        if !self.goes_straight_on() || !self.memory.begin_in_order() {
            return self.dag.order().try_for_each(|node| self.execute(node));
        }
        let executed = if self.hooks.is_empty() {
            // SAFETY: no node has been started, and none is from here on but by this thread, in the order of the DAG.
            unsafe { self.nodes.execute_all() }
        } else {
            // SAFETY: as above.
            let execute = |node| unsafe { self.nodes.execute(node, self.hooks) }.map_err(|error| (node, error));
            (0..self.dag.len()).try_for_each(execute)
        };
        match executed {
            Ok(()) => {
                self.memory.end_in_order(None);
                Ok(())
            }
            Err((node, error)) => {
                self.memory.end_in_order(Some(node));
                Err(error)
            }
        }
    }

    /// Says that the runner would execute a node, but for that it only tells what it would do.
    pub fn would_execute(&self, node: NodeId) {
        self.would_execute.lock().unwrap_or_else(PoisonError::into_inner).push(node);
    }

    /// Whether the run has been asked to end: no node is started any more.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        let by = |cancellation: &Cancellation| cancellation.is_set();
        self.cancellation.get().is_some_and(by) || self.outer_cancellation.is_some_and(by)
    }

    /// A dataset of the catalog, to ask whether it exists.
    #[must_use]
    pub fn dataset(&self, name: &str) -> Option<&'r dyn AnyDataset> {
        self.nodes.dataset(name)
    }

    fn node(&self, place: usize) -> Node<'r> {
        self.dag.node(NodeId::at(place))
    }

    #[cold]
    fn cancelled(&self, node: usize) -> Error {
        let pipeline = self.pipeline().map(str::to_owned);
        Error::Cancelled { pipeline, node: self.node(node).to_string() }
    }

    #[cold]
    fn panicked(&self, node: usize, message: String) -> Error {
        let pipeline = self.pipeline().map(str::to_owned);
        Error::Panicked { pipeline, node: self.node(node).to_string(), message }
    }

    #[cold]
    fn out_of_turn(&self, node: Node<'_>, when: String) -> Error {
        Error::OutOfTurn { pipeline: self.pipeline().map(str::to_owned), node: node.to_string(), when }
    }
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("pipeline", &self.pipeline()).finish_non_exhaustive()
    }
}
