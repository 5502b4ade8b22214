//! Workers that do not become any, or do not end: no run waits for them without end, and its error
//! says why.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what a test does in a function is test too")]

#[path = "random_runs/watchdog.rs"]
mod watchdog;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio, abort, exit};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pipeline_core::prelude::*;
use pipeline_core::{Error, worker};
use pipeline_tests::{is_running, names_in, wait_until};
use tempfile::tempdir;

use self::watchdog::Watchdog;

catalog! {
    struct Catalog {
        n: Memory<usize> = n(),
        out: Memory<usize>,
        pid: Memory<u32>,
        other: Memory<u32>,
    }
}

pipelines! {
    #[portable]
    fn pipelines() for Catalog {
        adding = pipeline!< node(|n: usize| n + 1, [n] -> [out], name = "adds") >,
        never_ending = pipeline!< node(never_ends, [n] -> [out]) >,
        chain = pipeline!<
            node(|_: usize| std::process::id(), [n] -> [pid]),
            node(slow, [n] -> [slowly]),
            node(|_: u32, _: u32| std::process::id(), [pid, slowly] -> [other], name = "last"),
        >,
        alone = pipeline!<
            node(|_: usize| std::process::id(), [n] -> [pid]),
            node(slow, [n] -> [other]),
        >,
    }
}

/// Makes the catalog of a worker that cannot make one.
static HAS_NO_CATALOG: AtomicBool = AtomicBool::new(false);

fn n() -> Memory<usize> {
    assert!(!HAS_NO_CATALOG.load(Ordering::Relaxed), "there is no catalog");
    Memory::new(1)
}

/// What never ends when it is dropped, as a library of C may do at the end of its process.
struct NeverEnds;

impl Drop for NeverEnds {
    fn drop(&mut self) {
        loop {
            thread::park();
        }
    }
}

thread_local! {
    static HELD: std::cell::RefCell<Option<NeverEnds>> = const { std::cell::RefCell::new(None) };
}

fn never_ends(n: usize) -> usize {
    HELD.with(|held| *held.borrow_mut() = Some(NeverEnds));
    n
}

fn slow(_: usize) -> u32 {
    thread::sleep(Duration::from_secs(1));
    std::process::id()
}

/// Whether this process is a worker: what follows are tests for the others only.
fn is_worker() -> bool {
    std::env::args().any(|argument| argument == "--include-ignored") && std::env::args().any(|it| it == "--exact")
}

/// Not a test: the workers of the others.
#[test]
fn workers() {
    worker::serve(&pipelines());
}

#[test]
fn workers_that_abort() {
    if is_worker() {
        eprintln!("no");
        abort();
    }
}

#[test]
fn workers_that_exit() {
    if is_worker() {
        exit(7);
    }
}

#[test]
fn workers_that_panic() {
    assert!(!is_worker(), "there is no registry");
}

#[test]
fn workers_without_a_catalog() {
    if is_worker() {
        HAS_NO_CATALOG.store(true, Ordering::Relaxed);
        worker::serve(&pipelines());
    }
}

fn runner(test: &str) -> ProcessRunner {
    ProcessRunner::new().max_workers(2).workers_of_test(test)
}

fn error_of(test: &str) -> Error {
    let watchdog = Watchdog::new();
    watchdog.begins(test);
    runner(test).run_named(&pipelines(), "adding", &Catalog::default()).unwrap_err()
}

#[test]
fn a_worker_that_ends_before_it_is_one_is_an_error_of_the_node_that_needed_it() {
    let asks = |test: &str| format!("; does a test `{test}` call `worker::serve`?");
    for (test, how, stderr) in [
        ("workers_that_abort", "was killed by signal 6 (SIGABRT)", "no"),
        ("workers_that_exit", "exited with code 7", ""),
        ("workers_that_panic", "exited with code 101", "there is no registry"),
    ] {
        let error = error_of(test);
        let Error::Worker { pipeline, node, problem, source } = &error else { panic!("{error:?}") };
        assert_eq!(pipeline.as_deref(), Some("adding"));
        assert_eq!(node.as_deref(), Some("adds: <closure>([n]) -> [out]"));
        assert!(problem.starts_with(&format!("it {how} before it was ready{}", asks(test))), "{problem}");
        assert!(problem.contains(stderr), "{problem}");
        assert!(source.is_none(), "{source:?}");
        let told = "no worker process can execute node `adds: <closure>([n]) -> [out]` of pipeline `adding`: it ";
        assert!(error.to_string().starts_with(told), "{error}");
    }
}

#[test]
fn one_that_serves_and_has_no_catalog_is_not_asked_whether_it_serves() {
    let error = error_of("workers_without_a_catalog").to_string();
    let expected = "no worker process can execute pipeline `adding`: the catalog of the worker cannot be made: it panicked: \
                    there is no catalog";
    assert_eq!(error, expected);
}

#[test]
fn a_worker_that_has_nothing_to_do_and_does_not_end_keeps_no_run() {
    let watchdog = Watchdog::new();
    watchdog.begins("never ending");
    let (catalog, started) = (Catalog::default(), Instant::now());
    runner("workers").run_named(&pipelines(), "never_ending", &catalog).unwrap();
    assert_eq!(*catalog.out.load().unwrap(), 1);
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

fn send(signal: &str, pid: u32) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().is_ok_and(|status| status.success()));
}

/// Runs a pipeline whose first node says its worker's number and is done, and stops that worker.
fn with_a_stopped_worker(pipeline: &str) -> (Catalog, u32, Duration) {
    let watchdog = Watchdog::new();
    watchdog.begins(pipeline);
    let (catalog, started) = (Catalog::default(), Instant::now());
    let stopped = thread::scope(|scope| {
        let stopped = scope.spawn(|| {
            wait_until("the first node is done", || catalog.pid.load().is_ok());
            let pid = *catalog.pid.load().unwrap();
            send("-STOP", pid);
            pid
        });
        runner("workers").run_named(&pipelines(), pipeline, &catalog).unwrap();
        stopped.join().unwrap()
    });
    wait_until("it ends", || !is_running(&stopped.to_string()));
    (catalog, stopped, started.elapsed())
}

#[test]
fn a_worker_that_has_nothing_to_do_and_is_stopped_keeps_no_run() {
    let (_, _, took) = with_a_stopped_worker("alone");
    assert!(took < Duration::from_secs(9), "{took:?}");
}

#[test]
fn a_worker_that_is_stopped_gets_no_node() {
    let (catalog, stopped, took) = with_a_stopped_worker("chain");
    assert_ne!(*catalog.other.load().unwrap(), stopped);
    assert!(took < Duration::from_secs(9), "{took:?}");
}

fn program(folder: &Path, limit: &str, runner: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{limit}\nexec \"$@\""), "sh", env!("CARGO_BIN_EXE_pipeline-tests-cli-flags")]);
    shell.args(["run", "--runner", runner]).current_dir(folder).stdin(Stdio::null()).env_remove("RUST_BACKTRACE");
    shell
}

#[test]
fn a_worker_for_which_no_file_can_be_opened_is_an_error_that_says_so() {
    for n_files in [5, 7, 9] {
        let folder = tempdir().unwrap();
        let output = program(folder.path(), &format!("ulimit -n {n_files}"), "ProcessRunner").output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{err}");
        let told = "no worker process can execute node `write([A]) -> [first]` of pipeline `__default__`: it cannot be started: \
                    this process has too many files open";
        assert!(err.contains(told), "{n_files}: {err}");
        assert!(err.contains("\n  caused by: Too many open files (os error 24)\n"), "{n_files}: {err}");
    }
}

#[test]
fn workers_need_no_folder_for_temporary_files() {
    let folder = tempdir().unwrap();
    let long = folder.path().join("x".repeat(120));
    fs::create_dir(&long).unwrap();
    fs::write(folder.path().join("a_file"), "").unwrap();
    for tmp in [folder.path().join("missing"), folder.path().join("a_file"), "/proc/self".into(), long.clone()] {
        let output = program(folder.path(), "", "ProcessRunner").env("TMPDIR", &tmp).output().unwrap();
        assert!(output.status.success(), "{}: {}", tmp.display(), String::from_utf8_lossy(&output.stderr));
        assert!(folder.path().join("data/third.txt").exists());
        fs::remove_dir_all(folder.path().join("data")).unwrap();
    }
    assert!(names_in(&long).is_empty());
}

#[test]
fn a_run_that_is_killed_leaves_no_folder() {
    let (folder, tmp) = (tempdir().unwrap(), tempdir().unwrap());
    let mut command = program(folder.path(), "", "ProcessRunner");
    let mut run = command.args(["--pipeline", "only_slow"]).env("TMPDIR", tmp.path()).spawn().unwrap();
    wait_until("the node runs", || folder.path().join("data").exists());
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(names_in(tmp.path()).is_empty());
}
