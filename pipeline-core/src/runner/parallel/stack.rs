//! Whether a thread of the pool is free for nodes, or waits in the middle of other work.
//!
//! A thread that waits in a node's `par_iter` or `join` takes other jobs of the pool meanwhile, and
//! executes them on its stack. For a crew's job that would be wrong: nodes would be executed in the
//! middle of another one, in its time, under its locks, and it would wait for them. The same holds
//! for a thread that executes a part of such a `par_iter` and waits in it. rayon reports nothing of
//! all this, so it is recognised by two things: a thread is marked while it executes nodes, and a
//! job that an idle thread takes begins at the shallowest place of its stack.
//!
//! A thread learns that place from a broadcast, which each thread receives before it takes any
//! other job. A first job that finds it unknown sends the broadcast.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::{OnceLock, mpsc};
use std::thread;

use rayon::{BroadcastContext, Scope, ThreadPool, ThreadPoolBuilder};

thread_local! {
    /// A job that begins at this address or above it is not inside of another one; stacks grow
    /// downwards. 0 is unknown, and while the thread executes nodes there is no such address.
    static SHALLOWEST: Cell<usize> = const { Cell::new(0) };
    /// Whether this thread has sent the broadcast.
    static HAS_BROADCAST: Cell<bool> = const { Cell::new(false) };
}

/// No job is free to execute nodes here.
const NONE: usize = usize::MAX;

/// What is called by a job of the pool.
pub(super) trait Job<'a>: Sync {
    /// `here` is where on the stack the job began.
    fn call(&'a self, number: usize, here: Here, scope: &Scope<'a>);
}

/// Where on its thread's stack a job began.
#[derive(Clone, Copy)]
pub(super) struct Here(usize);

/// Spawns a job. All jobs that ask [`Stint::begin`] are spawned here: the same code gives their
/// first frame the same size.
#[inline(never)]
pub(super) fn spawn<'a>(job: &'a dyn Job<'a>, number: usize, scope: &Scope<'a>) {
    scope.spawn(move |scope| job.call(number, Here(address()), scope));
}

/// Where the caller is on the stack.
#[inline(never)]
fn address() -> usize {
    let marker = 0_u8;
    black_box(std::ptr::from_ref(&marker)).addr()
}

/// A thread executes nodes, until this is dropped: no other job may.
pub(super) struct Stint {
    before: usize,
}

impl Stint {
    /// None, if the job that began here is in the middle of other work.
    pub(super) fn begin(here: Here) -> Option<Self> {
        let shallowest = SHALLOWEST.get();
        if here.0 < shallowest {
            return None;
        }
        SHALLOWEST.set(NONE);
        if shallowest == 0 {
            broadcast();
        }
        Some(Self { before: here.0 })
    }

    /// On a thread of the pool that starts a run: it executes nodes in the middle of its other
    /// work.
    pub(super) fn of_the_caller() -> Self {
        Self { before: SHALLOWEST.replace(NONE) }
    }
}

impl Drop for Stint {
    fn drop(&mut self) {
        SHALLOWEST.set(self.before);
    }
}

/// Has the threads of the pool learn their shallowest places, if this thread has not done so
/// before. To be called on a thread of the pool.
pub(super) fn introduce() {
    if !HAS_BROADCAST.get() {
        broadcast();
    }
}

/// Has each thread of the pool of this one learn its shallowest place. No run waits for that: a
/// thread may be busy with other work for long.
#[cold]
fn broadcast() {
    HAS_BROADCAST.set(true);
    if let Some(distance) = distance() {
        send(None, Box::new(move |here| learn(here.wrapping_add(distance))));
    }
}

/// A thread that executes nodes is not at its shallowest place, and `NONE` stays.
fn learn(here: usize) {
    if SHALLOWEST.get() < here {
        SHALLOWEST.set(here);
    }
}

/// As [`spawn`], for each thread of this pool, or of the one that the calling thread is of.
#[inline(never)]
fn send(pool: Option<&ThreadPool>, call: Box<dyn Fn(usize) + Send + Sync>) {
    let broadcast = move |_: BroadcastContext<'_>| call(address());
    match pool {
        Some(pool) => pool.spawn_broadcast(broadcast),
        None => rayon::spawn_broadcast(broadcast),
    }
}

/// How much higher a job's frame is than a broadcast's would be in its place. Measured once, on an
/// idle thread.
fn distance() -> Option<usize> {
    static DISTANCE: OnceLock<Option<usize>> = OnceLock::new();
    *DISTANCE.get_or_init(|| {
        // Not on this thread: one of a pool would take other jobs while it waits.
        let measuring = thread::Builder::new().spawn(measure).ok()?;
        measuring.join().ok()?
    })
}

fn measure() -> Option<usize> {
    #[derive(Default)]
    struct Place(OnceLock<usize>);

    impl<'a> Job<'a> for Place {
        fn call(&'a self, _: usize, here: Here, _: &Scope<'a>) {
            self.0.get_or_init(|| here.0);
        }
    }

    let pool = ThreadPoolBuilder::new().num_threads(1).build().ok()?;
    let job = Place::default();
    pool.in_place_scope(|scope| spawn(&job, 0, scope));
    let (sender, broadcast) = mpsc::sync_channel(1);
    let learn = move |here| {
        // There is room for the one thread.
        let _ = sender.try_send(here);
    };
    send(Some(&pool), Box::new(learn));
    Some(job.0.get()?.wrapping_sub(broadcast.recv().ok()?))
}
