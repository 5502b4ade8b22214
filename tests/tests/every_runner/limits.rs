//! How many nodes a runner executes at a time, and what those that run hear of a failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pipeline_core::prelude::*;
use pipeline_core::{Cancellation, Error};

use crate::{Catalog, pool};

/// Long enough for any machine; only a failure waits so long.
const LONG: Duration = Duration::from_secs(30);

/// How many of eight nodes were executed at a time; each waits a while for so many.
fn most_at_a_time(runner: &dyn Runner, wanted: usize) -> usize {
    let (n_running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let make = || {
        let (n_running, most) = (Arc::clone(&n_running), Arc::clone(&most));
        move || {
            most.fetch_max(n_running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let start = Instant::now();
            while most.load(Ordering::SeqCst) < wanted && start.elapsed() < LONG {
                thread::sleep(Duration::from_millis(1));
            }
            // Would others start, they had the time for it.
            thread::sleep(Duration::from_millis(3));
            n_running.fetch_sub(1, Ordering::SeqCst);
            0
        }
    };
    let [n1, n2, n3, n4, n5, n6, n7, n8] = [make(), make(), make(), make(), make(), make(), make(), make()];
    let pipeline = pipeline! {
        for Catalog;
        node((n1), [] -> [o1]), node((n2), [] -> [o2]), node((n3), [] -> [o3]), node((n4), [] -> [o4]),
        node((n5), [] -> [o5]), node((n6), [] -> [o6]), node((n7), [] -> [o7]), node((n8), [] -> [o8]),
    };
    runner.run(&pipeline, &Catalog::default()).expect("it runs");
    most.load(Ordering::SeqCst)
}

#[test]
fn as_many_nodes_run_at_a_time_as_there_are_workers_and_no_more() {
    for n in 1..=8 {
        assert_eq!(most_at_a_time(&ThreadRunner::new().max_workers(n), n), n);
        assert_eq!(most_at_a_time(&ParallelRunner::new().in_pool(pool(n)), n), n);
    }
    for n in 1..=4 {
        assert_eq!(most_at_a_time(&ParallelRunner::new().in_pool(pool(5)).max_workers(n), n), n);
        assert_eq!(most_at_a_time(&ParallelRunner::new().in_pool(pool(n)).max_workers(7), n), n);
    }
    assert_eq!(most_at_a_time(&ThreadRunner::new(), 8), 8);
    assert_eq!(most_at_a_time(&ThreadRunner::new().max_workers(100), 8), 8);
    assert_eq!(most_at_a_time(&SequentialRunner::new(), 1), 1);
}

#[test]
fn no_workers_are_an_error_before_anything_runs() {
    let was_called = Arc::new(AtomicBool::new(false));
    let calls = Arc::clone(&was_called);
    let pipeline = pipeline! { for Catalog; node(move |_: i32| calls.store(true, Ordering::SeqCst), [A] -> []) };
    let runners: [(&str, Box<dyn Runner>); 2] = [
        ("ThreadRunner", Box::new(ThreadRunner::new().max_workers(0))),
        ("ParallelRunner", Box::new(ParallelRunner::new().max_workers(0))),
    ];
    for (name, runner) in runners {
        let error = runner.run(&pipeline, &Catalog::default()).unwrap_err();
        assert!(matches!(error, Error::NoWorkers { runner } if runner == name), "{error:?}");
        assert_eq!(error.to_string(), format!("`{name}` needs at least one worker, and `max_workers` is 0"));
    }
    assert!(!was_called.load(Ordering::SeqCst));
}

#[test]
fn nodes_that_run_hear_that_another_has_failed() {
    let runners: [Box<dyn Runner>; 4] = [
        Box::new(ThreadRunner::new()),
        Box::new(ThreadRunner::new().max_workers(2)),
        Box::new(ParallelRunner::new().in_pool(pool(2))),
        Box::new(ParallelRunner::new().in_pool(pool(4)).max_workers(2)),
    ];
    for (place, runner) in runners.iter().enumerate() {
        let (is_running, was_told) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (runs, waits, told) = (Arc::clone(&is_running), Arc::clone(&is_running), Arc::clone(&was_told));
        let wait_for = |is_so: &dyn Fn() -> bool| {
            let start = Instant::now();
            while !is_so() && start.elapsed() < LONG {
                thread::yield_now();
            }
        };
        let pipeline = pipeline! {
            for Catalog;
            node(
                (move |a: i32| {
                    let cancellation = Cancellation::of_this_node();
                    runs.store(true, Ordering::SeqCst);
                    wait_for(&|| cancellation.is_cancelled());
                    told.store(cancellation.is_cancelled(), Ordering::SeqCst);
                    if a > 0 { Err("returned early") } else { Ok(a) }
                })?,
                [A] -> [B]
            ),
            node(
                (move |a: i32| {
                    wait_for(&|| waits.load(Ordering::SeqCst));
                    if a > 0 { Err("refused") } else { Ok(a) }
                })?,
                [A] -> [C]
            ),
        };
        let error = runner.run(&pipeline, &Catalog::default()).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(was_told.load(Ordering::SeqCst), "runner {place}");
        assert_eq!(cause, "refused", "runner {place}");
    }
}
