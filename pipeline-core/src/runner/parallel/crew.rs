//! The threads that execute the nodes of one run together.
//!
//! Each has a [`Deque`] of nodes that it made ready. It goes on with the first that a node makes ready, leaves the others where all can
//! take them, and takes from others when it has none left. So while a node runs, every other one that could run is there for whoever is
//! idle. A thread that finds nothing leaves the crew, and who leaves nodes to others calls one for help, if there may be more.
//!
//! Help is a job of the pool. A thread that waits in the middle of other work may take it, and
//! declines (`stack.rs`). The thread that called the runner, if it is not one of the pool, executes
//! no nodes: it offers help again that was declined, so that none is lost while a node runs long.

#![expect(unsafe_code, reason = "nodes are executed without asking the run for their order, which is kept here")]

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rayon::{Scope, Yield};

use super::BACKOFF;
use super::pool::Pool;
use super::stack::{self, Here, Job, Stint};
use crate::dag::flow::Flow;
use crate::memory::State;
use crate::panics::discard;
use crate::runner::Failures;
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
    /// What workers do between two nodes: [`GO_ON`], or one of the others.
    signal: AtomicU8,
    failures: Mutex<Failures>,
    /// Whether the thread that called is one of the pool.
    is_inside: bool,
    bell: Bell,
}

const GO_ON: u8 = 0;
/// A thread has declined to help: it is to be called for again. The thread that called the runner
/// does so; if it is one of the pool, and executes nodes itself, the next worker that is done with
/// a node does.
const CALL_AGAIN: u8 = 1;
/// A node has failed.
const STOP: u8 = 2;

/// How long a thread of the pool that waits for nodes does not look for other jobs.
const LONGEST_PAUSE: Duration = Duration::from_millis(1);
/// How often it looks before it pauses.
const N_LOOKS: u32 = 64;

/// Executes all nodes on so many threads of the pool at most.
pub(super) fn execute(run: &Run<'_>, flow: &Flow, pool: &Pool<'_>, max_workers: usize) -> Result<(), Error> {
    let crew = Crew {
        run,
        flow,
        is_bare: run.begin_each(),
        waits_for: flow.n_predecessors.iter().map(|&n| AtomicU32::new(n)).collect(),
        ready: (0..max_workers).map(|_| OnceLock::new()).collect(),
        n_workers: AtomicUsize::new(0),
        absent: Mutex::new((0..max_workers).rev().collect()),
        signal: AtomicU8::new(GO_ON),
        failures: Mutex::default(),
        is_inside: pool.is_inside,
        bell: Bell::default(),
    };
    pool.in_place_scope(|scope| if crew.is_inside { crew.begin_here(scope) } else { crew.begin_there(scope) });
    let result = crew.failures.into_inner().unwrap_or_else(PoisonError::into_inner).into_result(run);
    if crew.is_bare {
        run.end_each(result.is_err().then_some(|node: usize| match crew.waits_for[node].load(Ordering::Relaxed) {
            COMPLETED => State::Completed,
            FAILED => State::Failed,
            _ => State::Waiting,
        }));
    }
    result
}

impl<'a, 'r> Crew<'a, 'r>
where
    'r: 'a,
{
    /// What this worker made ready.
    fn own(&self, worker: usize) -> &Deque {
        self.ready[worker].get_or_init(|| Deque::new(self.waits_for.len()))
    }

    /// Executes all nodes, on a thread of the pool that works too.
    fn begin_here(&'a self, scope: &Scope<'a>) {
        // Also while it waits for other workers: a job of the crew that it takes then may be inside
        // of another one.
        let _stint = Stint::of_the_caller();
        stack::introduce();
        let Some(place) = self.join() else { return };
        self.own(place.worker).push(self.roots());
        if self.flow.roots.len() > 1 {
            self.call_for_help(scope);
        }
        self.work(place, scope);
        let has_place = || self.n_workers.load(Ordering::Relaxed) < self.ready.len();
        loop {
            self.wait_at_work(|| self.is_done() || has_place() && !self.is_all_taken());
            match self.join_if_needed() {
                Some(place) => self.work(place, scope),
                None if self.is_done() => return,
                None => {}
            }
        }
    }

    /// Has a thread of a pool execute other jobs of it until this holds.
    fn wait_at_work(&self, holds: impl Fn() -> bool) {
        let (mut n_looks, mut pause) = (0, BACKOFF.0);
        while !holds() {
            if rayon::yield_now() == Some(Yield::Executed) {
                (n_looks, pause) = (0, BACKOFF.0);
            } else if n_looks < N_LOOKS {
                n_looks += 1;
                std::hint::spin_loop();
            } else {
                self.bell.wait(Some(pause), &holds);
                pause = LONGEST_PAUSE.min(pause * 2);
            }
        }
    }

    /// Has all nodes executed by threads of the pool, of which this is none.
    fn begin_there(&'a self, scope: &Scope<'a>) {
        self.own(0).push(self.roots());
        self.call_for_help(scope);
        if self.flow.roots.len() > 1 {
            self.call_for_help(scope);
        }
        let mut backoff = BACKOFF.0;
        loop {
            let is_declined = || !self.is_all_taken() && self.signal.load(Ordering::Relaxed) == CALL_AGAIN;
            let is_called = || self.is_done() || is_declined();
            // Nodes may wait for another pool, of which this thread is one.
            if rayon::current_thread_index().is_some() {
                self.wait_at_work(is_called);
            } else {
                self.bell.wait(None, is_called);
            }
            if self.is_done() {
                return;
            }
            // The thread that has declined may be free by then, or another one.
            self.bell.wait(Some(backoff), || self.is_done());
            backoff = BACKOFF.1.min(backoff * 2);
            self.signal_again(CALL_AGAIN, GO_ON);
            if !self.is_all_taken() {
                self.call_for_help(scope);
            }
        }
    }

    /// The nodes that wait for none. The first is taken first, and others begin at the end.
    fn roots(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.flow.roots.iter().rev().copied()
    }

    /// Executes nodes until there are none for this worker.
    fn work(&'a self, mut place: Place<'a, 'a, 'r>, scope: &Scope<'a>) {
        loop {
            let own = self.own(place.worker);
            let mut next = |done: Option<usize>| self.next(done, own, place.worker, scope);
            // SAFETY: a node is named when the counts of all that it waits for have come to nothing, once, and those counts and the deques
            // synchronise the threads.
            let execute = || unsafe { self.run.execute_each(self.is_bare, &mut next) };
            if let Err((node, error)) = self.run.within(execute) {
                self.fail(node, error);
            }
            drop(place);
            // Who leaves a node to others from here on sees that this worker is gone; one that was left before is seen now.
            let Some(again) = self.join_if_needed() else { return };
            place = again;
        }
    }

    /// The next node for a worker that has done one, or has just come.
    fn next(&'a self, done: Option<usize>, own: &Deque, worker: usize, scope: &Scope<'a>) -> Option<usize> {
        let next = done.and_then(|done| self.complete(done, own, scope));
        match self.signal.load(Ordering::Relaxed) {
            GO_ON => {}
            CALL_AGAIN => self.call_again(scope),
            _ => return None,
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

    fn is_stopped(&self) -> bool {
        self.signal.load(Ordering::Relaxed) == STOP
    }

    /// Whether there is no worker, and nothing left for one.
    fn is_done(&self) -> bool {
        self.n_workers.load(Ordering::Acquire) == 0 && (self.is_stopped() || self.is_all_taken())
    }

    /// Has another thread come, if there may be more. It will call the next one, if there is more to do than it takes.
    fn call_for_help(&'a self, scope: &Scope<'a>) {
        if self.n_workers.load(Ordering::Relaxed) < self.ready.len()
            && let Some(place) = self.join()
        {
            stack::spawn(self, place.keep(), scope);
            if self.is_inside {
                self.bell.ring();
            }
        }
    }

    /// Calls for help again after it was declined. Not where the calling thread does.
    #[cold]
    fn call_again(&'a self, scope: &Scope<'a>) {
        if self.is_inside && self.signal_again(CALL_AGAIN, GO_ON) && !self.is_all_taken() {
            self.call_for_help(scope);
        }
    }

    /// Changes the signal, if it still is this one.
    fn signal_again(&self, from: u8, to: u8) -> bool {
        self.signal.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// A place for another worker, if nodes are left to it.
    fn join_if_needed(&self) -> Option<Place<'_, 'a, 'r>> {
        if self.is_stopped() || self.is_all_taken() { None } else { self.join() }
    }

    /// A place for another worker, if there is one.
    #[cold]
    fn join(&self) -> Option<Place<'_, 'a, 'r>> {
        let worker = self.absent().pop()?;
        // Before it counts, so that who leaves after that looks into it.
        self.own(worker);
        self.n_workers.fetch_add(1, Ordering::AcqRel);
        Some(Place { crew: self, worker })
    }

    fn absent(&self) -> MutexGuard<'_, Vec<usize>> {
        self.absent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the run with an error.
    #[cold]
    fn fail(&self, node: usize, error: Error) {
        self.waits_for[node].store(FAILED, Ordering::Relaxed);
        self.signal.store(STOP, Ordering::Relaxed);
        let follows = self.failures.lock().unwrap_or_else(PoisonError::into_inner).add(error);
        // Not before: a node that is not tried again because of it would be told as the cause.
        self.run.cancel();
        discard(follows);
    }
}

impl<'a, 'r> Job<'a> for Crew<'a, 'r>
where
    'r: 'a,
{
    /// Help has come, on a thread that may be in the middle of other work.
    fn call(&'a self, worker: usize, here: Here, scope: &Scope<'a>) {
        let place = Place { crew: self, worker };
        if let Some(_stint) = Stint::begin(here) {
            return self.work(place, scope);
        }
        drop(place);
        self.signal_again(GO_ON, CALL_AGAIN);
        self.bell.ring();
    }
}

/// The place of a worker, which it gives back.
struct Place<'p, 'a, 'r> {
    crew: &'p Crew<'a, 'r>,
    worker: usize,
}

impl Place<'_, '_, '_> {
    /// Leaves the place to the worker of this number, which is to come.
    fn keep(self) -> usize {
        let worker = self.worker;
        std::mem::forget(self);
        worker
    }
}

impl Drop for Place<'_, '_, '_> {
    fn drop(&mut self) {
        self.crew.absent().push(self.worker);
        if self.crew.n_workers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.crew.bell.ring();
        }
    }
}

/// Wakes the calling thread.
#[derive(Default)]
struct Bell {
    /// Whether it waits. Changed and asked by operations that read and write: of two threads the
    /// later one sees what the other did before.
    is_heard: AtomicBool,
    lock: Mutex<()>,
    rung: Condvar,
}

impl Bell {
    fn ring(&self) {
        if self.is_heard.fetch_or(false, Ordering::AcqRel) {
            drop(self.lock());
            self.rung.notify_one();
        }
    }

    /// Waits until this holds, but no longer than that, if it is rung when it may.
    fn wait(&self, time: Option<Duration>, holds: impl Fn() -> bool) {
        self.is_heard.swap(true, Ordering::AcqRel);
        let (lock, goes_on) = (self.lock(), |(): &mut ()| !holds());
        match time {
            None => drop(self.rung.wait_while(lock, goes_on)),
            Some(time) => drop(self.rung.wait_timeout_while(lock, time, goes_on)),
        }
        self.is_heard.swap(false, Ordering::AcqRel);
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
