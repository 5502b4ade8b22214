//! Nodes on rayon's work-stealing pool.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Runner;
use crate::dag::NodeId;
use crate::{Error, Run};

/// Executes nodes on rayon's work-stealing pool: each as soon as the nodes that it waits for are done.
///
/// It runs in the pool of the calling thread, the global one outside of any pool, and a node's own `par_iter` runs in the same
/// pool. After an error nothing new starts; what runs is let finish, and the first error is returned.
///
/// Kedro's runner of this name uses processes, as Python must; this one uses threads.
#[derive(Clone, Copy, Debug, Default)]
pub struct ParallelRunner {
    _private: (),
}

impl ParallelRunner {
    /// A parallel runner.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Runner for ParallelRunner {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        let progress = Progress {
            run,
            waits_for: run.dag().nodes().map(|node| AtomicUsize::new(node.n_predecessors())).collect(),
            failed: AtomicBool::new(false),
            error: Mutex::default(),
        };
        rayon::scope(|scope| {
            for node in run.dag().nodes().filter(|node| node.n_predecessors() == 0) {
                let progress = &progress;
                scope.spawn(move |scope| progress.execute_from(node.id(), scope));
            }
        });
        progress.error.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }
}

struct Progress<'a, 'r> {
    run: &'a Run<'r>,
    /// For each node, how many others must still be done.
    waits_for: Vec<AtomicUsize>,
    failed: AtomicBool,
    error: Mutex<Option<Error>>,
}

impl<'a> Progress<'a, '_> {
    /// Executes a node, then the first node that this made ready; the others that it made ready are for any thread.
    fn execute_from(&'a self, first: NodeId, scope: &rayon::Scope<'a>) {
        let mut next = Some(first);
        while let Some(node) = next.take() {
            if self.failed.load(Ordering::Relaxed) {
                return;
            }
            if let Err(error) = self.run.execute(node) {
                self.failed.store(true, Ordering::Relaxed);
                self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                return;
            }
            for successor in self.run.dag().node(node).successors() {
                if self.waits_for[successor.id().index()].fetch_sub(1, Ordering::AcqRel) != 1 {
                    continue;
                }
                if next.is_none() {
                    next = Some(successor.id());
                } else {
                    scope.spawn(move |scope| self.execute_from(successor.id(), scope));
                }
            }
        }
    }
}
