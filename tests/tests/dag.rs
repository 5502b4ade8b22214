//! The static DAG: read without running anything.

#![expect(clippy::nonstandard_macro_braces, reason = "`pipeline!(< … >)` is one of the forms")]

use std::sync::LazyLock;

use pipeline_core::dag::{Dag, Dataset, Kind, Node, NodeId};
use pipeline_core::prelude::*;

#[derive(Clone, Debug, Default)]
struct Parameters {
    ratio: f64,
    model: ModelParameters,
}

#[derive(Clone, Debug, Default)]
struct ModelParameters {
    depth: u32,
}

catalog! {
    struct Catalog {
        flowers: Memory<Vec<f64>>,
        model: Memory<u32>,
        report: Memory<String>,
        archive: Memory<usize>,
        C: Memory<i32>,
        E: Memory<i32>,
        params: Parameters,
    }
}

fn split(flowers: &[f64], ratio: f64) -> (Vec<f64>, Vec<f64>) {
    let (train, test) = flowers.split_at(usize::from(ratio > 0.5));
    (train.to_vec(), test.to_vec())
}

fn fit(train: &[f64], depth: u32) -> Result<u32, String> {
    u32::try_from(train.len()).map(|len| len + depth).map_err(|error| error.to_string())
}

fn score(model: u32, test: &[f64]) -> f64 {
    f64::from(model) * test.iter().sum::<f64>()
}

fn render(accuracy: f64, params: &Parameters) -> String {
    format!("{accuracy} {}", params.ratio)
}

fn count(train: &[f64], test: &[f64]) -> usize {
    train.len() + test.len()
}

fn identity<T>(value: T) -> T {
    value
}

fn now() -> u64 {
    0
}

fn warn(_train: &[f64], _test: &[f64]) {}

// Written in no order that could run.
pipeline! {
    training for Catalog {
        node(render, [accuracy, params] -> [report], name = "render_report", tags = ["reporting", "slow"]),
        node(score, [model, test] -> [accuracy]),
        node(fit?, [train, params:model.depth] -> [model], tags = ["training"]),
        node(count, [train, test] -> [archive]),
        node(now, [] -> [started: u64]),
        node(split, [flowers, params:ratio] -> [train, test], name = "split"),
        node(warn, [train, test] -> []),
        node(|train: &[f64]| train.len(), [train] -> [len: usize]),
    }
}

fn texts<'a>(nodes: impl IntoIterator<Item = Node<'a>>) -> Vec<String> {
    nodes.into_iter().map(|node| node.to_string()).collect()
}

fn names<'a>(datasets: impl IntoIterator<Item = Dataset<'a>>) -> Vec<&'a str> {
    datasets.into_iter().map(Dataset::name).collect()
}

fn dataset<'a>(dag: &'a Dag, name: &str) -> Dataset<'a> {
    dag.datasets().find(|dataset| dataset.name() == name).expect("the DAG has it")
}

fn node<'a>(dag: &'a Dag, function: &str) -> Node<'a> {
    dag.nodes().find(|node| node.function() == function).expect("the DAG has it")
}

#[test]
fn nodes_come_in_an_order_that_can_run_and_keep_that_of_the_source_where_they_are_free() {
    assert_eq!(
        texts(training::DAG.nodes()),
        [
            "now(None) -> [started]",
            "split: split([flowers;params:ratio]) -> [train;test]",
            "fit([train;params:model.depth]) -> [model]",
            "score([model;test]) -> [accuracy]",
            "render_report: render([accuracy;parameters]) -> [report]",
            "count([train;test]) -> [archive]",
            "warn([train;test]) -> None",
            "<closure>([train]) -> [len]",
        ]
    );
}

#[test]
fn what_is_begun_is_ended_before_more_is_begun_and_else_the_source_decides() {
    let pipeline = pipeline! {
        for Catalog;
        node(identity, [C] -> [first]),
        node(now, [] -> [second]),
        node(identity, [first] -> [third]),
        node(identity, [C] -> [fourth]),
        node(identity, [second] -> [fifth]),
        node(identity, [third] -> [sixth]),
    };
    let outputs: Vec<String> =
        pipeline.dag().unwrap().nodes().flat_map(|node| names(node.outputs())).map(str::to_owned).collect();
    assert_eq!(outputs, ["first", "third", "sixth", "second", "fifth", "fourth"]);
}

#[test]
fn the_dag_prints_its_nodes_a_line_each() {
    let pipeline = pipeline! { for Catalog; node(identity, [C] -> [D], name = "node3"), node(identity, [D] -> [E]) };
    assert_eq!(pipeline.dag().unwrap().to_string(), "node3: identity([C]) -> [D]\nidentity([D]) -> [E]");
    assert_eq!(training::DAG.to_string(), texts(training::DAG.nodes()).join("\n"));
}

#[test]
fn nodes_print_as_in_kedro() {
    fn f() -> u8 {
        1
    }
    fn g(_: i32, _: u8) {}
    let pipeline = pipeline! {
        for Catalog;
        node(identity, [C] -> [D], name = "node3"),
        node(identity, [C] -> [copy]),
        node(f, [] -> [x]),
        node(g, [copy, x] -> []),
        node(|d: i32| d, [D] -> [E]),
        node(move |copy: i32| (copy, copy), [copy] -> [left, right]),
        node(identity::<i32>, [C] -> [path]),
        node(Vec::<f64>::len, [flowers] -> [len]),
    };
    assert_eq!(
        texts(pipeline.dag().unwrap().nodes()),
        [
            "node3: identity([C]) -> [D]",
            "<closure>([D]) -> [E]",
            "identity([C]) -> [copy]",
            "<closure>([copy]) -> [left;right]",
            "f(None) -> [x]",
            "g([copy;x]) -> None",
            "identity([C]) -> [path]",
            "len([flowers]) -> [len]",
        ]
    );
}

#[test]
fn a_node_knows_its_name_function_and_tags() {
    let render = node(training::DAG, "render");
    assert_eq!((render.name(), render.tags()), (Some("render_report"), &["reporting", "slow"][..]));
    let score = node(training::DAG, "score");
    assert_eq!((score.name(), score.tags().len()), (None, 0));
    assert_eq!(node(training::DAG, "<closure>").name(), None);
    assert_eq!(format!("{score:?}"), "Node(score([model;test]) -> [accuracy])");
}

#[test]
fn a_node_knows_its_inputs_and_outputs_in_order() {
    let split = node(training::DAG, "split");
    assert_eq!(names(split.inputs()), ["flowers", "params:ratio"]);
    assert_eq!(names(split.outputs()), ["train", "test"]);
    let warn = node(training::DAG, "warn");
    assert_eq!((warn.inputs().len(), warn.outputs().len()), (2, 0));
    assert_eq!(node(training::DAG, "now").inputs().len(), 0);
}

#[test]
fn a_node_knows_who_waits_for_it_and_for_how_many_it_waits() {
    let of = |function: &str| {
        let node = node(training::DAG, function);
        (node.n_predecessors(), node.successors().map(Node::function).collect::<Vec<_>>())
    };
    assert_eq!(of("now"), (0, vec![]));
    assert_eq!(of("split"), (0, vec!["fit", "score", "count", "warn", "<closure>"]));
    assert_eq!(of("fit"), (1, vec!["score"]));
    assert_eq!(of("score"), (2, vec!["render"]));
    assert_eq!(of("render"), (1, vec![]));
    // Two datasets from one node are one to wait for.
    assert_eq!(of("count"), (1, vec![]));
}

#[test]
fn layers_hold_what_could_run_at_once() {
    let layers: Vec<Vec<&str>> =
        training::DAG.layers().into_iter().map(|layer| layer.into_iter().map(Node::function).collect()).collect();
    assert_eq!(
        layers,
        [vec!["now", "split"], vec!["fit", "count", "warn", "<closure>"], vec!["score"], vec!["render"]]
    );
    for (depth, layer) in training::DAG.layers().iter().enumerate() {
        assert!(layer.iter().all(|node| node.layer() == depth));
    }
}

#[test]
fn edges_lead_from_a_writer_to_each_reader() {
    let edges: Vec<(&str, &str, &str)> =
        training::DAG.edges().map(|(from, over, to)| (from.function(), over.name(), to.function())).collect();
    let mut sorted = edges.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [
            ("fit", "model", "score"),
            ("score", "accuracy", "render"),
            ("split", "test", "count"),
            ("split", "test", "score"),
            ("split", "test", "warn"),
            ("split", "train", "<closure>"),
            ("split", "train", "count"),
            ("split", "train", "fit"),
            ("split", "train", "warn"),
        ]
    );
}

#[test]
fn datasets_know_their_writer_readers_and_kind() {
    let train = dataset(training::DAG, "train");
    assert_eq!((train.kind(), train.n_readers()), (Kind::Memory, 4));
    assert_eq!(train.writer().map(Node::function), Some("split"));
    assert_eq!(train.readers().map(Node::function).collect::<Vec<_>>(), ["fit", "count", "warn", "<closure>"]);

    let flowers = dataset(training::DAG, "flowers");
    assert_eq!((flowers.kind(), flowers.n_readers()), (Kind::Catalog, 1));
    assert!(flowers.writer().is_none());

    let model = dataset(training::DAG, "model");
    assert_eq!((model.kind(), model.writer().map(Node::function)), (Kind::Catalog, Some("fit")));

    for name in ["params:ratio", "params:model.depth", "parameters"] {
        let parameter = dataset(training::DAG, name);
        assert_eq!((parameter.kind(), parameter.n_readers()), (Kind::Parameter, 1), "{name}");
        assert!(parameter.writer().is_none());
    }
    assert_eq!(format!("{train} {train:?}"), "train Dataset(train, Memory)");
}

#[test]
fn a_node_that_reads_a_dataset_twice_counts_twice_as_reader_and_once_as_successor() {
    fn same(left: i32, right: i32) -> bool {
        left == right
    }
    let pipeline = pipeline! { for Catalog; node(identity, [C] -> [copy]), node(same, [copy, copy] -> [same]) };
    let dag = pipeline.dag().unwrap();
    let copy = dataset(dag, "copy");
    assert_eq!((copy.n_readers(), copy.readers().len()), (2, 2));
    let (first, second) = (node(dag, "identity"), node(dag, "same"));
    assert_eq!((first.successors().len(), second.n_predecessors(), second.inputs().len()), (1, 1, 2));
    assert_eq!(dag.edges().count(), 2);
}

#[test]
fn each_dataset_is_there_once() {
    let mut listed = names(training::DAG.datasets());
    listed.sort_unstable();
    let expected = [
        "accuracy",
        "archive",
        "flowers",
        "len",
        "model",
        "parameters",
        "params:model.depth",
        "params:ratio",
        "report",
        "started",
        "test",
        "train",
    ];
    assert_eq!(listed, expected);
    assert_eq!(training::DAG.datasets().len(), expected.len());
}

#[test]
fn free_inputs_are_what_no_node_writes() {
    let mut free = names(training::DAG.free_inputs());
    free.sort_unstable();
    assert_eq!(free, ["flowers", "parameters", "params:model.depth", "params:ratio"]);
}

#[test]
fn free_outputs_are_what_a_run_returns_and_outputs_are_all_that_no_node_reads() {
    assert_eq!(names(training::DAG.free_outputs()), ["started", "len"]);
    let mut outputs = names(training::DAG.outputs());
    outputs.sort_unstable();
    assert_eq!(outputs, ["archive", "len", "report", "started"]);
}

#[test]
fn nodes_and_datasets_are_found_by_their_place() {
    for (place, node) in training::DAG.nodes().enumerate() {
        assert_eq!(node.id().index(), place);
        assert_eq!(training::DAG.node(node.id()).to_string(), node.to_string());
    }
    for (place, dataset) in training::DAG.datasets().enumerate() {
        assert_eq!(dataset.id().index(), place);
        assert_eq!(training::DAG.dataset(dataset.id()).name(), dataset.name());
    }
    let order: Vec<NodeId> = training::DAG.order().collect();
    assert_eq!(order, training::DAG.nodes().map(Node::id).collect::<Vec<_>>());
    assert_eq!((training::DAG.len(), training::DAG.is_empty()), (8, false));
}

#[test]
fn iterators_go_both_ways_and_know_their_length() {
    assert_eq!(training::DAG.nodes().len(), 8);
    assert_eq!(training::DAG.nodes().next_back().map(Node::function), Some("<closure>"));
    assert_eq!(training::DAG.order().rev().map(NodeId::index).next(), Some(7));
    assert_eq!(training::DAG.datasets().next_back().map(Dataset::id), training::DAG.datasets().last().map(Dataset::id));
}

/// A constant may hold it, and a static too.
const DAG: &Dag = training::DAG;
static ALL: [&Dag; 2] = [training::DAG, DAG];
static FIRST: LazyLock<Node<'static>> =
    LazyLock::new(|| training::DAG.node(training::DAG.order().next().expect("it has nodes")));

#[test]
fn the_dag_is_a_constant_of_the_item() {
    assert!(std::ptr::eq(ALL[0], ALL[1]));
    assert_eq!(FIRST.function(), "now");
    let pipeline = training();
    assert!(std::ptr::eq(pipeline.dag().unwrap(), training::DAG));
    assert_eq!(pipeline.name(), Some("training"));
}

#[test]
fn an_expression_has_a_dag_too() {
    let pipeline = pipeline!(< node(identity, [C] -> [E]) >);
    let clone = pipeline.clone();
    let dag = pipeline.dag().unwrap();
    assert!(std::ptr::eq(dag, clone.dag().unwrap()));
    assert_eq!((dag.len(), pipeline.name(), clone.named("ce").name()), (1, None, Some("ce")));
}

#[test]
fn two_pipelines_of_one_function_have_their_own_dags() {
    let pair = [
        pipeline! { for Catalog; node(identity, [C] -> [E]) },
        pipeline! { for Catalog; node(|c: i32| c, [C] -> [E]) },
    ];
    let [first, second] = pair.each_ref().map(|pipeline| pipeline.dag().unwrap().to_string());
    assert_eq!((first.as_str(), second.as_str()), ("identity([C]) -> [E]", "<closure>([C]) -> [E]"));
}
