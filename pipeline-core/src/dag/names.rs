//! What people call nodes, and what they may have meant by a name that there is not.

use std::collections::HashSet;

use super::{Dag, Node, NodeId};

/// How many names an error lists at most.
const MOST: usize = 20;

/// What a name stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A node; several if they have all but their place in common, as in the sum of a pipeline and itself.
    Nodes(Vec<NodeId>),
    /// A function that these nodes call.
    Unclear(Vec<NodeId>),
    Nothing,
}

/// Finds a node by the name that it was given, in full as Kedro prints it, or by its function if no other node calls that.
pub(super) fn find(dag: &Dag, name: &str) -> Found {
    let ids = |matches: &dyn Fn(Node<'_>) -> bool| -> Vec<NodeId> {
        dag.nodes().filter(|&node| matches(node)).map(Node::id).collect()
    };
    let named = ids(&|node| node.name() == Some(name));
    if !named.is_empty() {
        return Found::Nodes(named);
    }
    // Only what is printed in full has parentheses.
    if name.contains('(') {
        let printed = ids(&|node| node.to_string() == name);
        return if printed.is_empty() { Found::Nothing } else { Found::Nodes(printed) };
    }
    let calling = ids(&|node| node.function() == name);
    match calling.as_slice() {
        [] => Found::Nothing,
        [first, others @ ..] => {
            let first = dag.node(*first).to_string();
            let are_alike = others.iter().all(|&other| dag.node(other).to_string() == first);
            if are_alike { Found::Nodes(calling) } else { Found::Unclear(calling) }
        }
    }
}

/// The shortest name by which [`find`] finds a node. A closure is told in full, or nobody would know which.
pub(super) fn label(node: Node<'_>) -> String {
    let function = node.function();
    match node.name() {
        Some(name) => name.to_owned(),
        None if function != "<closure>" && find(node.dag, function) == Found::Nodes(vec![node.id()]) => {
            function.to_owned()
        }
        None => node.to_string(),
    }
}

/// The labels of nodes, each once.
pub(super) fn labels(dag: &Dag, nodes: impl IntoIterator<Item = NodeId>) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for label in nodes.into_iter().map(|node| label(dag.node(node))) {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    labels
}

/// Something that a name could have meant: what people may write for it, and how it is told.
pub(super) type Known<'a> = (&'a str, &'a str);

/// What may have been meant by names that no `kind` has.
pub(super) fn hint(kind: &str, unknown: &[&str], known: &[Known<'_>]) -> String {
    let hints: Vec<String> = match unknown {
        [name] => did_you_mean(name, known).into_iter().collect(),
        names => {
            names.iter().filter_map(|name| Some(format!("for `{name}`, {}", did_you_mean(name, known)?))).collect()
        }
    };
    if hints.is_empty() { all_of(kind, known) } else { hints.join(" ") }
}

fn did_you_mean(name: &str, known: &[Known<'_>]) -> Option<String> {
    // The end of a name is often taken for the whole: `fit` for `training.fit`, `ratio` for `params:ratio`.
    let is_end = |written: &str| written.strip_suffix(name).is_some_and(|rest| rest.ends_with(['.', ':']));
    let mut near: Vec<&str> = known.iter().map(|&(written, _)| written).filter(|written| is_end(written)).collect();
    if near.is_empty() {
        near = pipeline_graph::nearest(name, known.iter().map(|&(written, _)| written));
    }
    let told = near.iter().flat_map(|near| known.iter().filter(move |(written, _)| written == near));
    let mut told = once(told.map(|&(_, told)| told));
    told.truncate(3);
    (!told.is_empty()).then(|| format!("did you mean {}?", pipeline_graph::list(&told, "or")))
}

fn all_of(kind: &str, known: &[Known<'_>]) -> String {
    match once(known.iter().map(|&(_, told)| told)).as_slice() {
        [] => format!("it has no {kind}s"),
        [name] => format!("the only {kind} is `{name}`"),
        names if names.len() <= MOST => format!("the {kind}s are {}", pipeline_graph::list(names, "and")),
        names => format!("it has {} {kind}s", names.len()),
    }
}

/// Each name once, where it came first.
pub(super) fn once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    names.filter(|&name| seen.insert(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_is_listed_unless_it_is_much() {
        let names: Vec<String> = (0..=MOST).map(|place| format!("n{place}")).collect();
        let known: Vec<Known<'_>> = names.iter().map(|name| (name.as_str(), name.as_str())).collect();
        let hint = |known: &[Known<'_>]| hint("node", &["weather"], known);
        assert_eq!(hint(&[]), "it has no nodes");
        assert_eq!(hint(&known[..1]), "the only node is `n0`");
        assert_eq!(hint(&[known[0], known[0], known[1]]), "the nodes are `n0` and `n1`");
        assert!(hint(&known[..MOST]).ends_with(" and `n19`"));
        assert_eq!(hint(&known), "it has 21 nodes");
    }

    #[test]
    fn what_is_near_is_told_by_its_own_name() {
        let known = [("fit", "fit"), ("identity", "identity([A]) -> [B]"), ("identity", "identity([B]) -> [C]")];
        assert_eq!(
            hint("node", &["idenity"], &known),
            "did you mean `identity([A]) -> [B]` or `identity([B]) -> [C]`?"
        );
        assert_eq!(hint("node", &["weather", "fitt"], &known), "for `fitt`, did you mean `fit`?");
    }
}
