//! Nodes of `ParallelRunner` that wait in a `join` or `par_iter` of their own: their threads take
//! other jobs of the pool meanwhile, but never another node.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pipeline_core::hook::{Hook, NodeEvent};
use pipeline_core::prelude::*;
use pipeline_core::{BoxError, Outputs, RunOptions};
use pipeline_tests::InPool;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

catalog! { struct Catalog { n: Memory<u64> = Memory::new(1) } }

fn nap(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}

fn spin(microseconds: u64) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(microseconds) {
        std::hint::spin_loop();
    }
}

fn pool(n_threads: usize) -> Arc<ThreadPool> {
    Arc::new(ThreadPoolBuilder::new().num_threads(n_threads).build().expect("there are threads"))
}

/// Ends the test should it hang.
fn without_hanging(test: impl FnOnce()) {
    struct Done(Arc<AtomicUsize>);
    impl Drop for Done {
        fn drop(&mut self) {
            self.0.store(1, Ordering::SeqCst);
        }
    }
    let done = Done(Arc::default());
    let is_done = Arc::clone(&done.0);
    thread::spawn(move || {
        nap(60_000);
        if is_done.load(Ordering::SeqCst) == 0 {
            eprintln!("it hangs");
            std::process::abort();
        }
    });
    test();
}

thread_local! {
    /// Which node, or which part of a node's own parallel work, this thread is in the middle of; 0
    /// is none.
    static MIDDLE_OF: Cell<u64> = const { Cell::new(0) };
    /// What a node borrows over its parallel work.
    static BORROWED: RefCell<u64> = const { RefCell::new(0) };
}

static N_NODES: AtomicUsize = AtomicUsize::new(0);

/// Is in the middle of that node until `body` returns.
fn in_the_middle<T>(of: u64, body: impl FnOnce() -> T) -> T {
    let before = MIDDLE_OF.replace(of);
    let result = body();
    MIDDLE_OF.set(before);
    result
}

/// Parallel work that waits in its parts too.
fn parallel_work(of: u64, depth: u32) {
    if depth == 0 {
        return spin(30);
    }
    let part = || in_the_middle(of, || parallel_work(of, depth - 1));
    rayon::join(part, part);
}

/// A node that may not be executed in the middle of another one, but for `outer`, which runs it.
fn node_inside(outer: u64, id: u64) -> Result<u64, String> {
    N_NODES.fetch_add(1, Ordering::Relaxed);
    let middle_of = MIDDLE_OF.get();
    if middle_of != 0 && middle_of != outer {
        return Err(format!("node {id} is in the middle of node {middle_of}"));
    }
    in_the_middle(id, || {
        let work = |borrowed: &mut u64| {
            *borrowed += 1;
            parallel_work(id, 3);
            (0..8_u64).into_par_iter().for_each(|_| in_the_middle(id, || spin(20)));
        };
        if outer == 0 {
            BORROWED.with_borrow_mut(work);
        } else {
            work(&mut 0);
        }
    });
    Ok(id)
}

fn node(id: u64) -> Result<u64, String> {
    node_inside(0, id)
}

fn spinning(id: u64) -> Result<u64, String> {
    N_NODES.fetch_add(1, Ordering::Relaxed);
    match MIDDLE_OF.get() {
        0 => in_the_middle(id, || spin(200)),
        middle_of => return Err(format!("node {id} is in the middle of node {middle_of}")),
    }
    Ok(id)
}

/// A node that waits for another pool.
fn elsewhere(id: u64) -> Result<u64, String> {
    static OTHER: LazyLock<ThreadPool> =
        LazyLock::new(|| ThreadPoolBuilder::new().num_threads(1).build().expect("there is a thread"));
    let check = node_inside(0, id);
    in_the_middle(id, || OTHER.install(|| spin(150)));
    check
}

/// A node that runs a pipeline on the same pool.
fn running(id: u64) -> Result<u64, String> {
    let inner = pipeline! {
        for Catalog;
        node((move || node_inside(id, id + 1))?, [] -> [a]),
        node((move || node_inside(id, id + 2))?, [] -> [b]),
        node((move || node_inside(id, id + 3))?, [] -> [c]),
        node((move |a: u64, b: u64, c: u64| node_inside(id, a + b + c))?, [a, b, c] -> [d]),
        node((move |a: u64| node_inside(id, id + 4 + a))?, [a] -> [e]),
    };
    in_the_middle(id, || ParallelRunner::new().run(&inner, &Catalog::default()).map(|outputs| outputs.d + outputs.e))
        .map_err(|error| format!("{error:?}"))
}

fn mixed() -> Pipeline<Catalog, impl Outputs> {
    pipeline! {
        for Catalog;
        node((|| node(1))?, [] -> [a]), node((|| node(2))?, [] -> [b]), node((|| elsewhere(3))?, [] -> [c]),
        node((|| spinning(4))?, [] -> [d]), node((|| running(100))?, [] -> [e]), node((|| running(200))?, [] -> [f]),
        node((|a: u64| node(a + 10))?, [a] -> [a1]), node((|a: u64| node(a + 11))?, [a] -> [a2]),
        node((|a: u64| spinning(a + 12))?, [a] -> [a3]), node((|b: u64| spinning(b + 20))?, [b] -> [b1]),
        node((|b: u64| node(b + 21))?, [b] -> [b2]), node((|c: u64, d: u64| node(c + d + 30))?, [c, d] -> [c1]),
        node((|d: u64| spinning(d + 40))?, [d] -> [d1]), node((|d: u64| elsewhere(d + 41))?, [d] -> [d2]),
        node((|x: u64, y: u64, z: u64| node(x + y + z))?, [a1, b1, c1] -> [g]),
        node((|x: u64, y: u64, z: u64| running(1000 * (x + y + z)))?, [a2, b2, d1] -> [h]),
    }
}

/// Whose calls nest rightly: no node begins on a thread before another has ended there.
#[derive(Default)]
struct NestsRightly {
    wrong: AtomicUsize,
}

thread_local! {
    static NODES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

impl Hook for NestsRightly {
    fn before_node_run(&self, event: &NodeEvent<'_>) -> Result<(), BoxError> {
        let n_before = NODES.with_borrow_mut(|nodes| {
            nodes.push(event.node.to_string());
            nodes.len()
        });
        if n_before > 1 {
            self.wrong.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn after_node_run(&self, event: &NodeEvent<'_>) {
        if NODES.with_borrow_mut(Vec::pop) != Some(event.node.to_string()) {
            self.wrong.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn no_node_is_executed_in_the_middle_of_another() {
    without_hanging(|| {
        for n_threads in 1..=4 {
            for max_workers in [n_threads, 2] {
                let pool = pool(n_threads);
                let own = ParallelRunner::new().in_pool(Arc::clone(&pool)).max_workers(max_workers);
                let inside = ParallelRunner::new().max_workers(max_workers);
                for round in 0..25 {
                    let hook = NestsRightly::default();
                    let options = if round % 2 == 0 { RunOptions::new().hook(&hook) } else { RunOptions::new() };
                    let run = |runner: &ParallelRunner| {
                        let report = runner.run_with(&mixed(), &Catalog::default(), &options)?;
                        report.into_result().map(drop)
                    };
                    // From outside of the pool, and from a job of it.
                    for result in [run(&own), pool.install(|| run(&inside))] {
                        assert!(result.is_ok(), "{n_threads} threads, round {round}: {result:?}");
                    }
                    assert_eq!(hook.wrong.into_inner(), 0, "{n_threads} threads, round {round}");
                }
            }
        }
    });
}

#[test]
fn several_runs_at_once_in_one_pool_keep_to_it_too() {
    without_hanging(|| {
        for n_threads in 1..=4 {
            let pool = pool(n_threads);
            let runner = ParallelRunner::new().in_pool(Arc::clone(&pool));
            for _ in 0..10 {
                thread::scope(|scope| {
                    for _ in 0..3 {
                        scope.spawn(|| {
                            let result = runner.run(&mixed(), &Catalog::default());
                            assert!(result.is_ok(), "{n_threads} threads: {:?}", result.err());
                        });
                    }
                });
            }
        }
    });
}

/// Takes 60 ms, in two parts.
fn quick(n: u64) -> u64 {
    [20_u64, 60].par_iter().with_max_len(1).for_each(|&part| nap(part));
    n
}

fn slow(n: u64) -> u64 {
    nap(320);
    n
}

pipeline! {
    timeouts for Catalog {
        node(quick, [n] -> [a: u64], timeout = "300ms"), node(quick, [n] -> [b: u64], timeout = "300ms"),
        node(quick, [n] -> [c: u64], timeout = "300ms"), node(quick, [n] -> [d: u64], timeout = "300ms"),
        node(slow, [n] -> [s1: u64]), node(slow, [n] -> [s2: u64]), node(slow, [n] -> [s3: u64]),
        node(slow, [n] -> [s4: u64]), node(slow, [n] -> [s5: u64]), node(slow, [n] -> [s6: u64]),
    }
}

#[test]
fn the_time_of_others_is_not_the_time_of_a_node() {
    without_hanging(|| {
        for n_threads in 2..=4 {
            let runner = ParallelRunner::new().in_pool(pool(n_threads));
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| runner.run(&timeouts(), &Catalog::default()).expect("no node takes 300 ms"));
                }
            });
        }
    });
}

/// A part of it that runs on another thread waits in a `join` when the nodes are ready that `first`
/// has made so.
fn join_twice(n: u64) -> u64 {
    rayon::join(|| nap(20), || rayon::join(|| nap(120), || nap(150)));
    n
}

fn first(n: u64) -> u64 {
    nap(60);
    n
}

#[test]
fn nor_do_other_nodes_run_in_a_part_of_its_work() {
    without_hanging(|| {
        let late = pipeline! {
            for Catalog;
            node(join_twice, [n] -> [a], timeout = "400ms"),
            node(first, [n] -> [m]),
            node(slow, [m] -> [b]), node(slow, [m] -> [c]), node(slow, [m] -> [d]),
        };
        let pool = pool(3);
        let runner = ParallelRunner::new().in_pool(Arc::clone(&pool));
        for _ in 0..3 {
            runner.run(&late, &Catalog::default()).expect("no node takes 400 ms");
            pool.install(|| ParallelRunner::new().run(&late, &Catalog::default())).expect("no node takes 400 ms");
        }
    });
}

#[test]
fn a_lock_may_be_held_over_parallel_work() {
    without_hanging(|| {
        let lock = Arc::new(Mutex::new(0_u64));
        let (holding, taking) = (Arc::clone(&lock), Arc::clone(&lock));
        let hold = move |n: u64| {
            let mut held = holding.lock().expect("no node panics");
            parallel_work(1, 4);
            *held = n;
            n
        };
        let take = move |n: u64| {
            *taking.lock().expect("no node panics") = n;
            n
        };
        let ([h1, h2, h3], [t1, t2, t3, t4]) =
            (std::array::from_fn(|_| hold.clone()), std::array::from_fn(|_| take.clone()));
        let pipeline = pipeline! {
            for Catalog;
            node(move |n: u64| h1(n), [n] -> [a]), node(move |n: u64| h2(n), [n] -> [b]), node(move |n: u64| h3(n), [n] -> [c]),
            node(move |n: u64| t1(n), [n] -> [d]), node(move |n: u64| t2(n), [n] -> [e]),
            node(move |a: u64| t3(a), [a] -> [f]), node(move |b: u64| t4(b), [b] -> [g]),
        };
        for n_threads in 1..=4 {
            let pool = pool(n_threads);
            let runner = ParallelRunner::new().in_pool(Arc::clone(&pool));
            for _ in 0..40 {
                runner.run(&pipeline, &Catalog::default()).expect("no node fails");
                pool.install(|| ParallelRunner::new().run(&pipeline, &Catalog::default())).expect("no node fails");
            }
        }
    });
}

#[test]
fn help_that_was_declined_comes_when_its_thread_is_free() {
    // While `works` waits for the part of it that runs on the other thread, this may only decline
    // to help; then `m1` runs, as long as the test, and there is nobody but the other thread for
    // `m2`, which it waits for.
    without_hanging(|| {
        let meets = Arc::new(Barrier::new(2));
        let (one, other) = (Arc::clone(&meets), meets);
        let pipeline = pipeline! {
            for Catalog;
            node(|n: u64| { rayon::join(|| nap(5), || rayon::join(|| nap(20), || nap(60))); n }, [n] -> [a]),
            node(|n: u64| { nap(10); n }, [n] -> [m]),
            node(move |m: u64| { one.wait(); m }, [m] -> [m1]),
            node(move |m: u64| { other.wait(); m }, [m] -> [m2]),
        };
        for n_threads in 2..=4 {
            let runner = ParallelRunner::new().in_pool(pool(n_threads));
            for _ in 0..5 {
                runner.run(&pipeline, &Catalog::default()).expect("no node fails");
            }
        }
    });
}

#[test]
fn all_threads_of_the_pool_execute_nodes() {
    // Each node waits until as many run as there are threads, several times over.
    without_hanging(|| {
        for n_threads in 2..=4 {
            let barrier = Arc::new(Barrier::new(n_threads));
            let wait = move |n: u64| {
                barrier.wait();
                n
            };
            let [w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12]: [_; 12] = std::array::from_fn(|_| wait.clone());
            // Twelve nodes: as many as fill two, three and four threads.
            let pipeline = pipeline! {
                for Catalog;
                node(move |n: u64| w1(n), [n] -> [a]), node(move |n: u64| w2(n), [n] -> [b]), node(move |n: u64| w3(n), [n] -> [c]),
                node(move |n: u64| w4(n), [n] -> [d]), node(move |n: u64| w5(n), [n] -> [e]), node(move |n: u64| w6(n), [n] -> [f]),
                node(move |n: u64| w7(n), [n] -> [g]), node(move |n: u64| w8(n), [n] -> [h]), node(move |n: u64| w9(n), [n] -> [i]),
                node(move |n: u64| w10(n), [n] -> [j]), node(move |n: u64| w11(n), [n] -> [k]), node(move |n: u64| w12(n), [n] -> [l]),
            };
            let runner = ParallelRunner::new().in_pool(pool(n_threads));
            for _ in 0..50 {
                runner.run(&pipeline, &Catalog::default()).expect("no node fails");
                InPool(n_threads, ParallelRunner::new()).run(&pipeline, &Catalog::default()).expect("no node fails");
            }
        }
    });
}
