//! Writes the code that `run-cost` measures: pipelines of many nodes, the same as straight-line calls, and the same for a peer with a
//! macro.
//!
//! A debug build, which nothing measures, has the small ones only.

mod generate;
mod shape;
mod source;

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use crate::generate::Graph;
use crate::shape::Shape;

fn main() -> Result<(), Box<dyn Error>> {
    for file in ["build.rs", "generate.rs", "shape.rs", "source.rs"] {
        println!("cargo::rerun-if-changed={file}");
    }
    let is_release = env::var("PROFILE")? == "release";
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let graphs = graphs(is_release);
    fs::write(out.join("pipelines.rs"), generate::pipelines(&graphs))?;
    fs::write(out.join("straight.rs"), generate::straight(&graphs))?;
    if env::var_os("CARGO_FEATURE_PEERS").is_some() {
        fs::write(out.join("pipeline_dsl.rs"), generate::pipeline_dsl(&graphs))?;
    }
    Ok(())
}

fn graphs(is_release: bool) -> Vec<Graph> {
    let of_arithmetic = |shape, n_nodes| Graph { shape, n_nodes, work: "Arithmetic" };
    let sizes: &[usize] = if is_release { &[10, 100, 1000] } else { &[10, 100] };
    let mut graphs: Vec<Graph> = Shape::ALL
        .into_iter()
        .flat_map(|shape| sizes.iter().map(move |&n_nodes| of_arithmetic(shape, n_nodes)))
        .collect();
    // To enter a run: one node, and one that two others read.
    graphs.extend([of_arithmetic(Shape::Chain, 1), of_arithmetic(Shape::Tree, 3)]);
    if is_release {
        graphs.extend([of_arithmetic(Shape::Chain, 3000), of_arithmetic(Shape::Layers, 3000)]);
    }
    graphs.push(Graph { shape: Shape::Wide, n_nodes: 16, work: "Sleep" });
    graphs.push(Graph { shape: Shape::Wide, n_nodes: 8, work: "Spin" });
    graphs
}
