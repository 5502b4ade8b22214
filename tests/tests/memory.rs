//! Values in memory: moved, lent, dropped in time, and apart from each other when runs meet.

#![expect(clippy::needless_pass_by_value, reason = "functions that take values are what is tested")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, LazyLock};
use std::thread;

use pipeline_core::dataset::Shared;
use pipeline_core::prelude::*;
use pipeline_core::{Error, Run};

/// How many values there are, and how many of them are clones.
#[derive(Clone, Debug, Default)]
struct Counts(Arc<(AtomicUsize, AtomicUsize)>);

impl Counts {
    fn value(&self, number: i32) -> Counted {
        self.0.0.fetch_add(1, Ordering::SeqCst);
        Counted { counts: self.clone(), number }
    }

    fn n_alive(&self) -> usize {
        self.0.0.load(Ordering::SeqCst)
    }

    fn n_clones(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }
}

/// A value that counts its clones and its end.
#[derive(Debug)]
struct Counted {
    counts: Counts,
    number: i32,
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.counts.0.1.fetch_add(1, Ordering::SeqCst);
        self.counts.value(self.number)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.counts.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Cannot be cloned.
#[derive(Debug, PartialEq)]
struct Only(i32);

catalog! {
    struct Catalog {
        seed: Memory<i32> = Memory::new(1),
        kept: Memory<Counted>,
        result: Memory<i32>,
        broken: Lambda<i32> = Lambda::read_only(|| Err::<i32, _>("broken")),
    }
}

fn see(value: &Counted) -> i32 {
    value.number
}

fn eat(value: Counted) -> i32 {
    value.number
}

#[test]
fn a_value_that_cannot_be_cloned_flows_through_a_chain() {
    fn make(seed: i32) -> Only {
        Only(seed)
    }
    fn next(only: Only) -> Only {
        Only(only.0 + 1)
    }
    let pipeline = pipeline! {
        for Catalog;
        node(make, [seed] -> [first]),
        node(next, [first] -> [second]),
        node(|only: Only| Only(only.0 * 10), [second] -> [third]),
        node(next, [third] -> [fourth]),
    };
    assert_eq!(SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap().fourth, Only(21));
    assert_eq!(ParallelRunner::new().run(&pipeline, &Catalog::default()).unwrap().fourth, Only(21));
}

#[test]
fn a_value_that_cannot_be_cloned_is_lent_to_several_readers() {
    let pipeline = pipeline! {
        for Catalog;
        node(|seed: i32| Only(seed), [seed] -> [only]),
        node(|only: &Only| only.0 + 1, [only] -> [left]),
        node(|only: &Only| only.0 + 2, [only] -> [right]),
        node(|only: &Only, same: &Only| only == same, [only, only] -> [same]),
    };
    let outputs = SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap();
    assert_eq!((outputs.left, outputs.right, outputs.same), (2, 3, true));
}

#[test]
fn a_value_is_dropped_when_its_only_reader_is_done() {
    let counts = Counts::default();
    let (maker, observer) = (counts.clone(), counts.clone());
    let pipeline = pipeline! {
        for Catalog;
        node(move |seed: i32| maker.value(seed), [seed] -> [value]),
        node(see, [value] -> [seen]),
        node(move |_: &i32| observer.n_alive(), [seen] -> [alive_after]),
    };
    let outputs = SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap();
    assert_eq!(outputs.alive_after, 0);
}

#[test]
fn a_value_is_dropped_when_its_last_reader_is_done_and_not_before() {
    let counts = Counts::default();
    let (maker, between, after) = (counts.clone(), counts.clone(), counts.clone());
    let pipeline = pipeline! {
        for Catalog;
        node(move |seed: i32| maker.value(seed), [seed] -> [value]),
        node(see, [value] -> [first]),
        node(move |_: &i32| between.n_alive(), [first] -> [alive_between]),
        node(|value: &Counted, alive: usize| (value.number, alive), [value, alive_between] -> [second, alive_then]),
        node(move |_: &i32| after.n_alive(), [second] -> [alive_after]),
    };
    let outputs = SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap();
    assert_eq!((outputs.alive_then, outputs.alive_after), (1, 0));
    assert_eq!(counts.n_clones(), 0);
}

#[test]
fn a_value_that_a_node_reads_twice_is_dropped_when_that_node_is_done() {
    let counts = Counts::default();
    let (maker, after) = (counts.clone(), counts.clone());
    let pipeline = pipeline! {
        for Catalog;
        node(move |seed: i32| maker.value(seed), [seed] -> [value]),
        node(|a: &Counted, b: &Counted| a.number + b.number, [value, value] -> [sum]),
        node(move |_: &i32| after.n_alive(), [sum] -> [alive_after]),
    };
    let outputs = SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap();
    assert_eq!((outputs.alive_after, counts.n_clones()), (0, 0));
}

#[test]
fn inputs_and_outputs_of_the_pipeline_are_not_dropped() {
    let counts = Counts::default();
    let maker = counts.clone();
    let catalog = Catalog { kept: Memory::new(counts.value(7)), ..Catalog::default() };
    let pipeline = pipeline! {
        for Catalog;
        node(see, [kept] -> [number]),
        node(move |number: i32| maker.value(number + 1), [number] -> [made]),
    };
    let outputs = SequentialRunner::new().run(&pipeline, &catalog).unwrap();
    assert_eq!(counts.n_alive(), 2);
    assert_eq!((catalog.kept.load().unwrap().number, outputs.made.number), (7, 8));
    drop(outputs);
    assert_eq!(counts.n_alive(), 1);
    drop(catalog);
    assert_eq!(counts.n_alive(), 0);
}

#[test]
fn a_registered_pipeline_drops_its_free_outputs_when_the_run_is_over() {
    let counts = Counts::default();
    let maker = counts.clone();
    let pipeline = pipeline! { for Catalog; node(move |seed: i32| maker.value(seed), [seed] -> [made]) };
    SequentialRunner::new().run(&pipeline.without_outputs(), &Catalog::default()).unwrap();
    assert_eq!(counts.n_alive(), 0);
}

#[test]
fn a_value_whose_only_reader_takes_it_by_value_is_moved() {
    let counts = Counts::default();
    let (maker, passer) = (counts.clone(), counts.clone());
    let pipeline = pipeline! {
        for Catalog;
        node(move |seed: i32| maker.value(seed), [seed] -> [value]),
        node(|value: Counted| value, [value] -> [same]),
        node(move |value: Counted| (eat(value), passer.n_alive()), [same] -> [number, alive]),
    };
    let outputs = SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap();
    assert_eq!((outputs.number, outputs.alive), (1, 0));
    assert_eq!(counts.n_clones(), 0);
}

#[test]
fn the_last_of_several_readers_by_value_gets_the_value_itself() {
    let counts = Counts::default();
    let maker = counts.clone();
    let pipeline = pipeline! {
        for Catalog;
        node(move |seed: i32| maker.value(seed), [seed] -> [value]),
        node(eat, [value] -> [first]),
        node(eat, [value] -> [second]),
        node(eat, [value] -> [third]),
    };
    let outputs = SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap();
    assert_eq!((outputs.first, outputs.second, outputs.third), (1, 1, 1));
    assert_eq!((counts.n_clones(), counts.n_alive()), (2, 0));
}

#[test]
fn readers_by_reference_before_one_by_value_cost_no_clone() {
    let counts = Counts::default();
    let maker = counts.clone();
    let pipeline = pipeline! {
        for Catalog;
        node(move |seed: i32| maker.value(seed), [seed] -> [value]),
        node(see, [value] -> [first]),
        node(see, [value] -> [second]),
        node(eat, [value] -> [third]),
    };
    SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap();
    assert_eq!((counts.n_clones(), counts.n_alive()), (0, 0));
}

#[test]
fn a_value_that_the_catalog_keeps_is_cloned_only_for_readers_by_value() {
    let counts = Counts::default();
    let catalog = Catalog { kept: Memory::new(counts.value(7)), ..Catalog::default() };
    let seeing = pipeline! { for Catalog; node(see, [kept] -> [first]), node(see, [kept] -> [second]) };
    SequentialRunner::new().run(&seeing, &catalog).unwrap();
    assert_eq!(counts.n_clones(), 0);
    let eating = pipeline! { for Catalog; node(eat, [kept] -> [first]), node(eat, [kept] -> [second]) };
    SequentialRunner::new().run(&eating, &catalog).unwrap();
    assert_eq!((counts.n_clones(), counts.n_alive()), (2, 1));
}

#[test]
fn a_value_that_a_dataset_loads_owned_is_moved_to_its_reader() {
    let counts = Counts::default();
    let maker = counts.clone();
    let source: Lambda<Counted> = Lambda::read_only(move || Ok::<_, Error>(maker.value(5)));
    catalog! { struct Sources { source: Lambda<Counted> = Lambda::write_only(|_| Ok::<_, Error>(())) } }
    let pipeline = pipeline! { for Sources; node(eat, [source] -> [number]) };
    let outputs = SequentialRunner::new().run(&pipeline, &Sources { source }).unwrap();
    assert_eq!((outputs.number, counts.n_clones(), counts.n_alive()), (5, 0, 0));
}

#[test]
fn every_value_is_dropped_once_with_a_parallel_runner_too() {
    let counts = Counts::default();
    let makers = [counts.clone(), counts.clone(), counts.clone()];
    let [first, second, third] = makers;
    let pipeline = pipeline! {
        for Catalog;
        node(move |seed: i32| first.value(seed), [seed] -> [a]),
        node(move |a: &Counted| second.value(a.number + 1), [a] -> [b]),
        node(move |a: Counted| third.value(a.number + 2), [a] -> [c]),
        node(|a: &Counted, b: Counted, c: &Counted| a.number + b.number + c.number, [a, b, c] -> [sum]),
        node(|b: Counted, c: &Counted| b.number * c.number, [b, c] -> [product]),
    };
    for _ in 0..50 {
        let outputs = ParallelRunner::new().run(&pipeline, &Catalog::default()).unwrap();
        assert_eq!((outputs.sum, outputs.product), (6, 6));
        assert_eq!(counts.n_alive(), 0);
    }
}

/// A pipeline that leaves a value in every state behind when its last node goes wrong.
fn that_may_fail(counts: &Counts, wrong: fn()) -> (Pipeline<Catalog>, Arc<AtomicBool>) {
    let goes_wrong = Arc::new(AtomicBool::new(true));
    let (first, second, third, switch) = (counts.clone(), counts.clone(), counts.clone(), goes_wrong.clone());
    let pipeline = pipeline! {
        for Catalog;
        node(move |seed: i32| first.value(seed), [seed] -> [free]),
        node(move |seed: i32| second.value(seed), [seed] -> [several]),
        node(move |seed: i32| third.value(seed), [seed] -> [one]),
        node(see, [several] -> [seen]),
        node(
            (move |seen: i32, several: &Counted, one: Counted| -> Result<i32, String> {
                if switch.load(Ordering::SeqCst) {
                    wrong();
                    return Err("it went wrong".to_owned());
                }
                Ok(seen + several.number + one.number)
            })?,
            [seen, several, one] -> [result]
        ),
    };
    (pipeline.without_outputs(), goes_wrong)
}

fn leaves_nothing_behind(wrong: fn(), is_expected: fn(&Error) -> bool) {
    let runners: [&dyn Runner; 2] = [&SequentialRunner::new(), &ParallelRunner::new()];
    for runner in runners {
        let counts = Counts::default();
        let (pipeline, goes_wrong) = that_may_fail(&counts, wrong);
        let catalog = Catalog::default();
        for _ in 0..2 {
            let error = runner.run(&pipeline, &catalog).expect_err("the last node goes wrong");
            assert!(is_expected(&error), "{error:?}");
            assert_eq!(counts.n_alive(), 0);
        }
        goes_wrong.store(false, Ordering::SeqCst);
        runner.run(&pipeline, &catalog).expect("nothing goes wrong now");
        assert_eq!(catalog.result.load().expect("the last node saved it"), 3);
        assert_eq!(counts.n_alive(), 0);
    }
}

#[test]
fn after_a_failed_run_all_values_are_dropped_and_the_next_run_works() {
    leaves_nothing_behind(|| {}, |error| matches!(error, Error::Node { .. }));
}

#[test]
fn after_a_panic_all_values_are_dropped_and_the_next_run_works() {
    leaves_nothing_behind(|| panic!("on purpose"), |error| matches!(error, Error::Panicked { .. }));
}

#[test]
fn after_a_failed_load_all_values_are_dropped() {
    let counts = Counts::default();
    let maker = counts.clone();
    let pipeline = pipeline! {
        for Catalog;
        node(move |seed: i32| maker.value(seed), [seed] -> [value]),
        node(|value: Counted, broken: i32| value.number + broken, [value, broken] -> [sum]),
    };
    let error = SequentialRunner::new().run(&pipeline, &Catalog::default()).err().unwrap();
    assert!(matches!(error, Error::Load { .. }), "{error:?}");
    assert_eq!(counts.n_alive(), 0);
}

#[test]
fn after_a_run_that_left_nodes_out_all_values_are_dropped() {
    struct FirstOnly;
    impl Runner for FirstOnly {
        fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
            run.dag().order().take(1).try_for_each(|node| run.execute(node))
        }
    }
    let counts = Counts::default();
    let maker = counts.clone();
    let pipeline = pipeline! {
        for Catalog;
        node(move |seed: i32| maker.value(seed), [seed] -> [value]),
        node(eat, [value] -> [result]),
    };
    let error = FirstOnly.run(&pipeline, &Catalog::default()).err().unwrap();
    assert!(matches!(error, Error::LeftOut { .. }), "{error:?}");
    assert_eq!(counts.n_alive(), 0);
    let report = FirstOnly.run_report(&pipeline, &Catalog::default()).unwrap();
    assert!(report.error().is_none());
    assert_eq!(counts.n_alive(), 0);
    let catalog = Catalog::default();
    SequentialRunner::new().run(&pipeline, &catalog).unwrap();
    assert_eq!(catalog.result.load().unwrap(), 1);
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(thread::panicking(), "dropped");
    }
}

#[test]
fn a_value_that_panics_when_its_reader_drops_it_is_an_error_of_that_node() {
    let one_reader = pipeline! {
        for Catalog;
        node(|| Bomb, [] -> [bomb]),
        node(|_: &Bomb| 1, [bomb] -> [result]),
    };
    let several_readers = pipeline! {
        for Catalog;
        node(|| Bomb, [] -> [bomb]),
        node(|_: &Bomb| 1, [bomb] -> [first]),
        node(|_: &Bomb| 2, [bomb] -> [second]),
    };
    for pipeline in [one_reader, several_readers.without_outputs()] {
        for _ in 0..2 {
            let error = SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap_err();
            assert!(matches!(&error, Error::Panicked { message, .. } if message == "dropped"), "{error:?}");
        }
    }
}

#[test]
fn a_value_that_panics_when_the_run_drops_it_does_not_spoil_the_next_run() {
    let pipeline = pipeline! {
        for Catalog;
        node(|| Bomb, [] -> [bomb]),
        node(|seed: i32| seed + 1, [seed] -> [result]),
    };
    let catalog = Catalog::default();
    let registered = pipeline.clone().without_outputs();
    // Whether the panic comes out or is swallowed is not said here; what follows must work either way.
    drop(catch_unwind(AssertUnwindSafe(|| SequentialRunner::new().run(&registered, &catalog))));
    let outputs = SequentialRunner::new().run(&pipeline, &catalog).expect("it runs again");
    assert_eq!(catalog.result.load().unwrap(), 2);
    std::mem::forget(outputs.bomb);
}

#[test]
fn a_pipeline_runs_again_with_the_same_catalog_and_with_another() {
    let pipeline = pipeline! {
        for Catalog;
        node(|seed: i32| vec![seed; 2], [seed] -> [seeds]),
        node(|seeds: &[i32]| seeds.len(), [seeds] -> [len]),
        node(|seeds: Vec<i32>, len: usize| (seeds, len), [seeds, len] -> [pair]),
    };
    let (one, two) = (Catalog::default(), Catalog { seed: Memory::new(2), ..Catalog::default() });
    let run = |catalog: &Catalog| SequentialRunner::new().run(&pipeline, catalog).unwrap().pair;
    assert_eq!(run(&one), (vec![1, 1], 2));
    assert_eq!(run(&one), (vec![1, 1], 2));
    assert_eq!(run(&two), (vec![2, 2], 2));
    one.seed.save(3).unwrap();
    assert_eq!(run(&one), (vec![3, 3], 2));
    assert_eq!(run(&two), (vec![2, 2], 2));
}

#[test]
fn clones_of_a_pipeline_run_as_the_pipeline_does() {
    let pipeline = pipeline! { for Catalog; node(|seed: i32| seed + 1, [seed] -> [next]) };
    let clone = pipeline.clone();
    assert_eq!(SequentialRunner::new().run(&pipeline, &Catalog::default()).unwrap().next, 2);
    drop(pipeline);
    assert_eq!(SequentialRunner::new().run(&clone, &Catalog::default()).unwrap().next, 2);
}

pipeline! {
    counting_down for Catalog {
        node(|seed: i32| (seed, Only(seed)), [seed] -> [number, only]),
        node(sum_below?, [number] -> [below]),
        node(|below: i32, only: Only| below + only.0, [below, only] -> [sum: i32]),
    }
}

/// One pipeline for all runs, so that they share what a pipeline keeps between runs.
static COUNTING_DOWN: LazyLock<Pipeline<Catalog, counting_down>> = LazyLock::new(counting_down);

fn sum_below(number: i32) -> Result<i32, Error> {
    if number == 0 {
        return Ok(0);
    }
    let catalog = Catalog { seed: Memory::new(number - 1), ..Catalog::default() };
    Ok(SequentialRunner::new().run(&COUNTING_DOWN, &catalog)?.sum)
}

#[test]
fn a_pipeline_may_run_itself_in_a_node() {
    let catalog = Catalog { seed: Memory::new(10), ..Catalog::default() };
    assert_eq!(SequentialRunner::new().run(&COUNTING_DOWN, &catalog).unwrap().sum, 55);
    assert_eq!(ParallelRunner::new().run(&COUNTING_DOWN, &catalog).unwrap().sum, 55);
}

#[test]
fn a_pipeline_may_run_in_a_node_of_another() {
    let inner = pipeline! {
        for Catalog;
        node(|seed: i32| seed * 10, [seed] -> [value]),
        node(|value: i32| value + 1, [value] -> [inner_result]),
    };
    let outer = pipeline! {
        for Catalog;
        node(|seed: i32| seed, [seed] -> [value]),
        node(
            (move |seed: i32| -> Result<i32, Error> {
                let catalog = Catalog { seed: Memory::new(seed), ..Catalog::default() };
                Ok(SequentialRunner::new().run(&inner, &catalog)?.inner_result)
            })?,
            [seed] -> [from_inner]
        ),
        node(|value: i32, from_inner: i32| (value, from_inner), [value, from_inner] -> [both]),
    };
    let catalog = Catalog { seed: Memory::new(4), ..Catalog::default() };
    assert_eq!(SequentialRunner::new().run(&outer, &catalog).unwrap().both, (4, 41));
    assert_eq!(ParallelRunner::new().run(&outer, &catalog).unwrap().both, (4, 41));
}

#[test]
fn two_runs_at_once_do_not_meet() {
    let both_inside = Arc::new(Barrier::new(2));
    let waits = Arc::clone(&both_inside);
    let pipeline = pipeline! {
        for Catalog;
        node(|seed: i32| vec![seed; 3], [seed] -> [seeds]),
        node(move |seed: i32| { waits.wait(); seed }, [seed] -> [number]),
        node(|seeds: &[i32], number: i32| seeds.iter().all(|seed| *seed == number), [seeds, number] -> [agree]),
        node(|seeds: Vec<i32>, agree: bool| (seeds, agree), [seeds, agree] -> [found]),
    };
    let found = thread::scope(|scope| {
        let threads = [1, 2].map(|seed| {
            let pipeline = &pipeline;
            scope.spawn(move || {
                let catalog = Catalog { seed: Memory::new(seed), ..Catalog::default() };
                SequentialRunner::new().run(pipeline, &catalog).expect("it runs").found
            })
        });
        threads.map(|thread| thread.join().expect("it does not panic"))
    });
    assert_eq!(found, [(vec![1; 3], true), (vec![2; 3], true)]);
}

#[test]
fn what_was_loaded_from_memory_outlives_what_is_saved_later() {
    let catalog = Catalog::default();
    let earlier: Shared<i32> = catalog.seed.load().unwrap();
    catalog.seed.save(2).unwrap();
    assert_eq!(*earlier, 1);
    assert_eq!(*catalog.seed.load().unwrap(), 2);
    assert_eq!(*earlier.into_arc(), 1);
}
