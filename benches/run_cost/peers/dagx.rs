//! The crate `dagx`, on tokio.

#![expect(clippy::unused_async, reason = "the macro wants functions that are")]

use std::sync::Arc;
use std::time::Instant;

use dagx::{DagRunner, Task, TaskHandle, task};
use futures::future::BoxFuture;
use tokio::runtime::{Builder, Runtime};

use crate::blocks::{Block, N_BLOCKS, first_block, next_block};
use crate::contestant::{Batch, Contestant, Place, Prepared, on_this_thread};
use crate::functions::{START, two};
use crate::graph::Graph;

/// Its DAGs run once, so each run makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dagx;

impl Contestant for Dagx {
    fn name(&self) -> &'static str {
        "dagx"
    }

    fn is_parallel(&self) -> bool {
        true
    }

    fn prepare(&self, graph: &Graph, place: Place) -> Option<Prepared> {
        let plan =
            Arc::new(Plan { inputs: graph.inputs.clone(), outputs: graph.outputs.clone(), one: graph.work.one() });
        let runtime = runtime(place.n_threads());
        Some(match place {
            Place::Inside(1) => Box::new(move |n_runs| runtime.block_on(plan.runs(n_runs))),
            Place::Inside(_) => Box::new(move |n_runs| {
                let plan = Arc::clone(&plan);
                let runs = runtime.spawn(async move { plan.runs(n_runs).await });
                runtime.block_on(runs).expect("it does not panic")
            }),
            Place::Outside(_) => on_this_thread(move || runtime.block_on(plan.run())),
        })
    }

    fn run_blocks(&self) -> bool {
        runtime(2).block_on(async {
            let dag = DagRunner::new();
            let mut last: TaskHandle<Block> = dag.add_task(First).into();
            for _ in 1..N_BLOCKS {
                last = dag.add_task(Next).depends_on(last);
            }
            dag.run(spawn).await.expect("it runs");
            dag.get(last).expect("it ran").is_last()
        })
    }
}

struct Plan {
    inputs: Vec<Vec<usize>>,
    outputs: Vec<usize>,
    one: fn(u64) -> u64,
}

impl Plan {
    async fn runs(&self, n_runs: usize) -> Batch {
        let start = Instant::now();
        let mut sum = 0;
        for _ in 0..n_runs {
            sum = self.run().await;
        }
        Batch { elapsed: start.elapsed(), sum }
    }

    async fn run(&self) -> u64 {
        let dag = DagRunner::new();
        let start: TaskHandle<u64> = dag.add_task(Start).into();
        let mut nodes: Vec<TaskHandle<u64>> = Vec::new();
        for inputs in &self.inputs {
            let node = match inputs[..] {
                [] => dag.add_task(One(self.one)).depends_on(start),
                [input] => dag.add_task(One(self.one)).depends_on(nodes[input]),
                [first, second, ..] => dag.add_task(Two).depends_on((&nodes[first], &nodes[second])),
            };
            nodes.push(node);
        }
        dag.run(spawn).await.expect("it runs");
        let value = |output: usize| dag.get(nodes[output]).expect("it ran");
        self.outputs.iter().fold(0, |sum: u64, &output| sum.wrapping_add(value(output)))
    }
}

fn spawn(future: BoxFuture<'static, ()>) {
    drop(tokio::spawn(future));
}

fn runtime(n_threads: usize) -> Runtime {
    let mut builder = if n_threads == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.worker_threads(n_threads).build().expect("the system has threads")
}

struct Start;

#[task]
impl Start {
    async fn run(&self) -> u64 {
        START
    }
}

struct One(fn(u64) -> u64);

#[task]
impl One {
    async fn run(&self, x: &u64) -> u64 {
        (self.0)(*x)
    }
}

struct Two;

#[task]
impl Two {
    async fn run(x: &u64, y: &u64) -> u64 {
        two(*x, *y)
    }
}

struct First;

#[task]
impl First {
    async fn run(&self) -> Block {
        first_block()
    }
}

struct Next;

#[task]
impl Next {
    async fn run(before: &Block) -> Block {
        next_block(before)
    }
}
