//! The runners that pass the suite, if they are not of the library.

use std::thread;

use pipeline_core::prelude::*;
use pipeline_core::{Error, Run};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Executes the layers one after the other, each from its end.
pub(crate) struct LayerRunner;

impl Runner for LayerRunner {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        for layer in run.dag().layers() {
            layer.iter().rev().try_for_each(|node| run.execute(node.id()))?;
        }
        Ok(())
    }
}

/// The runner of the documentation: it goes through the nodes that are to run, and executes no
/// other.
pub(crate) struct TellingRunner;

impl Runner for TellingRunner {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        run.nodes().try_for_each(|node| run.execute(node.id()))
    }
}

/// Executes each layer on threads of its own.
pub(crate) struct ThreadPerNodeRunner;

impl Runner for ThreadPerNodeRunner {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        for layer in run.dag().layers() {
            thread::scope(|scope| {
                let threads: Vec<_> = layer.iter().map(|node| scope.spawn(|| run.execute(node.id()))).collect();
                threads.into_iter().try_for_each(|thread| thread.join().expect("a node's panic is an error"))
            })?;
        }
        Ok(())
    }
}

/// A `ProcessRunner` with at most so many workers, of the test that serves the pipeline.
pub(crate) struct InProcesses(pub(crate) usize);

impl Runner for InProcesses {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        // A test serves one registry, and some pipelines have a catalog of their own, hence a registry.
        let test = match run.pipeline() {
            Some("spaceflights") => "spaceflights::workers",
            Some(name) if crate::files::NAMES.contains(&name) => "files::workers",
            Some(name) if name.starts_with("crossing_") => "crossing::workers",
            _ => "registry::workers",
        };
        ProcessRunner::new().max_workers(self.0).workers_of_test(test).execute(run)
    }
}

/// A runner that is made anew for each run, so that one can run inside of another.
#[derive(Clone, Copy)]
pub(crate) struct Tried(pub(crate) fn() -> Box<dyn Runner + Send + Sync>);

impl Runner for Tried {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        (self.0)().execute(run)
    }
}

pub(crate) fn pool(n_threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(n_threads).build().expect("there are threads")
}
