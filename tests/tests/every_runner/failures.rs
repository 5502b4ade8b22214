//! What fails or panics is an error of its node, and the next run works.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pipeline_core::dag::ResumeHint;
use pipeline_core::prelude::*;
use pipeline_core::{Cancellation, Error, RunOptions, Status};

use crate::moody::Mood;
use crate::{Catalog, double, identity, refuse};

pub(crate) fn keeps_going_with_all_that_waits_for_no_failure(runner: &dyn Runner) {
    fn panic(_: i32) -> i32 {
        resume_unwind(Box::new("on purpose"))
    }
    let pipeline = pipeline! {
        for Catalog;
        node(refuse?, [A] -> [refused]),
        node(double, [refused] -> [after]),
        node(panic, [A] -> [panicked]),
        node(|after: i32, panicked: i32, a: i32| after + panicked + a, [after, panicked, A] -> [C]),
        node(double, [A] -> [B]),
        node(|b: i32, a: i32| a + b, [B, A] -> [sum]),
    }
    .named("p");
    let options = RunOptions::new().keep_going();
    let report = runner.run_with(&pipeline, &Catalog::default(), &options).expect("it can start");
    let (failed, orphaned) = (Status::Failed, Status::Skipped("a node that it waits for failed"));
    let status: Vec<Status> = report.nodes().map(|(_, status)| status).collect();
    assert_eq!(status, [failed, orphaned, failed, orphaned, Status::Completed, Status::Completed]);
    assert_eq!((report.outputs.sum, report.resume_hint().map(ResumeHint::n_left)), (Some(9), Some(4)));
    let error = report.into_result().expect_err("two nodes failed");
    assert!(error.to_string().starts_with("2 nodes of pipeline `p` failed:"), "{error}");
    let Error::Several { pipeline, errors } = error else { panic!("{error:?}") };
    assert_eq!((pipeline.as_deref(), errors.len()), (Some("p"), 2));
    assert!(errors.iter().any(|error| matches!(error, Error::Node { node, .. } if node == "refuse([A]) -> [refused]")));
    assert!(errors.iter().any(|error| matches!(error, Error::Panicked { message, .. } if message == "on purpose")));
}

pub(crate) fn one_failure_of_a_run_that_kept_going_is_its_error(runner: &dyn Runner) {
    let pipeline = pipeline! { for Catalog; node(refuse?, [A] -> [refused: i32]), node(double, [A] -> [B]) };
    let catalog = Catalog::default();
    let report = runner.run_with(&pipeline, &catalog, &RunOptions::new().keep_going()).expect("it can start");
    assert!(matches!(report.error(), Some(Error::Node { .. })), "{:?}", report.error());
    assert_eq!(catalog.B.load().expect("the other node ran"), 6);
}

pub(crate) fn failures_before_a_cancellation_are_told_with_it(runner: &dyn Runner) {
    let cancellation = Cancellation::new();
    let cancels = cancellation.clone();
    let pipeline = pipeline! {
        for Catalog;
        node((|a: i32| -> Result<(i32, i32), &str> { if a > 0 { Err("refused") } else { Ok((a, a)) } })?, [A] -> [x, y]),
        node(move |a: i32| { cancels.cancel(); a }, [A] -> [B]),
        node(double, [B] -> [C]),
        node(|x: i32, y: i32| x + y, [x, y] -> [sum: i32]),
    };
    let options = RunOptions::new().keep_going().cancelled_by(&cancellation);
    let report = runner.run_with(&pipeline, &Catalog::default(), &options).expect("it can start");
    let status: Vec<Status> = report.nodes().map(|(_, status)| status).collect();
    // Where the node that cancels was first, nothing has failed.
    match report.error() {
        Some(Error::Several { errors, .. }) => {
            assert_eq!(status[0], Status::Failed);
            assert!(matches!(&**errors, [Error::Node { .. }, Error::Cancelled { .. }]), "{errors:?}");
            let told = report.error().expect("it is there").to_string();
            assert!(told.starts_with("1 node failed:\n"), "{told}");
        }
        Some(Error::Cancelled { .. }) => assert_ne!(status[0], Status::Failed),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn datasets_that_fail_or_panic_are_errors_of_their_node(runner: &dyn Runner) {
    let pipeline = pipeline! {
        for Catalog;
        node(double, [given] -> [passed], name = "first"),
        node(double, [passed] -> [made], name = "second"),
    };
    let catalog = Catalog::default();
    for mood in [Mood::FailsToLoad, Mood::FailsToSave, Mood::PanicsOnLoad, Mood::PanicsOnSave] {
        catalog.passed.is(mood);
        let error = runner.run(&pipeline, &catalog).expect_err("the dataset is in a bad mood");
        let (Error::Load { node, .. } | Error::Save { node, .. } | Error::Panicked { node, .. }) = &error else {
            panic!("{error:?}")
        };
        let is_loaded = matches!(mood, Mood::FailsToLoad | Mood::PanicsOnLoad);
        assert!(node.starts_with(if is_loaded { "second" } else { "first" }), "{error:?}");
        assert!(format!("{error:?}").ends_with("in a bad mood"), "{error:?}");

        let report = runner.run_with(&pipeline, &catalog, &RunOptions::new().keep_going()).expect("it can start");
        assert_eq!(report.error().expect("as before").to_string(), error.to_string());
        catalog.passed.is(Mood::Well);
        runner.run(&pipeline, &catalog).expect("it runs again");
        assert_eq!(catalog.made.load().expect("it is saved"), 12);
    }
}

/// Panics when it is dropped, if it is armed.
struct Bomb(Arc<AtomicBool>);

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0.load(Ordering::SeqCst) && !std::thread::panicking() {
            resume_unwind(Box::new("a bomb"));
        }
    }
}

pub(crate) fn values_that_panic_when_they_are_dropped_are_errors_or_nothing(runner: &dyn Runner) {
    fn look(_: &Bomb) {}
    fn drop_it(_: Bomb) {}
    fn look_again(_: &Bomb, a: i32) -> i32 {
        a
    }
    let is_armed = Arc::new(AtomicBool::new(false));
    let make = || {
        let is_armed = Arc::clone(&is_armed);
        move |_: i32| (Bomb(Arc::clone(&is_armed)), 1)
    };
    let [one, two, three, four] = [make(), make(), make(), make()];
    // Dropped after its only reader, by it, or after the last of several.
    let lent = pipeline! { for Catalog; node((one), [A] -> [bomb, B]), node(look, [bomb] -> []) };
    let given = pipeline! { for Catalog; node((two), [A] -> [bomb, B]), node(drop_it, [bomb] -> []) };
    let shared = pipeline! {
        for Catalog;
        node((three), [A] -> [bomb, B]),
        node(look_again, [bomb, A] -> [x: i32]), node(look_again, [bomb, A] -> [y: i32]),
    };
    // Left in memory by a run that fails, which has its error already.
    let stays = pipeline! {
        for Catalog;
        node((four), [A] -> [bomb, go]),
        node((|go: i32, never: i32| if never == 3 { Err("refused") } else { Ok(go) })?, [go, A] -> [stop: i32]),
        node(look_again, [bomb, stop] -> [B]),
    };
    let catalog = Catalog::default();
    for _ in 0..2 {
        is_armed.store(true, Ordering::SeqCst);
        for pipeline in
            [lent.clone().without_outputs(), given.clone().without_outputs(), shared.clone().without_outputs()]
        {
            let error = runner.run(&pipeline, &catalog).expect_err("a value panics when it is dropped");
            assert!(matches!(&error, Error::Panicked { message, .. } if message == "a bomb"), "{error:?}");
        }
        let error = runner.run(&stays, &catalog).expect_err("a node fails");
        assert!(matches!(&error, Error::Node { .. }), "{error:?}");
        is_armed.store(false, Ordering::SeqCst);
        runner.run(&lent, &catalog).expect("it runs again");
        runner.run(&given, &catalog).expect("it runs again");
        assert_eq!(runner.run(&shared, &catalog).expect("it runs again").x, 3);
    }
}

pub(crate) fn panics_that_panic_when_they_are_dropped_are_errors(runner: &dyn Runner) {
    fn panic(_: i32) -> i32 {
        resume_unwind(Box::new(Bomb(Arc::new(AtomicBool::new(true)))))
    }
    let pipeline = pipeline! {
        for Catalog;
        node(panic, [A] -> [x]), node(double, [A] -> [y: i32]), node(double, [x] -> [B]), node(double, [A] -> [z: i32]),
    };
    let error = runner.run(&pipeline, &Catalog::default()).expect_err("a node panics");
    assert!(matches!(&error, Error::Panicked { message, .. } if message == "it gave no message"), "{error:?}");
}

pub(crate) fn a_run_that_failed_says_where_to_resume(runner: &dyn Runner) {
    let pipeline = pipeline! {
        for Catalog;
        node(double, [given] -> [passed], name = "saves"),
        node(double, [passed] -> [between], name = "passes_on"),
        node(refuse?, [between] -> [refused], name = "refuses"),
        node(identity, [refused] -> [made], name = "waits"),
    };
    let report = runner.run_report(&pipeline, &Catalog::default()).expect("it can start");
    let hint = report.resume_hint().expect("it failed");
    assert_eq!((hint.n_left(), hint.from_nodes()), (2, &["passes_on".to_owned()][..]));

    let well = pipeline! { for Catalog; node(double, [given] -> [passed]), node(double, [passed] -> [made]) };
    let report = runner.run_report(&well, &Catalog::default()).expect("it can start");
    assert!(report.error().is_none() && report.resume_hint().is_none());
}
