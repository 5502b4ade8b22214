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
    runs: Mutex<HashMap<RunId, Span>>,
}

/// A node of a run, for one hook. Nodes of a sum's parts are told apart by the DAG of the part; those of the same part twice are alike in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    hook: usize,
    run: RunId,
    dag: usize,
    node: NodeId,
}

/// What a span is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Node,
    Load(DatasetId),
    Save(DatasetId),
}

/// A span in which a thread is.
struct Entered {
    place: Place,
    of: Of,
    /// Leaves the span when it is dropped.
    span: EnteredSpan,
}

thread_local! {
    /// The spans in which this thread is, the innermost last. All that hooks are told of a node,
    /// they are told on one thread. A node may run a pipeline itself, whose nodes are executed in
    /// its middle; so it is a stack.
    static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
}

// A subscriber may do anything where a span is entered or left, so the stack is never borrowed there.

fn enter(place: Place, of: Of, span: Span) {
    let entered = Entered { place, of, span: span.entered() };
    ENTERED.with_borrow_mut(|stack| stack.push(entered));
}

/// Takes the last span of a node that is of such a thing from the stack, with those inside of it, which have had no end.
fn take(place: Place, of: Of) -> InnermostFirst {
    let is_it = |entered: &Entered| entered.place == place && entered.of == of;
    ENTERED.with_borrow_mut(|stack| {
        let at = stack.iter().rposition(is_it);
        InnermostFirst(at.map(|at| stack.split_off(at)).unwrap_or_default())
    })
}

/// Takes the loads and saves of a node that can have no end any more, when one of this begins: they failed, and it is tried again.
fn take_those_before(place: Place, of: Of) -> InnermostFirst {
    let is_over = |entered: &Entered| {
        let is_of_other_kind = matches!((entered.of, of), (Of::Load(_), Of::Save(_)) | (Of::Save(_), Of::Load(_)));
        entered.place == place && (entered.of == of || is_of_other_kind)
    };
    ENTERED.with_borrow_mut(|stack| {
        let at = stack.iter().position(is_over);
        InnermostFirst(at.map(|at| stack.split_off(at)).unwrap_or_default())
    })
}

/// Spans that are left in this order.
struct InnermostFirst(Vec<Entered>);

impl Drop for InnermostFirst {
    fn drop(&mut self) {
        while self.0.pop().is_some() {}
    }
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

    fn runs(&self) -> MutexGuard<'_, HashMap<RunId, Span>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn span_of_run(&self, run: RunId) -> Span {
        self.runs().get(&run).cloned().unwrap_or_else(Span::none)
    }

    fn enter_dataset(&self, event: &DatasetEvent<'_>, of: Of, open: impl FnOnce(&Span) -> Span) {
        let place = self.place(event.run, event.node);
        drop(take_those_before(place, of));
        let span_of_node = |stack: &Vec<Entered>| {
            let node = stack.iter().rfind(|entered| entered.place == place && entered.of == Of::Node);
            node.map(|entered| (*entered.span).clone())
        };
        let node = ENTERED.with_borrow(span_of_node).unwrap_or_else(Span::none);
        enter(place, of, open(&node));
    }
}

impl Hook for Tracing {
    fn before_pipeline_run(&self, event: &RunEvent<'_>) -> Result<(), BoxError> {
        let span = info_span!("run", pipeline = event.pipeline);
        self.runs().insert(event.run, span);
        Ok(())
    }

    fn after_pipeline_run(&self, event: &RunEvent<'_>) {
        let span = self.runs().remove(&event.run);
        drop(span);
    }

    fn on_pipeline_error(&self, event: &RunEvent<'_>, error: &Error) {
        let span = self.runs().remove(&event.run);
        let span = span.unwrap_or_else(Span::none);
        error!(parent: &span, error = error as &(dyn StdError + 'static), "the run failed");
    }

    fn before_node_run(&self, event: &NodeEvent<'_>) -> Result<(), BoxError> {
        let span = info_span!(parent: &self.span_of_run(event.run), "node", node = %event.node);
        enter(self.place(event.run, event.node), Of::Node, span);
        Ok(())
    }

    fn after_node_run(&self, event: &NodeEvent<'_>) {
        drop(take(self.place(event.run, event.node), Of::Node));
    }

    fn on_node_error(&self, event: &NodeEvent<'_>, error: &Error) {
        let taken = take(self.place(event.run, event.node), Of::Node);
        // None, if the node had ended well for this hook, or not begun.
        let span = taken.0.first().map_or_else(|| self.span_of_run(event.run), |node| (*node.span).clone());
        drop(taken);
        error!(parent: &span, error = error as &(dyn StdError + 'static), "the node failed");
    }

    fn before_dataset_loaded(&self, event: &DatasetEvent<'_>) -> Result<(), BoxError> {
        let of = Of::Load(event.dataset.id());
        self.enter_dataset(event, of, |node| debug_span!(parent: node, "load", dataset = event.dataset.name()));
        Ok(())
    }

    fn after_dataset_loaded(&self, event: &DatasetEvent<'_>, _: &dyn Any) {
        drop(take(self.place(event.run, event.node), Of::Load(event.dataset.id())));
    }

    fn before_dataset_saved(&self, event: &DatasetEvent<'_>, _: &dyn Any) -> Result<(), BoxError> {
        let of = Of::Save(event.dataset.id());
        self.enter_dataset(event, of, |node| debug_span!(parent: node, "save", dataset = event.dataset.name()));
        Ok(())
    }

    fn after_dataset_saved(&self, event: &DatasetEvent<'_>) {
        drop(take(self.place(event.run, event.node), Of::Save(event.dataset.id())));
    }
}

#[cfg(test)]
mod tests {
    use super::{ENTERED, Of, Tracing};
    use crate::__private::dag;
    use crate::dag::{Dag, DatasetId, Node};
    use crate::hook::{DatasetEvent, Hook, NodeEvent, RunId};

    const A: DatasetId = DatasetId(0);
    const B: DatasetId = DatasetId(1);
    const C: DatasetId = DatasetId(2);

    /// A node of a run, as a hook is told of it.
    struct Told<'a> {
        hook: &'a Tracing,
        node: Node<'a>,
        run: RunId,
    }

    impl Told<'_> {
        fn node(&self) -> NodeEvent<'_> {
            NodeEvent { run: self.run, pipeline: None, node: self.node, took: None }
        }

        fn dataset(&self, id: DatasetId) -> DatasetEvent<'_> {
            let dataset = self.node.dag().dataset(id);
            DatasetEvent { run: self.run, pipeline: None, node: self.node, dataset, took: None }
        }

        fn before(&self, of: Of) {
            match of {
                Of::Node => self.hook.before_node_run(&self.node()),
                Of::Load(id) => self.hook.before_dataset_loaded(&self.dataset(id)),
                Of::Save(id) => self.hook.before_dataset_saved(&self.dataset(id), &()),
            }
            .expect("it vetoes nothing");
        }

        fn after(&self, of: Of) {
            match of {
                Of::Node => self.hook.after_node_run(&self.node()),
                Of::Load(id) => self.hook.after_dataset_loaded(&self.dataset(id), &()),
                Of::Save(id) => self.hook.after_dataset_saved(&self.dataset(id)),
            }
        }
    }

    fn entered() -> Vec<Of> {
        ENTERED.with_borrow(|stack| stack.iter().map(|entered| entered.of).collect())
    }

    /// A node `f([a;b]) -> [c]`.
    fn dag_of_one_node() -> Dag {
        static NODES: [dag::NodeParts<&[u32]>; 1] = [dag::node("f", &[0, 1], &[2])];
        static DATASETS: [dag::DatasetParts<&[u32]>; 3] = [
            dag::in_catalog("a").read_by(&[0]),
            dag::in_catalog("b").read_by(&[0]),
            dag::in_catalog("c").written_by(0),
        ];
        dag::dag(&NODES, &DATASETS)
    }

    fn with_a_node(test: impl FnOnce(&Told<'_>)) {
        let (dag, hook) = (dag_of_one_node(), Tracing::new());
        let told = Told { hook: &hook, node: dag.nodes().next().expect("there is one"), run: RunId::new() };
        told.before(Of::Node);
        test(&told);
        told.after(Of::Node);
        assert_eq!(entered(), []);
    }

    #[test]
    fn a_load_that_failed_is_over_when_it_is_tried_again() {
        with_a_node(|told| {
            told.before(Of::Load(A));
            told.before(Of::Load(A));
            assert_eq!(entered(), [Of::Node, Of::Load(A)]);
            told.after(Of::Load(A));
            assert_eq!(entered(), [Of::Node]);
        });
    }

    #[test]
    fn a_save_that_failed_is_over_when_the_node_loads_again() {
        with_a_node(|told| {
            told.before(Of::Save(C));
            told.before(Of::Load(A));
            assert_eq!(entered(), [Of::Node, Of::Load(A)]);
        });
    }

    #[test]
    fn loads_at_the_same_time_may_end_in_any_order() {
        for order in [[A, B], [B, A]] {
            with_a_node(|told| {
                told.before(Of::Load(A));
                told.before(Of::Load(B));
                assert_eq!(entered(), [Of::Node, Of::Load(A), Of::Load(B)]);
                for dataset in order {
                    told.after(Of::Load(dataset));
                }
                assert_eq!(entered(), [Of::Node]);
            });
        }
    }

    #[test]
    fn another_hook_and_another_run_have_spans_of_their_own() {
        with_a_node(|told| {
            let (other, run) = (Tracing::new(), RunId::new());
            for inner in [Told { hook: &other, ..*told }, Told { run, ..*told }] {
                inner.before(Of::Node);
                inner.before(Of::Load(A));
                told.after(Of::Load(A));
                assert_eq!(entered(), [Of::Node, Of::Node, Of::Load(A)]);
                inner.after(Of::Load(A));
                inner.after(Of::Node);
                assert_eq!(entered(), [Of::Node]);
            }
        });
    }
}
