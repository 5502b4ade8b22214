//! The DAG of a sum: its parts meet in the catalog, so datasets of the catalog are one by name, and those in memory stay apart.

use std::collections::HashMap;

use pipeline_graph::{Cycle, Ends, Order};

use super::parts::{DatasetParts, NodeParts};
use super::{Dag, Kind, Node, Parts, to_u32};

/// A sum's DAG, and where each of its nodes comes from, as (part, place in the part).
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) dag: Dag,
    pub(crate) origins: Vec<(u32, u32)>,
}

/// A part of a sum: its DAG, and how it came into the sum.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) dag: &'a Dag,
    /// What the user calls it.
    pub(crate) name: Option<&'a str>,
    /// The sum with a name of its own that it belongs to.
    pub(crate) by_way_of: Option<&'a str>,
    /// The place of the same part, if that is there already: the outputs of both are wanted.
    pub(crate) same_as: Option<usize>,
}

#[cfg(test)]
impl<'a> Origin<'a> {
    pub(super) fn unnamed(dag: &'a Dag) -> Self {
        Self { dag, name: None, by_way_of: None, same_as: None }
    }
}

/// Joins parts.
///
/// # Errors
///
/// Says which of Kedro's rules the parts break: one writer for each dataset, unique node names, no cycle.
pub(crate) fn join(origins: &[Origin<'_>]) -> Result<Joined, String> {
    let parts: Vec<&Dag> = origins.iter().map(|origin| origin.dag).collect();
    let (datasets, ends) = merge_datasets(&parts);
    let nodes: Vec<(u32, Node<'_>)> =
        (0..).zip(&parts).flat_map(|(part, dag)| dag.nodes().map(move |node| (part, node))).collect();
    check_names(origins, &nodes)?;
    check_writers(origins, &nodes, &ends, &datasets)?;

    let is_in_memory: Vec<bool> = datasets.iter().map(|&(_, kind)| kind == Kind::Memory).collect();
    let order =
        pipeline_graph::order(&ends, &is_in_memory).map_err(|Cycle { nodes: circle }| spell_out(&circle, &nodes))?;
    Ok(assemble(&parts, &nodes, &ends, datasets, &order))
}

/// All datasets of the parts, and for each node where its ends went.
fn merge_datasets(parts: &[&Dag]) -> (Vec<(&'static str, Kind)>, Vec<Ends>) {
    let mut datasets: Vec<(&'static str, Kind)> = Vec::new();
    let mut ends = Vec::new();
    let mut shared: HashMap<&'static str, usize> = HashMap::new();
    for dag in parts {
        let places: Vec<usize> = dag
            .datasets()
            .map(|dataset| {
                let dataset = dag.dataset_parts(dataset.id());
                let mut new = || {
                    datasets.push((dataset.name, dataset.kind));
                    datasets.len() - 1
                };
                match dataset.kind {
                    Kind::Memory => new(),
                    Kind::Catalog | Kind::Parameter => *shared.entry(dataset.name).or_insert_with(new),
                }
            })
            .collect();
        let place = |ids: &[u32]| ids.iter().map(|&id| places[id as usize]).collect();
        ends.extend(dag.nodes().map(|node| {
            let node = dag.node_parts(node.id());
            Ends { inputs: place(node.inputs), outputs: place(node.outputs) }
        }));
    }
    (datasets, ends)
}

fn check_names(origins: &[Origin<'_>], nodes: &[(u32, Node<'_>)]) -> Result<(), String> {
    let mut seen = HashMap::new();
    for &(part, node) in nodes {
        if let Some(name) = node.name()
            && let Some(first) = seen.insert(name, (part, node))
        {
            return Err(format!("two nodes are called `{name}`: {}", two_nodes(origins, first, (part, node))));
        }
    }
    Ok(())
}

fn check_writers(
    origins: &[Origin<'_>],
    nodes: &[(u32, Node<'_>)],
    ends: &[Ends],
    datasets: &[(&'static str, Kind)],
) -> Result<(), String> {
    let mut writers = vec![None; datasets.len()];
    for (&node, ends) in nodes.iter().zip(ends) {
        for &output in &ends.outputs {
            if let Some(first) = writers[output].replace(node) {
                let name = datasets[output].0;
                return Err(format!("dataset `{name}` is written by two nodes: {}", two_nodes(origins, first, node)));
            }
        }
    }
    Ok(())
}

/// Two nodes that do not fit together, and what does not tell them apart: how their parts came into the sum.
fn two_nodes(origins: &[Origin<'_>], first: (u32, Node<'_>), second: (u32, Node<'_>)) -> String {
    let are_alike = first.1.to_string() == second.1.to_string();
    let origin = |part: u32| &origins[part as usize];
    let told = |(part, node): (u32, Node<'_>)| {
        let Origin { name, by_way_of, .. } = origin(part);
        let of =
            name.filter(|_| are_alike || by_way_of.is_some()).map_or_else(String::new, |name| format!(" of `{name}`"));
        let way = by_way_of.map_or_else(String::new, |sum| format!(" (by way of `{sum}`)"));
        format!("`{node}`{of}{way}")
    };
    let advice = match origin(second.0).same_as {
        Some(part) if part == first.0 as usize => {
            "; the sum returns the free outputs of both, so they are not one: drop them on one side, with \
             `without_outputs()` before the `+`"
        }
        _ => "",
    };
    format!("{} and {}{advice}", told(first), told(second))
}

fn spell_out(circle: &[usize], nodes: &[(u32, Node<'_>)]) -> String {
    let around: Vec<String> = circle.iter().chain(circle.first()).map(|&node| format!("`{}`", nodes[node].1)).collect();
    format!("its nodes wait for each other: {}", around.join(" -> "))
}

fn assemble(
    parts: &[&Dag],
    nodes: &[(u32, Node<'_>)],
    ends: &[Ends],
    datasets: Vec<(&'static str, Kind)>,
    order: &Order,
) -> Joined {
    let mut new_places = vec![0; nodes.len()];
    for (new, &old) in order.nodes.iter().enumerate() {
        new_places[old] = to_u32(new);
    }

    let mut datasets: Vec<DatasetParts<Vec<u32>>> = datasets
        .into_iter()
        .map(|(name, kind)| DatasetParts { name, kind, writer: None, readers: Vec::new() })
        .collect();
    let mut joined = Vec::with_capacity(nodes.len());
    let mut origins = Vec::with_capacity(nodes.len());
    for &old in &order.nodes {
        let (part, node) = nodes[old];
        for &output in &ends[old].outputs {
            datasets[output].writer = Some(new_places[old]);
        }
        for &input in &ends[old].inputs {
            datasets[input].readers.push(new_places[old]);
        }
        let mut successors: Vec<u32> = order.successors[old].iter().map(|&node| new_places[node]).collect();
        successors.sort_unstable();
        let NodeParts { name, function, tags, patience, .. } = parts[part as usize].node_parts(node.id());
        joined.push(NodeParts {
            name,
            function,
            tags,
            inputs: ends[old].inputs.iter().map(|&id| to_u32(id)).collect(),
            outputs: ends[old].outputs.iter().map(|&id| to_u32(id)).collect(),
            layer: order.layers[old],
            n_predecessors: order.n_predecessors[old],
            successors,
            patience,
        });
        origins.push((part, node.id().0));
    }
    Joined { dag: Dag { parts: Parts::Owned(joined, datasets), declared_at: None }, origins }
}
