//! What a pipeline costs to compile: CPU time and memory of `cargo check` and of a release build, as the number of nodes grows.
//!
//! `cargo run --release -p pipeline-benches --bin compile-cost` measures all and writes `benches/results/compile-cost.md` and `.svg`;
//! with `--quick` it measures the small sizes only and writes nothing.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

mod chart;
mod code;
mod project;
mod report;
#[path = "../rustc.rs"]
mod rustc;
#[path = "../shape.rs"]
mod shape;
#[path = "../source.rs"]
mod source;
mod usage;

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

use crate::code::Registry;
use crate::project::{Command, Project};
use crate::report::{OfRegistry, Report, Row};
use crate::shape::Shape;
use crate::usage::Usage;

/// The others are for `run-cost`.
const SHAPES: [Shape; 3] = {
    let [chain, layers, wide, ..] = Shape::ALL;
    [chain, layers, wide]
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let quick = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--quick"] => true,
        [usage::RELAY, program, ref arguments @ ..] => return usage::relay(program, arguments),
        _ => return Err("usage: compile-cost [--quick]".into()),
    };
    let sizes: &[usize] = if quick { &[10, 100] } else { &[10, 100, 1000, 3000] };

    let project = Project::sized()?;
    let mut base = Vec::new();
    for command in Command::OF_A_PIPELINE {
        base.push((command, project.measure(command, &code::without_pipeline(), 5)?));
    }
    let mut rows = Vec::new();
    println!("{}", Row::HEADING);
    for shape in SHAPES {
        for &n_nodes in sizes {
            let code = code::with_pipeline(shape, n_nodes);
            let n_runs = if n_nodes < 1000 { 3 } else { 2 };
            let mut costs = Vec::new();
            for (command, base) in &base {
                let usage = project.measure(*command, &code, n_runs)?;
                costs.push(Usage { seconds: usage.seconds - base.seconds, megabytes: usage.megabytes });
            }
            let row = Row { shape, n_nodes, check: costs[0], release: costs[1] };
            println!("{row}");
            rows.push(row);
        }
    }
    let registries = registries(&project, quick)?;
    if quick {
        return Ok(());
    }

    let hello = [project::hello_world(false, 2)?, project::hello_world(true, 2)?];
    let report = Report { rows, registries, hello, rustc: rustc::version()? };
    println!("\n{}", report.hello_world());
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    fs::create_dir_all(&results)?;
    fs::write(results.join("compile-cost.md"), report.markdown())?;
    fs::write(results.join("compile-cost.svg"), chart::svg(&report.rows))?;
    Ok(())
}

/// Measures what grows with the number of pipelines and of datasets. `one item of 1,000 nodes` is there for the sums to be compared with.
fn registries(project: &Project, quick: bool) -> Result<Vec<OfRegistry>, Box<dyn Error>> {
    let some: &[Registry] = &[
        Registry::Sum { n_parts: 1, n_nodes: 100 },
        Registry::Sum { n_parts: 10, n_nodes: 10 },
        Registry::Catalog { n_datasets: 300 },
        Registry::Writers { n_nodes: 100 },
    ];
    let all: &[Registry] = &[
        Registry::Sum { n_parts: 1, n_nodes: 1000 },
        Registry::Sum { n_parts: 10, n_nodes: 100 },
        Registry::Sum { n_parts: 100, n_nodes: 10 },
        Registry::Sum { n_parts: 1000, n_nodes: 1 },
        Registry::Catalog { n_datasets: 3000 },
        Registry::Writers { n_nodes: 1000 },
        Registry::Writers { n_nodes: 3000 },
        Registry::Readers { n_nodes: 1000 },
        Registry::Readers { n_nodes: 10_000 },
    ];
    let mut rows = Vec::new();
    println!("\n{}", OfRegistry::HEADING);
    for &registry in if quick { some } else { all } {
        let mut costs = Vec::new();
        for command in Command::OF_A_REGISTRY {
            let without = project.measure(command, &registry.code(false), 2)?;
            let with = project.measure(command, &registry.code(true), 2)?;
            costs.push((with, with.seconds - without.seconds));
        }
        let row = OfRegistry { registry, check: costs[0], build: costs[1] };
        println!("{row}");
        rows.push(row);
    }
    Ok(rows)
}
