//! Large values between the nodes of a `ProcessRunner`: by which way they come, and what is left of them.

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use pipeline_core::prelude::*;
use pipeline_core::{Cancellation, Error, RunOptions, Status, worker};
use serde::{Deserialize, Serialize};

/// From 128 KiB on, values are shared.
const LARGE: usize = 1_000_000;

/// A value that tells by which way it came.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Numbers {
    numbers: Vec<u64>,
    /// Where it was made, as long as it has not left.
    #[serde(skip)]
    made_by: Option<u32>,
}

catalog! {
    struct Catalog {
        n: Memory<usize> = Memory::new(LARGE),
        numbers: Memory<Vec<u64>> = Memory::new(Vec::new()),
        kept: Memory<bool>,
        kept_too: Memory<bool>,
        sum: Memory<u64>,
        sum_too: Memory<u64>,
        sum_again: Memory<u64>,
        attempts: Memory<u32>,
        open: Memory<usize>,
        at_most: Memory<Vec<usize>>,
    }
}

pipelines! {
    #[portable]
    fn pipelines() for Catalog {
        handed_on = pipeline!< node(make, [n] -> [made]), node(Numbers::is_here, [made] -> [kept]) >,
        chain = pipeline!<
            node(make, [n] -> [a]), node(next, [a] -> [b]), node(next, [b] -> [c]), node(next, [c] -> [d]), node(next, [d] -> [e]),
            node(last_sum, [e] -> [sum, at_most]),
        >,
        by_value = pipeline!<
            node(make, [n] -> [made]),
            node(changed_sum, [made] -> [sum], name = "first"),
            node(changed_sum, [made] -> [sum_too], name = "second"),
            node(changed_sum, [made] -> [sum_again], name = "third"),
        >,
        elsewhere = pipeline!<
            node(make, [n] -> [made]),
            node(stays_until_the_other_is_done, [made] -> [kept], name = "here"),
            node(says_that_it_is_done, [made] -> [kept_too], name = "there"),
        >,
        killed = pipeline!<
            node(make, [n] -> [made]),
            node(killed, [made] -> [attempts], name = "dies"),
            node(Numbers::sum, [made] -> [sum], name = "reads"),
        >,
        retried = pipeline!<
            node(make, [n] -> [made]),
            node(fails_twice?, [made, n] -> [sum, attempts], retries = 2),
        >,
        aborted = pipeline!<
            node(make, [n] -> [made]),
            node(aborts_once, [made] -> [kept, sum], retries = 1, name = "aborts"),
            node(Numbers::sum, [made] -> [sum_too], name = "reads"),
        >,
        hanging = pipeline!<
            node(make, [n] -> [made]),
            node(hangs, [made] -> [attempts], timeout = "50ms", name = "hangs"),
            node(Numbers::sum, [made] -> [sum], name = "reads"),
        >,
        late = pipeline!<
            node(is_late_once, [n] -> [made], timeout = "1s", retries = 1),
            node(is_here_with_its_sum, [made] -> [kept, sum]),
        >,
        failing = pipeline!<
            node(make, [n] -> [made]),
            node(fails?, [made] -> [attempts], name = "fails"),
            node(Numbers::is_here, [made] -> [kept], name = "reads"),
        >,
        of_catalog = pipeline!<
            node(|n: usize| (0..n as u64).collect::<Vec<u64>>(), [n] -> [numbers]),
            node(|numbers: &[u64]| numbers.iter().sum::<u64>(), [numbers] -> [sum]),
        >,
        staying = pipeline!< node(make, [n] -> [made]), node(tells_its_pid_and_stays, [made] -> [stayed]) >,
        sliced = pipeline!<
            node(make, [n] -> [made]),
            node(Numbers::is_here, [made] -> [kept], name = "selected"),
            node(Numbers::is_here, [made] -> [kept_too], name = "left_out"),
            node(counts_mapped_and_open, [kept] -> [open]),
        >,
    }
}

fn make(n: usize) -> Numbers {
    Numbers { numbers: (0..n as u64).collect(), made_by: Some(std::process::id()) }
}

fn next(mut numbers: Numbers) -> Numbers {
    numbers.numbers.iter_mut().for_each(|number| *number += 1);
    numbers
}

impl Numbers {
    fn is_here(&self) -> bool {
        self.made_by == Some(std::process::id())
    }

    fn sum(&self) -> u64 {
        self.numbers.iter().sum()
    }
}

/// What readers by value do to theirs is nobody else's.
fn changed_sum(mut numbers: Numbers) -> u64 {
    numbers.numbers[0] += 1;
    numbers.sum()
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn stays_until_the_other_is_done(numbers: &Numbers) -> bool {
    let cancellation = Cancellation::of_this_node();
    wait_until("the other reader is done", || file("large_values.done").exists() || cancellation.is_cancelled());
    numbers.is_here()
}

fn says_that_it_is_done(numbers: &Numbers) -> bool {
    assert_eq!(numbers.sum(), sum_to(LARGE));
    std::fs::write(file("large_values.done"), "").expect("the folder is there");
    numbers.is_here()
}

fn killed(_: &Numbers) -> u32 {
    let pid = std::process::id().to_string();
    assert!(Command::new("kill").args(["-9", &pid]).status().is_ok_and(|status| status.success()));
    std::thread::sleep(Duration::from_secs(60));
    unreachable!("it has been killed")
}

/// The first attempt says whether it has the value itself, and takes its worker along.
fn aborts_once(numbers: &Numbers) -> (bool, u64) {
    if !file("large_values.aborted").exists() {
        std::fs::write(file("large_values.aborted"), numbers.is_here().to_string()).expect("the folder is there");
        std::process::abort();
    }
    is_here_with_its_sum(numbers)
}

fn hangs(numbers: &Numbers) -> u32 {
    assert!(numbers.is_here());
    std::thread::sleep(Duration::from_secs(60));
    unreachable!("it has been killed")
}

/// The first attempt returns when its time is over, but before its worker is killed.
fn is_late_once(n: usize) -> Numbers {
    let attempt = ATTEMPTS.get() + 1;
    ATTEMPTS.set(attempt);
    let numbers = make(n);
    if attempt == 1 {
        let cancellation = Cancellation::of_this_node();
        wait_until("its time is over", || cancellation.is_cancelled());
    }
    numbers
}

fn is_here_with_its_sum(numbers: &Numbers) -> (bool, u64) {
    (numbers.is_here(), numbers.sum())
}

fn fails(_: &Numbers) -> Result<u32, &'static str> {
    Err("no")
}

thread_local! { static ATTEMPTS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) } }

fn fails_twice(numbers: Numbers, n: usize) -> Result<(u64, u32), String> {
    let attempt = ATTEMPTS.get() + 1;
    ATTEMPTS.set(attempt);
    assert_eq!(numbers.numbers.len(), n);
    if attempt < 3 { Err(format!("attempt {attempt}")) } else { Ok((numbers.numbers.into_iter().sum(), attempt)) }
}

fn tells_its_pid_and_stays(_: &Numbers) {
    let written = std::fs::write(file("large_values.tmp"), std::process::id().to_string());
    written.and_then(|()| std::fs::rename(file("large_values.tmp"), file("large_values.pid"))).expect("a folder");
    std::thread::sleep(Duration::from_secs(120));
}

/// How many files in memory a process has open.
fn n_open(pid: &str) -> usize {
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("there is a `/proc`");
    let is_shared = |path: PathBuf| path.to_string_lossy().contains("memfd:pipeline");
    files
        .flatten()
        .filter_map(|file| std::fs::read_link(file.path()).ok())
        .filter(|path| is_shared(path.clone()))
        .count()
}

fn counts_mapped_and_open(_: bool) -> usize {
    let parent = std::os::unix::process::parent_id().to_string();
    n_open("self") + n_open(&parent)
}

/// The sum, and how many files this process and that of the run have open.
fn last_sum(numbers: Numbers) -> (u64, Vec<usize>) {
    let parent = std::os::unix::process::parent_id().to_string();
    let n_open = vec![n_open("self"), n_open(&parent)];
    (numbers.numbers.into_iter().sum(), n_open)
}

fn sum_to(n: usize) -> u64 {
    (0..n as u64).sum()
}

/// Not a test: the workers of the others.
#[test]
fn workers() {
    worker::serve(&pipelines());
}

/// Those of one process count their files together, so each test has one of its own.
fn in_a_process_of_its_own(test: &str) -> bool {
    if std::env::var_os("LARGE_VALUES_ALONE").is_some() {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().expect("a test has an executable"));
    let output = command.args([test, "--exact"]).env("LARGE_VALUES_ALONE", "1").output().expect("it can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    false
}

fn runner(max_workers: usize) -> ProcessRunner {
    ProcessRunner::new().max_workers(max_workers).workers_of_test("workers")
}

fn run(name: &str, max_workers: usize) -> Catalog {
    let catalog = Catalog::default();
    runner(max_workers).run_named(&pipelines(), name, &catalog).expect("all nodes complete");
    catalog
}

#[test]
fn a_reader_in_the_same_worker_gets_the_value_itself() {
    for max_workers in 1..3 {
        assert!(*run("handed_on", max_workers).kept.load().unwrap());
    }
}

#[test]
fn a_small_value_is_made_anew() {
    let catalog = Catalog { n: Memory::new(10), ..Catalog::default() };
    runner(1).run_named(&pipelines(), "handed_on", &catalog).unwrap();
    assert!(!*catalog.kept.load().unwrap());
}

#[test]
fn a_reader_in_another_worker_shares_its_bytes() {
    drop(std::fs::remove_file(file("large_values.done")));
    let catalog = run("elsewhere", 2);
    assert!(*catalog.kept.load().unwrap());
    assert!(!*catalog.kept_too.load().unwrap());
}

#[test]
fn a_chain_keeps_two_values() {
    if in_a_process_of_its_own("a_chain_keeps_two_values") {
        let catalog = run("chain", 1);
        assert_eq!(*catalog.sum.load().unwrap(), sum_to(LARGE) + 4 * LARGE as u64);
        // While the last node has its input, the run has the bytes of that and of nothing else.
        assert_eq!(*catalog.at_most.load().unwrap(), [0, 1]);
        assert_eq!(n_open("self"), 0);
    }
}

#[test]
fn what_readers_by_value_change_is_theirs() {
    for max_workers in 1..4 {
        let catalog = run("by_value", max_workers);
        let sums = [&catalog.sum, &catalog.sum_too, &catalog.sum_again].map(|sum| *sum.load().unwrap());
        assert_eq!(sums, [sum_to(LARGE) + 1; 3]);
    }
}

#[test]
fn a_killed_worker_takes_no_value_along() {
    for max_workers in 1..3 {
        let catalog = Catalog::default();
        let options = RunOptions::new().keep_going();
        let report = runner(max_workers).run_named_with(&pipelines(), "killed", &catalog, &options).unwrap();
        let failed: Vec<String> =
            report.nodes().filter(|(_, status)| *status == Status::Failed).map(|(node, _)| node.to_string()).collect();
        assert!(matches!(&failed[..], [node] if node.starts_with("dies")), "{failed:?}");
        assert_eq!(*catalog.sum.load().unwrap(), sum_to(LARGE));
    }
}

#[test]
fn retries_read_it_again() {
    let catalog = run("retried", 1);
    assert_eq!((*catalog.sum.load().unwrap(), *catalog.attempts.load().unwrap()), (sum_to(LARGE), 3));
}

#[test]
fn the_next_attempt_after_one_that_took_its_worker_along_gets_the_value_anew() {
    for max_workers in 1..3 {
        drop(std::fs::remove_file(file("large_values.aborted")));
        let catalog = run("aborted", max_workers);
        assert_eq!(std::fs::read_to_string(file("large_values.aborted")).unwrap(), "true");
        assert!(!*catalog.kept.load().unwrap());
        assert_eq!([&catalog.sum, &catalog.sum_too].map(|sum| *sum.load().unwrap()), [sum_to(LARGE); 2]);
    }
}

#[test]
fn a_worker_that_is_killed_when_its_time_is_over_takes_no_value_along() {
    if in_a_process_of_its_own("a_worker_that_is_killed_when_its_time_is_over_takes_no_value_along") {
        for max_workers in 1..3 {
            let catalog = Catalog::default();
            let options = RunOptions::new().keep_going();
            let report = runner(max_workers).run_named_with(&pipelines(), "hanging", &catalog, &options).unwrap();
            let error = report.error();
            assert!(matches!(error, Some(Error::TimedOut { node, .. }) if node.starts_with("hangs")), "{error:?}");
            assert_eq!(*catalog.sum.load().unwrap(), sum_to(LARGE));
            assert_eq!(n_open("self"), 0);
        }
    }
}

#[test]
fn what_an_attempt_has_made_too_late_is_forgotten_before_the_next_one() {
    const N: usize = 100_000;
    let catalog = Catalog { n: Memory::new(N), ..Catalog::default() };
    runner(1).run_named(&pipelines(), "late", &catalog).unwrap();
    assert!(*catalog.kept.load().unwrap());
    assert_eq!(*catalog.sum.load().unwrap(), sum_to(N));
}

#[test]
fn what_a_node_that_failed_has_seen_is_made_anew() {
    let catalog = Catalog::default();
    let options = RunOptions::new().keep_going();
    drop(runner(1).run_named_with(&pipelines(), "failing", &catalog, &options).unwrap());
    assert!(!*catalog.kept.load().unwrap());
}

#[test]
fn the_catalogs_memory_is_shared_too() {
    assert_eq!(*run("of_catalog", 1).sum.load().unwrap(), sum_to(LARGE));
}

#[test]
fn a_reader_that_is_left_out_keeps_nothing() {
    if in_a_process_of_its_own("a_reader_that_is_left_out_keeps_nothing") {
        let catalog = Catalog::default();
        // What is there before a run stays there after its last reader.
        catalog.kept.save(false).unwrap();
        let nodes = ["make", "selected", "counts_mapped_and_open"];
        let options = RunOptions::new().slice(Slice::new().nodes(nodes));
        runner(1).run_named_with(&pipelines(), "sliced", &catalog, &options).unwrap().into_result().unwrap();
        assert_eq!(*catalog.open.load().unwrap(), 0);
    }
}

#[test]
fn nothing_is_left_of_a_run_that_fails() {
    if in_a_process_of_its_own("nothing_is_left_of_a_run_that_fails") {
        for name in ["failing", "killed"] {
            runner(1).run_named(&pipelines(), name, &Catalog::default()).unwrap_err();
            assert_eq!(n_open("self"), 0);
        }
    }
}

/// Not a test: a run in a process that is killed.
#[test]
#[ignore = "another test starts it"]
fn runs_until_it_is_killed() {
    run("staying", 1);
}

fn names(folder: &Path) -> BTreeSet<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

#[test]
fn nothing_is_left_of_a_run_that_is_killed() {
    drop(std::fs::remove_file(file("large_values.pid")));
    let folder = file("large_values.folder");
    std::fs::create_dir_all(&folder).unwrap();
    let mut of_run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "runs_until_it_is_killed", "--ignored", "--nocapture"])
        .env("TMPDIR", &folder)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the worker has the value", || file("large_values.pid").exists());
    let worker = std::fs::read_to_string(file("large_values.pid")).unwrap();
    assert_eq!(n_open(&of_run.id().to_string()), 1);
    of_run.kill().unwrap();
    of_run.wait().unwrap();
    wait_until("the worker ends", || std::fs::read_dir(format!("/proc/{worker}/fd")).is_err());
    assert_eq!(names(&folder), BTreeSet::new());
}
