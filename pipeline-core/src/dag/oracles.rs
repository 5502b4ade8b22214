//! Slices, what they need, where to resume and what is missing, against brute force on random DAGs.
//!
//! The oracles know who reads what from the lists of inputs and outputs alone, and try all sets of nodes: the least one that keeps a
//! rule is the right one.

use std::cell::RefCell;
use std::collections::BTreeSet;

use fastrand::Rng;

use super::{Dag, Dataset, Kind, Node, NodeId, Selection, Slice, names, random};
use crate::Error;

const N_CASES: u64 = 400;
const MOST_NODES: usize = 8;

type Nodes = BTreeSet<usize>;

/// Calls `check` with many DAGs, and random numbers to go on with.
fn for_many(check: impl Fn(&Dag, &mut Rng)) {
    for seed in 0..N_CASES {
        let mut rng = Rng::with_seed(seed);
        check(&random::dag(&mut rng, MOST_NODES), &mut rng);
    }
}

fn subset(dag: &Dag, rng: &mut Rng) -> Nodes {
    (0..dag.len()).filter(|_| rng.bool()).collect()
}

fn all_subsets(dag: &Dag) -> impl Iterator<Item = Nodes> {
    let n_nodes = dag.len();
    (0_u32..1 << n_nodes).map(move |bits| (0..n_nodes).filter(|node| bits >> node & 1 == 1).collect())
}

fn selection(dag: &Dag, nodes: &Nodes) -> Selection {
    Selection::of(dag, |node| nodes.contains(&node.id().index()))
}

fn nodes(selection: &Selection) -> Nodes {
    selection.order().map(NodeId::index).collect()
}

fn node(dag: &Dag, node: usize) -> Node<'_> {
    dag.nodes().nth(node).expect("it is there")
}

/// For each two nodes, whether the second reads, directly or not, what the first writes; each node reaches itself.
fn reaches(dag: &Dag) -> Vec<Vec<bool>> {
    let n_nodes = dag.len();
    let mut reaches: Vec<Vec<bool>> = (0..n_nodes)
        .map(|from| (0..n_nodes).map(|to| from == to || passes(node(dag, from), node(dag, to))).collect())
        .collect();
    for over in 0..n_nodes {
        for from in 0..n_nodes {
            for to in 0..n_nodes {
                reaches[from][to] |= reaches[from][over] && reaches[over][to];
            }
        }
    }
    reaches
}

fn passes(from: Node<'_>, to: Node<'_>) -> bool {
    from.outputs().any(|output| to.inputs().any(|input| input.id() == output.id()))
}

fn forwards(reaches: &[Vec<bool>], start: &Nodes) -> Nodes {
    (0..reaches.len()).filter(|&to| start.iter().any(|&from| reaches[from][to])).collect()
}

fn backwards(reaches: &[Vec<bool>], end: &Nodes) -> Nodes {
    (0..reaches.len()).filter(|&from| end.iter().any(|&to| reaches[from][to])).collect()
}

/// The inputs of these nodes that no node of them writes but one of `within` does, and that `is_lost`.
fn lost<'d>(
    dag: &'d Dag,
    of: &Nodes,
    within: &Nodes,
    is_lost: impl Fn(Dataset<'d>) -> bool,
) -> Vec<(Dataset<'d>, Node<'d>)> {
    let mut lost: Vec<(Dataset<'_>, Node<'_>)> = dag
        .nodes()
        .filter(|writer| within.contains(&writer.id().index()) && !of.contains(&writer.id().index()))
        .flat_map(|writer| writer.outputs().map(move |output| (output, writer)))
        .filter(|&(output, _)| is_lost(output))
        .filter(|(output, _)| of.iter().any(|&of| node(dag, of).inputs().any(|input| input.id() == output.id())))
        .collect();
    lost.sort_by_key(|(output, _)| output.id());
    lost
}

fn is_in_memory(dataset: Dataset<'_>) -> bool {
    dataset.kind() == Kind::Memory
}

/// The nodes of `within` that run from these on, for the smallest such set that holds `wanted` and loses no input.
fn least_from_nodes(dag: &Dag, within: &Nodes, wanted: &Nodes, is_lost: impl Fn(Dataset<'_>) -> bool + Copy) -> Nodes {
    let reaches = reaches(dag);
    all_subsets(dag)
        .filter(|start| start.is_subset(within))
        .map(|start| &forwards(&reaches, &start) & within)
        .filter(|nodes| nodes.is_superset(wanted) && lost(dag, nodes, within, is_lost).is_empty())
        .min_by_key(Nodes::len)
        .expect("all nodes lose nothing")
}

/// Names mean the nodes that they are made from, unless two nodes print alike.
fn names_are_clear(dag: &Dag) -> bool {
    let printed: BTreeSet<String> = dag.nodes().map(|node| node.to_string()).collect();
    printed.len() == dag.len()
}

fn from_nodes(dag: &Dag, names: &[String]) -> Selection {
    dag.select(&Slice::new().from_nodes(names)).expect("the names are right")
}

#[test]
fn a_label_finds_its_node_and_those_that_print_alike() {
    for_many(|dag, _| {
        for node in dag.nodes() {
            let alike: Vec<NodeId> =
                dag.nodes().filter(|other| other.to_string() == node.to_string()).map(Node::id).collect();
            assert_eq!(names::find(dag, &names::label(node)), names::Found::Nodes(alike), "{node} in\n{dag}");
        }
    });
}

#[test]
fn filters_are_intersected() {
    for_many(|dag, rng| {
        let reaches = reaches(dag);
        let everything: Nodes = (0..dag.len()).collect();
        let mut slice = Slice::new();
        let mut expected = everything.clone();

        // Some of the nodes, with those that cannot be told from them.
        let some_nodes = |rng: &mut Rng| -> (Vec<String>, Nodes) {
            let mut names = Vec::new();
            for node in (0..rng.usize(..3)).filter_map(|_| rng.choice(dag.nodes())).collect::<Vec<_>>() {
                names.push(if rng.bool() { names::label(node) } else { node.to_string() });
            }
            let of = |node: &Node<'_>| names.contains(&names::label(*node)) || names.contains(&node.to_string());
            let nodes = dag.nodes().filter(of).map(|node| node.id().index()).collect();
            (names, nodes)
        };
        for filter in 0..3 {
            let (names, some) = some_nodes(rng);
            let selected = match filter {
                0 => forwards(&reaches, &some),
                1 => backwards(&reaches, &some),
                _ => some,
            };
            if !names.is_empty() {
                expected = &expected & &selected;
            }
            slice = match filter {
                0 => slice.from_nodes(names),
                1 => slice.to_nodes(names),
                _ => slice.nodes(names),
            };
        }

        let tags: Vec<&str> = ["x", "y"]
            .into_iter()
            .filter(|tag| rng.bool() && dag.nodes().any(|node| node.tags().contains(tag)))
            .collect();
        if !tags.is_empty() {
            expected.retain(|&place| node(dag, place).tags().iter().any(|tag| tags.contains(tag)));
        }
        slice = slice.tags(tags);

        let mut some_datasets = || -> Vec<&str> {
            (0..rng.usize(..3)).filter_map(|_| rng.choice(dag.datasets())).map(Dataset::name).collect()
        };
        let (inputs, outputs) = (some_datasets(), some_datasets());
        if !inputs.is_empty() {
            let reads = |place: &usize| node(dag, *place).inputs().any(|input| inputs.contains(&input.name()));
            expected = &expected & &forwards(&reaches, &everything.iter().copied().filter(reads).collect());
        }
        if !outputs.is_empty() {
            let writes = |place: &usize| node(dag, *place).outputs().any(|output| outputs.contains(&output.name()));
            expected = &expected & &backwards(&reaches, &everything.iter().copied().filter(writes).collect());
        }
        slice = slice.from_inputs(inputs).to_outputs(outputs);

        match dag.select(&slice) {
            Ok(selection) => assert_eq!(nodes(&selection), expected, "{slice:?} of\n{dag}"),
            Err(Error::NothingSelected { .. }) => {
                assert!(expected.is_empty() && !slice.is_whole(), "{slice:?} of\n{dag}");
            }
            Err(error) => panic!("{error}: {slice:?} of\n{dag}"),
        }
        if slice.is_whole() {
            assert_eq!(expected, everything);
        }
    });
}

#[test]
fn what_is_in_memory_only_is_told_with_the_least_nodes_to_add() {
    let n_lost = RefCell::new(0);
    for_many(|dag, rng| {
        let everything: Nodes = (0..dag.len()).collect();
        let selected = subset(dag, rng);
        let expected = lost(dag, &selected, &everything, is_in_memory);
        let error = match dag.check_inputs(&selection(dag, &selected)) {
            Ok(()) => return assert!(expected.is_empty(), "{selected:?} of\n{dag}"),
            Err(error) => error,
        };
        let told = error.to_string();
        let Error::InMemoryOnly { inputs, add, from_nodes: start, select, .. } = error else { panic!("{error}") };
        *n_lost.borrow_mut() += 1;
        let expected: Vec<(String, String)> =
            expected.into_iter().map(|(input, writer)| (input.name().to_owned(), names::label(writer))).collect();
        assert_eq!(inputs, expected, "{selected:?} of\n{dag}");

        let least = all_subsets(dag)
            .filter(|nodes| nodes.is_superset(&selected) && lost(dag, nodes, &everything, is_in_memory).is_empty())
            .min_by_key(Nodes::len)
            .expect("all nodes lose nothing");
        let added = names::labels(dag, selection(dag, &(&least - &selected)).order());
        assert_eq!(add, added, "{selected:?} of\n{dag}");

        let advised = dag.select(&select).expect("the names are right");
        dag.check_inputs(&advised).expect("what is advised finds its inputs");
        assert!(nodes(&advised).is_superset(&least), "{select:?} for {selected:?} of\n{dag}");
        assert!(told.ends_with(&format!(", `{}`", select.flags())), "{told}");
        if names_are_clear(dag) {
            let from_there = least_from_nodes(dag, &everything, &selected, is_in_memory);
            assert_eq!(nodes(&from_nodes(dag, &start)), from_there, "{selected:?} of\n{dag}");
            // Exactly those that are needed.
            assert_eq!(nodes(&advised), least, "{select:?} for {selected:?} of\n{dag}");
        }
    });
    assert!(n_lost.into_inner() > 50, "there are cases of each kind");
}

/// Which datasets of the catalog a coin finds to be there.
fn coins<'d>(dag: &'d Dag, rng: &mut Rng) -> BTreeSet<&'d str> {
    let in_catalog = dag.datasets().filter(|dataset| dataset.kind() == Kind::Catalog);
    in_catalog.filter(|_| rng.bool()).map(Dataset::name).collect()
}

#[test]
fn a_resumed_run_is_the_least_that_finds_its_inputs() {
    let n_resumed = RefCell::new(0);
    for_many(|dag, rng| {
        let reaches = reaches(dag);
        let selected = if rng.bool() { (0..dag.len()).collect() } else { subset(dag, rng) };
        // No node has completed without those that it waits for.
        let completed = &backwards(&reaches, &subset(dag, rng)) & &selected;
        let persisted = coins(dag, rng);
        let left = &selected - &completed;

        let is_completed = |node: NodeId| completed.contains(&node.index());
        let hint = dag.resume_hint(&selection(dag, &selected), is_completed, |name| persisted.contains(name));
        let Some(hint) = hint else { return assert!(left.is_empty(), "{dag}") };
        assert_eq!(hint.n_left(), left.len());
        if completed.is_empty() {
            return assert!(hint.from_nodes().is_empty() && hint.to_string().starts_with("No node was completed"));
        }
        if names_are_clear(dag) {
            let is_lost = |input: Dataset<'_>| is_not_persisted(input, &persisted);
            let expected = least_from_nodes(dag, &selected, &left, is_lost);
            let resumed = &nodes(&from_nodes(dag, hint.from_nodes())) & &selected;
            assert_eq!(resumed, expected, "{completed:?} of {selected:?} of\n{dag}");
            assert_eq!(hint.to_string().contains("--from-nodes"), resumed.len() < selected.len());
            *n_resumed.borrow_mut() += 1;
        }
    });
    assert!(n_resumed.into_inner() > 50, "there are cases of each kind");
}

fn is_not_persisted(input: Dataset<'_>, persisted: &BTreeSet<&str>) -> bool {
    match input.kind() {
        Kind::Parameter => false,
        Kind::Memory => true,
        Kind::Catalog => !persisted.contains(input.name()),
    }
}

/// Kedro's own way, done literally: back from nodes with inputs from outside over what is not persisted, then all that follows,
/// then those that wait for none of these.
fn kedro_resumes(dag: &Dag, left: &Nodes, persisted: &BTreeSet<&str>) -> (Nodes, BTreeSet<String>) {
    let writers = |inputs: Vec<Dataset<'_>>| -> Nodes {
        let writes =
            |node: &Node<'_>| node.outputs().any(|output| inputs.iter().any(|input| input.id() == output.id()));
        dag.nodes().filter(writes).map(|node| node.id().index()).collect()
    };
    let comes_from_outside = |input: Dataset<'_>| left.is_disjoint(&writers(vec![input]));
    let mut queue: Vec<usize> =
        left.iter().copied().filter(|&place| node(dag, place).inputs().any(comes_from_outside)).collect();
    let mut to_run = left.clone();
    let mut visited: Nodes = queue.iter().copied().collect();
    while let Some(current) = queue.pop() {
        to_run.insert(current);
        let lost = node(dag, current).inputs().filter(|&input| is_not_persisted(input, persisted)).collect();
        queue.extend(writers(lost).into_iter().filter(|&writer| visited.insert(writer)));
    }
    let to_run = forwards(&reaches(dag), &to_run);
    let is_first = |place: &&usize| !to_run.iter().any(|&other| passes(node(dag, other), node(dag, **place)));
    let names = to_run.iter().filter(is_first).map(|&place| names::label(node(dag, place))).collect();
    (to_run, names)
}

#[test]
fn a_run_is_resumed_as_in_kedro_where_that_finds_its_inputs() {
    let (n_same, n_better) = (RefCell::new(0), RefCell::new(0));
    for_many(|dag, rng| {
        let everything: Nodes = (0..dag.len()).collect();
        let completed = backwards(&reaches(dag), &subset(dag, rng));
        let left = &everything - &completed;
        if left.is_empty() || completed.is_empty() {
            return;
        }
        let persisted = coins(dag, rng);
        let is_completed = |node: NodeId| completed.contains(&node.index());
        let hint = dag.resume_hint(&Selection::whole(dag), is_completed, |name| persisted.contains(name)).unwrap();
        let (nodes, names) = kedro_resumes(dag, &left, &persisted);
        let is_lost = |input: Dataset<'_>| is_not_persisted(input, &persisted);
        if lost(dag, &nodes, &everything, is_lost).is_empty() {
            assert_eq!(hint.from_nodes(), names.into_iter().collect::<Vec<_>>(), "{completed:?} of\n{dag}");
            *n_same.borrow_mut() += 1;
        } else {
            *n_better.borrow_mut() += 1;
        }
    });
    assert!(n_same.into_inner() > 50 && n_better.into_inner() > 0, "there are cases of each kind");
}

#[test]
fn what_is_missing_is_the_least_that_keeps_the_rules() {
    for_many(|dag, rng| {
        let selected = if rng.bool() { (0..dag.len()).collect() } else { subset(dag, rng) };
        let (persisted, existing) = (coins(dag, rng), coins(dag, rng));
        let outputs: Vec<Dataset<'_>> = dag.datasets().filter(|dataset| dataset.writer().is_some()).collect();
        let wanted: Vec<Dataset<'_>> = outputs.into_iter().filter(|_| rng.u8(..4) == 0).collect();
        let is_wanted = |output: Dataset<'_>| wanted.iter().any(|wanted| wanted.id() == output.id());

        let must_run = |place: usize, running: &Nodes| {
            let reads = |output: Dataset<'_>| {
                running.iter().any(|&reader| node(dag, reader).inputs().any(|input| input.id() == output.id()))
            };
            let is_made = |output: Dataset<'_>| match output.kind() {
                Kind::Memory => is_wanted(output) || reads(output),
                Kind::Catalog if persisted.contains(output.name()) => !existing.contains(output.name()),
                _ => is_wanted(output) && !existing.contains(output.name()) || reads(output),
            };
            node(dag, place).outputs().len() == 0 || node(dag, place).outputs().any(is_made)
        };
        let expected = all_subsets(dag)
            .filter(|running| running.is_subset(&selected))
            .filter(|running| selected.iter().all(|&node| running.contains(&node) || !must_run(node, running)))
            .min_by_key(Nodes::len)
            .expect("all nodes leave nothing missing");

        let asked = RefCell::new(BTreeSet::new());
        let exists = |name: &str| -> Result<bool, String> {
            assert!(asked.borrow_mut().insert(name.to_owned()), "`{name}` is asked for twice");
            Ok(existing.contains(name))
        };
        let ids = wanted.iter().map(|wanted| wanted.id());
        let running = dag.missing_outputs(&selection(dag, &selected), |name| persisted.contains(name), exists, ids);
        let running = nodes(&running.unwrap());
        assert_eq!(running, expected, "{selected:?} of\n{dag}");

        // Only the catalog is asked, and only for what a selected node writes; a failure to tell ends it.
        let writes = |name: &String| {
            let mut outputs = selected.iter().flat_map(|&of| node(dag, of).outputs());
            outputs.any(|output| output.name() == name && output.kind() == Kind::Catalog)
        };
        assert!(asked.borrow().iter().all(writes));
        let failing = dag.missing_outputs(
            &selection(dag, &selected),
            |name| persisted.contains(name),
            |_| Err("the place cannot be reached"),
            wanted.iter().map(|wanted| wanted.id()),
        );
        assert_eq!(failing.is_err(), !asked.borrow().is_empty());
    });
}
