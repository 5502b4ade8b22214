//! Ways through a DAG: which nodes are reached from others, forwards, backwards, or as far as a new run has to go.

use super::selection::Selection;
use super::{Dag, Dataset, Node, NodeId};

/// These nodes, and all that wait for them, directly or not.
pub(super) fn forwards(dag: &Dag, start: impl IntoIterator<Item = NodeId>) -> Selection {
    spread(dag, start, |node, visit| node.successors().for_each(visit))
}

/// These nodes, and all that they wait for, directly or not.
pub(super) fn backwards(dag: &Dag, start: impl IntoIterator<Item = NodeId>) -> Selection {
    spread(dag, start, |node, visit| writers(node, |_| true).for_each(visit))
}

/// These nodes, and the writers of those inputs that `is_lost`, and of theirs in turn.
pub(super) fn backwards_over(
    dag: &Dag,
    start: impl IntoIterator<Item = NodeId>,
    is_lost: impl Fn(Dataset<'_>) -> bool,
) -> Selection {
    spread(dag, start, |node, visit| writers(node, &is_lost).for_each(visit))
}

/// The least nodes of `within` that hold these, all of `within` that comes after any of them, and the writers of those inputs
/// that `is_lost`: what runs when these run again and nothing is skipped behind them.
pub(super) fn again(
    dag: &Dag,
    within: &Selection,
    start: impl IntoIterator<Item = NodeId>,
    is_lost: impl Fn(Dataset<'_>) -> bool,
) -> Selection {
    // A way forwards may lead through nodes that are not in `within`; nothing leads back from those.
    let mut reached = spread(dag, start, |node, visit| {
        node.successors().for_each(&mut *visit);
        if within.contains(node.id()) {
            writers(node, &is_lost).filter(|writer| within.contains(writer.id())).for_each(visit);
        }
    });
    reached.intersect(within);
    reached
}

/// Those that come after no other of these nodes.
pub(super) fn first(dag: &Dag, nodes: &Selection) -> Vec<NodeId> {
    let mut comes_after = Selection::none(dag);
    for node in dag.nodes() {
        if nodes.contains(node.id()) || comes_after.contains(node.id()) {
            for successor in node.successors() {
                comes_after.insert(successor.id());
            }
        }
    }
    nodes.order().filter(|&node| !comes_after.contains(node)).collect()
}

/// Those before no other of these nodes.
pub(super) fn last(dag: &Dag, nodes: &Selection) -> Vec<NodeId> {
    let mut comes_before = Selection::none(dag);
    for node in dag.nodes().rev() {
        if nodes.contains(node.id()) || comes_before.contains(node.id()) {
            for writer in writers(node, |_| true) {
                comes_before.insert(writer.id());
            }
        }
    }
    nodes.order().filter(|&node| !comes_before.contains(node)).collect()
}

fn writers(node: Node<'_>, is_lost: impl Fn(Dataset<'_>) -> bool) -> impl Iterator<Item = Node<'_>> {
    node.inputs().filter(move |&input| is_lost(input)).filter_map(Dataset::writer)
}

/// What is reached from `start` if `next` visits the nodes that a node leads to.
fn spread<'d>(
    dag: &'d Dag,
    start: impl IntoIterator<Item = NodeId>,
    next: impl Fn(Node<'d>, &mut dyn FnMut(Node<'d>)),
) -> Selection {
    let mut reached = Selection::none(dag);
    let mut open: Vec<NodeId> = start.into_iter().filter(|&node| reached.insert(node)).collect();
    while let Some(node) = open.pop() {
        next(dag.node(node), &mut |node| {
            if reached.insert(node.id()) {
                open.push(node.id());
            }
        });
    }
    reached
}
