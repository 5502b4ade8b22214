//! Slices: which nodes Kedro's filters select, what they say to wrong names, and what selected nodes need.

#![expect(dead_code, reason = "of some pipelines only the DAG is read")]

use pipeline_core::dag::{Dag, Selection};
use pipeline_core::prelude::*;
use pipeline_core::{Error, RunOptions};

#[derive(Clone, Debug, Default)]
struct Parameters {
    ratio: f64,
    model: ModelParameters,
}

#[derive(Clone, Debug, Default)]
struct ModelParameters {
    depth: f64,
}

catalog! {
    struct Catalog {
        flowers: Memory<f64>,
        model: Memory<f64>,
        report: Memory<String>,
        A: Memory<f64>,
        B: Memory<f64>,
        C: Memory<f64>,
        D: Memory<f64>,
        params: Parameters,
    }
}

fn split(flowers: f64, ratio: f64) -> (f64, f64) {
    (flowers * ratio, flowers - flowers * ratio)
}

fn add(left: f64, right: f64) -> f64 {
    left + right
}

fn render(accuracy: f64, params: &Parameters) -> String {
    format!("{accuracy} {}", params.ratio)
}

fn identity<T>(value: T) -> T {
    value
}

fn now() -> f64 {
    1.5
}

fn warn(_train: f64) {}

pipeline! {
    training for Catalog {
        node(split, [flowers, params:ratio] -> [train, test], name = "split_flowers", tags = ["prepare"]),
        node(add, [train, params:model.depth] -> [model], name = "fit", tags = ["model", "slow"]),
        node(add, [model, test] -> [accuracy], name = "score", tags = ["model"]),
        node(render, [accuracy, params] -> [report]),
        node(warn, [train] -> [], tags = ["slow"]),
        node(now, [] -> [started: f64]),
    }
}

/// The selected nodes, by what a slice calls them: their given names or functions.
fn selected<'d>(dag: &'d Dag, slice: &Slice) -> Vec<&'d str> {
    names(dag, &dag.select(slice).expect("it selects some"))
}

fn names<'d>(dag: &'d Dag, selection: &Selection) -> Vec<&'d str> {
    let nodes = selection.order().map(|node| dag.node(node));
    nodes.map(|node| node.name().unwrap_or(node.function())).collect()
}

fn of_training(slice: &Slice) -> Vec<&'static str> {
    selected(training::DAG, slice)
}

fn error(dag: &Dag, slice: &Slice) -> String {
    dag.select(slice).expect_err("it selects none").to_string()
}

fn printed(dag: &Dag, slice: &Slice) -> Vec<String> {
    dag.select(slice).expect("it selects some").order().map(|node| dag.node(node).to_string()).collect()
}

const ALL: [&str; 6] = ["split_flowers", "fit", "score", "render", "warn", "now"];

#[test]
fn a_slice_without_filters_selects_everything() {
    assert_eq!(of_training(&Slice::new()), ALL);
    assert!(Slice::new().is_whole());
    let no_names: [&str; 0] = [];
    let without_names = Slice::new().from_nodes(no_names).to_nodes(no_names).nodes(no_names);
    let without_names = without_names.tags(no_names).from_inputs(no_names).to_outputs(no_names);
    assert!(without_names.is_whole(), "a filter without names is none");
    assert_eq!(of_training(&without_names), ALL);
    assert!(!Slice::new().tags(["slow"]).is_whole());
}

#[test]
fn from_nodes_selects_them_and_all_that_come_after_them() {
    assert_eq!(of_training(&Slice::new().from_nodes(["score"])), ["score", "render"]);
    assert_eq!(
        of_training(&Slice::new().from_nodes(["split_flowers"])),
        ["split_flowers", "fit", "score", "render", "warn"]
    );
    assert_eq!(of_training(&Slice::new().from_nodes(["warn", "render"])), ["render", "warn"]);
}

#[test]
fn to_nodes_selects_them_and_all_that_they_wait_for() {
    assert_eq!(of_training(&Slice::new().to_nodes(["fit"])), ["split_flowers", "fit"]);
    assert_eq!(of_training(&Slice::new().to_nodes(["score", "now"])), ["split_flowers", "fit", "score", "now"]);
}

#[test]
fn nodes_selects_them_alone_in_the_order_of_execution() {
    assert_eq!(of_training(&Slice::new().nodes(["render", "split_flowers", "render"])), ["split_flowers", "render"]);
}

#[test]
fn tags_selects_nodes_with_any_of_them() {
    assert_eq!(of_training(&Slice::new().tags(["model"])), ["fit", "score"]);
    assert_eq!(of_training(&Slice::new().tags(["prepare", "slow"])), ["split_flowers", "fit", "warn"]);
}

#[test]
fn from_inputs_selects_readers_and_all_that_come_after_them() {
    assert_eq!(of_training(&Slice::new().from_inputs(["test"])), ["score", "render"]);
    assert_eq!(of_training(&Slice::new().from_inputs(["model"])), ["score", "render"]);
    assert_eq!(
        of_training(&Slice::new().from_inputs(["flowers"])),
        ["split_flowers", "fit", "score", "render", "warn"]
    );
    assert_eq!(of_training(&Slice::new().from_inputs(["params:model.depth"])), ["fit", "score", "render"]);
    assert_eq!(of_training(&Slice::new().from_inputs(["parameters"])), ["render"]);
    // A final output has no readers, and adds none.
    assert_eq!(of_training(&Slice::new().from_inputs(["report", "accuracy"])), ["render"]);
}

#[test]
fn to_outputs_selects_the_writer_and_all_that_it_waits_for() {
    assert_eq!(of_training(&Slice::new().to_outputs(["model"])), ["split_flowers", "fit"]);
    assert_eq!(of_training(&Slice::new().to_outputs(["test"])), ["split_flowers"]);
    assert_eq!(of_training(&Slice::new().to_outputs(["started", "model"])), ["split_flowers", "fit", "now"]);
    // A free input has no writer, and adds none.
    assert_eq!(of_training(&Slice::new().to_outputs(["flowers", "params:ratio", "test"])), ["split_flowers"]);
}

#[test]
fn filters_apply_to_the_whole_pipeline_each_and_are_intersected() {
    pipeline! {
        chain for Catalog {
            node(identity, [A] -> [B], name = "node1"),
            node(identity, [B] -> [C], name = "node2"),
            node(identity, [C] -> [D], name = "node3"),
        }
    }
    // One after the other they would leave `node1` alone: without `node2`, nothing leads from `A` to `node3`.
    assert_eq!(selected(chain::DAG, &Slice::new().nodes(["node1", "node3"]).from_inputs(["A"])), ["node1", "node3"]);
    assert_eq!(selected(chain::DAG, &Slice::new().from_inputs(["A"]).nodes(["node1", "node3"])), ["node1", "node3"]);
    assert_eq!(selected(chain::DAG, &Slice::new().from_nodes(["node2"]).to_nodes(["node2"])), ["node2"]);
    assert_eq!(selected(chain::DAG, &Slice::new().from_inputs(["B"]).to_outputs(["C"])), ["node2"]);

    assert_eq!(of_training(&Slice::new().to_outputs(["report"]).tags(["slow"])), ["fit"]);
    assert_eq!(
        of_training(&Slice::new().from_nodes(["fit"]).to_nodes(["score"]).tags(["model", "prepare"])),
        ["fit", "score"]
    );
}

#[test]
fn names_of_one_filter_add_up_whether_given_at_once_or_not() {
    let once = Slice::new().from_nodes(["score", "now"]);
    assert_eq!(Slice::new().from_nodes(["score"]).from_nodes(vec!["now".to_owned()]), once);
    assert_eq!(of_training(&once), ["score", "render", "now"]);
}

#[test]
fn filters_that_leave_no_node_are_an_error_that_says_which() {
    let of = |slice: &Slice| error(training::DAG, slice);
    assert_eq!(
        of(&Slice::new().tags(["prepare"]).from_nodes(["score"])),
        "the pipeline contains no nodes after applying all provided filters: no node passes `tags` and `from_nodes` at once"
    );
    assert_eq!(
        of(&Slice::new().from_inputs(["report"])),
        "the pipeline contains no nodes after applying all provided filters: no node reads `report`"
    );
    assert_eq!(
        of(&Slice::new().to_nodes(["fit"]).to_outputs(["flowers", "params:ratio"])),
        "the pipeline contains no nodes after applying all provided filters: no node writes `flowers` or `params:ratio`"
    );
    assert!(matches!(
        training::DAG.select(&Slice::new().from_inputs(["report"])),
        Err(Error::NothingSelected { pipeline: None, .. })
    ));
}

#[test]
fn a_node_is_called_by_its_name_by_its_function_or_in_full() {
    let one = |name: &str| of_training(&Slice::new().nodes([name]));
    assert_eq!(one("split_flowers"), ["split_flowers"]);
    assert_eq!(one("split"), ["split_flowers"], "by a function that no other node calls");
    assert_eq!(one("render"), ["render"]);
    assert_eq!(one("split_flowers: split([flowers;params:ratio]) -> [train;test]"), ["split_flowers"]);
    assert_eq!(one("warn([train]) -> None"), ["warn"]);
    assert_eq!(one("now(None) -> [started]"), ["now"]);
    assert_eq!(
        error(training::DAG, &Slice::new().nodes(["now(None) -> [finished]"])),
        "there is no node `now(None) -> [finished]` in the pipeline; did you mean `now`?"
    );
}

#[test]
fn a_given_name_goes_before_a_function() {
    pipeline! {
        swapped for Catalog {
            node(identity, [A] -> [B], name = "now"),
            node(now, [] -> [C]),
        }
    }
    assert_eq!(printed(swapped::DAG, &Slice::new().nodes(["now"])), ["now: identity([A]) -> [B]"]);
    assert_eq!(printed(swapped::DAG, &Slice::new().nodes(["now(None) -> [C]"])), ["now(None) -> [C]"]);
}

#[test]
fn a_function_that_several_nodes_call_is_unclear() {
    pipeline! {
        copies for Catalog {
            node(identity, [A] -> [B]),
            node(identity, [B] -> [C], name = "second"),
            node(|c: f64| c + 1.0, [C] -> [D]),
        }
    }
    assert_eq!(
        error(copies::DAG, &Slice::new().from_nodes(["identity"])),
        "several nodes of the pipeline call `identity`: `identity([A]) -> [B]` and `second`; \
         write one of these, or give the node a name with `name = \"…\"`"
    );
    assert_eq!(selected(copies::DAG, &Slice::new().from_nodes(["<closure>"])), ["<closure>"]);
    // What is unknown is told first, since it is wrong for sure; a slip in a function leads to the nodes that call it.
    assert_eq!(
        error(copies::DAG, &Slice::new().from_nodes(["identity", "idenity"])),
        "there is no node `idenity` in the pipeline; did you mean `identity([A]) -> [B]` or `second`?"
    );
}

#[test]
fn an_unknown_name_is_an_error_with_the_nearest_of_its_kind() {
    let of = |slice: &Slice| error(training::DAG, slice);
    assert_eq!(of(&Slice::new().from_nodes(["fitt"])), "there is no node `fitt` in the pipeline; did you mean `fit`?");
    assert_eq!(
        of(&Slice::new().to_nodes(["Score"])),
        "there is no node `Score` in the pipeline; did you mean `score`?"
    );
    assert_eq!(
        of(&Slice::new().nodes(["splitt"])),
        "there is no node `splitt` in the pipeline; did you mean `split_flowers`?"
    );
    assert_eq!(of(&Slice::new().tags(["modle"])), "there is no tag `modle` in the pipeline; did you mean `model`?");
    assert_eq!(
        of(&Slice::new().tags(["nightly"])),
        "there is no tag `nightly` in the pipeline; the tags are `prepare`, `model` and `slow`"
    );
    assert_eq!(
        of(&Slice::new().from_inputs(["flower"])),
        "there is no dataset `flower` in the pipeline; did you mean `flowers`?"
    );
    assert_eq!(
        of(&Slice::new().to_outputs(["reprot"])),
        "there is no dataset `reprot` in the pipeline; did you mean `report`?"
    );
    // A dataset of the catalog that the pipeline does not use is none of the pipeline's.
    assert!(
        of(&Slice::new().to_outputs(["A"])).starts_with("there is no dataset `A` in the pipeline; the datasets are ")
    );
}

#[test]
fn all_unknown_names_of_a_filter_are_told_at_once() {
    let of = |slice: &Slice| error(training::DAG, slice);
    assert_eq!(
        of(&Slice::new().nodes(["fitt", "score", "rendre", "fitt", "weather"])),
        "there are no nodes `fitt`, `rendre` and `weather` in the pipeline; \
         for `fitt`, did you mean `fit`? for `rendre`, did you mean `render`?"
    );
    assert_eq!(
        of(&Slice::new().tags(["weather", "wind"])),
        "there are no tags `weather` and `wind` in the pipeline; the tags are `prepare`, `model` and `slow`"
    );
    assert!(matches!(
        training::DAG.select(&Slice::new().to_outputs(["Z", "W"])),
        Err(Error::NotInPipeline { kind: "dataset", names, .. }) if names == ["Z", "W"]
    ));
}

#[test]
fn the_end_of_a_name_is_near_to_the_whole() {
    pipeline! {
        dotted for Catalog {
            node(identity, [A] -> [B], name = "katie.node1"),
            node(add, [B, params:model.depth] -> [C], name = "lisa.node1"),
        }
    }
    assert_eq!(
        error(dotted::DAG, &Slice::new().nodes(["node1"])),
        "there is no node `node1` in the pipeline; did you mean `katie.node1` or `lisa.node1`?"
    );
    assert_eq!(
        error(dotted::DAG, &Slice::new().from_inputs(["depth"])),
        "there is no dataset `depth` in the pipeline; did you mean `params:model.depth`?"
    );
    assert_eq!(
        error(dotted::DAG, &Slice::new().tags(["depth"])),
        "there is no tag `depth` in the pipeline; it has no tags"
    );
}

#[test]
fn errors_name_the_pipeline_that_has_a_name() {
    let slice = Slice::new().tags(["modle"]);
    let named = training().select(&slice).unwrap_err();
    assert_eq!(named.to_string(), "there is no tag `modle` in pipeline `training`; did you mean `model`?");
    let of = |slice: &Slice| training().select(slice).unwrap_err().to_string();
    assert_eq!(
        of(&Slice::new().nodes(["add"])),
        "several nodes of pipeline `training` call `add`: `fit` and `score`; \
         write one of these, or give the node a name with `name = \"…\"`"
    );
    assert_eq!(
        of(&Slice::new().from_inputs(["report"])),
        "pipeline `training` contains no nodes after applying all provided filters: no node reads `report`"
    );
    let unnamed = pipeline! { for Catalog; node(identity, [A] -> [B]) };
    assert_eq!(
        unnamed.select(&slice).unwrap_err().to_string(),
        "there is no tag `modle` in the pipeline; it has no tags"
    );
    assert_eq!(training().select(&Slice::new()).unwrap(), Selection::whole(training::DAG));
}

#[test]
fn the_slice_of_a_sum_goes_through_all_its_parts() {
    pipeline! { ab for Catalog { node(now, [] -> [A]), node(identity, [A] -> [B], tags = ["copy"]) } }
    pipeline! { bd for Catalog { node(identity, [B] -> [step]), node(identity, [step] -> [D], tags = ["copy"]) } }
    for sum in [(ab() + bd()).without_outputs(), (bd() + ab()).without_outputs()] {
        let dag = sum.dag().unwrap();
        assert_eq!(
            printed(dag, &Slice::new().from_inputs(["A"])),
            ["identity([A]) -> [B]", "identity([B]) -> [step]", "identity([step]) -> [D]"]
        );
        assert_eq!(printed(dag, &Slice::new().to_outputs(["D"])).len(), 4);
        assert_eq!(
            printed(dag, &Slice::new().tags(["copy"]).from_nodes(["identity([B]) -> [step]"])),
            ["identity([step]) -> [D]"]
        );
        assert_eq!(printed(dag, &Slice::new().to_nodes(["now"])), ["now(None) -> [A]"]);
    }
    let two_writers = ab() + pipeline! { for Catalog; node(now, [] -> [B]) };
    assert!(matches!(two_writers.select(&Slice::new()), Err(Error::Join { .. })));
}

#[test]
fn names_that_nodes_or_datasets_share_in_all_respects_mean_all_of_them() {
    // Two pipelines with equal nodes: one that is there twice would be one part.
    let one = pipeline! { for Catalog; node(add, [A, B] -> [step]), node(identity, [step] -> [copy]) };
    let other = pipeline! { for Catalog; node(add, [A, B] -> [step]), node(identity, [step] -> [copy]) };
    let sum = (one + other).without_outputs();
    let dag = sum.dag().unwrap();
    let both_adds = ["add([A;B]) -> [step]", "add([A;B]) -> [step]"];
    assert_eq!(printed(dag, &Slice::new().nodes(["add"])), both_adds);
    assert_eq!(printed(dag, &Slice::new().nodes(["add([A;B]) -> [step]"])), both_adds);
    assert_eq!(printed(dag, &Slice::new().to_outputs(["step"])), both_adds);
    assert_eq!(printed(dag, &Slice::new().from_inputs(["step"])).len(), 2);
}

#[test]
fn a_selection_is_what_it_was_made_of() {
    let dag = training::DAG;
    let selection = dag.select(&Slice::new().tags(["slow"])).unwrap();
    assert_eq!((selection.len(), selection.is_empty()), (2, false));
    assert!(dag.nodes().all(|node| selection.contains(node.id()) == node.tags().contains(&"slow")));
    assert_eq!(selection, Selection::of(dag, |node| node.tags().contains(&"slow")));
    assert_eq!(format!("{selection:?}"), "{1, 4}");
    assert_eq!(Selection::whole(dag).len(), dag.len());
    let none = Selection::of(dag, |_| false);
    assert_eq!((none.len(), none.is_empty(), none.order().count()), (0, true, 0));
}

fn needs(slice: &Slice) -> Result<(), Error> {
    training::DAG.check_inputs(&training::DAG.select(slice).expect("it selects some"))
}

#[test]
fn what_the_catalog_and_the_parameters_hold_is_there() {
    needs(&Slice::new()).unwrap();
    needs(&Slice::new().to_nodes(["score"])).unwrap();
    needs(&Slice::new().nodes(["split_flowers", "warn"])).unwrap();
    // `model` is in the catalog, `flowers` and the parameters are free inputs.
    needs(&Slice::new().nodes(["split_flowers", "score"])).unwrap();
    training::DAG.check_inputs(&Selection::of(training::DAG, |_| false)).unwrap();
}

#[test]
fn an_input_in_memory_that_no_selected_node_writes_is_an_error_with_what_to_add() {
    assert_eq!(
        needs(&Slice::new().from_nodes(["render"])).unwrap_err().to_string(),
        "selected nodes read what is in memory only and written by nodes that are not selected: `accuracy` (by `score`); \
         select `split_flowers` and `score` too, or, as the only filter, `--nodes \"split_flowers,score,render\"`"
    );
    let error = needs(&Slice::new().nodes(["score", "fit", "warn"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "selected nodes read what is in memory only and written by nodes that are not selected: \
         `train` (by `split_flowers`), `test` (by `split_flowers`); \
         select `split_flowers` too, or, as the only filter, `--to-nodes \"score,warn\"`"
    );
    let Error::InMemoryOnly { pipeline, inputs, add, from_nodes, .. } = error else { panic!("{error}") };
    let expected = ["train", "test"].map(|input| (input.to_owned(), "split_flowers".to_owned()));
    assert_eq!(
        (pipeline, inputs, add, from_nodes),
        (None, expected.into(), vec!["split_flowers".to_owned()], vec!["split_flowers".to_owned()])
    );
}

#[test]
fn an_input_that_the_catalog_keeps_in_memory_is_there_once_something_is_saved() {
    let pipeline = pipeline! {
        for Catalog;
        node(identity, [A] -> [B], name = "first"),
        node(identity, [B] -> [C], name = "second"),
        node(identity, [C] -> [D], name = "third"),
    };
    let catalog = Catalog { A: Memory::new(1.0), ..Catalog::default() };
    let run = |options: &RunOptions<'_>| SequentialRunner::new().run_with(&pipeline, &catalog, options);
    let third = RunOptions::new().slice(Slice::new().nodes(["third"]));
    assert_eq!(
        run(&third).unwrap_err().to_string(),
        "selected nodes read what is in memory only and written by nodes that are not selected: `C` (by `second`); \
         select `first` and `second` too, or, as the only filter, `--from-nodes \"first\"`"
    );
    catalog.B.save(5.0).unwrap();
    assert_eq!(
        run(&third).unwrap_err().to_string(),
        "selected nodes read what is in memory only and written by nodes that are not selected: `C` (by `second`); \
         select `second` too, or, as the only filter, `--from-nodes \"second\"`"
    );
    run(&RunOptions::new().slice(Slice::new().from_nodes(["second"]))).unwrap().into_result().unwrap();
    assert_eq!(catalog.D.load().unwrap(), 5.0);
    // A value that passed from node to node is gone; one that was there before a run stays.
    run(&third).unwrap_err();
    catalog.C.save(6.0).unwrap();
    run(&third).unwrap().into_result().unwrap();
    run(&third).unwrap().into_result().unwrap();
    assert_eq!(catalog.D.load().unwrap(), 6.0);
}

#[test]
fn to_run_all_from_there_on_may_need_more_nodes_than_the_selected_ones_do() {
    pipeline! {
        two_roads for Catalog {
            node(identity, [A] -> [a], name = "read_a"),
            node(identity, [B] -> [b], name = "read_b"),
            node(identity, [a] -> [C], name = "write_c"),
            node(add, [a, b] -> [D], name = "write_d"),
        }
    }
    let dag = two_roads::DAG;
    let selection = dag.select(&Slice::new().nodes(["write_c"])).unwrap();
    let error = dag.check_inputs(&selection).unwrap_err();
    let Error::InMemoryOnly { add, from_nodes, .. } = error else { panic!("{error}") };
    assert_eq!(add, ["read_a"]);
    // From `read_a` on there is `write_d`, which reads `b` as well.
    assert_eq!(from_nodes, ["read_a", "read_b"]);
    dag.check_inputs(&dag.select(&Slice::new().nodes(["write_c", "read_a"])).unwrap()).unwrap();
    dag.check_inputs(&dag.select(&Slice::new().from_nodes(from_nodes)).unwrap()).unwrap();
}

#[test]
fn long_lists_of_names_are_cut() {
    let names = |n: usize| (0..n).map(|name| format!("name_{name}_of_none")).collect::<Vec<_>>();
    assert_eq!(
        error(training::DAG, &Slice::new().tags(names(12))),
        "there are no tags `name_0_of_none`, `name_1_of_none`, `name_2_of_none`, `name_3_of_none`, `name_4_of_none`, \
         `name_5_of_none`, `name_6_of_none`, `name_7_of_none`, `name_8_of_none` and 3 more in the pipeline; \
         the tags are `prepare`, `model` and `slow`"
    );
    assert!(error(training::DAG, &Slice::new().tags(names(10))).contains("and `name_9_of_none` in the pipeline"));
}
