//! Some of a DAG's nodes.

use std::fmt;

use super::{Dag, Node, NodeId, to_u32};

/// Some nodes of a [`Dag`], in the order of execution: what [`Dag::select`] makes of a [`Slice`](super::Slice).
///
/// ```
/// use pipeline_core::dag::Selection;
/// use pipeline_core::prelude::*;
///
/// catalog! { struct Catalog { A: Memory<i32>, B: Memory<i32> } }
/// pipeline! {
///     sums for Catalog {
///         node(|a: i32| a + 1, [A] -> [more]),
///         node(|more: i32| 2 * more, [more] -> [B], tags = ["slow"]),
///     }
/// }
///
/// # fn main() {
/// let slow = Selection::of(sums::DAG, |node| node.tags().contains(&"slow"));
/// let ids: Vec<_> = slow.order().collect();
/// assert_eq!(ids.len(), 1);
/// assert_eq!(sums::DAG.node(ids[0]).to_string(), "<closure>([more]) -> [B]");
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Selection {
    is_selected: Box<[bool]>,
}

impl Selection {
    /// The nodes for which `chosen` holds.
    pub fn of(dag: &Dag, chosen: impl FnMut(Node<'_>) -> bool) -> Self {
        Self { is_selected: dag.nodes().map(chosen).collect() }
    }

    /// All nodes.
    #[must_use]
    pub fn whole(dag: &Dag) -> Self {
        Self { is_selected: vec![true; dag.len()].into() }
    }

    pub(super) fn none(dag: &Dag) -> Self {
        Self { is_selected: vec![false; dag.len()].into() }
    }

    /// Whether this node is selected.
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        self.is_selected.get(node.index()).is_some_and(|&is_selected| is_selected)
    }

    /// The selected nodes, in the order of execution.
    pub fn order(&self) -> impl DoubleEndedIterator<Item = NodeId> {
        (0..to_u32(self.is_selected.len())).map(NodeId).filter(|&node| self.contains(node))
    }

    /// How many nodes are selected.
    #[must_use]
    pub fn len(&self) -> usize {
        self.is_selected.iter().filter(|&&is_selected| is_selected).count()
    }

    /// Whether no node is selected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.is_selected.contains(&true)
    }

    /// Adds a node, and says whether it is new.
    pub(super) fn insert(&mut self, node: NodeId) -> bool {
        !std::mem::replace(&mut self.is_selected[node.index()], true)
    }

    /// Keeps the nodes that the other selection has too.
    pub(super) fn intersect(&mut self, other: &Self) {
        for (is_selected, is_in_other) in self.is_selected.iter_mut().zip(&other.is_selected) {
            *is_selected &= is_in_other;
        }
    }
}

impl fmt::Debug for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.order().map(NodeId::index)).finish()
    }
}
