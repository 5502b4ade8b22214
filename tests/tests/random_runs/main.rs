//! Random pipelines under random failures, on every runner: what a sequential run returns, each node at most once and never before its
//! inputs, every value dropped once, never more nodes at a time than workers, and no run that does not end.
//!
//! `RANDOM_RUNS=100` tries so many times more plans, `RANDOM_SEED` others, `RANDOM_PIPELINES` other pipelines (see `build.rs`).

mod plan;
mod watchdog;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use pipeline_core::dag::{Dag, Dataset, Node};
use pipeline_core::prelude::*;
use pipeline_core::{Error, Outputs, RunOptions, Status};
use rayon::{ThreadPool, ThreadPoolBuilder};

use self::plan::{Action, MAX_NODES, Plan, Refused, Value};
use self::watchdog::Watchdog;

struct Params {
    plan: Plan,
}

catalog! {
    struct Catalog {
        K0: Memory<Value>,
        K1: Memory<Value>,
        K2: Memory<Value>,
        K3: Memory<Value>,
        params: Params = Params { plan: Plan::new(&[Action::Go; MAX_NODES]) },
    }
}

include!(concat!(env!("OUT_DIR"), "/random_pipelines.rs"));

/// A pipeline of any type.
trait Shape: Sync {
    fn dag(&self) -> &Dag;
    fn run(&self, runner: &dyn Runner, catalog: &Catalog, options: &RunOptions<'_>) -> Ran;
    /// Runs it for its typed outputs.
    fn run_whole(&self, runner: &dyn Runner, catalog: &Catalog) -> Result<String, Error>;
}

impl<O: Outputs<Partial: fmt::Debug> + fmt::Debug> Shape for Pipeline<Catalog, O> {
    fn dag(&self) -> &Dag {
        Pipeline::dag(self).expect("it is no sum")
    }

    fn run(&self, runner: &dyn Runner, catalog: &Catalog, options: &RunOptions<'_>) -> Ran {
        let report = runner.run_with(self, catalog, options).expect("it can start");
        Ran {
            status: report.nodes().map(|(_, status)| status).collect(),
            errors: match report.error() {
                None => Vec::new(),
                Some(Error::Several { errors, .. }) => errors.iter().map(ToString::to_string).collect(),
                Some(error) => vec![error.to_string()],
            },
            outputs: format!("{:?} {:?}", report.outputs, saved(catalog)),
        }
    }

    fn run_whole(&self, runner: &dyn Runner, catalog: &Catalog) -> Result<String, Error> {
        runner.run(self, catalog).map(|outputs| format!("{outputs:?} {:?}", saved(catalog)))
    }
}

/// What is in the catalog.
fn saved(catalog: &Catalog) -> [String; 4] {
    [&catalog.K0, &catalog.K1, &catalog.K2, &catalog.K3]
        .map(|dataset| dataset.load().map_or_else(|_| "nothing".to_owned(), |value| format!("{value:?}")))
}

/// What became of a run, without its values.
#[derive(Debug)]
struct Ran {
    /// Of each node, in the order of the DAG.
    status: Vec<Status>,
    errors: Vec<String>,
    outputs: String,
}

/// A runner, and how many nodes it may execute at a time.
struct Tried {
    name: String,
    runner: Box<dyn Runner + Sync>,
    max_workers: usize,
}

fn runners() -> Vec<Tried> {
    let tried = |name: &str, n: usize, runner: Box<dyn Runner + Sync>| Tried {
        name: format!("{name}, {n} workers"),
        runner,
        max_workers: n,
    };
    let mut all = vec![tried("SequentialRunner", 1, Box::new(SequentialRunner::new()))];
    for n in 1..=8 {
        all.push(tried("ThreadRunner", n, Box::new(ThreadRunner::new().max_workers(n))));
        let pool =
            || -> Arc<ThreadPool> { Arc::new(ThreadPoolBuilder::new().num_threads(n).build().expect("threads")) };
        all.push(tried("ParallelRunner in a pool", n, Box::new(ParallelRunner::new().in_pool(pool()))));
        let two_more = ThreadPoolBuilder::new().num_threads(n + 2).build().expect("threads");
        let limited = ParallelRunner::new().in_pool(two_more).max_workers(n);
        all.push(tried("ParallelRunner in a larger pool", n, Box::new(limited)));
    }
    all.push(tried("ThreadRunner", usize::MAX, Box::new(ThreadRunner::new())));
    all.push(tried("ParallelRunner", usize::MAX, Box::new(ParallelRunner::new())));
    all
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |value| value.parse().expect("a number"))
}

#[test]
fn random_pipelines_under_random_failures() {
    let seed = number("RANDOM_SEED", 1);
    let (runners, pipelines) = (runners(), pipelines());
    let watchdog = Watchdog::new();
    for round in 0..number("RANDOM_RUNS", 2) {
        for (place, pipeline) in pipelines.iter().enumerate() {
            let mut random = fastrand::Rng::with_seed(seed ^ (round << 32) ^ place as u64);
            let actions = actions(&mut random);
            for tried in random.choose_multiple(&runners, 4) {
                let name = format!("random_{place}, round {round} of seed {seed}, {}, {actions:?}", tried.name);
                watchdog.begins(&name);
                check_all(&name, &**pipeline, tried, &actions);
            }
        }
    }
}

/// What each node does: in a third of the plans none fails.
fn actions(random: &mut fastrand::Rng) -> Vec<Action> {
    let failing = [0, 1, 4][random.usize(0..3)];
    let action = |random: &mut fastrand::Rng| match random.u8(0..20) {
        n if n < failing => [Action::Fail, Action::Panic][random.usize(0..2)],
        n if n < 8 => Action::Sleep(random.u64(1..150)),
        _ => Action::Go,
    };
    (0..MAX_NODES).map(|_| action(random)).collect()
}

/// Runs one plan in every way; the same pipeline after its failures, too.
fn check_all(name: &str, pipeline: &dyn Shape, tried: &Tried, actions: &[Action]) {
    let expected = with_plan("the sequential run", actions, 1, |catalog| {
        pipeline.run(&SequentialRunner::new(), catalog, &RunOptions::new().keep_going())
    });
    let fails: BTreeSet<usize> = failing(pipeline.dag(), actions);
    let statuses = statuses(pipeline.dag(), &fails);
    assert_eq!(expected.status, statuses, "{name}, sequentially");
    assert_eq!(expected.errors.len(), fails.len(), "{name}, sequentially");

    let in_every_way = || {
        with_plan(name, actions, tried.max_workers, |catalog| keeps_going(name, pipeline, tried, catalog, &expected));
        with_plan(name, actions, tried.max_workers, |catalog| fails_fast(name, pipeline, tried, catalog, &fails));
        with_plan(name, actions, tried.max_workers, |catalog| {
            let outputs = pipeline.run_whole(&*tried.runner, catalog);
            assert_eq!(outputs.is_err(), !fails.is_empty(), "{name}");
            if let Ok(outputs) = outputs {
                // The partial outputs are the same, each in an `Option`.
                assert_eq!(outputs, expected.outputs.replace("Some(", "").replace(')', ""), "{name}");
            }
        });
    };
    // Two runs of one pipeline at once do not meet.
    std::thread::scope(|scope| {
        let other = scope.spawn(in_every_way);
        in_every_way();
        other.join().expect("both runs are as they should be");
    });
}

/// Runs with a catalog of its own, and checks what the nodes saw and what is left.
fn with_plan<T>(name: &str, actions: &[Action], max_workers: usize, run: impl FnOnce(&Catalog) -> T) -> T {
    let catalog = Catalog { params: Params { plan: Plan::new(actions) }, ..Catalog::default() };
    let result = run(&catalog);
    let plan = &catalog.params.plan;
    assert_eq!(plan.wrong(), [""; 0], "{name}");
    assert!(plan.max_running() <= max_workers, "{name}: {} nodes at a time", plan.max_running());
    let values = Arc::clone(plan.values());
    drop(catalog);
    assert!(values.are_all_dropped_once(), "{name}: a value is left, or was dropped twice");
    result
}

fn keeps_going(name: &str, pipeline: &dyn Shape, tried: &Tried, catalog: &Catalog, expected: &Ran) {
    let mut ran = pipeline.run(&*tried.runner, catalog, &RunOptions::new().keep_going());
    assert_eq!(ran.status, expected.status, "{name}");
    assert_eq!(ran.outputs, expected.outputs, "{name}");
    let mut errors = expected.errors.clone();
    errors.sort();
    ran.errors.sort();
    assert_eq!(ran.errors, errors, "{name}");
}

/// One error, of a node that was to fail; what is completed was not waiting for any that is not.
fn fails_fast(name: &str, pipeline: &dyn Shape, tried: &Tried, catalog: &Catalog, fails: &BTreeSet<usize>) {
    let ran = pipeline.run(&*tried.runner, catalog, &RunOptions::new());
    assert_eq!(ran.errors.len(), usize::from(!fails.is_empty()), "{name}: {:?}", ran.errors);
    for (node, status) in pipeline.dag().nodes().zip(&ran.status) {
        let (n, is_called) = (number_of(node), catalog.params.plan.was_called(number_of(node)));
        let is_ready = predecessors(node).all(|before| ran.status[before.id().index()] == Status::Completed);
        match status {
            Status::Completed => assert!(is_called && is_ready && !fails.contains(&n), "{name}: n{n} {status:?}"),
            Status::Failed => assert!(is_called && is_ready && fails.contains(&n), "{name}: n{n} {status:?}"),
            Status::Skipped("the run failed") => assert!(!is_called && !fails.is_empty(), "{name}: n{n} {status:?}"),
            other => panic!("{name}: n{n} {other:?}"),
        }
    }
    if let [error] = &*ran.errors {
        let is_told = |n: &usize| error.contains(&format!("`n{n}: "));
        assert!(fails.iter().any(is_told), "{name}: {error}");
    }
}

/// The place of a node in its plan: node 7 is called `n7`.
fn number_of(node: Node<'_>) -> usize {
    node.name().and_then(|name| name[1..].parse().ok()).expect("it is called so")
}

fn predecessors(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    node.inputs().filter_map(Dataset::writer)
}

/// The nodes that fail in a run that keeps going: those that are to, and wait for none that does.
fn failing(dag: &Dag, actions: &[Action]) -> BTreeSet<usize> {
    let (mut fails, mut is_bad) = (BTreeSet::new(), vec![false; dag.len()]);
    for node in dag.nodes() {
        let is_orphan = predecessors(node).any(|before| is_bad[before.id().index()]);
        let is_failing = !is_orphan && actions[number_of(node)].fails();
        is_bad[node.id().index()] = is_orphan || is_failing;
        if is_failing {
            fails.insert(number_of(node));
        }
    }
    fails
}

fn statuses(dag: &Dag, fails: &BTreeSet<usize>) -> Vec<Status> {
    let mut statuses: Vec<Status> = Vec::new();
    for node in dag.nodes() {
        let is_orphan = predecessors(node).any(|before| statuses[before.id().index()] != Status::Completed);
        statuses.push(match fails.contains(&number_of(node)) {
            true => Status::Failed,
            false if is_orphan => Status::Skipped("a node that it waits for failed"),
            false => Status::Completed,
        });
    }
    statuses
}
