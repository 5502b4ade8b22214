//! `timeout = "…"`: a node that takes longer has failed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pipeline_core::prelude::*;
use pipeline_core::{Cancellation, Error, RunOptions, Status};

catalog! {
    struct Catalog {
        milliseconds: Memory<u64> = Memory::new(1),
        calls: Memory<AtomicUsize> = Memory::new(AtomicUsize::new(0)),
        B: Memory<u64>,
    }
}

fn sleeping(milliseconds: u64) -> Catalog {
    Catalog { milliseconds: Memory::new(milliseconds), ..Catalog::default() }
}

fn sleep(milliseconds: u64) -> u64 {
    thread::sleep(Duration::from_millis(milliseconds));
    milliseconds
}

fn runners() -> Vec<(&'static str, Box<dyn Runner>)> {
    vec![
        ("SequentialRunner", Box::new(SequentialRunner::new())),
        ("ThreadRunner", Box::new(ThreadRunner::new())),
        ("ParallelRunner", Box::new(ParallelRunner::new())),
    ]
}

#[test]
fn a_node_in_time_is_a_node_like_any_other() {
    let pipeline = pipeline! { node(sleep, [milliseconds] -> [x], timeout = "1h") };
    for (name, runner) in runners() {
        assert_eq!(runner.run(&pipeline, &sleeping(1)).unwrap().x, 1, "{name}");
    }
}

#[test]
fn a_node_that_takes_longer_saves_nothing() {
    let pipeline = pipeline! { node(sleep, [milliseconds] -> [B], timeout = "10ms") };
    for (name, runner) in runners() {
        let catalog = sleeping(40);
        let error = runner.run(&pipeline, &catalog).unwrap_err();
        assert!(matches!(error, Error::TimedOut { source: None, .. }), "{name}: {error:?}");
        assert!(!catalog.B.exists().unwrap(), "{name}");

        let catalog = sleeping(40);
        let report = runner.run_with(&pipeline, &catalog, &RunOptions::new().is_async()).unwrap();
        assert!(matches!(report.error(), Some(Error::TimedOut { source: None, .. })), "{name}");
        assert!(!catalog.B.exists().unwrap(), "{name}");
    }
}

#[test]
fn a_node_that_takes_longer_has_failed_and_passes_nothing_on() {
    let pipeline = pipeline! {
        node(sleep, [milliseconds] -> [slept], timeout = "10ms", name = "slow"),
        node(|slept: u64| slept, [slept] -> [B]),
        node(sleep, [milliseconds] -> [free], timeout = "10ms"),
    };
    let pipeline = pipeline.named("sleeping");
    for (name, runner) in runners() {
        let report = runner.run_with(&pipeline, &sleeping(40), &RunOptions::new().keep_going()).unwrap();
        let status: Vec<Status> = report.nodes().map(|(_, status)| status).collect();
        let orphaned = Status::Skipped("a node that it waits for failed");
        assert_eq!(status, [Status::Failed, orphaned, Status::Failed], "{name}");
        assert_eq!(report.outputs.free, None, "{name}");

        let error = runner.run(&pipeline, &sleeping(40)).unwrap_err();
        // Where both run at a time, both are late.
        let first = if let Error::Several { errors, .. } = &error { &errors[0] } else { &error };
        let Error::TimedOut { timeout, source: None, .. } = first else { panic!("{name}: {error:?}") };
        assert_eq!(*timeout, Duration::from_millis(10), "{name}");
    }
    let error = SequentialRunner::new().run(&pipeline, &sleeping(40)).unwrap_err();
    let said =
        "node `slow: sleep([milliseconds]) -> [slept]` of pipeline `sleeping` took longer than its timeout of 10ms";
    assert_eq!(format!("{error:?}"), said);
}

#[test]
fn a_node_may_ask_whether_its_time_is_over_and_its_own_error_is_the_cause() {
    fn patient(_: u64) -> Result<u64, &'static str> {
        let cancellation = Cancellation::of_this_node();
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(60) {
            if cancellation.is_cancelled() {
                return Err("gave up");
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(1)
    }
    let pipeline = pipeline! { node(patient?, [milliseconds] -> [x], timeout = "20ms"), node(|ms: u64| ms, [milliseconds] -> [y]) };
    for (name, runner) in runners() {
        let started = Instant::now();
        let report = runner.run_with(&pipeline, &sleeping(1), &RunOptions::new().keep_going()).unwrap();
        assert!(started.elapsed() < Duration::from_secs(60), "{name}");
        let error = report.error().expect("it took too long");
        let said = "node `patient([milliseconds]) -> [x]` took longer than its timeout of 20ms\n  \
                    caused by: node `patient([milliseconds]) -> [x]` failed\n  caused by: gave up";
        assert_eq!(format!("{error:?}"), said, "{name}");
        assert_eq!(report.outputs.y, Some(1), "{name}: the time of one node is not that of another");
    }
}

#[test]
fn a_node_that_fails_in_time_has_its_own_error() {
    let pipeline = pipeline! { node((|_: u64| Err::<u64, _>("broken"))?, [milliseconds] -> [x], timeout = "1h") };
    let error = SequentialRunner::new().run(&pipeline, &sleeping(1)).unwrap_err();
    assert!(matches!(error, Error::Node { .. }), "{error:?}");
}

#[test]
fn a_node_that_took_too_long_is_tried_again() {
    fn slow_at_first(calls: &AtomicUsize) -> usize {
        let n_calls = calls.fetch_add(1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(if n_calls < 2 { 600 } else { 0 }));
        n_calls
    }
    let pipeline = pipeline! { node(slow_at_first, [calls] -> [x], retries = 2, timeout = "300ms") };
    assert_eq!(SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap().x, 2);
}
