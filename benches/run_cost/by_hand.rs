//! What one would write by hand: straight-line calls, and a DAG on rayon's scope.

use std::hint::black_box;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::blocks::{N_BLOCKS, first_block, next_block};
use crate::contestant::{Contestant, Place, Prepared, on_this_thread, with_rayon};
use crate::functions::{START, two};
use crate::graph::Graph;

/// A call for each node, one after the other, with the values in variables: the floor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StraightLine;

impl Contestant for StraightLine {
    fn name(&self) -> &'static str {
        "straight-line calls"
    }

    fn is_parallel(&self) -> bool {
        false
    }

    fn prepare(&self, graph: &Graph, _: Place) -> Option<Prepared> {
        let calls = generated::find(graph)?;
        Some(on_this_thread(move || black_box(calls(black_box(START)))))
    }

    fn run_blocks(&self) -> bool {
        (1..N_BLOCKS).fold(first_block(), |before, _| next_block(&before)).is_last()
    }
}

mod generated {
    #![expect(clippy::too_many_lines, reason = "they are generated")]

    use crate::functions::{Work, one, sleep, spin, two};
    use crate::graph::Graph;
    use crate::shape::Shape;

    include!(concat!(env!("OUT_DIR"), "/straight.rs"));
}

/// Counts for each node the inputs that it still waits for. Who completes a node goes on with the first that this makes ready, and
/// leaves the others to any thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RayonByHand;

impl Contestant for RayonByHand {
    fn name(&self) -> &'static str {
        "rayon by hand"
    }

    fn is_parallel(&self) -> bool {
        true
    }

    fn prepare(&self, graph: &Graph, place: Place) -> Option<Prepared> {
        let dag = Dag::new(graph);
        Some(with_rayon(place, move || dag.run()))
    }

    fn run_blocks(&self) -> bool {
        false
    }
}

struct Dag {
    nodes: Vec<Node>,
    /// The readers of all nodes, one after the other.
    readers: Vec<usize>,
    /// The nodes that wait for none.
    first: Vec<usize>,
    outputs: Vec<usize>,
    work: fn(u64) -> u64,
}

struct Node {
    inputs: Inputs,
    readers: Range<usize>,
    waits_for: AtomicUsize,
    value: AtomicU64,
}

#[derive(Clone, Copy)]
enum Inputs {
    Start,
    One(usize),
    Two(usize, usize),
}

impl Inputs {
    fn len(self) -> usize {
        match self {
            Self::Start => 0,
            Self::One(_) => 1,
            Self::Two(..) => 2,
        }
    }
}

impl Dag {
    fn new(graph: &Graph) -> Self {
        let mut readers_of = vec![Vec::new(); graph.n_nodes];
        for (node, inputs) in graph.inputs.iter().enumerate() {
            for &input in inputs {
                readers_of[input].push(node);
            }
        }
        let mut readers = Vec::new();
        let mut nodes = Vec::new();
        for (inputs, readers_of_node) in graph.inputs.iter().zip(readers_of) {
            let inputs = match inputs[..] {
                [] => Inputs::Start,
                [input] => Inputs::One(input),
                [first, second, ..] => Inputs::Two(first, second),
            };
            let from = readers.len();
            readers.extend(readers_of_node);
            nodes.push(Node {
                inputs,
                readers: from..readers.len(),
                waits_for: AtomicUsize::new(inputs.len()),
                value: AtomicU64::new(0),
            });
        }
        let first = (0..graph.n_nodes).filter(|&node| graph.inputs[node].is_empty()).collect();
        Self { nodes, readers, first, outputs: graph.outputs.clone(), work: graph.work.one() }
    }

    fn run(&self) -> u64 {
        rayon::scope(|scope| {
            let Some((&own, others)) = self.first.split_first() else { return };
            for &other in others {
                scope.spawn(move |scope| self.execute_from(other, scope));
            }
            self.execute_from(own, scope);
        });
        self.outputs.iter().fold(0, |sum, &output| sum.wrapping_add(self.value(output)))
    }

    fn execute_from<'d>(&'d self, first: usize, scope: &rayon::Scope<'d>) {
        let mut next = Some(first);
        while let Some(ready) = next.take() {
            let node = &self.nodes[ready];
            let value = match node.inputs {
                Inputs::Start => (self.work)(START),
                Inputs::One(input) => (self.work)(self.value(input)),
                Inputs::Two(first, second) => two(self.value(first), self.value(second)),
            };
            node.value.store(value, Ordering::Relaxed);
            // For the next run.
            node.waits_for.store(node.inputs.len(), Ordering::Relaxed);
            for &reader in &self.readers[node.readers.clone()] {
                if self.nodes[reader].waits_for.fetch_sub(1, Ordering::AcqRel) != 1 {
                    continue;
                }
                if next.is_none() {
                    next = Some(reader);
                } else {
                    scope.spawn(move |scope| self.execute_from(reader, scope));
                }
            }
        }
    }

    /// Whoever reads it has counted down after it was written.
    fn value(&self, node: usize) -> u64 {
        self.nodes[node].value.load(Ordering::Relaxed)
    }
}
