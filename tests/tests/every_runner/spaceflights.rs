//! The DAG of Kedro's tutorial, with functions that only say that they were called: wherever the graph leaves no choice, the nodes are
//! executed in the order of Kedro's `SequentialRunner`.

use std::sync::{Mutex, PoisonError};

use pipeline_core::dag::{Dag, Dataset};
use pipeline_core::hook::{Hook, NodeEvent};
use pipeline_core::prelude::*;
use pipeline_core::{RunOptions, Slice, worker};
use serde::{Deserialize, Serialize};

catalog! {
    struct Catalog {
        companies: Memory<u32> = Memory::new(1),
        reviews: Memory<u32> = Memory::new(1),
        shuttles: Memory<u32> = Memory::new(1),
        preprocessed_companies: Memory<u32>,
        preprocessed_shuttles: Memory<u32>,
        model_input_table: Memory<u32>,
        regressor: Memory<u32>,
        shuttle_passenger_capacity_plot_exp: Memory<u32>,
        shuttle_passenger_capacity_plot_go: Memory<u32>,
        dummy_confusion_matrix: Memory<u32>,
        params: Parameters = Parameters { model_options: 1 },
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct Parameters {
    model_options: u32,
}

fn one(value: u32) -> u32 {
    value
}

fn two(left: u32, right: u32) -> u32 {
    left + right
}

fn three(first: u32, second: u32, third: u32) -> u32 {
    first + second + third
}

fn split(table: u32, options: u32) -> (u32, u32, u32, u32) {
    (table, options, table, options)
}

// As the tutorial writes them.
pipeline! {
    #[portable]
    data_processing for Catalog {
        node(one, [companies] -> [preprocessed_companies], name = "preprocess_companies_node"),
        node(one, [shuttles] -> [preprocessed_shuttles], name = "preprocess_shuttles_node"),
        node(
            three,
            [preprocessed_shuttles, preprocessed_companies, reviews] -> [model_input_table],
            name = "create_model_input_table_node"
        ),
    }
}

pipeline! {
    #[portable]
    data_science for Catalog {
        node(split, [model_input_table, params:model_options] -> [X_train, X_test, y_train, y_test], name = "split_data_node"),
        node(two, [X_train, y_train] -> [regressor], name = "train_model_node"),
        node(three, [regressor, X_test, y_test] -> [metrics: u32], name = "evaluate_model_node"),
    }
}

pipeline! {
    #[portable]
    reporting for Catalog {
        node(one, [preprocessed_shuttles] -> [shuttle_passenger_capacity_plot_exp], name = "compare_passenger_capacity_exp"),
        node(one, [preprocessed_shuttles] -> [shuttle_passenger_capacity_plot_go], name = "compare_passenger_capacity_go"),
        node(one, [companies] -> [dummy_confusion_matrix], name = "create_confusion_matrix"),
    }
}

pipelines! {
    #[portable]
    fn pipelines() for Catalog {
        data_processing = data_processing(),
        data_science = data_science(),
        reporting = reporting(),
        spaceflights = data_processing + data_science + reporting,
    }
}

/// Not a test: the workers of this catalog.
#[test]
fn workers() {
    worker::serve(&pipelines());
}

/// The order of Kedro 1.x, layer by layer and in each layer by name.
const KEDROS: [&str; 9] = [
    "create_confusion_matrix",
    "preprocess_companies_node",
    "preprocess_shuttles_node",
    "compare_passenger_capacity_exp",
    "compare_passenger_capacity_go",
    "create_model_input_table_node",
    "split_data_node",
    "train_model_node",
    "evaluate_model_node",
];

/// For each pair of nodes of which one waits for the other, directly or not: its names in Kedro's order.
fn forced(dag: &Dag) -> Vec<(&'static str, &'static str)> {
    let mut pairs = Vec::new();
    for (place, &first) in KEDROS.iter().enumerate() {
        let later = dag.select(&Slice::new().from_nodes([first])).expect("it has this node");
        let waits = |name: &str| dag.nodes().any(|node| node.name() == Some(name) && later.contains(node.id()));
        pairs.extend(KEDROS[place + 1..].iter().filter(|second| waits(second)).map(|&second| (first, second)));
    }
    pairs
}

/// Notes the order in which nodes begin and end.
#[derive(Default)]
struct Order(Mutex<Vec<(bool, String)>>);

impl Order {
    fn note(&self, is_end: bool, event: &NodeEvent<'_>) {
        let name = event.node.name().unwrap_or_default().to_owned();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((is_end, name));
    }
}

impl Hook for Order {
    fn before_node_run(&self, event: &NodeEvent<'_>) -> Result<(), pipeline_core::BoxError> {
        self.note(false, event);
        Ok(())
    }

    fn after_node_run(&self, event: &NodeEvent<'_>) {
        self.note(true, event);
    }
}

pub(crate) fn spaceflights_run_in_kedros_order_where_it_is_forced(runner: &dyn Runner) {
    let pipeline = (data_processing() + data_science() + reporting()).named("spaceflights");
    let dag = pipeline.dag().expect("the parts fit together");
    let forced = forced(dag);
    assert_eq!(forced.len(), 16);
    let order = Order::default();
    let options = RunOptions::new().hook(&order);
    let report = runner.run_with(&pipeline, &Catalog::default(), &options).expect("it can start");
    let ((_, science), _) = report.into_result().expect("it runs");
    assert_eq!(science.metrics, Some(8));
    let order = order.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    let place = |is_end: bool, name: &str| order.iter().position(|noted| noted == &(is_end, name.to_owned()));
    assert_eq!(order.len(), 18);
    for (first, second) in forced {
        let (ends, begins) = (place(true, first).expect("it ran"), place(false, second).expect("it ran"));
        assert!(ends < begins, "{second} began before the end of {first}: {order:?}");
    }
}

#[test]
fn spaceflights_reads_and_writes_what_kedros_does() {
    let pipeline = data_processing() + data_science() + reporting();
    let dag = pipeline.dag().unwrap();
    let sorted = |names: Vec<&str>| {
        let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        names.sort();
        names
    };
    let inputs = sorted(dag.free_inputs().map(Dataset::name).collect());
    assert_eq!(inputs, ["companies", "params:model_options", "reviews", "shuttles"]);
    let outputs = sorted(dag.outputs().map(Dataset::name).collect());
    let plots = ["shuttle_passenger_capacity_plot_exp", "shuttle_passenger_capacity_plot_go"];
    assert_eq!(outputs, ["dummy_confusion_matrix", "metrics", plots[0], plots[1]]);
    let layers: Vec<usize> = dag.layers().iter().map(Vec::len).collect();
    assert_eq!(layers, [3, 3, 1, 1, 1]);
}
