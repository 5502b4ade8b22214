//! The shapes of the DAGs that are measured: which nodes each node reads, for any number of nodes.

use std::fmt;

/// How the nodes of a pipeline hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Each node reads what the one before it wrote.
    Chain,
    /// Layers of √N nodes; each node reads two of the layer before, and is read by two of the next.
    Layers,
    /// No node reads another.
    Wide,
    /// A binary tree from its root: each node is read by two.
    Tree,
    /// A square of √N by √N nodes; each reads the one above it and the one to its left.
    Wavefront,
}

impl Shape {
    pub(crate) const ALL: [Self; 5] = [Self::Chain, Self::Layers, Self::Wide, Self::Tree, Self::Wavefront];

    /// For each node, the nodes that it reads, at most two. One that reads none reads what the pipeline starts from.
    pub(crate) fn inputs(self, n_nodes: usize) -> Vec<Vec<usize>> {
        let width = n_nodes.isqrt();
        let inputs = |node: usize| match self {
            Self::Chain => node.checked_sub(1).into_iter().collect(),
            Self::Layers => {
                let (layer, place) = (node / width, node % width);
                let before = layer.checked_sub(1).map(|layer| layer * width);
                before.map_or_else(Vec::new, |before| vec![before + place, before + (place + 1) % width])
            }
            Self::Wide => Vec::new(),
            Self::Tree => node.checked_sub(1).map(|place| place / 2).into_iter().collect(),
            Self::Wavefront => {
                let above = node.checked_sub(width);
                let left = if node.is_multiple_of(width) { None } else { node.checked_sub(1) };
                above.into_iter().chain(left).collect()
            }
        };
        (0..n_nodes).map(inputs).collect()
    }

    /// For each node, whether none reads it.
    pub(crate) fn is_output(inputs: &[Vec<usize>]) -> Vec<bool> {
        let mut is_output = vec![true; inputs.len()];
        for &input in inputs.iter().flatten() {
            is_output[input] = false;
        }
        is_output
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Chain => "chain",
            Self::Layers => "layers",
            Self::Wide => "wide",
            Self::Tree => "tree",
            Self::Wavefront => "wavefront",
        })
    }
}
