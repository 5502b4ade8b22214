//! A hook that tells the crate `tracing` of runs.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::span::EnteredSpan;
use tracing::{Span, debug_span, error, info_span};

use super::{DatasetEvent, Hook, NodeEvent, RunEvent, RunId};
use crate::dag::{DatasetId, Node, NodeId};
use crate::{BoxError, Error};

/// Opens spans of the crate [`tracing`] (with the feature `tracing`): `run` with the field `pipeline`, in it `node` with `node`, and in that `load` and
/// `save` with `dataset`. What fails is an event with the field `error`, at the level of errors, in the span of its node, or of the run.
///
/// While a node's function runs, the node's span is the current one of its thread, so that events inside of it are told with the node; and
/// so are events in a dataset's `load` and `save`. `run` and `node` are at the level of information, `load` and `save` at that of debugging. A run's
/// span lies in the one that is current where the run is started.
///
/// ```
/// use pipeline_core::RunOptions;
/// use pipeline_core::hook::Tracing;
/// use pipeline_core::prelude::*;
///
/// catalog! { struct Catalog { A: Memory<i32> = Memory::new(42) } }
///
/// fn halve(a: i32) -> i32 {
///     tracing::info!(a, "halving"); // in the spans `run` and `node`
///     a / 2
/// }
///
/// # fn main() -> Result<(), pipeline_core::Error> {
/// let halving = pipeline! { node(halve, [A] -> [half]) };
/// let tracing = Tracing::new();
/// let options = RunOptions::new().hook(&tracing);
/// SequentialRunner::new().run_with(&halving, &Catalog::default(), &options)?.into_result()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Tracing {
    open: Mutex<Open>,
}

/// The spans that other threads need to know, to open others in them.
#[derive(Debug, Default)]
struct Open {
    runs: HashMap<RunId, Span>,
    nodes: HashMap<Place, Vec<Span>>,
}

/// A node of a run, for one hook. Nodes of a sum's parts are told apart by the DAG of the part; those of the same part twice are alike in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place {
    hook: usize,
    run: RunId,
    dag: usize,
    node: NodeId,
}

/// A span in which a thread is: that of a node, or of one of its loads and saves.
struct Entered {
    place: Place,
    dataset: Option<DatasetId>,
    /// Leaves the span when it is dropped.
    _span: EnteredSpan,
}

thread_local! {
    /// The spans in which this thread is, the innermost last. A node may be executed in the middle of another, as by a thread of
    /// a pool that waits in the first; so it is a stack.
    static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
}

fn enter(place: Place, dataset: Option<DatasetId>, span: Span) {
    // What a subscriber does on entering may come back here, so the stack is not borrowed meanwhile.
    let entered = Entered { place, dataset, _span: span.entered() };
    ENTERED.with_borrow_mut(|stack| stack.push(entered));
}

/// Leaves a span, and those inside of it that had no end of their own.
fn leave(place: Place, dataset: Option<DatasetId>) {
    let mut inner = ENTERED.with_borrow_mut(|stack| {
        let is_it = |entered: &Entered| entered.place == place && entered.dataset == dataset;
        stack.iter().rposition(is_it).map(|at| stack.split_off(at)).unwrap_or_default()
    });
    while inner.pop().is_some() {}
}

impl Tracing {
    /// The hook.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn place(&self, run: RunId, node: Node<'_>) -> Place {
        let hook = std::ptr::from_ref(self).addr();
        Place { hook, run, dag: std::ptr::from_ref(node.dag()).addr(), node: node.id() }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// None inside of which to open others, if the run has none: they have no other around them then.
    fn span_of_run(&self, run: RunId) -> Span {
        self.open().runs.get(&run).cloned().unwrap_or_else(Span::none)
    }

    fn span_of_node(&self, place: Place) -> Span {
        self.open().nodes.get(&place).and_then(|spans| spans.last()).cloned().unwrap_or_else(Span::none)
    }

    fn close_node(&self, place: Place) -> Option<Span> {
        leave(place, None);
        let nodes = &mut self.open().nodes;
        let spans = nodes.get_mut(&place)?;
        let span = spans.pop();
        if spans.is_empty() {
            nodes.remove(&place);
        }
        span
    }

    /// Leaves loads and saves of nodes that have ended on another thread: those failed, and had no end here.
    fn leave_what_is_over(&self, hook: usize) {
        let over: Vec<Entered> = ENTERED.with_borrow_mut(|stack| {
            if stack.iter().all(|entered| entered.dataset.is_none()) {
                return Vec::new();
            }
            let open = self.open();
            let is_open = |place: &Place| place.hook != hook || open.nodes.contains_key(place);
            stack.extract_if(.., |entered| entered.dataset.is_some() && !is_open(&entered.place)).collect()
        });
        drop(over);
    }

    fn enter_dataset(&self, event: &DatasetEvent<'_>, open: impl FnOnce(&Span) -> Span) {
        let place = self.place(event.run, event.node);
        self.leave_what_is_over(place.hook);
        let span = open(&self.span_of_node(place));
        enter(place, Some(event.dataset.id()), span);
    }
}

impl Hook for Tracing {
    fn before_pipeline_run(&self, event: &RunEvent<'_>) -> Result<(), BoxError> {
        let span = info_span!("run", pipeline = event.pipeline);
        self.open().runs.insert(event.run, span);
        Ok(())
    }

    fn after_pipeline_run(&self, event: &RunEvent<'_>) {
        let span = self.open().runs.remove(&event.run);
        drop(span);
    }

    fn on_pipeline_error(&self, event: &RunEvent<'_>, error: &Error) {
        let span = self.open().runs.remove(&event.run).unwrap_or_else(Span::none);
        error!(parent: &span, error = error as &(dyn StdError + 'static), "the run failed");
    }

    fn before_node_run(&self, event: &NodeEvent<'_>) -> Result<(), BoxError> {
        let place = self.place(event.run, event.node);
        self.leave_what_is_over(place.hook);
        let span = info_span!(parent: &self.span_of_run(event.run), "node", node = %event.node);
        self.open().nodes.entry(place).or_default().push(span.clone());
        enter(place, None, span);
        Ok(())
    }

    fn after_node_run(&self, event: &NodeEvent<'_>) {
        drop(self.close_node(self.place(event.run, event.node)));
    }

    fn on_node_error(&self, event: &NodeEvent<'_>, error: &Error) {
        let span = self.close_node(self.place(event.run, event.node));
        let span = span.unwrap_or_else(|| self.span_of_run(event.run));
        error!(parent: &span, error = error as &(dyn StdError + 'static), "the node failed");
    }

    fn before_dataset_loaded(&self, event: &DatasetEvent<'_>) -> Result<(), BoxError> {
        self.enter_dataset(event, |node| debug_span!(parent: node, "load", dataset = event.dataset.name()));
        Ok(())
    }

    fn after_dataset_loaded(&self, event: &DatasetEvent<'_>, _: &dyn Any) {
        leave(self.place(event.run, event.node), Some(event.dataset.id()));
    }

    fn before_dataset_saved(&self, event: &DatasetEvent<'_>, _: &dyn Any) -> Result<(), BoxError> {
        self.enter_dataset(event, |node| debug_span!(parent: node, "save", dataset = event.dataset.name()));
        Ok(())
    }

    fn after_dataset_saved(&self, event: &DatasetEvent<'_>) {
        leave(self.place(event.run, event.node), Some(event.dataset.id()));
    }
}
