//! `RunOptions::is_async`: what one node loads is loaded at the same time, and so is saved what it saves.

use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use pipeline_core::hook::{DatasetEvent, Hook};
use pipeline_core::prelude::*;
use pipeline_core::{BoxError, Error, RunOptions};

fn not_set() -> Lambda<i32> {
    Lambda::new(|| Err("it is not set"), |_| Err("it is not set"))
}

struct Params {
    factor: i32,
}

catalog! {
    struct Catalog {
        a: Lambda<i32> = not_set(),
        b: Lambda<i32> = not_set(),
        c: Lambda<i32> = not_set(),
        kept: Memory<i32> = Memory::new(5),
        also_kept: Memory<i32> = Memory::new(6),
        x: Lambda<i32> = not_set(),
        y: Lambda<i32> = not_set(),
        saved: Memory<i32>,
        params: Params = Params { factor: 10 },
    }
}

/// Where threads meet: each waits until so many are there.
#[derive(Default)]
struct Meeting {
    n_there: Mutex<usize>,
    changed: Condvar,
}

impl Meeting {
    /// Whether all came in time.
    fn wait_for(&self, n: usize) -> Result<(), &'static str> {
        let mut n_there = self.n_there.lock().expect("no panic");
        *n_there += 1;
        self.changed.notify_all();
        let (there, _) = self
            .changed
            .wait_timeout_while(n_there, Duration::from_secs(60), |n_there| *n_there < n)
            .expect("no panic");
        if *there < n { Err("nobody else came") } else { Ok(()) }
    }
}

/// The threads on which things happened.
type Threads = Arc<Mutex<Vec<ThreadId>>>;

fn loading(value: i32, threads: &Threads) -> Lambda<i32> {
    let threads = Arc::clone(threads);
    Lambda::read_only(move || {
        threads.lock().expect("no panic").push(thread::current().id());
        Ok::<i32, BoxError>(value)
    })
}

fn meeting(value: i32, meeting: &Arc<Meeting>, n: usize) -> Lambda<i32> {
    let (load, save) = (Arc::clone(meeting), Arc::clone(meeting));
    Lambda::new(move || load.wait_for(n).map(|()| value), move |_| save.wait_for(n))
}

fn failing(message: &'static str) -> Lambda<i32> {
    Lambda::new(move || Err(message), move |_| Err(message))
}

fn runners() -> Vec<(&'static str, Box<dyn Runner>)> {
    vec![
        ("SequentialRunner", Box::new(SequentialRunner::new())),
        ("ThreadRunner", Box::new(ThreadRunner::new())),
        ("ParallelRunner", Box::new(ParallelRunner::new())),
    ]
}

fn add(a: i32, b: i32) -> i32 {
    a + b
}

#[test]
fn the_inputs_of_a_node_are_loaded_at_the_same_time() {
    let pipeline = pipeline! { node(|a: i32, b: i32, c: i32| 100 * a + 10 * b + c, [a, b, c] -> [sum]) };
    for (name, runner) in runners() {
        let there = Arc::default();
        let [a, b, c] = [1, 2, 3].map(|value| meeting(value, &there, 3));
        let catalog = Catalog { a, b, c, ..Catalog::default() };
        let report = runner.run_with(&pipeline, &catalog, &RunOptions::new().is_async()).unwrap();
        assert_eq!(report.into_result().unwrap().sum, Some(123), "{name}");
    }
}

#[test]
fn the_outputs_of_a_node_are_saved_at_the_same_time() {
    let pipeline = pipeline! { node(|a: i32| (a, a, a, a), [kept] -> [x, free, y, saved]) };
    for (name, runner) in runners() {
        let there = Arc::default();
        let [x, y] = [0, 0].map(|value| meeting(value, &there, 2));
        let catalog = Catalog { x, y, ..Catalog::default() };
        let report = runner.run_with(&pipeline, &catalog, &RunOptions::new().is_async()).unwrap();
        assert_eq!(report.into_result().unwrap().free, Some(5), "{name}");
        assert_eq!(catalog.saved.load().unwrap(), 5, "{name}");
    }
}

#[test]
fn otherwise_and_where_there_is_one_all_happens_on_the_thread_of_the_node() {
    let threads = Threads::default();
    let catalog = Catalog { a: loading(1, &threads), b: loading(2, &threads), ..Catalog::default() };
    let both = pipeline! { node(add, [a, b] -> [sum]) };
    let one = pipeline! { node(|a: i32, factor: i32| a * factor, [a, params:factor] -> [scaled]), node(|b: i32| b, [b] -> [saved]) };
    SequentialRunner::new().run(&both, &catalog).unwrap();
    let options = RunOptions::new().is_async();
    SequentialRunner::new().run_with(&one, &catalog, &options).unwrap().into_result().unwrap();
    assert_eq!(*threads.lock().unwrap(), [thread::current().id(); 4]);
    SequentialRunner::new().run_with(&both, &catalog, &options).unwrap().into_result().unwrap();
    let threads = threads.lock().unwrap();
    assert_eq!(threads.len(), 6, "each is loaded once");
}

#[test]
fn inputs_of_all_kinds_are_as_ever() {
    let threads = Threads::default();
    let catalog = Catalog { a: loading(1, &threads), b: loading(2, &threads), ..Catalog::default() };
    let pipeline = pipeline! {
        node(|kept: i32| vec![kept], [kept] -> [alone]),
        node(|kept: i32| vec![kept], [kept] -> [shared]),
        node(
            |alone: Vec<i32>, a: &i32, kept: &i32, again: i32, shared: Vec<i32>, factor: i32, b: i32, other: i32| {
                [alone[0], *a, *kept, again, shared[0], factor, b, other]
            },
            [alone, a, kept, kept, shared, params:factor, b, also_kept] -> [all]
        ),
        node(|shared: &[i32]| shared.len(), [shared] -> [n]),
        node(add, [a, a] -> [twice]),
        node(i32::clone, [a] -> [cloned]),
        node(|shared: &[i32], a: i32| shared[0] + a, [shared, a] -> [one_of_each]),
    };
    for (name, runner) in runners() {
        for options in [RunOptions::new(), RunOptions::new().is_async()] {
            let outputs = runner.run_with(&pipeline, &catalog, &options).unwrap().into_result().unwrap();
            assert_eq!(outputs.all, Some([5, 1, 5, 5, 5, 10, 2, 6]), "{name}");
            assert_eq!((outputs.n, outputs.twice, outputs.cloned), (Some(1), Some(2), Some(1)), "{name}");
            assert_eq!(outputs.one_of_each, Some(6), "{name}");
        }
    }
    assert_eq!(threads.lock().unwrap().len(), 3 * 2 * 6, "no load is made in vain");
}

#[test]
fn of_several_errors_the_first_in_the_list_is_reported() {
    let pipeline = pipeline! { node(|a: i32, b: i32, c: i32| (a, b, c), [a, b, c] -> [x, y, saved]) };
    let options = RunOptions::new().is_async();
    let threads = Threads::default();
    let catalog = Catalog { a: loading(1, &threads), b: failing("no b"), c: failing("no c"), ..Catalog::default() };
    for (name, runner) in runners() {
        let report = runner.run_with(&pipeline, &catalog, &options).unwrap();
        let Some(Error::Load { dataset, source, .. }) = report.error() else { panic!("{name}: {report:?}") };
        assert_eq!((dataset.as_str(), source.to_string().as_str()), ("b", "no b"), "{name}");
    }
    let [a, b, c] = [1, 2, 3].map(|value| loading(value, &threads));
    let catalog = Catalog { a, b, c, x: failing("no x"), y: failing("no y"), ..Catalog::default() };
    for (name, runner) in runners() {
        let report = runner.run_with(&pipeline, &catalog, &options).unwrap();
        let Some(Error::Save { dataset, source, .. }) = report.error() else { panic!("{name}: {report:?}") };
        assert_eq!((dataset.as_str(), source.to_string().as_str()), ("x", "no x"), "{name}");
        assert_eq!(catalog.saved.load().unwrap(), 3, "{name}: what can be saved is");
    }
}

#[test]
fn panics_of_loads_and_saves_are_panics_of_the_node() {
    fn panicking() -> Lambda<i32> {
        Lambda::new(
            || -> Result<i32, BoxError> { panic!("on loading") },
            |_| -> Result<(), BoxError> { panic!("on saving") },
        )
    }
    let options = RunOptions::new().is_async();
    let loads = pipeline! { node(add, [kept, a] -> [sum]) };
    let saves = pipeline! { node(|kept: i32| (kept, kept), [kept] -> [x, saved]) };
    for (name, runner) in runners() {
        let catalog = Catalog { a: panicking(), x: panicking(), ..Catalog::default() };
        let message = |error: Option<&Error>| match error {
            Some(Error::Panicked { message, .. }) => message.clone(),
            error => panic!("{name}: {error:?}"),
        };
        let report = runner.run_with(&loads, &catalog, &options).unwrap();
        assert_eq!(message(report.error()), "on loading");
        let report = runner.run_with(&saves, &catalog, &options).unwrap();
        assert_eq!(message(report.error()), "on saving");
    }
}

#[test]
fn a_node_that_is_tried_again_loads_anew() {
    let threads = Threads::default();
    let catalog = Catalog { a: loading(1, &threads), b: loading(2, &threads), ..Catalog::default() };
    let calls = Mutex::new(0);
    let shaky = move |a: i32, b: i32| -> Result<i32, &'static str> {
        let mut calls = calls.lock().unwrap();
        *calls += 1;
        if *calls < 3 { Err("not yet") } else { Ok(a + b) }
    };
    let pipeline = pipeline! { node((shaky)?, [a, b] -> [sum], retries = 2, timeout = "1h") };
    let options = RunOptions::new().is_async();
    let report = SequentialRunner::new().run_with(&pipeline, &catalog, &options).unwrap();
    assert_eq!(report.into_result().unwrap().sum, Some(3));
    assert_eq!(threads.lock().unwrap().len(), 6);
}

// Hooks.

#[derive(Default)]
struct Told {
    heard: Mutex<Vec<String>>,
    threads: Mutex<Vec<ThreadId>>,
    refuses: Option<&'static str>,
    wants_timings: bool,
}

impl Told {
    fn hear(&self, what: &str, event: &DatasetEvent<'_>, value: Option<&dyn std::any::Any>) {
        self.threads.lock().expect("no panic").push(thread::current().id());
        let value =
            value.and_then(|value| value.downcast_ref::<i32>()).map_or(String::new(), |value| format!(" {value}"));
        let took = if event.took.is_some() { ", timed" } else { "" };
        self.heard.lock().expect("no panic").push(format!("{what} {}{value}{took}", event.dataset));
    }

    fn veto(&self, event: &DatasetEvent<'_>) -> Result<(), BoxError> {
        if self.refuses == Some(event.dataset.name()) { Err("refused".into()) } else { Ok(()) }
    }
}

impl Hook for Told {
    fn wants_timings(&self) -> bool {
        self.wants_timings
    }

    fn before_dataset_loaded(&self, event: &DatasetEvent<'_>) -> Result<(), BoxError> {
        self.hear("loading", event, None);
        self.veto(event)
    }

    fn after_dataset_loaded(&self, event: &DatasetEvent<'_>, value: &dyn std::any::Any) {
        self.hear("loaded", event, Some(value));
    }

    fn before_dataset_saved(&self, event: &DatasetEvent<'_>, value: &dyn std::any::Any) -> Result<(), BoxError> {
        self.hear("saving", event, Some(value));
        self.veto(event)
    }

    fn after_dataset_saved(&self, event: &DatasetEvent<'_>) {
        self.hear("saved", event, None);
    }
}

/// What a hook hears of a node with two inputs and two outputs in the catalog, and one of each in memory.
fn heard(told: &Told) -> Option<String> {
    let pipeline = pipeline! {
        node(|kept: i32| kept, [kept] -> [m]),
        node(|a: i32, m: i32, b: i32| (a, m, b), [a, m, b] -> [x, free, y]),
    };
    let threads = Threads::default();
    let [x, y] = [(); 2].map(|()| Lambda::write_only(|_| Ok::<(), BoxError>(())));
    let catalog = Catalog { a: loading(1, &threads), b: loading(2, &threads), x, y, ..Catalog::default() };
    let options = RunOptions::new().is_async().hook(told);
    let report = SequentialRunner::new().run_with(&pipeline, &catalog, &options).expect("no panic");
    assert!(told.threads.lock().expect("no panic").iter().all(|thread| *thread == thread::current().id()));
    told.heard.lock().expect("no panic").drain(..4);
    report.error().map(ToString::to_string)
}

#[test]
fn hooks_are_told_in_order_on_the_thread_of_the_node() {
    let told = Told::default();
    assert_eq!(heard(&told), None);
    let expected = [
        "loading a",
        "loading b",
        "loaded a 1",
        "loading m",
        "loaded m 5",
        "loaded b 2", //
        "saving x 1",
        "saving free 5",
        "saved free",
        "saving y 2",
        "saved x",
        "saved y",
    ];
    assert_eq!(*told.heard.lock().unwrap(), expected);

    let told = Told { wants_timings: true, ..Told::default() };
    assert_eq!(heard(&told), None);
    let told = told.heard.into_inner().unwrap();
    let timed = |heard: &&String| heard.starts_with("loaded") || heard.starts_with("saved");
    assert!(told.iter().filter(timed).all(|heard| heard.ends_with(", timed")), "{told:?}");
}

#[test]
fn what_a_hook_refuses_is_neither_loaded_nor_saved() {
    let told = Told { refuses: Some("b"), ..Told::default() };
    assert!(heard(&told).unwrap().starts_with("hook `Told` failed at node"));
    assert_eq!(*told.heard.lock().unwrap(), ["loading a", "loading b"]);
    let told = Told { refuses: Some("y"), ..Told::default() };
    assert!(heard(&told).unwrap().starts_with("hook `Told` failed at node"));
    assert_eq!(told.heard.lock().unwrap().last().unwrap(), "saving y 2");
}
