//! After a run that failed, and before one that skips what is there: where to resume, and which outputs are missing.

#![expect(dead_code, reason = "of some pipelines only the DAG is read")]

use std::collections::BTreeSet;
use std::convert::Infallible;

use pipeline_core::dag::{Dag, Dataset, DatasetId, NodeId, ResumeHint, Selection};
use pipeline_core::prelude::*;

catalog! {
    struct Catalog {
        A0: Memory<i32>,
        B0: Memory<i32>,
        A2: Memory<i32>,
        B2: Memory<i32>,
        Y: Memory<i32>,
        params: i32,
    }
}

fn identity<T>(value: T) -> T {
    value
}

fn add(left: i32, right: i32) -> i32 {
    left + right
}

fn both(left: i32, right: i32) -> (i32, i32) {
    (left, right)
}

fn sum(left: i32, right: i32, extra: i32) -> i32 {
    left + right + extra
}

fn source() -> i32 {
    1
}

fn sink(_: i32) {}

// Two branches, the second one node longer.
pipeline! {
    asymmetric for Catalog {
        node(identity, [A0] -> [a1], name = "a1"),
        node(identity, [B0] -> [b1], name = "b1"),
        node(identity, [b1] -> [b2], name = "b2"),
        node(add, [a1, b2] -> [joined: i32], name = "join"),
    }
}

// A persisted dataset and one in memory from the same origin.
pipeline! {
    triangular for Catalog {
        node(identity, [A0] -> [a1], name = "first"),
        node(identity, [a1] -> [A2], name = "second"),
        node(add, [A2, a1] -> [third: i32], name = "third"),
    }
}

// An X, persisted behind the crossing.
pipeline! {
    crossed for Catalog {
        node(identity, [A0] -> [a1], name = "a1"),
        node(identity, [B0] -> [b1], name = "b1"),
        node(both, [a1, b1] -> [A2, B2], name = "cross"),
        node(identity, [A2] -> [a3], name = "a3"),
        node(identity, [B2] -> [b3], name = "b3"),
        node(identity, [a3] -> [a4: i32], name = "a4"),
        node(identity, [b3] -> [b4: i32], name = "b4"),
    }
}

/// Where a run resumes in which these nodes are left, if the whole catalog is persisted.
fn resume(dag: &Dag, left: &[&str]) -> Option<ResumeHint> {
    resume_within(dag, &Selection::whole(dag), left)
}

fn resume_within(dag: &Dag, selection: &Selection, left: &[&str]) -> Option<ResumeHint> {
    let is_left = |name: Option<&str>| name.is_some_and(|name| left.contains(&name));
    dag.resume_hint(selection, |node| !is_left(dag.node(node).name()), |_| true)
}

fn from_nodes(dag: &Dag, left: &[&str]) -> Vec<String> {
    resume(dag, left).expect("nodes are left").from_nodes().to_vec()
}

#[test]
fn a_run_resumes_from_the_nearest_nodes_with_persisted_inputs() {
    assert_eq!(from_nodes(asymmetric::DAG, &["b1", "b2", "join"]), ["a1", "b1"]);
    assert_eq!(from_nodes(asymmetric::DAG, &["b2", "join"]), ["a1", "b1"]);
    assert_eq!(from_nodes(asymmetric::DAG, &["join"]), ["a1", "b1"]);
    assert_eq!(from_nodes(triangular::DAG, &["third"]), ["first"]);
    assert_eq!(from_nodes(crossed::DAG, &["cross", "a3", "b3", "a4", "b4"]), ["a1", "b1"]);
    assert_eq!(from_nodes(crossed::DAG, &["a3", "b3", "a4", "b4"]), ["a3", "b3"]);
    assert_eq!(from_nodes(crossed::DAG, &["a4", "b4"]), ["a3", "b3"]);
    assert_eq!(from_nodes(crossed::DAG, &["a4"]), ["a3"]);
    assert_eq!(from_nodes(crossed::DAG, &["a3", "a4"]), ["a3"]);
}

#[test]
fn where_everything_is_persisted_exactly_what_is_left_runs_again() {
    pipeline! {
        persisted for Catalog {
            node(identity, [A0] -> [A2], name = "a"),
            node(identity, [B0] -> [B2], name = "b"),
            node(add, [A2, B2] -> [Y], name = "y"),
        }
    }
    let dag = persisted::DAG;
    for left in [&["y"][..], &["a", "y"], &["b", "y"]] {
        let names = from_nodes(dag, left);
        let again = dag.select(&Slice::new().from_nodes(names)).unwrap();
        assert_eq!(again, Selection::of(dag, |node| left.contains(&node.name().unwrap())));
    }
}

#[test]
fn inputs_that_all_nodes_share_pull_no_node_in() {
    pipeline! {
        shared for Catalog {
            node(sum, [A0, Y, params] -> [a1], name = "a1"),
            node(sum, [a1, Y, params] -> [A2], name = "a2"),
            node(sum, [A2, Y, params] -> [a3: i32], name = "a3"),
        }
    }
    let shared = shared();
    assert_eq!(from_nodes(shared.dag().unwrap(), &["a3"]), ["a3"]);
    assert_eq!(from_nodes(shared.dag().unwrap(), &["a2", "a3"]), ["a1"]);
}

#[test]
fn what_is_in_the_catalog_but_not_persisted_is_made_again() {
    let left = |node| crossed::DAG.node(node).name() != Some("a3") && crossed::DAG.node(node).name() != Some("a4");
    let dag = crossed::DAG;
    let hint = dag.resume_hint(&Selection::whole(dag), left, |name| name != "A2").unwrap();
    assert_eq!(hint.from_nodes(), ["a1", "b1"]);
    // A free input that is not persisted has no writer.
    let hint = dag.resume_hint(&Selection::whole(dag), left, |name| name != "A0").unwrap();
    assert_eq!(hint.from_nodes(), ["a3"]);
}

#[test]
fn nodes_that_have_run_run_again_with_all_that_they_need() {
    pipeline! {
        two_roads for Catalog {
            node(identity, [A0] -> [a1], name = "a1"),
            node(identity, [B0] -> [b1], name = "b1"),
            node(identity, [a1] -> [A2], name = "left"),
            node(add, [a1, b1] -> [B2], name = "done"),
        }
    }
    // `done` comes after `a1`, so it runs again, and then it needs `b1` too; Kedro's hint leaves that out.
    assert_eq!(from_nodes(two_roads::DAG, &["left"]), ["a1", "b1"]);
}

#[test]
fn a_slice_that_failed_is_resumed_within_itself() {
    let dag = crossed::DAG;
    let selection = dag.select(&Slice::new().to_nodes(["a4"])).unwrap();
    let hint = resume_within(dag, &selection, &["a3", "a4", "b3", "b4"]).unwrap();
    assert_eq!((hint.n_left(), hint.from_nodes()), (2, &["a3".to_owned()][..]));
    let hint = resume_within(dag, &selection, &["cross", "a3", "a4"]).unwrap();
    let again = dag.select(&Slice::new().to_nodes(["a4"]).from_nodes(hint.from_nodes().to_vec())).unwrap();
    assert_eq!(again, selection);
}

#[test]
fn what_a_slice_leaves_out_still_leads_from_node_to_node() {
    pipeline! {
        leading for Catalog {
            node(identity, [A0] -> [A2], name = "begin"),
            node(identity, [A2] -> [B2], name = "between"),
            node(identity, [B0] -> [kept], name = "beside"),
            node(identity, [B2] -> [there], name = "there"),
            node(add, [there, kept] -> [Y], name = "end"),
        }
    }
    let dag = leading::DAG;
    let slice = Slice::new().nodes(["begin", "beside", "there", "end"]);
    // `--from-nodes begin` selects `there` too, over `between`, and `end`; so `beside` has to run as well.
    let hint = resume_within(dag, &dag.select(&slice).unwrap(), &["begin"]).unwrap();
    assert_eq!(hint.from_nodes(), ["begin", "beside"]);
}

#[test]
fn a_node_without_a_name_is_told_so_that_a_slice_finds_it() {
    let pipeline = pipeline! {
        for Catalog;
        node(identity, [A0] -> [A2]),
        node(identity, [B0] -> [B2]),
        node(add, [A2, B2] -> [joined]),
        node(i32::abs, [joined] -> [Y]),
        node(|b: i32| b + 1, [B2] -> [more]),
    };
    let dag = pipeline.dag().unwrap();
    let left = |functions: &'static [&str]| {
        let hint =
            dag.resume_hint(&Selection::whole(dag), |node| !functions.contains(&dag.node(node).function()), |_| true);
        hint.unwrap().from_nodes().to_vec()
    };
    assert_eq!(left(&["add", "abs", "<closure>"]), ["<closure>([B2]) -> [more]", "add"]);
    assert_eq!(left(&["identity", "add", "abs", "<closure>"]).len(), 0, "no node ran");
    let names =
        dag.resume_hint(&Selection::whole(dag), |node| node.index() != 1, |_| true).unwrap().from_nodes().to_vec();
    assert_eq!(names, ["identity([B0]) -> [B2]"]);
    let again = dag.select(&Slice::new().from_nodes(names)).unwrap();
    assert_eq!(again.order().map(NodeId::index).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn the_text_is_that_of_kedro() {
    assert_eq!(
        resume(crossed::DAG, &["a4", "b4", "b3"]).unwrap().to_string(),
        "There are 3 nodes that have not run.\n\
         You can resume the pipeline run from the nearest nodes with persisted inputs by adding the following argument \
         to your previous command:\n  --from-nodes \"a3,b3\""
    );
    assert!(resume(crossed::DAG, &["a4"]).unwrap().to_string().starts_with("There is 1 node that has not run.\n"));
    let all = ["a1", "b1", "cross", "a3", "b3", "a4", "b4"];
    let none_ran = resume(crossed::DAG, &all).unwrap();
    assert_eq!(
        none_ran.to_string(),
        "No node was completed, so there is nothing to resume: repeat the previous command once the cause is mended."
    );
    assert_eq!((none_ran.n_left(), none_ran.from_nodes().len()), (7, 0));
    // What ran is of no use: the hint would be the command that the user has given.
    assert_eq!(
        resume(asymmetric::DAG, &["join"]).unwrap().to_string(),
        "There is 1 node that has not run.\n\
         No node can be left out of a new run. Repeat the previous command to attempt a new run."
    );
    assert_eq!(resume(crossed::DAG, &[]), None);
    assert_eq!(asymmetric::DAG.resume_hint(&Selection::of(asymmetric::DAG, |_| false), |_| false, |_| true), None);
}

#[test]
fn a_sum_resumes_over_its_parts() {
    pipeline! { first for Catalog { node(identity, [A0] -> [a1], name = "a1"), node(identity, [a1] -> [A2], name = "a2") } }
    pipeline! { second for Catalog { node(identity, [A2] -> [step], name = "b1"), node(identity, [step] -> [B2], name = "b2") } }
    let sum = second() + first();
    let dag = sum.dag().unwrap();
    assert_eq!(from_nodes(dag, &["b2"]), ["b1"]);
    let is_left = |name: Option<&str>| name == Some("b2");
    let hint =
        dag.resume_hint(&Selection::whole(dag), |node| !is_left(dag.node(node).name()), |name| name != "A2").unwrap();
    assert_eq!(hint.from_nodes(), ["a1"]);
}

// `A`, `C` .. `F` of the classic example, with all of its ends in the catalog or in memory.
catalog! {
    struct Branches {
        A: Memory<i32>,
        B: Memory<i32>,
        C: Memory<i32>,
        D: Memory<i32>,
        E: Memory<i32>,
        F: Memory<i32>,
    }
}

pipeline! {
    branched for Branches {
        node(identity, [A] -> [B], name = "left_in"),
        node(source, [] -> [C], name = "right_in"),
        node(add, [B, C] -> [D], name = "combine"),
        node(both, [D, D] -> [E, F], name = "split"),
        node(identity, [F] -> [last: i32], name = "right_out"),
    }
}

/// The nodes that run if of the catalog only these exist, and all but these are persisted.
fn missing(dag: &Dag, existing: &[&str], not_persisted: &[&str], wanted: &[DatasetId]) -> BTreeSet<String> {
    let exists = |name: &str| -> Result<bool, Infallible> { Ok(existing.contains(&name)) };
    let is_persisted = |name: &str| !not_persisted.contains(&name);
    let Ok(nodes) = dag.missing_outputs(&Selection::whole(dag), is_persisted, exists, wanted.iter().copied());
    nodes.order().map(|node| dag.node(node).name().unwrap_or_default().to_owned()).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().copied().map(str::to_owned).collect()
}

fn last() -> Vec<DatasetId> {
    branched::DAG.free_outputs().map(Dataset::id).collect()
}

#[test]
fn nodes_whose_persisted_outputs_are_missing_run() {
    let branched = branched();
    let dag = branched.dag().unwrap();
    let all = ["A", "B", "C", "D", "E", "F"];
    assert_eq!(missing(dag, &["A"], &[], &[]), set(&["left_in", "right_in", "combine", "split"]));
    assert_eq!(missing(dag, &all, &[], &[]), set(&[]), "nothing to do");
    // Existence alone counts: `D` is there, though `B` is made anew.
    assert_eq!(missing(dag, &["A", "C", "D", "E", "F"], &[], &[]), set(&["left_in"]));
    // One of two outputs is enough.
    assert_eq!(missing(dag, &["A", "B", "C", "D", "E"], &[], &[]), set(&["split"]));
}

#[test]
fn what_is_not_persisted_is_never_missing_but_made_where_a_node_that_runs_reads_it() {
    let dag = branched::DAG;
    assert_eq!(missing(dag, &["A", "E", "F"], &["B", "C", "D"], &[]), set(&[]));
    assert_eq!(missing(dag, &["A", "E"], &["B", "C", "D"], &[]), set(&["left_in", "right_in", "combine", "split"]));
    assert_eq!(missing(dag, &["A", "E"], &["B", "C"], &[]), set(&["left_in", "right_in", "combine", "split"]));
    assert_eq!(missing(dag, &["A", "D", "E"], &["B", "C"], &[]), set(&["split"]));
    // Even if it is there: a later run may not find it as this one does.
    assert_eq!(missing(dag, &["A", "B", "C", "E", "F"], &["B"], &[]), set(&["left_in", "combine"]));
}

#[test]
fn a_result_in_memory_is_made_if_it_is_wanted() {
    let dag = branched::DAG;
    let all = ["A", "B", "C", "D", "E", "F"];
    assert_eq!(missing(dag, &all, &[], &last()), set(&["right_out"]));
    assert_eq!(missing(dag, &all, &["F"], &last()), set(&["right_out", "split"]));
    // In Kedro nobody can ask for it, and it is skipped.
    assert_eq!(missing(dag, &all, &["F"], &[]), set(&[]));
    // Of the catalog, what is not persisted can be asked for too.
    let f: Vec<DatasetId> = dag.datasets().filter(|dataset| dataset.name() == "F").map(Dataset::id).collect();
    assert_eq!(missing(dag, &["A", "B", "C", "D", "E"], &["F"], &f), set(&["split"]));
    assert_eq!(missing(dag, &all, &["F"], &f), set(&[]), "it is there");
}

#[test]
fn a_node_without_outputs_always_runs_and_what_it_reads_is_made() {
    pipeline! {
        sinking for Branches {
            node(identity, [A] -> [a], name = "in"),
            node(identity, [a] -> [B], name = "copy"),
            node(sink, [a] -> [], name = "sink"),
            node(sink, [B] -> [], name = "sink_b"),
        }
    }
    assert_eq!(missing(sinking().dag().unwrap(), &["A", "B"], &[], &[]), set(&["in", "sink", "sink_b"]));
}

#[test]
fn of_a_slice_only_selected_nodes_run() {
    let dag = branched::DAG;
    let selection = dag.select(&Slice::new().from_nodes(["combine"])).unwrap();
    let exists = |name: &str| -> Result<bool, Infallible> {
        assert!(!["A", "B", "C"].contains(&name), "`{name}` is not written by what is selected");
        Ok(false)
    };
    let Ok(nodes) = dag.missing_outputs(&selection, |_| true, exists, last());
    assert_eq!(nodes, selection);
}

#[test]
fn a_dataset_that_cannot_tell_whether_it_exists_ends_it() {
    let exists = |name: &str| if name == "C" { Err("no network") } else { Ok(true) };
    let dag = branched::DAG;
    assert_eq!(dag.missing_outputs(&Selection::whole(dag), |_| true, exists, []), Err("no network"));
    // It is not asked where it does not matter.
    assert!(dag.missing_outputs(&Selection::whole(dag), |name| name != "C", exists, []).is_ok());
}

#[test]
fn in_a_sum_a_part_makes_what_another_one_lacks() {
    pipeline! { first for Branches { node(identity, [A] -> [B], name = "ab") } }
    pipeline! { second for Branches { node(identity, [B] -> [b], name = "bb"), node(identity, [b] -> [C], name = "bc") } }
    let sum = second() + first();
    let dag = sum.dag().unwrap();
    assert_eq!(missing(dag, &["A", "B"], &[], &[]), set(&["bb", "bc"]));
    assert_eq!(missing(dag, &["A", "B"], &["B"], &[]), set(&["ab", "bb", "bc"]));
    assert_eq!(missing(dag, &["A", "B", "C"], &["B"], &[]), set(&[]));
}
