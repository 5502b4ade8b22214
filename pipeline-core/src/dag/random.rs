//! Random DAGs for tests: pipelines, and sums of two, with all kinds of datasets, names and tags.

use fastrand::Rng;

use super::join::{Origin, join};
use super::parts::{DatasetParts, NodeParts, Patience};
use super::{Dag, Kind, Parts, to_u32};

/// A DAG of at most so many nodes; every third is a sum.
pub(super) fn dag(rng: &mut Rng, most: usize) -> Dag {
    if rng.u8(..3) == 0 {
        // Parts that do not fit together are no sum.
        let (first, second) = (part(rng, most / 2, "a"), part(rng, most / 2, "b"));
        if let Ok(joined) = join(&[Origin::unnamed(&first), Origin::unnamed(&second)]) {
            return joined.dag;
        }
    }
    join(&[Origin::unnamed(&part(rng, most, "n"))]).expect("a dataset is read by later nodes only").dag
}

/// Nodes in no order that could run, and their datasets. What follows from the order is left for `join` to work out.
fn part(rng: &mut Rng, most: usize, prefix: &str) -> Dag {
    let n_nodes = rng.usize(..=most);
    // Places of nodes in the order in which they could run.
    let mut places: Vec<usize> = (0..n_nodes).collect();
    rng.shuffle(&mut places);
    let mut nodes: Vec<NodeParts<Vec<u32>>> = (0..n_nodes).map(|node| named(rng, &format!("{prefix}{node}"))).collect();
    let mut datasets = Vec::new();
    for place in 0..rng.usize(..=2 * n_nodes + 1) {
        let kind = [Kind::Memory, Kind::Memory, Kind::Catalog, Kind::Catalog, Kind::Parameter][rng.usize(..5)];
        let writer = match kind {
            Kind::Memory if n_nodes == 0 => continue,
            Kind::Memory => Some(rng.usize(..n_nodes)),
            Kind::Catalog if n_nodes > 0 && rng.bool() => Some(rng.usize(..n_nodes)),
            Kind::Catalog | Kind::Parameter => None,
        };
        let id = to_u32(datasets.len());
        if let Some(writer) = writer {
            nodes[places[writer]].outputs.push(id);
        }
        for reader in writer.map_or(0, |writer| writer + 1)..n_nodes {
            if rng.u8(..4) == 0 {
                let times = if rng.u8(..8) == 0 { 2 } else { 1 };
                nodes[places[reader]].inputs.extend([id].repeat(times));
            }
        }
        // The parts of a sum meet in the catalog and in the parameters; in memory they may have the same names too.
        let name = match kind {
            Kind::Memory => format!("m{place}"),
            Kind::Catalog => format!("c{place}"),
            Kind::Parameter => format!("params:p{place}"),
        };
        datasets.push(DatasetParts { name: name.leak(), kind, writer: None, readers: Vec::new() });
    }
    Dag { parts: Parts::Owned(nodes, datasets), declared_at: None }
}

/// A node without ends.
fn named(rng: &mut Rng, name: &str) -> NodeParts<Vec<u32>> {
    const TAGS: [&[&str]; 4] = [&[], &["x"], &["y"], &["x", "y"]];
    NodeParts {
        name: rng.bool().then(|| &*name.to_owned().leak()),
        function: ["f", "g", "h", "<closure>"][rng.usize(..4)],
        tags: TAGS[rng.usize(..4)],
        inputs: Vec::new(),
        outputs: Vec::new(),
        n_predecessors: 0,
        layer: 0,
        successors: Vec::new(),
        patience: Patience::NO_LIMIT,
    }
}
