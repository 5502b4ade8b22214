//! `ProcessRunner`: what sequential runs do, in other processes, and what becomes of a node that takes its process with it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pipeline_core::dataset::{Dataset, Load, ThisProcess};
use pipeline_core::hook::{DatasetEvent, Hook, NodeEvent};
use pipeline_core::prelude::*;
use pipeline_core::{BoxError, Cancellation, DatasetError, Error, RunOptions, Status, worker};
use pipeline_tests::{is_running, wait_until};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Params {
    factor: f64,
    text: Option<String>,
}

/// What a form without names would lose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    left_out: Option<u8>,
    #[serde(flatten)]
    inner: Inner,
    json: serde_json::Value,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Inner {
    Number { number: f32 },
    Text { text: String },
}

catalog! {
    struct Catalog {
        xs: Memory<Vec<f64>> = Memory::new(vec![1.0, 2.0, 4.5]),
        n: Memory<usize> = Memory::new(3),
        scaled: Memory<f64>,
        length: Memory<usize>,
        pid: Memory<u32>,
        file: Text = Text::new(concat!(env!("CARGO_TARGET_TMPDIR"), "/processes.txt")),
        empty: Memory<i32>,
        absent: Text = "no/such/folder/absent.txt",
        params: Params = Params { factor: 10.0, text: None },
    }
}

pipeline! {
    #[portable]
    summing for Catalog {
        node(|xs: &[f64]| xs.iter().sum::<f64>(), [xs] -> [subtotal], name = "add_up"),
        node(|a: f64, b: f64| (a + b, a - b), [subtotal, subtotal] -> [twice, nothing: f64]),
        node(|twice: f64, params: &Params| twice * params.factor, [twice, params] -> [scaled]),
        node(|twice: &f64, factor: f64| format!("{twice} {factor}"), [twice, params:factor] -> [file]),
        node(|text: &str| text.len(), [file] -> [n_letters: usize]),
    }
}

pipelines! {
    #[portable]
    fn pipelines() for Catalog {
        summing = summing(),
        rows = pipeline!<
            node(rows, [n] -> [rows]),
            node(|rows: &[Row]| rows.len(), [rows] -> [length]),
            node(same_rows?, [rows, n] -> [unused]),
        >,
        pids = pipeline!< node(|_: usize| std::process::id(), [n] -> [pid]) >,
        aborting = pipeline!<
            node(abort, [n] -> [never], name = "aborts"),
            node(|(): ()| 1, [never] -> [length], name = "waits"),
            node(|_: usize| std::process::id(), [n] -> [pid], name = "works"),
        >,
        killed = pipeline!< node(killed, [n] -> [length]) >,
        exiting = pipeline!< node(exits, [n] -> [length]) >,
        panicking = pipeline!< node(panics, [n] -> [length]) >,
        failing = pipeline!< node(fails?, [n] -> [length]) >,
        absent = pipeline!< node(str::len, [absent] -> [length]) >,
        empty = pipeline!< node(|n: i32| n.unsigned_abs() as usize, [empty] -> [length]) >,
        large = pipeline!<
            node(|n: usize| vec![7_u64; n], [n] -> [large]),
            node(|large: Vec<u64>| large.iter().map(|_| 1).sum::<usize>(), [large] -> [length]),
        >,
        chain = pipeline!<
            node(next, [n] -> [n1]), node(next, [n1] -> [n2]), node(next, [n2] -> [n3]), node(next, [n3] -> [n4]),
            node(next, [n4] -> [n5]), node(next, [n5] -> [n6]), node(next, [n6] -> [n7]), node(next, [n7] -> [length]),
        >,
        waiting = pipeline!<
            node(fails_soon?, [n] -> [length]),
            node(waits_for_cancellation?, [n] -> [pid]),
        >,
        cancelling = pipeline!<
            node(|_: usize| Cancellation::of_this_node().cancel(), [n] -> [cancelled]),
            node(|(): ()| 1, [cancelled] -> [length], name = "after"),
        >,
        staying = pipeline!< node(tells_its_pid_and_stays, [n] -> [stayed]) >,
    }
}

fn rows(n: usize) -> Vec<Row> {
    let row = |index: usize| Row {
        name: format!("row {index}"),
        left_out: (index == 1).then_some(1),
        inner: if index == 0 { Inner::Text { text: "ä".to_owned() } } else { Inner::Number { number: 0.1 } },
        json: serde_json::json!({ "any": [1, null, "thing", { "deep": index }] }),
    };
    (0..n).map(row).collect()
}

fn same_rows(read: &[Row], n: usize) -> Result<(), String> {
    if read == rows(n) { Ok(()) } else { Err(format!("{read:?}")) }
}

fn next(n: usize) -> usize {
    n + 1
}

fn abort(_: usize) {
    eprintln!("the last words");
    std::process::abort()
}

fn killed(_: usize) -> usize {
    let pid = std::process::id().to_string();
    assert!(Command::new("kill").args(["-9", &pid]).status().is_ok_and(|status| status.success()));
    std::thread::sleep(Duration::from_secs(60));
    unreachable!("it has been killed")
}

fn exits(_: usize) -> usize {
    std::process::exit(3)
}

fn panics(n: usize) -> usize {
    panic!("{n} is too much")
}

#[derive(Debug, thiserror::Error)]
#[error("no number")]
struct NoNumber(#[source] std::num::ParseIntError);

fn fails(_: usize) -> Result<usize, NoNumber> {
    "x".parse().map_err(NoNumber)
}

fn fails_soon(_: usize) -> Result<usize, &'static str> {
    std::thread::sleep(Duration::from_millis(200));
    Err("soon")
}

fn waits_for_cancellation(_: usize) -> Result<u32, String> {
    let (started, cancellation) = (Instant::now(), Cancellation::of_this_node());
    while !cancellation.is_cancelled() {
        if started.elapsed() > Duration::from_secs(30) {
            return Err("nobody said so".to_owned());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(0)
}

/// Not a test: the workers of the others.
#[test]
fn workers() {
    worker::serve(&pipelines());
}

fn runner() -> ProcessRunner {
    ProcessRunner::new().max_workers(2).workers_of_test("workers")
}

fn run(name: &str, catalog: &Catalog) -> Result<(), Error> {
    runner().run_named(&pipelines(), name, catalog)
}

fn error(name: &str) -> String {
    format!("{:?}", run(name, &Catalog::default()).expect_err("nodes fail here"))
}

#[test]
fn a_run_is_as_a_sequential_one() {
    for max_workers in 1..4 {
        let (here, there) = (Catalog::default(), Catalog::default());
        let expected = SequentialRunner::new().run(&summing(), &here).unwrap();
        let outputs: summing = runner().max_workers(max_workers).run(&summing(), &there).unwrap();
        assert_eq!((outputs.nothing, outputs.n_letters), (expected.nothing, expected.n_letters));
        assert_eq!(there.scaled.load().unwrap(), 150.0);
        assert_eq!(format!("{:?}", there.scaled), format!("{:?}", here.scaled));
    }
}

#[test]
fn nodes_run_in_other_processes() {
    let catalog = Catalog::default();
    run("pids", &catalog).unwrap();
    assert_ne!(*catalog.pid.load().unwrap(), std::process::id());
}

#[test]
fn parameters_are_those_of_the_run() {
    let catalog = Catalog { params: Params { factor: -1.0, text: Some("x".to_owned()) }, ..Catalog::default() };
    run("summing", &catalog).unwrap();
    assert_eq!(catalog.scaled.load().unwrap(), -15.0);
}

#[test]
fn what_serde_can_do_crosses() {
    let catalog = Catalog::default();
    run("rows", &catalog).unwrap();
    assert_eq!(catalog.length.load().unwrap(), 3);
}

#[test]
fn a_large_value_crosses() {
    let catalog = Catalog { n: Memory::new(1_500_000), ..Catalog::default() };
    run("large", &catalog).unwrap();
    assert_eq!(catalog.length.load().unwrap(), 1_500_000);
}

#[test]
fn a_worker_is_warm_after_its_first_node() {
    let catalog = Catalog::default();
    run("chain", &catalog).unwrap();
    assert_eq!(catalog.length.load().unwrap(), 11);
}

#[test]
fn an_abort_is_an_error_of_its_node() {
    let catalog = Catalog::default();
    let error = format!("{:?}", runner().max_workers(1).run_named(&pipelines(), "aborting", &catalog).unwrap_err());
    let expected = "node `aborts: abort([n]) -> [never]` of pipeline `aborting` ended its worker process, which was killed by signal 6 (SIGABRT); \
                    the end of its standard error:\n  the last words";
    assert_eq!(error, expected);
}

#[test]
fn a_run_that_keeps_going_does_so_with_a_new_worker() {
    for max_workers in 1..3 {
        let catalog = Catalog::default();
        let runner = runner().max_workers(max_workers);
        let options = RunOptions::new().keep_going();
        let report = runner.run_named_with(&pipelines(), "aborting", &catalog, &options).unwrap();
        let of = |wanted: &str| report.nodes().find(|(node, _)| node.to_string().starts_with(wanted)).unwrap().1;
        assert_eq!(of("aborts"), Status::Failed);
        assert_eq!(of("waits"), Status::Skipped("a node that it waits for failed"));
        assert_eq!(of("works"), Status::Completed);
        assert!(matches!(report.error(), Some(Error::WorkerDied { node, .. }) if node.starts_with("aborts")));
        assert_ne!(*catalog.pid.load().unwrap(), std::process::id());
    }
}

#[test]
fn a_killed_worker_is_an_error_of_its_node() {
    let error = error("killed");
    assert!(error.ends_with("ended its worker process, which was killed by signal 9 (SIGKILL)"), "{error}");
}

#[test]
fn an_exit_is_an_error_of_its_node() {
    let error = error("exiting");
    assert!(error.ends_with("ended its worker process, which exited with code 3"), "{error}");
}

#[test]
fn errors_are_as_in_one_process() {
    for name in ["panicking", "failing", "absent", "empty"] {
        let (pipelines, catalog) = (pipelines(), Catalog::default());
        let here = SequentialRunner::new().run(pipelines.get(name).unwrap(), &catalog).unwrap_err();
        assert_eq!(error(name), format!("{here:?}"));
    }
}

#[test]
fn a_node_elsewhere_hears_that_the_run_is_cancelled() {
    let error = error("waiting");
    assert_eq!(error, "node `fails_soon([n]) -> [length]` of pipeline `waiting` failed\n  caused by: soon");
}

#[test]
fn a_node_elsewhere_can_cancel_its_run_as_on_threads() {
    let (pipelines, catalog) = (pipelines(), Catalog::default());
    let here = ThreadRunner::new().run(pipelines.get("cancelling").unwrap(), &catalog).unwrap_err();
    assert!(matches!(&here, Error::Cancelled { node, .. } if node.starts_with("after: ")), "{here:?}");
    assert_eq!(error("cancelling"), format!("{here:?}"));
}

#[test]
fn what_is_not_portable_is_refused_before_anything_starts() {
    let catalog = Catalog::default();
    let pipeline = pipeline! { node(|n: usize| n, [n] -> [length]) };
    let error = runner().run(&pipeline, &catalog).unwrap_err();
    assert!(matches!(error, Error::NotPortable { pipeline: None, .. }));
    let error = runner().run(&pipeline.named("chain"), &catalog).unwrap_err();
    let expected = "`ProcessRunner` runs what is `#[portable]`, and pipeline `chain` is not; write `#[portable]` before \
                    the registry that has it, and rustc tells what cannot leave the process";
    assert_eq!(error.to_string(), expected);
    assert!(catalog.length.load().is_err());
}

/// What only the process has that made it.
struct Session;

impl Dataset for Session {
    type Value = usize;
    type Reach = ThisProcess;
}

impl Load for Session {
    type Loaded = usize;

    fn load(&self) -> Result<usize, DatasetError> {
        Ok(1)
    }
}

#[test]
fn what_lives_in_this_process_only_is_named() {
    catalog! { struct Sessions { session: Session = Session, another: Session = Session, length: Memory<usize> } }
    let runner: &dyn Runner = &runner();
    let pipeline = pipeline! { for Sessions; node(next, [session] -> [length], name = "next") }.named("asking");
    let error = runner.run(&pipeline, &Sessions::default()).unwrap_err();
    let expected = "`ProcessRunner` runs what is `#[portable]`, and pipeline `asking` cannot be: dataset `session`, which node \
                    `next: next([session]) -> [length]` uses, lives in this process only; `ThreadRunner` and the other \
                    runners of one process can run it";
    assert_eq!(error.to_string(), expected);

    let pipeline = pipeline! {
        for Sessions;
        node(next, [session] -> [first], name = "first"),
        node((|a: usize, b: usize| a + b), [session, another] -> [length], name = "second"),
    };
    let error = runner.run_report(&pipeline, &Sessions::default()).unwrap().into_result().unwrap_err();
    let Error::NotPortable { here_only, .. } = &error else { panic!("{error:?}") };
    let datasets: Vec<&str> = here_only.iter().map(|(dataset, _)| dataset.as_str()).collect();
    assert_eq!(datasets, ["session", "another"]);
    let said = "dataset `session`, which nodes `first: next([session]) -> [first]` and `second: <closure>([session;another]) -> [length]` use, \
                and dataset `another`, which node `second: <closure>([session;another]) -> [length]` uses, live in this process only";
    assert!(error.to_string().contains(said), "{error}");
}

#[test]
fn another_pipeline_of_the_same_name_is_refused() {
    pipeline! { #[portable] chain for Catalog { node(|n: usize| n, [n] -> [length]) } }
    let error = runner().run(&chain(), &Catalog::default()).unwrap_err();
    let expected = "no worker process can execute pipeline `chain`: the registry has another pipeline of this name";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_file_at_another_place_is_refused() {
    let catalog = Catalog { file: Text::new("elsewhere.txt"), ..Catalog::default() };
    let error = run("summing", &catalog).unwrap_err().to_string();
    assert!(error.contains("dataset `file` is at elsewhere.txt, but workers make their catalog"), "{error}");
}

#[test]
fn a_test_that_does_not_serve_is_no_worker() {
    let runner = ProcessRunner::new().workers_of_test("no_such_test");
    let error = runner.run_named(&pipelines(), "chain", &Catalog::default()).unwrap_err().to_string();
    let expected = "no worker process can execute node `next([n]) -> [n1]` of pipeline `chain`: it exited with code 0 before it was ready; \
                    does a test `no_such_test` call `worker::serve`?";
    assert_eq!(error, expected);
}

#[test]
fn slices_run_in_processes() {
    let catalog = Catalog::default();
    let options = RunOptions::new().slice(Slice::new().nodes(["works"]));
    runner().run_named_with(&pipelines(), "aborting", &catalog, &options).unwrap().into_result().unwrap();
    assert!(catalog.pid.load().is_ok());
}

/// Says what it is told.
#[derive(Default)]
struct Listening {
    heard: Mutex<Vec<String>>,
}

impl Listening {
    fn hear(&self, text: String) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }
}

impl Hook for Listening {
    fn before_node_run(&self, event: &NodeEvent<'_>) -> Result<(), BoxError> {
        self.hear(format!("node {}", event.node));
        Ok(())
    }

    fn after_dataset_loaded(&self, event: &DatasetEvent<'_>, value: &dyn std::any::Any) {
        let value = value.downcast_ref::<usize>();
        self.hear(format!("loaded {} {value:?}", event.dataset));
    }

    fn before_dataset_saved(&self, event: &DatasetEvent<'_>, value: &dyn std::any::Any) -> Result<(), BoxError> {
        let value = value.downcast_ref::<usize>();
        self.hear(format!("saves {} {value:?}", event.dataset));
        Ok(())
    }
}

#[test]
fn hooks_hear_the_same_here() {
    let heard = |by: &dyn Fn(&RunOptions<'_>)| {
        let hook = Listening::default();
        by(&RunOptions::new().hook(&hook));
        hook.heard.into_inner().unwrap()
    };
    let (pipelines, catalog) = (pipelines(), Catalog::default());
    let there = heard(&|options| {
        runner().max_workers(1).run_named_with(&pipelines, "chain", &catalog, options).unwrap().into_result().unwrap();
    });
    let here = heard(&|options| {
        let pipeline = pipelines.get("chain").unwrap();
        SequentialRunner::new().run_with(pipeline, &catalog, options).unwrap().into_result().unwrap();
    });
    assert_eq!(there, here);
    assert_eq!(there[..3], ["node next([n]) -> [n1]", "loaded n Some(3)", "saves n1 Some(4)"]);
}

/// What a worker tells of itself in a file, for those who look for it from outside.
fn file_of_worker(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn tells_its_pid_and_stays(_: usize) {
    let written = std::fs::write(file_of_worker("stays.tmp"), std::process::id().to_string());
    let told = written.and_then(|()| std::fs::rename(file_of_worker("stays.tmp"), file_of_worker("stays.txt")));
    told.expect("the folder is there");
    std::thread::sleep(Duration::from_secs(120));
}

#[test]
fn no_worker_stays_after_its_run() {
    let catalog = Catalog::default();
    run("pids", &catalog).unwrap();
    assert!(!is_running(&catalog.pid.load().unwrap().to_string()));
}

/// Not a test: a run in a process that is killed.
#[test]
#[ignore = "another test starts it"]
fn runs_until_it_is_killed() {
    run("staying", &Catalog::default()).unwrap();
}

#[test]
fn no_worker_stays_after_a_run_that_was_killed() {
    let file = file_of_worker("stays.txt");
    drop(std::fs::remove_file(&file));
    let mut of_run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "runs_until_it_is_killed", "--ignored", "--nocapture"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the worker starts", || file.exists());
    let pid = std::fs::read_to_string(&file).unwrap();
    assert!(is_running(&pid));
    of_run.kill().unwrap();
    of_run.wait().unwrap();
    wait_until("the worker ends", || !is_running(&pid));
}

fn cli(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipeline-tests-cli"));
    command.args(arguments);
    command
}

#[test]
fn the_command_line_runs_in_processes() {
    let output = cli(&["run", "--runner", "ProcessRunner"]).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{stderr}");
    assert!(stdout.starts_with("Completed 2 out of 2 nodes in ") && stdout.lines().count() == 1, "{stdout}");
    assert_eq!(stderr, "");
}
