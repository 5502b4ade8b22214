//! The crate `pondrs`.

use pondrs::datasets::{MemoryDataset, Param};
use pondrs::{Dataset as _, DynSteps, Node, ParallelRunner, PondError, Runner as _, SequentialRunner, Step as _};
use serde::Serialize;

use crate::blocks::{Block, N_BLOCKS, first_block, next_block};
use crate::contestant::{Contestant, Place, Prepared, with_rayon};
use crate::functions::{START, two};
use crate::graph::Graph;

/// One of its runners.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pondrs {
    pub(crate) is_parallel: bool,
}

impl Contestant for Pondrs {
    fn name(&self) -> &'static str {
        if self.is_parallel { "pondrs, parallel" } else { "pondrs, sequential" }
    }

    fn is_parallel(&self) -> bool {
        self.is_parallel
    }

    fn prepare(&self, graph: &Graph, place: Place) -> Option<Prepared> {
        // On one thread its parallel runner waits for itself forever.
        if self.is_parallel && place.n_threads() == 1 {
            return None;
        }
        // Its nodes borrow their datasets.
        let catalog = &*Box::leak(Box::new(Catalog::<u64>::new(graph.n_nodes)));
        let params = &*Box::leak(Box::new(Params { start: Param(START) }));
        let nodes = nodes(graph, catalog, params);
        let outputs = graph.outputs.clone();
        let runner = *self;
        Some(with_rayon(place, move || {
            runner.run(&nodes, catalog, params, place.n_threads());
            let value = |output: usize| catalog.values[output].load().expect("a node wrote it");
            outputs.iter().fold(0, |sum: u64, &output| sum.wrapping_add(value(output)))
        }))
    }

    fn run_blocks(&self) -> bool {
        let catalog = Catalog::<Block>::new(N_BLOCKS);
        let values = &catalog.values;
        let first = Node { name: "0", input: (), output: (&values[0],), func: || (first_block(),) };
        let mut nodes: DynSteps<'_> = vec![first.boxed()];
        for place in 1..N_BLOCKS {
            let (input, output) = ((&values[place - 1],), (&values[place],));
            let func = |before: Block| (next_block(&before),);
            nodes.push(Node { name: place.to_string(), input, output, func }.boxed());
        }
        self.run(&nodes, &catalog, &Params { start: Param(START) }, 2);
        values.last().is_some_and(|value| value.load().is_ok_and(|block| block.is_last()))
    }
}

impl Pondrs {
    fn run(self, nodes: &DynSteps<'_>, catalog: &impl Serialize, params: &Params, n_threads: usize) {
        let result = if self.is_parallel {
            ParallelRunner::new(n_threads).run::<PondError>(nodes, catalog, params, &())
        } else {
            SequentialRunner.run::<PondError>(nodes, catalog, params, &())
        };
        result.expect("it runs");
    }
}

#[derive(Serialize)]
#[serde(bound = "")]
struct Catalog<T: Clone> {
    values: Vec<MemoryDataset<T>>,
}

impl<T: Clone> Catalog<T> {
    fn new(n_nodes: usize) -> Self {
        Self { values: (0..n_nodes).map(|_| MemoryDataset::new()).collect() }
    }
}

#[derive(Serialize)]
struct Params {
    start: Param<u64>,
}

fn nodes(graph: &Graph, catalog: &'static Catalog<u64>, params: &'static Params) -> DynSteps<'static> {
    let one = graph.work.one();
    let func = move |x: u64| (one(x),);
    let values = &catalog.values;
    let node = |(node, inputs): (usize, &Vec<usize>)| {
        let name = node.to_string();
        let output = (&values[node],);
        match inputs[..] {
            [] => Node { name, input: (&params.start,), output, func }.boxed(),
            [input] => Node { name, input: (&values[input],), output, func }.boxed(),
            [first, second, ..] => {
                let input = (&values[first], &values[second]);
                Node { name, input, output, func: |x: u64, y: u64| (two(x, y),) }.boxed()
            }
        }
    };
    graph.inputs.iter().enumerate().map(node).collect()
}
