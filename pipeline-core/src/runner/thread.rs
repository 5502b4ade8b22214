//! Nodes on threads of their own.

#![expect(unsafe_code, reason = "a node is executed without asking the run for its order, which is kept here")]

use std::collections::BTreeSet;
use std::io;
use std::panic::resume_unwind;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, Scope};

use super::{Failures, Runner, Workers};
use crate::dag::{Node, NodeId};
use crate::panics::discard;
use crate::{Error, Run};

/// Executes nodes on plain threads, each as soon as the nodes that it waits for are done: for nodes that block, as on a network or a
/// database.
///
/// Threads are started when there is a node for them, up to [`max_workers`](Self::max_workers), by
/// default as many as there are nodes. Where the system has fewer, fewer nodes run at a time; where
/// it has none, that is an error. Of several nodes that are ready, the first in the order of the
/// DAG is taken, so one worker executes them as `SequentialRunner` does. After an error nothing new
/// starts; what runs is let finish. The error is that of the node that failed, or
/// [`Error::Several`] if nodes that still ran failed too.
///
/// # Threads
///
/// The calling thread executes no node, also of a run with one worker; it waits. So nodes see none
/// of its thread-locals, such as the current runtime of tokio. A program hands them its `Handle` as
/// a value: with the field `handle: Memory<tokio::runtime::Handle>` in the catalog, a node with the
/// input `handle` calls `handle.block_on(…)`.
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
            return on_one_thread(run);
        }
        on_threads(run, "ThreadRunner", max_workers, &Here)
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

/// Executes the nodes one after the other on a thread of their own.
fn on_one_thread(run: &Run<'_>) -> Result<(), Error> {
    std::thread::scope(|scope| {
        let worker = builder().spawn_scoped(scope, || run.execute_in_order());
        let worker = worker.map_err(|source| no_thread(run, "ThreadRunner", source))?;
        worker.join().unwrap_or_else(|payload| resume_unwind(payload))
    })
}

fn builder() -> Builder {
    Builder::new().name("pipeline".to_owned())
}

fn no_thread(run: &Run<'_>, runner: &'static str, source: io::Error) -> Error {
    Error::NoThread { runner, pipeline: run.pipeline().map(str::to_owned), source: source.into() }
}

/// Executes all nodes on so many threads at most, each as soon as it can be. The calling one only
/// waits for them.
pub(super) fn on_threads(
    run: &Run<'_>,
    runner: &'static str,
    max_workers: usize,
    hands: &impl Hands,
) -> Result<(), Error> {
    let waits_for: Vec<usize> = run.dag().nodes().map(Node::n_predecessors).collect();
    let ready = run.dag().nodes().filter(|node| node.n_predecessors() == 0).map(Node::id).collect();
    let progress =
        Progress { ready, waits_for, n_left: run.dag().len(), n_workers: 1, n_idle: 0, failures: Failures::default() };
    let work = Work { run, hands, max_workers, progress: Mutex::new(progress), changed: Condvar::new() };
    std::thread::scope(|scope| work.start(scope)).map_err(|source| no_thread(run, runner, source))?;
    let progress = work.progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    progress.failures.into_result(run)
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
    failures: Failures,
}

impl Progress {
    fn is_over(&self) -> bool {
        self.n_left == 0 || !self.failures.is_empty()
    }
}

impl<H: Hands> Work<'_, '_, H> {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a thread that takes part.
    fn start<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) -> io::Result<()> {
        let body = move || self.run.within(|| self.take_part(scope));
        builder().spawn_scoped(scope, body).map(drop)
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
                    let follows = progress.failures.add(error);
                    drop(progress);
                    self.run.cancel();
                    discard(follows);
                    progress = self.lock();
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
            if self.start(scope).is_err() {
                return;
            }
            progress.n_workers += 1;
        }
    }
}
