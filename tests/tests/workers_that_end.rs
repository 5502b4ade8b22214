//! What becomes of a node whose worker ends in the middle, or is ended because the node's time is over; and what reaches a node that
//! runs in a worker. Each test is watched, so that one that waits in vain ends.

#[path = "random_runs/watchdog.rs"]
mod watchdog;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, abort, exit};
use std::thread;
use std::time::{Duration, Instant};

use pipeline_core::prelude::*;
use pipeline_core::{Cancellation, Error, RunOptions, Status, worker};
use pipeline_tests::{is_running, wait_until};

use self::watchdog::Watchdog;

catalog! {
    struct Catalog {
        n: Memory<usize> = Memory::new(3),
        length: Memory<usize>,
        attempts: Memory<usize>,
        other: Memory<usize>,
    }
}

pipelines! {
    #[portable]
    fn pipelines() for Catalog {
        killed = pipeline!< node((|_: usize| killed("killed"))?, [n] -> [attempts], retries = 1) >,
        aborting = pipeline!< node(|_: usize| ending("aborting", 2, abort), [n] -> [attempts], retries = 3) >,
        exiting = pipeline!< node(|_: usize| ending("exiting", 1, || exit(3)), [n] -> [attempts], retries = 1, backoff = "1ms") >,
        out_of_memory = pipeline!< node(|_: usize| ending("out_of_memory", 1, take_all_memory), [n] -> [attempts], retries = 1) >,
        always = pipeline!< node(|_: usize| ending("always", 9, abort), [n] -> [attempts], retries = 2) >,
        chained = pipeline!<
            node(|n: usize| vec![n; 10_000], [n] -> [long]),
            node(|long: Vec<usize>| (ending("chained", 1, abort), long.len()), [long] -> [attempts, length], retries = 1),
        >,
        stuck = pipeline!<
            node(|_: usize| ending("stuck", 9, hang), [n] -> [never], timeout = "100ms", name = "stuck"),
            node(|never: usize| never, [never] -> [length]),
            node(|n: usize| n + 1, [n] -> [other], name = "other"),
        >,
        stuck_at_first = pipeline!<
            node(|_: usize| ending("stuck_at_first", 2, hang), [n] -> [attempts], timeout = "300ms", retries = 2, backoff = "1ms"),
        >,
        patient = pipeline!<
            node((|_: usize| waits("patient", "gave up"))?, [n] -> [length], timeout = "100ms", name = "patient"),
            node(|n: usize| n + 1, [n] -> [other], name = "other"),
        >,
        family = pipeline!< node(|_: usize| family("family", hang), [n] -> [length], timeout = "500ms") >,
        orphans = pipeline!< node(|_: usize| family("orphans", abort), [n] -> [length]) >,
        lasting = pipeline!< node(|_: usize| family("lasting", hang), [n] -> [length]) >,
        background = pipeline!< node(|_: usize| family("background", || ()), [n] -> [length]) >,
        waiting = pipeline!<
            node((|_: usize| waits("waiting", "heard it"))?, [n] -> [length], name = "waiting"),
            node(|length: usize| length, [length] -> [other], name = "after"),
        >,
        hopeful = pipeline!<
            node((|_: usize| fails("hopeful"))?, [n] -> [length], retries = 1, backoff = "1h"),
        >,
    }
}

/// A file in which nodes say how far they are, to those who look from another process.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("workers_that_end_{name}"))
}

/// Which attempt of a node it is, from 1.
fn attempt(name: &str) -> usize {
    let mut file = OpenOptions::new().create(true).append(true).open(file(name)).expect("the folder is there");
    file.write_all(b".").expect("there is room");
    usize::try_from(file.metadata().expect("it is open").len()).expect("few attempts")
}

/// Ends so many times, in that way.
fn ending<T>(name: &str, times: usize, end: impl Fn() -> T) -> usize {
    let attempt = attempt(name);
    if attempt <= times {
        end();
    }
    attempt
}

fn hang() {
    loop {
        thread::park();
    }
}

fn take_all_memory() {
    let bytes: Vec<u8> = Vec::with_capacity(isize::MAX as usize);
    eprintln!("there is room for {} bytes", bytes.capacity());
}

/// Says which process it is in, and waits to be killed, at first.
fn killed(name: &str) -> Result<usize, &'static str> {
    let attempt = attempt(name);
    if attempt > 1 {
        return Ok(attempt);
    }
    tell(&format!("{name}.pid"), std::process::id());
    thread::sleep(Duration::from_secs(60));
    Err("nobody killed it")
}

/// Says a number at once.
fn tell(name: &str, number: u32) {
    fs::write(file(&format!("{name}.tmp")), number.to_string()).expect("the folder is there");
    fs::rename(file(&format!("{name}.tmp")), file(name)).expect("it has just been written");
}

/// Waits until it is cancelled.
fn waits(name: &str, error: &str) -> Result<usize, String> {
    attempt(name);
    let (started, cancellation) = (Instant::now(), Cancellation::of_this_node());
    while !cancellation.is_cancelled() {
        if started.elapsed() > Duration::from_secs(60) {
            return Err("nobody said so".to_owned());
        }
        thread::sleep(Duration::from_millis(1));
    }
    Err(error.to_owned())
}

/// Starts a process that keeps the standard error open.
#[expect(clippy::zombie_processes, reason = "what becomes of it is what is tried")]
fn family<T>(name: &str, end: fn() -> T) -> usize {
    let child = Command::new("sleep").arg("300").stdout(Stdio::null()).spawn().expect("there is a `sleep`");
    tell(name, child.id());
    end();
    0
}

fn fails(name: &str) -> Result<usize, &'static str> {
    attempt(name);
    Err("refused")
}

/// Not a test: the workers of the others.
#[test]
fn workers() {
    worker::serve(&pipelines());
}

fn runner() -> ProcessRunner {
    ProcessRunner::new().max_workers(2).workers_of_test("workers")
}

/// What a run of a pipeline of this name ends with, and its catalog.
fn run(name: &str) -> (Result<(), Error>, Catalog) {
    let watchdog = Watchdog::new();
    watchdog.begins(name);
    drop(fs::remove_file(file(name)));
    let catalog = Catalog::default();
    (runner().run_named(&pipelines(), name, &catalog), catalog)
}

fn kill(pid: &str) {
    assert!(Command::new("kill").args(["-9", pid]).status().is_ok_and(|status| status.success()));
}

#[test]
fn a_worker_that_is_killed_from_outside_is_replaced_for_the_next_attempt() {
    let of_worker = file("killed.pid");
    drop(fs::remove_file(&of_worker));
    thread::scope(|scope| {
        let run = scope.spawn(|| run("killed"));
        wait_until("the node runs", || of_worker.exists());
        kill(&fs::read_to_string(&of_worker).unwrap());
        let (result, catalog) = run.join().unwrap();
        result.unwrap();
        assert_eq!(catalog.attempts.load().unwrap(), 2);
    });
}

#[test]
fn a_node_that_takes_its_worker_along_is_tried_again_in_a_new_one() {
    for (name, n_attempts) in [("aborting", 3), ("exiting", 2), ("out_of_memory", 2), ("chained", 2)] {
        let (result, catalog) = run(name);
        result.unwrap();
        assert_eq!(catalog.attempts.load().unwrap(), n_attempts, "{name}");
    }
}

#[test]
fn when_no_attempt_is_left_the_last_error_is_that_of_the_node() {
    let error = run("always").0.unwrap_err();
    assert!(matches!(&error, Error::WorkerDied { how, .. } if how == "was killed by signal 6 (SIGABRT)"), "{error:?}");
    assert_eq!(attempt("always"), 4, "three attempts before this one");
}

#[test]
fn a_node_whose_time_is_over_is_ended() {
    let error = run("stuck").0.unwrap_err();
    let node = pipelines().get("stuck").unwrap().dag().unwrap().nodes().next().unwrap().to_string();
    assert_eq!(
        format!("{error:?}"),
        format!("node `{node}` of pipeline `stuck` took longer than its timeout of 100ms")
    );
    assert!(matches!(error, Error::TimedOut { source: None, timeout, .. } if timeout == Duration::from_millis(100)));
}

#[test]
fn a_run_that_keeps_going_goes_on_after_a_node_that_was_ended() {
    let watchdog = Watchdog::new();
    for max_workers in 1..3 {
        watchdog.begins("stuck, and the run keeps going");
        drop(fs::remove_file(file("stuck")));
        let (catalog, runner) = (Catalog::default(), runner().max_workers(max_workers));
        let pipelines = pipelines();
        let report = runner.run_named_with(&pipelines, "stuck", &catalog, &RunOptions::new().keep_going()).unwrap();
        let status: Vec<Status> = report.nodes().map(|(_, status)| status).collect();
        let orphaned = Status::Skipped("a node that it waits for failed");
        assert_eq!(status, [Status::Failed, orphaned, Status::Completed]);
        assert!(matches!(report.error(), Some(Error::TimedOut { .. })), "{:?}", report.error());
        assert_eq!(catalog.other.load().unwrap(), 4);
    }
}

#[test]
fn a_node_that_was_ended_is_tried_again_in_a_new_worker() {
    let (result, catalog) = run("stuck_at_first");
    result.unwrap();
    assert_eq!(catalog.attempts.load().unwrap(), 3);
}

#[test]
fn a_node_that_asks_whether_its_time_is_over_ends_by_itself() {
    let error = run("patient").0.unwrap_err();
    let node = "node `patient: ";
    let said = format!("{error:?}");
    assert!(said.starts_with(node), "{said}");
    assert!(said.contains("took longer than its timeout of 100ms\n  caused by: node `patient: "), "{said}");
    assert!(said.ends_with("failed\n  caused by: gave up"), "{said}");
}

#[test]
fn what_a_node_has_started_ends_with_its_worker() {
    for name in ["family", "orphans"] {
        let error = run(name).0.unwrap_err();
        match name {
            "family" => assert!(matches!(error, Error::TimedOut { .. }), "{error:?}"),
            _ => assert!(matches!(error, Error::WorkerDied { .. }), "{error:?}"),
        }
        let started = fs::read_to_string(file(name)).unwrap();
        wait_until("it ends too", || !is_running(&started));
    }
}

/// Not a test: a run in a process that is killed.
#[test]
#[ignore = "another test starts it"]
fn lasts_until_it_is_killed() {
    run("lasting").0.unwrap();
}

#[test]
fn what_a_node_has_started_ends_with_its_run() {
    drop(fs::remove_file(file("lasting")));
    let mut of_run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lasts_until_it_is_killed", "--ignored", "--nocapture"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the node runs", || file("lasting").exists());
    let started = fs::read_to_string(file("lasting")).unwrap();
    of_run.kill().unwrap();
    of_run.wait().unwrap();
    wait_until("it ends too", || !is_running(&started));
}

#[test]
fn what_a_node_leaves_running_when_all_goes_well_keeps_nobody_waiting() {
    run("background").0.unwrap();
    let started = fs::read_to_string(file("background")).unwrap();
    assert!(is_running(&started));
    kill(&started);
}

/// Cancels a run from outside when its node has made this file.
fn cancelled_in_the_middle(name: &str) -> (Error, Vec<Status>) {
    let watchdog = Watchdog::new();
    watchdog.begins(name);
    drop(fs::remove_file(file(name)));
    let (cancellation, catalog, pipelines) = (Cancellation::new(), Catalog::default(), pipelines());
    thread::scope(|scope| {
        scope.spawn(|| {
            wait_until("the node runs", || file(name).exists());
            cancellation.cancel();
        });
        let options = RunOptions::new().cancelled_by(&cancellation);
        let report = runner().run_named_with(&pipelines, name, &catalog, &options).expect("it can start");
        let status = report.nodes().map(|(_, status)| status).collect();
        (report.into_result().expect_err("it was cancelled"), status)
    })
}

#[test]
fn a_node_in_a_worker_hears_that_its_run_is_cancelled_from_outside() {
    let (error, status) = cancelled_in_the_middle("waiting");
    assert!(format!("{error:?}").ends_with("of pipeline `waiting` failed\n  caused by: heard it"), "{error:?}");
    assert_eq!(status, [Status::Failed, Status::Skipped("the run failed")]);
}

#[test]
fn a_node_that_waits_for_its_next_attempt_is_not_tried_again_when_its_run_is_cancelled() {
    let (error, _) = cancelled_in_the_middle("hopeful");
    assert!(format!("{error:?}").ends_with("caused by: refused"), "{error:?}");
}
