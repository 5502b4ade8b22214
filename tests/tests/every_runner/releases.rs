//! When a run releases what the catalog keeps in memory, and what is in memory without an entry: after the last reader, unless it is an
//! output or was there before. A node that reads a value twice counts twice.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::Duration;

use pipeline_core::dataset::{Dataset, Load, Save};
use pipeline_core::prelude::*;
use pipeline_core::{Error, Run, RunOptions};

use crate::{Catalog, double, identity, refuse};

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
struct Alive(&'static AtomicUsize);

impl Alive {
    fn new(alive: &'static AtomicUsize, most: &AtomicUsize) -> Self {
        most.fetch_max(alive.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        Self(alive)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn a_chain_through_the_catalog_holds_two_values_at_a_time() {
    catalog! {
        struct Chain {
            a: Memory<Alive>, b: Memory<Alive>, c: Memory<Alive>, d: Memory<Alive>, e: Memory<Alive>,
        }
    }
    static ALIVE: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    fn next(_: &Alive) -> Alive {
        Alive::new(&ALIVE, &MOST)
    }
    let first = pipeline! { for Chain; node(|| Alive::new(&ALIVE, &MOST), [] -> [a]), node(next, [a] -> [b]) };
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
