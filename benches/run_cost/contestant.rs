//! What is measured: something that runs a DAG, in some place.

use std::collections::HashMap;
use std::fmt;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::graph::Graph;

/// Something that runs DAGs: a runner of ours, code written by hand, or a peer.
pub(crate) trait Contestant {
    fn name(&self) -> &'static str;

    /// Whether it uses more than one thread if it may.
    fn is_parallel(&self) -> bool;

    /// What runs this DAG, if the contestant can.
    fn prepare(&self, graph: &Graph, place: Place) -> Option<Prepared>;

    /// Runs a chain of [blocks](crate::blocks); false if the contestant has none.
    fn run_blocks(&self) -> bool;
}

/// Where a run starts. It may use so many threads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// On a thread of the pool that executes nodes; for what needs no pool, on any thread.
    Inside(usize),
    /// On a thread that belongs to no pool, so that each run has to enter one.
    Outside(usize),
}

impl Place {
    pub(crate) fn n_threads(self) -> usize {
        let (Self::Inside(n_threads) | Self::Outside(n_threads)) = self;
        n_threads
    }
}

/// Runs a DAG so many times, and tells how long that took and what the last run returned.
pub(crate) type Prepared = Box<dyn FnMut(usize) -> Batch>;

/// Some runs of one DAG.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    pub(crate) elapsed: Duration,
    /// The sum of the outputs.
    pub(crate) sum: u64,
}

/// Runs something so many times on this thread.
pub(crate) fn batch(n_runs: usize, mut run: impl FnMut() -> u64) -> Batch {
    let start = Instant::now();
    let sum = (0..n_runs).fold(0, |_, _| run());
    Batch { elapsed: start.elapsed(), sum }
}

/// What runs on this thread alone.
pub(crate) fn on_this_thread(mut run: impl FnMut() -> u64 + 'static) -> Prepared {
    Box::new(move |n_runs| batch(n_runs, &mut run))
}

/// What uses the rayon pool in which it is called, the global one outside of any.
pub(crate) fn with_rayon(place: Place, mut run: impl FnMut() -> u64 + Send + 'static) -> Prepared {
    match place {
        Place::Inside(n_threads) => {
            let pool = pool(n_threads);
            Box::new(move |n_runs| pool.install(|| batch(n_runs, &mut run)))
        }
        Place::Outside(_) => on_this_thread(run),
    }
}

/// One pool for each number of threads, for all contestants.
fn pool(n_threads: usize) -> &'static ThreadPool {
    static POOLS: LazyLock<Mutex<HashMap<usize, &'static ThreadPool>>> = LazyLock::new(Mutex::default);
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    pools.entry(n_threads).or_insert_with(|| {
        let pool = ThreadPoolBuilder::new().num_threads(n_threads).build().expect("the system has threads");
        Box::leak(Box::new(pool))
    })
}

impl fmt::Debug for dyn Contestant + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
