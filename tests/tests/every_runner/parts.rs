//! Of a pipeline only a part is run, and what it is done with is let go.

use std::sync::{Arc, Mutex};

use pipeline_core::prelude::*;
use pipeline_core::{Error, RunOptions, Status};

use crate::log::Log;
use crate::moody::{self, Moody};
use crate::{Catalog, double, identity, refuse};

const NOT_SELECTED: Status = Status::Skipped("it is not selected");

fn statuses<O: pipeline_core::Outputs>(report: &pipeline_core::Report<O>) -> Vec<Status> {
    report.nodes().map(|(_, status)| status).collect()
}

pipeline! {
    #[portable]
    pub(crate) sliced for Catalog {
        node(|a: i32| vec![a], [A] -> [list], name = "list"),
        node(|list: Vec<i32>| list.len(), [list] -> [n: usize], name = "count"),
        node(|list: Vec<i32>| list[0], [list] -> [B], name = "first"),
        node(double, [B] -> [C], name = "last"),
    }
}

pub(crate) fn a_slice_runs_what_it_selects(runner: &dyn Runner) {
    let (pipeline, completed) = (sliced(), Status::Completed);
    let cases = [
        (Slice::new().to_outputs(["n"]), [completed, completed, NOT_SELECTED, NOT_SELECTED], Some(1)),
        (Slice::new().to_nodes(["first"]), [completed, NOT_SELECTED, completed, NOT_SELECTED], None),
        (Slice::new().nodes(["last"]), [NOT_SELECTED, NOT_SELECTED, NOT_SELECTED, completed], None),
        (Slice::new(), [completed; 4], Some(1)),
    ];
    let catalog = Catalog { B: Memory::new(5), ..Catalog::default() };
    for (slice, expected, n) in cases {
        let options = RunOptions::new().slice(slice);
        let report = runner.run_with(&pipeline, &catalog, &options).expect("it can start");
        assert_eq!(statuses(&report), expected);
        assert_eq!(report.into_result().expect("it runs").n, n);
    }
    assert_eq!(catalog.C.load().expect("it is saved"), 6);
}

pipeline! {
    #[portable]
    pub(crate) lacks for Catalog {
        node(double, [A] -> [x], name = "makes"),
        node(|x: i32, log: &Log| { log.note("reads"); x }, [x, params:log] -> [B], name = "reads"),
    }
}

pub(crate) fn a_slice_that_lacks_what_is_in_memory_only_does_not_start(runner: &dyn Runner) {
    let (_folder, log) = Log::new();
    let options = RunOptions::new().slice(Slice::new().nodes(["reads"]));
    let error = runner.run_with(&lacks(), &Catalog::noting_in(&log), &options).expect_err("it cannot start");
    assert!(matches!(&error, Error::InMemoryOnly { from_nodes, .. } if from_nodes == &["makes"]), "{error:?}");
    assert_eq!(log.notes(), [""; 0]);
}

pipeline! {
    #[portable]
    pub(crate) partly_there for Catalog { node(double, [given] -> [passed]), node(double, [passed] -> [made]) }
}

pub(crate) fn outputs_that_are_there_are_not_made_again(runner: &dyn Runner) {
    let _alone = moody::alone();
    let (pipeline, catalog) = (partly_there(), Catalog::default());
    catalog.passed.save(100).expect("it is well");
    let options = RunOptions::new().only_missing_outputs();
    let run = || runner.run_with(&pipeline, &catalog, &options).expect("it can start");
    let is_there = Status::Skipped("no missing output needs it");
    assert_eq!(statuses(&run()), [is_there, Status::Completed]);
    assert_eq!(catalog.made.load().expect("it is saved"), 200);
    assert_eq!(statuses(&run()), [is_there, is_there]);
    runner.run(&pipeline, &catalog).expect("it runs");
    assert_eq!(catalog.made.load().expect("it is saved"), 12);
}

/// Notes how often `passed` was let go before.
fn see(value: i32, log: &Log) -> i32 {
    log.note(&Catalog::default().passed.n_releases().to_string());
    value
}

pipeline! {
    #[portable]
    pub(crate) passing for Catalog {
        node(identity, [given] -> [passed]),
        node(see, [passed, params:log] -> [x]),
        node(|passed: i32, x: i32, log: &Log| see(passed + x, log), [passed, x, params:log] -> [y]),
        node(see, [y, params:log] -> [made]),
    }
}

pub(crate) fn what_passes_through_the_catalog_is_released_by_its_last_reader(runner: &dyn Runner) {
    let (_alone, (_folder, log)) = (moody::alone(), Log::new());
    let (passing, catalog) = (passing(), Catalog::noting_in(&log));
    for run in 0..3 {
        runner.run(&passing, &catalog).expect("it runs");
        assert_eq!(log.take(), [run, run, run + 1].map(|n_releases| n_releases.to_string()));
    }
    let n_releases = [&catalog.given, &catalog.passed, &catalog.made].map(Moody::n_releases);
    assert_eq!(n_releases, [0, 3, 0]);
}

pipeline! {
    #[portable]
    pub(crate) read_twice for Catalog {
        node(identity, [given] -> [passed], name = "writes"),
        node(identity, [passed] -> [B], name = "reads"),
        node(identity, [passed] -> [C], name = "reads_too"),
    }
}

pub(crate) fn what_passes_through_the_catalog_is_released_by_the_last_reader_of_a_slice(runner: &dyn Runner) {
    let _alone = moody::alone();
    let (pipeline, catalog) = (read_twice(), Catalog::default());
    let n_releases = |slice: Slice| {
        let (options, before) = (RunOptions::new().slice(slice), catalog.passed.n_releases());
        runner.run_with(&pipeline, &catalog, &options).expect("it can start").into_result().expect("it runs");
        catalog.passed.n_releases() - before
    };
    assert_eq!(n_releases(Slice::new().to_nodes(["reads"])), 1);
    // An input of the slice, and an output of it, stay.
    assert_eq!(n_releases(Slice::new().nodes(["reads", "reads_too"])), 0);
    assert_eq!(n_releases(Slice::new().nodes(["writes"])), 0);
    assert_eq!(n_releases(Slice::new()), 1);
}

pipeline! {
    #[portable]
    pub(crate) kept_in_vain for Catalog {
        node(identity, [given] -> [passed]),
        node(refuse?, [A] -> [refused]),
        node(|passed: i32, refused: i32| passed + refused, [passed, refused] -> [B]),
        node(double, [passed] -> [C]),
    }
}

pub(crate) fn what_was_kept_for_a_node_that_waits_for_a_failure_is_released(runner: &dyn Runner) {
    let (_alone, catalog) = (moody::alone(), Catalog::default());
    let options = RunOptions::new().keep_going();
    let report = runner.run_with(&kept_in_vain(), &catalog, &options).expect("it can start");
    assert!(matches!(report.error(), Some(Error::Node { .. })), "{:?}", report.error());
    assert_eq!(catalog.passed.n_releases(), 1);
    assert_eq!(catalog.C.load().expect("it is saved"), 6);
}

#[test]
fn values_that_were_kept_for_a_node_that_waits_for_a_failure_are_dropped() {
    let value = Arc::new(());
    let (kept, seen) = (Arc::downgrade(&value), Arc::new(Mutex::new(Vec::new())));
    let value = Mutex::new(Some(value));
    let see = || {
        let (kept, seen) = (kept.clone(), Arc::clone(&seen));
        move |a: i32| {
            seen.lock().expect("no panic").push(kept.strong_count());
            a
        }
    };
    let (before, after) = (see(), see());
    let pipeline = pipeline! {
        for Catalog;
        node(move || value.lock().expect("no panic").take(), [] -> [value]),
        node(|value: &Option<Arc<()>>| assert!(value.is_some()), [value] -> []),
        node((before), [A] -> [B]),
        node(refuse?, [B] -> [refused]),
        node(|_: &Option<Arc<()>>, _: i32| (), [value, refused] -> []),
        node((after), [A] -> [C]),
    };
    let options = RunOptions::new().keep_going();
    let report = SequentialRunner::new().run_with(&pipeline, &Catalog::default(), &options).unwrap();
    assert!(matches!(report.error(), Some(Error::Node { .. })), "{:?}", report.error());
    assert_eq!(*seen.lock().unwrap(), [1, 0]);
}

#[test]
fn a_dry_run_tells_what_a_slice_selects_and_calls_no_hook_of_a_node() {
    struct Refusing;
    impl pipeline_core::hook::Hook for Refusing {
        fn before_node_run(&self, _: &pipeline_core::hook::NodeEvent<'_>) -> Result<(), pipeline_core::BoxError> {
            Err("nothing is to run".into())
        }
    }
    let pipeline = pipeline! { for Catalog; node(double, [A] -> [B]), node(double, [B] -> [C], name = "last") };
    let catalog = Catalog::default();
    let options = RunOptions::new().slice(Slice::new().to_outputs(["B"])).hook(&Refusing);
    let report = DryRunner::new().run_with(&pipeline, &catalog, &options).unwrap();
    assert!(report.error().is_none());
    assert_eq!(report.to_string(), "Actual run would execute 1 node:\ndouble([A]) -> [B]");
    assert_eq!(statuses(&report), [Status::WouldExecute, NOT_SELECTED]);
    assert!(!catalog.B.exists().unwrap());
}
