//! Integration tests over the public API of `pipeline-core`: see the folder `tests`. Here is what they share.

use std::error::Error as StdError;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use pipeline_core::{DatasetError, Error, Run, Runner};
use tempfile::TempDir;

/// A new folder, removed when it is dropped.
///
/// # Panics
///
/// If there is no room for it.
#[must_use]
pub fn folder() -> TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

/// The names in a folder, sorted.
///
/// # Panics
///
/// If the folder cannot be listed.
pub fn names_in(folder: impl AsRef<Path>) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let names = entries.map(|entry| entry.expect("it can be listed").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// The cause of an error.
///
/// # Panics
///
/// If there is none, or it is of another type.
#[must_use]
pub fn cause<E: StdError + 'static>(error: &DatasetError) -> &E {
    error.cause().downcast_ref().expect("the cause is of this type")
}

/// Waits until something in another process is so, which nothing tells of.
///
/// # Panics
///
/// If it does not become so.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether there is a process of this number. One that is over may still be in the table until somebody has asked for its end.
///
/// # Panics
///
/// If the system cannot tell.
#[must_use]
pub fn is_running(pid: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", pid]).output().expect("there is a `ps`");
    let state = String::from_utf8_lossy(&state.stdout);
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

/// Runs in a pool of so many threads.
#[derive(Debug)]
pub struct InPool<R>(pub usize, pub R);

impl<R: Runner + Sync> Runner for InPool<R> {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.0).build().expect("there are threads");
        pool.install(|| self.1.execute(run))
    }
}
