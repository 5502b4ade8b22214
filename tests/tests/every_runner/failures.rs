//! What fails or panics is an error of its node, and the next run works.

use std::panic::resume_unwind;

use pipeline_core::dag::ResumeHint;
use pipeline_core::prelude::*;
use pipeline_core::{Cancellation, Error, RunOptions, Status};
use serde::{Deserialize, Serialize};

use crate::cancelling::CancelsAfter;
use crate::moody::{self, Mood};
use crate::{Catalog, Params, double, identity, refuse};

fn panic(_: i32) -> i32 {
    resume_unwind(Box::new("on purpose"))
}

pipeline! {
    #[portable]
    pub(crate) going_on for Catalog {
        node(refuse?, [A] -> [refused]),
        node(double, [refused] -> [after]),
        node(panic, [A] -> [panicked]),
        node(|after: i32, panicked: i32, a: i32| after + panicked + a, [after, panicked, A] -> [C]),
        node(double, [A] -> [B]),
        node(|b: i32, a: i32| a + b, [B, A] -> [sum: i32]),
    }
}

pub(crate) fn keeps_going_with_all_that_waits_for_no_failure(runner: &dyn Runner) {
    let options = RunOptions::new().keep_going();
    let report = runner.run_with(&going_on(), &Catalog::default(), &options).expect("it can start");
    let (failed, orphaned) = (Status::Failed, Status::Skipped("a node that it waits for failed"));
    let status: Vec<Status> = report.nodes().map(|(_, status)| status).collect();
    assert_eq!(status, [failed, orphaned, failed, orphaned, Status::Completed, Status::Completed]);
    assert_eq!((report.outputs.sum, report.resume_hint().map(ResumeHint::n_left)), (Some(9), Some(4)));
    let error = report.into_result().expect_err("two nodes failed");
    assert!(error.to_string().starts_with("2 nodes of pipeline `going_on` failed:"), "{error}");
    let Error::Several { pipeline, errors } = error else { panic!("{error:?}") };
    assert_eq!((pipeline.as_deref(), errors.len()), (Some("going_on"), 2));
    assert!(errors.iter().any(|error| matches!(error, Error::Node { node, .. } if node == "refuse([A]) -> [refused]")));
    assert!(errors.iter().any(|error| matches!(error, Error::Panicked { message, .. } if message == "on purpose")));
}

pipeline! {
    #[portable]
    pub(crate) one_failure for Catalog { node(refuse?, [A] -> [refused: i32]), node(double, [A] -> [B]) }
}

pub(crate) fn one_failure_of_a_run_that_kept_going_is_its_error(runner: &dyn Runner) {
    let catalog = Catalog::default();
    let report = runner.run_with(&one_failure(), &catalog, &RunOptions::new().keep_going()).expect("it can start");
    assert!(matches!(report.error(), Some(Error::Node { .. })), "{:?}", report.error());
    assert_eq!(catalog.B.load().expect("the other node ran"), 6);
}

pipeline! {
    #[portable]
    pub(crate) failing_and_ending for Catalog {
        node((|a: i32| -> Result<(i32, i32), &str> { if a > 0 { Err("refused") } else { Ok((a, a)) } })?, [A] -> [x, y]),
        node(identity, [A] -> [B], name = "last"),
        node(double, [B] -> [C]),
        node(|x: i32, y: i32| x + y, [x, y] -> [sum: i32]),
    }
}

pub(crate) fn failures_before_a_cancellation_are_told_with_it(runner: &dyn Runner) {
    let cancellation = Cancellation::new();
    let hook = CancelsAfter("last", &cancellation);
    let options = RunOptions::new().keep_going().cancelled_by(&cancellation).hook(&hook);
    let report = runner.run_with(&failing_and_ending(), &Catalog::default(), &options).expect("it can start");
    let status: Vec<Status> = report.nodes().map(|(_, status)| status).collect();
    // Where the node that cancels was first, nothing has failed.
    match report.error() {
        Some(Error::Several { errors, .. }) => {
            assert_eq!(status[0], Status::Failed);
            assert!(matches!(&**errors, [Error::Node { .. }, Error::Cancelled { .. }]), "{errors:?}");
            let told = report.error().expect("it is there").to_string();
            assert!(told.starts_with("1 node of pipeline `failing_and_ending` failed:\n"), "{told}");
        }
        Some(Error::Cancelled { .. }) => assert_ne!(status[0], Status::Failed),
        other => panic!("{other:?}"),
    }
}

pipeline! {
    #[portable]
    pub(crate) through_a_file for Catalog {
        node(double, [given] -> [passed], name = "first"),
        node(double, [passed] -> [made], name = "second"),
    }
}

pub(crate) fn datasets_that_fail_or_panic_are_errors_of_their_node(runner: &dyn Runner) {
    let _alone = moody::alone();
    let pipeline = through_a_file();
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
#[derive(Serialize, Deserialize)]
pub(crate) struct Bomb {
    is_armed: bool,
}

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.is_armed && !std::thread::panicking() {
            resume_unwind(Box::new("a bomb"));
        }
    }
}

pub(crate) fn make_bomb(_: i32, is_armed: bool) -> (Bomb, i32) {
    (Bomb { is_armed }, 1)
}

pub(crate) fn look_again(_: &Bomb, a: i32) -> i32 {
    a
}

fn look(_: &Bomb) {}

fn drop_it(_: Bomb) {}

// Dropped after its only reader, by it, or after the last of several.
pipeline! {
    #[portable]
    pub(crate) lent for Catalog { node(make_bomb, [A, params:are_armed] -> [bomb, B]), node(look, [bomb] -> []) }
}
pipeline! {
    #[portable]
    pub(crate) given for Catalog { node(make_bomb, [A, params:are_armed] -> [bomb, B]), node(drop_it, [bomb] -> []) }
}
pipeline! {
    #[portable]
    pub(crate) shared for Catalog {
        node(make_bomb, [A, params:are_armed] -> [bomb, B]),
        node(look_again, [bomb, A] -> [x: i32]),
        node(look_again, [bomb, A] -> [y: i32]),
    }
}

pub(crate) fn values_that_panic_when_they_are_dropped_are_errors(runner: &dyn Runner) {
    let armed = Catalog { params: Params { are_armed: true, ..Params::default() }, ..Catalog::default() };
    let (lent, given, shared, well) = (lent(), given(), shared(), Catalog::default());
    for _ in 0..2 {
        for pipeline in
            [lent.clone().without_outputs(), given.clone().without_outputs(), shared.clone().without_outputs()]
        {
            let error = runner.run(&pipeline, &armed).expect_err("a value panics when it is dropped");
            // Each of two worker processes has a copy of its own.
            let errors = if let Error::Several { errors, .. } = &error { errors } else { std::slice::from_ref(&error) };
            let is_a_bomb = |error: &Error| matches!(error, Error::Panicked { message, .. } if message == "a bomb");
            assert!(errors.iter().all(is_a_bomb), "{error:?}");
        }
        runner.run(&lent, &well).expect("it runs again");
        runner.run(&given, &well).expect("it runs again");
        assert_eq!(runner.run(&shared, &well).expect("it runs again").x, 3);
    }
}

fn panic_with_a_bomb(_: i32) -> i32 {
    resume_unwind(Box::new(Bomb { is_armed: true }))
}

pipeline! {
    #[portable]
    pub(crate) panicking for Catalog {
        node(panic_with_a_bomb, [A] -> [x]),
        node(double, [A] -> [y: i32]), node(double, [x] -> [B]), node(double, [A] -> [z: i32]),
    }
}

pub(crate) fn panics_that_panic_when_they_are_dropped_are_errors(runner: &dyn Runner) {
    let error = runner.run(&panicking(), &Catalog::default()).expect_err("a node panics");
    assert!(matches!(&error, Error::Panicked { message, .. } if message == "it gave no message"), "{error:?}");
}

pipeline! {
    #[portable]
    pub(crate) to_resume for Catalog {
        node(double, [given] -> [passed], name = "saves"),
        node(double, [passed] -> [between], name = "passes_on"),
        node(refuse?, [between] -> [refused], name = "refuses"),
        node(identity, [refused] -> [made], name = "waits"),
    }
}

pub(crate) fn a_run_that_failed_says_where_to_resume(runner: &dyn Runner) {
    let _alone = moody::alone();
    let report = runner.run_report(&to_resume(), &Catalog::default()).expect("it can start");
    let hint = report.resume_hint().expect("it failed");
    assert_eq!((hint.n_left(), hint.from_nodes()), (2, &["passes_on".to_owned()][..]));

    let report = runner.run_report(&through_a_file(), &Catalog::default()).expect("it can start");
    assert!(report.error().is_none() && report.resume_hint().is_none());
}
