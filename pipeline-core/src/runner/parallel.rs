//! Nodes on rayon's work-stealing pool.

mod crew;
mod in_order;
mod pool;
mod stack;

use std::sync::Arc;
use std::time::Duration;

use rayon::ThreadPool;

use self::pool::Pool;
use super::{Runner, Workers};
use crate::{Error, Run};

/// How long a job that a thread in the middle of other work has declined is not offered again: at
/// first, and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_micros(100), Duration::from_millis(5));

/// Executes nodes on rayon's work-stealing pool: each as soon as the nodes that it waits for are done.
///
/// It runs in the pool of the calling thread, the global one outside of any pool, or in [one of
/// your own](Self::in_pool); a node's own `par_iter` runs in the same pool. After an error nothing
/// new starts; what runs is let finish. The error is that of the node that failed, or
/// [`Error::Several`] if nodes that still ran failed too. A node that waits to be tried again keeps
/// its thread of the pool waiting: where many may, [`ThreadRunner`](crate::ThreadRunner) is the
/// better one.
///
/// # Threads
///
/// Nodes are executed on threads of the pool only. A calling thread that is not one of the pool
/// waits, also for a single node; one that is executes nodes too. So the nodes of a run from
/// outside see no thread-locals of the caller, such as the current runtime of tokio: a program
/// hands them its `Handle` as a value, as for [`ThreadRunner`](crate::ThreadRunner#threads).
///
/// A thread that waits in a node's `par_iter` or `join` executes no other node meanwhile: not in
/// the node's time, not under its locks. It may execute parts of another node's `par_iter`, as any
/// thread of rayon's does while it waits.
///
/// Kedro's runner of this name uses processes, as Python must; this one uses threads.
///
/// ```
/// use pipeline_core::prelude::*;
///
/// catalog! { struct Catalog { A: Memory<u64> = Memory::new(2) } }
///
/// fn work(a: u64) -> u64 { a * 21 }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let working = pipeline! { node(work, [A] -> [x]), node(work, [A] -> [y]) };
/// let catalog = Catalog::default();
/// assert_eq!(ParallelRunner::new().run(&working, &catalog)?.x, 42);
///
/// let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
/// assert_eq!(ParallelRunner::new().in_pool(pool).run(&working, &catalog)?.y, 42);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ParallelRunner {
    pool: Option<Arc<ThreadPool>>,
    workers: Workers,
}

impl ParallelRunner {
    /// A parallel runner.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs in this pool.
    #[must_use]
    pub fn in_pool(mut self, pool: impl Into<Arc<ThreadPool>>) -> Self {
        self.pool = Some(pool.into());
        self
    }

    /// How many nodes are executed at a time at most; never more than the pool has threads. None at all is an error when it
    /// runs.
    #[must_use]
    pub fn max_workers(mut self, n_workers: usize) -> Self {
        self.workers = Workers::at_most(n_workers);
        self
    }
}

impl Runner for ParallelRunner {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        let limit = self.workers.limit("ParallelRunner")?;
        let pool = Pool::new(self.pool.as_deref()).map_err(|source| Error::NoThread {
            runner: "ParallelRunner",
            pipeline: run.pipeline().map(str::to_owned),
            source,
        })?;
        let n_threads = pool.n_threads();
        let n_workers = limit.unwrap_or(n_threads).min(n_threads);
        let flow = run.flow();
        if n_workers == 1 || flow.is_serial {
            return in_order::execute(run, &pool);
        }
        crew::execute(run, flow, &pool, n_workers)
    }
}
