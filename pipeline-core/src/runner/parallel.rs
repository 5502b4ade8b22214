//! Nodes on rayon's work-stealing pool.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::{Scope, ThreadPool};

use super::{Runner, Workers};
use crate::dag::{Node, NodeId};
use crate::{Error, Run};

/// Executes nodes on rayon's work-stealing pool: each as soon as the nodes that it waits for are done.
///
/// It runs in the pool of the calling thread, the global one outside of any pool, or in [one of your own](Self::in_pool); a node's
/// own `par_iter` runs in the same pool. Outside of a pool the calling thread works too, and where only one node can run at a time, no
/// other is woken. After an error nothing new starts; what runs is let finish, and the first error is returned. A node that waits to be
/// tried again keeps its thread of the pool waiting: where many may, [`ThreadRunner`](crate::ThreadRunner) is the better one.
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
        match &self.pool {
            Some(pool) => pool.install(|| execute(run, limit)),
            None => execute(run, limit),
        }
    }
}

/// Executes all nodes, in the pool of the calling thread.
fn execute(run: &Run<'_>, limit: Option<usize>) -> Result<(), Error> {
    let n_threads = rayon::current_num_threads();
    let n_workers = limit.unwrap_or(n_threads).min(n_threads);
    let roots: Vec<NodeId> = run.dag().nodes().filter(|node| node.n_predecessors() == 0).map(Node::id).collect();
    let is_serial = roots.len() < 2 && run.dag().nodes().all(|node| node.successors().len() < 2);
    if n_workers == 1 || is_serial {
        return run.execute_in_order();
    }
    let progress = Progress {
        run,
        n_workers,
        waits_for: run.dag().nodes().map(|node| AtomicUsize::new(node.n_predecessors())).collect(),
        gate: (n_workers < n_threads).then(Mutex::default),
        failed: AtomicBool::new(false),
        error: Mutex::default(),
    };
    rayon::in_place_scope(|scope| progress.begin(roots, scope));
    progress.error.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

struct Progress<'a, 'r> {
    run: &'a Run<'r>,
    n_workers: usize,
    /// For each node, how many others must still be done.
    waits_for: Box<[AtomicUsize]>,
    /// What keeps jobs from being more than workers, where the pool has more threads.
    gate: Option<Mutex<Gate>>,
    failed: AtomicBool,
    error: Mutex<Option<Error>>,
}

#[derive(Default)]
struct Gate {
    n_active: usize,
    waiting: Vec<Block>,
}

/// Nodes that are ready, to be executed by one thread unless another one finds no work.
struct Block {
    nodes: Vec<NodeId>,
    /// More nodes than this are shared between threads. Few nodes, whose cost nobody knows, are shared one by one; of very many, a block
    /// is a small part of all, so that threads end at about the same time and handing it over costs little for each.
    grain: usize,
}

impl<'a> Progress<'a, '_> {
    fn block(&self, nodes: Vec<NodeId>) -> Block {
        const BLOCKS_A_WORKER: usize = 8;
        let grain = (nodes.len() / (BLOCKS_A_WORKER * self.n_workers)).max(1);
        Block { nodes, grain }
    }

    /// The calling thread works on the first block, other threads on what it shares.
    fn begin(&'a self, roots: Vec<NodeId>, scope: &Scope<'a>) {
        let block = self.block(roots);
        match &self.gate {
            None => self.run.within(|| self.execute_block(block, scope)),
            Some(gate) => {
                gate.lock().unwrap_or_else(PoisonError::into_inner).n_active += 1;
                self.execute_until_none_waits(block, scope);
            }
        }
    }

    /// Hands a block over to any thread.
    fn share(&'a self, block: Block, scope: &Scope<'a>) {
        let Some(gate) = &self.gate else {
            return scope.spawn(move |scope| self.run.within(|| self.execute_block(block, scope)));
        };
        let mut gate = gate.lock().unwrap_or_else(PoisonError::into_inner);
        if gate.n_active == self.n_workers {
            gate.waiting.push(block);
        } else {
            gate.n_active += 1;
            drop(gate);
            scope.spawn(move |scope| self.execute_until_none_waits(block, scope));
        }
    }

    /// Executes a block, and then blocks that wait because there are as many jobs as workers.
    fn execute_until_none_waits(&'a self, block: Block, scope: &Scope<'a>) {
        let Some(gate) = &self.gate else { return };
        let mut next = Some(block);
        while let Some(block) = next {
            self.run.within(|| self.execute_block(block, scope));
            let mut gate = gate.lock().unwrap_or_else(PoisonError::into_inner);
            next = gate.waiting.pop();
            if next.is_none() {
                gate.n_active -= 1;
            }
        }
    }

    /// Executes nodes, and after each of them those that it made ready.
    fn execute_block(&'a self, mut block: Block, scope: &Scope<'a>) {
        let grain = block.grain;
        while block.nodes.len() > grain {
            let rest = block.nodes.split_off(block.nodes.len().div_ceil(2));
            self.share(Block { nodes: rest, grain }, scope);
        }
        let mut nodes = block.nodes.into_iter();
        while let Some(node) = nodes.next() {
            let mut next = Some(node);
            while let Some(node) = next.take() {
                if !self.execute_node(node) {
                    return;
                }
                let mut others = Vec::new();
                for successor in self.run.dag().node(node).successors() {
                    let is_ready = successor.n_predecessors() == 1
                        || self.waits_for[successor.id().index()].fetch_sub(1, Ordering::AcqRel) == 1;
                    if is_ready && next.is_none() {
                        next = Some(successor.id());
                    } else if is_ready {
                        others.push(successor.id());
                    }
                }
                if !others.is_empty() {
                    self.share(self.block(others), scope);
                }
                // What a node made ready may be much: the rest of the block is for others.
                if next.is_some() && nodes.len() > 0 {
                    self.share(Block { nodes: nodes.by_ref().collect(), grain }, scope);
                }
            }
        }
    }

    /// Executes a node; false if the run is over.
    fn execute_node(&self, node: NodeId) -> bool {
        if self.failed.load(Ordering::Relaxed) {
            return false;
        }
        let Err(error) = self.run.execute_ready(node) else { return true };
        self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.failed.store(true, Ordering::Relaxed);
        self.run.cancel();
        false
    }
}
