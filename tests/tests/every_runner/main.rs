//! What holds for every runner: one suite for all of them, in every shape they can be given in.
//!
//! Its pipelines are of a `#[portable]` registry, and its nodes tell what they do by what crosses between processes: their values, files of
//! the catalog, a [log](log::Log). So the suite is the same for nodes in worker processes. What holds for a node in the run's own process only
//! is in [`here`].

mod basics;
mod cancelling;
mod crossing;
mod failures;
mod files;
mod here;
mod hooks;
mod limits;
mod log;
mod moody;
mod panics;
mod parts;
mod registry;
mod releases;
mod runners;
mod spaceflights;
mod together;
mod values;

use pipeline_core::prelude::*;
use pipeline_tests::InPool;
use serde::{Deserialize, Serialize};

use self::log::Log;
use self::moody::Moody;
use self::panics::{PanicsIf, Touchy};
use self::runners::{InProcesses, LayerRunner, TellingRunner, ThreadPerNodeRunner, Tried, pool};

catalog! {
    struct Catalog {
        A: Memory<i32> = Memory::new(3),
        B: Memory<i32>,
        C: Memory<i32>,
        never: Memory<i32>,
        given: Moody = Moody::at("given"),
        passed: Moody = Moody::at("passed"),
        made: Moody = Moody::at("made"),
        p: Memory<Vec<i32>>,
        q: Memory<Vec<i32>>,
        r: Memory<Vec<i32>>,
        exists_panics: Touchy = Touchy("exists"),
        describe_panics: Touchy = Touchy("describe"),
        release_panics: Touchy = Touchy("release"),
        is_persisted_panics: Touchy = Touchy("is_persisted"),
        load_panics: Touchy = Touchy("load"),
        save_panics: Touchy = Touchy("save"),
        exists_fails: Touchy = Touchy("exists fails"),
        params: Params,
    }
}

/// What a test tells the nodes of its run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Params {
    log: Log,
    answer: Answer,
    /// For how many nodes at a time a node waits.
    wanted: usize,
    /// Whether values panic when they are dropped.
    are_armed: bool,
    /// Whether it panics when it is serialized.
    serialize: PanicsIf,
}

/// What a node is to do.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
enum Answer {
    #[default]
    Well,
    Refuse,
    Panic,
}

impl Catalog {
    /// Whose nodes note what they do in a log.
    fn noting_in(log: &Log) -> Self {
        Self { params: Params { log: log.clone(), ..Params::default() }, ..Self::default() }
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

/// The tests that every runner passes.
macro_rules! suite {
    ($runner:expr) => {
        tests! {
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
            crossing::values_are_the_same_everywhere,
            crossing::deeply_nested_values_are_the_same_everywhere,
            crossing::hooks_see_what_goes_to_files_and_can_refuse_it,
            crossing::a_node_that_is_late_saves_nothing,
            crossing::what_one_node_loads_and_saves_is_loaded_and_saved_together_if_asked,
            crossing::errors_are_of_the_same_kind_everywhere,
            failures::keeps_going_with_all_that_waits_for_no_failure,
            failures::one_failure_of_a_run_that_kept_going_is_its_error,
            failures::failures_before_a_cancellation_are_told_with_it,
            failures::datasets_that_fail_or_panic_are_errors_of_their_node,
            failures::values_that_panic_when_they_are_dropped_are_errors,
            failures::panics_that_panic_when_they_are_dropped_are_errors,
            failures::a_run_that_failed_says_where_to_resume,
            files::two_entries_of_one_file_do_not_start,
            files::entries_are_one_file_by_links_too,
            files::entries_of_one_file_start_where_it_is_said_or_only_read,
            files::a_dataset_that_cannot_tell_whether_it_exists_is_named,
            files::errors_of_own_datasets_have_their_name,
            files::a_run_saves_durably_if_it_is_asked_to,
            hooks::hear_of_all_in_order,
            hooks::can_refuse_everything_before_it_happens,
            hooks::that_panic_are_errors,
            hooks::that_panic_over_an_error_leave_it_as_it_is,
            panics::of_the_users_code_are_errors_that_name_their_place,
            panics::of_errors_that_are_dropped_end_no_run,
            panics::of_hooks_are_errors_whatever_is_asked,
            panics::of_what_is_asked_before_the_run_are_errors_before_the_run,
            releases::memory_that_passes_is_released_and_outputs_stay,
            releases::what_was_there_before_stays,
            releases::a_slice_keeps_its_outputs,
            releases::a_failure_leaves_nothing_that_has_a_writer,
            releases::two_runs_over_one_catalog_do_not_take_from_each_other,
            parts::a_slice_runs_what_it_selects,
            parts::a_slice_that_lacks_what_is_in_memory_only_does_not_start,
            parts::outputs_that_are_there_are_not_made_again,
            parts::what_passes_through_the_catalog_is_released_by_its_last_reader,
            parts::what_passes_through_the_catalog_is_released_by_the_last_reader_of_a_slice,
            parts::what_was_kept_for_a_node_that_waits_for_a_failure_is_released,
            releases::memory_of_the_catalog_is_released_by_its_last_reader,
            releases::memory_of_the_catalog_stays_if_it_is_an_output_or_was_there_before,
            releases::memory_of_the_catalog_is_released_where_its_last_reader_waits_for_a_failure,
            spaceflights::spaceflights_run_in_kedros_order_where_it_is_forced,
            together::two_runs_at_once_do_not_meet,
            together::a_node_may_work_in_parallel_by_itself,
        }
    };
}

/// The tests that a runner passes if it executes nodes in the run's own process.
macro_rules! suite_here {
    ($runner:expr) => {
        tests! {
            $runner;
            // Between processes an error of a type of one's own is its text, and a pipeline is found by its name.
            here::keeps_the_type_of_an_error_and_needs_no_name,
            // It cancels by what its closure captures.
            releases::a_skipped_node_that_reads_twice_is_counted_out_twice,
            here::a_node_that_cancels_its_run_sees_it,
            // A worker starts no workers.
            here::a_node_sees_that_its_run_is_cancelled_however_deep_it_runs,
            here::a_run_inside_a_node_of_another_does_not_meet_it,
            // A worker drops what it has sent, so that it does not stay in memory there.
            here::a_value_that_stays_in_memory_and_panics_when_it_is_dropped_is_nothing_beside_an_error,
            // What a closure captures does not leave the process.
            values::are_dropped_once_by_a_run_that_goes_well,
            values::are_dropped_once_by_a_run_that_keeps_going,
            values::are_dropped_once_by_a_run_that_fails,
            values::are_dropped_once_by_a_run_that_is_cancelled,
            values::are_dropped_once_by_a_slice_and_by_a_sum,
        }
    };
}

macro_rules! tests {
    ($runner:expr; $($file:ident::$test:ident,)+) => {$(
        #[test]
        fn $test() {
            $crate::$file::$test(&Tried(|| Box::new($runner)));
        }
    )+};
}

macro_rules! every_runner {
    (here { $($name:ident: $runner:expr;)+ } in_processes { $($name_there:ident: $runner_there:expr;)+ }) => {
        $(mod $name {
            use super::*;

            suite! { $runner }
            suite_here! { $runner }
        })+

        $(mod $name_there {
            use super::*;

            suite! { $runner_there }
        })+
    };
}

every_runner! {
    here {
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
        selected: TellingRunner;
        thread_per_node: ThreadPerNodeRunner;
        by_reference: { static LAYERS: LayerRunner = LayerRunner; &LAYERS };
        boxed: Box::new(ParallelRunner::new());
        boxed_dyn: Box::new(LayerRunner) as Box<dyn Runner + Send + Sync>;
    }
    in_processes {
        process_of_one_worker: InProcesses(1);
        process_of_two_workers: InProcesses(2);
        process_of_four_workers: InProcesses(4);
    }
}

// A runner in every shape.

#[test]
fn runners_are_chosen_when_the_program_runs() {
    let runners: Vec<Box<dyn Runner>> = vec![
        Box::new(SequentialRunner::new()),
        Box::new(ParallelRunner::new()),
        Box::new(ProcessRunner::new().workers_of_test("registry::workers")),
        Box::new(LayerRunner),
    ];
    let pipeline = basics::doubling();
    for runner in &runners {
        assert_eq!(runner.run(&pipeline, &Catalog::default()).unwrap().doubled, 12);
        let by_reference: &dyn Runner = &**runner;
        assert_eq!(by_reference.run(&pipeline, &Catalog::default()).unwrap().doubled, 12);
        assert_eq!(by_reference.run_report(&pipeline, &Catalog::default()).unwrap().outputs.doubled, Some(12));
    }
}
