//! Our runners, on pipelines that are written with `pipeline!`.

use pipeline_core::RunOptions;
use pipeline_core::hook::Hook;
use pipeline_core::prelude::*;

use crate::blocks::{Block, first_block, next_block};
use crate::contestant::{Contestant, Place, Prepared};
use crate::functions::START;
use crate::graph::Graph;

/// Our runners. A new one is a line here.
pub(crate) fn runners() -> Vec<Ours> {
    let in_order: Make = |_| Box::new(SequentialRunner::new());
    vec![
        Ours::sequential("SequentialRunner", in_order),
        Ours::sequential("with a report", in_order).reporting(RunOptions::new),
        Ours::sequential("with an idle hook", in_order).reporting(|| RunOptions::new().hook(&Idle)),
        Ours::parallel("ParallelRunner", |_| Box::new(ParallelRunner::new())),
        Ours::parallel("ThreadRunner", |n_threads| Box::new(ThreadRunner::new().max_workers(n_threads))),
    ]
}

/// Makes a runner for so many threads, if it has threads of its own; otherwise it is called in a pool of so many.
type Make = fn(usize) -> Box<dyn Runner + Send + Sync>;

pub(crate) struct Ours {
    name: &'static str,
    is_parallel: bool,
    runner: Make,
    /// For runs that report: with which options.
    options: Option<fn() -> RunOptions<'static>>,
}

impl Ours {
    fn sequential(name: &'static str, runner: Make) -> Self {
        Self { name, is_parallel: false, runner, options: None }
    }

    fn parallel(name: &'static str, runner: Make) -> Self {
        Self { name, is_parallel: true, runner, options: None }
    }

    fn reporting(self, options: fn() -> RunOptions<'static>) -> Self {
        Self { options: Some(options), ..self }
    }
}

/// A hook that does nothing.
struct Idle;

impl Hook for Idle {}

impl Contestant for Ours {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_parallel(&self) -> bool {
        self.is_parallel
    }

    fn prepare(&self, graph: &Graph, place: Place) -> Option<Prepared> {
        generated::prepare(graph, self, place)
    }

    fn run_blocks(&self) -> bool {
        let runner = (self.runner)(2);
        let last = match self.options {
            None => Some(runner.run(&blocks(), &Catalog::default()).expect("it runs").b19),
            Some(options) => runner.run_with(&blocks(), &Catalog::default(), &options()).expect("it runs").outputs.b19,
        };
        last.is_some_and(|block| block.is_last())
    }
}

pub(crate) struct Params {
    pub(crate) start: u64,
}

catalog! {
    pub(crate) struct Catalog {
        params: Params = Params { start: START },
    }
}

pipeline! {
    pub(crate) blocks for Catalog {
        node(first_block, [] -> [b0]),
        node(next_block, [b0] -> [b1]),
        node(next_block, [b1] -> [b2]),
        node(next_block, [b2] -> [b3]),
        node(next_block, [b3] -> [b4]),
        node(next_block, [b4] -> [b5]),
        node(next_block, [b5] -> [b6]),
        node(next_block, [b6] -> [b7]),
        node(next_block, [b7] -> [b8]),
        node(next_block, [b8] -> [b9]),
        node(next_block, [b9] -> [b10]),
        node(next_block, [b10] -> [b11]),
        node(next_block, [b11] -> [b12]),
        node(next_block, [b12] -> [b13]),
        node(next_block, [b13] -> [b14]),
        node(next_block, [b14] -> [b15]),
        node(next_block, [b15] -> [b16]),
        node(next_block, [b16] -> [b17]),
        node(next_block, [b17] -> [b18]),
        node(next_block, [b18] -> [b19: Block]),
    }
}

/// The pipelines of all shapes and sizes.
mod generated {
    #![expect(clippy::too_many_lines, reason = "they are generated")]

    use pipeline_core::Outputs;
    use pipeline_core::prelude::*;

    use super::{Catalog, Ours};
    use crate::contestant::{Place, Prepared, with_rayon};
    use crate::functions::{Work, one, sleep, spin, two};
    use crate::graph::Graph;
    use crate::shape::Shape;

    /// What a run returns or reports.
    trait Sum {
        fn sum(&self) -> u64;
    }

    fn prepared<O>(pipeline: Pipeline<Catalog, O>, ours: &Ours, place: Place) -> Prepared
    where
        O: Outputs<Partial: Sum> + Sum + 'static,
    {
        let catalog = Catalog::default();
        let runner = (ours.runner)(place.n_threads());
        let Some(options) = ours.options else {
            return with_rayon(place, move || runner.run(&pipeline, &catalog).expect("it runs").sum());
        };
        let options = options();
        with_rayon(place, move || runner.run_with(&pipeline, &catalog, &options).expect("it starts").outputs.sum())
    }

    include!(concat!(env!("OUT_DIR"), "/pipelines.rs"));
}
