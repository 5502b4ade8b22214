//! Which nodes a node makes ready, as a scheduler asks it: in a few tables side by side, small enough to stay in the nearest cache.

use super::{Dag, Node};

/// Who waits for whom in a [`Dag`]. Nodes are places in it.
pub(crate) struct Flow {
    /// For each node, how many others must be done before.
    pub(crate) n_predecessors: Box<[u32]>,
    /// The successors of all nodes, one node after the other.
    successors: Box<[Successor]>,
    /// Where those of each node begin and end.
    ranges: Box<[(u32, u32)]>,
    /// The nodes that wait for none.
    pub(crate) roots: Box<[u32]>,
    /// Whether only one node can run at a time, since each makes at most one ready.
    pub(crate) is_serial: bool,
}

/// A node that waits for another.
#[derive(Clone, Copy)]
pub(crate) struct Successor {
    pub(crate) node: u32,
    /// Whether it waits for others too.
    pub(crate) waits_for_others: bool,
}

impl Flow {
    pub(crate) fn new(dag: &Dag) -> Self {
        let successor = |node: Node<'_>| Successor { node: node.id().0, waits_for_others: node.n_predecessors() > 1 };
        let mut successors = Vec::new();
        let mut ranges = Vec::with_capacity(dag.len());
        for node in dag.nodes() {
            let start = super::to_u32(successors.len());
            successors.extend(node.successors().map(successor));
            ranges.push((start, super::to_u32(successors.len())));
        }
        let roots: Box<[u32]> = dag.nodes().filter(|node| node.n_predecessors() == 0).map(|node| node.id().0).collect();
        Self {
            n_predecessors: dag.nodes().map(|node| super::to_u32(node.n_predecessors())).collect(),
            is_serial: roots.len() < 2 && dag.nodes().all(|node| node.successors().len() < 2),
            successors: successors.into(),
            ranges: ranges.into(),
            roots,
        }
    }

    /// The nodes that wait for this one.
    pub(crate) fn successors(&self, node: usize) -> &[Successor] {
        let (start, end) = self.ranges[node];
        &self.successors[start as usize..end as usize]
    }
}
