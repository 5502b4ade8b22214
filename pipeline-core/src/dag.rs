//! The static description of a pipeline: what its nodes read and write, readable without running anything.

pub(crate) mod check_sum;
#[cfg(feature = "rayon")]
pub(crate) mod flow;
pub(crate) mod join;
mod missing;
mod names;
mod needs;
#[cfg(test)]
mod oracles;
pub(crate) mod parts;
#[cfg(test)]
mod random;
mod resume;
mod selection;
mod shared;
mod slice;
mod view;
mod walk;

use std::fmt;
use std::panic::Location;

use self::parts::{DatasetParts, NodeParts};
pub use self::resume::ResumeHint;
pub use self::selection::Selection;
pub(crate) use self::shared::SharedDag;
pub use self::slice::Slice;
pub use self::view::{Dataset, Node};

/// The place of a node in [`Dag::nodes`], which is its place in the order of execution too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The node at this place; one that lies beyond all DAGs, if there can be none.
    pub(crate) fn at(index: usize) -> Self {
        Self(to_u32(index))
    }

    /// The place as a number that counts from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The place of a dataset in [`Dag::datasets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DatasetId(pub(crate) u32);

impl DatasetId {
    /// The place as a number that counts from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where a dataset of a pipeline lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// In the catalog, which declares it.
    Catalog,
    /// In memory, between the nodes of one run.
    Memory,
    /// In the parameters of the catalog: `params:test_ratio`, or `parameters` for all of them.
    Parameter,
}

/// The directed acyclic graph of a pipeline: nodes, datasets and who waits for whom.
///
/// `pipeline!` works it out when the code compiles and writes it as a `static`, so reading it costs nothing.
/// A pipeline that is an item has it as a constant, `training::DAG`; any pipeline hands it out with
/// [`Pipeline::dag`](crate::Pipeline::dag).
///
/// # Order
///
/// [`nodes`](Self::nodes) lists the nodes in the order in which a sequential run executes them. Each node comes after the writers of
/// its inputs. Where that leaves a choice, few datasets are to be in memory at the same time. First comes the node that is the last
/// reader of most of them, then the one that reads what was written last, then the one that was written first in the source: what
/// was begun is ended before more is begun. Should the order of the source hold fewer datasets at its peak, it is kept, so none holds
/// more than the one that is written. Datasets of the catalog do not count.
///
/// Two builds of the same source never differ. For a sum `a + b`, all of `a` counts as written before `b`.
///
/// ```
/// use pipeline_core::prelude::*;
///
/// catalog! { struct Catalog { numbers: Memory<Vec<i64>>, total: Memory<i64> } }
/// pipeline! {
///     summing for Catalog {
///         node(double, [sum] -> [total]),
///         node(add, [numbers] -> [sum]),
///     }
/// }
/// fn add(numbers: &[i64]) -> i64 { numbers.iter().sum() }
/// fn double(sum: i64) -> i64 { 2 * sum }
///
/// # fn main() {
/// let order: Vec<String> = summing::DAG.nodes().map(|node| node.to_string()).collect();
/// assert_eq!(order, ["add([numbers]) -> [sum]", "double([sum]) -> [total]"]);
/// # }
/// ```
pub struct Dag {
    parts: Parts,
    /// Where the macro was called that wrote it.
    declared_at: Option<&'static Location<'static>>,
}

/// A pipeline's own DAG is static; that of a sum is worked out when it is made.
enum Parts {
    Static(&'static [NodeParts<&'static [u32]>], &'static [DatasetParts<&'static [u32]>]),
    Owned(Vec<NodeParts<Vec<u32>>>, Vec<DatasetParts<Vec<u32>>>),
}

impl Dag {
    fn node_parts(&self, id: NodeId) -> NodeParts<&[u32]> {
        match &self.parts {
            Parts::Static(nodes, _) => nodes[id.index()],
            Parts::Owned(nodes, _) => nodes[id.index()].borrow(),
        }
    }

    fn dataset_parts(&self, id: DatasetId) -> DatasetParts<&[u32]> {
        match &self.parts {
            Parts::Static(_, datasets) => datasets[id.index()],
            Parts::Owned(_, datasets) => datasets[id.index()].borrow(),
        }
    }

    fn n_datasets(&self) -> usize {
        match &self.parts {
            Parts::Static(_, datasets) => datasets.len(),
            Parts::Owned(_, datasets) => datasets.len(),
        }
    }

    /// The nodes, in the order of execution.
    #[must_use]
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = Node<'_>> + DoubleEndedIterator {
        self.order().map(|id| Node { dag: self, id })
    }

    /// The node at this place.
    ///
    /// # Panics
    ///
    /// Panics if `id` comes from a larger DAG and lies beyond this one.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Node<'_> {
        assert!(id.index() < self.len(), "the DAG has {} nodes, so none at {}", self.len(), id.index());
        Node { dag: self, id }
    }

    /// The ids of the nodes, in the order of execution.
    #[must_use]
    pub fn order(&self) -> impl ExactSizeIterator<Item = NodeId> + DoubleEndedIterator + use<> {
        (0..to_u32(self.len())).map(NodeId)
    }

    /// How many nodes there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match &self.parts {
            Parts::Static(nodes, _) => nodes.len(),
            Parts::Owned(nodes, _) => nodes.len(),
        }
    }

    /// Whether there are no nodes at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The nodes in layers: those of one layer depend on earlier layers only, so they could all run at once.
    /// What Kedro calls `grouped_nodes`.
    #[must_use]
    pub fn layers(&self) -> Vec<Vec<Node<'_>>> {
        let mut layers: Vec<Vec<Node<'_>>> = Vec::new();
        for node in self.nodes() {
            if layers.len() <= node.layer() {
                layers.resize_with(node.layer() + 1, Vec::new);
            }
            layers[node.layer()].push(node);
        }
        layers
    }

    /// The datasets and parameters that the nodes name, each once.
    #[must_use]
    pub fn datasets(&self) -> impl ExactSizeIterator<Item = Dataset<'_>> + DoubleEndedIterator {
        (0..to_u32(self.n_datasets())).map(|id| Dataset { dag: self, id: DatasetId(id) })
    }

    /// The dataset at this place.
    ///
    /// # Panics
    ///
    /// Panics if `id` comes from a larger DAG and lies beyond this one.
    #[must_use]
    pub fn dataset(&self, id: DatasetId) -> Dataset<'_> {
        let n_datasets = self.n_datasets();
        assert!(id.index() < n_datasets, "the DAG has {n_datasets} datasets, so none at {}", id.index());
        Dataset { dag: self, id }
    }

    /// Each dataset that passes from a node to another, as (writer, dataset, reader).
    pub fn edges(&self) -> impl Iterator<Item = (Node<'_>, Dataset<'_>, Node<'_>)> {
        self.datasets()
            .filter_map(|dataset| Some((dataset.writer()?, dataset)))
            .flat_map(|(writer, dataset)| dataset.readers().map(move |reader| (writer, dataset, reader)))
    }

    /// The free inputs: datasets and parameters that nodes read and no node writes.
    pub fn free_inputs(&self) -> impl Iterator<Item = Dataset<'_>> {
        self.datasets().filter(|dataset| dataset.writer().is_none())
    }

    /// The free outputs: datasets in memory that a node writes and no node reads. A run returns them.
    pub fn free_outputs(&self) -> impl Iterator<Item = Dataset<'_>> {
        self.outputs().filter(|dataset| dataset.kind() == Kind::Memory)
    }

    /// The final outputs: all that a node writes and no node reads, in the catalog or not. What Kedro calls
    /// `pipeline.outputs()`.
    pub fn outputs(&self) -> impl Iterator<Item = Dataset<'_>> {
        self.datasets().filter(|dataset| dataset.writer().is_some() && dataset.n_readers() == 0)
    }
}

/// Lists the nodes, one a line, in the order of execution.
impl fmt::Display for Dag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, node) in self.nodes().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{node}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Dag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.nodes()).finish()
    }
}

/// A pipeline of more than four thousand million nodes cannot be written down.
fn to_u32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
