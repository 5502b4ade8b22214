//! The same pipelines in worker processes, and nodes that take theirs with them.

use std::thread;

use pipeline_core::prelude::*;
use pipeline_core::{RunOptions, worker};
use pipeline_tests::folder;

use crate::model::Model;
use crate::plan::{ALWAYS, Action, Plan, actions};
use crate::runners::Tried;
use crate::shape::{Expected, Shape};
use crate::value::CROSSED;
use crate::watchdog::Watchdog;
use crate::{Catalog, Params, number, pipelines, registry};

/// Not a test: the workers of the other.
#[test]
fn workers() {
    worker::serve(&registry());
}

#[test]
fn random_pipelines_under_random_failures_in_worker_processes() {
    let (seed, pipelines) = (number("RANDOM_SEED", 1), pipelines());
    let runners = [1, 2, 4].map(|n| {
        let runner = ProcessRunner::new().max_workers(n).workers_of_test("processes::workers");
        Tried::new("ProcessRunner", n, runner)
    });
    let run_all = |first: usize| {
        let watchdog = Watchdog::new();
        for round in 0..number("RANDOM_RUNS", 1) {
            for (place, pipeline) in pipelines.iter().enumerate().skip(first).step_by(2) {
                let mut random = fastrand::Rng::with_seed(!seed ^ (round << 32) ^ place as u64);
                let actions = actions(&mut random, pipeline.dag(), true);
                let outputs = outputs_here(&**pipeline, &actions);
                let model = Model::new(pipeline.dag(), &actions, true);
                let other = random.usize(0..runners.len());
                for (index, tried) in runners.iter().enumerate() {
                    let name = format!("random_{place}, round {round} of seed {seed}, {}, {actions:?}", tried.name);
                    watchdog.begins(&name);
                    let expected = Expected { name: &name, pipeline: &**pipeline, model: &model, outputs: &outputs };
                    with_plan(&actions, |catalog| expected.keeps_going(tried, catalog));
                    if index == other {
                        with_plan(&actions, |catalog| expected.fails_fast(tried, catalog));
                        with_plan(&actions, |catalog| expected.returns(tried, catalog));
                    }
                }
            }
        }
    };
    // Two runs at once do not meet.
    thread::scope(|scope| {
        let odd = scope.spawn(|| run_all(1));
        run_all(0);
        odd.join().expect("all runs are as they should be");
    });
    assert!(CROSSED.are_all_dropped_once(), "a value is left, or was dropped twice");
}

/// What a run returns whose nodes fail where others would take their process with them.
fn outputs_here(pipeline: &dyn Shape, actions: &[Action]) -> String {
    let here = |action: &Action| match action {
        Action::Abort | Action::Exit => Action::Fail(ALWAYS),
        other => *other,
    };
    let plan = Plan::new(&actions.iter().map(here).collect::<Vec<_>>());
    let catalog = Catalog { params: Params { plan }, ..Catalog::default() };
    pipeline.run(&SequentialRunner::new(), &catalog, &RunOptions::new().keep_going()).outputs
}

/// Runs with a catalog of its own, and a file for what its nodes note.
fn with_plan(actions: &[Action], run: impl FnOnce(&Catalog)) {
    let folder = folder();
    let plan = Plan::in_file(actions, folder.path().join("events.txt"));
    run(&Catalog { params: Params { plan }, ..Catalog::default() });
}
