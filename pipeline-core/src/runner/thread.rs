//! Nodes on threads of their own.

#![expect(unsafe_code, reason = "a node is executed without asking the run for its order, which is kept here")]

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, Scope};

use super::{Runner, Workers};
use crate::dag::{Node, NodeId};
use crate::{Error, Run};

/// Executes nodes on plain threads, each as soon as the nodes that it waits for are done: for nodes that block, as on a network or a
/// database.
///
/// The calling thread works too; others are started when there is a node for them, up to
/// [`max_workers`](Self::max_workers), by default as many as there are nodes. Of several nodes that are ready, the
/// first in the order of the DAG is taken, so one worker executes them as `SequentialRunner` does. After an error nothing new starts;
/// what runs is let finish, and the first error is returned.
///
/// ```
/// use pipeline_core::prelude::*;
///
/// catalog! { struct Catalog { A: Memory<u64> = Memory::new(2) } }
///
/// fn fetch(a: u64) -> u64 { a * 21 }
///
/// # fn main() -> Result<(), pipeline_core::Error> {
/// let fetching = pipeline! { node(fetch, [A] -> [x]), node(fetch, [A] -> [y]) };
/// let outputs = ThreadRunner::new().max_workers(8).run(&fetching, &Catalog::default())?;
/// assert_eq!((outputs.x, outputs.y), (42, 42));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadRunner {
    workers: Workers,
}

impl ThreadRunner {
    /// A runner with as many threads as there can be work for.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many nodes are executed at a time at most. None at all is an error when it runs.
    #[must_use]
    pub fn max_workers(mut self, n_workers: usize) -> Self {
        self.workers = Workers::at_most(n_workers);
        self
    }
}

impl Runner for ThreadRunner {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        let max_workers = self.workers.limit("ThreadRunner")?.unwrap_or(run.dag().len());
        if max_workers == 1 {
            return run.execute_in_order();
        }
        on_threads(run, max_workers, &Here)
    }
}

/// How the threads of a run execute nodes.
pub(super) trait Hands: Sync {
    /// What each thread has for itself.
    type Hand: Default;
    /// Which of the nodes that are ready the thread takes: the first.
    fn choose(&self, _run: &Run<'_>, ready: &BTreeSet<NodeId>, _hand: &Self::Hand) -> Option<NodeId> {
        ready.first().copied()
    }

    /// # Safety
    ///
    /// All nodes that this one waits for have been executed by `execute`, which returned `Ok`, and that happens before this call.
    unsafe fn execute(&self, run: &Run<'_>, node: NodeId, hand: &mut Self::Hand) -> Result<(), Error>;
    /// The thread has no more to do.
    fn rest(&self, hand: Self::Hand);
}

/// By themselves.
struct Here;

impl Hands for Here {
    type Hand = ();

    unsafe fn execute(&self, run: &Run<'_>, node: NodeId, (): &mut ()) -> Result<(), Error> {
        // SAFETY: as the caller promises.
        unsafe { run.execute_ready(node) }
    }

    fn rest(&self, (): ()) {}
}

/// Executes all nodes on so many threads at most, each as soon as it can be.
pub(super) fn on_threads(run: &Run<'_>, max_workers: usize, hands: &impl Hands) -> Result<(), Error> {
    let waits_for: Vec<usize> = run.dag().nodes().map(Node::n_predecessors).collect();
    let ready = run.dag().nodes().filter(|node| node.n_predecessors() == 0).map(Node::id).collect();
    let progress = Progress { ready, waits_for, n_left: run.dag().len(), n_workers: 1, n_idle: 0, error: None };
    let work = Work { run, hands, max_workers, progress: Mutex::new(progress), changed: Condvar::new() };
    std::thread::scope(|scope| run.within(|| work.take_part(scope)));
    let progress = work.progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    progress.error.map_or(Ok(()), Err)
}

struct Work<'a, 'r, H> {
    run: &'a Run<'r>,
    hands: &'a H,
    max_workers: usize,
    progress: Mutex<Progress>,
    /// There is a node to take, or the run is over.
    changed: Condvar,
}

/// Should a thread be left by a panic, as when an error panics that is dropped, it leaves none of the others waiting.
struct EndOthers<'w, 'a, 'r, H: Hands>(&'w Work<'a, 'r, H>);

impl<H: Hands> Drop for EndOthers<'_, '_, '_, H> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().n_left = 0;
            self.0.changed.notify_all();
        }
    }
}

struct Progress {
    ready: BTreeSet<NodeId>,
    /// For each node, how many others must still be done.
    waits_for: Vec<usize>,
    n_left: usize,
    n_workers: usize,
    n_idle: usize,
    error: Option<Error>,
}

impl Progress {
    fn is_over(&self) -> bool {
        self.n_left == 0 || self.error.is_some()
    }
}

impl<H: Hands> Work<'_, '_, H> {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Executes nodes until there are none left. Whoever takes a node sees to it that others take the rest.
    fn take_part<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        let _others = EndOthers(self);
        let mut hand = H::Hand::default();
        let mut progress = self.lock();
        loop {
            if progress.is_over() {
                self.changed.notify_all();
                drop(progress);
                return self.hands.rest(hand);
            }
            let Some(node) = self.hands.choose(self.run, &progress.ready, &hand) else {
                progress.n_idle += 1;
                progress = self.changed.wait(progress).unwrap_or_else(PoisonError::into_inner);
                progress.n_idle -= 1;
                continue;
            };
            progress.ready.remove(&node);
            self.call_for_help(&mut progress, scope);
            drop(progress);
            // SAFETY: a node is ready when all that it waits for have been counted as done, under the lock of the progress.
            let result = unsafe { self.hands.execute(self.run, node, &mut hand) };
            progress = self.lock();
            match result {
                Ok(()) => self.done(node, &mut progress),
                Err(error) => {
                    progress.error.get_or_insert(error);
                    self.run.cancel();
                }
            }
        }
    }

    fn done(&self, node: NodeId, progress: &mut Progress) {
        progress.n_left -= 1;
        for successor in self.run.dag().node(node).successors().map(Node::id) {
            progress.waits_for[successor.index()] -= 1;
            if progress.waits_for[successor.index()] == 0 {
                progress.ready.insert(successor);
            }
        }
    }

    /// Wakes a thread for each node that is ready, or starts one. If the system has no more threads, there are enough.
    fn call_for_help<'scope>(&'scope self, progress: &mut Progress, scope: &'scope Scope<'scope, '_>) {
        let n_ready = progress.ready.len();
        for _ in 0..n_ready.min(progress.n_idle) {
            self.changed.notify_one();
        }
        let n_wanted = n_ready.saturating_sub(progress.n_idle);
        for _ in 0..n_wanted.min(self.max_workers - progress.n_workers) {
            let body = move || self.run.within(|| self.take_part(scope));
            if Builder::new().name("pipeline".to_owned()).spawn_scoped(scope, body).is_err() {
                return;
            }
            progress.n_workers += 1;
        }
    }
}
