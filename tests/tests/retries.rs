//! `retries = n, backoff = "…"`: what is tried again, with what inputs, and what others see of it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pipeline_core::hook::{DatasetEvent, Hook, NodeEvent};
use pipeline_core::prelude::*;
use pipeline_core::{BoxError, Cancellation, Error, RunOptions, Status};

/// Answers, one after the other; none left is an answer too.
#[derive(Debug)]
pub struct Answers(Mutex<VecDeque<Result<i32, &'static str>>>);

impl Answers {
    fn new(answers: impl IntoIterator<Item = Result<i32, &'static str>>) -> Self {
        Self(Mutex::new(answers.into_iter().collect()))
    }

    fn next(&self) -> Result<i32, &'static str> {
        self.0.lock().expect("no panic").pop_front().unwrap_or(Err("no answer is left"))
    }

    fn n_left(&self) -> usize {
        self.0.lock().expect("no panic").len()
    }
}

catalog! {
    struct Catalog {
        answers: Memory<Answers>,
        source: Lambda<i32> = Lambda::read_only(|| Err("nothing to load")),
        target: Lambda<i32> = Lambda::write_only(|_| Ok::<(), BoxError>(())),
        A: Memory<i32> = Memory::new(3),
        B: Memory<i32>,
    }
}

fn answering(answers: impl IntoIterator<Item = Result<i32, &'static str>>) -> Catalog {
    Catalog { answers: Memory::new(Answers::new(answers)), ..Catalog::default() }
}

fn answer(answers: &Answers) -> Result<i32, &'static str> {
    answers.next()
}

fn runners() -> Vec<(&'static str, Box<dyn Runner>)> {
    vec![
        ("SequentialRunner", Box::new(SequentialRunner::new())),
        ("ThreadRunner", Box::new(ThreadRunner::new().max_workers(4))),
        ("ThreadRunner, one worker", Box::new(ThreadRunner::new().max_workers(1))),
        ("ParallelRunner", Box::new(ParallelRunner::new())),
    ]
}

// What is tried again.

#[test]
fn a_function_that_fails_is_called_again() {
    let pipeline = pipeline! { node(answer?, [answers] -> [x], retries = 2) };
    for (name, runner) in runners() {
        let catalog = answering([Err("busy"), Err("still busy"), Ok(7), Ok(8)]);
        assert_eq!(runner.run(&pipeline, &catalog).unwrap().x, 7, "{name}");
        assert_eq!(catalog.answers.load().unwrap().n_left(), 1, "{name}: no call after the one that went well");
    }
}

#[test]
fn after_the_last_attempt_its_error_is_the_nodes() {
    let pipeline = pipeline! { node(answer?, [answers] -> [x], retries = 2) };
    for (name, runner) in runners() {
        let catalog = answering([Err("first"), Err("second"), Err("third"), Ok(7)]);
        let error = runner.run(&pipeline, &catalog).unwrap_err();
        let Error::Node { source, .. } = error else { panic!("{name}: {error:?}") };
        assert_eq!(source.to_string(), "third", "{name}");
        assert_eq!(catalog.answers.load().unwrap().n_left(), 1, "{name}: three calls");
    }
}

#[test]
fn without_retries_or_with_none_a_node_is_called_once() {
    let catalog = answering([Err("first"), Ok(7), Err("second"), Ok(8)]);
    let plain = pipeline! { node(answer?, [answers] -> [x]), node(|a: i32| a, [A] -> [y], retries = 1) };
    SequentialRunner::new().run(&plain, &catalog).unwrap_err();
    assert_eq!(catalog.answers.load().unwrap().n_left(), 3);
    catalog.answers.load().unwrap().next().unwrap();
    let none = pipeline! { node(answer?, [answers] -> [x], retries = 0, backoff = "1h") };
    SequentialRunner::new().run(&none, &catalog).unwrap_err();
    assert_eq!(catalog.answers.load().unwrap().n_left(), 1);
}

#[test]
fn each_attempt_loads_and_saves_anew() {
    let pipeline = pipeline! { node(|x: i32| 2 * x, [source] -> [target], retries = 4) };
    for (name, runner) in runners() {
        let loads = Answers::new([Err("cannot be reached"), Ok(1), Ok(2), Err("cannot be reached"), Ok(3), Ok(4)]);
        let (loads, saves) = (Arc::new(loads), Arc::new(Mutex::new(Vec::new())));
        let (loading, saving) = (Arc::clone(&loads), Arc::clone(&saves));
        let save = move |value: i32| {
            saving.lock().unwrap().push(value);
            if value < 6 { Err("full") } else { Ok(()) }
        };
        let catalog = Catalog {
            source: Lambda::read_only(move || loading.next()),
            target: Lambda::write_only(save),
            ..Catalog::default()
        };
        runner.run(&pipeline, &catalog).unwrap();
        assert_eq!(*saves.lock().unwrap(), [2, 4, 6], "{name}");
        assert_eq!(loads.n_left(), 1, "{name}");
    }
}

#[test]
fn a_panic_is_tried_again() {
    fn shaky(answers: &Answers) -> i32 {
        answers.next().unwrap()
    }
    let pipeline = pipeline! { node(shaky, [answers] -> [x], retries = 1) };
    for (name, runner) in runners() {
        let catalog = answering([Err("oh"), Ok(7)]);
        assert_eq!(runner.run(&pipeline, &catalog).unwrap().x, 7, "{name}");
        let catalog = answering([Err("oh"), Err("no")]);
        let error = runner.run(&pipeline, &catalog).unwrap_err();
        assert!(matches!(&error, Error::Panicked { message, .. } if message.contains("no")), "{name}: {error:?}");
    }
}

// Inputs in memory.

/// A value whose clones are counted while they live.
#[derive(Debug)]
pub struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn n_alive(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A value that cannot be cloned.
struct Unique(i32);

#[test]
fn by_value_each_attempt_gets_a_clone_and_the_value_is_dropped_after_the_last() {
    for (name, runner) in runners() {
        for n_failures in [0, 2, 3] {
            let counter = Arc::new(AtomicUsize::new(0));
            let (counting, seen) = (Arc::clone(&counter), Arc::new(Mutex::new(Vec::new())));
            let (seeing, after) = (Arc::clone(&seen), Arc::clone(&counter));
            let pipeline = pipeline! {
                node(move |_: i32| { counting.fetch_add(1, Ordering::SeqCst); Counted(Arc::clone(&counting)) }, [A] -> [counted]),
                node((move |counted: Counted, _: i32| {
                    let mut seen = seeing.lock().unwrap();
                    seen.push(counted.n_alive());
                    if seen.len() <= n_failures { Err("not yet") } else { Ok(1) }
                })?, [counted, A] -> [x], retries = 2),
                node(move |_: i32| after.load(Ordering::SeqCst), [x] -> [n_alive]),
            };
            let outputs = runner.run(&pipeline, &Catalog::default());
            // The value in memory, and the clone of the attempt.
            assert_eq!(*seen.lock().unwrap(), vec![2; (n_failures + 1).min(3)], "{name}");
            match outputs {
                Ok(outputs) => assert_eq!((outputs.n_alive, n_failures < 3), (0, true), "{name}"),
                Err(error) => assert_eq!(n_failures, 3, "{name}: {error:?}"),
            }
            assert_eq!(counter.load(Ordering::SeqCst), 0, "{name}: dropped once each");
        }
    }
}

#[test]
fn by_reference_nothing_needs_to_be_cloned() {
    let pipeline = pipeline! {
        node(|a: i32| Unique(a), [A] -> [unique]),
        node((|unique: &Unique, answers: &Answers| Ok::<_, &str>(unique.0 + answers.next()?))?, [unique, answers] -> [x], retries = 1),
        node(|unique: &Unique| unique.0, [unique] -> [y]),
    };
    for (name, runner) in runners() {
        let outputs = runner.run(&pipeline, &answering([Err("busy"), Ok(4)])).unwrap();
        assert_eq!((outputs.x, outputs.y), (7, 3), "{name}");
    }
}

#[test]
fn a_node_that_is_tried_again_reads_beside_others_that_take_the_value() {
    let pipeline = pipeline! {
        node(|a: i32| vec![a], [A] -> [xs]),
        node((|xs: Vec<i32>, answers: &Answers| Ok::<_, &str>(xs[0] + answers.next()?))?, [xs, answers] -> [p], retries = 3, backoff = "1ms"),
        node(|xs: Vec<i32>| xs, [xs] -> [q]),
        node(|a: Vec<i32>, b: &[i32]| a[0] + b[0], [xs, xs] -> [r], retries = 1),
        node(|xs: Vec<i32>| xs.len(), [xs] -> [s]),
    };
    for round in 0..20 {
        for (name, runner) in runners() {
            let catalog = answering([Err("busy"), Err("busy"), Ok(4)]);
            let outputs = runner.run(&pipeline, &catalog).unwrap();
            assert_eq!((outputs.p, outputs.q, outputs.r, outputs.s), (7, vec![3], 6, 1), "{name}, round {round}");
        }
    }
}

#[test]
fn what_a_node_put_into_memory_before_it_failed_is_not_there() {
    let pipeline = pipeline! {
        node(|a: i32| a, [A] -> [other]),
        node(|a: i32| (a, a), [A] -> [kept, target], retries = 1),
    };
    // As of a node without retries.
    let plain = pipeline! { node(|a: i32| a, [A] -> [other]), node(|a: i32| (a, a), [A] -> [kept, target]) };
    let full = || Catalog { target: Lambda::write_only(|_| Err("full")), ..Catalog::default() };
    for (name, runner) in runners() {
        for options in [RunOptions::new(), RunOptions::new().keep_going()] {
            let report = runner.run_with(&pipeline, &full(), &options).unwrap();
            assert!(matches!(report.error(), Some(Error::Save { .. })), "{name}: {:?}", report.error());
            assert_eq!(report.outputs.kept, None, "{name}");
            assert_eq!(runner.run_with(&plain, &full(), &options).unwrap().outputs.kept, None, "{name}");
        }
        let report = runner.run_with(&pipeline, &full(), &RunOptions::new().keep_going()).unwrap();
        assert_eq!(report.outputs.other, Some(3), "{name}");
    }
}

// Who is told.

#[derive(Default)]
struct Told {
    heard: Mutex<Vec<String>>,
    refuses: bool,
}

impl Told {
    fn hear(&self, what: &str, of: &dyn ToString) {
        self.heard.lock().expect("no panic").push(format!("{what} {}", of.to_string()));
    }
}

impl Hook for Told {
    fn before_node_run(&self, event: &NodeEvent<'_>) -> Result<(), BoxError> {
        self.hear("before", &event.node.function());
        Ok(())
    }

    fn after_node_run(&self, event: &NodeEvent<'_>) {
        self.hear("after", &event.node.function());
    }

    fn on_node_error(&self, _: &NodeEvent<'_>, error: &Error) {
        self.hear("failed", &error);
    }

    fn before_dataset_loaded(&self, event: &DatasetEvent<'_>) -> Result<(), BoxError> {
        self.hear("load", &event.dataset);
        if self.refuses { Err("not today".into()) } else { Ok(()) }
    }
}

#[test]
fn hooks_are_told_of_each_load_but_of_the_node_once() {
    let pipeline = pipeline! { node(answer?, [answers] -> [B], retries = 2) };
    let run = |answers: Vec<Result<i32, &'static str>>| {
        let told = Told::default();
        let options = RunOptions::new().hook(&told);
        let ran = SequentialRunner::new().run_with(&pipeline, &answering(answers), &options).unwrap().into_result();
        assert_eq!(ran.is_err(), told.heard.lock().unwrap().iter().any(|heard| heard.starts_with("failed")));
        told.heard.into_inner().unwrap()
    };
    let loaded = ["load answers", "load answers"];
    assert_eq!(run(vec![Err("busy"), Ok(7)]), [&["before answer"], &loaded[..], &["after answer"]].concat());
    let heard = run(vec![Err("a"), Err("b"), Err("c")]);
    assert_eq!(heard[1..4], ["load answers"; 3]);
    assert_eq!(heard[4..], ["failed node `answer([answers]) -> [B]` failed"]);
}

#[test]
fn what_a_hook_refuses_is_not_tried_again() {
    let pipeline = pipeline! { node(answer?, [answers] -> [B], retries = 2, backoff = "1h") };
    let told = Told { refuses: true, ..Told::default() };
    let options = RunOptions::new().hook(&told);
    let report = SequentialRunner::new().run_with(&pipeline, &answering([Ok(1)]), &options).unwrap();
    assert!(matches!(report.error(), Some(Error::Hook { .. })), "{:?}", report.error());
    assert_eq!(told.heard.into_inner().unwrap().iter().filter(|heard| *heard == "load answers").count(), 1);
}

// The wait.

#[test]
fn the_wait_doubles() {
    let pipeline = pipeline! { node(answer?, [answers] -> [x], retries = 3, backoff = "10ms") };
    let started = Instant::now();
    let catalog = answering([Err("busy"), Err("busy"), Err("busy"), Ok(7)]);
    assert_eq!(SequentialRunner::new().run(&pipeline, &catalog).unwrap().x, 7);
    assert!(started.elapsed() >= Duration::from_millis(10 + 20 + 40), "{:?}", started.elapsed());
}

#[test]
fn a_run_that_is_cancelled_does_not_wait() {
    let pipeline = pipeline! { node(answer?, [answers] -> [x], retries = 3, backoff = "1h") };
    for (name, runner) in runners() {
        let (cancellation, started) = (Cancellation::new(), Instant::now());
        let catalog = answering([Err("busy"), Ok(7)]);
        let report = thread::scope(|scope| {
            scope.spawn(|| {
                while catalog.answers.load().unwrap().n_left() == 2 {
                    thread::yield_now();
                }
                thread::sleep(Duration::from_millis(20));
                cancellation.cancel();
            });
            runner.run_with(&pipeline, &catalog, &RunOptions::new().cancelled_by(&cancellation)).unwrap()
        });
        let error = report.error().expect("it has not gone well");
        assert!(matches!(error, Error::Node { .. }), "{name}: {error:?}");
        assert!(started.elapsed() < Duration::from_secs(60), "{name}");
        assert_eq!(catalog.answers.load().unwrap().n_left(), 1, "{name}: no further attempt");
    }
}

#[test]
fn the_failure_of_another_node_ends_the_wait() {
    fn fail(answers: &Answers) -> Result<i32, &'static str> {
        while answers.n_left() == 2 {
            thread::yield_now();
        }
        Err("for good")
    }
    let pipeline = pipeline! {
        node(answer?, [answers] -> [x], retries = 3, backoff = "1h"),
        node(fail?, [answers] -> [y]),
    };
    let (started, catalog) = (Instant::now(), answering([Err("busy"), Ok(7)]));
    let report = ThreadRunner::new().run_report(&pipeline, &catalog).unwrap();
    assert!(started.elapsed() < Duration::from_secs(60));
    assert!(report.nodes().all(|(_, status)| status == Status::Failed), "{report}");
    assert_eq!(catalog.answers.load().unwrap().n_left(), 1);
}

// What the DAG says.

pipeline! {
    patient for Catalog {
        node(answer?, [answers] -> [B], retries = 3, backoff = "1.5s", timeout = "2m"),
        node(|b: i32| b, [B] -> [b: i32]),
    }
}

pipeline! { other for Catalog { node(|b: i32| b, [B] -> [c: i32], timeout = "250ms") } }

#[test]
fn the_dag_tells_the_options_also_in_a_sum() {
    let told = |dag: &pipeline_core::Dag| -> Vec<(u32, Duration, Option<Duration>)> {
        dag.nodes().map(|node| (node.retries(), node.backoff(), node.timeout())).collect()
    };
    let first = (3, Duration::from_millis(1500), Some(Duration::from_secs(120)));
    let plain = (0, Duration::ZERO, None);
    assert_eq!(told(patient::DAG), [first, plain]);
    let sum = patient() + other();
    assert_eq!(told(sum.dag().unwrap()), [first, plain, (0, Duration::ZERO, Some(Duration::from_millis(250)))]);
    let catalog = answering([Ok(1)]);
    let (outputs, others) = SequentialRunner::new().run(&sum, &catalog).unwrap();
    assert_eq!((outputs.b, others.c), (1, 1));
}
