//! How many nodes a runner executes at a time, and what those that run hear of a failure.

use std::thread;
use std::time::Duration;

use pipeline_core::hook::Hook;
use pipeline_core::prelude::*;
use pipeline_core::{Cancellation, Error, RunOptions, Status};
use pipeline_tests::InPool;

use crate::log::{Log, wait};
use crate::runners::{InProcesses, pool};
use crate::{Catalog, Params, double};

/// The most nodes that were executed at a time, as they noted it.
fn most(notes: &[String]) -> usize {
    let mut n_running = 0;
    let counts = notes.iter().map(|note| {
        n_running = if note == "begins" { n_running + 1 } else { n_running - 1 };
        n_running
    });
    counts.max().unwrap_or(0)
}

/// A node that waits a while for so many to be executed at a time.
fn meet(wanted: usize, log: &Log) -> i32 {
    log.note("begins");
    log.wait(|notes| most(notes) >= wanted);
    // Would others start, they had the time for it.
    thread::sleep(Duration::from_millis(3));
    log.note("ends");
    0
}

pipeline! {
    #[portable]
    pub(crate) meeting for Catalog {
        node(meet, [params:wanted, params:log] -> [o1: i32]), node(meet, [params:wanted, params:log] -> [o2: i32]),
        node(meet, [params:wanted, params:log] -> [o3: i32]), node(meet, [params:wanted, params:log] -> [o4: i32]),
        node(meet, [params:wanted, params:log] -> [o5: i32]), node(meet, [params:wanted, params:log] -> [o6: i32]),
        node(meet, [params:wanted, params:log] -> [o7: i32]), node(meet, [params:wanted, params:log] -> [o8: i32]),
    }
}

/// How many of eight nodes were executed at a time; each waits a while for so many.
fn most_at_a_time(runner: &dyn Runner, wanted: usize) -> usize {
    let (_folder, log) = Log::new();
    let params = Params { wanted, log: log.clone(), ..Params::default() };
    runner.run(&meeting(), &Catalog { params, ..Catalog::default() }).expect("it runs");
    most(&log.notes())
}

#[test]
fn as_many_nodes_run_at_a_time_as_there_are_workers_and_no_more() {
    for n in 1..=8 {
        assert_eq!(most_at_a_time(&ThreadRunner::new().max_workers(n), n), n);
        assert_eq!(most_at_a_time(&ParallelRunner::new().in_pool(pool(n)), n), n);
        assert_eq!(most_at_a_time(&InProcesses(n), n), n);
    }
    for n in 1..=4 {
        assert_eq!(most_at_a_time(&ParallelRunner::new().in_pool(pool(5)).max_workers(n), n), n);
        assert_eq!(most_at_a_time(&ParallelRunner::new().in_pool(pool(n)).max_workers(7), n), n);
    }
    assert_eq!(most_at_a_time(&ThreadRunner::new(), 8), 8);
    assert_eq!(most_at_a_time(&ThreadRunner::new().max_workers(100), 8), 8);
    assert_eq!(most_at_a_time(&InProcesses(100), 8), 8);
    assert_eq!(most_at_a_time(&SequentialRunner::new(), 1), 1);
}

pipeline! {
    #[portable]
    pub(crate) noting for Catalog { node(|_: i32, log: &Log| log.note("called"), [A, params:log] -> []) }
}

#[test]
fn no_workers_are_an_error_before_anything_runs() {
    let (_folder, log) = Log::new();
    let runners: [(&str, Box<dyn Runner>); 3] = [
        ("ThreadRunner", Box::new(ThreadRunner::new().max_workers(0))),
        ("ParallelRunner", Box::new(ParallelRunner::new().max_workers(0))),
        ("ProcessRunner", Box::new(InProcesses(0))),
    ];
    for (name, runner) in runners {
        let error = runner.run(&noting(), &Catalog::noting_in(&log)).unwrap_err();
        assert!(matches!(error, Error::NoWorkers { runner } if runner == name), "{error:?}");
        assert_eq!(error.to_string(), format!("`{name}` needs at least one worker, and `max_workers` is 0"));
    }
    assert_eq!(log.notes(), [""; 0]);
}

fn wait_for_a_failure(log: &Log) -> Result<i32, &'static str> {
    let cancellation = Cancellation::of_this_node();
    log.note("it runs");
    wait(|| cancellation.is_cancelled());
    if cancellation.is_cancelled() {
        log.note("it was told");
    }
    Err("returned early")
}

fn fail_beside(log: &Log) -> Result<i32, &'static str> {
    log.wait(|notes| notes == ["it runs"]);
    Err("refused")
}

pipeline! {
    #[portable]
    pub(crate) hearing for Catalog {
        node(wait_for_a_failure?, [params:log] -> [B]),
        node(fail_beside?, [params:log] -> [C]),
    }
}

#[test]
fn nodes_that_run_hear_that_another_has_failed() {
    let runners: [Box<dyn Runner>; 6] = [
        Box::new(ThreadRunner::new()),
        Box::new(ThreadRunner::new().max_workers(2)),
        Box::new(ParallelRunner::new().in_pool(pool(2))),
        Box::new(ParallelRunner::new().in_pool(pool(4)).max_workers(2)),
        Box::new(InProcesses(2)),
        Box::new(InProcesses(4)),
    ];
    for (place, runner) in runners.iter().enumerate() {
        let (_folder, log) = Log::new();
        let error = runner.run(&hearing(), &Catalog::noting_in(&log)).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(log.notes(), ["it runs", "it was told"], "runner {place}");
        assert_eq!(cause, "refused", "runner {place}");
    }
}

// Both fail by themselves: neither looks at the other.
fn fail_first(log: &Log) -> Result<i32, &'static str> {
    log.note("first");
    log.wait(|notes| notes.len() == 2);
    Err("something small")
}

fn fail_second(log: &Log) -> Result<i32, &'static str> {
    log.note("second");
    log.wait(|notes| notes.len() == 2);
    thread::sleep(Duration::from_millis(100));
    Err("the disk is full")
}

fn panic_third(log: &Log) -> i32 {
    log.note("second");
    log.wait(|notes| notes.len() == 2);
    thread::sleep(Duration::from_millis(100));
    panic!("it is broken")
}

pipeline! {
    #[portable]
    pub(crate) two_failures for Catalog {
        node(fail_first?, [params:log] -> [B]),
        node(fail_second?, [params:log] -> [C]),
        node(double, [C] -> [made]),
    }
}

pipeline! {
    #[portable]
    pub(crate) failure_and_panic for Catalog {
        node(fail_first?, [params:log] -> [B]),
        node(panic_third, [params:log] -> [C]),
    }
}

#[test]
fn the_errors_of_all_nodes_that_failed_are_told_the_first_first() {
    let runners: [Box<dyn Runner>; 7] = [
        Box::new(ThreadRunner::new()),
        Box::new(ThreadRunner::new().max_workers(2)),
        Box::new(ParallelRunner::new().in_pool(pool(2))),
        Box::new(ParallelRunner::new().in_pool(pool(4)).max_workers(2)),
        Box::new(InPool(2, ParallelRunner::new())),
        Box::new(InProcesses(2)),
        Box::new(InProcesses(4)),
    ];
    for (place, runner) in runners.iter().enumerate() {
        for is_hooked in [false, true] {
            let (_folder, log) = Log::new();
            let hook = Silent;
            let options = if is_hooked { RunOptions::new().hook(&hook) } else { RunOptions::new() };
            let report = runner.run_with(&two_failures(), &Catalog::noting_in(&log), &options).unwrap();
            assert_eq!(report.nodes().filter(|(_, status)| *status == Status::Failed).count(), 2);
            let told = report.error().unwrap().to_string();
            assert_eq!(
                told,
                "2 nodes of pipeline `two_failures` failed:\n  \
                 node `fail_first([params:log]) -> [B]` of pipeline `two_failures` failed\n    \
                 caused by: something small\n  \
                 node `fail_second([params:log]) -> [C]` of pipeline `two_failures` failed\n    \
                 caused by: the disk is full",
                "runner {place}"
            );

            let (_folder, log) = Log::new();
            let error = runner.run(&failure_and_panic(), &Catalog::noting_in(&log)).unwrap_err();
            let Error::Several { errors, .. } = &error else { panic!("runner {place}: {error:?}") };
            assert!(
                matches!(&errors[..], [Error::Node { .. }, Error::Panicked { message, .. }] if message == "it is broken"),
                "runner {place}: {error:?}"
            );
        }
    }
}

struct Silent;

impl Hook for Silent {}
