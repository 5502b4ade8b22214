//! The code that is compiled: pipelines of any size.

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
