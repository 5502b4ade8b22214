//! What becomes of values in memory: each is whole while a node reads it, and dropped once.
//!
//! The nodes are closures that own something, so that a run reads what they need from memory too. The values have a `drop`, and say where
//! one is used that is not there any more. Under a sanitizer these tests go through all unsafe code of slots and nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};

use pipeline_core::prelude::*;
use pipeline_core::{Cancellation, Outputs, RunOptions, Status};

use crate::Catalog;

/// How many values there are, and how many there have been.
#[derive(Clone, Default)]
struct Counts(Arc<[AtomicIsize; 2]>);

impl Counts {
    fn value(&self, number: u64) -> Value {
        for count in &*self.0 {
            count.fetch_add(1, Ordering::Relaxed);
        }
        Value { counts: self.clone(), numbers: vec![number; 32].into() }
    }

    fn n_left(&self) -> isize {
        self.0[0].load(Ordering::Relaxed)
    }

    fn n_made(&self) -> isize {
        self.0[1].load(Ordering::Relaxed)
    }
}

struct Value {
    counts: Counts,
    numbers: Box<[u64]>,
}

impl Value {
    /// The number that it was made with, if it is whole.
    fn number(&self) -> u64 {
        let first = self.numbers[0];
        assert!(
            self.numbers.iter().all(|&number| number == first && number != u64::MAX),
            "a value is used that is gone"
        );
        first
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        self.counts.value(self.number())
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.number();
        self.numbers.fill(u64::MAX);
        self.counts.0[0].fetch_sub(1, Ordering::Relaxed);
    }
}

/// A node that makes a value, and owns what it needs for it.
fn maker(counts: &Counts, offset: u64) -> impl Fn(i32) -> Value + Send + Sync + use<> {
    let (counts, words) = (counts.clone(), vec!["owned".to_owned(); 3]);
    move |a| {
        assert_eq!(words.concat().len(), 15);
        counts.value(u64::from(a.unsigned_abs()) + offset)
    }
}

/// A node that fails every other time, and owns the count.
fn every_other_time() -> impl Fn(&Value) -> Result<Value, String> + Send + Sync + use<> {
    let (n_calls, reason) = (AtomicUsize::new(0), "the first attempt".to_owned());
    move |value| {
        let is_first = n_calls.fetch_add(1, Ordering::Relaxed) % 2 == 0;
        if is_first { Err(reason.clone()) } else { Ok(value.clone()) }
    }
}

/// A node that fails, or cancels its run, if it is told to.
fn troublemaker(trouble: &Arc<Trouble>) -> impl Fn(&Value) -> Result<Value, String> + Send + Sync + use<> {
    let trouble = Arc::clone(trouble);
    move |value| {
        if trouble.cancels.load(Ordering::Relaxed) {
            trouble.cancellation.cancel();
        }
        if trouble.fails.load(Ordering::Relaxed) { Err("told to fail".to_owned()) } else { Ok(value.clone()) }
    }
}

#[derive(Default)]
struct Trouble {
    fails: AtomicBool,
    cancels: AtomicBool,
    cancellation: Cancellation,
}

fn look(value: &Value) -> u64 {
    value.number()
}

fn look_at_both(left: &Value, right: &Value) -> u64 {
    left.number() + right.number()
}

fn keep(value: Value) -> Value {
    value
}

fn join(mut left: Value, right: &Value) -> Value {
    let number = left.number() + right.number();
    left.numbers.fill(number);
    left
}

fn sum(a: u64, b: u64, c: u64) -> i32 {
    i32::try_from(a + b + c).expect("it is small")
}

/// Values with several readers, by reference and by value, one that reads twice, one that is tried again, and one behind which nodes wait that
/// read others too.
fn values(counts: &Counts, trouble: &Arc<Trouble>) -> Pipeline<Catalog, impl Outputs + use<>> {
    pipeline! {
        for Catalog;
        node((maker(counts, 0)), [A] -> [first]),
        node((maker(counts, 10)), [A] -> [second]),
        node(look, [first] -> [seen_1]),
        node(look, [first] -> [seen_2]),
        node(look_at_both, [first, first] -> [seen_3]),
        node(keep, [first] -> [kept]),
        node((every_other_time())?, [first] -> [tried], name = "every_other_time", retries = 2),
        node(join, [second, tried] -> [joined]),
        node((troublemaker(trouble))?, [second] -> [troubled], name = "trouble"),
        node(look_at_both, [troubled, second] -> [seen_4], name = "behind_trouble"),
        node(look_at_both, [first, troubled] -> [seen_5], name = "also_behind_trouble"),
        node(join, [kept, joined] -> [free_1]),
        node(keep, [tried] -> [free_2]),
        node(sum, [seen_1, seen_2, seen_3] -> [B]),
    }
}

/// What becomes of the nodes of some runs, one after the other, so that each gets the memory of the one before. All values of a run are gone when
/// its outputs are.
fn statuses(
    runner: &dyn Runner,
    set: impl Fn(&Trouble),
    options: impl Fn(&Trouble) -> RunOptions<'static>,
) -> Vec<(String, Status)> {
    let (counts, trouble) = (Counts::default(), Arc::new(Trouble::default()));
    let (pipeline, catalog) = (values(&counts, &trouble), Catalog::default());
    set(&trouble);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let report = runner.run_with(&pipeline, &catalog, &options(&trouble)).expect("it can start");
        statuses = report.nodes().map(|(node, status)| (node.name().unwrap_or_default().to_owned(), status)).collect();
        drop(report);
        assert_eq!(counts.n_left(), 0, "of {} values", counts.n_made());
    }
    assert!(counts.n_made() > 0);
    statuses
}

fn count(statuses: &[(String, Status)], wanted: impl Fn(Status) -> bool) -> usize {
    statuses.iter().filter(|(_, status)| wanted(*status)).count()
}

const N_NODES: usize = 14;

pub(crate) fn are_dropped_once_by_a_run_that_goes_well(runner: &dyn Runner) {
    let statuses = statuses(runner, |_| {}, |_| RunOptions::new());
    assert_eq!(statuses.len(), N_NODES);
    assert_eq!(count(&statuses, |status| status == Status::Completed), N_NODES, "{statuses:?}");
}

pub(crate) fn are_dropped_once_by_a_run_that_keeps_going(runner: &dyn Runner) {
    let fail = |trouble: &Trouble| trouble.fails.store(true, Ordering::Relaxed);
    let statuses = statuses(runner, fail, |_| RunOptions::new().keep_going());
    let skipped = Status::Skipped("a node that it waits for failed");
    assert_eq!(count(&statuses, |status| status == Status::Failed), 1);
    assert_eq!(count(&statuses, |status| status == skipped), 2);
    assert_eq!(count(&statuses, |status| status == Status::Completed), N_NODES - 3);
}

pub(crate) fn are_dropped_once_by_a_run_that_fails(runner: &dyn Runner) {
    let fail = |trouble: &Trouble| trouble.fails.store(true, Ordering::Relaxed);
    let statuses = statuses(runner, fail, |_| RunOptions::new());
    let failed = statuses.iter().filter(|(_, status)| *status == Status::Failed);
    let (trouble, others): (Vec<&str>, Vec<&str>) =
        failed.map(|(node, _)| node.as_str()).partition(|&node| node == "trouble");
    assert_eq!(trouble.len(), 1, "{statuses:?}");
    // One that is between two attempts when the run fails is not tried again, and has failed too.
    assert!(matches!(others[..], [] | ["every_other_time"]), "{statuses:?}");
}

pub(crate) fn are_dropped_once_by_a_run_that_is_cancelled(runner: &dyn Runner) {
    let cancel = |trouble: &Trouble| trouble.cancels.store(true, Ordering::Relaxed);
    // The two nodes behind the one that cancels are not started.
    let statuses = statuses(runner, cancel, |trouble| RunOptions::new().cancelled_by(&trouble.cancellation));
    assert!(count(&statuses, |status| status != Status::Completed) >= 2, "{statuses:?}");
}

pub(crate) fn are_dropped_once_by_a_slice_and_by_a_sum(runner: &dyn Runner) {
    let (counts, trouble) = (Counts::default(), Arc::new(Trouble::default()));
    let catalog = Catalog::default();
    let (pipeline, other) = (values(&counts, &trouble), {
        let counts = counts.clone();
        pipeline! {
            for Catalog;
            node((maker(&counts, 20)), [B] -> [of_total]),
            node(look, [of_total] -> [seen_1]),
            node(keep, [of_total] -> [kept]),
        }
    });
    for _ in 0..2 {
        let slice = RunOptions::new().slice(Slice::new().to_outputs(["B"]));
        let report = runner.run_with(&pipeline, &catalog, &slice).expect("it can start");
        assert_eq!(report.nodes().filter(|(_, status)| *status == Status::Completed).count(), 5);
        assert_eq!(*catalog.B.load().expect("it is saved"), 12);
        drop(report);
        assert_eq!(counts.n_left(), 0);

        // The whole has other numbers of readers.
        let report = runner.run_report(&pipeline, &catalog).expect("it can start");
        assert!(report.nodes().all(|(_, status)| status == Status::Completed));
        drop(report);
        assert_eq!(counts.n_left(), 0);
    }
    let sum = pipeline + other;
    for _ in 0..2 {
        let outputs = runner.run(&sum, &catalog).expect("all of it goes well");
        assert!(counts.n_left() > 0);
        drop(outputs);
        assert_eq!(counts.n_left(), 0);
    }
}
