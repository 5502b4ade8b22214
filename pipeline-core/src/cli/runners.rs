//! The runners by name.

use super::Failure;
use crate::Error;
#[cfg(feature = "rayon")]
use crate::runner::ParallelRunner;
#[cfg(feature = "process")]
use crate::runner::ProcessRunner;
use crate::runner::{DryRunner, Runner, SequentialRunner, ThreadRunner};

/// A runner that `--runner` takes.
struct Known {
    name: &'static str,
    make: fn() -> Box<dyn Runner>,
    /// With at most so many workers, where it has workers.
    make_with: Option<fn(usize) -> Box<dyn Runner>>,
}

const fn known(
    name: &'static str,
    make: fn() -> Box<dyn Runner>,
    make_with: Option<fn(usize) -> Box<dyn Runner>>,
) -> Known {
    Known { name, make, make_with }
}

const RUNNERS: &[Known] = &[
    known(DEFAULT, || Box::new(SequentialRunner::new()), None),
    known("ThreadRunner", || Box::new(ThreadRunner::new()), Some(|n| Box::new(ThreadRunner::new().max_workers(n)))),
    #[cfg(feature = "rayon")]
    known(PARALLEL, || Box::new(ParallelRunner::new()), Some(|n| Box::new(ParallelRunner::new().max_workers(n)))),
    #[cfg(feature = "process")]
    known(PROCESS, || Box::new(ProcessRunner::new()), Some(|n| Box::new(ProcessRunner::new().max_workers(n)))),
    known(DRY, || Box::new(DryRunner::new()), None),
];

/// The one without `--runner`.
pub(super) const DEFAULT: &str = "SequentialRunner";
/// The one that `--parallel` means.
const PARALLEL: &str = "ParallelRunner";
/// The one that executes nodes in other processes, and the one that executes none.
const PROCESS: &str = "ProcessRunner";
const DRY: &str = "DryRunner";

pub(super) fn names() -> Vec<&'static str> {
    RUNNERS.iter().map(|known| known.name).collect()
}

/// The names of those that take `--max-workers`.
pub(super) fn of_workers() -> Vec<&'static str> {
    RUNNERS.iter().filter(|known| known.make_with.is_some()).map(|known| known.name).collect()
}

/// The runner that the flags ask for, and whether it executes nodes in this process.
pub(super) fn runner(
    name: Option<&str>,
    is_parallel: bool,
    max_workers: Option<usize>,
) -> Result<(Box<dyn Runner>, bool), Failure> {
    if is_parallel && name.is_some() {
        return Err(Failure::misused(
            "Both --parallel and --runner options cannot be used together. Please use either --parallel or --runner.",
        ));
    }
    let name = name.unwrap_or(if is_parallel { PARALLEL } else { DEFAULT });
    let Some(known) = RUNNERS.iter().find(|known| known.name == name) else {
        let hint = pipeline_graph::did_you_mean(name, &names(), "the runners");
        return Err(Failure::misused(Error::UnknownRunner { name: name.to_owned(), hint }));
    };
    let is_of_this_process = !matches!(name, PROCESS | DRY);
    match (max_workers, known.make_with) {
        (None, _) => Ok(((known.make)(), is_of_this_process)),
        (Some(0), Some(_)) => Err(Failure::misused(Error::NoWorkers { runner: known.name })),
        (Some(max_workers), Some(make_with)) => Ok((make_with(max_workers), is_of_this_process)),
        (Some(_), None) => {
            let others = pipeline_graph::list(&of_workers(), "or");
            let advice = format!("`{name}` has no workers, so it takes no `--max-workers`; use {others}");
            Err(Failure::misused(advice))
        }
    }
}
