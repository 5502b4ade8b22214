//! What holds for nodes that are executed in the run's own process.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "every test of the suite is given its runner by reference")]

use std::thread;
use std::time::Duration;

use pipeline_core::prelude::*;
use pipeline_core::{Cancellation, Error, RunOptions, Status};
use pipeline_tests::InPool;

use crate::failures::{look_again, make_bomb};
use crate::runners::{Tried, pool};
use crate::{Catalog, Params, double, identity};

pub(crate) fn keeps_the_type_of_an_error_and_needs_no_name(runner: &dyn Runner) {
    fn parse(value: i32) -> Result<i32, std::num::ParseIntError> {
        format!("x{value}").parse()
    }
    let pipeline = pipeline! { for Catalog; node(double, [A] -> [doubled]), node(parse?, [doubled] -> [parsed: i32]) };
    let error = runner.run(&pipeline, &Catalog::default()).expect_err("it fails");
    assert_eq!(error.to_string(), "node `parse([doubled]) -> [parsed]` failed");
    let Error::Node { source, .. } = &error else { panic!("{error:?}") };
    assert!(source.is::<std::num::ParseIntError>(), "{source:?}");
}

pub(crate) fn a_node_that_cancels_its_run_sees_it(runner: &dyn Runner) {
    let cancellation = Cancellation::new();
    let cancel = {
        let cancellation = cancellation.clone();
        move |a: i32| {
            assert!(!Cancellation::of_this_node().is_cancelled());
            cancellation.cancel();
            assert!(Cancellation::of_this_node().is_cancelled(), "the node sees it too");
            a
        }
    };
    let pipeline = pipeline! {
        for Catalog;
        node(double, [A] -> [first]),
        node((cancel), [first] -> [second: i32]),
        node(double, [second] -> [third]),
        node(identity, [third] -> [B]),
    };
    let options = RunOptions::new().cancelled_by(&cancellation);
    let report = runner.run_with(&pipeline, &Catalog::default(), &options).expect("it can start");
    let error = report.error().expect("it was cancelled").to_string();
    assert_eq!(error, "the run was cancelled before node `double([second]) -> [third]`");
    let (completed, skipped) = (Status::Completed, Status::Skipped("the run was cancelled"));
    let status: Vec<Status> = report.nodes().map(|(_, status)| status).collect();
    assert_eq!(status, [completed, completed, skipped, skipped]);
}

pub(crate) fn a_node_sees_that_its_run_is_cancelled_however_deep_it_runs(tried: &Tried) {
    fn asks(_: i32) -> bool {
        Cancellation::of_this_node().is_cancelled()
    }
    /// Runs a node that asks, inside a node that another node's run is inside of.
    fn inside(runner: Tried, depth: usize, cancel: Option<Cancellation>) -> Result<bool, Error> {
        if depth == 0 {
            if let Some(cancellation) = cancel {
                cancellation.cancel();
            }
            return Ok(asks(0));
        }
        let node = move |_: i32| inside(runner, depth - 1, cancel.clone());
        let pipeline = pipeline! { for Catalog; node((node)?, [A] -> [seen: bool]) };
        let options = RunOptions::new().cancelled_by(&Cancellation::of_this_node());
        let outputs = runner.run_with(&pipeline, &Catalog::default(), &options)?.into_result()?;
        Ok(outputs.seen.unwrap_or(false))
    }
    let runner = *tried;
    for cancels in [false, true] {
        let outermost = Cancellation::new();
        let cancel = cancels.then(|| outermost.clone());
        let node = move |_: i32| inside(runner, 3, cancel.clone());
        let pipeline = pipeline! { for Catalog; node((node)?, [A] -> [seen: bool]) };
        let options = RunOptions::new().cancelled_by(&outermost);
        let report = runner.run_with(&pipeline, &Catalog::default(), &options).expect("it can start");
        assert_eq!(report.outputs.seen, Some(cancels), "{:?}", report.error());
    }
}

pub(crate) fn a_run_inside_a_node_of_another_does_not_meet_it(tried: &Tried) {
    // The same pipeline, down to some depth: its value says how deep it was run.
    fn depth_of(runner: Tried, depth: usize) -> Result<usize, Error> {
        if depth == 0 {
            return Ok(0);
        }
        let inside = move |_: i32| depth_of(runner, depth - 1);
        let pipeline = pipeline! {
            for Catalog;
            node((inside)?, [A] -> [left]),
            node((inside)?, [A] -> [right]),
            node(|left: usize, right: usize| left.min(right) + 1, [left, right] -> [depth]),
        };
        runner.run(&pipeline, &Catalog::default()).map(|outputs| outputs.depth)
    }
    assert_eq!(depth_of(*tried, 3).expect("it runs"), 3);
}

pub(crate) fn a_value_that_stays_in_memory_and_panics_when_it_is_dropped_is_nothing_beside_an_error(
    runner: &dyn Runner,
) {
    let stays = pipeline! {
        for Catalog;
        node(make_bomb, [A, params:are_armed] -> [bomb, go]),
        node((|go: i32, never: i32| if never == 3 { Err("refused") } else { Ok(go) })?, [go, A] -> [stop: i32]),
        node(look_again, [bomb, stop] -> [B]),
    };
    let armed = Catalog { params: Params { are_armed: true, ..Params::default() }, ..Catalog::default() };
    let well = Catalog { A: Memory::new(4), ..Catalog::default() };
    for _ in 0..2 {
        let error = runner.run(&stays, &armed).expect_err("a node fails");
        assert!(matches!(&error, Error::Node { .. }), "{error:?}");
        runner.run(&stays, &well).expect("it runs again");
        assert_eq!(well.B.load().expect("it is saved"), 1);
    }
}

/// An error that panics when it is dropped.
#[derive(Debug)]
struct BadError;

impl std::fmt::Display for BadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("it is bad")
    }
}

impl std::error::Error for BadError {}

impl Drop for BadError {
    fn drop(&mut self) {
        assert!(thread::panicking(), "an error is dropped");
    }
}

#[test]
fn errors_that_panic_when_they_are_dropped_do_not_leave_the_run() {
    let runners: [&dyn Runner; 6] = [
        &SequentialRunner::new(),
        &ThreadRunner::new(),
        &ThreadRunner::new().max_workers(2),
        &ParallelRunner::new(),
        &ParallelRunner::new().in_pool(pool(3)),
        &InPool(3, ParallelRunner::new()),
    ];
    runners.into_iter().for_each(bad_errors_do_not_leave_the_run);
}

fn bad_errors_do_not_leave_the_run(runner: &dyn Runner) {
    let fail = |_: i32| -> Result<i32, BadError> {
        thread::sleep(Duration::from_millis(20));
        Err(BadError)
    };
    let fail_when_told = |_: i32| -> Result<i32, BadError> {
        let cancellation = Cancellation::of_this_node();
        for _ in 0..50 {
            if cancellation.is_cancelled() {
                break;
            }
            thread::sleep(Duration::from_millis(2));
        }
        Err(BadError)
    };
    let pipeline = pipeline! {
        for Catalog;
        node((fail)?, [A] -> [x: i32]), node((fail)?, [A] -> [y: i32]), node((fail_when_told)?, [A] -> [z: i32]),
    };
    let report = runner.run_report(&pipeline, &Catalog::default()).expect("it can start");
    let error = report.error().expect("it failed").to_string();
    assert!(error.contains("failed"), "{error}");
    assert!(report.nodes().all(|(_, status)| status != Status::Completed), "{report}");
    // What the user does with the errors is the user's.
    std::mem::forget(report);
}
