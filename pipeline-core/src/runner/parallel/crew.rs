//! The threads that execute the nodes of one run together.
//!
//! Each has a [`Deque`] of nodes that it made ready. It goes on with the first that a node makes ready, leaves the others where all can
//! take them, and takes from others when it has none left. So while a node runs, every other one that could run is there for whoever is
//! idle. A thread that finds nothing leaves the crew, and who leaves nodes to others calls one for help, if there may be more.

#![expect(unsafe_code, reason = "nodes are executed without asking the run for their order, which is kept here")]

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rayon::Scope;

use crate::dag::flow::Flow;
use crate::memory::State;
use crate::panics::caught;
use crate::runner::deque::Deque;
use crate::{Error, Run};

/// A node that waits for so many others can stand in no DAG, so these say what became of one.
const COMPLETED: u32 = u32::MAX;
const FAILED: u32 = u32::MAX - 1;

pub(super) struct Crew<'a, 'r> {
    run: &'a Run<'r>,
    flow: &'a Flow,
    /// Whether nodes need only be called, and this knows what became of them.
    is_bare: bool,
    /// For each node, how many others must still be done; then, what became of it.
    waits_for: Box<[AtomicU32]>,
    /// For each worker that there may be, what it made ready. Made when it comes.
    ready: Box<[OnceLock<Deque>]>,
    n_workers: AtomicUsize,
    /// Which workers are not there.
    absent: Mutex<Vec<usize>>,
    is_over: AtomicBool,
    error: Mutex<Option<Error>>,
}

/// Executes all nodes on so many threads at most: the calling one, and those of the pool that come for help.
pub(super) fn execute(run: &Run<'_>, flow: &Flow, max_workers: usize) -> Result<(), Error> {
    let crew = Crew {
        run,
        flow,
        is_bare: run.begin_each(),
        waits_for: flow.n_predecessors.iter().map(|&n| AtomicU32::new(n)).collect(),
        ready: (0..max_workers).map(|_| OnceLock::new()).collect(),
        n_workers: AtomicUsize::new(1),
        absent: Mutex::new((1..max_workers).rev().collect()),
        is_over: AtomicBool::new(false),
        error: Mutex::default(),
    };
    rayon::in_place_scope(|scope| {
        // The first is taken first, and others begin at the end.
        crew.leave_to_others(crew.own(0), crew.flow.roots.iter().rev().copied(), scope);
        crew.work(0, scope);
    });
    let error = crew.error.into_inner().unwrap_or_else(PoisonError::into_inner);
    if crew.is_bare {
        run.end_each(error.is_some().then_some(|node: usize| match crew.waits_for[node].load(Ordering::Relaxed) {
            COMPLETED => State::Completed,
            FAILED => State::Failed,
            _ => State::Waiting,
        }));
    }
    error.map_or(Ok(()), Err)
}

impl<'a> Crew<'a, '_> {
    /// What this worker made ready.
    fn own(&self, worker: usize) -> &Deque {
        self.ready[worker].get_or_init(|| Deque::new(self.waits_for.len()))
    }

    /// Executes nodes until there are none for this worker.
    fn work(&'a self, mut worker: usize, scope: &Scope<'a>) {
        loop {
            let own = self.own(worker);
            let mut next = |done: Option<usize>| self.next(done, own, worker, scope);
            // SAFETY: a node is named when the counts of all that it waits for have come to nothing, once, and those counts and the deques
            // synchronise the threads.
            let execute = || unsafe { self.run.execute_each(self.is_bare, &mut next) };
            if let Err((node, error)) = self.run.within(execute) {
                self.fail(node, error);
            }
            self.absent().push(worker);
            self.n_workers.fetch_sub(1, Ordering::AcqRel);
            // Who leaves a node to others from here on sees that this worker is gone; one that was left before is seen now.
            if self.is_over.load(Ordering::Relaxed) || self.is_all_taken() {
                return;
            }
            let Some(again) = self.join() else { return };
            worker = again;
        }
    }

    /// The next node for a worker that has done one, or has just come.
    fn next(&'a self, done: Option<usize>, own: &Deque, worker: usize, scope: &Scope<'a>) -> Option<usize> {
        let next = done.and_then(|done| self.complete(done, own, scope));
        if self.is_over.load(Ordering::Relaxed) {
            return None;
        }
        let next = next.or_else(|| own.pop()).or_else(|| self.steal(own, worker, scope))?;
        Some(next as usize)
    }

    /// Counts a node out that is done. Of the nodes that this makes ready, the first is returned, the others are left to all.
    fn complete(&'a self, done: usize, own: &Deque, scope: &Scope<'a>) -> Option<u32> {
        self.waits_for[done].store(COMPLETED, Ordering::Relaxed);
        // What is taken next stands at the end.
        let mut ready = self.flow.successors(done).iter().rev().filter(|successor| {
            !successor.waits_for_others || self.waits_for[successor.node as usize].fetch_sub(1, Ordering::AcqRel) == 1
        });
        let mut next = ready.next()?.node;
        if let Some(successor) = ready.next() {
            let before = std::mem::replace(&mut next, successor.node);
            let others = ready.map(|successor| std::mem::replace(&mut next, successor.node));
            self.leave_to_others(own, std::iter::once(before).chain(others), scope);
        }
        Some(next)
    }

    #[inline(never)]
    fn leave_to_others(&'a self, own: &Deque, nodes: impl IntoIterator<Item = u32>, scope: &Scope<'a>) {
        own.push(nodes);
        self.call_for_help(scope);
    }

    /// Takes a node from another worker. Of those that it has left too, half come along, so that taking them costs each little.
    #[inline(never)]
    fn steal(&'a self, own: &Deque, worker: usize, scope: &Scope<'a>) -> Option<u32> {
        let (before, after) = self.ready.split_at(worker);
        for other in after[1..].iter().chain(before).filter_map(OnceLock::get) {
            let Some((node, n_left)) = other.steal() else { continue };
            own.push((0..n_left / 2).map_while(|_| Some(other.steal()?.0)));
            // Who was called for help is the only one to call another, so that goes on while anyone has nodes left.
            if !self.is_all_taken() {
                self.call_for_help(scope);
            }
            return Some(node);
        }
        None
    }

    /// Whether no worker has left nodes to others.
    fn is_all_taken(&self) -> bool {
        self.ready.iter().filter_map(OnceLock::get).all(Deque::is_empty)
    }

    /// Has another thread come, if there may be more. It will call the next one, if there is more to do than it takes.
    fn call_for_help(&'a self, scope: &Scope<'a>) {
        if self.n_workers.load(Ordering::Relaxed) < self.ready.len()
            && let Some(worker) = self.join()
        {
            scope.spawn(move |scope| self.work(worker, scope));
        }
    }

    /// A place for another worker, if there is one.
    #[cold]
    fn join(&self) -> Option<usize> {
        let worker = self.absent().pop()?;
        // Before it counts, so that who leaves after that looks into it.
        self.own(worker);
        self.n_workers.fetch_add(1, Ordering::AcqRel);
        Some(worker)
    }

    fn absent(&self) -> MutexGuard<'_, Vec<usize>> {
        self.absent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the run with the first error.
    #[cold]
    fn fail(&self, node: usize, error: Error) {
        self.waits_for[node].store(FAILED, Ordering::Relaxed);
        self.is_over.store(true, Ordering::Relaxed);
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        let other = if first.is_some() { Some(error) } else { first.replace(error) };
        drop(first);
        // Not before: a node that is not tried again because of it would be told as the cause.
        self.run.cancel();
        // It may panic when it is dropped.
        drop(caught(|| drop(other)));
    }
}
