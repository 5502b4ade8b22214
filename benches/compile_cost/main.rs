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

use crate::project::{Command, Project};
use crate::report::{Report, Row};
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
    for command in Command::BOTH {
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
    if quick {
        return Ok(());
    }

    let hello = [project::hello_world(false, 2)?, project::hello_world(true, 2)?];
    let report = Report { rows, hello, rustc: rustc::version()? };
    println!("\n{}", report.hello_world());
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    fs::create_dir_all(&results)?;
    fs::write(results.join("compile-cost.md"), report.markdown())?;
    fs::write(results.join("compile-cost.svg"), chart::svg(&report.rows))?;
    Ok(())
}
