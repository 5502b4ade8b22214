//! The crate `dag_exec`.

use std::sync::Arc;

use dag_exec::{Dag, DagBuilder, Executor, ExecutorConfig};

use crate::blocks::{Block, N_BLOCKS, first_block, next_block};
use crate::contestant::{Contestant, Place, Prepared, on_this_thread};
use crate::functions::{START, two};
use crate::graph::Graph;

/// Its sequential run, or the one on threads, which it starts for each run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DagExec {
    pub(crate) is_parallel: bool,
}

impl Contestant for DagExec {
    fn name(&self) -> &'static str {
        if self.is_parallel { "dag_exec, parallel" } else { "dag_exec, sequential" }
    }

    fn is_parallel(&self) -> bool {
        self.is_parallel
    }

    fn prepare(&self, graph: &Graph, place: Place) -> Option<Prepared> {
        let dag = dag(graph);
        let outputs = graph.outputs.clone();
        let Self { is_parallel } = *self;
        let executor = executor(place.n_threads());
        Some(on_this_thread(move || {
            let keys = outputs.iter().copied();
            let values =
                if is_parallel { executor.run_parallel(&dag, keys) } else { executor.run_sequential(&dag, keys) };
            values.expect("it runs").values().fold(0, |sum, value| sum.wrapping_add(**value))
        }))
    }

    fn run_blocks(&self) -> bool {
        let mut builder = DagBuilder::<usize, Block, ()>::new();
        builder.add_task(0, Vec::new(), |_: &[Arc<Block>]| Ok(first_block())).expect("the key is new");
        for node in 1..N_BLOCKS {
            let next = |before: &[Arc<Block>]| Ok(next_block(&before[0]));
            builder.add_task(node, vec![node - 1], next).expect("the key is new");
        }
        let dag = builder.build().expect("all inputs are there");
        let last = N_BLOCKS - 1;
        let executor = executor(2);
        let values =
            if self.is_parallel { executor.run_parallel(&dag, [last]) } else { executor.run_sequential(&dag, [last]) };
        values.expect("it runs")[&last].is_last()
    }
}

fn executor(n_threads: usize) -> Executor {
    Executor::new(ExecutorConfig { max_workers: n_threads, max_in_flight: 2 * n_threads, ..ExecutorConfig::default() })
}

fn dag(graph: &Graph) -> Dag<usize, u64, ()> {
    let mut builder = DagBuilder::new();
    let start = graph.n_nodes;
    builder.add_source(start, START).expect("the key is new");
    let one = graph.work.one();
    for (node, inputs) in graph.inputs.iter().enumerate() {
        let added = match inputs[..] {
            [] => builder.add_task(node, vec![start], move |values: &[Arc<u64>]| Ok(one(*values[0]))),
            [input] => builder.add_task(node, vec![input], move |values: &[Arc<u64>]| Ok(one(*values[0]))),
            [first, second, ..] => {
                builder.add_task(node, vec![first, second], |values: &[Arc<u64>]| Ok(two(*values[0], *values[1])))
            }
        };
        added.expect("the key is new");
    }
    builder.build().expect("all inputs are there")
}
