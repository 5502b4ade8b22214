//! What the catalog keeps in memory is released after its last reader, unless it is an output or was there before; and who reads twice
//! counts twice.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use pipeline_core::RunOptions;
use pipeline_core::dataset::{Dataset, Load, Save};
use pipeline_core::prelude::*;

use crate::{Catalog, identity, refuse};

fn step(values: &[i32], same: &[i32]) -> Vec<i32> {
    assert_eq!(values, same);
    values.iter().map(|value| value + 1).collect()
}

pipeline! {
    #[portable]
    pub(crate) crossing for Catalog {
        node(|a: i32| vec![a], [A] -> [p], name = "first"),
        node(step, [p, p] -> [q], name = "second", retries = 1),
        node(step, [q, q] -> [r], name = "third"),
    }
}

fn there(catalog: &Catalog) -> [bool; 3] {
    [&catalog.p, &catalog.q, &catalog.r].map(|dataset| dataset.exists().expect("it is in memory"))
}

pub(crate) fn memory_that_passes_is_released_and_outputs_stay(runner: &dyn Runner) {
    let catalog = Catalog::default();
    for _ in 0..2 {
        runner.run(&crossing(), &catalog).expect("it is well");
        assert_eq!(there(&catalog)[..2], [false, false]);
        assert_eq!(*catalog.r.load().expect("it is an output"), [5]);
    }
}

pub(crate) fn what_was_there_before_stays(runner: &dyn Runner) {
    let catalog = Catalog::default();
    catalog.p.save(vec![0]).expect("it is in memory");
    runner.run(&crossing(), &catalog).expect("it is well");
    assert_eq!(there(&catalog), [true, false, true]);
    assert_eq!(*catalog.p.load().expect("it was there"), [3]);
}

pub(crate) fn a_slice_keeps_its_outputs(runner: &dyn Runner) {
    let catalog = Catalog::default();
    let run = |slice: Slice| {
        let report = runner.run_with(&crossing(), &catalog, &RunOptions::new().slice(slice)).expect("it can start");
        report.into_result().expect("it is well");
    };
    run(Slice::new().to_outputs(["q"]));
    assert_eq!(there(&catalog), [false, true, false]);
    // An input stays too.
    run(Slice::new().from_nodes(["third"]));
    assert_eq!(there(&catalog), [false, true, true]);
}

pipeline! {
    #[portable]
    pub(crate) read_and_refused for Catalog {
        node(|a: i32| vec![a], [A] -> [p]),
        node(refuse?, [A] -> [refused]),
        node(|p: &[i32], _: i32| p.to_vec(), [p, refused] -> [q]),
        node(step, [q, q] -> [r]),
    }
}

pub(crate) fn a_failure_leaves_nothing_that_has_a_writer(runner: &dyn Runner) {
    let catalog = Catalog::default();
    let options = RunOptions::new().keep_going();
    let report = runner.run_with(&read_and_refused(), &catalog, &options).expect("it can start");
    assert!(report.error().is_some());
    assert_eq!(there(&catalog), [false; 3]);
}

pub(crate) fn two_runs_over_one_catalog_do_not_take_from_each_other(runner: &dyn Runner) {
    let catalog = Catalog::default();
    for _ in 0..5 {
        thread::scope(|scope| {
            // A runner is made for each thread by the suite, so the second one is another.
            let other = scope.spawn(|| SequentialRunner::new().run(&crossing(), &catalog).map(drop));
            runner.run(&crossing(), &catalog).expect("the other takes nothing from it");
            other.join().expect("no panic leaves a run").expect("this takes nothing from it");
        });
        assert_eq!(*catalog.r.load().expect("it is an output"), [5]);
    }
}

/// Counts its clones.
struct Counted;

static N_CLONES: AtomicUsize = AtomicUsize::new(0);

impl Clone for Counted {
    fn clone(&self) -> Self {
        N_CLONES.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {}
}

pub(crate) fn a_skipped_node_that_reads_twice_is_counted_out_twice(runner: &dyn Runner) {
    let pipeline = pipeline! {
        for Catalog;
        node(refuse?, [A] -> [refused]),
        node(|_: i32| Counted, [A] -> [value]),
        node(|_: &Counted, _: &Counted, _: i32| (), [value, value, refused] -> []),
        node(|a: i32| { thread::sleep(Duration::from_millis(20)); a }, [A] -> [late]),
        node(identity::<i32>, [late] -> [later]),
        node(|value: Counted, _: i32| drop(value), [value, later] -> [])
    };
    let options = RunOptions::new().keep_going();
    let before = N_CLONES.load(Ordering::Relaxed);
    drop(runner.run_with(&pipeline, &Catalog::default(), &options).expect("it can start"));
    assert_eq!(N_CLONES.load(Ordering::Relaxed), before, "the last reader takes the value");
}

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::default);

#[test]
fn a_run_inside_of_another_releases_what_neither_needs_any_more() {
    fn inner(values: &[i32]) -> usize {
        SequentialRunner::new().run(&crossing(), &*CATALOG).expect("it is well");
        values.len()
    }
    let outer = pipeline! {
        for Catalog;
        node(|a: i32| vec![a], [A] -> [p]),
        node(inner, [p] -> [n]),
        node(|n: usize, p: &[i32]| n + p.len(), [n, p] -> [sum])
    };
    for _ in 0..2 {
        assert_eq!(SequentialRunner::new().run(&outer, &*CATALOG).expect("it is well").sum, 2);
        assert_eq!(there(&CATALOG), [false, false, true]);
    }
}
