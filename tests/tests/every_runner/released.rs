//! When a run releases what the catalog keeps in memory, and what is in memory without an entry.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;

use pipeline_core::prelude::*;
use pipeline_core::{Error, Run, RunOptions};

use crate::{Catalog, double, refuse};

pipeline! {
    #[portable]
    pub(crate) through_memory for Catalog {
        node(double, [A] -> [B], name = "writes"),
        node(double, [B] -> [C], name = "reads"),
        node(|b: i32, again: i32| b + again, [B, B] -> [sum: i32]),
    }
}

pub(crate) fn memory_of_the_catalog_is_released_by_its_last_reader(runner: &dyn Runner) {
    let catalog = Catalog::default();
    for _ in 0..3 {
        assert_eq!(runner.run(&through_memory(), &catalog).expect("it runs").sum, 12);
        assert!(!catalog.B.exists().expect("memory can tell"), "it passed from node to node");
        assert_eq!(catalog.C.load().expect("it is an output"), 12);
    }
    let error = catalog.B.load().expect_err("it is released");
    assert_eq!(error.to_string(), "dataset `B`: a run has released it after its last reader");
}

pub(crate) fn memory_of_the_catalog_stays_if_it_is_an_output_or_was_there_before(runner: &dyn Runner) {
    let catalog = Catalog::default();
    let run = |slice: Slice| {
        let options = RunOptions::new().slice(slice);
        runner.run_with(&through_memory(), &catalog, &options).expect("it starts").into_result().expect("it runs");
    };
    run(Slice::new().nodes(["writes"]));
    assert_eq!(catalog.B.load().expect("no node of the slice reads it"), 6);
    run(Slice::new().nodes(["reads"]));
    assert_eq!(catalog.B.load().expect("no node of the slice writes it"), 6);
    run(Slice::new());
    assert_eq!(catalog.B.load().expect("it was there before"), 6);
}

pipeline! {
    #[portable]
    pub(crate) memory_in_vain for Catalog {
        node(double, [A] -> [B]),
        node(refuse?, [A] -> [refused]),
        node(|b: i32, again: i32, refused: i32| b + again + refused, [B, B, refused] -> [vain: i32]),
    }
}

pub(crate) fn memory_of_the_catalog_is_released_where_its_last_reader_waits_for_a_failure(runner: &dyn Runner) {
    let catalog = Catalog::default();
    let report = runner.run_with(&memory_in_vain(), &catalog, &RunOptions::new().keep_going()).expect("it starts");
    assert!(report.error().is_some());
    assert!(!catalog.B.exists().expect("memory can tell"));
}

/// Counts the values of its kind that are alive.
struct Counted(&'static AtomicUsize);

impl Counted {
    fn new(alive: &'static AtomicUsize, most: &AtomicUsize) -> Self {
        most.fetch_max(alive.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        Self(alive)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn a_chain_through_the_catalog_holds_two_values_at_a_time() {
    catalog! {
        struct Chain {
            a: Memory<Counted>, b: Memory<Counted>, c: Memory<Counted>, d: Memory<Counted>, e: Memory<Counted>,
        }
    }
    static ALIVE: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    fn next(_: &Counted) -> Counted {
        Counted::new(&ALIVE, &MOST)
    }
    let first = pipeline! { for Chain; node(|| Counted::new(&ALIVE, &MOST), [] -> [a]), node(next, [a] -> [b]) };
    let rest = pipeline! { for Chain; node(next, [b] -> [c]), node(next, [c] -> [d]), node(next, [d] -> [e]) };
    let (sum, catalog) = (first + rest, Chain::default());
    let runners: [&dyn Runner; 3] = [&SequentialRunner::new(), &ThreadRunner::new(), &ParallelRunner::new()];
    for runner in runners {
        MOST.store(0, Ordering::SeqCst);
        runner.run(&sum, &catalog).unwrap();
        assert_eq!((MOST.load(Ordering::SeqCst), ALIVE.load(Ordering::SeqCst)), (2, 1));
        catalog.e.release();
    }
}

/// Executes nodes in the order of their names.
struct ByName;

impl Runner for ByName {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        let mut nodes: Vec<_> = run.nodes().collect();
        nodes.sort_by_key(ToString::to_string);
        nodes.iter().try_for_each(|node| run.execute(node.id()))
    }
}

/// A node that reads a value several times and is skipped counts as several readers: the next reader is the last
/// one and owns the value, which is dropped with it and not at the end of the run.
#[test]
fn a_skipped_node_that_reads_a_value_several_times_keeps_nothing() {
    let value = Arc::new(());
    let (kept, seen) = (Arc::downgrade(&value), Arc::new(Mutex::new(Vec::new())));
    let value = Mutex::new(Some(value));
    let (weak, log) = (kept, Arc::clone(&seen));
    let alive = move |_: usize| log.lock().expect("no panic").push(weak.strong_count());
    let pipeline = pipeline! {
        for Catalog;
        node(move || value.lock().expect("no panic").take(), [] -> [v], name = "1_makes"),
        node(refuse?, [A] -> [refused], name = "2_fails"),
        node(|_: &Option<Arc<()>>, _: &Option<Arc<()>>, _: &Option<Arc<()>>, _: i32| (), [v, v, v, refused] -> [],
            name = "3_waits"),
        node(|last: Option<Arc<()>>| Arc::strong_count(&last.expect("it is there")), [v] -> [count], name = "4_takes"),
        node((alive), [count] -> [], name = "5_looks"),
        node(|count: usize| count, [count] -> [n_owners], name = "6_returns"),
    };
    let report = ByName.run_with(&pipeline, &Catalog::default(), &RunOptions::new().keep_going()).unwrap();
    assert_eq!(report.to_string().matches("skipped").count(), 1, "{report}");
    assert_eq!(report.outputs.n_owners, Some(1), "the last reader has the value itself, and no clone");
    assert_eq!(*seen.lock().unwrap(), [0], "the value is dropped before the run ends");
}

/// When it is dropped, waits for another thread that runs a pipeline over the same catalog.
struct Runs;

catalog! {
    struct Waiting { held: Memory<Runs>, n: Memory<u8> }
}

static HAS_RUN: AtomicBool = AtomicBool::new(false);
static WAITING: LazyLock<Waiting> = LazyLock::new(Waiting::default);

impl Drop for Runs {
    fn drop(&mut self) {
        if HAS_RUN.swap(true, Ordering::SeqCst) {
            return;
        }
        let inner = pipeline! { for Waiting; node(|| Runs, [] -> [held]), node(|_: &Runs| (), [held] -> []) };
        let run = move || SequentialRunner::new().run(&inner, &*WAITING);
        thread::spawn(run).join().expect("no panic").expect("it runs");
    }
}

#[test]
fn a_value_whose_drop_waits_for_another_run_over_its_catalog_is_dropped() {
    let outer = pipeline! {
        for Waiting;
        node(|| Runs, [] -> [held]),
        node(|_: &Runs| 1_u8, [held] -> [n]),
    };
    SequentialRunner::new().run(&outer, &*WAITING).unwrap();
    assert_eq!(WAITING.n.load().unwrap(), 1);
    assert!(HAS_RUN.load(Ordering::SeqCst));
}
