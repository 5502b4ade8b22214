//! The code that is compiled: pipelines of any size, in three shapes.

use std::fmt;

/// How the nodes of a pipeline hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Each node reads what the one before it wrote.
    Chain,
    /// Layers of √N nodes; each node reads two datasets of the layer before, and each dataset has two readers.
    Layers,
    /// All nodes read one dataset of the catalog, and each has a free output.
    Wide,
}

impl Shape {
    pub(crate) const ALL: [Self; 3] = [Self::Chain, Self::Layers, Self::Wide];

    /// A library with a catalog, functions, and a pipeline of so many nodes.
    pub(crate) fn code(self, n_nodes: usize) -> String {
        let nodes = self.nodes(n_nodes).join(",\n        ");
        let before = code_without_pipeline();
        format!("{before}\npipeline! {{\n    pub big for Catalog {{\n        {nodes},\n    }}\n}}\n")
    }

    fn nodes(self, n_nodes: usize) -> Vec<String> {
        match self {
            Self::Chain => (0..n_nodes)
                .map(|node| {
                    let input = node.checked_sub(1).map_or_else(|| "start".to_owned(), |before| format!("d{before}"));
                    let ty = if node + 1 == n_nodes { ": u64" } else { "" };
                    format!("node(one, [{input}] -> [d{node}{ty}])")
                })
                .collect(),
            Self::Layers => {
                let width = n_nodes.isqrt();
                let is_last_layer = |node: usize| node + width >= n_nodes;
                (0..n_nodes)
                    .map(|node| {
                        let ty = if is_last_layer(node) { ": u64" } else { "" };
                        let (layer, place) = (node / width, node % width);
                        let Some(before) = layer.checked_sub(1).map(|layer| layer * width) else {
                            return format!("node(one, [start] -> [d{node}{ty}])");
                        };
                        let (first, second) = (before + place, before + (place + 1) % width);
                        format!("node(two, [d{first}, d{second}] -> [d{node}{ty}])")
                    })
                    .collect()
            }
            Self::Wide => (0..n_nodes).map(|node| format!("node(one, [start] -> [d{node}: u64])")).collect(),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chain => "chain",
            Self::Layers => "layers",
            Self::Wide => "wide",
        })
    }
}

/// The same library, before it has a pipeline.
pub(crate) fn code_without_pipeline() -> String {
    "\
use pipeline_core::prelude::*;

catalog! {
    pub struct Catalog {
        start: Memory<u64>,
    }
}

pub fn one(x: u64) -> u64 {
    x.wrapping_mul(31).wrapping_add(7)
}

pub fn two(x: u64, y: &u64) -> u64 {
    x ^ y
}
"
    .to_owned()
}

/// The first program that one writes.
pub(crate) const HELLO_WORLD: &str = "\
use pipeline_core::prelude::*;

catalog! {
    struct Catalog {
        name: Memory<String> = Memory::new(\"world\".to_owned()),
    }
}

pipeline! {
    hello for Catalog {
        node(greet, [name] -> [greeting]),
        node(|greeting: String| greeting + \"!\", [greeting] -> [line: String]),
    }
}

fn greet(name: &str) -> String {
    format!(\"Hello, {name}\")
}

fn main() -> Result<(), pipeline_core::Error> {
    println!(\"{}\", SequentialRunner::new().run(&hello(), &Catalog::default())?.line);
    Ok(())
}
";
