//! The datasets of the catalog that a run releases when their last reader is done.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Catalog;
use crate::dag::{Dag, DatasetId, Kind, Node, Selection};
use crate::dataset::AnyDataset;
use crate::panics::caught;

/// The datasets of the catalog that are released during the run. Kedro's rule: those that pass from node to
/// node, each when its last reader is done; never an input or an output of the nodes that run.
///
/// For a value that the catalog keeps in memory this is its end, as for a value in memory without an entry.
/// Unlike in Kedro, a value that was there before the run has an owner outside of the run, and stays.
pub(super) struct Releases<'r> {
    waiting: HashMap<DatasetId, Waiting<'r>>,
}

struct Waiting<'r> {
    dataset: &'r dyn AnyDataset,
    /// How many readings are left. A node that names a dataset twice reads it twice.
    n_readers: AtomicUsize,
}

impl<'r> Releases<'r> {
    /// None if there is nothing to release.
    pub(super) fn new<C: Catalog>(dag: &Dag, catalog: &'r C, selection: Option<&Selection>) -> Option<Self> {
        let runs = |node: Node<'_>| selection.is_none_or(|selection| selection.contains(node.id()));
        let known: HashMap<&str, &'r dyn AnyDataset> = catalog.datasets().into_iter().collect();
        let passed = dag.datasets().filter(|dataset| dataset.kind() == Kind::Catalog && dataset.n_readers() > 0);
        let waiting = passed.filter(|dataset| dataset.writer().is_some_and(runs)).filter_map(|dataset| {
            let n_readers = dataset.readers().filter(|&reader| runs(reader)).count();
            let &any = known.get(dataset.name()).filter(|any| n_readers > 0 && !had_a_value(**any))?;
            Some((dataset.id(), Waiting { dataset: any, n_readers: AtomicUsize::new(n_readers) }))
        });
        let waiting: HashMap<_, _> = waiting.collect();
        (!waiting.is_empty()).then_some(Self { waiting })
    }

    /// Counts the readings of a node that is done, or that will not run.
    pub(super) fn count_out(&self, node: Node<'_>) {
        for input in node.inputs() {
            if let Some(Waiting { dataset, n_readers }) = self.waiting.get(&input.id())
                && n_readers.fetch_sub(1, Ordering::AcqRel) == 1
            {
                // A node that is done does not fail because memory cannot be released.
                drop(caught(|| dataset.release()));
            }
        }
    }
}

/// Whether a dataset that the catalog keeps in memory holds a value before the run. One that cannot say may.
fn had_a_value(dataset: &dyn AnyDataset) -> bool {
    caught(|| dataset.is_kept_in_memory() && dataset.exists().unwrap_or(true)).unwrap_or(true)
}
