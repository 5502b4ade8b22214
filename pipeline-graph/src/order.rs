//! The order of nodes that read and write datasets, or the circle that leaves them none.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::memory::Memory;

/// The ends of one node: places of the datasets that it reads and writes.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    /// What it reads; a dataset may be there twice.
    pub inputs: Vec<usize>,
    /// What it writes.
    pub outputs: Vec<usize>,
}

/// Nodes in order, and what follows from it. Places of nodes are those in the slice that was given to [`order`].
#[derive(Clone, Debug)]
pub struct Order {
    /// The nodes in the order of execution.
    pub nodes: Vec<usize>,
    /// For each node, the longest way to it from a node that waits for none, in nodes.
    pub layers: Vec<u32>,
    /// For each node, the nodes that wait for it, ascending, each once.
    pub successors: Vec<Vec<usize>>,
    /// For each node, how many others it waits for.
    pub n_predecessors: Vec<u32>,
}

/// Nodes that wait for each other: each writes what the next one reads, and the last what the first reads.
///
/// The circle is the shortest through the first node that lies on one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// The nodes of the circle, in order.
    pub nodes: Vec<usize>,
}

/// Who waits for whom.
pub(crate) struct Links {
    pub(crate) successors: Vec<Vec<usize>>,
    pub(crate) n_predecessors: Vec<u32>,
}

/// Sorts nodes so that writers come before readers. Where that leaves a choice, few datasets are to be in memory at once: the node comes first
/// that is the last reader of most of them, then the one that reads what was written last, then the one at the earlier place. If the
/// order that the places alone give holds fewer datasets at its peak, it is that one.
///
/// A dataset is taken to have one writer; of several, the first counts.
///
/// # Errors
///
/// Fails if nodes wait for each other.
pub fn order(nodes: &[Ends], is_in_memory: &[bool]) -> Result<Order, Cycle> {
    let links = Links::new(nodes, is_in_memory.len());
    let (by_place, layers) = sort_by_place(&links)?;
    let memory = Memory::new(nodes, is_in_memory);
    let by_memory = memory.sort(&links);
    let is_as_good = memory.most_held(&by_memory) <= memory.most_held(&by_place);
    let Links { successors, n_predecessors } = links;
    Ok(Order { nodes: if is_as_good { by_memory } else { by_place }, layers, successors, n_predecessors })
}

/// The nodes by their places, as far as writers come before readers, and their layers.
fn sort_by_place(links: &Links) -> Result<(Vec<usize>, Vec<u32>), Cycle> {
    let n_nodes = links.successors.len();
    let mut waits_for = links.n_predecessors.clone();
    let mut layers = vec![0_u32; n_nodes];
    let mut ready: BinaryHeap<Reverse<usize>> =
        (0..n_nodes).filter(|&node| waits_for[node] == 0).map(Reverse).collect();
    let mut sorted = Vec::with_capacity(n_nodes);
    while let Some(Reverse(node)) = ready.pop() {
        sorted.push(node);
        for &successor in &links.successors[node] {
            layers[successor] = layers[successor].max(layers[node] + 1);
            waits_for[successor] -= 1;
            if waits_for[successor] == 0 {
                ready.push(Reverse(successor));
            }
        }
    }
    if sorted.len() < n_nodes {
        let open: Vec<bool> = waits_for.iter().map(|&count| count > 0).collect();
        return Err(cycle(&links.successors, &open));
    }
    Ok((sorted, layers))
}

impl Links {
    fn new(nodes: &[Ends], n_datasets: usize) -> Self {
        let successors = successors(nodes, n_datasets);
        let mut n_predecessors = vec![0_u32; nodes.len()];
        for &successor in successors.iter().flatten() {
            n_predecessors[successor] += 1;
        }
        Self { successors, n_predecessors }
    }
}

fn successors(nodes: &[Ends], n_datasets: usize) -> Vec<Vec<usize>> {
    let mut writers = vec![None; n_datasets];
    for (node, ends) in nodes.iter().enumerate() {
        for &output in &ends.outputs {
            writers[output].get_or_insert(node);
        }
    }
    let mut successors = vec![Vec::new(); nodes.len()];
    for (node, ends) in nodes.iter().enumerate() {
        for &input in &ends.inputs {
            if let Some(writer) = writers[input] {
                let readers: &mut Vec<usize> = &mut successors[writer];
                if readers.last() != Some(&node) {
                    readers.push(node);
                }
            }
        }
    }
    successors
}

/// The shortest circle through the first open node that lies on one. Among open nodes there always is a circle.
fn cycle(successors: &[Vec<usize>], open: &[bool]) -> Cycle {
    (0..open.len())
        .filter(|&node| open[node])
        .find_map(|start| circle_through(start, successors, open))
        .map_or_else(|| Cycle { nodes: Vec::new() }, |nodes| Cycle { nodes })
}

/// Breadth first from `start` back to `start`.
fn circle_through(start: usize, successors: &[Vec<usize>], open: &[bool]) -> Option<Vec<usize>> {
    let mut came_from: Vec<Option<usize>> = vec![None; successors.len()];
    let mut front = vec![start];
    while !front.is_empty() {
        let mut next = Vec::new();
        for node in front {
            for &successor in successors[node].iter().filter(|&&node| open[node]) {
                if successor == start {
                    let mut circle = vec![node];
                    let mut at = node;
                    while let Some(before) = came_from[at] {
                        circle.push(before);
                        at = before;
                    }
                    circle.reverse();
                    return Some(circle);
                }
                if came_from[successor].is_none() {
                    came_from[successor] = Some(node);
                    next.push(successor);
                }
            }
        }
        front = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(inputs: &[usize], outputs: &[usize]) -> Ends {
        Ends { inputs: inputs.to_vec(), outputs: outputs.to_vec() }
    }

    #[test]
    fn writers_come_before_readers_and_else_the_source_decides() {
        let nodes = [ends(&[2], &[3]), ends(&[0], &[1]), ends(&[1], &[2]), ends(&[0], &[4])];
        let order = order(&nodes, &[false; 5]).unwrap();
        assert_eq!(order.nodes, [1, 2, 0, 3]);
        assert_eq!(order.layers, [2, 0, 1, 0]);
        assert_eq!(order.successors, [vec![], vec![2], vec![0], vec![]]);
        assert_eq!(order.n_predecessors, [1, 0, 1, 0]);
    }

    #[test]
    fn a_node_that_reads_a_dataset_twice_waits_for_it_once() {
        let nodes = [ends(&[], &[0, 1]), ends(&[0, 0, 1], &[2])];
        let order = order(&nodes, &[true; 3]).unwrap();
        assert_eq!(order.successors[0], [1]);
        assert_eq!(order.n_predecessors[1], 1);
    }

    #[test]
    fn a_circle_is_found_behind_a_tail_and_without_it() {
        // 0 waits for the circle 1 -> 2 -> 3 -> 1 but does not lie on it.
        let nodes = [ends(&[3], &[4]), ends(&[3], &[1]), ends(&[1], &[2]), ends(&[2], &[3])];
        assert_eq!(order(&nodes, &[false; 5]).unwrap_err(), Cycle { nodes: vec![1, 2, 3] });
    }

    #[test]
    fn a_node_that_reads_its_own_output_is_a_circle_of_one() {
        assert_eq!(order(&[ends(&[0], &[0])], &[true]).unwrap_err(), Cycle { nodes: vec![0] });
    }
}
