//! The runners that execute nodes in this process.

use std::sync::Arc;

use pipeline_core::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// A runner, and how many nodes it may execute at a time.
pub(crate) struct Tried {
    pub(crate) name: String,
    pub(crate) runner: Box<dyn Runner + Sync>,
    pub(crate) max_workers: usize,
}

impl Tried {
    pub(crate) fn new(name: &str, max_workers: usize, runner: impl Runner + Sync + 'static) -> Self {
        Self { name: format!("{name}, {max_workers} workers"), runner: Box::new(runner), max_workers }
    }
}

pub(crate) fn runners() -> Vec<Tried> {
    let mut all = vec![Tried::new("SequentialRunner", 1, SequentialRunner::new())];
    for n in 1..=8 {
        all.push(Tried::new("ThreadRunner", n, ThreadRunner::new().max_workers(n)));
        let pool =
            || -> Arc<ThreadPool> { Arc::new(ThreadPoolBuilder::new().num_threads(n).build().expect("threads")) };
        all.push(Tried::new("ParallelRunner in a pool", n, ParallelRunner::new().in_pool(pool())));
        let two_more = ThreadPoolBuilder::new().num_threads(n + 2).build().expect("threads");
        let limited = ParallelRunner::new().in_pool(two_more).max_workers(n);
        all.push(Tried::new("ParallelRunner in a larger pool", n, limited));
    }
    all.push(Tried::new("ThreadRunner", usize::MAX, ThreadRunner::new()));
    all.push(Tried::new("ParallelRunner", usize::MAX, ParallelRunner::new()));
    all
}
