//! What is asked to end does.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "every test of the suite is given its runner by reference")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pipeline_core::prelude::*;
use pipeline_core::{Cancellation, Error, RunOptions, Status};

use crate::{Catalog, Tried, double, identity};

pub(crate) fn a_run_that_was_cancelled_before_executes_nothing(runner: &dyn Runner) {
    let n_calls = Arc::new(AtomicUsize::new(0));
    let count = |n_calls: &Arc<AtomicUsize>| {
        let n_calls = Arc::clone(n_calls);
        move |a: i32| {
            n_calls.fetch_add(1, Ordering::SeqCst);
            a
        }
    };
    let (left, right) = (count(&n_calls), count(&n_calls));
    let pipeline = pipeline! {
        for Catalog;
        node((left), [A] -> [left: i32]),
        node((right), [A] -> [right: i32]),
        node(double, [left] -> [B]),
    };
    let cancellation = Cancellation::new();
    cancellation.cancel();
    for options in [RunOptions::new(), RunOptions::new().keep_going()] {
        let options = options.cancelled_by(&cancellation);
        let report = runner.run_with(&pipeline, &Catalog::default(), &options).expect("it can start");
        assert!(matches!(report.error(), Some(Error::Cancelled { .. })), "{:?}", report.error());
        assert!(report.nodes().all(|(_, status)| status == Status::Skipped("the run was cancelled")), "{report}");
        assert_eq!(report.outputs.right, None);
    }
    assert_eq!(n_calls.load(Ordering::SeqCst), 0);
    runner.run(&pipeline, &Catalog::default()).expect("without it, it runs");
    assert_eq!(n_calls.load(Ordering::SeqCst), 2);
}

pub(crate) fn a_run_that_is_cancelled_starts_no_other_node(runner: &dyn Runner) {
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
    assert!(!Cancellation::of_this_node().is_cancelled(), "outside of a node nobody cancels");
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
        let report = runner.run_with(&pipeline, &Catalog::default(), &options)?.into_result()?;
        Ok(report.outputs.seen.unwrap_or(false))
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
