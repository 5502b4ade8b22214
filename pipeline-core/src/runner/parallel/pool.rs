//! The pool of a run: that of the runner, that of the calling thread, or the global one.

use std::error::Error as StdError;
use std::sync::OnceLock;

use rayon::{Scope, ThreadPool, ThreadPoolBuilder};

use crate::BoxError;

pub(super) struct Pool<'p> {
    own: Option<&'p ThreadPool>,
    /// Whether the calling thread is one of the pool.
    pub(super) is_inside: bool,
}

impl<'p> Pool<'p> {
    /// The pool of a runner with this one, or none.
    ///
    /// # Errors
    ///
    /// Fails if the global pool is needed and cannot be had.
    pub(super) fn new(own: Option<&'p ThreadPool>) -> Result<Self, BoxError> {
        let is_inside = own.map_or_else(rayon::current_thread_index, ThreadPool::current_thread_index).is_some();
        if own.is_none() && !is_inside {
            begin_global()?;
        }
        Ok(Self { own, is_inside })
    }

    pub(super) fn n_threads(&self) -> usize {
        self.own.map_or_else(rayon::current_num_threads, ThreadPool::current_num_threads)
    }

    /// Calls `body` on this thread, and waits for the jobs that it spawns in the pool.
    pub(super) fn in_place_scope<'a, T>(&self, body: impl FnOnce(&Scope<'a>) -> T) -> T {
        match self.own {
            Some(pool) => pool.in_place_scope(body),
            None => rayon::in_place_scope(body),
        }
    }
}

/// Starts the threads of the global pool. Where that fails, rayon panics at each use of it.
fn begin_global() -> Result<(), BoxError> {
    static FAILED: OnceLock<Option<String>> = OnceLock::new();
    // Where a system has no threads at all, rayon has a way out that its builder has not.
    let begin = || if cfg!(target_family = "wasm") { Ok(()) } else { ThreadPoolBuilder::new().build_global() };
    let failed = FAILED.get_or_init(|| {
        let error = begin().err()?;
        // Without a cause, the pool is there already.
        error.source().map(ToString::to_string).or_else(was_attempted)
    });
    match failed {
        None => Ok(()),
        Some(problem) => Err(format!("the global thread pool of rayon could not be started: {problem}").into()),
    }
}

/// An attempt of the program to start the global pool may have failed before, and there is no
/// second one.
fn was_attempted() -> Option<String> {
    crate::panics::caught(rayon::current_num_threads).err()
}
