//! Random pipelines under random failures, on every runner: what a model says and a sequential run returns, each node at most once (or as
//! often as its retries say) and never before its inputs, every value dropped once, never more nodes at a time than workers, and no run that
//! does not end.
//!
//! `RANDOM_RUNS=100` tries so many times more plans, `RANDOM_SEED` others, `RANDOM_PIPELINES` other pipelines (see `build.rs`).

mod events;
mod model;
mod plan;
mod processes;
mod runners;
mod shape;
mod value;
mod watchdog;

use std::sync::Arc;

use pipeline_core::RunOptions;
use pipeline_core::prelude::*;
use serde::{Deserialize, Serialize};

use self::model::Model;
use self::plan::{Action, MAX_NODES, Plan, Refused, actions};
use self::runners::{Tried, runners};
use self::shape::{Expected, Shape};
use self::value::Value;
use self::watchdog::Watchdog;

#[derive(Serialize, Deserialize)]
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
            let actions = actions(&mut random, pipeline.dag(), false);
            for tried in random.choose_multiple(&runners, 4) {
                let name = format!("random_{place}, round {round} of seed {seed}, {}, {actions:?}", tried.name);
                watchdog.begins(&name);
                check_all(&name, &**pipeline, tried, &actions);
            }
        }
    }
}

/// Runs one plan in every way; the same pipeline after its failures, too.
fn check_all(name: &str, pipeline: &dyn Shape, tried: &Tried, actions: &[Action]) {
    let model = Model::new(pipeline.dag(), actions, false);
    let sequential = with_plan("the sequential run", actions, |catalog| {
        pipeline.run(&SequentialRunner::new(), catalog, &RunOptions::new().keep_going())
    });
    assert_eq!((&sequential.status, &sequential.errors), (&model.statuses, &model.errors()), "{name}, sequentially");

    let expected = Expected { name, pipeline, model: &model, outputs: &sequential.outputs };
    let in_every_way = || {
        with_plan(name, actions, |catalog| expected.keeps_going(tried, catalog));
        with_plan(name, actions, |catalog| expected.fails_fast(tried, catalog));
        with_plan(name, actions, |catalog| expected.returns(tried, catalog));
    };
    // Two runs of one pipeline at once do not meet.
    std::thread::scope(|scope| {
        let other = scope.spawn(in_every_way);
        in_every_way();
        other.join().expect("both runs are as they should be");
    });
}

/// Runs with a catalog of its own, and checks what is left.
fn with_plan<T>(name: &str, actions: &[Action], run: impl FnOnce(&Catalog) -> T) -> T {
    let catalog = Catalog { params: Params { plan: Plan::new(actions) }, ..Catalog::default() };
    let result = run(&catalog);
    let values = Arc::clone(catalog.params.plan.values());
    drop(catalog);
    assert!(values.are_all_dropped_once(), "{name}: a value is left, or was dropped twice");
    result
}
