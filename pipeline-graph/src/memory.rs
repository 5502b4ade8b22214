//! What an order of nodes holds in memory, and an order that holds little.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::order::{Ends, Links};

/// The datasets in memory that pass between nodes: each is held from when it is written until its last reader is done, and to the end if it
/// has none.
pub(crate) struct Memory {
    /// For each node, what it reads there, each once.
    reads: Vec<Vec<usize>>,
    /// For each node, what it writes there.
    writes: Vec<Vec<usize>>,
    /// For each dataset of these, the nodes that read it, each once.
    readers: Vec<Vec<usize>>,
}

/// The greatest is the next of those that are ready.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Priority {
    /// Of how many datasets it is the last reader.
    frees: usize,
    /// When the newest of those that it reads was written, so that what was begun is ended before more is begun.
    newest: usize,
    node: Reverse<usize>,
}

impl Memory {
    pub(crate) fn new(nodes: &[Ends], is_in_memory: &[bool]) -> Self {
        let mut passes = vec![false; is_in_memory.len()];
        for &output in nodes.iter().flat_map(|ends| &ends.outputs) {
            passes[output] = is_in_memory[output];
        }
        let in_memory = |ends: &[usize]| ends.iter().copied().filter(|&dataset| passes[dataset]).collect();
        let writes: Vec<Vec<usize>> = nodes.iter().map(|ends| in_memory(&ends.outputs)).collect();
        let mut reads: Vec<Vec<usize>> = nodes.iter().map(|ends| in_memory(&ends.inputs)).collect();
        let mut readers = vec![Vec::new(); is_in_memory.len()];
        for (node, reads) in reads.iter_mut().enumerate() {
            reads.sort_unstable();
            reads.dedup();
            for &dataset in reads.iter() {
                readers[dataset].push(node);
            }
        }
        Self { reads, writes, readers }
    }

    /// Sorts nodes that do not wait for each other in a circle so that few datasets are held: of several that are ready, the last reader of most
    /// comes first, then the reader of what is newest, then the first.
    pub(crate) fn sort(&self, links: &Links) -> Vec<usize> {
        let n_nodes = self.reads.len();
        let mut priorities: Vec<Priority> =
            (0..n_nodes).map(|node| Priority { frees: 0, newest: 0, node: Reverse(node) }).collect();
        for readers in &self.readers {
            if let [only] = readers[..] {
                priorities[only].frees += 1;
            }
        }
        let mut waits_for = links.n_predecessors.clone();
        let mut reads_left: Vec<usize> = self.readers.iter().map(Vec::len).collect();
        let mut ready: BinaryHeap<Priority> =
            priorities.iter().copied().filter(|priority| waits_for[priority.node.0] == 0).collect();
        let mut is_sorted = vec![false; n_nodes];
        let mut sorted = Vec::with_capacity(n_nodes);
        while let Some(Priority { node: Reverse(node), .. }) = ready.pop() {
            // One whose priority has risen is there twice.
            if std::mem::replace(&mut is_sorted[node], true) {
                continue;
            }
            sorted.push(node);
            for &reader in self.writes[node].iter().flat_map(|&dataset| &self.readers[dataset]) {
                priorities[reader].newest = sorted.len();
            }
            for &successor in &links.successors[node] {
                waits_for[successor] -= 1;
                if waits_for[successor] == 0 {
                    ready.push(priorities[successor]);
                }
            }
            for &dataset in &self.reads[node] {
                reads_left[dataset] -= 1;
                if reads_left[dataset] == 1
                    && let Some(&last) = self.readers[dataset].iter().find(|&&reader| !is_sorted[reader])
                {
                    priorities[last].frees += 1;
                    if waits_for[last] == 0 {
                        ready.push(priorities[last]);
                    }
                }
            }
        }
        sorted
    }

    /// How many datasets are held at once at most, if nodes are executed in this order: while one is, both what it reads and what it writes.
    pub(crate) fn most_held(&self, order: &[usize]) -> usize {
        let mut reads_left: Vec<usize> = self.readers.iter().map(Vec::len).collect();
        let (mut held, mut most) = (0, 0);
        for &node in order {
            held += self.writes[node].len();
            most = most.max(held);
            for &dataset in &self.reads[node] {
                reads_left[dataset] -= 1;
                if reads_left[dataset] == 0 {
                    held -= 1;
                }
            }
        }
        most
    }
}

#[cfg(test)]
mod tests;
