//! On which threads the runners of one process execute nodes, what these see there, and what is if
//! there are no threads.

#![cfg(unix)]

use std::process::Command;
use std::sync::Arc;
use std::thread::{self, ThreadId};

use pipeline_core::prelude::*;
use pipeline_core::{Error, Outputs};
use rayon::{ThreadPool, ThreadPoolBuilder};

catalog! { struct Catalog { n: Memory<i32> = Memory::new(1), a: Memory<i32>, b: Memory<i32> } }

/// Where a node was executed: its thread, whether that is one of a pool, and whether it sees a
/// runtime of tokio.
#[derive(Clone, Copy, Debug)]
struct Seen {
    thread: ThreadId,
    is_in_pool: bool,
    sees_runtime: bool,
}

fn look(_: i32) -> Seen {
    Seen {
        thread: thread::current().id(),
        is_in_pool: rayon::current_thread_index().is_some(),
        sees_runtime: tokio::runtime::Handle::try_current().is_ok(),
    }
}

fn look_again(_: Seen) -> Seen {
    look(0)
}

fn pool(n_threads: usize) -> Arc<ThreadPool> {
    Arc::new(ThreadPoolBuilder::new().num_threads(n_threads).build().expect("there are threads"))
}

/// What nodes of several DAGs see: of one node, of a chain, of nodes beside each other.
fn seen_with(runner: &dyn Runner) -> Vec<Seen> {
    fn run<O: Outputs>(runner: &dyn Runner, pipeline: &Pipeline<Catalog, O>) -> O {
        runner.run(pipeline, &Catalog::default()).expect("no node fails")
    }
    let one = run(runner, &pipeline! { for Catalog; node(look, [n] -> [a1]) });
    let chain = run(
        runner,
        &pipeline! { for Catalog; node(look, [n] -> [a1]), node(look_again, [a1] -> [b1]), node(look_again, [b1] -> [c1]) },
    );
    let beside = run(
        runner,
        &pipeline! {
            for Catalog;
            node(look, [n] -> [a1]), node(look, [n] -> [b1]), node(look, [n] -> [c1]), node(look, [n] -> [d1]),
        },
    );
    vec![one.a1, chain.c1, beside.a1, beside.b1, beside.c1, beside.d1]
}

fn thread_runners() -> [ThreadRunner; 3] {
    [ThreadRunner::new(), ThreadRunner::new().max_workers(1), ThreadRunner::new().max_workers(2)]
}

fn parallel_runners() -> [ParallelRunner; 5] {
    [
        ParallelRunner::new(),
        ParallelRunner::new().max_workers(1),
        ParallelRunner::new().in_pool(pool(1)),
        ParallelRunner::new().in_pool(pool(3)),
        ParallelRunner::new().in_pool(pool(3)).max_workers(1),
    ]
}

#[test]
fn nodes_are_never_executed_on_the_calling_thread_but_by_a_sequential_runner() {
    let this = thread::current().id();
    assert!(seen_with(&SequentialRunner::new()).iter().all(|seen| seen.thread == this));
    for runner in thread_runners() {
        let seen = seen_with(&runner);
        assert!(seen.iter().all(|seen| seen.thread != this && !seen.is_in_pool), "{runner:?}: {seen:?}");
    }
    for runner in parallel_runners() {
        let seen = seen_with(&runner);
        assert!(seen.iter().all(|seen| seen.thread != this && seen.is_in_pool), "{runner:?}: {seen:?}");
    }
}

#[test]
fn a_thread_of_the_pool_works_too() {
    for n_threads in 1..=3 {
        let pool = pool(n_threads);
        let (this, one, several) = pool.install(|| {
            let this = thread::current().id();
            (this, seen_with(&ParallelRunner::new().max_workers(1)), seen_with(&ParallelRunner::new()))
        });
        assert!(one.iter().all(|seen| seen.thread == this), "{one:?}");
        assert!(several.iter().all(|seen| seen.is_in_pool), "{several:?}");
    }
}

#[test]
fn a_thread_of_another_pool_is_as_one_of_none() {
    let (inner, outer) = (pool(2), pool(2));
    let runner = ParallelRunner::new().in_pool(inner);
    let (this, seen) = outer.install(|| (thread::current().id(), seen_with(&runner)));
    assert!(seen.iter().all(|seen| seen.thread != this && seen.is_in_pool), "{seen:?}");
}

#[test]
fn nodes_may_wait_for_the_pool_of_the_thread_that_runs_them_in_another() {
    let outer = pool(1);
    let (one, other) = (Arc::clone(&outer), Arc::clone(&outer));
    let there = |pool: Arc<ThreadPool>| move |n: i32| pool.install(|| n + 1);
    let (one, other) = (there(one), there(other));
    let pipeline = pipeline! {
        for Catalog;
        node(move |n: i32| one(n), [n] -> [x]), node(move |n: i32| other(n), [n] -> [y]),
    };
    for n_threads in 1..=2 {
        let runner = ParallelRunner::new().in_pool(pool(n_threads));
        let sum = outer.install(|| runner.run(&pipeline, &Catalog::default()).map(|outputs| outputs.x + outputs.y));
        assert_eq!(sum.expect("no node fails"), 4);
    }
}

#[test]
fn what_nodes_see_of_the_callers_runtime_does_not_depend_on_luck() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("there is a runtime");
    let _entered = runtime.enter();
    assert!(seen_with(&SequentialRunner::new()).iter().all(|seen| seen.sees_runtime));
    for _ in 0..20 {
        for runner in thread_runners() {
            assert!(!seen_with(&runner).iter().any(|seen| seen.sees_runtime), "{runner:?}");
        }
        for runner in parallel_runners() {
            assert!(!seen_with(&runner).iter().any(|seen| seen.sees_runtime), "{runner:?}");
        }
    }
}

// How a program hands its runtime to nodes: by a handle in the catalog.
catalog! { struct WithHandle { handle: Memory<tokio::runtime::Handle> } }

fn fetch(handle: &tokio::runtime::Handle) -> i32 {
    handle.block_on(async { 42 })
}

#[test]
fn nodes_use_a_runtime_that_is_in_the_catalog() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("there is a runtime");
    let catalog = WithHandle { handle: Memory::new(runtime.handle().clone()) };
    let pipeline = pipeline! { for WithHandle; node(fetch, [handle] -> [a]), node(fetch, [handle] -> [b]) };
    let runners: [&dyn Runner; 3] = [&SequentialRunner::new(), &ThreadRunner::new(), &ParallelRunner::new()];
    for runner in runners {
        let outputs = runner.run(&pipeline, &catalog).expect("no node fails");
        assert_eq!((outputs.a, outputs.b), (42, 42));
    }
}

// Where there are no threads. Each of these runs in a process of its own, with limits.

pipeline! {
    #[portable]
    four for Catalog {
        node(|n: i32| n, [n] -> [a]), node(|n: i32| n, [n] -> [b]), node(|n: i32| n, [n] -> [c: i32]), node(|n: i32| n, [n] -> [d: i32]),
    }
}

pipelines! { #[portable] fn pipelines() for Catalog { four = four() } }

/// Runs a test of this file in a process in which each thread has a stack of so many bytes, and so
/// many kilobytes are all.
fn in_a_process(test: &str, stack: u64, kilobytes: Option<u64>) {
    let limit = kilobytes.map_or_else(String::new, |kilobytes| format!("ulimit -v {kilobytes}; "));
    let exe = std::env::current_exe().expect("it is there");
    let output = Command::new("sh")
        .args(["-c", &format!("{limit}exec \"$0\" \"$@\"")])
        .arg(exe)
        .args([test, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env("RUST_MIN_STACK", stack.to_string())
        .env("RAYON_NUM_THREADS", "4")
        .output()
        .expect("there is a shell");
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    assert!(!told.contains("panicked"), "{told}");
}

/// No system has so much memory.
const FAR_TOO_MUCH: u64 = 1 << 50;

fn assert_no_thread(runner: &dyn Runner, name: &str) {
    // Again, too: the global pool is begun only once.
    for _ in 0..2 {
        let error = runner.run(&four(), &Catalog::default()).expect_err("there is no thread");
        assert!(matches!(&error, Error::NoThread { .. }), "{error:?}");
        assert_eq!(error.to_string(), format!("`{name}` cannot run pipeline `four`: there is no thread for its nodes"));
        assert!(std::error::Error::source(&error).is_some(), "{error:?}");
    }
}

#[test]
#[ignore = "it runs in a process of its own"]
fn there_is_no_thread() {
    assert_no_thread(&ThreadRunner::new(), "ThreadRunner");
    assert_no_thread(&ThreadRunner::new().max_workers(1), "ThreadRunner");
    assert_no_thread(&ParallelRunner::new(), "ParallelRunner");
    assert_no_thread(&ParallelRunner::new().max_workers(1), "ParallelRunner");
    assert_no_thread(&ProcessRunner::new(), "ProcessRunner");
    SequentialRunner::new()
        .run_report(pipelines().get("four").expect("it is there"), &Catalog::default())
        .expect("it needs none")
        .into_result()
        .expect("it needs none");
}

#[test]
fn no_thread_is_an_error_with_the_names_of_runner_and_pipeline() {
    in_a_process("there_is_no_thread", FAR_TOO_MUCH, None);
}

#[test]
#[ignore = "it runs in a process of its own"]
fn the_global_pool_has_failed_before() {
    assert!(ThreadPoolBuilder::new().build_global().is_err());
    std::panic::set_hook(Box::new(|_| ()));
    assert_no_thread(&ParallelRunner::new(), "ParallelRunner");
}

#[test]
fn a_global_pool_that_the_program_failed_to_start_is_an_error_too() {
    in_a_process("the_global_pool_has_failed_before", FAR_TOO_MUCH, None);
}

#[test]
#[ignore = "it runs in a process of its own"]
fn there_is_one_thread_but_no_second_one() {
    let outputs = ThreadRunner::new().run(&four(), &Catalog::default()).expect("one thread is enough");
    assert_eq!((outputs.c, outputs.d), (1, 1));
    // A pool has all its threads or is none.
    assert_no_thread(&ParallelRunner::new(), "ParallelRunner");
}

#[test]
#[cfg(target_os = "linux")]
fn where_the_system_has_fewer_threads_there_are_fewer_workers() {
    const GIB: u64 = 1 << 30;
    // The test itself may have a thread, and there is room for one beside it.
    in_a_process("there_is_one_thread_but_no_second_one", GIB, Some(2_900_000));
}
