//! What holds for every runner: one suite for all of them, in every shape they can be given in.

mod basics;
mod cancelling;
mod failures;
mod hooks;
mod limits;
mod moody;
mod parts;
mod spaceflights;
mod together;

use std::thread;

use pipeline_core::prelude::*;
use pipeline_core::{Error, Run};
use pipeline_tests::InPool;
use rayon::ThreadPoolBuilder;

use self::moody::Moody;

catalog! {
    struct Catalog {
        A: Memory<i32> = Memory::new(3),
        B: Memory<i32>,
        C: Memory<i32>,
        never: Memory<i32>,
        given: Moody = Moody::holding(3),
        passed: Moody,
        made: Moody,
    }
}

fn identity<T>(value: T) -> T {
    value
}

fn double(value: i32) -> i32 {
    2 * value
}

fn refuse(_: i32) -> Result<i32, &'static str> {
    Err("refused")
}

// Runners of one's own.

/// Executes the layers one after the other, each from its end.
struct LayerRunner;

impl Runner for LayerRunner {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        for layer in run.dag().layers() {
            layer.iter().rev().try_for_each(|node| run.execute(node.id()))?;
        }
        Ok(())
    }
}

/// Executes each layer on threads of its own.
struct ThreadPerNodeRunner;

impl Runner for ThreadPerNodeRunner {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        for layer in run.dag().layers() {
            thread::scope(|scope| {
                let threads: Vec<_> = layer.iter().map(|node| scope.spawn(|| run.execute(node.id()))).collect();
                threads.into_iter().try_for_each(|thread| thread.join().expect("a node's panic is an error"))
            })?;
        }
        Ok(())
    }
}

/// A runner that is made anew for each run, so that one can run inside of another.
#[derive(Clone, Copy)]
struct Tried(fn() -> Box<dyn Runner + Send + Sync>);

impl Runner for Tried {
    fn execute(&self, run: &Run<'_>) -> Result<(), Error> {
        (self.0)().execute(run)
    }
}

/// The tests that every runner passes.
macro_rules! suite {
    ($runner:expr) => {
        suite! {
            $runner;
            basics::executes_each_node_once_after_those_it_waits_for,
            basics::returns_what_a_sequential_run_returns,
            basics::returns_the_error_of_a_failing_node_with_its_names,
            basics::makes_an_error_of_a_panic,
            basics::executes_nothing_that_waits_for_a_failed_node,
            basics::runs_again_after_an_error,
            basics::returns_the_error_of_an_input_that_was_never_saved,
            basics::reports_every_node,
            basics::runs_a_wide_and_a_deep_pipeline,
            cancelling::a_run_that_was_cancelled_before_executes_nothing,
            cancelling::a_run_that_is_cancelled_starts_no_other_node,
            cancelling::a_node_sees_that_its_run_is_cancelled_however_deep_it_runs,
            failures::keeps_going_with_all_that_waits_for_no_failure,
            failures::one_failure_of_a_run_that_kept_going_is_its_error,
            failures::failures_before_a_cancellation_are_told_with_it,
            failures::datasets_that_fail_or_panic_are_errors_of_their_node,
            failures::values_that_panic_when_they_are_dropped_are_errors_or_nothing,
            failures::panics_that_panic_when_they_are_dropped_are_errors,
            failures::a_run_that_failed_says_where_to_resume,
            hooks::hear_of_all_in_order,
            hooks::can_refuse_everything_before_it_happens,
            hooks::that_panic_are_errors,
            hooks::that_panic_over_an_error_leave_it_as_it_is,
            parts::a_slice_runs_what_it_selects,
            parts::a_slice_that_lacks_what_is_in_memory_only_does_not_start,
            parts::outputs_that_are_there_are_not_made_again,
            parts::what_passes_through_the_catalog_is_released_by_its_last_reader,
            parts::what_passes_through_the_catalog_is_released_by_the_last_reader_of_a_slice,
            parts::what_was_kept_for_a_node_that_waits_for_a_failure_is_released,
            spaceflights::spaceflights_run_in_kedros_order_where_it_is_forced,
            together::two_runs_at_once_do_not_meet,
            together::a_run_inside_a_node_of_another_does_not_meet_it,
            together::a_node_may_work_in_parallel_by_itself,
        }
    };
    ($runner:expr; $($file:ident::$test:ident,)+) => {$(
        #[test]
        fn $test() {
            $crate::$file::$test(&Tried(|| Box::new($runner)));
        }
    )+};
}

macro_rules! every_runner {
    ($($name:ident: $runner:expr;)+) => {$(
        mod $name {
            use super::*;

            suite! { $runner }
        }
    )+};
}

fn pool(n_threads: usize) -> rayon::ThreadPool {
    ThreadPoolBuilder::new().num_threads(n_threads).build().expect("there are threads")
}

every_runner! {
    sequential: SequentialRunner::new();
    thread_per_ready_node: ThreadRunner::new();
    thread_of_one_worker: ThreadRunner::new().max_workers(1);
    thread_of_two_workers: ThreadRunner::new().max_workers(2);
    thread_of_three_workers: ThreadRunner::new().max_workers(3);
    thread_of_eight_workers: ThreadRunner::new().max_workers(8);
    parallel: ParallelRunner::new();
    parallel_inside_a_pool_of_one_thread: InPool(1, ParallelRunner::new());
    parallel_inside_a_pool_of_four_threads: InPool(4, ParallelRunner::new());
    parallel_in_a_pool_of_one_thread: ParallelRunner::new().in_pool(pool(1));
    parallel_in_a_pool_of_four_threads: ParallelRunner::new().in_pool(pool(4));
    parallel_of_one_worker: ParallelRunner::new().in_pool(pool(4)).max_workers(1);
    parallel_of_two_workers: ParallelRunner::new().in_pool(pool(4)).max_workers(2);
    parallel_of_three_workers: ParallelRunner::new().in_pool(pool(4)).max_workers(3);
    layers: LayerRunner;
    thread_per_node: ThreadPerNodeRunner;
    by_reference: { static LAYERS: LayerRunner = LayerRunner; &LAYERS };
    boxed: Box::new(ParallelRunner::new());
    boxed_dyn: Box::new(LayerRunner) as Box<dyn Runner + Send + Sync>;
}

// A runner in every shape.

#[test]
fn runners_are_chosen_when_the_program_runs() {
    let runners: Vec<Box<dyn Runner>> =
        vec![Box::new(SequentialRunner::new()), Box::new(ParallelRunner::new()), Box::new(LayerRunner)];
    let pipeline = pipeline! { for Catalog; node(double, [A] -> [doubled]) };
    for runner in &runners {
        assert_eq!(runner.run(&pipeline, &Catalog::default()).unwrap().doubled, 6);
        let by_reference: &dyn Runner = &**runner;
        assert_eq!(by_reference.run(&pipeline, &Catalog::default()).unwrap().doubled, 6);
        assert_eq!(by_reference.run_report(&pipeline, &Catalog::default()).unwrap().outputs.doubled, Some(6));
    }
}
