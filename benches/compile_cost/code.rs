//! The code that is compiled: pipelines of any size.

use std::fmt::{self, Write as _};

use crate::shape::Shape;
use crate::source::{self, Words};

/// A library with a catalog, functions, and a pipeline of so many nodes.
pub(crate) fn with_pipeline(shape: Shape, n_nodes: usize) -> String {
    let words = Words { one: "one", two: "two", start: "start" };
    let nodes = source::nodes(&shape.inputs(n_nodes), words).join(",\n        ");
    let before = without_pipeline();
    format!("{before}\npipeline! {{\n    pub big for Catalog {{\n        {nodes},\n    }}\n}}\n")
}

/// The same library, before it has a pipeline.
pub(crate) fn without_pipeline() -> String {
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

/// What grows with the number of pipelines and of datasets of the catalog, not with the nodes of one pipeline.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Registry {
    /// The sum of so many pipelines of so many nodes. They are chains that meet in the catalog.
    Sum { n_parts: usize, n_nodes: usize },
    /// One pipeline of a node, and so many datasets of the catalog.
    Catalog { n_datasets: usize },
    /// One pipeline that writes so many datasets of the catalog.
    Writers { n_nodes: usize },
    /// One pipeline of so many nodes, which write nothing.
    Readers { n_nodes: usize },
}

impl Registry {
    /// The code, but for the registry if `with_registry` is false.
    pub(crate) fn code(self, with_registry: bool) -> String {
        let mut code = "use pipeline_core::prelude::*;\n\n".to_owned();
        let n_datasets = match self {
            Self::Sum { n_parts, .. } => n_parts,
            Self::Catalog { n_datasets } => n_datasets,
            Self::Writers { n_nodes } => n_nodes,
            Self::Readers { .. } => 0,
        };
        let datasets = (0..n_datasets).map(|index| format!("d{index}: Memory<u64>")).collect::<Vec<_>>().join(", ");
        let comma = if n_datasets == 0 { "" } else { ", " };
        let _ = writeln!(code, "catalog! {{ pub struct Catalog {{ {datasets}{comma}start: Memory<u64> }} }}");
        code.push_str("pub fn one(x: u64) -> u64 { x + 1 }\npub fn sink(_: u64) {}\n");
        let sum = match self {
            Self::Sum { n_parts, n_nodes } => {
                for part in 0..n_parts {
                    let nodes: Vec<String> = (0..n_nodes).map(|node| chained(part, node, n_nodes)).collect();
                    let nodes = nodes.join(", ");
                    let _ = writeln!(code, "pipeline! {{ pub p{part} for Catalog {{ {nodes} }} }}");
                }
                (0..n_parts).map(|part| format!("p{part}()")).collect::<Vec<_>>().join(" + ")
            }
            Self::Catalog { .. } => {
                code.push_str("pipeline! { pub p0 for Catalog { node(one, [start] -> [d0]) } }\n");
                "p0()".to_owned()
            }
            Self::Writers { n_nodes } | Self::Readers { n_nodes } => {
                let writes = matches!(self, Self::Writers { .. });
                let node = |node| {
                    if writes {
                        format!("node(one, [start] -> [d{node}], name = \"n{node}\")")
                    } else {
                        format!("node(sink, [start] -> [], name = \"n{node}\")")
                    }
                };
                let nodes = (0..n_nodes).map(node).collect::<Vec<_>>().join(",\n");
                let _ = writeln!(code, "pipeline! {{ pub p0 for Catalog {{ {nodes} }} }}");
                "p0()".to_owned()
            }
        };
        if with_registry {
            let _ =
                writeln!(code, "pipelines! {{ #[allow(deprecated)] pub fn registry() for Catalog {{ all = {sum} }} }}");
        }
        code
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sum { n_parts, n_nodes } => write!(f, "a sum of {n_parts} × {n_nodes} nodes"),
            Self::Catalog { n_datasets } => write!(f, "a registry over {n_datasets} datasets"),
            Self::Writers { n_nodes } => write!(f, "{n_nodes} nodes, each of which writes to the catalog"),
            Self::Readers { n_nodes } => write!(f, "{n_nodes} nodes that only read"),
        }
    }
}

/// A node of a chain that begins where the part before it ends.
fn chained(part: usize, node: usize, n_nodes: usize) -> String {
    let input = match (part, node) {
        (0, 0) => "start".to_owned(),
        (_, 0) => format!("d{}", part - 1),
        _ => format!("x{}", node - 1),
    };
    let output = if node + 1 == n_nodes { format!("d{part}") } else { format!("x{node}") };
    format!("node(one, [{input}] -> [{output}], name = \"c{part}_{node}\")")
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
